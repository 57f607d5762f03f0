//! `-w`: a file that outlives the rights it was created with.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::options::Options;
use crate::capture::writer::{CaptureWriter, Rotation};
use crate::session::privileges::Account;

/// Creates the file, and gives it to the user that this process is about to become.
pub fn open(options: &Options, account: Option<&Account>) -> anyhow::Result<Option<CaptureWriter>> {
    let Some(path) = &options.output.write else {
        return Ok(None);
    };
    ensure!(
        path.as_os_str() != "-",
        "-w -: standard output is for what is found; name a file (./- for one of that name)"
    );
    if let Some(read) = &options.source.read {
        let overwrites = is_same_file(read, path);
        ensure!(!overwrites, "-w would overwrite {}, which is being read", path.display());
    }
    let (size, count) = (options.output.rotate_size, options.output.rotate_count);
    let writer = CaptureWriter::create(path, size.map(|size| Rotation { size, count }))?;
    if let Some(account) = account {
        writer
            .give_to(account.uid, account.gid)
            .with_context(|| format!("cannot give {} to user {}", path.display(), account.name))?;
    }
    Ok(Some(writer))
}

/// Whether the second name is one of the file that is read, by whatever other name: or by none, where that is
/// standard input.
fn is_same_file(read: &Path, written: &Path) -> bool {
    let from = if read.as_os_str() == "-" {
        io::stdin().as_fd().try_clone_to_owned().and_then(|owned| File::from(owned).metadata())
    } else {
        fs::metadata(read)
    };
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (from, fs::metadata(written)) {
        (Ok(from), Ok(to)) => from.is_file() && identity(from) == identity(to),
        _ => false,
    }
}

/// Where further files will be created.
pub fn folder(options: &Options) -> Option<&Path> {
    options.output.rotate_size?;
    let folder = options.output.write.as_deref()?.parent()?;
    Some(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
}

/// Finds out now, not at the first rotation, that no file can be created any more.
pub fn check_rotation(options: &Options) -> anyhow::Result<()> {
    use rustix::fs::{Access, access};
    let Some(folder) = folder(options) else {
        return Ok(());
    };
    if access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        bail!(
            "--rotate-size: after giving up root's rights no file can be created in {}; choose \
             another folder, or keep the rights with --user root",
            folder.display()
        );
    }
    Ok(())
}
