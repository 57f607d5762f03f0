//! Many attempts: accounts that lock, and credentials that are guessed.

use std::time::Duration;

use crate::diagnosis::history::{Record, Sent};
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::stated;
use crate::diagnosis::view::View;
use crate::secret::Fingerprint;
use crate::text;
use crate::time::{Timestamp, humane};

/// Failures before a lock is plausible.
const LOCKING: usize = 5;

/// Statuses with which servers turn away whoever failed too often, and many others.
pub const CUT_OFF: [u16; 2] = [403, 503];

/// Over how long failures are counted for a lock.
const LOCK_WINDOW: Duration = Duration::from_secs(600);

/// Over how long attempts are counted as guessing.
const GUESS_WINDOW: Duration = Duration::from_secs(300);

/// Failures before it looks like guessing.
const GUESSES: usize = 10;

/// Different credentials for one user before it looks like guessing.
const GUESSED: usize = 5;

/// Different users before it looks like stuffing.
const USERS: usize = 10;

/// Clients that try one user before it looks like a distributed attack.
const CLIENTS: usize = 5;

/// “{n} failed attempts for "{user}" in {minutes} min. The server {says}; retry after {retry_after}.”
/// (catalogue: evercam-server#91)
///
/// Stated by the server, or seen: right after many failures a login that worked before is refused, or
/// the same user's login is answered as no login is.
pub fn lockout_or_throttle(view: &View<'_>) -> Answer {
    let cut_off = CUT_OFF.contains(&view.status());
    let stated = if cut_off { None } else { stated::lockout_or_throttle(view).found() };
    if stated.is_none() && !(cut_off && view.user().is_some()) && !stopped(view) {
        return Answer::No;
    }
    let failures = view.record().map_or_else(Vec::new, |own| failures(view, own));
    let found = match stated {
        Some(found) => found,
        None if failures.len() >= LOCKING => Found::likely(),
        None => return Answer::No,
    };
    let (Some(own), Some(first)) = (view.record(), failures.last()) else { return found.into() };
    let minutes = own.time.since(first.time).as_secs().div_ceil(60).max(1);
    let mut clients: Vec<String> = Vec::new();
    for failure in &failures {
        let client = failure.client.ip().to_string();
        if !clients.contains(&client) && clients.len() < CLIENTS {
            clients.push(client);
        }
    }
    found
        .because("history", format!("{} refusals", failures.len()), "of the same user before")
        .fact("n", failures.len().to_string())
        .fact_if("user", view.user().map(text::visible))
        .fact("minutes", minutes.to_string())
        .fact("clients", clients.join(", "))
        .related(first.id)
        .into()
}

/// Earlier refusals of the same user, newest first; steps of a negotiation do not count.
fn failures<'a>(view: &View<'a>, own: &'a Record) -> Vec<&'a Record> {
    view.history()
        .of_user(own)
        .skip_while(|record| record.time >= own.time)
        .take_while(|record| own.time.since(record.time) <= LOCK_WINDOW)
        .take_while(|record| !record.accepted())
        .filter(|record| record.refusal.as_ref().is_some_and(|refusal| !refusal.is_step()))
        .collect()
}

/// Whether what was accepted before is refused now.
fn stopped(view: &View<'_>) -> bool {
    let (Some(past), Some(own)) = (view.past(), view.record()) else { return false };
    own.exact && past.proven_here.is_some() && past.accepted_later.is_none()
}

/// For how many accounts tokens and keys were tried.
const UNKNOWN_ACCOUNTS: &str = "an unknown number of";

/// “{n} different credentials were tried from {client} in {minutes} min for {k} account(s). This looks
/// like guessing rather than a misconfiguration.”
pub fn password_guessing(view: &View<'_>) -> Answer {
    if view.shape().is_none() {
        return Answer::No;
    }
    let Some(own) = view.record() else { return Answer::No };
    if !is_guess(own) {
        return Answer::No;
    }
    from_one_client(view, own).or_else(|| of_one_user(view, own)).into()
}

/// A login that a person or a program could have guessed: a password or a key, not a handshake.
fn is_guess(record: &Record) -> bool {
    record.sent == Sent::Credentials
        && record.exact
        && (record.scheme == Some("Basic") || record.user_key == 0)
}

fn from_one_client(view: &View<'_>, own: &Record) -> Option<Found> {
    let bound = view.history().guessed(own);
    if bound.credentials < GUESSED && bound.users < USERS {
        return None;
    }
    // So many attempts go back at least as far as the tenth refusal does.
    let tenth = view.history().of_refused_client(own).nth(GUESSES - 1)?;
    if logged_in_since(view, own, tenth.time.min(own.time)) {
        return None;
    }
    let (mut attempts, mut first) = (0, own);
    let mut credentials: Vec<Fingerprint> = Vec::new();
    let mut own_credentials: Vec<Fingerprint> = Vec::new();
    let mut users: Vec<u64> = Vec::new();
    for record in view.history().of_refused_client(own) {
        let apart = own.time.since(record.time).max(record.time.since(own.time));
        if apart > GUESS_WINDOW {
            if record.time < own.time {
                break;
            }
            continue;
        }
        if !is_guess(record) || !record.same_client(own) || !record.same_origin(own) {
            continue;
        }
        let Some(credential) = record.credentials.first().copied().flatten() else { continue };
        attempts += 1;
        first = record;
        if !credentials.contains(&credential) {
            credentials.push(credential);
            if record.user_key == own.user_key {
                own_credentials.push(credential);
            }
        }
        if record.user_key != 0 && !users.contains(&record.user_key) {
            users.push(record.user_key);
        }
    }
    // Tokens and keys do not say whose they are: each may be another's.
    let known = own.user_key != 0;
    let enough = if known { GUESSED } else { USERS };
    let guessed = own_credentials.len() >= enough || users.len() >= USERS;
    if attempts < GUESSES || !guessed || logged_in_since(view, own, first.time) {
        return None;
    }
    let whose =
        if users.is_empty() { "of unknown users".into() } else { format!("{} users", users.len()) };
    let accounts = if known { users.len().max(1).to_string() } else { UNKNOWN_ACCOUNTS.to_owned() };
    let minutes = own.time.since(first.time).as_secs().div_ceil(60).max(1);
    Some(
        Found::likely()
            .because(
                "history",
                format!("{attempts} refusals"),
                format!("{} different credentials, {whose}", credentials.len()),
            )
            .fact("n", credentials.len().to_string())
            .fact("k", accounts)
            .fact("client", client(own))
            .fact("minutes", minutes.to_string())
            .related(first.id),
    )
}

/// The client in words: behind a proxy, that which the proxy names.
fn client(own: &Record) -> String {
    let address = own.client.ip();
    match own.refusal.as_ref().and_then(|refusal| refusal.forwarded_for()) {
        Some(client) if client != address => format!("{client} (by way of {address})"),
        _ => address.to_string(),
    }
}

/// A person finds the right password in the end.
fn logged_in_since(view: &View<'_>, own: &Record, first: Timestamp) -> bool {
    let history = view.history();
    history.visit_may_be_accepted(own)
        && history.of_visit(own).any(|record| {
            record.accepted()
                && record.sent == Sent::Credentials
                && record.same_client(own)
                && record.time >= first
                && record.time.since(own.time) <= GUESS_WINDOW
        })
}

fn of_one_user(view: &View<'_>, own: &Record) -> Option<Found> {
    if view.history().clients_of_user(own) < CLIENTS {
        return None;
    }
    view.history().of_user(own).nth(GUESSED - 1)?;
    let mut clients = Vec::new();
    let mut credentials: Vec<Fingerprint> = Vec::new();
    for record in view.history().of_user(own) {
        let apart = own.time.since(record.time).max(record.time.since(own.time));
        if apart > GUESS_WINDOW || !record.refused() || !is_guess(record) {
            continue;
        }
        let client = record.client.ip();
        if !clients.contains(&client) {
            clients.push(client);
        }
        if let Some(credential) = record.credentials.first().copied().flatten()
            && !credentials.contains(&credential)
        {
            credentials.push(credential);
        }
    }
    (clients.len() >= CLIENTS && credentials.len() >= GUESSED).then(|| {
        Found::likely()
            .because(
                "history",
                format!("{} clients", clients.len()),
                format!("{} different credentials for one user", credentials.len()),
            )
            .fact("n", credentials.len().to_string())
            .fact("k", "1")
            .fact("client", format!("{} addresses", clients.len()))
            .fact("minutes", humane_minutes())
    })
}

fn humane_minutes() -> String {
    humane(GUESS_WINDOW).trim_end_matches(" min").to_owned()
}
