//! Diff: this exchange beside one that was accepted, or beside the marked row.

use std::borrow::Cow;

use super::Context;
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::http::Head;
use crate::text;
use crate::tui::model::document::{Document, Line, Role};
use crate::tui::model::summary;

pub fn document(case: &Case, context: &Context<'_>) -> Document {
    let mut document = Document::default();
    let marked = context.marked.filter(|marked| marked.id() != case.id());
    let nearest = case.verdict.as_ref().and_then(|verdict| verdict.nearest_success.as_ref());
    let Some(other) = marked.or(nearest) else {
        document.paragraph(
            Role::Text,
            "Nothing to compare with: no similar exchange was seen accepted.",
        );
        document.paragraph(Role::Muted, "Mark another row (Space) to compare with that one.");
        return document;
    };
    let what =
        if marked.is_some() { "the marked row" } else { "the most similar accepted exchange" };
    document
        .push(Line::new().with(Role::Heading, format!("Compared with {what}, #{}", other.id())));
    document.push(
        Line::indented(2).with(Role::Bad, "- ").with(Role::Muted, "only or otherwise in this one"),
    );
    document.push(
        Line::indented(2)
            .with(Role::Good, "+ ")
            .with(Role::Muted, "only or otherwise in the other"),
    );
    connection(case, other, &mut document);
    request(case, other, context, &mut document);
    response(case, other, context, &mut document);
    document
}

/// One aspect of the two exchanges: unchanged parts are dimmed, changed ones stand below each other.
fn aspect(name: &str, this: &str, that: &str, document: &mut Document) {
    let line = |sign: &str, role, text: &str| {
        Line::new()
            .hanging(4)
            .with(role, sign)
            .with(Role::Label, format!("{name}: "))
            .with(role, text)
    };
    if this == that {
        document.push(line("  ", Role::Muted, this));
        return;
    }
    let (head, tail) = common(this, that);
    for (sign, role, text) in [("- ", Role::Bad, this), ("+ ", Role::Good, that)] {
        if text.is_empty() {
            document.push(line(sign, Role::Muted, "(absent)"));
            continue;
        }
        let middle = &text[head..text.len() - tail];
        document.push(
            Line::new()
                .hanging(4)
                .with(role, sign)
                .with(Role::Label, format!("{name}: "))
                .with(Role::Text, &text[..head])
                .with(Role::Changed, middle)
                .with(Role::Text, &text[text.len() - tail..]),
        );
    }
}

/// An [`aspect`] that may hold secrets: those of this exchange may be revealed, those of the other are
/// not. What is the same without them is the same.
fn masked(
    name: &str,
    context: &Context<'_>,
    document: &mut Document,
    shown: impl Fn(&Masking, bool) -> String,
) {
    let (this, that) = (shown(context.masking, true), shown(context.others, false));
    let same = shown(context.others, true) == that;
    aspect(name, &this, if same { &this } else { &that }, document);
}

/// Octets that two texts share at their beginning and at their end.
fn common(this: &str, that: &str) -> (usize, usize) {
    let head: usize =
        this.chars().zip(that.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (this, that) = (&this[head..], &that[head..]);
    let tail = this
        .chars()
        .rev()
        .zip(that.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    (head, tail)
}

fn connection(case: &Case, other: &Case, document: &mut Document) {
    document.heading("Connection");
    let of = |case: &Case| {
        let connection = &case.exchange.connection;
        [
            ("client", connection.client.ip().to_string()),
            ("server", connection.server.to_string()),
            ("flow", connection.flow.to_string()),
        ]
    };
    for ((name, this), (_, that)) in of(case).into_iter().zip(of(other)) {
        aspect(name, &this, &that, document);
    }
}

fn request(case: &Case, other: &Case, context: &Context<'_>, document: &mut Document) {
    document.heading("Request");
    let (Some(this), Some(that)) = (&case.exchange.request, &other.exchange.request) else {
        document.paragraph(Role::Warning, "One of the two requests is not known.");
        return;
    };
    aspect("method", &text::decode(this.method()), &text::decode(that.method()), document);
    masked("target", context, document, |masking, is_this| {
        let target = if is_this { this.target() } else { that.target() };
        text::decode(&masking.target(target)).into_owned()
    });
    aspect("sent", &summary::sent(case).1, &summary::sent(other).1, document);
    fields(&this.head, &that.head, context, document);
}

fn response(case: &Case, other: &Case, context: &Context<'_>, document: &mut Document) {
    document.heading("Response");
    let (Some(this), Some(that)) = (&case.exchange.response, &other.exchange.response) else {
        document.paragraph(Role::Warning, "One of the two responses was not captured.");
        return;
    };
    masked("status", context, document, |masking, is_this| {
        let response = if is_this { this } else { that };
        format!("{} {}", response.status, text::decode(&masking.words(response.reason())))
    });
    fields(&this.head, &that.head, context, document);
}

/// Header by header, in the order of this exchange, then what only the other one has.
fn fields(this: &Head, that: &Head, context: &Context<'_>, document: &mut Document) {
    let names: Vec<Cow<'_, str>> = this
        .fields()
        .map(|(name, _)| text::decode(name))
        .chain(that.fields().map(|(name, _)| text::decode(name)))
        .collect();
    let mut done: Vec<String> = Vec::new();
    for name in names {
        let folded = name.to_ascii_lowercase();
        if done.contains(&folded) {
            continue;
        }
        masked(&name, context, document, |masking, is_this| {
            values(if is_this { this } else { that }, &name, masking)
        });
        done.push(folded);
    }
}

/// All values of a field, masked.
fn values(head: &Head, name: &str, masking: &Masking) -> String {
    let shown: Vec<String> = head
        .fields()
        .filter(|(field, _)| text::decode(field).eq_ignore_ascii_case(name))
        .map(|(field, value)| text::decode(&masking.header(field, value)).into_owned())
        .collect();
    shown.join(" ⏎ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changed_middle_is_found_between_characters() {
        assert_eq!(common("Bearer äx1", "Bearer äy1"), ("Bearer ä".len(), 1));
        assert_eq!(common("aa", "aaa"), (2, 0));
        assert_eq!(common("", "x"), (0, 0));
        assert_eq!(common("é", "è"), (0, 0));
    }
}
