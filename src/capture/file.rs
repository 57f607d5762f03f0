//! Capture files and pipes.
