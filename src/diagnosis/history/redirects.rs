//! Where requests with credentials were sent on to.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::diagnosis::history::intake::own_authority;
use crate::diagnosis::history::summary::named_origin;
use crate::diagnosis::history::{Chain, History, Record, WALK};
use crate::http::Request;
use crate::text;
use crate::time::Timestamp;

/// Redirections remembered; the oldest goes first.
const REDIRECTIONS: usize = 1024;

/// A request with credentials that was answered with a redirection.
#[derive(Debug, Clone)]
pub struct Redirected {
    /// Number of its exchange.
    pub id: u64,
    /// When it was answered.
    pub time: Timestamp,
    /// Its status.
    pub status: u16,
    /// The origin it was sent to, as the client names it.
    pub origin: Arc<str>,
    /// That origin's key.
    pub(super) origin_key: u64,
    /// Scheme of the credentials it carried.
    pub scheme: Option<&'static str>,
    /// `Location`, safe to show, without its query and fragment.
    pub location: String,
    /// What it went to: a keyed hash of client, authority and target.
    pub(super) destination: u64,
}

/// All of them, by destination.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    by_destination: HashMap<u64, Redirected, ahash::RandomState>,
    order: VecDeque<u64>,
}

impl Redirects {
    pub fn insert(&mut self, redirected: Redirected) {
        let destination = redirected.destination;
        if self.by_destination.insert(destination, redirected).is_none() {
            self.order.push_back(destination);
        }
        if self.order.len() > REDIRECTIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_destination.remove(&oldest);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn to(&self, destination: u64) -> Option<&Redirected> {
        self.by_destination.get(&destination)
    }
}

/// Authority (host and port, lower case) and target that a `Location` leads to from a request to
/// `authority` with path `path` (RFC 3986 §5.2, as far as http needs it). `None` when it leaves
/// plaintext http.
pub(super) fn resolve(location: &str, authority: &str, path: &str) -> Option<(String, String)> {
    let location = location.split('#').next().unwrap_or_default().trim();
    let absolute = location
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("http://"))
        .and_then(|_| location.get(7..))
        .or_else(|| location.strip_prefix("//"));
    if let Some(rest) = absolute {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, target) = rest.split_at(end);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let target = match target {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            target => target.to_owned(),
        };
        return Some((with_port(host), target));
    }
    let scheme = location.split(['/', '?']).next().unwrap_or_default();
    if scheme.contains(':') {
        return None;
    }
    let target = if location.starts_with('/') {
        location.to_owned()
    } else if location.starts_with('?') {
        format!("{path}{location}")
    } else {
        let folder = path.rfind('/').and_then(|end| path.get(..=end)).unwrap_or("/");
        format!("{folder}{location}")
    };
    Some((with_port(authority), target))
}

impl History {
    /// The latest request of the same client, not before the answer to `own`, for what an address that this
    /// answer names leads to, if that was accepted. Behind a proxy the origin that was asked may go by another
    /// name, and by https.
    pub fn followed(&self, request: &Request, own: &Record, address: &str) -> Option<&Record> {
        let address = address.strip_prefix("https:").unwrap_or(address);
        let path = text::decode(request.path());
        let (authority, target) = resolve(address, &own_authority(request, own), &path)?;
        let path = target.split('?').next().unwrap_or_default();
        let path = text::visible_octets(path.as_bytes());
        let (name, port) = authority.rsplit_once(':')?;
        let port = port.parse().ok()?;
        // As the field `Host` has it (RFC 9110 §7.2).
        let host = if port == 80 { name } else { &authority };
        let named = named_origin(&self.hasher, host.as_bytes(), port);
        // Everybody asks for the root.
        let here = (path != "/").then_some(own.origin_key);
        [Some(named), here].into_iter().flatten().find_map(|origin| {
            self.walk(self.head(Chain::Visit(own.client_key, origin)), |record| record.links.visit)
                .take(WALK)
                .map(|(_, record)| record)
                .take_while(|record| record.time >= own.answered)
                .find(|record| {
                    record.accepted()
                        && record.origin_key == origin
                        && record.same_client(own)
                        && record.path == path
                })
        })
    }
}

/// Lower case, with the port that http implies.
pub(super) fn with_port(authority: &str) -> String {
    let authority = authority.to_ascii_lowercase();
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|o| o.is_ascii_digit()));
    if has_port { authority } else { format!("{authority}:80") }
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn a_location_is_resolved_against_the_request() {
        let to = |location| resolve(location, "h:8080", "/a/b");
        let pair = |host: &str, target: &str| Some((host.to_owned(), target.to_owned()));
        assert_eq!(to("http://H:18092/final?x=1#y"), pair("h:18092", "/final?x=1"));
        assert_eq!(to("http://other"), pair("other:80", "/"));
        assert_eq!(to("//other/x"), pair("other:80", "/x"));
        assert_eq!(to("/x"), pair("h:8080", "/x"));
        assert_eq!(to("c"), pair("h:8080", "/a/c"));
        assert_eq!(to("?q"), pair("h:8080", "/a/b?q"));
        assert_eq!(to("https://h/x"), None);
    }
}
