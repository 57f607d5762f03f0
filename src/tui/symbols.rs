//! The shapes of the screen, and their stand-ins where the terminal draws ASCII only.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar as _;

use crate::text;

/// Combining characters kept on one letter. More would pile up over the lines above.
pub const COMBINING: usize = 2;

/// What shapes the screen may be drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols {
    /// Follows the cursor row.
    pub cursor: &'static str,
    /// A marked row.
    pub mark: &'static str,
    /// Certain, likely, possible.
    pub confidence: [&'static str; 3],
    /// Part of a normal flow.
    pub benign: &'static str,
    /// Times.
    pub times: &'static str,
    /// Where text was cut.
    pub ellipsis: &'static str,
    /// Ascending, descending.
    pub sort: [&'static str; 2],
    /// From empty to full.
    pub bars: [&'static str; 8],
    /// Horizontal and vertical rule.
    pub rules: [&'static str; 2],
    /// Done and to come in a gauge.
    pub gauge: [&'static str; 2],
    /// The handle of a scroll bar.
    pub scroll: &'static str,
    /// Between parts of a line.
    pub separator: &'static str,
    /// Nothing in this cell.
    pub nothing: &'static str,
    /// Whether text beyond ASCII may be drawn.
    pub unicode: bool,
}

impl Symbols {
    /// For a terminal that draws UTF-8.
    pub const UNICODE: Self = Self {
        cursor: "▶",
        mark: "◆",
        confidence: ["●", "◐", "○"],
        benign: "·",
        times: "×",
        ellipsis: "…",
        sort: ["▲", "▼"],
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        rules: ["─", "│"],
        gauge: ["█", "░"],
        scroll: "┃",
        separator: " · ",
        nothing: "–",
        unicode: true,
    };

    /// For any other.
    pub const ASCII: Self = Self {
        cursor: ">",
        mark: "#",
        confidence: ["!", "~", "?"],
        benign: ".",
        times: "x",
        ellipsis: "~",
        sort: ["^", "v"],
        bars: ["_", ".", ":", "-", "=", "+", "*", "#"],
        rules: ["-", "|"],
        gauge: ["#", "."],
        scroll: "|",
        separator: " | ",
        nothing: "-",
        unicode: false,
    };

    /// Nothing in it acts on the terminal, and every terminal agrees on its width.
    pub fn settle<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let fine = |c: char| c == ' ' || c.is_ascii_graphic();
        if text.chars().all(fine) {
            return Cow::Borrowed(text);
        }
        let safe = text::visible(text);
        let mut out = String::with_capacity(safe.len());
        let mut combining = 0;
        for c in safe.chars() {
            combining = if c.width() == Some(0) { combining + 1 } else { 0 };
            if !self.unicode && !c.is_ascii() {
                out.push_str(&stand_in(c));
            } else if is_unsteady(c) || combining > COMBINING {
                out.push_str(&escape(c));
            } else {
                out.push(c);
            }
        }
        Cow::Owned(out)
    }

    /// What the locale allows: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides
    /// (POSIX.1-2017 XBD 8.2).
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") || cfg!(windows) {
            Self::UNICODE
        } else {
            Self::ASCII
        }
    }
}

/// Characters that change the width of their neighbours in some terminals and not in others:
/// variation selectors, emoji modifiers, regional indicators, conjoining Hangul vowels and finals.
fn is_unsteady(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{1f1e6}'..='\u{1f1ff}'
        | '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}')
}

fn escape(c: char) -> String {
    format!("\\u{{{:x}}}", c as u32)
}

/// What stands for a character where only ASCII is drawn. The program's own words use few others.
fn stand_in(c: char) -> String {
    match c {
        '…' => "...".into(),
        '–' | '—' | '‑' => "-".into(),
        '×' => "x".into(),
        '“' | '”' | '„' => "\"".into(),
        '‘' | '’' => "'".into(),
        '·' | '•' => "*".into(),
        '→' => "->".into(),
        '≥' => ">=".into(),
        '≤' => "<=".into(),
        '≠' => "!=".into(),
        '§' => "sec. ".into(),
        '±' => "+-".into(),
        '⏎' => "\\n".into(),
        other => escape(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_about_unicode() {
        let with = |name: &'static str, value: &'static str| {
            Symbols::of_locale(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert!(with("LANG", "de_DE.UTF-8").unicode);
        assert!(with("LC_ALL", "C.utf8").unicode);
        assert!(!with("LANG", "C").unicode);
        assert!(!with("FOO", "UTF-8").unicode);
    }
}
