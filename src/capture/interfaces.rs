//! The interfaces of this machine.
