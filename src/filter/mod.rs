//! The display filter language over cases.

use crate::diagnosis::Case;

/// A compiled display filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    source: String,
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

impl Filter {
    /// Compiles an expression; the empty one matches everything.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        Ok(Self { source: expression.to_owned() })
    }

    /// Whether the case matches.
    pub fn matches(&self, _case: &Case) -> bool {
        true
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}
