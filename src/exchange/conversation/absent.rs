//! Octets that are not there: lost, or left unread because nothing of them would be kept; and requests that are not.

use super::{Context, Conversation};
use crate::http::HeadLoss;
use crate::tcp::{Direction, FlowInfo, GapCause, MIDSTREAM_ORIGIN};

impl Conversation {
    /// Whether this is all that must be read of octets that go on with `unread` others.
    pub fn is_enough(&self, direction: Direction, octets: &[u8], unread: u64) -> bool {
        if self.multiplexed.is_some() {
            return false;
        }
        if direction != self.client {
            return self.responses.is_enough(octets, unread);
        }
        // The first octets of a body may turn out to be none.
        let settled = !self.in_preamble && !self.requests.is_before_body();
        settled && self.requests.is_enough(octets, unread)
    }

    /// The `length` octets before `end` are content, and were not read.
    pub(super) fn pass_over(
        &mut self,
        flow: &FlowInfo,
        from_client: bool,
        end: u64,
        length: u64,
        context: &mut Context<'_>,
    ) {
        if from_client {
            if let Some(output) = self.requests.pass_over(length) {
                self.request_output(flow, output, Some(end), context);
            }
        } else if let Some(output) = self.responses.pass_over(length) {
            self.response_output(flow, output, context);
        }
    }

    pub(super) fn gap(
        &mut self,
        flow: &FlowInfo,
        from_client: bool,
        length: u64,
        cause: GapCause,
        context: &mut Context<'_>,
    ) {
        let side = usize::from(!from_client);
        let loss = match cause {
            GapCause::Lost => HeadLoss::Gap,
            GapCause::SnapLength => HeadLoss::Truncated,
        };
        self.truncated[side] |= cause == GapCause::SnapLength;
        if from_client {
            // What was held back as the beginning of a preamble does not go on behind the gap.
            (self.in_preamble, self.held_back) = (false, None);
            self.unreadable = false;
        }
        let parser = self.parser(from_client);
        let before = parser.body_gap();
        let output = parser.gap(length, loss, context.limits);
        let bridged = parser.body_gap().saturating_sub(before);
        self.lost[side] += length.saturating_sub(bridged);
        if from_client {
            if self.requests.is_seeking() {
                self.queue.note_requests_lost();
            }
            if let Some(output) = output {
                self.request_output(flow, output, None, context);
            }
        } else if let Some(output) = output {
            self.response_output(flow, output, context);
        }
    }

    /// Nothing was read before this answer, which was sent when the server had received so much. Where all of
    /// that was captured, from the client's first octet on, it can only be something else than HTTP/1.
    pub fn begins_with_answer(&mut self, flow: &FlowInfo, received: Option<u64>) {
        let from_start = |received| (1..MIDSTREAM_ORIGIN).contains(&received);
        self.unreadable = !flow.midstream
            && !flow.has_gap[self.client as usize]
            && received.is_some_and(from_start);
    }

    /// Whether a request without which a response stands may have been sent.
    pub(super) fn requests_may_be_missing(&self, flow: &FlowInfo) -> bool {
        flow.midstream
            || self.unreadable
            || self.queue.requests_lost()
            || self.requests.is_seeking()
            || flow.packets[self.client as usize] == 0
    }

    /// Why a response stands without its request.
    pub(super) fn request_loss(&self, flow: &FlowInfo) -> HeadLoss {
        // After a loss it may answer what was lost.
        if self.unreadable && self.queue.is_empty() && !self.queue.requests_lost() {
            HeadLoss::NotHttp1
        } else if flow.midstream && !self.queue.requests_lost() {
            HeadLoss::StartedMidStream
        } else {
            HeadLoss::Gap
        }
    }
}
