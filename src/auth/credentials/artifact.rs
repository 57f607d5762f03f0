//! Texts that a program wrote where a credential should be: a missing value, an object's default
//! text, or a template whose variable was never filled in.

use crate::auth::authorization::MalformedReason;
use crate::auth::syntax::{contains_ignore_case, starts_with_ignore_case, trim};
use crate::text;

/// What stands in a credential's place. The text is safe to show: whatever could be a real secret
/// inside it (`b'…'`, `Optional("…")`) is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// The default text of a missing value or of an object.
    Placeholder(String),
    /// A template's variable.
    UnexpandedVariable(String),
}

impl Artifact {
    /// The text that stands there, without what could be secret in it.
    pub fn text(&self) -> &str {
        match self {
            Self::Placeholder(text) | Self::UnexpandedVariable(text) => text,
        }
    }
}

impl From<Artifact> for MalformedReason {
    fn from(artifact: Artifact) -> Self {
        match artifact {
            Artifact::Placeholder(text) => Self::Placeholder { text },
            Artifact::UnexpandedVariable(text) => Self::UnexpandedVariable { text },
        }
    }
}

/// How languages and documents write a value that is not there; compared in any case.
const MISSING_VALUES: [&str; 8] =
    ["undefined", "null", "none", "nil", "nan", "(null)", "<nil>", "<null>"];

/// Literals that cannot be a token, though one of them could be a password.
const NOT_TOKENS: [&str; 11] = [
    "true",
    "false",
    "changeme",
    "change_me",
    "change-me",
    "replaceme",
    "replace_me",
    "replace-me",
    "placeholder",
    "redacted",
    "[redacted]",
];

/// Octets of the longest of these literals.
const LITERAL: usize = 11;

/// How languages print a value with its type: Python bytes and tuples, Swift, Java and Rust options,
/// Python secrets, JavaScript promises and functions, JSON and other maps, PowerShell hash tables.
const WRAPPERS: [(&str, &str); 19] = [
    ("b'", "'"),
    ("b\"", "\""),
    ("Optional(", ")"),
    ("Optional[", "]"),
    ("Some(", ")"),
    ("Ok(", ")"),
    ("Secret(", ")"),
    ("SecretStr(", ")"),
    ("Promise {", "}"),
    ("function ", "}"),
    ("function(", "}"),
    ("() =>", ""),
    ("async ", "}"),
    ("{\"", "}"),
    ("{'", "}"),
    ("[{", "]"),
    ("('", ")"),
    ("@{", "}"),
    ("#<", ">"),
];

/// How Python and JavaScript print an object: `<coroutine object f at 0x7f…>`.
const OBJECTS: [&str; 5] = ["<function ", "<bound method ", "<class ", "<generator ", "<built-in "];

/// The artifact that a whole text is, if it is one.
pub fn find(text: &[u8]) -> Option<Artifact> {
    placeholder(text)
        .map(Artifact::Placeholder)
        .or_else(|| variable(text).map(Artifact::UnexpandedVariable))
}

/// The same for a user or password of Basic, where `changeme`, `true` or `$ecret` can be meant.
pub fn find_in_login(text: &[u8]) -> Option<Artifact> {
    if is_missing_value(unquoted(text)) {
        return Some(Artifact::Placeholder(show(text)));
    }
    if is_no_token(text) {
        return None;
    }
    let is_shell_variable = |name: &[u8]| {
        const WORDS: [&[u8]; 7] = [b"pass", b"pwd", b"user", b"token", b"key", b"secret", b"login"];
        name.iter().all(|octet| !octet.is_ascii_lowercase())
            || WORDS.iter().any(|word| contains_ignore_case(name, word))
    };
    match text.strip_prefix(b"$") {
        Some(name) if is_word(name) && !is_shell_variable(name) => None,
        _ => find(text),
    }
}

fn is_missing_value(text: &[u8]) -> bool {
    text.len() <= LITERAL
        && MISSING_VALUES.iter().any(|value| text.eq_ignore_ascii_case(value.as_bytes()))
}

/// Whether it is one of [`NOT_TOKENS`].
fn is_no_token(text: &[u8]) -> bool {
    text.len() <= LITERAL
        && NOT_TOKENS.iter().any(|literal| text.eq_ignore_ascii_case(literal.as_bytes()))
}

fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        other => other,
    }
}

fn placeholder(text: &[u8]) -> Option<String> {
    let bare = unquoted(text);
    // No literal of the lists is longer: a real token is dismissed by its length.
    if bare.len() <= 48 {
        let literal = is_missing_value(bare)
            || is_no_token(bare)
            || is_instruction(bare)
            || (bare.len() >= 3 && bare.iter().all(|&octet| octet == b'*'));
        if literal {
            return Some(show(text));
        }
    }
    language_artifact(text)
}

/// `YOUR_API_KEY`, `your-token-here`, `insert token here`.
fn is_instruction(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 7] =
        [b"token", b"key", b"jwt", b"secret", b"password", b"credential", b"bearer"];
    let addressed = starts_with_ignore_case(text, b"your")
        || text.len() > 4 && text[text.len() - 4..].eq_ignore_ascii_case(b"here");
    addressed
        && text.iter().all(|octet| octet.is_ascii_alphabetic() || b" _-".contains(octet))
        && NAMES.iter().any(|name| contains_ignore_case(text, name))
}

fn language_artifact(text: &[u8]) -> Option<String> {
    // Each begins with one of these; none is how a token begins and goes on.
    if !matches!(
        text.first(),
        Some(
            b'b' | b'O'
                | b'S'
                | b'P'
                | b'f'
                | b'('
                | b'a'
                | b'{'
                | b'['
                | b'@'
                | b'#'
                | b'<'
                | b'%'
        )
    ) {
        return None;
    }
    if text.starts_with(b"[object ") && text.ends_with(b"]") {
        return Some(show(text));
    }
    if text.starts_with(b"System.") && text.get(7).is_some_and(u8::is_ascii_uppercase) {
        return Some(show(text));
    }
    // Go's fmt: `%!s(<nil>)`, `%!v(MISSING)`.
    if text.starts_with(b"%!") && text.ends_with(b")") {
        let open = text.iter().position(|&octet| octet == b'(')?;
        return Some(format!("{}…)", text::decode(&text[..=open])));
    }
    let object = OBJECTS.iter().any(|start| text.starts_with(start.as_bytes()))
        || text.starts_with(b"<") && text.windows(6).any(|window| window == b" at 0x");
    if object && text.ends_with(b">") {
        return Some(show(text));
    }
    let (open, close) = WRAPPERS.into_iter().find(|(open, close)| {
        text.len() >= open.len() + close.len()
            && text.starts_with(open.as_bytes())
            && text.ends_with(close.as_bytes())
    })?;
    Some(format!("{open}…{close}"))
}

/// The template forms, each with what opens and closes it.
fn variable(text: &[u8]) -> Option<String> {
    let shown =
        |open: &str, inner: &[u8], close: &str| Some(format!("{open}{}{close}", show_name(inner)));
    match text {
        [b'$', b'{', b'{', inner @ .., b'}', b'}'] => shown("${{", inner, "}}"),
        [b'$', b'{', inner @ .., b'}'] if !inner.contains(&b'}') => shown("${", inner, "}"),
        [b'$', b'(', inner @ .., b')'] if !inner.contains(&b')') => shown("$(", inner, ")"),
        [b'$', b'e', b'n', b'v', b':', name @ ..] if !name.is_empty() && all_word(name) => {
            shown("$env:", name, "")
        }
        [b'$', name @ ..] if is_word(name) => shown("$", name, ""),
        [b'{', b'{', inner @ .., b'}', b'}'] => shown("{{", inner, "}}"),
        // Positional and nameless fields of format strings: `{}`, `{0}`.
        [b'{', inner @ .., b'}']
            if inner.iter().all(u8::is_ascii_digit)
                || inner.first().is_some_and(|&first| is_word_start(first))
                    && inner
                        .iter()
                        .all(|&octet| is_word_octet(octet) || b".-".contains(&octet)) =>
        {
            shown("{", inner, "}")
        }
        [b'%', b'(', inner @ .., b')', b's'] if is_word(inner) => shown("%(", inner, ")s"),
        [b'%', b's' | b'v' | b'd' | b'@'] => Some(show(text)),
        [b'%', inner @ .., b'%'] if is_word(inner) => shown("%", inner, "%"),
        [b'<', inner @ .., b'>']
            if !inner.is_empty() && !inner.iter().any(|octet| b"<>".contains(octet)) =>
        {
            shown("<", inner, ">")
        }
        [b'#', b'{', inner @ .., b'}'] => shown("#{", inner, "}"),
        [b'_', b'_', first, inner @ .., b'_', b'_']
            if first.is_ascii_uppercase()
                && inner.iter().all(|octet| {
                    octet.is_ascii_uppercase() || octet.is_ascii_digit() || *octet == b'_'
                }) =>
        {
            shown("__", &text[2..text.len() - 2], "__")
        }
        [b'[', inner @ .., b']']
            if inner.first().is_some_and(|&first| is_word_start(first))
                && inner
                    .iter()
                    .all(|octet| octet.is_ascii_alphabetic() || b"_ -".contains(octet)) =>
        {
            shown("[", inner, "]")
        }
        _ => None,
    }
}

const fn is_word_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

const fn is_word_start(octet: u8) -> bool {
    octet.is_ascii_alphabetic() || octet == b'_'
}

fn all_word(text: &[u8]) -> bool {
    text.iter().all(|&octet| is_word_octet(octet))
}

fn is_word(text: &[u8]) -> bool {
    text.first().is_some_and(|&first| is_word_start(first)) && all_word(text)
}

fn show(text: &[u8]) -> String {
    text::shorten(&text::decode(text), 64).into_owned()
}

/// The name inside a template as far as it is a name. People also put the real token between the
/// brackets, and commands hold passwords: such text is left out.
fn show_name(inner: &[u8]) -> String {
    let is_name = |octet: &u8| is_word_octet(*octet) || b".-:".contains(octet);
    let start = inner.len() - inner.trim_ascii_start().len();
    let name = &inner[start..];
    let name = &name[..name.iter().position(|octet| !is_name(octet)).unwrap_or(name.len())];
    let words = inner.iter().all(|octet| octet.is_ascii_alphabetic() || b" _-.".contains(octet));
    if words && inner.len() <= 48 {
        return text::decode(inner).into_owned();
    }
    if looks_random(name) {
        return "…".to_owned();
    }
    let whole = trim(inner).len() == name.len();
    let padding = " ".repeat(usize::from(start > 0));
    let name = text::decode(name);
    if whole { format!("{padding}{name}{padding}") } else { format!("{padding}{name}…") }
}

/// Whether a word is more likely drawn at random than chosen as a name.
pub fn looks_random(word: &[u8]) -> bool {
    let digits = word.iter().filter(|octet| octet.is_ascii_digit()).count();
    let lower = word.iter().any(u8::is_ascii_lowercase);
    let upper = word.iter().any(u8::is_ascii_uppercase);
    let mixed = lower && upper || word.iter().all(u8::is_ascii_hexdigit);
    word.starts_with(b"eyJ")
        || word.len() > 48
        || word.len() >= 12 && digits > 0 && (mixed || digits > 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_is_longer_than_declared() {
        assert!(MISSING_VALUES.into_iter().chain(NOT_TOKENS).all(|one| one.len() <= LITERAL));
    }

    #[test]
    fn program_texts_are_placeholders() {
        for text in [
            "undefined",
            "NULL",
            "None",
            "\"undefined\"",
            "[object Object]",
            "[object Promise]",
            "b'YWxpY2U6c2VjcmV0'",
            "Optional(\"abc\")",
            "Some(\"abc\")",
            "%!s(<nil>)",
            "@{token=abc}",
            "System.Security.SecureString",
            "{\"access_token\":\"abc\"}",
            "YOUR_API_KEY",
            "your_token_here",
            "changeme",
            "<coroutine object get_token at 0x7f3c>",
            "***",
        ] {
            let found = find(text.as_bytes());
            assert!(matches!(found, Some(Artifact::Placeholder(_))), "{text}: {found:?}");
        }
    }

    #[test]
    fn templates_are_unexpanded_variables() {
        for text in [
            "$TOKEN",
            "${TOKEN}",
            "${{ secrets.X }}",
            "{{token}}",
            "{token}",
            "<token>",
            "<your token here>",
            "%TOKEN%",
            "$(cat token.txt)",
            "$env:TOKEN",
            "#{token}",
            "__TOKEN__",
            "[token]",
            "{0}",
        ] {
            let found = find(text.as_bytes());
            assert!(matches!(found, Some(Artifact::UnexpandedVariable(_))), "{text}: {found:?}");
        }
    }

    #[test]
    fn tokens_are_neither() {
        for text in ["eyJhbGciOiJub25lIn0.e30.", "abc", "Some", "a{b}", "$1", "nulls", "herekey"] {
            assert_eq!(find(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_secret_inside_an_artifact_is_not_shown() {
        for text in [
            "b'hunter2secret'",
            "Optional(hunter2secret)",
            "{\"token\":\"hunter2secret\"}",
            "<hunter2secreT99999>",
            "$(echo -n alice:hunter2secret)",
            "${TOKEN:-=hunter2secret}",
            "{{ btoa('alice:hunter2secret') }}",
        ] {
            let shown = find(text.as_bytes()).unwrap();
            assert!(!shown.text().contains("hunter2"), "{text}: {shown:?}");
        }
    }

    #[test]
    fn ordinary_passwords_are_not_templates() {
        assert_eq!(find_in_login(b"changeme"), None);
        assert_eq!(find_in_login(b"$ecret"), None);
        assert!(find_in_login(b"$PASSWORD").is_some());
        assert!(find_in_login(b"$password").is_some());
        assert!(find_in_login(b"undefined").is_some());
    }
}
