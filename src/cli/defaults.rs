//! What the command line leaves open, from the environment and the configuration file.

use std::num::NonZeroUsize;

use anyhow::Context;
use clap::ValueEnum;

use super::options::{ColorWhen, Options, Shown};
use super::values;
use crate::config::Config;

/// Reads the environment and the file, and completes the options.
pub fn complete(options: &mut Options) -> anyhow::Result<Config> {
    let config = complete_shown(&mut options.shown)?;
    let live = options.source.read.is_none();
    // These say where to listen; a file was recorded elsewhere.
    if live && options.source.interface.is_empty() {
        options.source.interface = config.interface.to_vec();
    }
    if live && options.source.bpf.is_none() {
        options.source.bpf.clone_from(&config.bpf);
    }
    if options.output.filter.is_none() {
        options.output.filter.clone_from(&config.filter);
    }
    if let (None, Some(size)) = (options.bounds.limit_memory, &config.limit_memory) {
        let size = values::memory(size).map_err(anyhow::Error::msg);
        let size = size.with_context(|| from("limit-memory", "WHY401_LIMIT_MEMORY"))?;
        options.bounds.limit_memory = Some(size);
    }
    if options.bounds.history.is_none() {
        options.bounds.history = config.history.map(NonZeroUsize::get);
    }
    Ok(config)
}

/// The same for what is shown alone.
pub fn complete_shown(shown: &mut Shown) -> anyhow::Result<Config> {
    let config = Config::load(shown.config.as_deref())?;
    if shown.theme.is_none() {
        shown.theme.clone_from(&config.theme);
        shown.known_theme().with_context(|| from("theme", "WHY401_THEME"))?;
    }
    if let (None, Some(when)) = (shown.color, &config.color) {
        let when = ColorWhen::from_str(when, true)
            .map_err(|_| anyhow::anyhow!("is auto, always or never, not {when:?}"))
            .with_context(|| from("color", "WHY401_COLOR"))?;
        shown.color = Some(when);
    }
    Ok(config)
}

/// Where a setting may come from.
fn from(setting: &str, variable: &str) -> String {
    format!("{setting} (in the configuration file, or {variable})")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::options::Cli;

    fn completed(arguments: &[&str], file: &str) -> Options {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, file).unwrap();
        let start = ["why401", "--config", path.to_str().unwrap()];
        let mut options = Cli::parse_from(start.iter().chain(arguments)).options;
        complete(&mut options).unwrap();
        options
    }

    const FILE: &str = "interface = 'lo'\nbpf = 'tcp port 80'\nfilter = 'status:4xx'\n\
                        limit-memory = '64M'\nhistory = 10\ntheme = 'dark'\ncolor = 'never'\n";

    #[test]
    fn the_file_fills_what_the_command_line_leaves_open() {
        let options = completed(&[], FILE);
        assert_eq!(options.source.interface, ["lo"]);
        assert_eq!(options.source.bpf.as_deref(), Some("tcp port 80"));
        assert_eq!(options.output.filter.as_deref(), Some("status:4xx"));
        assert_eq!(options.bounds.limit_memory, Some(64 << 20));
        assert_eq!(options.bounds.history, Some(10));
        assert_eq!(options.shown.theme.as_deref(), Some("dark"));
        assert_eq!(options.shown.color, Some(ColorWhen::Never));
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let options = completed(
            &[
                "-i",
                "eth0",
                "-f",
                "udp",
                "-Y",
                "",
                "--history",
                "5",
                "--theme",
                "light",
                "--color",
                "auto",
            ],
            FILE,
        );
        assert_eq!(options.source.interface, ["eth0"]);
        assert_eq!(options.source.bpf.as_deref(), Some("udp"));
        assert_eq!(options.output.filter.as_deref(), Some(""));
        assert_eq!(options.bounds.history, Some(5));
        assert_eq!(options.shown.theme.as_deref(), Some("light"));
        assert_eq!(options.shown.color, Some(ColorWhen::Auto));
    }

    #[test]
    fn where_to_listen_does_not_concern_a_file() {
        let options = completed(&["-r", "x.pcap"], FILE);
        assert!(options.source.interface.is_empty() && options.source.bpf.is_none());
    }
}
