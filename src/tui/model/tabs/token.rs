//! Token: what is inside the credentials.

use std::time::Duration;

use serde_json::Value;

use super::Context;
use crate::auth::authorization::Parameters;
use crate::auth::{AuthState, Authorization, Jwt, Shape};
use crate::diagnosis::Case;
use crate::text;
use crate::time::{Timestamp, humane};
use crate::tui::model::document::{Document, Line, Role};
use crate::tui::model::summary;

/// Cells of the validity bar.
const BAR: usize = 40;

pub fn document(case: &Case, context: &Context<'_>) -> Document {
    let mut document = Document::default();
    authorization(&case.auth.authorization, case, context, &mut document);
    if let Some(proxy) = &case.auth.proxy_authorization {
        document.heading("Proxy-Authorization");
        authorization(proxy, case, context, &mut document);
    }
    alternatives(case, &mut document);
    challenges(case, context, &mut document);
    document
}

fn authorization(
    authorization: &Authorization,
    case: &Case,
    context: &Context<'_>,
    document: &mut Document,
) {
    let (scheme, user) = (&authorization.scheme, &authorization.user);
    document.field("state", Role::Strong, authorization.state.name());
    if let Some(scheme) = scheme {
        let spelled = if scheme.spelling() == scheme.name() {
            String::new()
        } else {
            format!(" (spelled {})", scheme.spelling())
        };
        document.field("scheme", Role::Text, format!("{}{spelled}", scheme.name()));
    }
    if let Some(user) = user {
        document.field("speaks for", Role::Text, user);
    }
    if let Some(fingerprint) = authorization.fingerprint {
        let same = uses(fingerprint, context);
        document.field("fingerprint", Role::Text, format!("{fingerprint}{same}"));
    }
    match &authorization.state {
        AuthState::Missing => document.paragraph(Role::Warning, "The request has no such header."),
        AuthState::Unknown { reason } => document.paragraph(
            Role::Warning,
            &format!(
                "It cannot be known whether credentials were sent: {}.",
                summary::unknown(*reason)
            ),
        ),
        AuthState::Malformed { reason, findings } => {
            document.field("malformed", Role::Bad, reason.name());
            list_findings(findings, document);
        }
        AuthState::Present { shape, findings } => {
            document.field("shape", Role::Text, shape.name());
            list_findings(findings, document);
            show_shape(shape, case, context, document);
        }
        AuthState::Multiple { count, identical, first, .. } => {
            let same = if *identical { "all the same octets" } else { "they differ" };
            document.field("header lines", Role::Bad, format!("{count}, {same}"));
            document.heading("The first one");
            self::authorization(first, case, context, document);
        }
    }
}

/// How often the same credential was seen accepted and refused.
fn uses(fingerprint: crate::secret::Fingerprint, context: &Context<'_>) -> String {
    let (mut accepted, mut refused) = (0_usize, 0_usize);
    for case in context.history.iter() {
        if case.auth.authorization.fingerprint == Some(fingerprint) {
            match case.exchange.status() {
                Some(401 | 407) => refused += 1,
                Some(200..=399) => accepted += 1,
                _ => {}
            }
        }
    }
    format!("  (in this run: accepted {accepted} times, refused {refused} times)")
}

fn list_findings(findings: &[crate::auth::Finding], document: &mut Document) {
    if !findings.is_empty() {
        let names: Vec<&str> = findings.iter().map(|finding| finding.name()).collect();
        document.field("findings", Role::Warning, names.join(", "));
    }
}

fn show_shape(shape: &Shape, case: &Case, context: &Context<'_>, document: &mut Document) {
    match shape {
        Shape::UserPass { user, password } => {
            document.field("user", Role::Text, user);
            let shown = if context.masking.reveal {
                text::decode(password.expose()).into_owned()
            } else {
                format!("{password}, {} octets", password.len())
            };
            document.field("password", Role::Text, shown);
        }
        Shape::Jws(jwt) => json_web_token(jwt, case, context, document),
        Shape::Jwe { alg, enc } => {
            document.field("alg", Role::Text, alg.as_deref().unwrap_or("not given"));
            document.field("enc", Role::Text, enc.as_deref().unwrap_or("not given"));
            document
                .paragraph(Role::Muted, "The claims are encrypted: only the server can read them.");
        }
        Shape::Opaque { length, known_prefix } => {
            document.field("length", Role::Text, format!("{length} octets"));
            if let Some(prefix) = known_prefix {
                document.field("prefix", Role::Text, prefix);
            }
            document.paragraph(
                Role::Muted,
                "An opaque token: its meaning lives in the server's database.",
            );
        }
        Shape::Digest(parameters) => {
            document.heading("Digest parameters");
            list_parameters(parameters, &["response", "cnonce"], context, document);
        }
        Shape::Params(parameters) => {
            document.heading("Parameters");
            let secret = [
                "signature",
                "oauth_signature",
                "mac",
                "sig",
                "response",
                "password",
                "token",
                "secret",
            ];
            list_parameters(parameters, &secret, context, document);
        }
        Shape::Ntlm3 { domain, user, workstation } => {
            document.field("domain", Role::Text, domain);
            document.field("user", Role::Text, user);
            document.field("workstation", Role::Text, workstation);
        }
        _ => {}
    }
}

fn list_parameters(
    parameters: &Parameters,
    secret: &[&str],
    context: &Context<'_>,
    document: &mut Document,
) {
    for (name, value) in &parameters.0 {
        let hide = !context.masking.reveal && secret.contains(&name.as_str());
        document.field(name, Role::Text, if hide { "(masked)" } else { value });
    }
}

fn json_web_token(jwt: &Jwt, case: &Case, context: &Context<'_>, document: &mut Document) {
    document.heading("Header");
    for (name, value) in &jwt.header {
        document.field(name, Role::Text, plain(value));
    }
    document.heading("Claims (decoded, not verified)");
    let (now, clock) = server_time(case);
    for (name, value) in &jwt.claims {
        let shown = context.masking.reveal || Jwt::SHOWN_CLAIMS.contains(&name.as_str());
        match (name.as_str(), jwt.date(name)) {
            ("exp" | "nbf" | "iat" | "auth_time", Some(date)) => {
                let (role, words) = relative(name, date, now);
                document.field(name, role, words);
            }
            _ if shown => document.field(name, Role::Text, plain(value)),
            _ => document.field(name, Role::Muted, "(masked)"),
        }
    }
    document.field("signature", Role::Text, format!("{} octets", jwt.signature_length));
    document.space();
    validity(jwt, now, context, document);
    let words = format!("Times are relative to {clock}, {}.", now.rfc3339_seconds());
    document.paragraph(Role::Muted, &words);
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The server's clock when it answered: its `Date` field where it has one, else packet time.
fn server_time(case: &Case) -> (Timestamp, &'static str) {
    let exchange = &case.exchange;
    let said = exchange.response.as_ref().and_then(|response| {
        let date = response.head.get("date").filter(|_| !response.head.has("age"))?;
        let date = httpdate::parse_http_date(std::str::from_utf8(date).ok()?).ok()?;
        let seconds = date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
        Some(Timestamp::from_seconds(i64::try_from(seconds).ok()?))
    });
    match said {
        Some(date) => (date, "the server's clock (Date)"),
        None => (exchange.time(), "the capturing machine's clock (the answer has no Date)"),
    }
}

/// A NumericDate in words: the date, and how far it is from the server's clock.
fn relative(name: &str, date: i64, now: Timestamp) -> (Role, String) {
    let at = Timestamp::from_seconds(date);
    let (distance, side) =
        if at > now { (at.since(now), "from then") } else { (now.since(at), "before") };
    let words = match side {
        "before" => format!("{} ago", humane(distance)),
        _ => format!("in {}", humane(distance)),
    };
    let wrong =
        (name == "exp" && at <= now) || (name != "exp" && at > now + Duration::from_secs(60));
    let role = if wrong { Role::Bad } else { Role::Text };
    let said = match (name, wrong) {
        ("exp", true) => ": expired",
        (_, true) => ": in the future",
        _ => "",
    };
    (role, format!("{}  ({words}{said})", at.rfc3339_seconds()))
}

/// A bar from the token's beginning to its end, and where the server's clock stood.
fn validity(jwt: &Jwt, now: Timestamp, context: &Context<'_>, document: &mut Document) {
    let (Some(end), Some(start)) = (jwt.date("exp"), jwt.date("nbf").or_else(|| jwt.date("iat")))
    else {
        if jwt.date("exp").is_none() {
            document.paragraph(Role::Warning, "No exp: this token never expires by itself.");
        }
        return;
    };
    let life = end.saturating_sub(start);
    if life <= 0 {
        document.paragraph(Role::Bad, "It ends before it begins.");
        return;
    }
    let passed = now.seconds().saturating_sub(start) as f64 / life as f64;
    let [full, rest] = context.symbols.gauge;
    let filled = (passed.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    let (role, words) = match passed {
        ..0.0 => (Role::Bad, "not valid yet".to_owned()),
        1.0.. => (Role::Bad, "expired".to_owned()),
        _ => (Role::Good, format!("{:.0}% of its life has passed", passed * 100.0)),
    };
    document.push(
        Line::indented(2)
            .with(Role::Label, format!("{:<14}", "valid"))
            .with(role, full.repeat(filled))
            .with(Role::Muted, rest.repeat(BAR - filled))
            .with(role, format!(" {words}")),
    );
    document.field("lifetime", Role::Text, humane(Duration::from_secs(life.unsigned_abs())));
}

fn alternatives(case: &Case, document: &mut Document) {
    if case.auth.alternatives.is_empty() {
        return;
    }
    document.heading("Other credentials in the request");
    for other in &case.auth.alternatives {
        let fingerprint = other.fingerprint.map_or_else(String::new, |fp| format!("  fp {fp}"));
        document.field(other.kind.name(), Role::Text, format!("{}{fingerprint}", other.name));
    }
}

fn challenges(case: &Case, context: &Context<'_>, document: &mut Document) {
    if case.auth.challenges.is_empty() {
        return;
    }
    document.heading("What the server offers");
    for challenge in case.auth.challenges.iter() {
        let parameters: Vec<String> = challenge
            .params
            .0
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", context.masking.text(value)))
            .collect();
        let data = if challenge.token68.is_some() { " (with data)" } else { "" };
        document.field(
            challenge.scheme.name(),
            Role::Text,
            format!("{}{data}", parameters.join(", ")),
        );
    }
    for defect in &case.auth.challenge_defects {
        document.paragraph(Role::Warning, &format!("not well-formed: {}", defect.name()));
    }
}
