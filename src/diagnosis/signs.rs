//! What an exchange shows at a glance, so that most rules need not be asked about it.

use crate::auth::{AuthState, Shape};
use crate::diagnosis::lexicon::Said;
use crate::diagnosis::rules::clients::is_git_push;
use crate::diagnosis::rules::common::is_signed;
use crate::diagnosis::rules::own_signature::any_signature;
use crate::diagnosis::view::View;

/// A set of such facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signs(u32);

impl Signs {
    /// None.
    pub const NONE: Self = Self(0);
    /// No credentials field.
    pub const MISSING: Self = Self(1);
    /// Well-formed credentials.
    pub const PRESENT: Self = Self(1 << 1);
    /// Malformed credentials.
    pub const MALFORMED: Self = Self(1 << 2);
    /// Several credentials fields.
    pub const MULTIPLE: Self = Self(1 << 3);
    /// The credentials have an oddity.
    pub const FINDINGS: Self = Self(1 << 4);
    /// The scheme is Basic.
    pub const BASIC: Self = Self(1 << 5);
    /// A user name and a password of Basic.
    pub const LOGIN: Self = Self(1 << 6);
    /// A scheme in which each request may be used once: Digest, DPoP, Hawk.
    pub const NONCE: Self = Self(1 << 7);
    /// A token whose form can be told: a JWT, or one with a known prefix.
    pub const TOKEN_FORM: Self = Self(1 << 8);
    /// NTLM or Negotiate, used or offered.
    pub const NEGOTIATION: Self = Self(1 << 9);
    /// A signed request.
    pub const SIGNED: Self = Self(1 << 10);
    /// The answer has a challenge.
    pub const CHALLENGED: Self = Self(1 << 11);
    /// One of them offers the scheme that was used.
    pub const OFFERED: Self = Self(1 << 12);
    /// The server says something.
    pub const WORDS: Self = Self(1 << 13);
    /// It names a cause.
    pub const CAUSE: Self = Self(1 << 14);
    /// Credentials beside the credentials field.
    pub const OTHERS: Self = Self(1 << 15);
    /// A credential of any kind that can be told from others.
    pub const CREDENTIAL: Self = Self(1 << 16);
    /// A proxy's login, in the request or in the answer.
    pub const PROXY: Self = Self(1 << 17);
    /// A method that does not only read; a push of git looks like one that does.
    pub const CHANGES: Self = Self(1 << 18);
    /// The user's keys and passwords say something of the credentials.
    pub const PROOF: Self = Self(1 << 19);
    /// Neither 401 nor 407.
    pub const OTHER_STATUS: Self = Self(1 << 20);
    /// Something is odd about the traffic itself.
    pub const ANOMALY: Self = Self(1 << 21);
    /// A cache left a mark.
    pub const CACHE: Self = Self(1 << 22);
    /// `Retry-After`.
    pub const RETRY_AFTER: Self = Self(1 << 23);
    /// Remembered: the credential was accepted somewhere.
    pub const ACCEPTED: Self = Self(1 << 24);
    /// Remembered: others asked for the same path.
    pub const SHARED_ROUTE: Self = Self(1 << 25);
    /// Remembered: the same request on another side of a proxy.
    pub const LEGS: Self = Self(1 << 26);

    /// What may be another at the next look.
    pub const REMEMBERED: Self = Self(Self::ACCEPTED.0 | Self::SHARED_ROUTE.0 | Self::LEGS.0);

    /// How many there are.
    pub const COUNT: usize = 27;

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sign of this number is in it.
    pub const fn has(self, sign: usize) -> bool {
        self.0 >> sign & 1 != 0
    }

    /// This, where it holds.
    pub const fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::NONE }
    }
}

/// What a rule cannot hold without.
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs {
    /// All of these.
    pub all: Signs,
    /// One of these, where any is named.
    pub any: Signs,
    /// None of these.
    pub none: Signs,
}

/// What the exchange itself shows.
pub fn shown(view: &View<'_>) -> Signs {
    let words = view.said();
    [
        of_state(view),
        of_scheme(view),
        of_fields(view),
        Signs::CHALLENGED.when(!view.challenges().is_empty()),
        Signs::WORDS.when(words.is_some()),
        Signs::CAUSE.when(words.is_some_and(Said::is_informative)),
        Signs::OTHERS.when(!view.alternatives().is_empty()),
        Signs::CREDENTIAL.when(view.credential().is_some()),
        Signs::PROOF.when(view.proof().is_some()),
        Signs::OTHER_STATUS.when(!matches!(view.status(), 401 | 407)),
        Signs::ANOMALY.when(!view.anomalies().is_empty()),
    ]
    .into_iter()
    .fold(Signs::NONE, Signs::and)
}

fn of_state(view: &View<'_>) -> Signs {
    match view.state() {
        AuthState::Missing => Signs::MISSING,
        AuthState::Present { shape, findings } => {
            let form = matches!(
                shape,
                Shape::Jws(_) | Shape::Jwe { .. } | Shape::Opaque { known_prefix: Some(_), .. }
            );
            Signs::PRESENT
                .and(Signs::FINDINGS.when(!findings.is_empty()))
                .and(Signs::LOGIN.when(matches!(shape, Shape::UserPass { .. })))
                .and(Signs::TOKEN_FORM.when(form))
        }
        AuthState::Malformed { findings, .. } => {
            Signs::MALFORMED.and(Signs::FINDINGS.when(!findings.is_empty()))
        }
        AuthState::Multiple { .. } => Signs::MULTIPLE,
        AuthState::Unknown { .. } => Signs::NONE,
    }
}

fn of_scheme(view: &View<'_>) -> Signs {
    let negotiates =
        |scheme: &crate::auth::Scheme| matches!(scheme.known(), Some("NTLM" | "Negotiate"));
    let negotiation = view.scheme().is_some_and(negotiates)
        || view.auth.proxy_authorization.is_some()
        || view.challenges().iter().any(|challenge| negotiates(&challenge.scheme));
    let known = view.scheme().and_then(crate::auth::Scheme::known);
    Signs::NEGOTIATION
        .when(negotiation)
        .and(Signs::BASIC.when(known == Some("Basic")))
        .and(Signs::NONCE.when(matches!(known, Some("Digest" | "DPoP" | "Hawk"))))
        .and(Signs::SIGNED.when(is_signed(view) || any_signature(view).is_some()))
        .and(Signs::OFFERED.when(view.scheme_is_offered()))
}

fn of_fields(view: &View<'_>) -> Signs {
    let asked = view.request().map_or(Signs::NONE, |request| {
        let head = &request.head;
        let method = request.method();
        let proxy = method == b"CONNECT" || head.has("proxy-authorization");
        Signs::PROXY
            .when(proxy)
            .and(Signs::CHANGES.when(!matches!(method, b"GET" | b"HEAD" | b"OPTIONS")))
            .and(Signs::CHANGES.when(is_git_push(view)))
    });
    asked.and(view.reply().signs)
}

/// What is remembered around the exchange.
pub fn remembered(view: &View<'_>) -> Signs {
    let Some(own) = view.record() else { return Signs::NONE };
    let legs = own.refusal.as_ref().is_some_and(|refusal| refusal.outer != 0 || refusal.inner != 0);
    let accepted = view.past().is_some_and(crate::diagnosis::history::Past::is_accepted);
    Signs::LEGS
        .when(legs)
        .and(Signs::ACCEPTED.when(accepted))
        .and(Signs::SHARED_ROUTE.when(view.history().is_shared_route(own)))
}
