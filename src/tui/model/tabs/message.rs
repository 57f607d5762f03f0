//! Request and response as they stood on the wire, secrets masked, the cited fields marked.

use std::borrow::Cow;

use super::Context;
use crate::diagnosis::Case;
use crate::http::{Body, Head, HeadLoss, content};
use crate::text;
use crate::tui::model::document::{Document, Line, Role};

/// Octets of a body that the pane shows.
const BODY: usize = 16 << 10;

/// Lines of hexadecimal digits that the pane shows.
const HEX_LINES: usize = 64;

pub fn request(case: &Case, context: &Context<'_>) -> Document {
    let mut document = Document::default();
    let Some(request) = &case.exchange.request else {
        let why = match case.exchange.coverage.request_loss {
            Some(HeadLoss::Gap) => "its packets were lost",
            Some(HeadLoss::StartedMidStream) => "the capture began after it",
            Some(HeadLoss::Truncated) => "it was cut off",
            Some(HeadLoss::NotHttp1) => "what the client sent cannot be read as HTTP",
            None => "it is not in the capture",
        };
        document.push(Line::new().with(Role::Warning, format!("The request is not known: {why}.")));
        document.push(
            Line::new().with(Role::Muted, "So it cannot be said whether it carried credentials."),
        );
        return document;
    };
    let cited = Cited::of(case, "request");
    let target = context.masking.target(request.target());
    document.push(
        Line::new()
            .hanging(2)
            .with(cited.role("method", Role::Strong), text::decode(request.method()))
            .with(Role::Text, " ")
            .with(cited.role("target", Role::Strong), text::decode(&target))
            .with(Role::Muted, format!(" {}", request.version.name())),
    );
    head(&request.head, request.head_loss, &cited, context, &mut document);
    body(&request.body, &request.head, &cited, context, &mut document);
    document
}

pub fn response(case: &Case, context: &Context<'_>) -> Document {
    let mut document = Document::default();
    let Some(response) = &case.exchange.response else {
        document.push(Line::new().with(Role::Warning, "No response was seen (yet)."));
        return document;
    };
    let cited = Cited::of(case, "response");
    let status =
        if response.status == 0 { "status lost".to_owned() } else { response.status.to_string() };
    document.push(
        Line::new()
            .hanging(2)
            .with(Role::Muted, format!("{} ", response.version.name()))
            .with(cited.role("status", Role::Strong), status)
            .with(
                Role::Strong,
                format!(" {}", text::decode(&context.masking.words(response.reason()))),
            ),
    );
    if case.exchange.interim_responses > 0 {
        let words = format!("after {} interim (1xx) responses", case.exchange.interim_responses);
        document.push(Line::indented(2).with(Role::Muted, words));
    }
    head(&response.head, response.head_loss, &cited, context, &mut document);
    body(&response.body, &response.head, &cited, context, &mut document);
    if let Some(trailers) = &response.trailers {
        document.heading("Trailers");
        head(trailers, None, &cited, context, &mut document);
    }
    document
}

/// The fields of one message that the diagnosis rests on.
struct Cited {
    fields: Vec<String>,
}

impl Cited {
    fn of(case: &Case, message: &str) -> Self {
        let evidence = case.verdict.iter().flat_map(|verdict| &verdict.diagnosis.evidence);
        let fields = evidence
            .filter_map(|fact| fact.field.strip_prefix(message)?.strip_prefix('.'))
            .map(|field| {
                let bare = ["header.", "trailer."].iter().find_map(|kind| field.strip_prefix(kind));
                bare.unwrap_or(field).to_ascii_lowercase()
            })
            .map(|field| field.split('.').next().unwrap_or_default().to_owned())
            .collect();
        Self { fields }
    }

    fn has(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let also = match name.as_str() {
            "proxy-authorization" => "authorization",
            "www-authenticate" | "proxy-authenticate" => "challenge",
            "target" => "query",
            _ => "",
        };
        self.fields.iter().any(|field| *field == name || (!also.is_empty() && field == also))
    }

    fn role(&self, name: &str, otherwise: Role) -> Role {
        if self.has(name) { Role::Cited } else { otherwise }
    }
}

fn head(
    head: &Head,
    loss: Option<HeadLoss>,
    cited: &Cited,
    context: &Context<'_>,
    document: &mut Document,
) {
    for (name, value) in head.fields() {
        let shown = context.masking.header(name, value);
        let name = text::decode(name);
        let marked = cited.has(&name);
        let mut line = Line::new()
            .hanging(4)
            .with(if marked { Role::Cited } else { Role::Label }, name)
            .with(Role::Muted, ": ")
            .with(if marked { Role::Strong } else { Role::Text }, text::decode(&shown));
        if marked {
            line = line.with(Role::Cited, "  (evidence)");
        }
        document.push(line);
    }
    let words = match loss {
        None => return,
        Some(HeadLoss::Gap) => "Packets of the header were lost: fields may be missing here.",
        Some(HeadLoss::StartedMidStream) => {
            "The capture began after some of it was sent: fields may be missing here."
        }
        Some(HeadLoss::Truncated) => "The header was cut off here: more fields may follow.",
        Some(HeadLoss::NotHttp1) => "The header cannot be read as HTTP.",
    };
    document.push(Line::new().with(Role::Warning, words));
}

fn body(body: &Body, head: &Head, cited: &Cited, context: &Context<'_>, document: &mut Document) {
    if body.length == 0 && body.start.is_empty() {
        return;
    }
    document.space();
    let kind = head.get("content-type");
    let encoding = head.get("content-encoding");
    let decoded = content::decode(&body.start, body.whole, encoding, BODY);
    let mut about = format!("{} octets", body.length);
    if let Some(encoding) = encoding {
        about = format!("{about}, {}", text::decode(encoding));
    }
    if body.gap > 0 {
        about = format!("{about}, {} lost", body.gap);
    }
    if !body.complete {
        about.push_str(", its end was not seen");
    } else if !decoded.whole {
        about.push_str(", the beginning is shown");
    }
    document.push(
        Line::new()
            .with(cited.role("body", Role::Heading), "Body")
            .with(Role::Muted, format!("  {about}")),
    );
    if let Some(trouble) = &decoded.unreadable {
        document.push(Line::indented(2).with(Role::Warning, format!("not readable: {trouble}")));
    }
    let shown = context.masking.body(kind, &decoded.octets);
    lines(kind, &shown, document);
}

fn lines(kind: Option<&[u8]>, octets: &[u8], document: &mut Document) {
    let kind = kind.map_or(Cow::Borrowed(""), text::decode).to_ascii_lowercase();
    match std::str::from_utf8(octets) {
        Ok(text) if is_text(text) => {
            let pretty = if kind.contains("json") || text.trim_start().starts_with(['{', '[']) {
                pretty_json(text)
            } else if kind.contains("x-www-form-urlencoded") {
                Some(text.replace('&', "\n"))
            } else {
                None
            };
            for line in pretty.as_deref().unwrap_or(text).lines() {
                let text = line.trim_start_matches(' ');
                let indent = (line.len() - text.len()).min(40) as u16;
                document.push(Line::indented(2 + indent).hanging(2).with(Role::Text, text));
            }
        }
        _ => hexadecimal(octets, document),
    }
}

/// Text with at most a few control characters in it.
fn is_text(text: &str) -> bool {
    let odd = text.chars().filter(|&c| c.is_control() && !"\r\n\t".contains(c)).count();
    odd * 20 <= text.chars().count()
}

fn pretty_json(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn hexadecimal(octets: &[u8], document: &mut Document) {
    for (number, chunk) in octets.chunks(16).take(HEX_LINES).enumerate() {
        let digits: Vec<String> = chunk.iter().map(|octet| format!("{octet:02x}")).collect();
        let letters: String = chunk
            .iter()
            .map(
                |&octet| {
                    if octet.is_ascii_graphic() || octet == b' ' { octet as char } else { '.' }
                },
            )
            .collect();
        document.push(
            Line::indented(2)
                .with(Role::Muted, format!("{:06x}  ", number * 16))
                .with(Role::Text, format!("{:<47}", digits.join(" ")))
                .with(Role::Muted, format!("  {letters}")),
        );
    }
    if octets.len() > HEX_LINES * 16 {
        let words = format!("and {} more octets", octets.len() - HEX_LINES * 16);
        document.push(Line::indented(2).with(Role::Muted, words));
    }
}
