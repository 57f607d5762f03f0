//! What several test programs share. Each uses a part of it.

#![allow(dead_code, reason = "every test program uses another part")]

pub mod faults;
pub mod pcap;
