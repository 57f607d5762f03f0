//! What a text claims, as opposed to what it denies, supposes, advises or threatens.
//!
//! "Your account will be locked after 3 more attempts" speaks of a lockout, and there is none. Only
//! texts that seem to name a cause are read this closely, and each of them once.

use super::Category::{
    self, Alg, Ambiguous, ApiKeyMissing, BadAudience, BadIssuer, BadSignature, Certificate, Clock,
    Csrf, Expired, Insufficient, Locked, Mfa, Missing, Network, NoKey, NotYetValid, Rate, Revoked,
    Session, UserGone, WrongType,
};

/// Between sentences.
const SENTENCES: [&str; 6] = [". ", "; ", "! ", "? ", "\n", "。"];

/// Between parts of a sentence of which one may be denied and another claimed.
const CLAUSES: [&str; 18] = [
    ", ",
    ": ",
    "，",
    " (",
    ") ",
    " - ",
    " – ",
    " — ",
    " but ",
    " and ",
    " because ",
    " since ",
    " so ",
    " aber ",
    " sondern ",
    " und ",
    " mais ",
    " pero ",
];

/// Between two causes.
const ALTERNATIVES: [&str; 8] =
    [" and/or ", " or ", " oder ", " ou ", " o ", " или ", "或", "または"];

/// Words that make what they stand beside a supposition or a condition.
const SUPPOSING: [&str; 24] = [
    "if",
    "unless",
    "whether",
    "might",
    "possibly",
    "perhaps",
    "maybe",
    "probably",
    "likely",
    "potentially",
    "wenn",
    "falls",
    "sofern",
    "möglicherweise",
    "vielleicht",
    "eventuell",
    "wahrscheinlich",
    "si",
    "peut-être",
    "quizás",
    "forse",
    "talvez",
    "если",
    "возможно",
];

/// Words that tell what is to come.
const COMING: [&str; 8] = ["will", "would", "wird", "werden", "sera", "será", "verrà", "будет"];

/// Words that deny what follows.
const DENYING: [&str; 10] =
    ["not", "never", "nicht", "kein", "keine", "pas", "no", "não", "non", "не"];

/// Words that may stand between a denial and what it denies.
const FILLING: [&str; 13] = [
    "yet",
    "been",
    "be",
    "actually",
    "currently",
    "noch",
    "encore",
    "ha",
    "está",
    "è",
    "é",
    "a",
    "ещё",
];

/// Beginnings of words for what may have happened.
const EVENTS: [&str; 16] = [
    "expir",
    "revoke",
    "lock",
    "block",
    "suspend",
    "blacklist",
    "disable",
    "throttl",
    "abgelauf",
    "gesperrt",
    "caduc",
    "bloqu",
    "verrouill",
    "bloccat",
    "scadut",
    "ист",
];

/// The category of what a text claims; `category` is what its words are about, according to `about`.
pub(super) fn claimed(
    text: &str,
    category: Category,
    about: fn(&str) -> Option<Category>,
) -> Category {
    let text = text.to_lowercase().replace("parse or verify", "verify");
    let mut sentences = split(vec![&text], &SENTENCES);
    if may_be_one_of_two(category)
        && sentences.iter().any(|sentence| leaves_open_which(sentence, about))
    {
        return Ambiguous;
    }
    if !is_event(category) {
        return category;
    }
    let all = sentences.len();
    sentences.retain(|sentence| !begins_with_advice(&words(sentence)));
    let advises = sentences.len() < all;
    let mut claims = split(sentences, &CLAUSES);
    let all = claims.len();
    claims.retain(|clause| is_claim(&words(clause), clause));
    if !advises && claims.len() == all {
        return category;
    }
    about(&claims.join(". ")).filter(|claim| claim.is_informative()).unwrap_or(Ambiguous)
}

fn split<'a>(parts: Vec<&'a str>, separators: &[&'static str]) -> Vec<&'a str> {
    separators.iter().fold(parts, |parts, separator| {
        parts.into_iter().flat_map(|part| part.split(separator)).collect()
    })
}

/// Categories that servers also name in advice and warnings. Advice to send a key says that there was
/// none.
const fn is_event(category: Category) -> bool {
    matches!(
        category,
        Insufficient
            | Locked
            | Rate
            | Network
            | Clock
            | Session
            | NotYetValid
            | Expired
            | BadAudience
            | BadIssuer
            | NoKey
            | BadSignature
            | Alg
            | WrongType
            | Revoked
            | UserGone
    )
}

/// Whether "or" in such words may stand between causes. A CSRF token, a second factor or a time check is one
/// cause, whether it is missing or wrong.
const fn may_be_one_of_two(category: Category) -> bool {
    !matches!(category, Clock | Csrf | Mfa)
}

/// Whether a sentence names one cause or another.
fn leaves_open_which(sentence: &str, about: fn(&str) -> Option<Category>) -> bool {
    // A URL is no choice between its parts.
    let slash = (!sentence.contains("://")).then_some("/");
    let parts = split(vec![sentence], &ALTERNATIVES);
    let parts = split(parts, slash.as_slice());
    if parts.len() < 2 {
        return false;
    }
    // A word alone belongs to the noun behind the other: "Missing or insufficient permissions".
    let is_alone = |part: &str| part.split_whitespace().nth(1).is_none();
    let first = usize::from(parts.first().is_some_and(|first| is_alone(first)));
    // "Unauthorized" is no cause; "invalid token" is one.
    let named = |part: &&str| {
        about(part).filter(|category| category.is_informative() || part.contains("token"))
    };
    let mut causes = parts.iter().skip(first).filter_map(named).map(cause);
    let Some(one) = causes.next() else { return false };
    causes.any(|other| other != one)
}

/// Categories that are one cause are one of them.
const fn cause(category: Category) -> Category {
    match category {
        NoKey | Alg => BadSignature,
        ApiKeyMissing | Certificate => Missing,
        other => other,
    }
}

fn words(text: &str) -> Vec<&str> {
    let is_between = |c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-'));
    text.split(is_between).filter(|word| !word.is_empty()).collect()
}

/// Whether a part of a sentence says that something is so.
fn is_claim(words: &[&str], clause: &str) -> bool {
    let unspaced = ["如果", "可能", "未过期", "未過期", "没有过期", "沒有過期", "切れていません"];
    !(words.iter().any(|word| SUPPOSING.contains(word))
        || unspaced.into_iter().any(|part| clause.contains(part))
        || words.windows(2).any(|pair| is_supposed(pair, words))
        || is_advice(words)
        || is_to_come(words)
        || (0..words.len()).any(|at| is_denied(words.get(at..).unwrap_or_default())))
}

/// "may have", "could be"; not "could not", and not "may not be used", which forbids.
fn is_supposed(pair: &[&str], words: &[&str]) -> bool {
    match pair {
        ["may" | "could", "have" | "be" | "also" | "already" | "well" | "no"] => true,
        ["may", "not"] => words.contains(&"have"),
        _ => false,
    }
}

fn begins_with_advice(words: &[&str]) -> bool {
    let advice = match words {
        ["please", rest @ ..] => rest,
        all => all,
    };
    matches!(
        advice,
        ["check" | "verify" | "ensure" | "confirm" | "prüfen" | "überprüfen", ..]
            | ["make" | "be", "sure", ..]
            | ["see", "if", ..]
            | ["stellen", "sie", "sicher", ..]
    )
}

fn is_advice(words: &[&str]) -> bool {
    begins_with_advice(words)
        || words.contains(&"ensure")
        || words.windows(2).any(|pair| matches!(pair, ["make" | "be", "sure"]))
}

/// What comes, except for a token that becomes valid.
fn is_to_come(words: &[&str]) -> bool {
    words.iter().any(|word| COMING.contains(word))
        && !words.iter().any(|word| ["active", "valid"].contains(word))
}

fn is_denied(words: &[&str]) -> bool {
    let [first, rest @ ..] = words else { return false };
    let denies = DENYING.contains(first) || first.ends_with("n't") || first.ends_with("n’t");
    let denied = rest.iter().take(4).find(|word| !FILLING.contains(word));
    denies && denied.is_some_and(|word| EVENTS.into_iter().any(|event| word.starts_with(event)))
}

#[cfg(test)]
mod tests {
    use super::super::Category::{
        self, Ambiguous, BadCredentials, BadSignature, Expired, Insufficient, Locked, NoKey, Other,
        Rate, Revoked, Session, UserGone,
    };
    use super::super::patterns::categorise;

    fn all_are(category: Category, texts: &[&str]) {
        for text in texts {
            assert_eq!(categorise(text), Some(category), "{text}");
        }
    }

    #[test]
    fn a_lockout_to_come_is_no_lockout() {
        all_are(
            BadCredentials,
            &[
                "Incorrect password. Your account will be locked out after 3 more attempts.",
                "Invalid credentials. Too many login attempts will lock your account",
                "Wrong password, your account would be locked after 3 more",
                "Account is not locked, password is wrong",
            ],
        );
        all_are(Ambiguous, &["Ihr Konto wird nach 3 Versuchen gesperrt"]);
        all_are(
            Locked,
            &[
                "Account locked. You will receive an e-mail.",
                "Too many failed attempts; your account will be locked for 15 minutes",
                "Ihr Konto wurde gesperrt",
            ],
        );
        all_are(Rate, &["Rate limit exceeded, you may retry in 3 s"]);
    }

    #[test]
    fn what_may_have_happened_and_what_to_check_is_not_what_happened() {
        all_are(
            Ambiguous,
            &[
                "The token may have expired",
                "Token might be expired",
                "Token invalid, possibly expired",
                "Check that your token has not expired",
                "Please make sure your token is not expired",
                "Invalid token. It may have been revoked.",
                "Invalid token. Check the audience and the issuer.",
                "Unauthorized: your session could have timed out",
                "You may not have sufficient permissions",
                "Das Token ist möglicherweise abgelaufen",
                "token可能已过期",
            ],
        );
        all_are(BadCredentials, &["Invalid credentials. Reset your password if it has expired."]);
        all_are(
            Expired,
            &[
                "Token has expired. Please log in again or contact support if this persists.",
                "The token expired at 1 May 2025 11:00",
                "Token expired: could not be renewed",
                "\"exp\" claim timestamp check failed",
            ],
        );
        all_are(Revoked, &["Token has been revoked. You may request a new one."]);
        all_are(Session, &["Your session has expired and you will be redirected."]);
    }

    #[test]
    fn what_is_denied_is_not_what_happened() {
        all_are(BadSignature, &["Token has not expired but signature is invalid"]);
        for text in [
            "Token ist nicht abgelaufen, Signatur ungültig",
            "Token hasn't yet expired",
            "Le jeton n'a pas encore expiré",
            "El token no ha expirado",
            "Il token non è scaduto",
            "token未过期",
        ] {
            assert!(!categorise(text).unwrap().is_informative(), "{text}");
        }
        all_are(Expired, &["Token is no longer valid", "Token abgelaufen, nicht mehr gültig"]);
        all_are(BadSignature, &["Signature could not be verified, token is not expired"]);
    }

    #[test]
    fn one_cause_or_another_is_no_cause() {
        all_are(
            Ambiguous,
            &[
                "Token not found or expired",
                "Invalid signature or expired token",
                "Invalid audience or issuer",
                "Invalid audience/issuer",
                "You are not logged in or your session expired",
                "Invalid username or password, or the account is locked",
                "No token or invalid token",
                "You must be logged in or your session expired",
            ],
        );
        all_are(NoKey, &["Another algorithm expected, or no matching key(s) found"]);
        all_are(Insufficient, &["Missing or insufficient permissions."]);
        all_are(BadCredentials, &["Invalid user name or password", "Name or password is wrong"]);
        all_are(Expired, &["Token expired, see https://example.org/issuer/tokens"]);
    }

    #[test]
    fn what_is_said_of_something_else_is_not_said_of_the_token() {
        all_are(
            UserGone,
            &[
                "User is not active",
                "Account is not active",
                "Client not active",
                "User not active",
            ],
        );
        all_are(
            Other,
            &["Upstream certificate expired", "Your subscription has expired", "Expired licence"],
        );
        all_are(Expired, &["Certificate-bound token has expired", "Your API key has expired"]);
    }
}
