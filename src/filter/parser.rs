//! From tokens to a syntax tree.
//!
//! ```text
//! any     = all { ("or" | "||") all }
//! all     = unary { ["and" | "&&"] unary }
//! unary   = { "not" | "!" | "-" } primary
//! primary = "(" any ")" | term
//! ```

use std::ops::Range;

use super::FilterError;
use super::ast::{Comparison, Expression, FieldName, Literal, Term, Value};
use super::fields;
use super::lexer::{self, Kind, Token};

/// Parentheses and negations inside one another; more is no filter that a person wrote, and would
/// cost stack.
const DEPTH: usize = 64;

/// Parses an expression; the empty one is [`Expression::All`] of nothing.
pub(super) fn parse(expression: &str) -> Result<Expression, FilterError> {
    let tokens = lexer::tokens(expression)?;
    if tokens.is_empty() {
        return Ok(Expression::All(Vec::new()));
    }
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), end: expression.len() };
    let tree = parser.any(0)?;
    match parser.tokens.next() {
        None => Ok(tree),
        Some(token) => {
            Err(FilterError { at: token.at, message: "this parenthesis closes nothing".to_owned() })
        }
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    end: usize,
}

impl Parser {
    fn next_is(&mut self, wanted: fn(&Kind) -> bool) -> Option<Token> {
        self.tokens.next_if(|token| wanted(&token.kind))
    }

    fn any(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.all(depth)?];
        while self.next_is(|kind| matches!(kind, Kind::Or)).is_some() {
            parts.push(self.all(depth)?);
        }
        Ok(Expression::any(parts))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let mut parts = vec![self.unary(depth)?];
        loop {
            let and = self.next_is(|kind| matches!(kind, Kind::And)).is_some();
            let ends = match self.tokens.peek() {
                None => true,
                Some(token) => matches!(token.kind, Kind::Or | Kind::Close),
            };
            if ends && !and {
                return Ok(Expression::all(parts));
            }
            parts.push(self.unary(depth)?);
        }
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let Some(not) = self.next_is(|kind| matches!(kind, Kind::Not)) else {
            return self.primary(depth);
        };
        too_deep(depth, &not.at)?;
        Ok(Expression::Not(Box::new(self.unary(depth + 1)?)))
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, FilterError> {
        let Some(Token { kind, at }) = self.tokens.next() else {
            let message = "the expression ends where a condition is expected".to_owned();
            return Err(FilterError { at: self.end..self.end, message });
        };
        match kind {
            Kind::Open => {
                too_deep(depth, &at)?;
                let inner = self.any(depth + 1)?;
                if self.next_is(|kind| matches!(kind, Kind::Close)).is_none() {
                    let message = "this parenthesis is never closed".to_owned();
                    return Err(FilterError { at, message });
                }
                Ok(inner)
            }
            Kind::Text(literal) => Ok(Expression::Term(Term::Text(Value { literal, at }))),
            Kind::Name(name) => Ok(Expression::Term(Term::Has(field(&name, at)?))),
            Kind::Compare { name, comparison, values } => {
                let at = at.start..at.start + name.len();
                let field = field(&name, at)?;
                let any = |value: &Value| matches!(&value.literal, Literal::Bare(v) if v == "*");
                let present = comparison == Comparison::Fits
                    && !field.field.is_flag()
                    && matches!(values.as_slice(), [value] if any(value));
                Ok(Expression::Term(if present {
                    Term::Has(field)
                } else {
                    Term::Compare { field, comparison, values }
                }))
            }
            Kind::Close | Kind::And | Kind::Or | Kind::Not => Err(FilterError {
                at,
                message: "a condition is expected here, such as status:401".to_owned(),
            }),
        }
    }
}

fn too_deep(depth: usize, at: &Range<usize>) -> Result<(), FilterError> {
    if depth < DEPTH {
        return Ok(());
    }
    let message = format!("more than {DEPTH} parentheses or negations inside one another");
    Err(FilterError { at: at.clone(), message })
}

fn field(name: &str, at: Range<usize>) -> Result<FieldName, FilterError> {
    if let Some((field, argument)) = fields::find(name) {
        if field.takes_argument() && argument.is_empty() {
            let message = format!("{name} needs a name: {}", field.example);
            return Err(FilterError { at, message });
        }
        return Ok(FieldName { field, argument, at });
    }
    let message = match fields::nearest(name) {
        Some(nearest) => format!("there is no field {name:?}; did you mean {nearest:?}?"),
        None => format!(
            "there is no field {name:?}; put text to search for in quotes, or see why401 explain filter"
        ),
    };
    Err(FilterError { at, message })
}
