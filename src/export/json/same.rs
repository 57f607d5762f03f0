//! What messages and verdicts say again and again, kept as JSON: most refusals are like one before.
//!
//! What is shown of a message depends on the secrets of its exchange, which may stand anywhere in it. So a
//! text of a message is kept only if it was shown as it is, and written again only if no secret of the other
//! exchange stands in it. A text that was masked belongs to its exchange, and is kept no longer than that.

use std::borrow::Cow;
use std::sync::Arc;

use super::kept::Table;
use super::writer::Writer;
use crate::auth::masking::Masking;
use crate::auth::{Authorization, Challenge};
use crate::diagnosis::Evidence;
use crate::exchange::{Anomalies, Connection, Coverage};
use crate::export::body;
use crate::http::{Body, Head, Response};

/// What was written last: at most some 1.3 MiB, most of it texts of messages, and credentials as [`AuthFacts`]
/// has them.
///
/// [`AuthFacts`]: crate::auth::AuthFacts
#[derive(Debug, Clone, Default)]
pub(super) struct Same {
    messages: Messages,
    answers: Table<Option<Answer>, 16, LONGEST_ANSWER>,
    challenges: Table<Challenges, 16, 1024>,
    pub(super) connections: Table<Option<Arc<Connection>>, 64, 512>,
    pub(super) authorizations: Table<Option<Arc<Authorization>>, 64, 1024>,
    facts: Table<Option<Evidence>, 32, 512>,
    pub(super) captures: Table<Capture, 1, 512>,
}

const LONGEST_PAGE: usize = 4 << 10;
const LONGEST_ANSWER: usize = 8 << 10;

/// Texts of messages: fields under their names, pages under their media types.
#[derive(Debug, Clone, Default)]
struct Messages {
    fields: Table<(Vec<u8>, Vec<u8>), 64, 512>,
    pages: Table<(Vec<u8>, Vec<u8>), 16, LONGEST_PAGE>,
}

/// A response but for its time.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    head: Head,
    body: Body,
}

/// Challenges, and what is shown of them. Without their quotes and backslashes their texts need not stand
/// in the field like this.
#[derive(Debug, Clone, Default)]
struct Challenges {
    read: Option<Arc<[Challenge]>>,
    texts: Vec<u8>,
}

/// What is said of how an exchange was captured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) complete: bool,
    pub(super) midstream: bool,
    pub(super) coverage: Coverage,
    pub(super) interim_responses: u16,
    pub(super) anomalies: Anomalies,
}

/// Whether this is what is kept.
pub(super) fn is<T: ?Sized>(kept: Option<&Arc<T>>, one: &Arc<T>) -> bool {
    kept.is_some_and(|kept| Arc::ptr_eq(kept, one))
}

fn refill((name, text): &mut (Vec<u8>, Vec<u8>), new_name: &[u8], new_text: &[u8]) {
    for (kept, new) in [(name, new_name), (text, new_text)] {
        kept.clear();
        kept.extend_from_slice(new);
    }
}

impl Same {
    /// Writes a header field of a request. `as_ever`: whether nothing in it is masked because of the exchange
    /// it stands in; asked only where that is all that is left to know.
    pub(super) fn field<'a>(
        &mut self,
        json: &mut Writer<'_>,
        field: (&[u8], &'a [u8]),
        as_ever: impl Fn() -> bool,
        shown: impl FnOnce() -> Cow<'a, [u8]>,
    ) {
        self.messages.field(json, field, as_ever, shown);
    }

    /// Writes a response's status and all that follows.
    pub(super) fn answer(&mut self, json: &mut Writer<'_>, response: &Response, masking: &Masking) {
        let Response { status, head, body, .. } = response;
        let messages = &mut self.messages;
        let write = |json: &mut Writer<'_>| messages.answer(json, response, masking);
        let length = head.octets().len() + body.start.len();
        // What is decoded may hold what does not stand in the octets.
        if length > LONGEST_ANSWER || head.has("content-encoding") || response.trailers.is_some() {
            messages.answer(json, response, masking);
            return;
        }
        // Most servers say what time it is.
        let number = length + response.time.seconds() as usize;
        self.answers.write_if_plain(
            json,
            number,
            |kept| {
                kept.as_ref().is_some_and(|kept| {
                    kept.status == *status && kept.head == *head && kept.body == *body
                }) && masking.shows_as_ever(head.octets())
                    && masking.shows_as_ever(&body.start)
            },
            write,
            |kept| *kept = Some(Answer { status: *status, head: head.clone(), body: body.clone() }),
        );
    }

    /// Writes a fact that a diagnosis rests on; never a secret.
    pub(super) fn fact(&mut self, json: &mut Writer<'_>, fact: &Evidence) {
        let Evidence { field, value, note } = fact;
        self.facts.write(
            json,
            field.len() * 7 + value.len() * 3 + note.len(),
            |kept| kept.as_ref() == Some(fact),
            |json| {
                json.begin_object().raw("\"field\":").string(field);
                json.raw(",\"value\":").string(value);
                json.raw(",\"note\":").string(note).end_object();
            },
            |kept| *kept = Some(fact.clone()),
        );
    }

    /// Writes what a server asks for.
    pub(super) fn challenges(
        &mut self,
        json: &mut Writer<'_>,
        challenges: &Arc<[Challenge]>,
        masking: &Masking,
    ) {
        let values = || {
            challenges.iter().flat_map(|challenge| {
                challenge.params.0.iter().map(|(_, value)| value).chain(&challenge.token68)
            })
        };
        let number = values().map(String::len).sum();
        self.challenges.write_if_plain(
            json,
            number,
            |kept| is(kept.read.as_ref(), challenges) && masking.shows_as_ever(&kept.texts),
            |json| {
                super::challenges(json, challenges, masking);
                values().all(|value| *masking.text(value) == **value)
            },
            |kept| {
                kept.read = Some(Arc::clone(challenges));
                kept.texts.clear();
                for value in values() {
                    kept.texts.extend_from_slice(value.as_bytes());
                    kept.texts.push(b'\n');
                }
            },
        );
    }
}

impl Messages {
    /// Whether nothing of the field was masked.
    fn field<'a>(
        &mut self,
        json: &mut Writer<'_>,
        (name, value): (&[u8], &'a [u8]),
        as_ever: impl Fn() -> bool,
        shown: impl FnOnce() -> Cow<'a, [u8]>,
    ) -> bool {
        let last = value.last().copied().unwrap_or_default();
        let number = name.len() * 5 + value.len() * 3 + last as usize;
        self.fields.write_if_plain(
            json,
            number,
            |(known, text)| text == value && known == name && as_ever(),
            |json| {
                let shown = shown();
                json.begin_array().octets(name).octets(&shown).end_array();
                *shown == *value
            },
            |kept| refill(kept, name, value),
        )
    }

    /// Whether nothing of the response was masked.
    fn answer(&mut self, json: &mut Writer<'_>, response: &Response, masking: &Masking) -> bool {
        match response.status {
            0 => json.null(),
            status => json.number(status.into()),
        };
        let reason = masking.words(response.reason());
        let mut plain = *reason == *response.reason();
        json.raw(",\"reason\":").octets(&reason).raw(",\"headers\":").begin_array();
        // Of all its fields at once: unlike a request it seldom holds what the request held.
        let as_ever = masking.shows_as_ever(response.head.octets());
        for (name, value) in response.head.fields() {
            plain &= self.field(json, (name, value), || as_ever, || masking.header(name, value));
        }
        json.raw("]");
        if let Some(trailers) = &response.trailers {
            json.raw(",\"trailers\":").begin_array();
            for (name, value) in trailers.fields() {
                plain &= self.field(json, (name, value), || false, || masking.header(name, value));
            }
            json.end_array();
        }
        json.raw(",\"body_bytes\":").number(response.body.length).raw(",\"body_text\":");
        self.body_text(json, response, masking) && plain
    }

    /// Writes the text of a response's body, or null where it has none. Whether nothing of it was masked.
    fn body_text(&mut self, json: &mut Writer<'_>, response: &Response, masking: &Masking) -> bool {
        let (head, body) = (&response.head, &response.body);
        let write = |json: &mut Writer<'_>| {
            let Some(text) = body::text(head, body, masking) else {
                json.null();
                return true;
            };
            json.octets(&text);
            *text == *body.start
        };
        match head.get("content-type") {
            Some(content_type)
                if body.start.len() <= LONGEST_PAGE && !head.has("content-encoding") =>
            {
                self.pages.write_if_plain(
                    json,
                    body.start.len(),
                    |(known, text)| {
                        *text == *body.start
                            && known == content_type
                            && masking.shows_as_ever(&body.start)
                    },
                    write,
                    |kept| refill(kept, content_type, &body.start),
                )
            }
            _ => write(json),
        }
    }
}
