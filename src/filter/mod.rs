//! The display filter language over cases: one language in the screen's filter bar, `-Y` and
//! `--fail-on`. A lexer, a parser with positions, and a typed evaluator; [`fields`] has the one
//! table of what can be asked.

mod access;
mod ast;
mod brief;
mod complete;
mod document;
mod evaluate;
pub mod fields;
mod lexer;
mod parser;
mod pattern;

#[cfg(test)]
mod field_tests;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod syntax_tests;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::diagnosis::Case;
use crate::text;

pub use brief::Brief;
pub use complete::{Completion, ValuesSeen, begun_name, complete};
pub use document::{explain, markdown};

use ast::{Expression, Quoted};
use brief::Subject;

/// A compiled display filter. `Display` prints the canonical spelling.
#[derive(Debug, Clone)]
pub struct Filter {
    source: String,
    expression: Expression,
    program: evaluate::Node,
}

/// Why a filter does not compile: where, and the nearest valid field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// Octets of the expression that it is about.
    pub at: std::ops::Range<usize>,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl FilterError {
    /// The message with the place in words, for one line: `at "staus" (character 6): …`.
    pub fn located(&self, expression: &str) -> String {
        let before = expression.get(..self.at.start).unwrap_or(expression);
        let place = before.chars().count() + 1;
        match expression.get(self.at.clone()).filter(|text| !text.is_empty()) {
            Some(text) => format!("at {text:?} (character {place}): {}", self.message),
            None if before.len() == expression.len() => format!("at the end: {}", self.message),
            None => format!("at character {place}: {}", self.message),
        }
    }

    /// The expression, marks under what is wrong with it, and the message: for a terminal.
    pub fn pointed(&self, expression: &str) -> String {
        let width = |text: &str| unicode_width::UnicodeWidthStr::width(text);
        let before = width(expression.get(..self.at.start).unwrap_or(expression));
        let marked = width(expression.get(self.at.clone()).unwrap_or_default()).max(1);
        let shown = expression.replace(|c: char| c.is_control(), " ");
        format!("{shown}\n{:before$}{:^<marked$} {}", "", "", self.message)
    }
}

impl Filter {
    /// Compiles an expression; the empty one matches everything.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        let tree = parser::parse(expression)?;
        let program = evaluate::compile(&tree)?;
        Ok(Self { source: expression.to_owned(), expression: tree, program })
    }

    /// Whether the case matches.
    pub fn matches(&self, case: &Case) -> bool {
        self.matches_briefly(case, None)
    }

    /// The same from its brief, where there is one: the case is looked at only for the rest.
    pub fn matches_briefly(&self, case: &Case, brief: Option<&Brief>) -> bool {
        self.program.matches(Subject::new(case, brief))
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches everything because nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.expression == Expression::All(Vec::new())
    }

    /// The canonical expression that asks for this one and `term` too. A term that is there
    /// already is not added again.
    pub fn narrowed(&self, term: &str) -> Result<String, FilterError> {
        let term = Self::parse(term)?.expression;
        let parts = match &self.expression {
            Expression::All(parts) => parts.clone(),
            other => vec![other.clone()],
        };
        if parts.contains(&term) {
            return Ok(self.to_string());
        }
        Ok(Expression::all(parts.into_iter().chain([term]).collect()).to_string())
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;
    fn from_str(expression: &str) -> Result<Self, FilterError> {
        Self::parse(expression)
    }
}

/// Status code of a case, from its brief where there is one.
pub fn status(case: &Case, brief: Option<&Brief>) -> Option<u64> {
    access::status(Subject::new(case, brief))
}

/// Number of the connection of a case, from its brief where there is one.
pub fn flow(case: &Case, brief: Option<&Brief>) -> Option<u64> {
    access::flow(Subject::new(case, brief))
}

/// Host (else the server's address) and path of a case, from its brief where there is one.
pub fn target(case: &Case, brief: Option<&Brief>) -> String {
    let (subject, mut target) = (Subject::new(case, brief), String::new());
    let mut append = |part: &[u8]| {
        target.push_str(&text::decode(part));
        true
    };
    if !access::host(subject, "", &mut append) {
        append(subject.server().to_string().as_bytes());
    }
    access::path(subject, "", &mut append);
    target
}

/// From request to response, in nanoseconds, from the brief of a case where there is one.
pub fn latency(case: &Case, brief: Option<&Brief>) -> Option<u64> {
    access::latency(Subject::new(case, brief))
}

/// The term that asks for exactly this value of a field, quoted where that is needed.
pub fn term(field: &str, value: &str) -> String {
    let exact = fields::find(field).is_some_and(|(field, _)| {
        matches!(field.access, fields::Access::Text(_) | fields::Access::Named(_))
    });
    let sign = if exact { "=" } else { ":" };
    format!("{field}{sign}{}", spelled(value))
}

/// A value as it has to be written to stand for itself.
fn spelled(value: &str) -> String {
    let ordinary = |c: char| c.is_alphanumeric() || "-_.:/@%+~[]?;".contains(c);
    // A slash at both ends would read as a regular expression.
    let regex = value.starts_with('/') && value.ends_with('/');
    if regex || value.is_empty() || !value.chars().all(ordinary) {
        Quoted(value).to_string()
    } else {
        value.to_owned()
    }
}

/// The term that excludes exactly this value of a field.
pub fn excluding(field: &str, value: &str) -> String {
    format!("-{}", term(field, value))
}
