//! `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 §11.6.1): a grammar in which the comma
//! separates both challenges and parameters.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::auth::authorization::Parameters;
use crate::auth::syntax::{self, is_space, token_text, trim};
use crate::auth::{Scheme, credentials, encoding};
use crate::text;

/// One challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Its scheme.
    pub scheme: Scheme,
    /// Its parameters, `realm` included, unescaped.
    pub params: Parameters,
    /// Its token68 data, for schemes that use it.
    pub token68: Option<String>,
}

impl Challenge {
    /// The realm, where one is named.
    pub fn realm(&self) -> Option<&str> {
        self.params.get("realm")
    }

    /// Whether it says that only the nonce was wrong (RFC 7616 §3.3).
    pub fn is_stale(&self) -> bool {
        self.params.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"))
    }
}

/// A recovery rule that a header needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeDefect {
    /// Two parameters without a comma between them.
    MissingComma,
    /// An unquoted value with spaces.
    UnquotedSpace,
    /// A parameter before any scheme.
    ParamBeforeScheme,
    /// A quote that is never closed.
    UnterminatedQuote,
}

impl ChallengeDefect {
    /// As in the note's text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingComma => "missing comma",
            Self::UnquotedSpace => "unquoted value with spaces",
            Self::ParamBeforeScheme => "parameter before any scheme",
            Self::UnterminatedQuote => "unterminated quote",
        }
    }
}

/// More challenges than any server offers, and more parameters than any has: the rest is not kept.
const MOST: usize = 64;

/// The challenges of all field lines, in order, and what had to be forgiven.
pub fn parse<'a>(lines: impl Iterator<Item = &'a [u8]>) -> (Vec<Challenge>, Vec<ChallengeDefect>) {
    let mut parser = Parser::default();
    for line in lines {
        let (line, _) = syntax::unfold(line);
        parser.in_challenge = false;
        for element in syntax::list(&line) {
            parser.element(element);
        }
    }
    (parser.challenges, parser.defects)
}

/// Challenges that were read before: most servers ask in the same words each time.
#[derive(Debug, Default)]
pub struct Memo {
    known: HashMap<Box<[u8]>, Known, ahash::RandomState>,
    none: Arc<[Challenge]>,
    /// The field lines that are looked for, each behind its length.
    lines: Vec<u8>,
}

type Known = (Arc<[Challenge]>, Vec<ChallengeDefect>);

impl Memo {
    /// Field values remembered; then all are forgotten, and those still in use come back.
    const ENTRIES: usize = 512;

    /// Longest that is remembered, in octets.
    const LENGTH: usize = 1024;

    /// The challenges of all field lines, in order, and what had to be forgiven.
    pub fn read<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]> + Clone) -> Known {
        self.lines.clear();
        for line in lines.clone() {
            // Its length tells where it ends: an HTTP/2 value may hold any octet.
            self.lines.extend_from_slice(&line.len().to_le_bytes());
            self.lines.extend_from_slice(line);
        }
        if self.lines.is_empty() {
            return (Arc::clone(&self.none), Vec::new());
        }
        if let Some(known) = self.known.get(self.lines.as_slice()) {
            return known.clone();
        }
        let (challenges, defects) = parse(lines);
        let read = (challenges.into(), defects);
        if self.lines.len() <= Self::LENGTH {
            if self.known.len() >= Self::ENTRIES {
                self.known.clear();
            }
            self.known.insert(self.lines.as_slice().into(), Known::clone(&read));
        }
        read
    }
}

#[derive(Default)]
struct Parser {
    challenges: Vec<Challenge>,
    defects: Vec<ChallengeDefect>,
    /// Whether the last challenge stands on this field line: only then do parameters belong to it.
    in_challenge: bool,
}

impl Parser {
    /// What stands between two commas: a parameter of the current challenge, or a new challenge.
    fn element(&mut self, element: &[u8]) {
        if let Some((name, rest)) = syntax::parameter_name(element) {
            self.parameters(name, rest);
            return;
        }
        let (scheme, rest) = syntax::token(element);
        if !scheme.is_empty() {
            self.open(scheme, trim(rest));
        }
    }

    fn open(&mut self, scheme: &[u8], rest: &[u8]) {
        if self.challenges.len() == MOST {
            return;
        }
        self.challenges.push(Challenge {
            scheme: Scheme::new(&token_text(scheme)),
            params: Parameters::default(),
            token68: None,
        });
        self.in_challenge = true;
        if rest.is_empty() {
            return;
        }
        // `Negotiate || NTLM`, `Negotiate NTLM`: what stands for the comma varies.
        let start = rest.iter().position(u8::is_ascii_alphanumeric).unwrap_or(rest.len());
        let (word, after) = syntax::token(&rest[start..]);
        let is_word = after.first().is_none_or(|&octet| is_space(octet));
        if is_word && credentials::known_scheme(word).is_some() {
            self.defect(ChallengeDefect::MissingComma);
            self.open(word, trim(after));
            return;
        }
        match syntax::parameter_name(rest) {
            // `TlRMTVNTUAAC=` is data with its padding; `realm=` is an empty parameter.
            Some((name, value)) if !is_token68(rest) || name.eq_ignore_ascii_case(b"realm") => {
                self.parameters(name, value);
            }
            _ => {
                if let Some(challenge) = self.challenges.last_mut() {
                    challenge.token68 = Some(text::decode(rest).into_owned());
                }
            }
        }
    }

    /// A parameter's value, and whatever follows it although a comma should.
    fn parameters(&mut self, name: &[u8], value: &[u8]) {
        let (mut name, mut value) = (name, value);
        loop {
            let Some((parsed, rest)) = self.value(value) else { return };
            self.add(name, &parsed);
            // `realm="x"; charset=…` is a comma mistyped.
            let rest = rest.trim_ascii_start();
            let rest = trim(rest.strip_prefix(b";").unwrap_or(rest));
            if rest.is_empty() {
                return;
            }
            self.defect(ChallengeDefect::MissingComma);
            let Some((next, next_value)) = syntax::parameter_name(rest) else {
                // `Basic realm="a" Digest realm="b"`
                let (scheme, after) = syntax::token(rest);
                if !scheme.is_empty() {
                    self.open(scheme, trim(after));
                }
                return;
            };
            (name, value) = (next, next_value);
        }
    }

    /// The value at the start, and what follows; `None` when its quote is never closed.
    fn value<'a>(&mut self, octets: &'a [u8]) -> Option<(Cow<'a, [u8]>, &'a [u8])> {
        if let Some((inner, rest)) = syntax::quoted(octets) {
            if rest.is_none() {
                self.defect(ChallengeDefect::UnterminatedQuote);
            }
            return rest.map(|rest| (syntax::unescape(inner), rest));
        }
        let (token, rest) = syntax::token(octets);
        if rest.is_empty() || next_is_parameter(rest) {
            return Some((Cow::Borrowed(token), rest));
        }
        // Everything up to the next word that is a parameter's name.
        self.defect(ChallengeDefect::UnquotedSpace);
        let end = (1..octets.len())
            .filter(|&index| is_space(octets[index]) && !is_space(octets[index - 1]))
            .find(|&index| next_is_parameter(&octets[index..]))
            .unwrap_or(octets.len());
        Some((Cow::Borrowed(trim(&octets[..end])), &octets[end..]))
    }

    fn add(&mut self, name: &[u8], value: &[u8]) {
        let challenge = self.challenges.last_mut().filter(|_| self.in_challenge);
        let Some(challenge) = challenge else {
            self.defect(ChallengeDefect::ParamBeforeScheme);
            return;
        };
        let name = token_text(name).to_ascii_lowercase();
        if challenge.params.get(&name).is_none() && challenge.params.0.len() < MOST {
            challenge.params.0.push((name, text::decode(value).into_owned()));
        }
    }

    fn defect(&mut self, defect: ChallengeDefect) {
        if !self.defects.contains(&defect) {
            self.defects.push(defect);
        }
    }
}

/// White space and then `name=`.
fn next_is_parameter(octets: &[u8]) -> bool {
    octets.first().is_some_and(|&octet| is_space(octet) || octet == b';')
        && syntax::parameter_name(trim(octets.strip_prefix(b";").unwrap_or(octets))).is_some()
}

fn is_token68(octets: &[u8]) -> bool {
    encoding::without_padding(octets).iter().all(|&octet| syntax::is_token68(octet))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Challenges in one line each: `Scheme{name=value,…} token68`, then the defects.
    fn parsed(lines: &[&str]) -> Vec<String> {
        let (challenges, defects) = parse(lines.iter().map(|line| line.as_bytes()));
        let challenges = challenges.into_iter().map(|challenge| {
            let params: Vec<String> =
                challenge.params.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let token68 = challenge.token68.map_or_else(String::new, |data| format!(" {data}"));
            format!("{}{{{}}}{token68}", challenge.scheme, params.join("|"))
        });
        challenges.chain(defects.into_iter().map(|defect| format!("! {}", defect.name()))).collect()
    }

    /// One test a header: `name: lines => challenges`.
    macro_rules! challenges {
        ($($name:ident: $lines:expr => $challenges:expr;)*) => {$(
            #[test]
            fn $name() {
                let expected: &[&str] = &$challenges;
                assert_eq!(parsed(&$lines), expected);
            }
        )*};
    }

    challenges! {
        g01_basic: [r#"Basic realm="Restricted Area""#] => ["Basic{realm=Restricted Area}"];
        g02_three_lines: ["Negotiate", "NTLM", r#"Basic realm="x""#] =>
            ["Negotiate{}", "NTLM{}", "Basic{realm=x}"];
        g03_three_in_one_line: [r#"Negotiate, NTLM, Basic realm="x""#] =>
            ["Negotiate{}", "NTLM{}", "Basic{realm=x}"];
        g04_the_rfc_example:
            [r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#] =>
            [r#"Newauth{realm=apps|type=1|title=Login to "apps"}"#, "Basic{realm=simple}"];
        g05_a_comma_in_quotes:
            [r#"Bearer realm="http://192.168.99.100:9000/authorize",service="Docker Registry",scope="repository:a/b:pull,push""#] =>
            ["Bearer{realm=http://192.168.99.100:9000/authorize|service=Docker Registry|scope=repository:a/b:pull,push}"];
        g06_a_missing_comma:
            [r#"Basic realm="security" charset="UTF-8""#, r#"Bearer realm="security""#, "ApiKey"] =>
            ["Basic{realm=security|charset=UTF-8}", "Bearer{realm=security}", "ApiKey{}", "! missing comma"];
        g07_digest:
            [r#"Digest realm="zone", nonce="4l7VPb9gBgA=53af", algorithm=MD5, domain="/digest/", qop="auth,auth-int""#] =>
            ["Digest{realm=zone|nonce=4l7VPb9gBgA=53af|algorithm=MD5|domain=/digest/|qop=auth,auth-int}"];
        g08_apostrophes_are_text:
            [r#"Bearer error="invalid_token", error_description="The token expired at '06/01/2025 11:00:00'""#] =>
            ["Bearer{error=invalid_token|error_description=The token expired at '06/01/2025 11:00:00'}"];
        g09_padding_is_no_parameter: ["NTLM TlRMTVNTUAACAAAAAAAAAAAAAAA="] =>
            ["NTLM{} TlRMTVNTUAACAAAAAAAAAAAAAAA="];
        g10_an_unquoted_value_with_spaces: ["Basic realm=My Site"] =>
            ["Basic{realm=My Site}", "! unquoted value with spaces"];
        g11_a_scheme_alone: ["Bearer"] => ["Bearer{}"];
        g12_empty_elements: [r#", ,Basic realm="x","#] => ["Basic{realm=x}"];
        g13_a_parameter_before_any_scheme: [r#"realm="x""#] => ["! parameter before any scheme"];
        g14_two_challenges_in_one_line:
            [r#"DPoP algs="ES256 PS256", Bearer error="invalid_token", error_description="Invalid token""#] =>
            ["DPoP{algs=ES256 PS256}", "Bearer{error=invalid_token|error_description=Invalid token}"];
        g15_a_comma_in_a_description:
            [r#"Bearer realm="Users", error="invalid_token", error_description="bad, really bad""#] =>
            ["Bearer{realm=Users|error=invalid_token|error_description=bad, really bad}"];
        g16_a_quote_that_is_never_closed: [r#"Basic realm="unterminated"#] =>
            ["Basic{}", "! unterminated quote"];

        schemes_and_names_have_no_case: [r#"BASIC Realm="X""#] => ["Basic{realm=X}"];
        schemes_made_to_keep_browsers_quiet: [r#"xBasic realm="x""#, "FormBased"] =>
            ["xBasic{realm=x}", "FormBased{}"];
        spaces_around_the_equals_sign: [r#"Digest realm = "x" , nonce= "y""#] =>
            ["Digest{realm=x|nonce=y}"];
        the_first_of_a_name_stays: [r#"Basic realm="a", realm="b""#] => ["Basic{realm=a}"];
        an_empty_realm: [r#"Basic realm="""#, "Basic realm="] => ["Basic{realm=}", "Basic{realm=}"];
        data_with_two_paddings: ["Negotiate oYG2MIGzoAMKAQChCwYJ==, Basic realm=x"] =>
            ["Negotiate{} oYG2MIGzoAMKAQChCwYJ==", "Basic{realm=x}"];
        a_missing_comma_between_challenges: [r#"Basic realm="a" Digest realm="b", nonce="n""#] =>
            ["Basic{realm=a}", "Digest{realm=b|nonce=n}", "! missing comma"];
        a_missing_comma_after_a_token: [r#"Bearer error=invalid_token error_description="x y""#] =>
            ["Bearer{error=invalid_token|error_description=x y}", "! missing comma"];
        a_semicolon_for_a_comma: [r#"Basic realm="a"; charset=UTF-8"#] =>
            ["Basic{realm=a|charset=UTF-8}", "! missing comma"];
        an_unquoted_url: ["Bearer resource_metadata=https://h/x?y=1, error=invalid_token"] =>
            ["Bearer{resource_metadata=https://h/x?y=1|error=invalid_token}", "! unquoted value with spaces"];
        an_unquoted_value_before_another: [r#"Basic realm=My Site charset="UTF-8""#] =>
            ["Basic{realm=My Site|charset=UTF-8}", "! unquoted value with spaces", "! missing comma"];
        schemes_with_something_else_between: ["Negotiate || NTLM", "Basic Bearer"] =>
            ["Negotiate{}", "NTLM{}", "Basic{}", "Bearer{}", "! missing comma"];
        a_folded_line: ["Digest realm=\"x\",\r\n nonce=\"n\""] => ["Digest{realm=x|nonce=n}"];
        a_second_line_does_not_continue_the_first: [r#"Basic realm="x""#, r#"charset="UTF-8""#] =>
            ["Basic{realm=x}", "! parameter before any scheme"];
        what_stood_before_an_open_quote_stays: [r#"Bearer realm="a", error="x"#] =>
            ["Bearer{realm=a}", "! unterminated quote"];
        octets_beyond_ascii: ["Basic realm=\"geschützt\""] => ["Basic{realm=geschützt}"];
        nothing: [""] => [];
    }

    #[test]
    fn what_is_remembered_is_what_is_read() {
        let mut memo = Memo::default();
        let many: Vec<String> =
            (0..2 * Memo::ENTRIES).map(|n| format!("Basic realm={n} x")).collect();
        let long = format!("Basic realm=\"{}\"", "x".repeat(Memo::LENGTH));
        let own: [&[&str]; 4] = [&[], &["Basic", "Digest"], &["Basic, Digest"], &[&long]];
        let many: Vec<[&str; 1]> = many.iter().map(|line| [line.as_str()]).collect();
        for lines in own.into_iter().chain(many.iter().map(<[_; 1]>::as_slice)).chain(own) {
            for _ in 0..2 {
                let (challenges, defects) = memo.read(lines.iter().map(|line| line.as_bytes()));
                let expected = parse(lines.iter().map(|line| line.as_bytes()));
                assert_eq!((challenges.to_vec(), defects), expected);
            }
        }
        assert!(memo.known.len() <= Memo::ENTRIES);
    }

    proptest! {
        #[test]
        fn any_octets_parse(lines in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
            parse(lines.iter().map(Vec::as_slice));
        }

        #[test]
        fn any_text_parses(line in "[A-Za-z =,;\"\\\\']{0,60}") {
            parse(std::iter::once(line.as_bytes()));
        }

        #[test]
        fn what_is_written_is_read_back(
            schemes in prop::collection::vec(("[A-Z][a-z]{1,8}", prop::collection::vec("[ -~]{0,12}", 1..4)), 1..4)
        ) {
            let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
            let line: Vec<String> = schemes.iter().map(|(scheme, values)| {
                let params: Vec<String> = values.iter().enumerate()
                    .map(|(n, value)| format!("p{n}=\"{}\"", escape(value))).collect();
                format!("{scheme} {}", params.join(", "))
            }).collect();
            let line = line.join(", ");
            let (challenges, defects) = parse(std::iter::once(line.as_bytes()));
            prop_assert!(defects.is_empty(), "{line}: {defects:?}");
            prop_assert_eq!(challenges.len(), schemes.len());
            for (challenge, (scheme, values)) in challenges.iter().zip(&schemes) {
                prop_assert_eq!(challenge.scheme.spelling(), scheme);
                let read: Vec<&String> = challenge.params.0.iter().map(|(_, value)| value).collect();
                prop_assert_eq!(read, values.iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn one_line_is_not_taken_for_two() {
        let mut memo = Memo::default();
        let one: [&[u8]; 1] = [b"Basic realm=a\nBearer"];
        let two: [&[u8]; 2] = [b"Basic realm=a", b"Bearer"];
        memo.read(two.into_iter());
        let fresh = parse(one.into_iter());
        let (challenges, defects) = memo.read(one.into_iter());
        assert_eq!((challenges.to_vec(), defects), fresh);
    }
}
