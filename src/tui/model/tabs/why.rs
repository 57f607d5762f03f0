//! Why: the cause and how sure it is, the evidence, other candidates, fixes, sources.

use super::Context;
use crate::diagnosis::{Case, Confidence, Diagnosis, Verdict};
use crate::exchange::Pairing;
use crate::text;
use crate::tui::model::document::{Document, Line, Role};
use crate::tui::model::summary;

pub fn document(case: &Case, context: &Context<'_>) -> Document {
    let mut document = Document::default();
    headline(case, context, &mut document);
    match &case.verdict {
        Some(verdict) => verdict_lines(verdict, case, context, &mut document),
        None => no_verdict(case, &mut document),
    }
    what_was_seen(case, &mut document);
    document
}

fn headline(case: &Case, context: &Context<'_>, document: &mut Document) {
    let status = case.exchange.response.as_ref().map_or_else(
        || "no response seen".to_owned(),
        |response| match (
            response.status,
            text::decode(&context.masking.words(response.reason())).into_owned(),
        ) {
            (0, _) => "status line lost".to_owned(),
            (code, reason) => format!("{code} {reason}").trim_end().to_owned(),
        },
    );
    let role = if case.is_benign() { Role::Benign } else { Role::Strong };
    document.push(
        Line::new()
            .with(role, summary::headline(case))
            .with(Role::Muted, context.symbols.separator)
            .with(role, status),
    );
}

/// The words a diagnosis begins with.
pub fn lead(diagnosis: &Diagnosis) -> (Role, &'static str) {
    if diagnosis.benign {
        return (Role::Good, "Normal");
    }
    let role = match diagnosis.confidence {
        Confidence::Certain => Role::Bad,
        Confidence::Likely => Role::Warning,
        Confidence::Possible => Role::Text,
    };
    (role, diagnosis.confidence.lead())
}

fn verdict_lines(verdict: &Verdict, case: &Case, context: &Context<'_>, document: &mut Document) {
    let diagnosis = &verdict.diagnosis;
    let (role, word) = lead(diagnosis);
    document.space();
    document.push(
        Line::new()
            .hanging(2)
            .with(role, format!("{word}: "))
            .with(Role::Strong, &diagnosis.entry.title)
            .with(Role::Muted, format!("  ({})", diagnosis.entry.id)),
    );
    document.paragraph(Role::Text, &diagnosis.explanation());
    standing(verdict, document);
    evidence(diagnosis, document);
    fixes(diagnosis, document);
    also_seen(&verdict.also, context, document);
    if !verdict.notes.is_empty() {
        document.heading("Notes");
        for note in &verdict.notes {
            document.push(
                Line::indented(2)
                    .hanging(2)
                    .with(Role::Label, format!("{}: ", note.id.name()))
                    .with(Role::Text, note.text()),
            );
        }
    }
    related(diagnosis, context, document);
    document.heading("How sure, and from where");
    document.field("confidence", Role::Text, diagnosis.confidence.name());
    document.field("in general", Role::Muted, &diagnosis.entry.confidence);
    document.field("ruled out by", Role::Muted, &diagnosis.entry.rules_out);
    document.field("sources", Role::Muted, &diagnosis.entry.sources);
    let _ = case;
}

/// What may still change, what has changed, how often it happened.
fn standing(verdict: &Verdict, document: &mut Document) {
    if verdict.provisional {
        document.paragraph(
            Role::Warning,
            "Provisional: what the client does next may still change this.",
        );
    }
    if let Some(was) = verdict.was {
        document.paragraph(Role::Muted, &format!("was: {was}"));
    }
    if verdict.repeat > 1 {
        let text = format!("The same refusal, {} times so far.", verdict.repeat);
        document.paragraph(Role::Strong, &text);
    }
}

fn evidence(diagnosis: &Diagnosis, document: &mut Document) {
    if diagnosis.evidence.is_empty() {
        return;
    }
    document.heading("Evidence");
    for fact in &diagnosis.evidence {
        let mut line = Line::indented(2)
            .hanging(4)
            .with(Role::Cited, fact.field.as_ref())
            .with(Role::Text, format!("  {}", fact.value));
        if !fact.note.is_empty() {
            line = line.with(Role::Muted, format!("  ({})", fact.note));
        }
        document.push(line);
    }
}

fn fixes(diagnosis: &Diagnosis, document: &mut Document) {
    document.heading("What to do");
    document.field("client", Role::Text, diagnosis.client_fix());
    document.field("server", Role::Text, diagnosis.server_fix());
}

fn also_seen(also: &[std::sync::Arc<Diagnosis>], context: &Context<'_>, document: &mut Document) {
    if also.is_empty() {
        return;
    }
    document.heading("Also seen");
    for other in also {
        let (role, word) = lead(other);
        document.push(
            Line::indented(2)
                .hanging(2)
                .with(role, format!("{word}: "))
                .with(Role::Strong, &other.entry.title)
                .with(Role::Muted, context.symbols.separator)
                .with(Role::Text, other.explanation()),
        );
    }
}

fn related(diagnosis: &Diagnosis, context: &Context<'_>, document: &mut Document) {
    if diagnosis.related.is_empty() {
        return;
    }
    document.heading("Related exchanges");
    for &id in &diagnosis.related {
        let line = Line::indented(2).hanging(2).with(Role::Label, format!("#{id}  "));
        document.push(match context.history.get(id) {
            None => line.with(Role::Muted, "no longer kept"),
            Some(case) => line
                .with(Role::Muted, case.exchange.time().clock())
                .with(Role::Text, format!("  {}  ", summary::headline(case)))
                .with(summary::status(case).0, summary::status(case).1)
                .with(Role::Muted, format!("  sent: {}", summary::sent(case).1)),
        });
    }
}

fn no_verdict(case: &Case, document: &mut Document) {
    document.space();
    let words = match case.exchange.status() {
        None => "No response to this request was seen.",
        Some(401 | 407) => "Not explained yet.",
        Some(100..=399) => "Not refused: there is nothing to explain.",
        Some(_) => "The catalogue of authorization problems does not cover this answer.",
    };
    document.paragraph(Role::Text, words);
}

/// What the conclusion rests on, and what is missing from the capture.
fn what_was_seen(case: &Case, document: &mut Document) {
    let exchange = &case.exchange;
    let connection = &exchange.connection;
    document.heading("What was seen");
    let (role, sent) = summary::sent(case);
    document.field("sent", role, sent);
    let asked = summary::asked(case);
    document.field("asked", Role::Text, if asked.is_empty() { "nothing" } else { &asked });
    let via = connection.via.map_or_else(String::new, |via| format!(" (connected from {via})"));
    document.field(
        "connection",
        Role::Text,
        format!(
            "{}{via} to {} on {}, flow {}",
            connection.client, connection.server, connection.interface, connection.flow
        ),
    );
    let latency = exchange.latency().map_or_else(String::new, |latency| {
        format!(", answered after {}", summary::short_duration(latency))
    });
    document.field("time", Role::Text, format!("{}{latency}", exchange.time().rfc3339()));
    let missing = not_captured(case);
    if missing.is_empty() {
        document.field("capture", Role::Good, "complete");
    } else {
        document.field("capture", Role::Warning, missing.join("; "));
    }
}

/// What the capture lacks of an exchange, in words.
fn not_captured(case: &Case) -> Vec<String> {
    let (exchange, coverage) = (&case.exchange, &case.exchange.coverage);
    let mut words = Vec::new();
    if exchange.request.is_none() {
        words.push(format!("the request was {}", exchange.without_request()));
    }
    if exchange.response.is_none() {
        words.push("no response was seen".to_owned());
    }
    if coverage.one_sided {
        words.push("only one direction of the connection was captured".to_owned());
    }
    if coverage.gap_octets > 0 {
        words.push(format!("{} octets were lost", coverage.gap_octets));
    }
    if coverage.truncated {
        words.push("part of it was cut off".to_owned());
    }
    if exchange.connection.midstream {
        words.push("the connection began before the capture".to_owned());
    }
    if coverage.pairing == Pairing::Likely {
        words.push(
            "octets were lost around it, so request and response may not belong together"
                .to_owned(),
        );
    }
    words.extend(exchange.anomalies.iter().map(|anomaly| anomaly.name().to_owned()));
    words
}
