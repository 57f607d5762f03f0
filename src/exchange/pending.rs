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
use crate::http::h1::{Answers, Mark};
use crate::http::{Anomalies, Request};
use crate::tcp::MIDSTREAM_ORIGIN;

/// A request without its response.
#[derive(Debug)]
pub struct Pending {
    /// The request.
    pub request: Request,
    /// What its method says about the answer: looked at here while the request is at hand, as it may
    /// have left the processor's cache when the answer comes.
    pub answers: Answers,
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
    /// Most connections have one at a time.
    first: Option<Box<Pending>>,
    /// Those behind it, where there ever were any.
    others: Option<Box<Others>>,
    /// Responses may have been lost since the first of them was sent.
    responses_lost: bool,
    /// Requests may have been lost before the last of them.
    requests_lost: bool,
    /// This client sends requests before it has the answers to earlier ones.
    pipelining: bool,
}

#[derive(Debug, Default)]
struct Others {
    /// Boxed, as they are handed on.
    requests: VecDeque<Box<Pending>>,
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
    pub fn push(&mut self, pending: Box<Pending>) {
        self.requests_lost |= pending.after_loss;
        let last = self.last_mut().and_then(|last| last.mark.acknowledged);
        self.pipelining |= last.is_some() && last == pending.mark.acknowledged;
        if self.first.is_none() {
            self.first = Some(pending);
        } else {
            self.others.get_or_insert_default().requests.push_back(pending);
        }
    }

    /// The request that came last.
    pub fn last_mut(&mut self) -> Option<&mut Pending> {
        let last = self.others.as_mut().and_then(|others| others.requests.back_mut());
        last.or(self.first.as_mut()).map(AsMut::as_mut)
    }

    /// The request that waits longest.
    pub fn first_mut(&mut self) -> Option<&mut Pending> {
        self.first.as_deref_mut()
    }

    /// Takes the request that waits longest.
    pub fn pop(&mut self) -> Option<Box<Pending>> {
        let next = self.others.as_mut().and_then(|others| others.requests.pop_front());
        std::mem::replace(&mut self.first, next)
    }

    /// Those behind the first.
    fn others(&self) -> impl ExactSizeIterator<Item = &Pending> {
        let others = self.others.as_ref().map(|others| others.requests.iter());
        others.unwrap_or_default().map(AsRef::as_ref)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others().len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Octets held: few wait but where somebody pipelines, so they are added up when asked for.
    pub fn memory(&self) -> usize {
        self.first.as_deref().into_iter().chain(self.others()).map(Pending::memory).sum()
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
                if let Some(pending) = self.pop() {
                    unanswered(pending);
                }
            }
        }
        let Some(first) = self.first.as_deref() else { return Answer::Nothing };
        let not_received =
            mark.acknowledged.is_some_and(|received| received <= first.mark.position);
        let already_seen = first.mark.acknowledged.is_some_and(|seen| seen > mark.position);
        if already_seen || (not_received && unsure) {
            return Answer::Nothing;
        }
        if self.is_ambiguous(first, mark) {
            return Answer::Nothing;
        }
        let Some(first) = self.pop() else { return Answer::Nothing };
        // With only one candidate, and nothing lost after it was sent, there is no doubt.
        let alone = self.is_empty();
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
        (self.responses_lost && (self.len() > 1 || lost_after))
            || (self.pipelining && first.after_loss)
    }

    /// Whether the client had moved on from the first request before the server sent `mark`.
    fn first_was_answered_before(&self, mark: Mark) -> bool {
        let (Some(first), Some(second)) = (self.first.as_deref(), self.others().next()) else {
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
