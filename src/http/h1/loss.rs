//! What the parser does when octets were lost, or are not what was due: bridge it by arithmetic,
//! or look for the next message that certainly begins.

use super::chunked::Chunked;
use super::sniff::{self, Looks};
use super::{Kind, Mark, Output, Parser, Repeats, State};
use crate::http::{Anomaly, HeadLoss};
use crate::limits::Limits;

/// `GET / HTTP/1.0` or `HTTP/1.1 200`, and an empty line.
const SHORTEST_MESSAGE: u64 = 16;

impl Parser {
    /// The end of the current message cannot be found any more.
    pub(super) fn abandon(&mut self) -> Output {
        self.seek_next();
        self.body.complete = false;
        self.body.whole = false;
        Output::End
    }

    /// Octets were lost.
    pub fn gap(&mut self, length: u64, cause: HeadLoss, limits: &Limits) -> Option<Output> {
        if self.body_in_doubt && !self.held.head().is_empty() {
            // What is held begins a body or another message, and nothing will tell any more: counted
            // as a body it could hide messages.
            self.body_in_doubt = false;
            return Some(self.abandon());
        }
        self.gap_in_state(length, cause, limits)
    }

    fn gap_in_state(&mut self, length: u64, cause: HeadLoss, limits: &Limits) -> Option<Output> {
        match self.state {
            State::Length(left) => {
                let output = self.lose_content(length.min(left));
                if length > left {
                    // The rest of this message, and then the beginning of another.
                    self.seek_next();
                }
                output
            }
            State::Chunked(Chunked::Data { left }) if length <= left => self.lose_content(length),
            State::Chunked(_) => Some(self.abandon()),
            State::UntilClose => self.lose_content(length),
            State::Head { .. } => {
                let parsed = self.partial_head(limits);
                let output = parsed.map(|parsed| self.begin(parsed, Some(cause)));
                self.seek_next();
                // So few octets cannot hide another message.
                self.resynchronised = output.is_none() || length >= SHORTEST_MESSAGE;
                output
            }
            State::Start | State::Seeking | State::Awaiting(_) | State::SkipHead { .. } => {
                self.seek_next();
                None
            }
        }
    }

    pub(super) fn seek_next(&mut self) {
        self.held.take_head();
        self.state = State::Seeking;
        self.resynchronised = true;
    }

    /// So much content was lost.
    fn lose_content(&mut self, length: u64) -> Option<Output> {
        self.body.gap += length;
        self.body.whole = false;
        self.skip_content(length)
    }

    /// How many of the next octets are content, whatever they are.
    pub(super) fn certain_content(&self) -> u64 {
        match self.state {
            State::Length(left) | State::Chunked(Chunked::Data { left }) => left,
            State::UntilClose => u64::MAX,
            _ => 0,
        }
    }

    /// Goes on behind so much content that nobody saw.
    pub(super) fn skip_content(&mut self, length: u64) -> Option<Output> {
        self.body.length += length;
        match &mut self.state {
            State::Length(left) => {
                *left = left.saturating_sub(length);
                (*left == 0).then(|| self.end())
            }
            State::Chunked(coding) => {
                coding.skip(length);
                None
            }
            _ => None,
        }
    }

    /// The sender has closed this direction, or the connection is over.
    pub fn close(&mut self, reset: bool, limits: &Limits) -> Option<Output> {
        match self.state {
            State::UntilClose => {
                let output = self.end();
                self.body.complete = !reset || self.body.length > 0;
                Some(output)
            }
            State::Length(_) | State::Chunked(_) => {
                self.anomalies.insert(Anomaly::CutByClose);
                Some(self.abandon())
            }
            State::Head { .. } => {
                let parsed = self.partial_head(limits);
                let output = parsed.map(|parsed| self.begin(parsed, Some(HeadLoss::Gap)));
                self.anomalies.insert(Anomaly::CutByClose);
                self.seek_next();
                output
            }
            _ => None,
        }
    }

    /// The first octets after a response whose request is not known: its body, or, if that request
    /// was HEAD, the next response. Where a gap follows the head, that stays open for the whole body.
    pub(super) fn doubt(
        &mut self,
        octets: &mut &[u8],
        end: Mark,
        limits: &Limits,
        repeats: &mut Repeats,
    ) -> Option<Output> {
        self.body_in_doubt = false;
        if !self.may_be_no_body() {
            return None;
        }
        let held = self.held.take_head();
        let joined = [&held, *octets].concat();
        match sniff::in_middle(&joined) {
            looks if self.is_mine(looks) => {
                // What was lost was no body, so it was other messages.
                self.resynchronised |= self.body.gap > 0;
                let untouched = self.is_before_body();
                let output = self.end();
                self.body.complete = untouched;
                if !held.is_empty() {
                    self.state = State::Head { searched: 0 };
                    *self.held.head_mut() = held;
                }
                Some(output)
            }
            Looks::Unclear => {
                self.body_in_doubt = true;
                if held.is_empty() {
                    self.began = end.before(octets);
                }
                *self.held.head_mut() = joined;
                *octets = &[];
                None
            }
            _ => {
                let output = self.feed(&mut held.as_slice(), end, limits, repeats);
                let output = output.or_else(|| self.feed(octets, end, limits, repeats));
                self.body_in_doubt = output.is_none() && self.body.gap > 0;
                output
            }
        }
    }

    /// Whether a body was announced that may yet turn out not to be there.
    fn may_be_no_body(&self) -> bool {
        let announced = matches!(self.state, State::Length(_) | State::Chunked(_));
        self.is_before_body() || announced && self.body.gap > 0
    }

    /// Looks for a start line at the beginning of a segment, which may be too short to hold one.
    pub(super) fn seek(&mut self, octets: &mut &[u8], end: Mark) {
        if !self.held.head().is_empty() {
            let held = self.held.head_mut();
            held.extend_from_slice(octets);
            match sniff::in_middle(held) {
                looks if self.is_mine(looks) => {
                    // The octets kept so far are read as if they had come just now.
                    let held = self.held.head_mut();
                    held.truncate(held.len() - octets.len());
                    self.state = State::Head { searched: 0 };
                    return;
                }
                Looks::Unclear => {
                    *octets = &[];
                    return;
                }
                _ => self.held.clear_head(),
            }
        }
        match sniff::in_middle(octets) {
            looks if self.is_mine(looks) => self.state = State::Start,
            Looks::Unclear => {
                self.began = end.before(octets);
                self.held.head_mut().extend_from_slice(octets);
                *octets = &[];
            }
            _ => *octets = &[],
        }
    }

    pub(super) fn is_mine(&self, looks: Looks) -> bool {
        match looks {
            Looks::Request => self.kind == Kind::Request,
            Looks::Response => self.kind == Kind::Response,
            Looks::Unclear | Looks::Neither => false,
        }
    }
}
