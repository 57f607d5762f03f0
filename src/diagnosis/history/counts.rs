//! Numbers that a client may use once: how far it has counted with each Digest nonce (RFC 7616 §3.4:
//! `nc`), and the nonces of signed requests and proofs.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::auth::{AuthFacts, AuthState, Shape};
use crate::http::Request;
use crate::time::Timestamp;

/// Nonces remembered; the oldest goes first.
const NONCES: usize = 1024;

/// The highest count that was accepted with a nonce.
#[derive(Debug, Clone, Copy)]
struct Counted {
    nc: u32,
    id: u64,
    answered: Timestamp,
}

/// A count that does not go on from the last accepted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recount {
    /// The count sent.
    pub nc: u32,
    /// The highest count accepted before.
    pub highest: u32,
    /// Number of the exchange that used it.
    pub id: u64,
}

/// All of them, by a keyed hash of client and nonce.
#[derive(Debug, Default)]
pub(super) struct Counts {
    by_nonce: HashMap<u64, Counted, ahash::RandomState>,
    order: VecDeque<u64>,
}

impl Counts {
    /// Remembers a count that was accepted.
    pub fn accept(&mut self, nonce: u64, nc: u32, id: u64, answered: Timestamp) {
        match self.by_nonce.get_mut(&nonce) {
            Some(known) if known.nc >= nc => {}
            Some(known) => *known = Counted { nc, id, answered },
            None => {
                self.by_nonce.insert(nonce, Counted { nc, id, answered });
                self.order.push_back(nonce);
                if self.order.len() > NONCES
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.by_nonce.remove(&oldest);
                }
            }
        }
    }

    /// The count before, where a request sent at `time` does not go beyond it. Requests that were under
    /// way together may overtake each other.
    pub fn recount(&self, nonce: u64, nc: u32, time: Timestamp) -> Option<Recount> {
        let known = self.by_nonce.get(&nonce)?;
        (nc <= known.nc && known.answered <= time).then_some(Recount {
            nc,
            highest: known.nc,
            id: known.id,
        })
    }
}

/// The nonce that a request uses, and how often it says it did: of Digest with its count (RFC 7616
/// §3.4: eight hexadecimal digits), of Hawk and OAuth 1 with the time within which it is unique (RFC
/// 5849 §3.3), and the `jti` of a DPoP proof (RFC 9449 §11.1). These three are used once.
pub(super) fn count<'a>(request: &Request, auth: &'a AuthFacts) -> Option<(Cow<'a, str>, u32)> {
    let AuthState::Present { shape, .. } = &auth.authorization.state else { return None };
    let scheme = auth.authorization.scheme.as_ref()?;
    let once = |nonce: String| Some((Cow::Owned(nonce), 1));
    match shape {
        Shape::Digest(params) => {
            let count = u32::from_str_radix(params.get("nc")?, 16).ok()?;
            Some((params.get("nonce")?.into(), count))
        }
        Shape::Params(params) if scheme.is("Hawk") => {
            once(format!("{} {}", params.get("ts")?, params.get("nonce")?))
        }
        Shape::Params(params) if scheme.is("OAuth") => {
            once(format!("{} {}", params.get("oauth_timestamp")?, params.get("oauth_nonce")?))
        }
        _ if scheme.is("DPoP") => once(proof_claim(request.head.get("dpop")?, "jti")?),
        _ => None,
    }
}

/// A claim of a DPoP proof, as text.
pub(super) fn proof_claim(proof: &[u8], name: &str) -> Option<String> {
    let payload = proof.split(|&octet| octet == b'.').nth(1)?;
    let octets = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&octets).ok()?;
    Some(claims.get(name)?.as_str()?.to_owned())
}
