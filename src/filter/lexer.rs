//! From characters to tokens. What a word means depends on where it stands: after an operator it is
//! a value, before one it is a field, elsewhere it is free text.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::FilterError;
use super::ast::{Comparison, Literal, Value};
use super::fields;

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    /// Free text.
    Text(Literal),
    /// A field without a comparison.
    Name(String),
    /// A field with a comparison.
    Compare {
        name: String,
        comparison: Comparison,
        values: Vec<Value>,
    },
}

/// Splits an expression.
pub(super) fn tokens(expression: &str) -> Result<Vec<Token>, FilterError> {
    let mut lexer = Lexer { text: expression, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        if lexer.rest().is_empty() {
            return Ok(tokens);
        }
        let start = lexer.at;
        let kind = lexer.token()?;
        tokens.push(Token { kind, at: start..lexer.at });
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// Where an unquoted word ends, besides at a blank, `&&`, `||` and a parenthesis not opened in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Blank,
    Comma,
    Brace,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    fn token(&mut self) -> Result<Kind, FilterError> {
        let simple = [("(", Kind::Open), (")", Kind::Close), ("&&", Kind::And), ("||", Kind::Or)];
        for (spelling, kind) in simple {
            if self.take(spelling) {
                return Ok(kind);
            }
        }
        if self.take("!") {
            return Ok(Kind::Not);
        }
        let rest = self.rest();
        if rest.starts_with('-') && rest[1..].starts_with(|c: char| !c.is_whitespace()) {
            self.at += 1;
            return Ok(Kind::Not);
        }
        if rest.starts_with('"') {
            return Ok(Kind::Text(Literal::Quoted(self.quoted()?)));
        }
        if let Some(regex) = self.regex(Stop::Blank) {
            return Ok(Kind::Text(Literal::Regex(regex)));
        }
        self.word()
    }

    /// A field with or without comparison, a keyword, or free text.
    fn word(&mut self) -> Result<Kind, FilterError> {
        let rest = self.rest();
        let word = self.bare(Stop::Blank);
        // An IPv6 address has colons but is no field.
        let address = word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok();
        let name = name_at_start(rest);
        if name.is_empty() || address {
            self.at += word.len();
            return Ok(Kind::Text(Literal::Bare(word.to_owned())));
        }
        let start = self.at;
        self.at += name.len();
        if let Some(operator) = self.operator(name) {
            let comparison = operator.comparison();
            let values = self.values(name, start, operator)?;
            return Ok(Kind::Compare { name: name.to_owned(), comparison, values });
        }
        self.at = start + word.len();
        Ok(match word {
            _ if word.eq_ignore_ascii_case("and") => Kind::And,
            _ if word.eq_ignore_ascii_case("or") => Kind::Or,
            _ if word.eq_ignore_ascii_case("not") => Kind::Not,
            _ if fields::stands_alone(word) => Kind::Name(word.to_owned()),
            _ => Kind::Text(Literal::Bare(word.to_owned())),
        })
    }

    /// The operator after a field: a sign right behind it, a comparison sign after blanks, or one
    /// of Wireshark's words after a known field.
    fn operator(&mut self, name: &str) -> Option<Operator> {
        let start = self.at;
        if self.take(":") {
            return Some(Operator::Sign(Comparison::Fits));
        }
        self.skip_blanks();
        for (sign, operator) in SIGNS {
            if self.take(sign) {
                return Some(operator);
            }
        }
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || c == '{').unwrap_or(rest.len());
        let word = &rest[..end];
        let operator = WORDS.into_iter().find(|(spelling, _)| word == *spelling);
        if let Some((_, operator)) = operator.filter(|_| fields::find(name).is_some()) {
            self.at += word.len();
            return Some(operator);
        }
        self.at = start;
        None
    }

    fn values(
        &mut self,
        name: &str,
        start: usize,
        operator: Operator,
    ) -> Result<Vec<Value>, FilterError> {
        if !matches!(operator, Operator::Sign(Comparison::Fits)) {
            self.skip_blanks();
        }
        if matches!(operator, Operator::In) {
            return self.set(name);
        }
        let mut values = Vec::new();
        loop {
            let value = self.value(operator, Stop::Comma)?;
            let Some(value) = value else {
                let message = if values.is_empty() {
                    format!("{name} needs a value right after {:?}", operator.spelling())
                } else {
                    "a value is missing after the comma".to_owned()
                };
                return Err(FilterError { at: start..self.at.max(start), message });
            };
            values.push(value);
            if !self.take(",") {
                return Ok(values);
            }
        }
    }

    /// Wireshark's `{401, 403}` or `{401 403}`.
    fn set(&mut self, name: &str) -> Result<Vec<Value>, FilterError> {
        let start = self.at;
        if !self.take("{") {
            let message = format!("\"in\" needs a set in braces: {name} in {{401, 403}}");
            return Err(FilterError { at: start..start, message });
        }
        let mut values = Vec::new();
        loop {
            self.skip_blanks();
            if self.take("}") {
                break;
            }
            if self.take(",") {
                continue;
            }
            let Some(value) = self.value(Operator::In, Stop::Brace)? else {
                let message = "the brace is never closed".to_owned();
                return Err(FilterError { at: start..self.at, message });
            };
            values.push(value);
        }
        if values.is_empty() {
            let message = "the set is empty".to_owned();
            return Err(FilterError { at: start..self.at, message });
        }
        Ok(values)
    }

    fn value(&mut self, operator: Operator, stop: Stop) -> Result<Option<Value>, FilterError> {
        let start = self.at;
        let fits = matches!(operator, Operator::Sign(Comparison::Fits));
        let literal = if self.peek() == Some('"') {
            let text = self.quoted()?;
            if matches!(operator, Operator::Matches) {
                Literal::Regex(text)
            } else {
                Literal::Quoted(text)
            }
        } else if let Some(regex) =
            self.regex(stop).filter(|_| fits || matches!(operator, Operator::Matches))
        {
            Literal::Regex(regex)
        } else {
            self.at = start;
            let word = self.bare(stop).to_owned();
            self.at += word.len();
            if word.is_empty() {
                return Ok(None);
            }
            match operator {
                Operator::Matches => Literal::Regex(word),
                Operator::Contains => Literal::Quoted(word),
                Operator::Sign(_) | Operator::In => Literal::Bare(word),
            }
        };
        Ok(Some(Value { literal, at: start..self.at }))
    }

    /// Text in quotes; `\"` and `\\` stand for themselves.
    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let mut text = String::new();
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((offset, c)) = characters.next() {
            match c {
                '"' => {
                    self.at = start + offset + 1;
                    return Ok(text);
                }
                '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                    Some((_, next)) => text.push(next),
                    None => text.push('\\'),
                },
                c => text.push(c),
            }
        }
        let message = "the quote is never closed".to_owned();
        Err(FilterError { at: start..self.text.len(), message })
    }

    /// `/regex/`: the next slash that is not escaped closes it and ends the word; no blanks inside.
    /// Anything else that begins with a slash is a path.
    fn regex(&mut self, stop: Stop) -> Option<String> {
        let body = self.rest().strip_prefix('/')?;
        let mut escaped = false;
        for (offset, c) in body.char_indices() {
            if c.is_whitespace() {
                return None;
            }
            if c == '/' && !escaped {
                if offset == 0 || !ends_word(&body[offset + 1..], stop) {
                    return None;
                }
                self.at += offset + 2;
                return Some(body[..offset].to_owned());
            }
            escaped = c == '\\' && !escaped;
        }
        None
    }

    /// The unquoted word that begins here; it is not consumed.
    fn bare(&self, stop: Stop) -> &'a str {
        let rest = self.rest();
        let mut depth = 0_usize;
        for (offset, c) in rest.char_indices() {
            let ends = match c {
                '(' => {
                    depth += 1;
                    false
                }
                ')' if depth > 0 => {
                    depth -= 1;
                    false
                }
                _ => ends_word(&rest[offset..], stop),
            };
            if ends {
                return &rest[..offset];
            }
        }
        rest
    }
}

/// Whether an unquoted word ends before this text.
fn ends_word(rest: &str, stop: Stop) -> bool {
    match rest.chars().next() {
        None | Some(')' | '"') => true,
        Some(',') => stop != Stop::Blank,
        Some('}') => stop == Stop::Brace,
        Some('&') => rest.starts_with("&&"),
        Some('|') => rest.starts_with("||"),
        Some(c) => c.is_whitespace(),
    }
}

/// Signs, longer ones before those that begin them.
const SIGNS: [(&str, Operator); 9] = [
    ("===", Operator::Sign(Comparison::Equal)),
    ("==", Operator::Sign(Comparison::Equal)),
    ("=", Operator::Sign(Comparison::Equal)),
    ("!=", Operator::Sign(Comparison::NotEqual)),
    ("<=", Operator::Sign(Comparison::LessOrEqual)),
    ("<", Operator::Sign(Comparison::Less)),
    (">=", Operator::Sign(Comparison::GreaterOrEqual)),
    (">", Operator::Sign(Comparison::Greater)),
    ("~", Operator::Matches),
];

/// Wireshark's words.
const WORDS: [(&str, Operator); 9] = [
    ("eq", Operator::Sign(Comparison::Equal)),
    ("ne", Operator::Sign(Comparison::NotEqual)),
    ("le", Operator::Sign(Comparison::LessOrEqual)),
    ("lt", Operator::Sign(Comparison::Less)),
    ("ge", Operator::Sign(Comparison::GreaterOrEqual)),
    ("gt", Operator::Sign(Comparison::Greater)),
    ("contains", Operator::Contains),
    ("matches", Operator::Matches),
    ("in", Operator::In),
];

/// Whether an operator of a comparison stands at the beginning of this word, or is all of it.
pub(super) fn begins_with_operator(word: &str) -> bool {
    SIGNS.iter().any(|(sign, _)| word.starts_with(sign)) || WORDS.iter().any(|(w, _)| word == *w)
}

/// An operator as written; Wireshark's words decide how their value is read.
#[derive(Clone, Copy)]
enum Operator {
    Sign(Comparison),
    Contains,
    Matches,
    In,
}

impl Operator {
    const fn comparison(self) -> Comparison {
        match self {
            Self::Sign(comparison) => comparison,
            Self::Contains | Self::Matches => Comparison::Fits,
            Self::In => Comparison::Equal,
        }
    }

    const fn spelling(self) -> &'static str {
        match self {
            Self::Sign(comparison) => comparison.symbol(),
            Self::Contains => "contains",
            Self::Matches => "matches",
            Self::In => "in",
        }
    }
}

/// The field name that the text begins with: a letter, then letters, digits, `.`, `_` and `-`.
fn name_at_start(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return "";
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    &text[..end.unwrap_or(text.len())]
}
