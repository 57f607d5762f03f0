//! Requests that wait for their response, and which of them a response answers.
//!
//! On an unbroken connection the order decides (RFC 9112 §9.3.2): even an answer that was sent before
//! its request had arrived is what the client takes for the answer. After a loss, three facts that TCP
//! shows keep the pairing from shifting:
//!
//! - a response cannot answer a request of which its sender had not received the first octet;
//! - a response cannot answer a request sent after its own beginning had been acknowledged;
//! - a client that sends its next request after acknowledging more of the server's stream (no
//!   pipelining) has received the answer to the one before.

use std::collections::VecDeque;

use crate::exchange::Pairing;
use crate::http::h1::Mark;
use crate::http::{Anomalies, Request};
use crate::tcp::MIDSTREAM_ORIGIN;

/// A request without its response.
#[derive(Debug)]
pub struct Pending {
    /// The request.
    pub request: Request,
    /// Where it began.
    pub mark: Mark,
    /// Whether its body has ended.
    pub complete: bool,
    /// Position right after it, when that is known.
    pub end: Option<u64>,
    /// Others may have been lost right before it.
    pub after_loss: bool,
    /// Interim responses seen.
    pub interim: u16,
    /// What was forgiven.
    pub anomalies: Anomalies,
    /// Octets lost in it, beside its body's.
    pub lost: u64,
    /// Whether the snap length or a bound cut it.
    pub truncated: bool,
}

impl Pending {
    /// Octets held.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.request.head.memory() + self.request.body.start.len()
    }
}

/// The requests that wait, in order.
#[derive(Debug, Default)]
pub struct Queue {
    /// Boxed: most connections have one at a time, and a deque makes room for four.
    requests: VecDeque<Box<Pending>>,
    /// Responses may have been lost since the first of them was sent.
    responses_lost: bool,
    /// Requests may have been lost before the last of them.
    requests_lost: bool,
    /// This client sends requests before it has the answers to earlier ones.
    pipelining: bool,
}

/// What a response was found to answer.
#[derive(Debug)]
pub enum Answer {
    /// This request.
    To(Box<Pending>, Pairing),
    /// None that was captured.
    Nothing,
}

impl Queue {
    /// Adds a request.
    pub fn push(&mut self, pending: Pending) {
        self.requests_lost |= pending.after_loss;
        let last = self.requests.back().and_then(|last| last.mark.acknowledged);
        self.pipelining |= last.is_some() && last == pending.mark.acknowledged;
        self.requests.push_back(Box::new(pending));
    }

    /// The request that came last.
    pub fn last_mut(&mut self) -> Option<&mut Pending> {
        self.requests.back_mut().map(AsMut::as_mut)
    }

    /// The request that waits longest.
    pub fn first_mut(&mut self) -> Option<&mut Pending> {
        self.requests.front_mut().map(AsMut::as_mut)
    }

    /// Takes the request that waits longest.
    pub fn pop(&mut self) -> Option<Box<Pending>> {
        self.requests.pop_front()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Octets held: few wait but where somebody pipelines, so they are added up when asked for.
    pub fn memory(&self) -> usize {
        self.requests.iter().map(|pending| pending.memory()).sum()
    }

    /// Whether requests may be missing.
    pub fn requests_lost(&self) -> bool {
        self.requests_lost
    }

    /// Responses may have been lost.
    pub fn note_responses_lost(&mut self) {
        self.responses_lost = true;
    }

    /// Requests may have been lost.
    pub fn note_requests_lost(&mut self) {
        self.requests_lost = true;
    }

    /// The request that a final response beginning at `mark` answers. Requests whose response is
    /// found to be lost are handed to `unanswered`.
    pub fn answer(&mut self, mark: Mark, mut unanswered: impl FnMut(Box<Pending>)) -> Answer {
        let unsure = self.responses_lost || self.requests_lost;
        if self.responses_lost {
            while self.first_was_answered_before(mark) {
                if let Some(pending) = self.requests.pop_front() {
                    unanswered(pending);
                }
            }
        }
        let Some(first) = self.requests.front() else { return Answer::Nothing };
        let not_received =
            mark.acknowledged.is_some_and(|received| received <= first.mark.position);
        let already_seen = first.mark.acknowledged.is_some_and(|seen| seen > mark.position);
        if already_seen || (not_received && unsure) {
            return Answer::Nothing;
        }
        if self.is_ambiguous(first, mark) {
            return Answer::Nothing;
        }
        let Some(first) = self.requests.pop_front() else { return Answer::Nothing };
        // With only one candidate, and nothing lost after it was sent, there is no doubt.
        let alone = self.requests.is_empty();
        // A client that had received nothing when it sent this, after a loss, may have asked before.
        let asked_once = match first.mark.acknowledged {
            None => false,
            Some(received) => received > 0 || !first.after_loss,
        };
        let pairing = if not_received || unsure && !(alone && asked_once) {
            Pairing::Likely
        } else {
            Pairing::Certain
        };
        if alone {
            self.responses_lost = false;
            self.requests_lost = false;
        }
        Answer::To(first, pairing)
    }

    /// Whether a response at `mark` may as well answer another request than the first.
    fn is_ambiguous(&self, first: &Pending, mark: Mark) -> bool {
        let beyond = |end| mark.acknowledged.is_none_or(|received| received > end);
        let lost_after = self.requests_lost && first.end.is_none_or(beyond);
        (self.responses_lost && (self.requests.len() > 1 || lost_after))
            || (self.pipelining && first.after_loss)
    }

    /// Whether the client had moved on from the first request before the server sent `mark`.
    fn first_was_answered_before(&self, mark: Mark) -> bool {
        let (Some(first), Some(second)) = (self.requests.front(), self.requests.get(1)) else {
            return false;
        };
        match (first.mark.acknowledged, second.mark.acknowledged) {
            (first, Some(second)) => {
                second > first.unwrap_or(MIDSTREAM_ORIGIN) && second <= mark.position
            }
            (_, None) => false,
        }
    }
}
