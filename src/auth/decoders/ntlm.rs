//! NTLM messages ([MS-NLMP] §2.2.1): total and bounded; what lies outside the message is left empty.

use std::time::Duration;

use memchr::memmem;

use crate::text;
use crate::time::Timestamp;

/// How every message begins.
pub const SIGNATURE: &[u8] = b"NTLMSSP\0";

/// The strings of the message are UTF-16 (§2.2.2.5).
const NEGOTIATE_UNICODE: u32 = 1;

/// [MS-NLMP] §2.2.2.1 names eleven attributes; more are not read.
const MOST_ATTRIBUTES: usize = 32;

/// A decoded message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Type 1, from the client.
    Negotiate(Negotiate),
    /// Type 2, from the server.
    Challenge(Challenge),
    /// Type 3, from the client.
    Authenticate(Authenticate),
}

/// NEGOTIATE_MESSAGE (§2.2.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Negotiate {
    /// Negotiate flags (§2.2.2.5).
    pub flags: u32,
    /// The client's domain, mostly empty.
    pub domain: String,
    /// The client's name, mostly empty.
    pub workstation: String,
}

/// CHALLENGE_MESSAGE (§2.2.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// Negotiate flags.
    pub flags: u32,
    /// The server's realm.
    pub target: String,
    /// What the server says about itself.
    pub info: TargetInfo,
}

/// AUTHENTICATE_MESSAGE (§2.2.1.3), without its responses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authenticate {
    /// Negotiate flags; 0 from clients that leave them out.
    pub flags: u32,
    /// Where the account is; empty for a local one or a `user@domain` name.
    pub domain: String,
    /// Who logs in; empty for an anonymous login.
    pub user: String,
    /// The client's name.
    pub workstation: String,
    /// Version of the response.
    pub version: ResponseVersion,
    /// What an NTLMv2 response repeats and adds: the client's clock, and the service it means
    /// to talk to.
    pub info: TargetInfo,
}

/// Which kind of response the client computed (§3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResponseVersion {
    /// None, or not captured.
    #[default]
    None,
    /// 24 octets: refused by default since Windows 7.
    V1,
    /// The usual one.
    V2,
}

/// The attributes that a server lists (§2.2.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetInfo {
    /// NetBIOS name of the server.
    pub computer: Option<String>,
    /// NetBIOS name of its domain.
    pub domain: Option<String>,
    /// DNS name of the server.
    pub dns_computer: Option<String>,
    /// DNS name of its domain.
    pub dns_domain: Option<String>,
    /// DNS name of its forest.
    pub dns_tree: Option<String>,
    /// The sender's clock.
    pub time: Option<Timestamp>,
    /// The service principal name that the client means to talk to.
    pub service: Option<String>,
}

/// The message at the start of these octets.
pub fn parse(octets: &[u8]) -> Option<Message> {
    let message = octets.starts_with(SIGNATURE).then_some(octets)?;
    match u32_at(message, 8)? {
        1 => Some(Message::Negotiate(Negotiate {
            flags: u32_at(message, 12).unwrap_or_default(),
            // §2.2.1.1: always in the client's OEM character set.
            domain: string(message, 16, false),
            workstation: string(message, 24, false),
        })),
        2 => {
            let flags = u32_at(message, 20).unwrap_or_default();
            Some(Message::Challenge(Challenge {
                flags,
                target: string(message, 12, flags & NEGOTIATE_UNICODE != 0),
                info: TargetInfo::parse(payload(message, 40)),
            }))
        }
        3 => Some(Message::Authenticate(authenticate(message))),
        _ => None,
    }
}

/// The first message anywhere in these octets: SPNEGO wraps it.
pub fn find(octets: &[u8]) -> Option<Message> {
    memmem::find(octets, SIGNATURE).and_then(|start| parse(&octets[start..]))
}

fn authenticate(message: &[u8]) -> Authenticate {
    // Old clients end the header after the session key: where the payload begins tells.
    let payload_start = [12, 20, 28, 36, 44]
        .into_iter()
        .filter(|&field| u16_at(message, field).is_some_and(|length| length > 0))
        .filter_map(|field| u32_at(message, field + 4))
        .min();
    let has_flags = payload_start.is_none_or(|start| start >= 64);
    let flags = if has_flags { u32_at(message, 60).unwrap_or_default() } else { 0 };
    let unicode = flags & NEGOTIATE_UNICODE != 0 || !has_flags && looks_utf16(payload(message, 36));
    let response = payload(message, 20);
    let version = match response.len() {
        0 => ResponseVersion::None,
        24 => ResponseVersion::V1,
        _ => ResponseVersion::V2,
    };
    let mut info = TargetInfo::default();
    if version == ResponseVersion::V2 {
        // §2.2.2.8: 16 octets of proof, then NTLMv2_CLIENT_CHALLENGE (§2.2.2.7).
        info = TargetInfo::parse(response.get(44..).unwrap_or_default());
        info.time = u64_at(response, 24).and_then(file_time);
    }
    Authenticate {
        flags,
        domain: string(message, 28, unicode),
        user: string(message, 36, unicode),
        workstation: string(message, 44, unicode),
        version,
        info,
    }
}

impl TargetInfo {
    fn parse(mut octets: &[u8]) -> Self {
        let mut info = Self::default();
        for _ in 0..MOST_ATTRIBUTES {
            let (Some(id), Some(length)) = (u16_at(octets, 0), u16_at(octets, 2)) else { break };
            let Some(value) = octets.get(4..4 + usize::from(length)) else { break };
            octets = &octets[4 + value.len()..];
            match id {
                0 => break,
                1 => info.computer = Some(utf16(value)),
                2 => info.domain = Some(utf16(value)),
                3 => info.dns_computer = Some(utf16(value)),
                4 => info.dns_domain = Some(utf16(value)),
                5 => info.dns_tree = Some(utf16(value)),
                7 => info.time = u64_at(value, 0).and_then(file_time),
                9 => info.service = Some(utf16(value)),
                _ => {}
            }
        }
        info
    }
}

/// FILETIME: 100 ns since 1601-01-01 ([MS-DTYP] §2.3.3).
fn file_time(ticks: u64) -> Option<Timestamp> {
    const UNIX_EPOCH: u64 = 116_444_736_000_000_000;
    let nanoseconds = ticks.checked_sub(UNIX_EPOCH)?.checked_mul(100)?;
    Some(Timestamp::default() + Duration::from_nanos(nanoseconds))
}

/// The octets that a field at `field` (length, allocated, offset) points to.
fn payload(message: &[u8], field: usize) -> &[u8] {
    let length = u16_at(message, field).map_or(0, usize::from);
    let offset = u32_at(message, field + 4).map_or(usize::MAX, |offset| offset as usize);
    offset.checked_add(length).and_then(|end| message.get(offset..end)).unwrap_or_default()
}

fn string(message: &[u8], field: usize, unicode: bool) -> String {
    let octets = payload(message, field);
    if unicode { utf16(octets) } else { text::decode(octets).into_owned() }
}

fn utf16(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn looks_utf16(octets: &[u8]) -> bool {
    octets.len() >= 2 && octets[1] == 0
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..at + 2).map(|slice| u16::from_le_bytes([slice[0], slice[1]]))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    let array: [u8; 4] = octets.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(array))
}

fn u64_at(octets: &[u8], at: usize) -> Option<u64> {
    let array: [u8; 8] = octets.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(array))
}
