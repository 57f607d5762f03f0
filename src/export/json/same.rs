//! What messages say again and again, kept as JSON: header fields, and the pages of refusals.

use std::borrow::Cow;

use super::writer::Writer;
use crate::auth::masking::Masking;
use crate::export::body;
use crate::http::Response;

/// How many fields and pages are kept: of those that want the same place, the last one.
const FIELDS: usize = 64;
const PAGES: usize = 16;

/// Longer ones are not kept.
const LONGEST_FIELD: usize = 256;
const LONGEST_PAGE: usize = 4 << 10;

/// The last fields and pages that were shown as they are. One that was masked belongs to its exchange,
/// and a secret is kept no longer than that.
#[derive(Debug, Clone)]
pub(super) struct Same {
    fields: Vec<Kept>,
    pages: Vec<Kept>,
}

/// A text under a name, and what was written of them.
#[derive(Debug, Clone, Default)]
struct Kept {
    name: Vec<u8>,
    text: Vec<u8>,
    json: Vec<u8>,
}

impl Kept {
    /// What was written, if it was of these.
    fn of(&self, name: &[u8], text: &[u8]) -> Option<&[u8]> {
        let same = !self.json.is_empty() && self.text == text && self.name == name;
        same.then_some(&self.json)
    }

    fn keep(&mut self, name: &[u8], text: &[u8], json: &[u8]) {
        for (kept, new) in [(&mut self.name, name), (&mut self.text, text), (&mut self.json, json)]
        {
            kept.clear();
            kept.extend_from_slice(new);
        }
    }
}

impl Default for Same {
    fn default() -> Self {
        let kept = |number| vec![Kept::default(); number];
        Self { fields: kept(FIELDS), pages: kept(PAGES) }
    }
}

impl Same {
    /// Writes a header field. `as_ever`: whether nothing in it is masked because of the exchange it stands
    /// in; asked only where that is all that is left to know.
    pub(super) fn header<'a>(
        &mut self,
        json: &mut Writer<'_>,
        (name, value): (&[u8], &'a [u8]),
        as_ever: impl FnOnce() -> bool,
        shown: impl FnOnce() -> Cow<'a, [u8]>,
    ) {
        let last = value.last().copied().unwrap_or_default();
        let place =
            self.fields.get_mut((name.len() * 5 + value.len() * 3 + last as usize) % FIELDS);
        if let Some(written) = place.as_ref().and_then(|kept| kept.of(name, value))
            && as_ever()
        {
            json.again(written);
            return;
        }
        let shown = shown();
        let start = json.length();
        json.begin_array().octets(name).octets(&shown).end_array();
        if let Some(kept) = place
            && *shown == *value
            && name.len() + value.len() <= LONGEST_FIELD
        {
            kept.keep(name, value, json.since(start));
        }
    }

    /// Writes the text of a response's body, or null where it has none.
    pub(super) fn body_text(
        &mut self,
        json: &mut Writer<'_>,
        response: &Response,
        masking: &Masking,
    ) {
        let (head, body) = (&response.head, &response.body);
        let encoded = head.has("content-encoding");
        let content_type = head.get("content-type").filter(|_| !encoded);
        let place = self.pages.get_mut(body.start.len() % PAGES);
        if let (Some(kept), Some(content_type)) = (&place, content_type)
            && let Some(written) = kept.of(content_type, &body.start)
            && masking.shows_as_ever(&body.start)
        {
            json.again(written);
            return;
        }
        let Some(text) = body::text(head, body, masking) else {
            json.null();
            return;
        };
        let start = json.length();
        json.octets(&text);
        if let (Some(kept), Some(content_type)) = (place, content_type)
            && *text == *body.start
            && text.len() <= LONGEST_PAGE
        {
            kept.keep(content_type, &text, json.since(start));
        }
    }
}
