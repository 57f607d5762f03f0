//! The syntax tree of a display filter, and its canonical spelling.

use std::fmt;
use std::ops::Range;

use super::fields::Field;
use super::lexer;

/// An expression. Build groups with [`Expression::all`] and [`Expression::any`], which flatten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// Every part matches; without parts: everything matches.
    All(Vec<Self>),
    /// At least one part matches; two parts or more.
    Any(Vec<Self>),
    /// The part does not match.
    Not(Box<Self>),
    /// A single condition.
    Term(Term),
}

/// A single condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// Free text over the visible columns.
    Text(Value),
    /// A flag, or that a field is there at all.
    Has(FieldName),
    /// A field compared with values, of which one must fit.
    Compare { field: FieldName, comparison: Comparison, values: Vec<Value> },
}

/// A field, and for headers and claims which one.
#[derive(Debug, Clone)]
pub(super) struct FieldName {
    pub field: &'static Field,
    pub argument: String,
    pub at: Range<usize>,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `:` contains or matches.
    Fits,
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value and where it stands.
#[derive(Debug, Clone, Eq)]
pub(super) struct Value {
    pub literal: Literal,
    pub at: Range<usize>,
}

/// How a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    /// Without quotes: may be a glob, a range, a network.
    Bare(String),
    /// In quotes: the text itself.
    Quoted(String),
    /// A regular expression.
    Regex(String),
}

// Positions say where an error is; two trees are the same wherever they were written.
impl PartialEq for FieldName {
    fn eq(&self, other: &Self) -> bool {
        self.field.name == other.field.name && self.argument == other.argument
    }
}

impl Eq for FieldName {}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.literal == other.literal
    }
}

impl Expression {
    /// All of the parts; groups of the same kind dissolve.
    pub fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.swap_remove(0) } else { Self::All(flat) }
    }

    /// One of the parts, at least one of which must be given.
    pub fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.swap_remove(0) } else { Self::Any(flat) }
    }
}

impl Comparison {
    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Fits => ":",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => {
                join(f, parts, |next| if next.may_compare() { " && " } else { " " })
            }
            Self::Any(parts) => {
                join(f, parts, |next| if next.may_compare() { " || " } else { " or " })
            }
            Self::Not(part) => {
                f.write_str("-")?;
                part.write_as_part(f)
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl Expression {
    /// Whether right behind a word it would be read as that word's comparison.
    fn may_compare(&self) -> bool {
        let Self::Term(Term::Text(Value { literal: Literal::Bare(text), .. })) = self else {
            return false;
        };
        lexer::begins_with_operator(text)
    }

    fn write_as_part(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(_) | Self::Any(_) => write!(f, "({self})"),
            Self::Not(_) | Self::Term(_) => fmt::Display::fmt(self, f),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    separator_before: impl Fn(&Expression) -> &'static str,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(separator_before(part))?;
        }
        part.write_as_part(f)?;
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(value) => value.literal.fmt(f),
            Self::Has(field) if field.field.is_flag() => field.fmt(f),
            Self::Has(field) => write!(f, "{field}:*"),
            Self::Compare { field, comparison, values } => {
                // Without blanks between its slashes a regular expression needs no quotes.
                if let [Value { literal: Literal::Regex(regex), .. }] = values.as_slice()
                    && !fits_between_slashes(regex)
                {
                    return write!(f, "{field} matches {}", Quoted(regex));
                }
                write!(f, "{field}{}", comparison.symbol())?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    value.literal.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.name)?;
        if self.field.takes_argument() {
            write!(f, ".{}", self.argument)?;
        }
        Ok(())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare(text) => f.write_str(text),
            Self::Quoted(text) => Quoted(text).fmt(f),
            Self::Regex(regex) => write!(f, "/{regex}/"),
        }
    }
}

/// Whether `/regex/` reads back as this regular expression.
fn fits_between_slashes(regex: &str) -> bool {
    let mut escaped = false;
    for c in regex.chars() {
        if c.is_whitespace() || (c == '/' && !escaped) {
            return false;
        }
        escaped = c == '\\' && !escaped;
    }
    !escaped && !regex.is_empty()
}

/// Text in quotes; a quote and a backslash inside are escaped.
pub(super) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}
