//! `why401 interfaces`.

/// A table of the interfaces of this machine.
pub fn table() -> anyhow::Result<String> {
    Ok(String::new())
}
