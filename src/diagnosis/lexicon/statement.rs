//! Whether words that no pattern knows say something about this refusal.
//!
//! "LDAP server unavailable" does; "Please provide valid credentials to access this resource" is what any
//! refusal may say, whatever its reason.

/// Fewer words are a name, a code or a title.
const SENTENCE: usize = 3;

/// The words of which refusals that give no reason are made, banners that warn strangers, and dates.
const VOCABULARY: &str = " \
    a about accept accepted access accessing activities activity administrator again all allowed \
    an and any api app application apr are area as at aug auth authenticate authenticated \
    authenticating authentication authorisation authorised authorization authorize authorized \
    bad be bearer been before browser but by can cannot check client code computer contact \
    content continue continuing could credential credentials dec denied details device did do \
    document documentation does don't due endpoint enter error errors exception failed failure \
    feb first for forbidden found fri from get gmt have header headers help here home host html \
    http https id if in info information internal into invalid is issue it its jan jul jun jwt \
    key log logged login logon logs machine mar may message method mon monitored more must name \
    need needed needs network no not nov object occurred oct of ok on one only operation or \
    order page password passwords path perform permitted personnel please private proceed \
    prohibited proper property protected provide provided proxy realm reason recorded refused \
    rejected request requested require required requires resource resources response restricted \
    retry return sat see send sep server service sign signed site sorry standard status strictly \
    subject sun supplied supply support system that the their then there this thu to token try \
    tue unable unauthenticated unauthorised unauthorized uri url use used user username users \
    using utc valid validate validated verified verify view visit warning was we web website wed \
    welcome were with without you your ";

/// Whether it is a sentence, as far as that can be told without knowing its language, and one of its words
/// is not said of all refusals alike.
pub(super) fn is_statement(text: &str) -> bool {
    let (mut usual, mut own) = (0, 0);
    for word in text.split_whitespace().filter(|word| !is_name(word)).flat_map(parts) {
        if is_usual(word) {
            usual += 1;
        } else {
            own += 1;
        }
    }
    usual > 0 && own > 0 && usual + own >= SENTENCE
}

/// A URL, a path, the name of a class, an address, a parameter with its value.
fn is_name(word: &str) -> bool {
    let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.starts_with('/') || inner.contains(['/', '\\', '.', '@', '=', ':', '$'])
}

/// The words that a code such as `EMAIL_NOT_VERIFIED` consists of; numbers are none.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’')))
        .filter(|part| part.chars().any(char::is_alphabetic))
}

fn is_usual(word: &str) -> bool {
    let word = word.to_ascii_lowercase().replace('’', "'");
    VOCABULARY.split(' ').any(|usual| usual == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_with_a_word_of_its_own_says_something() {
        for text in [
            "Please verify your email address before logging in",
            "Use SSO to sign in",
            "Registration is not complete",
            "Device not recognized. Check your email",
            "You must change your password",
            "User has no active subscription",
            "EMAIL_NOT_VERIFIED",
            "You need to verify your account",
            "no such token 'mon' for user 'root@pam'",
        ] {
            assert!(is_statement(text), "{text}");
        }
    }

    #[test]
    fn what_any_refusal_may_say_is_no_statement() {
        for text in [
            "",
            "Authorization Required",
            "Please log in",
            "You need to authenticate",
            "Access to the requested resource forbidden.",
            "Protected resource, use Authorization header to get access",
            "You must enter a valid login ID and password to access this resource",
            "Please enter your user name and password for this site.",
            "Internal Server Error",
            "An error occurred. See https://docs.example.org/auth/errors for more information.",
            "See the logs",
            "Restricted Area",
            "GitLab",
            "ERR_4711",
            "/v1/orders",
            "You need to sign in before continuing.",
            "We could not verify your bearer token",
            "Fri Nov 20 10:00:00 GMT 2026",
            "org.springframework.security.authentication.InternalAuthenticationServiceException",
            "Please contact support@example.org or try again",
            "Access to this device is restricted to authorized users only. All activity is logged.",
            "WARNING: private system. Unauthorized use is strictly prohibited and subject to be monitored.",
        ] {
            assert!(!is_statement(text), "{text}");
        }
    }
}
