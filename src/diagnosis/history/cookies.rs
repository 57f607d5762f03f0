//! Cookies that servers gave to clients (RFC 6265).

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::text;
use crate::time::Timestamp;

/// Clients and hosts whose cookies are remembered; the longest known goes first.
const VISITORS: usize = 2048;

/// Cookies remembered for one client and host.
const COOKIES: usize = 16;

/// `SameSite`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Sent along top-level navigation only.
    Lax,
    /// Never sent from another site.
    Strict,
    /// Always sent.
    None,
    /// The attribute is absent.
    Unset,
}

/// A cookie that a server gave to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenCookie {
    /// Its name, safe to show.
    pub name: String,
    /// When it was given.
    pub time: Timestamp,
    /// In which exchange.
    pub id: u64,
    /// `Secure`, or a name that demands it (`__Secure-`, `__Host-`).
    pub secure: bool,
    /// `Domain`, lower case, without a leading dot.
    pub domain: Option<String>,
    /// `Path`.
    pub path: Option<String>,
    /// `SameSite`.
    pub same_site: SameSite,
    /// `Partitioned`.
    pub partitioned: bool,
    /// The server took it back: empty, `Max-Age` not positive, or expired in the past.
    pub deleted: bool,
    /// Until when it is to be kept.
    pub expires: Option<Timestamp>,
}

impl GivenCookie {
    /// Reads a `Set-Cookie` value.
    pub fn parse(value: &[u8], time: Timestamp, id: u64) -> Option<Self> {
        let value = text::decode(value);
        let mut parts = value.split(';').map(str::trim);
        let (name, content) = parts.next()?.split_once('=')?;
        let (name, content) = (name.trim(), content.trim().trim_matches('"'));
        if name.is_empty() {
            return None;
        }
        let mut cookie = Self {
            name: text::visible(name).into_owned(),
            time,
            id,
            secure: name.starts_with("__Secure-") || name.starts_with("__Host-"),
            domain: None,
            path: None,
            same_site: SameSite::Unset,
            partitioned: false,
            deleted: content.is_empty() || content == "deleted",
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let (key, value) = (key.trim(), value.trim());
            if key.eq_ignore_ascii_case("secure") {
                cookie.secure = true;
            } else if key.eq_ignore_ascii_case("partitioned") {
                cookie.partitioned = true;
            } else if key.eq_ignore_ascii_case("domain") && !value.is_empty() {
                cookie.domain = Some(value.trim_start_matches('.').to_ascii_lowercase());
            } else if key.eq_ignore_ascii_case("path") && value.starts_with('/') {
                cookie.path = Some(value.to_owned());
            } else if key.eq_ignore_ascii_case("samesite") {
                cookie.same_site = match value.to_ascii_lowercase().as_str() {
                    "lax" => SameSite::Lax,
                    "strict" => SameSite::Strict,
                    "none" => SameSite::None,
                    _ => SameSite::Unset,
                };
            } else if key.eq_ignore_ascii_case("max-age") {
                max_age = value.parse::<i64>().ok();
            } else if key.eq_ignore_ascii_case("expires") {
                cookie.expires = http_date(value);
            }
        }
        // RFC 6265 §5.3: Max-Age goes before Expires.
        if let Some(seconds) = max_age {
            let nanoseconds = seconds.saturating_mul(1_000_000_000);
            cookie.expires =
                Some(Timestamp::from_nanoseconds(time.nanoseconds().saturating_add(nanoseconds)));
        }
        cookie.deleted |= cookie.expires.is_some_and(|expires| expires <= time);
        Some(cookie)
    }
}

/// An HTTP date, in the loose form that cookies use too (`Thu, 01-Jan-1970 00:00:00 GMT`).
fn http_date(value: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(value)
        .or_else(|_| httpdate::parse_http_date(&value.replacen('-', " ", 2)))
        .ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::from_seconds(i64::try_from(since.as_secs()).ok()?))
}

/// Cookies given, by client address, client program and host.
#[derive(Debug, Default)]
pub(super) struct Cookies {
    given: HashMap<(IpAddr, u64, u64), Vec<GivenCookie>, ahash::RandomState>,
    order: VecDeque<(IpAddr, u64, u64)>,
}

impl Cookies {
    /// Remembers that `visitor` was given this cookie.
    pub fn give(&mut self, visitor: (IpAddr, u64, u64), cookie: GivenCookie) {
        let cookies = self.given.entry(visitor).or_insert_with(|| {
            self.order.push_back(visitor);
            Vec::new()
        });
        cookies.retain(|known| known.name != cookie.name || known.path != cookie.path);
        if cookies.len() >= COOKIES {
            cookies.remove(0);
        }
        cookies.push(cookie);
        if self.order.len() > VISITORS
            && let Some(oldest) = self.order.pop_front()
        {
            self.given.remove(&oldest);
        }
    }

    /// Whether no client was given any.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// What `visitor` was given, oldest first.
    pub fn of(&self, visitor: (IpAddr, u64, u64)) -> &[GivenCookie] {
        self.given.get(&visitor).map_or(&[], Vec::as_slice)
    }
}
