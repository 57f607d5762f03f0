//! Octets that are not there: lost, or left unread because nothing of them would be kept.

use super::{Context, Conversation};
use crate::http::HeadLoss;
use crate::tcp::{Direction, FlowInfo, GapCause};

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
}
