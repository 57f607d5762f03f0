//! The shapes of the screen, and their stand-ins where the terminal draws ASCII only.

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
