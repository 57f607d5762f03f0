//! Remarks that accompany a diagnosis and are never the cause.

use std::borrow::Cow;
use std::time::Duration;

use crate::auth::Shape;
use crate::auth::authorization::AlternativeKind;
use crate::diagnosis::lexicon::Said;
use crate::diagnosis::rules::common::{is_token, other_credential};
use crate::diagnosis::rules::posted::posted_login;
use crate::diagnosis::{Diagnosis, View};
use crate::exchange::Pairing;
use crate::text;
use crate::time::humane;

/// Which remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteId {
    /// 401 without a challenge.
    NoChallenge,
    /// The challenge is not well-formed.
    BadChallenge,
    /// A credential in clear on a network.
    ClearTextCredentials,
    /// The same refused credential again and again.
    RetryStorm,
    /// A permission problem reported as 401.
    ShouldBe403,
    /// Probably answered by a proxy or gateway.
    AnsweredByHop,
    /// The answer is a login page.
    LoginPage,
    /// A credential in the URL.
    TokenInUrl,
    /// The server's explanation could not be read.
    BodyNotSeen,
    /// Only one direction was captured.
    OneSided,
    /// A JWT that stays valid for long.
    LongLivedToken,
    /// Digest without qop, or MD5 only.
    WeakDigest,
    /// A login probe or health check.
    Probe,
    /// The pairing of request and response is not certain.
    PairingUnsure,
}

impl NoteId {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoChallenge => "no-challenge",
            Self::BadChallenge => "bad-challenge",
            Self::ClearTextCredentials => "clear-text-credentials",
            Self::RetryStorm => "retry-storm",
            Self::ShouldBe403 => "401-should-be-403",
            Self::AnsweredByHop => "answered-by-hop",
            Self::LoginPage => "login-page",
            Self::TokenInUrl => "token-in-url",
            Self::BodyNotSeen => "body-not-seen",
            Self::OneSided => "one-sided",
            Self::LongLivedToken => "long-lived-token",
            Self::WeakDigest => "weak-digest",
            Self::Probe => "probe",
            Self::PairingUnsure => "pairing-unsure",
        }
    }
}

/// A remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which.
    pub id: NoteId,
    words: Words,
}

/// What a remark says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Words {
    Ready(Cow<'static, str>),
    /// One that comes with each of thousands is put in words where it is read.
    Storm {
        count: u32,
        span: Duration,
    },
}

impl Note {
    /// One that says this.
    pub fn new(id: NoteId, text: impl Into<Cow<'static, str>>) -> Self {
        Self { id, words: Words::Ready(text.into()) }
    }

    /// A credential that was refused so often within this time.
    pub const fn retry_storm(count: u32, span: Duration) -> Self {
        Self { id: NoteId::RetryStorm, words: Words::Storm { count, span } }
    }

    /// In words.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.words {
            Words::Ready(text) => Cow::Borrowed(text),
            Words::Storm { count, span } => Cow::Owned(format!(
                "Repeated {count} times in {} with the same refused credential: the client does not \
                 back off.",
                humane(*span)
            )),
        }
    }
}

/// A remark that one exchange alone gives rise to.
type Remark = fn(&View<'_>) -> Option<(NoteId, Cow<'static, str>)>;

/// In the order of their identifiers.
const REMARKS: [Remark; 11] = [
    no_challenge,
    bad_challenge,
    clear_text_credentials,
    answered_by_hop,
    login_page,
    token_in_url,
    body_not_seen,
    one_sided,
    long_lived_token,
    weak_digest,
    pairing_unsure,
];

/// The remarks that accompany this diagnosis of this exchange.
pub fn notes(view: &View<'_>, diagnosis: &Diagnosis) -> Vec<Note> {
    let mut notes = view.remarks().to_vec();
    if let Some(note) = should_be_403(view, diagnosis) {
        notes.insert(notes.partition_point(|other| other.id < note.id), note);
    }
    notes
}

/// Those that the exchange itself gives rise to.
pub fn remarks(view: &View<'_>) -> Vec<Note> {
    let remarks = REMARKS.iter().filter_map(|remark| remark(view));
    remarks.map(|(id, text)| Note::new(id, text)).collect()
}

/// The challenge field that the status calls for.
fn challenge_field(view: &View<'_>) -> &'static str {
    if view.is_proxy() { "Proxy-Authenticate" } else { "WWW-Authenticate" }
}

/// RFC 9110 §15.5.2 and §15.5.8.
fn no_challenge(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let response = view.response()?;
    let field = challenge_field(view);
    let due = matches!(response.status, 401 | 407) && response.head_loss.is_none();
    (due && !response.head.has(field)).then(|| {
        let section = if view.is_proxy() { "§15.5.8" } else { "§15.5.2" };
        let text = format!(
            "The answer has no {field} (RFC 9110 {section} requires it), so clients cannot know what \
             to send."
        );
        (NoteId::NoChallenge, text.into())
    })
}

fn bad_challenge(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let mut names: Vec<&str> =
        view.auth.challenge_defects.iter().map(|defect| defect.name()).collect();
    names.dedup();
    (!names.is_empty()).then(|| {
        let text = format!(
            "{} is not well-formed ({}); strict clients may ignore it.",
            challenge_field(view),
            names.join(", ")
        );
        (NoteId::BadChallenge, text.into())
    })
}

fn clear_text_credentials(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let readable = matches!(view.shape(), Some(Shape::UserPass { .. }))
        || is_token(view)
        || other_credential(view).is_some()
        || posted_login(view).is_some();
    (readable && !view.is_loopback()).then(|| {
        let text = "Anyone on this network can read this credential. Use https.";
        (NoteId::ClearTextCredentials, text.into())
    })
}

fn should_be_403(view: &View<'_>, diagnosis: &Diagnosis) -> Option<Note> {
    (diagnosis.entry.id == "insufficient-privilege" && view.status() == 401).then(|| {
        let text = "The server uses 401 for a permission problem; 403 would stop clients from \
                    asking for the password again.";
        Note::new(NoteId::ShouldBe403, text)
    })
}

fn answered_by_hop(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let whole = view.response()?.head_loss.is_none();
    (whole && view.reply().by_hop).then(|| {
        let text = "This answer was probably made by a proxy or gateway, not by the application.";
        (NoteId::AnsweredByHop, text.into())
    })
}

fn login_page(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let response = view.response()?;
    let leads = || matches!(response.status, 401 | 407) && response.head.has("location");
    (view.reply().login_form || leads()).then(|| {
        let text = "The answer is a login page; API clients should get JSON.";
        (NoteId::LoginPage, text.into())
    })
}

fn token_in_url(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let query = other_credential(view).filter(|other| other.kind == AlternativeKind::Query)?;
    let text = format!(
        "The credential \"{}\" is in the URL: URLs end up in logs and Referer headers, and many \
         servers ignore credentials there.",
        text::visible(&query.name)
    );
    Some((NoteId::TokenInUrl, text.into()))
}

fn body_not_seen(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    if view.said().is_some_and(Said::is_informative) {
        return None;
    }
    let response = view.response()?;
    let body = &response.body;
    let why = if view.method() == "HEAD" {
        "a HEAD request gets none"
    } else if body.gap > 0 || !body.complete {
        "part of it was not captured"
    } else if body.length > 0 && view.body().is_none() {
        "its content coding is not known, or damaged"
    } else if !body.whole {
        "only its first 16 KiB are read"
    } else {
        return None;
    };
    let text = format!("The server's explanation could not be read whole: {why}.");
    Some((NoteId::BodyNotSeen, text.into()))
}

fn one_sided(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let text = match (view.common_request(), view.response()) {
        (None, Some(_)) => "Only the response was captured.",
        (Some(_), None) => "Only the request was captured.",
        _ if view.is_one_sided() => "Only one direction was captured.",
        _ => return None,
    };
    Some((NoteId::OneSided, text.into()))
}

/// Longer than this, a stolen token is useful for too long.
const LONG_LIFE: i64 = 30 * 86_400;

fn long_lived_token(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let jwt = view.jwt()?;
    let text = match (jwt.date("iat"), jwt.date("exp")) {
        (_, None) => "This token has no exp: it never expires by itself.".into(),
        (Some(iat), Some(exp)) => {
            let life = exp.saturating_sub(iat);
            // Milliseconds are another mistake, with its own diagnosis.
            if !(LONG_LIFE + 1..100_000_000_000).contains(&life) {
                return None;
            }
            let life = humane(Duration::from_secs(u64::try_from(life).unwrap_or_default()));
            format!("This token stays valid for {life}.").into()
        }
        (None, Some(_)) => return None,
    };
    Some((NoteId::LongLivedToken, text))
}

fn weak_digest(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    let mut challenges =
        view.challenges().iter().filter(|challenge| challenge.scheme.is("Digest")).peekable();
    challenges.peek()?;
    let (mut md5_only, mut without_qop) = (true, false);
    for challenge in challenges {
        let algorithm = challenge.params.get("algorithm").unwrap_or("MD5").to_ascii_uppercase();
        md5_only &= algorithm.starts_with("MD5");
        without_qop |= challenge.params.get("qop").is_none();
    }
    let text = match (md5_only, without_qop) {
        (true, true) => "Digest is offered with MD5 only, and without qop.",
        (true, false) => "Digest is offered with MD5 only.",
        (false, true) => "Digest is offered without qop.",
        (false, false) => return None,
    };
    Some((NoteId::WeakDigest, text.into()))
}

fn pairing_unsure(view: &View<'_>) -> Option<(NoteId, Cow<'static, str>)> {
    (view.pairing() == Pairing::Likely).then(|| {
        let text = "Packets are missing around it: this answer probably, but not certainly, belongs \
                    to this request.";
        (NoteId::PairingUnsure, text.into())
    })
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::Case;
    use crate::diagnosis::testing::{Talk, diagnose, get, request};

    fn ids(talk: Talk) -> Vec<&'static str> {
        let cases = diagnose([talk]);
        ids_of(&cases[0])
    }

    fn ids_of(case: &Case) -> Vec<&'static str> {
        case.verdict.iter().flat_map(|verdict| &verdict.notes).map(|note| note.id.name()).collect()
    }

    /// With what origin servers send, so that the remark about hops stays away.
    fn refused(target: &str) -> Talk {
        get(target).answer(401).with("Server", "nginx")
    }

    const BASIC: &str = "Basic YWxpY2U6c2VjcmV0";

    #[test]
    fn a_401_without_challenge_is_remarked_on() {
        assert_eq!(ids(refused("/")), ["no-challenge"]);
        assert!(ids(refused("/").asks("Basic realm=\"x\"")).is_empty());
    }

    #[test]
    fn a_challenge_that_needed_forgiveness_is_remarked_on() {
        assert_eq!(ids(refused("/").asks("Basic realm=My Site")), ["bad-challenge"]);
    }

    #[test]
    fn credentials_in_clear_are_remarked_on_except_on_loopback() {
        let talk = refused("/").auth(BASIC).asks("Basic realm=\"x\"");
        assert_eq!(ids(talk.clone()), ["clear-text-credentials"]);
        assert!(ids(talk.from("127.0.0.1").to("127.0.0.1:80")).is_empty());
    }

    #[test]
    fn an_answer_with_neither_date_nor_server_comes_from_a_hop() {
        assert_eq!(ids(get("/").answer(401).asks("Basic realm=\"x\"")), ["answered-by-hop"]);
        let envoy = get("/").answer(401).asks("Bearer").with("Server", "envoy");
        assert_eq!(ids(envoy.clone()), ["answered-by-hop"]);
        assert!(ids(envoy.with("x-envoy-upstream-service-time", "3")).is_empty());
    }

    #[test]
    fn a_login_page_is_told_from_an_error_page() {
        let page = refused("/").asks("Cookie").with("Content-Type", "text/html");
        let form = "<form><input type=\"password\" name=p></form>";
        assert_eq!(ids(page.clone().body(form)), ["login-page"]);
        assert!(ids(page.body("<h1>401</h1>")).is_empty());
    }

    #[test]
    fn a_token_in_the_url_is_remarked_on_without_showing_it() {
        let cases = diagnose([refused("/x?access_token=s3cr3t").asks("Bearer")]);
        assert_eq!(ids_of(&cases[0]), ["clear-text-credentials", "token-in-url"]);
        let verdict = cases[0].verdict.as_ref().unwrap();
        assert!(verdict.notes.iter().all(|note| !note.text().contains("s3cr3t")));
    }

    #[test]
    fn an_explanation_that_head_cannot_carry_is_missed() {
        let talk = request("HEAD", "/").answer(401).with("Server", "x").asks("Basic realm=\"x\"");
        assert_eq!(ids(talk), ["body-not-seen"]);
    }

    #[test]
    fn a_weak_digest_offer_is_remarked_on() {
        let md5 = "Digest realm=\"z\", nonce=\"n\", qop=\"auth\"";
        assert_eq!(ids(refused("/").asks(md5)), ["weak-digest"]);
        let sha = "Digest realm=\"z\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
        assert!(ids(refused("/").asks(sha)).is_empty());
    }

    #[test]
    fn a_token_without_exp_is_long_lived() {
        let token = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
        assert!(ids(refused("/").auth(token).asks("Bearer")).contains(&"long-lived-token"));
    }

    #[test]
    fn a_permission_problem_under_401_is_remarked_on() {
        let scope = "Bearer error=\"insufficient_scope\"";
        let talk = refused("/").auth("Bearer abcdefgh").asks(scope);
        assert!(ids(talk).contains(&"401-should-be-403"));
        let token = "Bearer error=\"invalid_token\"";
        assert!(
            !ids(refused("/").auth("Bearer abcdefgh").asks(token)).contains(&"401-should-be-403")
        );
    }

    #[test]
    fn a_digest_offer_without_qop_is_weak_too() {
        let offer = "Digest realm=\"z\", nonce=\"n\", algorithm=SHA-256";
        assert_eq!(ids(refused("/").asks(offer)), ["weak-digest"]);
    }

    #[test]
    fn a_token_that_is_valid_for_long_is_remarked_on() {
        use base64::Engine as _;
        let token = |exp: i64| {
            let claims = format!("{{\"iat\":1748779200,\"exp\":{exp}}}");
            let encode =
                |part: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(part);
            let [header, claims] =
                [br#"{"alg":"HS256"}"#.as_slice(), claims.as_bytes()].map(encode);
            refused("/")
                .auth(&format!("Bearer {header}.{claims}.{}", encode([7; 32].as_slice())))
                .asks("Bearer")
        };
        assert!(ids(token(1_748_779_200 + 31 * 86_400)).contains(&"long-lived-token"));
        assert!(!ids(token(1_748_779_200 + 29 * 86_400)).contains(&"long-lived-token"));
    }

    #[test]
    fn an_answer_whose_request_was_not_captured_is_remarked_on() {
        let mut exchange = refused("/").exchange(1);
        exchange.request = None;
        let mut out = Vec::new();
        let limits = crate::limits::Limits::default();
        let key = crate::secret::FingerprintKey::from_bytes(&[7; 32]);
        let mut diagnoser = crate::diagnosis::Diagnoser::new(&limits, key);
        let mut counters = crate::counters::Counters::default();
        diagnoser.observe(exchange.into(), &mut counters, &mut out);
        diagnoser.finish(&mut counters, &mut out);
        assert!(ids_of(&out[0]).contains(&"one-sided"));
    }
}
