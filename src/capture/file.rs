//! Capture files and pipes.

use std::path::Path;
use std::sync::Arc;

use super::{CaptureError, End, Next, Source};

/// Frames from a file or a pipe.
#[derive(Debug)]
pub struct FileSource {
    interfaces: Vec<Arc<str>>,
}

impl FileSource {
    /// Opens the file at `path`.
    pub fn open(_path: &Path, _follow: bool, _bpf: Option<&str>) -> Result<Self, CaptureError> {
        Ok(Self { interfaces: Vec::new() })
    }

    /// Reads standard input.
    pub fn standard_input(_bpf: Option<&str>) -> Result<Self, CaptureError> {
        Ok(Self { interfaces: Vec::new() })
    }
}

impl Source for FileSource {
    fn next(&mut self) -> Next<'_> {
        Next::End(End::Complete)
    }

    fn interfaces(&self) -> &[Arc<str>] {
        &self.interfaces
    }
}
