//! `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 §11.6.1): a grammar in which the comma
//! separates both challenges and parameters.

use std::borrow::Cow;

use crate::auth::authorization::Parameters;
use crate::auth::syntax::{self, is_space, token_text, trim};
use crate::auth::{Scheme, encoding};
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
            match syntax::parameter_name(rest) {
                Some((next, next_value)) => (name, value) = (next, next_value),
                None => {
                    // `Basic realm="a" Digest realm="b"`
                    let (scheme, after) = syntax::token(rest);
                    if !scheme.is_empty() {
                        self.open(scheme, trim(after));
                    }
                    return;
                }
            }
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
