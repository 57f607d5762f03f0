//! A Markdown incident report: what happened, why, what to do, where to look. Everything from the
//! wire stands in code spans or is escaped, so that it can neither format nor link nor run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{body, curl, text as line};
use crate::auth::masking::{self, Masking};
use crate::diagnosis::{Case, Diagnosis, Verdict};
use crate::http::{Head, HeadLoss, Request, Response};
use crate::text::{self, visible, visible_octets};
use crate::time::{Timestamp, humane};

/// Octets of a response's body that are quoted.
const QUOTED: usize = 600;

/// Header fields by which a request is found again in logs.
const TRACES: [&str; 8] = [
    "x-request-id",
    "x-correlation-id",
    "request-id",
    "traceparent",
    "x-amzn-trace-id",
    "x-b3-traceid",
    "x-trace-id",
    "cf-ray",
];

/// The report on these cases, each with what of it may be shown. `source` names what was watched.
pub fn markdown<'a>(
    cases: impl IntoIterator<Item = (&'a Case, &'a Masking)>,
    source: &str,
) -> String {
    let cases: Vec<(&Case, &Masking)> = cases.into_iter().collect();
    let mut page = Page { out: String::new() };
    page.heading(1, &title(&cases));
    page.line(&format!(
        "Captured from {} and written by why401 {}. Times are UTC. {}",
        code(source),
        env!("CARGO_PKG_VERSION"),
        secrecy(&cases)
    ));
    if cases.len() > 1 {
        page.causes(&cases);
    }
    for (index, (case, masking)) in cases.iter().enumerate() {
        if cases.len() > 1 {
            page.heading(2, &format!("{}. {}", index + 1, summary(case, masking)));
        }
        page.case(case, masking);
    }
    page.out
}

/// Whether secrets are shown, and of how many.
fn secrecy(cases: &[(&Case, &Masking)]) -> String {
    match (cases.iter().filter(|(_, masking)| masking.reveal).count(), cases.len()) {
        (0, _) => "Secrets are masked.".to_owned(),
        (shown, all) if shown == all => "**Secrets are shown.**".to_owned(),
        (shown, all) => format!("**Secrets of {shown} of {all} exchanges are shown.**"),
    }
}

fn title(cases: &[(&Case, &Masking)]) -> String {
    match cases {
        [] => "No exchanges".to_owned(),
        [(case, masking)] => summary(case, masking),
        many => {
            let refused =
                many.iter().filter(|(case, _)| case.exchange.status() == Some(401)).count();
            format!("{refused} × 401 in {} exchanges", many.len())
        }
    }
}

/// `GET http://api.local/v1/orders` → 401.
fn summary(case: &Case, masking: &Masking) -> String {
    let exchange = &case.exchange;
    let asked = match &exchange.request {
        Some(request) => code(&format!(
            "{} {}",
            visible_octets(request.method()),
            text::shorten(&url(case, request, masking), 200)
        )),
        None => format!("a request that was {}", exchange.without_request()),
    };
    match exchange.status() {
        Some(0) => format!("{asked} → status not captured"),
        Some(status) => format!("{asked} → {status}"),
        None => format!("{asked} → no response"),
    }
}

fn url(case: &Case, request: &Request, masking: &Masking) -> String {
    let target = masking.target(request.target());
    if !target.starts_with(b"/") {
        return visible_octets(&target).into_owned();
    }
    let host = request.host().map(|host| visible_octets(host).into_owned());
    let host = host.unwrap_or_else(|| case.exchange.connection.server.to_string());
    format!("http://{host}{}", visible_octets(&target))
}

struct Page {
    out: String,
}

impl Page {
    fn heading(&mut self, level: usize, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        let _ = writeln!(self.out, "{} {text}\n", "#".repeat(level));
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    fn item(&mut self, name: &str, text: &str) {
        let _ = writeln!(self.out, "- **{name}:** {text}");
    }

    fn fenced(&mut self, language: &str, text: &str) {
        let fence = "`".repeat(longest_run(text).max(2) + 1);
        let _ = writeln!(self.out, "{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'));
    }

    /// How often each cause occurs, the most frequent first.
    fn causes(&mut self, cases: &[(&Case, &Masking)]) {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for verdict in cases.iter().filter_map(|(case, _)| case.verdict.as_ref()) {
            let entry = verdict.diagnosis.entry;
            *counts.entry((&entry.title, &entry.id)).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        if !counts.is_empty() {
            self.line("\n| cause | id | exchanges |\n| --- | --- | ---: |");
        }
        for ((title, id), count) in counts {
            self.line(&format!("| {} | `{id}` | {count} |", escape(title)));
        }
    }

    fn case(&mut self, case: &Case, masking: &Masking) {
        let masking = &masking.knowing(&case.exchange, &case.auth);
        self.facts(case, masking);
        if let Some(response) = &case.exchange.response {
            self.answer(response, masking);
        }
        if let Some(verdict) = &case.verdict {
            self.cause(verdict);
        }
        self.repeat(case, masking);
        self.logs(case);
    }

    fn facts(&mut self, case: &Case, masking: &Masking) {
        let exchange = &*case.exchange;
        let connection = &exchange.connection;
        self.line("");
        if let Some(request) = &exchange.request {
            self.item("URL", &code(&url(case, request, masking)));
        }
        let latency =
            exchange.latency().map(|latency| format!(", answered after {}", humane(latency)));
        self.item("Time", &format!("{}{}", exchange.time().rfc3339(), latency.unwrap_or_default()));
        let agent = exchange.request.as_ref().and_then(|request| request.head.get("user-agent"));
        let agent = agent.map(|agent| masking.header(b"user-agent", agent));
        let agent = agent.map(|agent| format!(" ({})", code(&visible_octets(&agent))));
        self.item("Client", &format!("`{}`{}", connection.client, agent.unwrap_or_default()));
        self.item("Server", &format!("`{}`", connection.server));
        self.item(
            "In the capture",
            &format!(
                "exchange {}, connection {}, on {}",
                exchange.id,
                connection.flow,
                code(&connection.interface)
            ),
        );
        if exchange.request.is_some() {
            self.item("Sent", &code(&line::sent(case)));
        }
        if let Some(asked) = line::asked(case) {
            self.item("The server asks for", &code(&asked));
        }
        if exchange.coverage.request_loss == Some(HeadLoss::NotHttp1) {
            self.item("Note", "what the client sent is unreadable as HTTP");
        } else if !exchange.is_complete() {
            self.item("Note", "parts of this exchange were not captured");
        }
    }

    fn answer(&mut self, response: &Response, masking: &Masking) {
        self.heading(3, "What the server said");
        let mut said = format!(
            "{} {} {}\n",
            response.version.name(),
            response.status,
            visible_octets(&masking.words(response.reason()))
        );
        let mut fields = |head: &Head| {
            for (name, value) in head.fields() {
                let value = masking.header(name, value);
                let _ = writeln!(said, "{}: {}", visible_octets(name), visible_octets(&value));
            }
        };
        fields(&response.head);
        if let Some(trailers) = &response.trailers {
            fields(trailers);
        }
        if let Some(body) = body::text(&response.head, &response.body, masking) {
            let text = text::decode(&body);
            let lines: Vec<_> = text.lines().map(visible).collect();
            let _ = write!(said, "\n{}", text::shorten(&lines.join("\n"), QUOTED));
        }
        self.fenced("http", &said);
    }

    fn cause(&mut self, verdict: &Verdict) {
        let diagnosis = &verdict.diagnosis;
        self.heading(3, &format!("Cause: {}", escape(&diagnosis.entry.title)));
        self.line(&format!(
            "{} (`{}`, {})\n",
            explained(diagnosis),
            diagnosis.entry.id,
            certainty(diagnosis)
        ));
        for fact in &diagnosis.evidence {
            let note = if fact.note.is_empty() {
                String::new()
            } else {
                format!(": {}", escape(&fact.note))
            };
            self.line(&format!("- {} = {}{note}", code(&fact.field), code(&fact.value)));
        }
        for other in &verdict.also {
            self.line(&format!(
                "- Also possible: {} (`{}`, {})",
                escape(&other.entry.title),
                other.entry.id,
                certainty(other)
            ));
        }
        for note in &verdict.notes {
            self.line(&format!("- Note: {} (`{}`)", escape(&note.text()), note.id.name()));
        }
        self.heading(3, "What to do");
        for (who, fix) in [("Client", diagnosis.client_fix()), ("Server", diagnosis.server_fix())] {
            if !fix.is_empty() {
                self.item(who, &escape(&fix));
            }
        }
    }

    fn repeat(&mut self, case: &Case, masking: &Masking) {
        let Some(command) = curl::command(case, masking) else { return };
        self.heading(3, "To repeat it");
        self.fenced("sh", &command.to_string());
        for (name, place) in &command.variables {
            self.line(&format!("- `{name}` stands for the secret of {}", code(place)));
        }
        for remark in &command.remarks {
            self.line(&format!("- {}", escape(remark)));
        }
    }

    fn logs(&mut self, case: &Case) {
        let patterns = log_patterns(case);
        if !patterns.is_empty() {
            self.heading(3, "In the server's logs");
            self.fenced("sh", &patterns.join("\n"));
        }
    }
}

fn explained(diagnosis: &Diagnosis) -> String {
    escape(&diagnosis.explanation())
}

fn certainty(diagnosis: &Diagnosis) -> &'static str {
    if diagnosis.benign { "normal" } else { diagnosis.confidence.name() }
}

/// Commands that find the exchange in the logs that servers write by default.
fn log_patterns(case: &Case) -> Vec<String> {
    let exchange = &*case.exchange;
    let mut patterns = Vec::new();
    let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else {
        return patterns;
    };
    let heads = [&request.head, &response.head];
    for name in TRACES {
        for id in heads.iter().filter_map(|head| head.get(name)).take(1) {
            let id = if name == "traceparent" { trace_id(id) } else { id };
            if !id.is_empty() {
                patterns.push(format!("grep -rF -e {} .", curl::Quoted(id)));
            }
        }
    }
    // The combined log format of Apache and nginx: client, [time], "METHOD target version", status.
    let path = masking::public_part(request.path());
    let line = format!("\"{} {}", text::decode(request.method()), text::decode(path));
    let client = exchange.connection.client.ip().to_string();
    patterns.push(format!(
        "grep -F -e {} access.log | grep -F -e {} | grep -F -e '\" {} '",
        curl::Quoted(line.as_bytes()),
        curl::Quoted(minute(response.time).as_bytes()),
        response.status
    ));
    patterns.push(format!(
        "grep -F -e {} access.log | grep -F -e '\" {} '",
        curl::Quoted(client.as_bytes()),
        response.status
    ));
    patterns
}

/// The trace id within a `traceparent` (W3C Trace Context §3.2).
fn trace_id(value: &[u8]) -> &[u8] {
    value.split(|&octet| octet == b'-').nth(1).unwrap_or(value)
}

/// `21/Nov/2026:12:03:`, as a log in UTC writes the minute.
fn minute(time: Timestamp) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = time.rfc3339_seconds();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
    let month =
        part(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.checked_sub(1)?));
    let month = month.copied().unwrap_or("???");
    format!("{}/{month}/{}:{}:", part(8..10), part(0..4), part(11..16))
}

/// Text from the wire in a code span that it cannot leave.
fn code(text: &str) -> String {
    let text = visible(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let edge = text.starts_with('`') || text.ends_with('`') || text.trim().is_empty();
    let space = if edge { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The longest run of backquotes.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Prose that quotes the wire: every character that Markdown or HTML could act on is escaped.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in visible(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A bare address would become a link.
    out.replace("://", ":\\//").replace("www.", "www\\.").replace('@', "&#64;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{self, Talk, diagnose, get};
    use crate::diagnosis::{Confidence, Evidence, catalogue};
    use crate::secret::FingerprintKey;

    fn report(talks: Vec<Talk>) -> String {
        let masking = Masking::new(false, FingerprintKey::from_bytes(&[1; 32]));
        let cases = diagnose(talks).into_iter().map(|case| {
            let refused = case.exchange.status() == Some(401);
            Case { verdict: refused.then(verdict), ..(*case).clone() }
        });
        let cases: Vec<Case> = cases.collect();
        markdown(cases.iter().map(|case| (case, &masking)), "eth0")
    }

    fn verdict() -> Verdict {
        let said = Evidence {
            field: "response.body".into(),
            value: "`token expired`".to_owned(),
            note: "the server's words".into(),
        };
        let entry = catalogue::entry("token-expired").unwrap();
        testing::verdict(entry, Confidence::Likely, vec![said])
    }

    fn refused() -> Talk {
        get("/v1/orders?page=2")
            .host("api.local")
            .auth("Bearer planted-secret-token-1234567890")
            .header("User-Agent", "curl/8.5")
            .header("X-Request-Id", "req-77")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .answer(401)
            .reason("Unauthorized")
            .asks("Bearer error=\"invalid_token\"")
            .with("Content-Type", "application/json")
            .body("{\"error\":\"token expired\"}")
    }

    #[test]
    fn a_report_says_what_happened_why_and_where_to_look() {
        let report = report(vec![refused()]);
        for part in [
            "# `GET http://api.local/v1/orders?page=2` → 401",
            "- **URL:** `http://api.local/v1/orders?page=2`",
            "- **Time:** 2025-06-01T12:00:00.000000Z, answered after 10 ms",
            "- **Client:** `10.0.0.9:40000` (`curl/8.5`)",
            "- **Server:** `10.0.0.1:80`",
            "WWW-Authenticate: Bearer error=\"invalid_token\"",
            "{\"error\":\"token expired\"}",
            "### Cause: The token has expired",
            "(`token-expired`, likely)",
            "- `response.body` = `` `token expired` ``: the server's words",
            "### What to do",
            "- **Client:** ",
            "\"$TOKEN\"",
            "grep -rF -e req-77 .",
            "grep -rF -e 0af7651916cd43dd8448eb211c80319c .",
            "grep -F -e '\"GET /v1/orders' access.log | grep -F -e 01/Jun/2025:12:00: | grep -F -e '\" 401 '",
        ] {
            assert!(report.contains(part), "{part} in\n{report}");
        }
        assert!(!report.contains("planted-secret"), "{report}");
    }

    #[test]
    fn several_cases_begin_with_a_table_of_causes() {
        let report = report(vec![refused(), refused().at(1.0), get("/ok").at(2.0).answer(200)]);
        assert!(report.starts_with("# 2 × 401 in 3 exchanges"), "{report}");
        assert!(report.contains("| The token has expired | `token-expired` | 2 |"), "{report}");
        assert!(report.contains("## 3. `GET http://h/ok` → 200"));
    }

    #[test]
    fn text_from_the_wire_cannot_leave_its_place() {
        let talk = get("/`x`<script>alert(1)</script>")
            .host("h`|[a](http://evil)")
            .header("User-Agent", "``` \n# heading\n\u{1b}[2J<img src=x>")
            .answer(401)
            .reason("```\n# no")
            .body("```\n# not a heading\n````\n<script>");
        let report = report(vec![talk]);
        assert!(!report.contains('\u{1b}'));
        // Outside code there is no markup from the wire: take code away and look.
        let mut outside = String::new();
        let mut fence: Option<String> = None;
        for line in report.lines() {
            let run: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if run.len() >= open.len() && line == run => fence = None,
                Some(_) => {}
                None if run.len() >= 3 => fence = Some(run),
                None => outside = outside + &without_spans(line) + "\n",
            }
        }
        assert!(fence.is_none());
        for trace in ["<script", "<img", "](http", "not a heading", "alert"] {
            assert!(!outside.contains(trace), "{trace} in\n{outside}");
        }
    }

    fn without_spans(line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            out.push_str(&rest[..start]);
            let run: String = rest[start..].chars().take_while(|c| *c == '`').collect();
            let after = &rest[start + run.len()..];
            let mut end = 0;
            rest = loop {
                let Some(found) = after[end..].find(&run) else { break "" };
                let close = end + found;
                let length = after[close..].chars().take_while(|c| *c == '`').count();
                if length == run.len() {
                    break &after[close + length..];
                }
                end = close + length;
            };
        }
        out + rest
    }

    #[test]
    fn prose_is_escaped() {
        assert_eq!(
            escape("a <b> *c* [d](http://e) _f_"),
            "a &lt;b&gt; \\*c\\* \\[d\\](http:\\//e) \\_f\\_"
        );
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code(""), "`  `");
    }
}
