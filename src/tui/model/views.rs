//! The five views: which exchanges each lists, what makes a row of it, and its columns.

use std::hash::{BuildHasher as _, Hash, Hasher as _};

use ahash::RandomState;

use super::column::Column;
use super::route::{is_parameter, route};
use super::rows::Weight;
use crate::auth::masking;
use crate::diagnosis::Case;
use crate::text;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// The 401s and 407s.
    Refusals,
    /// All exchanges.
    Exchanges,
    /// Host and route.
    Endpoints,
    /// Client addresses.
    Clients,
    /// Connections.
    Flows,
}

impl View {
    /// All, in the order of their keys.
    pub const ALL: [Self; 5] =
        [Self::Refusals, Self::Exchanges, Self::Endpoints, Self::Clients, Self::Flows];

    /// On its tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Refusals => "401s",
            Self::Exchanges => "Exchanges",
            Self::Endpoints => "Endpoints",
            Self::Clients => "Clients",
            Self::Flows => "Flows",
        }
    }

    /// Whether a row is an exchange (or a folded repeat), not something that has exchanges.
    pub const fn lists_exchanges(self) -> bool {
        matches!(self, Self::Refusals | Self::Exchanges)
    }

    /// Whether it lists exchanges that count like this, whatever the filter says.
    pub fn covers(self, weight: Weight) -> bool {
        self != Self::Refusals || weight.is_refusal()
    }

    /// Its columns, from the left.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Refusals => &[
                Column::Time,
                Column::Client,
                Column::Method,
                Column::Target,
                Column::Sent,
                Column::Asked,
                Column::Why,
                Column::Repeat,
            ],
            Self::Exchanges => &[
                Column::Time,
                Column::Client,
                Column::Method,
                Column::Target,
                Column::Status,
                Column::Sent,
                Column::Latency,
                Column::Why,
                Column::Repeat,
            ],
            Self::Endpoints => &[
                Column::Endpoint,
                Column::Count,
                Column::Refused,
                Column::Rate,
                Column::Trend,
                Column::Causes,
            ],
            Self::Clients => &[
                Column::Client,
                Column::Count,
                Column::Refused,
                Column::Rate,
                Column::Trend,
                Column::Credentials,
                Column::Causes,
            ],
            Self::Flows => &[
                Column::Flow,
                Column::ClientPort,
                Column::Server,
                Column::Count,
                Column::Refused,
                Column::Health,
                Column::LastSeen,
            ],
        }
    }

    /// How it is sorted at first: column and direction.
    pub const fn first_sort(self) -> (Column, bool) {
        match self {
            Self::Refusals | Self::Exchanges => (Column::Time, false),
            Self::Endpoints | Self::Clients => (Column::Refused, true),
            Self::Flows => (Column::Flow, false),
        }
    }
}

/// What makes two refusals one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fold {
    /// The same refusal of the same credential of one client on the same target.
    #[default]
    Repeats,
    /// The same method and route.
    Endpoint,
    /// The same credential.
    Credential,
    /// The same cause.
    Cause,
    /// Nothing.
    Nothing,
}

impl Fold {
    /// The next way to fold.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Repeats => Self::Endpoint,
            Self::Endpoint => Self::Credential,
            Self::Credential => Self::Cause,
            Self::Cause => Self::Nothing,
            Self::Nothing => Self::Repeats,
        }
    }

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Repeats => "repeats",
            Self::Endpoint => "by endpoint",
            Self::Credential => "by credential",
            Self::Cause => "by cause",
            Self::Nothing => "off",
        }
    }
}

/// Set in the name of a group that is a hash; a group of one exchange is named by its id.
pub const HASHED: u64 = 1 << 63;

/// Set in the name of a group that is another number, which comes in ascending order as ids do.
const NUMBERED: u64 = 1 << 62;

/// Names the group that a case belongs to. Keyed, since the network chooses what is hashed.
#[derive(Debug, Default)]
pub struct Grouping(RandomState);

impl Grouping {
    /// The group of a case in a view.
    pub fn of(&self, view: View, fold: Fold, case: &Case) -> u64 {
        let connection = &case.exchange.connection;
        match view {
            View::Refusals | View::Exchanges => self.folded(fold, case),
            View::Endpoints => self.endpoint(5, b"", case),
            View::Clients => self.hash(connection.client.ip()),
            View::Flows => connection.flow | NUMBERED,
        }
    }

    fn folded(&self, fold: Fold, case: &Case) -> u64 {
        let exchange = &case.exchange;
        let Some(verdict) = case.verdict.as_ref().filter(|_| fold != Fold::Nothing) else {
            return exchange.id;
        };
        let reason = (verdict.diagnosis.entry.id.as_str(), verdict.diagnosis.benign);
        let state = case.auth.authorization.state.name();
        let credential = (state, case.auth.authorization.fingerprint);
        // Who guesses never tries the same twice.
        let tried = (reason.0 != "password-guessing").then_some(credential);
        let request = exchange.request.as_ref();
        match fold {
            Fold::Repeats | Fold::Nothing => self.hash((
                (1_u8, reason, tried, exchange.status()),
                (exchange.connection.client.ip(), exchange.connection.server),
                request.map(|request| (request.method(), request.host(), request.target())),
            )),
            Fold::Endpoint => {
                let method = request.map(crate::http::Request::method);
                self.endpoint(2, method.unwrap_or_default(), case)
            }
            Fold::Credential => self.hash((3_u8, credential)),
            Fold::Cause => self.hash((4_u8, reason)),
        }
    }

    /// Of method, host (in any case) and route, without a copy of any of them.
    fn endpoint(&self, kind: u8, method: &[u8], case: &Case) -> u64 {
        let mut hasher = self.0.build_hasher();
        (kind, method).hash(&mut hasher);
        let request = case.exchange.request.as_ref();
        match request.and_then(|request| request.host()) {
            None => case.exchange.connection.server.hash(&mut hasher),
            Some(host) => {
                for chunk in host.chunks(32) {
                    let mut lower = [0; 32];
                    lower[..chunk.len()].copy_from_slice(chunk);
                    lower.make_ascii_lowercase();
                    lower.hash(&mut hasher);
                }
            }
        }
        let path = request.map_or(&b""[..], |request| masking::public_part(request.path()));
        for segment in path.split(|octet| *octet == b'/') {
            if is_parameter(segment) {
                b"{id}".hash(&mut hasher);
            } else {
                segment.hash(&mut hasher);
            }
        }
        hasher.finish() | HASHED
    }

    fn hash(&self, value: impl Hash) -> u64 {
        self.0.hash_one(value) | HASHED
    }
}

/// Host (else the server's address) and route of a case.
pub fn endpoint(case: &Case) -> (String, String) {
    let request = case.exchange.request.as_ref();
    let host = request.and_then(|request| request.host()).map_or_else(
        || case.exchange.connection.server.to_string(),
        |host| text::decode(host).to_ascii_lowercase(),
    );
    (
        host,
        request.map_or_else(String::new, |request| {
            route(&text::decode(masking::public_part(request.path())))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, accepted, refused};
    use super::*;
    use crate::diagnosis::Confidence::Certain;

    fn bob(id: u64, fingerprint: u32) -> std::sync::Arc<Case> {
        Sample::new(id)
            .basic("bob", fingerprint)
            .refused("wrong-password", "User name or password is wrong", Certain)
            .case()
    }

    #[test]
    fn only_the_same_refusal_folds() {
        let grouping = Grouping::default();
        let of = |fold, case: &Case| grouping.of(View::Refusals, fold, case);
        assert_eq!(of(Fold::Repeats, &bob(1, 7)), of(Fold::Repeats, &bob(2, 7)));
        assert_ne!(of(Fold::Repeats, &bob(1, 7)), of(Fold::Repeats, &bob(2, 8)));
        assert_ne!(of(Fold::Nothing, &bob(1, 7)), of(Fold::Nothing, &bob(2, 7)));
        let guess = |id, fingerprint| {
            Sample::new(id)
                .basic("root", fingerprint)
                .refused("password-guessing", "Many different credentials are tried", Certain)
                .case()
        };
        assert_eq!(of(Fold::Repeats, &guess(1, 7)), of(Fold::Repeats, &guess(2, 8)));
        assert_ne!(of(Fold::Credential, &guess(1, 7)), of(Fold::Credential, &guess(2, 8)));
        assert_eq!(of(Fold::Cause, &bob(1, 7)), of(Fold::Cause, &bob(2, 8)));
        assert_ne!(of(Fold::Cause, &bob(1, 7)), of(Fold::Cause, &refused(3)));
        assert_ne!(of(Fold::Repeats, &accepted(1)), of(Fold::Repeats, &accepted(2)));
    }

    #[test]
    fn the_refusals_view_covers_401_and_407_only() {
        assert!(View::Refusals.covers(Weight::of(&refused(1))));
        assert!(!View::Refusals.covers(Weight::of(&accepted(1))));
        assert!(View::Exchanges.covers(Weight::of(&accepted(1))));
    }

    #[test]
    fn every_view_can_be_sorted_as_it_starts() {
        for view in View::ALL {
            assert!(view.columns().contains(&view.first_sort().0), "{view:?}");
        }
    }
}
