//! The columns: what each is called, how much room it wants, what it shows, what it sorts by, and
//! which filter its cell stands for.

use std::collections::BTreeMap;

use super::document::Role;
use super::history::History;
use super::summary;
use super::table::{Group, SortKey};
use super::views::endpoint;
use crate::diagnosis::Case;
use crate::exchange::Pairing;
use crate::text;
use crate::tui::symbols::Symbols;

/// A column of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// When the exchange began.
    Time,
    /// Client address.
    Client,
    /// Client address and port.
    ClientPort,
    /// Server address and port.
    Server,
    /// Method.
    Method,
    /// Host and path.
    Target,
    /// Status code.
    Status,
    /// What was sent as credential.
    Sent,
    /// What the server asked for.
    Asked,
    /// The diagnosis.
    Why,
    /// From request to response.
    Latency,
    /// How many refusals are folded into the row.
    Repeat,
    /// Host and route.
    Endpoint,
    /// Exchanges of the row.
    Count,
    /// Refusals among them, without benign ones.
    Refused,
    /// Refused per exchange.
    Rate,
    /// Refusals over time.
    Trend,
    /// The causes, most frequent first.
    Causes,
    /// Credentials used, and whether they look guessed.
    Credentials,
    /// Number of the connection.
    Flow,
    /// What is wrong with the connection's capture.
    Health,
    /// When the last exchange began.
    LastSeen,
}

/// How much room a column wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Cells without which it is left out.
    pub least: u16,
    /// Cells beyond which it has no use for more.
    pub most: u16,
    /// Which columns stay when there is not room for all: the lower the longer.
    pub rank: u8,
}

/// The text of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its meaning.
    pub role: Role,
    /// Its text, from the wire: not yet safe.
    pub text: String,
}

impl Cell {
    fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into() }
    }
}

/// How many members of a row are looked at to fill its cells.
const SAMPLE: usize = 500;

impl Column {
    /// Heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Time => "Time",
            Self::Client | Self::ClientPort => "Client",
            Self::Server => "Server",
            Self::Method => "Meth",
            Self::Target => "Host and path",
            Self::Status => "Code",
            Self::Sent => "Sent",
            Self::Asked => "Asked",
            Self::Why => "Why",
            Self::Latency => "Time to",
            Self::Repeat => "",
            Self::Endpoint => "Endpoint",
            Self::Count => "All",
            Self::Refused => "401",
            Self::Rate => "Rate",
            Self::Trend => "Trend",
            Self::Causes => "Causes",
            Self::Credentials => "Credentials",
            Self::Flow => "Flow",
            Self::Health => "Health",
            Self::LastSeen => "Last seen",
        }
    }

    /// Room.
    pub const fn room(self) -> Room {
        let (least, most, rank) = match self {
            Self::Time => (8, 12, 2),
            Self::Client => (9, 24, 4),
            Self::ClientPort | Self::Server => (14, 30, 4),
            Self::Method => (4, 8, 3),
            Self::Target => (14, 90, 1),
            Self::Status => (4, 4, 2),
            Self::Sent => (10, 34, 2),
            Self::Asked => (10, 40, 6),
            Self::Why => (17, 60, 0),
            Self::Latency => (7, 7, 5),
            Self::Repeat => (4, 5, 3),
            Self::Endpoint => (20, 90, 0),
            Self::Count => (5, 7, 2),
            Self::Refused => (5, 7, 1),
            Self::Rate => (5, 5, 3),
            Self::Trend => (10, 20, 6),
            Self::Causes => (14, 70, 4),
            Self::Credentials => (14, 40, 3),
            Self::Flow => (5, 7, 1),
            Self::Health => (14, 70, 2),
            Self::LastSeen => (8, 12, 5),
        };
        Room { least, most, rank }
    }

    /// Whether its cells stand at the right.
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Latency
                | Self::Repeat
                | Self::Count
                | Self::Refused
                | Self::Rate
                | Self::Flow
        )
    }

    /// The cell of a row. `width` is known to the few that use it: a trend, a short time.
    pub fn cell(self, group: &Group, history: &History, symbols: &Symbols, width: u16) -> Cell {
        let Some(case) = history.get(group.members.last()) else {
            return Cell::new(Role::Muted, "");
        };
        let connection = &case.exchange.connection;
        match self {
            Self::Time | Self::LastSeen => {
                let clock = case.exchange.time().clock();
                Cell::new(Role::Text, if width < 12 { &clock[..8] } else { &clock })
            }
            Self::Client => Cell::new(Role::Text, connection.client.ip().to_string()),
            Self::ClientPort => Cell::new(Role::Text, connection.client.to_string()),
            Self::Server => Cell::new(Role::Text, connection.server.to_string()),
            Self::Method => Cell::new(Role::Text, summary::method(case)),
            Self::Target => Cell::new(Role::Text, summary::target(case)),
            Self::Status => of(summary::status(case)),
            Self::Sent => of(summary::sent(case)),
            Self::Asked => Cell::new(Role::Text, or_nothing(summary::asked(case), symbols)),
            Self::Why => of(summary::why(case, symbols)),
            Self::Latency => Cell::new(
                Role::Text,
                case.exchange.latency().map_or_else(String::new, summary::short_duration),
            ),
            Self::Repeat => repeat(group, case, symbols),
            Self::Endpoint => {
                let (host, route) = endpoint(case);
                Cell::new(Role::Text, host + &route)
            }
            Self::Count => Cell::new(Role::Text, group.members.len().to_string()),
            Self::Refused => {
                let role = if group.refused > 0 { Role::Bad } else { Role::Muted };
                Cell::new(role, group.refused.to_string())
            }
            Self::Rate => Cell::new(Role::Text, format!("{}%", percent(group))),
            Self::Trend => Cell::new(Role::Text, trend(group, history, symbols, width)),
            Self::Causes => Cell::new(Role::Text, causes(group, history)),
            Self::Credentials => credentials(group, history),
            Self::Flow => Cell::new(Role::Text, connection.flow.to_string()),
            Self::Health => health(group, history),
        }
    }

    /// What rows are sorted by in this column.
    pub fn sort_key(self, group: &Group, history: &History) -> SortKey {
        let text = |text: String| SortKey::Text(text.into());
        let Some(case) = history.get(group.members.last()) else {
            return SortKey::Arrival;
        };
        let connection = &case.exchange.connection;
        match self {
            Self::Time | Self::LastSeen | Self::Trend => SortKey::Arrival,
            Self::Client | Self::ClientPort => text(address_key(connection.client)),
            Self::Server => text(address_key(connection.server)),
            Self::Method => text(summary::method(case)),
            Self::Target => text(summary::target(case)),
            Self::Status => SortKey::Number(case.exchange.status().unwrap_or(0).into()),
            Self::Sent => text(summary::sent(case).1),
            Self::Asked => text(summary::asked(case)),
            Self::Why => text(
                case.verdict.as_ref().map_or_else(String::new, |v| v.diagnosis.entry.title.clone()),
            ),
            Self::Latency => SortKey::Number(
                case.exchange.latency().map_or(-1, |latency| latency.as_micros() as i64),
            ),
            Self::Repeat | Self::Count => SortKey::Number(group.members.len() as i64),
            Self::Endpoint => {
                let (host, route) = endpoint(case);
                text(host + &route)
            }
            Self::Refused => SortKey::Number(group.refused.into()),
            Self::Rate => SortKey::Number(percent(group).into()),
            Self::Causes => text(causes(group, history)),
            Self::Credentials => text(credentials(group, history).text),
            Self::Flow => SortKey::Number(connection.flow as i64),
            Self::Health => text(health(group, history).text),
        }
    }

    /// The filter that shows just the rows with this cell's value; `None` where there is none.
    pub fn filter_term(self, group: &Group, history: &History) -> Option<String> {
        let case = history.get(group.members.last())?;
        let exchange = &case.exchange;
        let connection = &exchange.connection;
        let auth = &case.auth.authorization;
        Some(match self {
            Self::Client => format!("client:{}", connection.client.ip()),
            Self::ClientPort | Self::Flow | Self::Health => format!("flow:{}", connection.flow),
            Self::Server => format!("server:{}", connection.server),
            Self::Method => format!("method:{}", quoted(&summary::method(case))),
            Self::Target | Self::Endpoint => {
                let request = exchange.request.as_ref()?;
                let (host, route) = endpoint(case);
                let path = text::decode(request.path());
                if self == Self::Endpoint && route != path {
                    let pattern = route.replace("{id}", "*");
                    format!("host={} path:{}", quoted(&host), quoted(&pattern))
                } else {
                    format!("host={} path={}", quoted(&host), quoted(&path))
                }
            }
            Self::Status => format!("status:{}", exchange.status()?),
            Self::Sent => match (&auth.scheme, &auth.user) {
                (Some(scheme), Some(user)) => {
                    format!("scheme:{} user={}", quoted(scheme.name()), quoted(user))
                }
                (Some(scheme), None) => {
                    format!("auth:{} scheme:{}", auth.state.name(), quoted(scheme.name()))
                }
                (None, _) => format!("auth:{}", auth.state.name()),
            },
            Self::Why | Self::Causes => {
                format!("why:{}", case.verdict.as_ref()?.diagnosis.entry.id)
            }
            _ => return None,
        })
    }
}

/// As the filter language reads it back.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:*".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn of((role, text): (Role, String)) -> Cell {
    Cell { role, text }
}

fn or_nothing(text: String, symbols: &Symbols) -> String {
    if text.is_empty() { symbols.nothing.to_owned() } else { text }
}

/// Sorts 10.0.0.9 before 10.0.0.10.
fn address_key(address: std::net::SocketAddr) -> String {
    let port = address.port();
    match address.ip() {
        std::net::IpAddr::V4(v4) => format!("4{:010}:{port:05}", u32::from(v4)),
        std::net::IpAddr::V6(v6) => format!("6{:039}:{port:05}", u128::from(v6)),
    }
}

fn repeat(group: &Group, case: &Case, symbols: &Symbols) -> Cell {
    let told = case.verdict.as_ref().map_or(1, |verdict| verdict.repeat as usize);
    let times = group.members.len().max(told);
    let text = if times > 1 { format!("{}{times}", symbols.times) } else { String::new() };
    Cell::new(Role::Strong, text)
}

fn percent(group: &Group) -> u32 {
    group.refused * 100 / (group.members.len() as u32).max(1)
}

fn sample<'a>(group: &'a Group, history: &'a History) -> impl Iterator<Item = &'a Case> {
    group.members.latest_first().take(SAMPLE).filter_map(|id| history.get(id)).map(AsRef::as_ref)
}

/// Refusals over the time that the row's exchanges span, in as many steps as there are cells.
fn trend(group: &Group, history: &History, symbols: &Symbols, width: u16) -> String {
    let times: Vec<(i64, bool)> = sample(group, history)
        .map(|case| (case.exchange.time().nanoseconds(), Weight::is_refused(case)))
        .collect();
    let (Some(&first), Some(&last)) =
        (times.iter().map(|(t, _)| t).min(), times.iter().map(|(t, _)| t).max())
    else {
        return String::new();
    };
    let steps = usize::from(width.clamp(1, 40));
    let span = last.saturating_sub(first).max(1) as f64;
    let mut counts = vec![0_usize; steps];
    for (time, _) in times.iter().filter(|(_, refused)| *refused) {
        let at = (time.saturating_sub(first) as f64 / span * (steps as f64 - 1.0)) as usize;
        counts[at.min(steps - 1)] += 1;
    }
    spark(&counts, symbols)
}

/// Counts as bars; an empty step is blank.
pub fn spark(counts: &[usize], symbols: &Symbols) -> String {
    let most = counts.iter().copied().max().unwrap_or(0);
    counts
        .iter()
        .map(|&count| match (count, most) {
            (0, _) | (_, 0) => " ",
            (count, most) => symbols.bars[(count * 8).div_ceil(most).clamp(1, 8) - 1],
        })
        .collect()
}

fn causes(group: &Group, history: &History) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in sample(group, history) {
        if let Some(verdict) = case.verdict.as_ref().filter(|verdict| !verdict.diagnosis.benign) {
            *counts.entry(&verdict.diagnosis.entry.id).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
    let words: Vec<String> = counts
        .iter()
        .map(|&(id, n)| if n > 1 { format!("{id} {n}") } else { id.to_owned() })
        .collect();
    words.join(", ")
}

fn credentials(group: &Group, history: &History) -> Cell {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut guessing = false;
    for case in sample(group, history) {
        let auth = &case.auth.authorization;
        if let Some(fingerprint) = auth.fingerprint {
            let user = auth.user.clone().unwrap_or_default();
            known.entry(fingerprint.to_string()).or_insert(user);
        }
        guessing |= case
            .verdict
            .as_ref()
            .is_some_and(|verdict| verdict.diagnosis.entry.id == "password-guessing");
    }
    let listed: Vec<String> =
        known
            .iter()
            .take(4)
            .map(|(fingerprint, user)| {
                if user.is_empty() { fingerprint.clone() } else { format!("{user} {fingerprint}") }
            })
            .collect();
    let text = match (known.len(), guessing) {
        (0, false) => "none".to_owned(),
        (count, true) => format!("GUESSING: {count} credentials"),
        (count, false) if count > 4 => format!("{count}: {}, …", listed.join(", ")),
        (_, false) => listed.join(", "),
    };
    Cell::new(if guessing { Role::Alarm } else { Role::Text }, text)
}

fn health(group: &Group, history: &History) -> Cell {
    let (mut gap, mut midstream, mut one_sided, mut unsure, mut truncated) =
        (0, false, false, 0, 0);
    let mut odd: BTreeMap<&str, usize> = BTreeMap::new();
    for case in sample(group, history) {
        let coverage = &case.exchange.coverage;
        gap += coverage.gap_octets;
        midstream |= case.exchange.connection.midstream;
        one_sided |= coverage.one_sided;
        unsure += usize::from(coverage.pairing == Pairing::Likely);
        truncated += usize::from(coverage.truncated);
        for anomaly in case.exchange.anomalies.iter() {
            *odd.entry(anomaly.name()).or_default() += 1;
        }
    }
    let mut words = Vec::new();
    if one_sided {
        words.push("one direction only".to_owned());
    }
    if gap > 0 {
        words.push(format!("{gap} octets lost"));
    }
    if midstream {
        words.push("began before the capture".to_owned());
    }
    if unsure > 0 {
        words.push(format!("{unsure} pairings unsure"));
    }
    if truncated > 0 {
        words.push(format!("{truncated} cut off"));
    }
    words.extend(odd.keys().map(|&name| name.to_owned()));
    if words.is_empty() {
        Cell::new(Role::Good, "whole")
    } else {
        let role = if gap > 0 || one_sided { Role::Bad } else { Role::Warning };
        Cell::new(role, words.join(", "))
    }
}

use super::table::Weight;

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, refused};
    use super::*;
    use crate::diagnosis::Confidence;

    fn one(case: std::sync::Arc<Case>) -> (History, super::super::table::Table) {
        let mut history = History::new(10);
        let mut table = super::super::table::Table::new(false);
        table.add(1, &case, |_| SortKey::Arrival);
        history.insert(case);
        (history, table)
    }

    #[test]
    fn a_cell_becomes_a_filter_that_the_language_reads() {
        let (history, table) = one(Sample::new(1)
            .basic("bob \"b\"", 7)
            .refused("wrong-password", "User name or password is wrong", Confidence::Certain)
            .case());
        let (_, group) = table.group_at(0).unwrap();
        let term = |column: Column| column.filter_term(group, &history).unwrap();
        assert_eq!(term(Column::Client), "client:10.0.0.7");
        assert_eq!(term(Column::Target), "host=api.local:8080 path=\"/v1/orders\"");
        assert_eq!(term(Column::Sent), "scheme:Basic user=\"bob \\\"b\\\"\"");
        assert_eq!(term(Column::Why), "why:wrong-password");
        for column in [Column::Client, Column::Target, Column::Sent, Column::Why] {
            crate::filter::Filter::parse(&term(column)).unwrap();
        }
    }

    #[test]
    fn addresses_sort_by_number() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert!(key("10.0.0.9:1") < key("10.0.0.10:1"));
        assert!(key("10.0.0.9:90") < key("10.0.0.9:100"));
    }

    #[test]
    fn bars_show_something_for_the_smallest_count() {
        assert_eq!(spark(&[0, 1, 50, 100], &Symbols::ASCII), " _-#");
    }

    #[test]
    fn every_column_has_room_and_shows_a_case() {
        let (history, table) = one(refused(1));
        let (_, group) = table.group_at(0).unwrap();
        for view in super::super::views::View::ALL {
            for &column in view.columns() {
                let room = column.room();
                assert!(room.least <= room.most, "{column:?}");
                let _ = column.cell(group, &history, &Symbols::UNICODE, room.least);
                let _ = column.sort_key(group, &history);
            }
        }
    }
}
