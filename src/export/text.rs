//! One line for each exchange, for people and for `grep`; with more below it when asked for.

use std::io::Write as _;

use crate::auth::authorization::{AuthState, Authorization, Shape};
use crate::auth::masking::Masking;
use crate::auth::scheme::Scheme;
use crate::counters::Counters;
use crate::diagnosis::{Case, Diagnosis, Verdict, lexicon};
use crate::exchange::Exchange;
use crate::http::Request;
use crate::text::{shorten, visible, visible_octets};
use crate::time::Timestamp;

/// Characters of a target that a line shows.
const TARGET: usize = 200;

/// How lines are written.
#[derive(Debug, Clone)]
pub struct Style {
    /// What may be shown.
    pub masking: Masking,
    /// With ANSI colours.
    pub color: bool,
    /// With evidence and fixes.
    pub verbose: bool,
}

/// SGR parameters (ECMA-48 §8.3.117), from the 16 colours that every terminal has.
const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// Appends one case as a line, with more lines below it when `style` is verbose.
pub fn exchange(out: &mut Vec<u8>, case: &Case, style: &Style) {
    let mut page = Page { out, color: style.color };
    let exchange = &*case.exchange;
    let connection = &exchange.connection;
    page.plain(&clock(exchange.time()));
    page.plain(&format!("  {} → {}  ", connection.client, connection.server));
    match &exchange.request {
        Some(request) => page.painted(BOLD, &request_line(request, &style.masking)),
        None => page.painted(DIM, &format!("(request {})", exchange.without_request())),
    }
    page.plain("  ");
    status(&mut page, exchange.status(), case.is_benign());
    if exchange.request.is_some() {
        page.plain(&format!("  sent: {}", sent(case)));
    }
    if let Some(asked) = asked(case) {
        page.plain(&format!("  asked: {asked}"));
    }
    if let Some(verdict) = &case.verdict {
        page.plain("  ");
        cause(&mut page, verdict);
    }
    page.plain("\n");
    if style.verbose
        && let Some(verdict) = &case.verdict
    {
        reasons(&mut page, verdict);
    }
}

/// What the request carried, in a few words: `no Authorization`, `Bearer jws alice`.
pub fn sent(case: &Case) -> String {
    let field = field_name(&case.exchange);
    let mut parts = vec![credentials(&case.auth.authorization, field)];
    let others = case.auth.alternatives.iter();
    parts.extend(others.map(|other| format!("{} {}", other.kind.name(), visible(&other.name))));
    parts.join(" + ")
}

/// What the server offers, in a few words: `Bearer, Basic "intranet"`. `None` where nothing was
/// offered and nothing had to be.
pub fn asked(case: &Case) -> Option<String> {
    let refused = matches!(case.exchange.status(), Some(401 | 407));
    let challenges = &case.auth.challenges;
    if challenges.is_empty() {
        return refused.then(|| "nothing".to_owned());
    }
    let each = challenges.iter().map(|challenge| {
        let scheme = visible(challenge.scheme.name()).into_owned();
        match challenge.realm() {
            Some(realm) => {
                let realm = lexicon::quotable(realm.to_owned(), &case.exchange, &case.auth);
                format!("{scheme} \"{}\"", shorten(&realm, 40))
            }
            None => scheme,
        }
    });
    Some(each.collect::<Vec<_>>().join(", "))
}

/// The last line, for standard error.
pub fn summary(counters: &Counters) -> String {
    let Counters { exchanges, unauthorized, benign, flows, packets_seen, .. } = counters;
    let mut parts = vec![
        format!("{exchanges} exchanges"),
        format!("{unauthorized} × 401 ({benign} benign)"),
        format!("{flows} connections"),
        format!("{packets_seen} packets"),
    ];
    let losses = [
        (counters.dropped_kernel, "dropped by the kernel"),
        (counters.dropped_interface, "dropped by the interface"),
        (counters.not_saved, "not saved"),
        (counters.undecodable_total(), "undecodable"),
        (counters.gap_octets, "octets never seen"),
    ];
    let seen = losses.iter().filter(|(count, _)| *count > 0);
    parts.extend(seen.map(|(count, what)| format!("{count} {what}")));
    let limits = counters.limits.iter();
    parts.extend(limits.map(|(limit, count)| format!("limit {} reached {count} ×", limit.name())));
    parts.join(", ")
}

fn field_name(exchange: &Exchange) -> &'static str {
    if exchange.status() == Some(407) { "Proxy-Authorization" } else { "Authorization" }
}

fn credentials(authorization: &Authorization, field: &str) -> String {
    let scheme = || {
        let scheme = authorization.scheme.as_ref();
        visible(scheme.map_or("credentials", Scheme::name)).into_owned()
    };
    let user = || match &authorization.user {
        Some(user) => format!(" {}", shorten(&visible(user), 60)),
        None => String::new(),
    };
    match &authorization.state {
        AuthState::Missing => format!("no {field}"),
        AuthState::Present { shape: Shape::UserPass { .. } | Shape::Raw, .. } => scheme() + &user(),
        // "Digest digest" says no more than "Digest".
        AuthState::Present { shape, .. } if scheme().eq_ignore_ascii_case(shape.name()) => {
            scheme() + &user()
        }
        AuthState::Present { shape, .. } => format!("{} {}{}", scheme(), shape.name(), user()),
        AuthState::Malformed { reason, .. } => {
            format!("{} malformed ({}){}", scheme(), reason.name(), user())
        }
        AuthState::Multiple { count, .. } => format!("{count} × {field}"),
        AuthState::Unknown { reason } => format!("{field} not captured ({})", reason.name()),
    }
}

fn request_line(request: &Request, masking: &Masking) -> String {
    let target = masking.target(request.target());
    let host = request.host().filter(|_| target.first() == Some(&b'/')).unwrap_or_default();
    let place = visible_octets(host).into_owned() + &visible_octets(&target);
    format!("{} {}", visible_octets(request.method()), shorten(&place, TARGET))
}

fn status(page: &mut Page<'_>, status: Option<u16>, benign: bool) {
    match status {
        Some(status @ (401 | 407)) if !benign => page.painted(RED, &status.to_string()),
        Some(0) => page.painted(DIM, "(status not captured)"),
        Some(status) => page.plain(&status.to_string()),
        None => page.painted(DIM, "(no response)"),
    }
}

fn cause(page: &mut Page<'_>, verdict: &Verdict) {
    let Diagnosis { entry, confidence, benign, .. } = &*verdict.diagnosis;
    let (lead, color) = if *benign { ("Normal", DIM) } else { (confidence.lead(), YELLOW) };
    page.painted(color, &format!("{lead}: {}", entry.title));
    page.painted(DIM, &format!(" [{}]", entry.id));
    if verdict.repeat > 1 {
        page.plain(&format!(" ×{}", verdict.repeat));
    }
}

fn reasons(page: &mut Page<'_>, verdict: &Verdict) {
    let diagnosis = &verdict.diagnosis;
    page.paragraph("", &diagnosis.explanation());
    for fact in &diagnosis.evidence {
        let note = if fact.note.is_empty() { String::new() } else { format!(" ({})", fact.note) };
        page.paragraph("seen", &format!("{} = {}{note}", fact.field, fact.value));
    }
    page.paragraph("client", &diagnosis.client_fix());
    page.paragraph("server", &diagnosis.server_fix());
    for other in &verdict.also {
        let (lead, entry) = (other.confidence.lead(), other.entry);
        page.paragraph("or", &format!("{lead}: {} [{}]", entry.title, entry.id));
    }
    for note in &verdict.notes {
        page.paragraph("note", &format!("{} [{}]", note.text(), note.id.name()));
    }
    page.plain("\n");
}

/// `2026-11-21T12:03:07.123Z`: to the millisecond, since a line is read by people.
fn clock(time: Timestamp) -> String {
    let full = time.rfc3339();
    full.get(..23).map_or_else(|| full.clone(), |start| format!("{start}Z"))
}

struct Page<'a> {
    out: &'a mut Vec<u8>,
    color: bool,
}

impl Page<'_> {
    fn plain(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn painted(&mut self, color: &str, text: &str) {
        // Writing to a vector cannot fail.
        let _ = if self.color {
            write!(self.out, "\x1b[{color}m{text}\x1b[0m")
        } else {
            self.out.write_all(text.as_bytes())
        };
    }

    /// An indented line with a word before it. Texts quote the wire: they are made visible here.
    fn paragraph(&mut self, word: &str, text: &str) {
        if !text.is_empty() {
            self.plain("    ");
            self.painted(CYAN, &format!("{word:<7}"));
            self.plain(&visible(text));
            self.plain("\n");
        }
    }
}
