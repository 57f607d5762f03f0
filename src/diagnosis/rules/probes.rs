//! Refusals that the client expects ("am I logged in?", health checks that take a 401 for alive), and
//! those that it does not learn from.

use std::time::Duration;

use crate::auth::syntax::contains_ignore_case;
use crate::diagnosis::Note;
use crate::diagnosis::history::{Record, Sent};
use crate::diagnosis::view::View;

/// Names at the end of a path that a page asks for to learn who its user is.
const WHO_AM_I: [&str; 9] = [
    "me",
    "user",
    "userinfo",
    "session",
    "whoami",
    "ping",
    "profile",
    "current_user",
    "current-user",
];

/// Programs that check whether a server is alive.
const CHECKERS: [&str; 14] = [
    "kube-probe",
    "elb-healthchecker",
    "googlehc",
    "consul",
    "prometheus",
    "blackbox",
    "uptime",
    "pingdom",
    "statuscake",
    "check_http",
    "nagios",
    "zabbix",
    "haproxy",
    "health",
];

/// Paths that such programs ask for.
const CHECKED: [&str; 8] =
    ["health", "healthz", "ready", "readyz", "live", "livez", "heartbeat", "alive"];

/// The remark that a client does not back off.
pub fn storm(view: &View<'_>) -> Option<Note> {
    let own = view.record().filter(|own| own.exact && own.sent != Sent::Unknown)?;
    let (count, span) = view.history().storm(own)?;
    Some(Note::retry_storm(count, span))
}

/// Why a refused request without credentials is none of its user's troubles; `None` when it is.
pub fn expected(view: &View<'_>) -> Option<&'static str> {
    let own = view.record()?;
    if own.has_credentials() {
        return None;
    }
    if is_login_probe(view, own) {
        return Some("The page asks whether its user is logged in; the answer is no.");
    }
    is_health_check(view, own)
        .then_some("A health check at a fixed pace: for it a 401 means that the server is alive.")
}

/// Whether the last segment of the path is one of these words.
fn ends_in(own: &Record, words: &[&str]) -> bool {
    let end = own.path.rsplit('/').next().unwrap_or_default();
    words.iter().any(|word| end.eq_ignore_ascii_case(word))
}

/// `GET …/me` from a page that otherwise works without a login.
fn is_login_probe(view: &View<'_>, own: &Record) -> bool {
    let from_page = view.is_browser()
        && view.request().is_some_and(|r| r.head.has("referer") || r.head.has("origin"));
    if !from_page || &*view.method() != "GET" || !ends_in(own, &WHO_AM_I) {
        return false;
    }
    let page = view
        .history()
        .of_visit(own)
        .any(|record| record.accepted() && !record.has_credentials() && record.same_client(own));
    let paced =
        view.history().of_route(own).filter(|record| record.same_client(own)).all(|other| {
            other.id == own.id
                || own.time.since(other.time).max(other.time.since(own.time))
                    >= Duration::from_secs(5)
        });
    page && paced
}

/// The same request at a fixed pace, three times or more, and never with credentials.
fn is_health_check(view: &View<'_>, own: &Record) -> bool {
    if !view.history().is_shared_route(own) {
        return false;
    }
    let agent = view.request().and_then(|request| request.head.get("user-agent"));
    let checker = agent.is_some_and(|agent| {
        CHECKERS.into_iter().any(|name| contains_ignore_case(agent, name.as_bytes()))
    });
    if !checker && !ends_in(own, &CHECKED) {
        return false;
    }
    let mut times = Vec::new();
    for record in view.history().of_route(own) {
        if !record.same_client(own) || record.method != own.method {
            continue;
        }
        if record.has_credentials() || !record.refused() {
            return false;
        }
        times.push(record.time);
    }
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[0].seconds_from(pair[1])).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    gaps.len() >= 2 && mean >= 0.5 && gaps.iter().all(|gap| (gap - mean).abs() <= mean / 10.0)
}
