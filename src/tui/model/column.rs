//! The columns: what each is called, how much room it wants, what it shows, what it sorts by, and
//! which filter its cell stands for.

use super::cells::{causes, chief, credentials, health, percent};
use super::history::History;
use super::summary;
use super::table::{Group, SortKey};
use super::views::endpoint;
use crate::auth::masking;
use crate::{filter, text};

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
    /// Its share of what is left over.
    pub share: u16,
    /// Which columns stay when there is not room for all: the lower the longer.
    pub rank: u8,
}

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
        let (least, most, share, rank) = match self {
            Self::Time => (8, 12, 4, 2),
            Self::Client => (9, 39, 3, 4),
            Self::ClientPort | Self::Server => (14, 45, 2, 4),
            Self::Method => (4, 7, 1, 3),
            Self::Target => (14, 80, 8, 1),
            Self::Status => (4, 4, 0, 2),
            Self::Sent => (10, 32, 4, 2),
            Self::Asked => (10, 36, 2, 6),
            Self::Why => (24, 60, 20, 0),
            Self::Latency => (7, 7, 0, 5),
            Self::Repeat => (3, 5, 1, 1),
            Self::Endpoint => (20, 80, 6, 0),
            Self::Count | Self::Refused | Self::Flow => (5, 7, 1, 1),
            Self::Rate => (5, 5, 0, 3),
            Self::Trend => (10, 20, 2, 6),
            Self::Causes => (14, 80, 6, 4),
            Self::Credentials => (14, 50, 6, 3),
            Self::Health => (14, 80, 6, 2),
            Self::LastSeen => (8, 12, 2, 5),
        };
        Room { least, most, share, rank }
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

    /// Whether sorting by it is sorting by time.
    pub const fn is_by_arrival(self) -> bool {
        matches!(self, Self::Time | Self::LastSeen | Self::Trend)
    }

    /// What rows are sorted by in this column.
    pub fn sort_key(self, group: &Group, history: &History) -> SortKey {
        if self.is_by_arrival() {
            return SortKey::Arrival;
        }
        let text = |text: String| SortKey::Text(text.into());
        let Some(kept) = history.kept(group.members.last()) else {
            return SortKey::Arrival;
        };
        let case = &kept.case;
        let connection = &case.exchange.connection;
        match self {
            Self::Time | Self::LastSeen | Self::Trend => SortKey::Arrival,
            Self::Client | Self::ClientPort => text(address_key(connection.client)),
            Self::Server => text(address_key(connection.server)),
            Self::Method => text(summary::method(case)),
            Self::Target => text(kept.target()),
            Self::Status => SortKey::Number(kept.status().unwrap_or(0)),
            Self::Sent => text(summary::sent(case).1),
            Self::Asked => text(summary::asked(case)),
            Self::Why => text(
                chief(group, history)
                    .and_then(|(case, _)| case.verdict.as_ref())
                    .map_or_else(String::new, |v| v.diagnosis.entry.title.clone()),
            ),
            Self::Latency => SortKey::Number(kept.latency().unwrap_or(-1)),
            Self::Repeat | Self::Count => SortKey::Number(group.members.count() as i64),
            Self::Endpoint => {
                let (host, route) = endpoint(case);
                text(host + &route)
            }
            Self::Refused => SortKey::Number(group.refused.into()),
            Self::Rate => SortKey::Number(percent(group).into()),
            Self::Causes => text(causes(group, history)),
            Self::Credentials => text(credentials(group, history).text),
            Self::Flow => SortKey::Number(kept.flow()),
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
            Self::Client => filter::term("client", &connection.client.ip().to_string()),
            Self::ClientPort | Self::Flow | Self::Health => {
                filter::term("flow", &connection.flow.to_string())
            }
            Self::Server => filter::term("server", &connection.server.to_string()),
            Self::Method => filter::term("method", &summary::method(case)),
            Self::Target | Self::Endpoint => {
                let request = exchange.request.as_ref()?;
                let (host, route) = endpoint(case);
                let path = text::decode(masking::public_part(request.path()));
                let path = if self == Self::Endpoint && route != path {
                    format!("path matches {}", pattern(&route))
                } else {
                    filter::term("path", &path)
                };
                format!("{} {path}", filter::term("host", &host))
            }
            Self::Status => filter::term("status", &exchange.status()?.to_string()),
            Self::Sent => match (&auth.scheme, &auth.user) {
                (Some(scheme), Some(user)) => {
                    format!(
                        "{} {}",
                        filter::term("scheme", scheme.name()),
                        filter::term("user", user)
                    )
                }
                (Some(scheme), None) => {
                    format!("auth:{} {}", auth.state.name(), filter::term("scheme", scheme.name()))
                }
                (None, _) => format!("auth:{}", auth.state.name()),
            },
            Self::Asked => filter::term("offers", case.auth.challenges.first()?.scheme.name()),
            Self::Why => {
                let (chief, _) = chief(group, history)?;
                filter::term("why", &chief.verdict.as_ref()?.diagnosis.entry.id)
            }
            Self::Causes => filter::term("why", &case.verdict.as_ref()?.diagnosis.entry.id),
            _ => return None,
        })
    }
}

/// The regular expression, in quotes, that a route's paths fit.
fn pattern(route: &str) -> String {
    let parts: Vec<String> = route.split("{id}").map(regex::escape).collect();
    let pattern = format!("^{}$", parts.join("[^/]+"));
    format!("\"{}\"", pattern.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Sorts 10.0.0.9 before 10.0.0.10.
fn address_key(address: std::net::SocketAddr) -> String {
    let port = address.port();
    match address.ip() {
        std::net::IpAddr::V4(v4) => format!("4{:010}:{port:05}", u32::from(v4)),
        std::net::IpAddr::V6(v6) => format!("6{:039}:{port:05}", u128::from(v6)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, refused};
    use super::*;
    use crate::diagnosis::{Case, Confidence};
    use crate::tui::symbols::Symbols;

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
        assert_eq!(term(Column::Target), "host=api.local:8080 path=/v1/orders");
        assert_eq!(term(Column::Sent), "scheme:Basic user=\"bob \\\"b\\\"\"");
        assert_eq!(term(Column::Why), "why=wrong-password");
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
