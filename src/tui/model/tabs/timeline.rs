//! Timeline: what this client did around the exchange.

use std::net::IpAddr;

use super::Context;
use crate::diagnosis::Case;
use crate::time::humane;
use crate::tui::model::document::{Document, Line, Role};
use crate::tui::model::summary;

/// Exchanges shown on either side.
const AROUND: usize = 12;

/// Exchanges looked at on either side to find them.
const REACH: usize = 20_000;

/// Cells of the time axis.
const AXIS: usize = 24;

pub fn document(case: &Case, context: &Context<'_>) -> Document {
    let mut document = Document::default();
    let shown = neighbours(case, context);
    let start = shown.iter().map(|other| other.exchange.time()).min().unwrap_or_default();
    let end = shown.iter().map(|other| other.exchange.time()).max().unwrap_or_default();
    let span = end.since(start);
    document.push(
        Line::new()
            .with(
                Role::Heading,
                format!("Around it, from {}", case.exchange.connection.client.ip()),
            )
            .with(Role::Muted, among(shown.len(), span)),
    );
    for other in &shown {
        if other.id() == case.id() {
            document.focus_here();
        }
        document.push(line(other, case, start, span.as_secs_f64(), context));
        if other.id() == case.id() {
            legs(case, &mut document);
        }
    }
    document
}

/// How many exchanges in how much time.
fn among(count: usize, span: std::time::Duration) -> String {
    match count {
        1 => "  no other exchange is kept".to_owned(),
        _ => format!("  {count} exchanges in {}", humane(span)),
    }
}

/// The same client's exchanges before and after, and those that the diagnosis names.
fn neighbours<'a>(case: &'a Case, context: &'a Context<'_>) -> Vec<&'a Case> {
    let client: IpAddr = case.exchange.connection.client.ip();
    let named: &[u64] =
        case.verdict.as_ref().map_or(&[], |verdict| verdict.diagnosis.related.as_slice());
    let belongs = |other: &&std::sync::Arc<Case>| other.exchange.connection.client.ip() == client;
    let before = context.history.before(case.id()).rev().take(REACH).filter(belongs).take(AROUND);
    let after = context.history.from(case.id() + 1).take(REACH).filter(belongs).take(AROUND);
    let mut shown: Vec<&Case> = before.chain(after).map(AsRef::as_ref).collect();
    shown.push(case);
    for other in named.iter().filter_map(|&id| context.history.get(id)) {
        if shown.iter().all(|known| known.id() != other.id()) {
            shown.push(other);
        }
    }
    shown.sort_by_key(|other| (other.exchange.time(), other.id()));
    shown
}

fn line(
    other: &Case,
    case: &Case,
    start: crate::time::Timestamp,
    span: f64,
    context: &Context<'_>,
) -> Line {
    let symbols = context.symbols;
    let here = other.id() == case.id();
    let named = case
        .verdict
        .as_ref()
        .is_some_and(|verdict| verdict.diagnosis.related.contains(&other.id()));
    let at = if span > 0.0 {
        (other.exchange.time().since(start).as_secs_f64() / span * (AXIS - 1) as f64) as usize
    } else {
        0
    };
    let at = at.min(AXIS - 1);
    let offset = other.exchange.time().seconds_from(case.exchange.time());
    let when = if here { "this one".to_owned() } else { signed(offset) };
    let mark = if here {
        symbols.cursor
    } else if named {
        symbols.mark
    } else {
        " "
    };
    let role = if here { Role::Strong } else { Role::Text };
    let (status_role, status) = summary::status(other);
    Line::new()
        .hanging(4)
        .with(role, format!("{mark} {when:>9} "))
        .with(Role::Muted, symbols.rules[0].repeat(at))
        .with(status_role, symbols.confidence[0])
        .with(Role::Muted, symbols.rules[0].repeat(AXIS - 1 - at))
        .with(role, format!(" {} ", summary::headline(other)))
        .with(status_role, status)
        .with(Role::Muted, format!("  sent: {}", summary::sent(other).1))
        .with(Role::Muted, connection(other, case))
}

fn connection(other: &Case, case: &Case) -> String {
    let (this, that) = (&case.exchange.connection, &other.exchange.connection);
    match (this.flow == that.flow, this.server == that.server) {
        (true, _) => String::new(),
        (false, true) => format!("  (flow {})", that.flow),
        (false, false) => format!("  (flow {} to {})", that.flow, that.server),
    }
}

/// Seconds with a sign, short.
fn signed(seconds: f64) -> String {
    // What rounds to nothing has no direction.
    let sign = if seconds <= -0.0005 { '-' } else { '+' };
    let seconds = seconds.abs();
    match seconds {
        ..1.0 => format!("{sign}{:.0} ms", seconds * 1000.0),
        ..100.0 => format!("{sign}{seconds:.1} s"),
        _ => format!("{sign}{:.0} min", seconds / 60.0),
    }
}

/// The points in time inside the exchange itself.
fn legs(case: &Case, document: &mut Document) {
    let exchange = &case.exchange;
    let mut add = |what: &str, at: crate::time::Timestamp| {
        let words = format!("{:>11} {what}", signed(at.seconds_from(exchange.time())));
        document.push(Line::indented(2).hanging(12).with(Role::Muted, words));
    };
    add("connection seen", exchange.connection.started);
    if let Some(request) = &exchange.request {
        add("request begins", request.time);
    }
    if let Some(response) = &exchange.response {
        add("response begins", response.time);
    }
}
