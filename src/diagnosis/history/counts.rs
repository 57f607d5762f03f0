//! How far clients have counted with each Digest nonce (RFC 7616 §3.4: `nc`).

use std::collections::{HashMap, VecDeque};

use crate::auth::{AuthFacts, AuthState, Shape};
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

/// The nonce that a Digest login uses, and how often it says it did (RFC 7616 §3.4: eight hexadecimal
/// digits).
pub(super) fn digest_count(auth: &AuthFacts) -> Option<(&str, u32)> {
    let AuthState::Present { shape: Shape::Digest(params), .. } = &auth.authorization.state else {
        return None;
    };
    Some((params.get("nonce")?, u32::from_str_radix(params.get("nc")?, 16).ok()?))
}
