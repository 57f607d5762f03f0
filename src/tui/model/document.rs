//! Text with meaning: what the details pane shows, before any colour or terminal is known.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::text;
use crate::tui::symbols::Symbols;

/// What a piece of text means; the theme decides how that looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Plain text.
    Text,
    /// Plain text that matters.
    Strong,
    /// Less important.
    Muted,
    /// Part of a normal flow.
    Benign,
    /// A heading.
    Heading,
    /// A name before a value.
    Label,
    /// A key of the keyboard.
    Key,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// A refusal, an error.
    Bad,
    /// Data is being lost, or an attack.
    Alarm,
    /// A field that the diagnosis rests on.
    Cited,
    /// Differs from what it is compared with.
    Changed,
    /// Found by the search.
    Match,
    /// The selected row of the focused pane.
    Selected,
    /// The selected cell.
    CellSelected,
    /// The selected row of a pane without focus.
    SelectedElsewhere,
    /// The current tab.
    TabSelected,
    /// Header and footer.
    Bar,
    /// A pane's frame.
    Border,
    /// The focused pane's frame.
    BorderFocused,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 21] = [
        Self::Text,
        Self::Strong,
        Self::Muted,
        Self::Benign,
        Self::Heading,
        Self::Label,
        Self::Key,
        Self::Good,
        Self::Warning,
        Self::Bad,
        Self::Alarm,
        Self::Cited,
        Self::Changed,
        Self::Match,
        Self::Selected,
        Self::CellSelected,
        Self::SelectedElsewhere,
        Self::TabSelected,
        Self::Bar,
        Self::Border,
        Self::BorderFocused,
    ];
}

/// A stretch of text of one meaning, safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its meaning.
    pub role: Role,
    /// The text; control and invisible characters stand as escapes.
    pub text: String,
}

impl Span {
    /// Makes the text safe on the way in, so that no caller can forget to.
    pub fn new(role: Role, text: impl AsRef<str>) -> Self {
        Self { role, text: text::visible(text.as_ref()).into_owned() }
    }
}

/// One line; when it is too long it goes on below, indented.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Cells before the text.
    pub indent: u16,
    /// Cells before its continuation.
    pub hang: u16,
    /// The text.
    pub spans: Vec<Span>,
}

impl Line {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Indented, its continuation as well.
    pub fn indented(indent: u16) -> Self {
        Self { indent, hang: indent, spans: Vec::new() }
    }

    /// With its continuation this much further to the right than its beginning.
    #[must_use]
    pub fn hanging(mut self, by: u16) -> Self {
        self.hang = self.indent + by;
        self
    }

    /// With more text at its end.
    #[must_use]
    pub fn with(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.spans.push(Span::new(role, text));
        self
    }

    /// The text without its roles.
    pub fn plain(&self) -> String {
        let indent = " ".repeat(self.indent.into());
        self.spans.iter().fold(indent, |out, span| out + &span.text)
    }
}

/// Lines of text with meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// The lines, not yet wrapped.
    pub lines: Vec<Line>,
    /// The line that has to be in sight when it is opened, where that is not the first.
    pub focus: Option<usize>,
}

impl Document {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds an empty line, unless there is one already or nothing above.
    pub fn space(&mut self) {
        if self.lines.last().is_some_and(|line| !line.spans.is_empty()) {
            self.lines.push(Line::new());
        }
    }

    /// Adds a heading with space above.
    pub fn heading(&mut self, title: &str) {
        self.space();
        self.push(Line::new().with(Role::Heading, title));
    }

    /// Adds `name  value` with the value in a column.
    pub fn field(&mut self, name: &str, role: Role, value: impl AsRef<str>) {
        let column = FIELD_COLUMN.max(name.chars().count() + 1);
        let label = format!("{name:<column$}");
        self.push(
            Line::indented(2)
                .hanging(FIELD_COLUMN as u16)
                .with(Role::Label, label)
                .with(role, value),
        );
    }

    /// Adds a paragraph of plain text.
    pub fn paragraph(&mut self, role: Role, text: &str) {
        self.push(Line::indented(2).with(role, text));
    }

    /// All text, one line each: what is copied and what tests read.
    pub fn plain(&self) -> String {
        self.lines.iter().map(|line| line.plain().trim_end().to_owned() + "\n").collect()
    }

    /// Has the next line in sight when the document is opened.
    pub fn focus_here(&mut self) {
        self.focus = Some(self.lines.len());
    }

    /// With the text that is drawn in place of what the terminal may not see: only then its width is known.
    #[must_use]
    pub fn settled(mut self, symbols: &Symbols) -> Self {
        for span in self.lines.iter_mut().flat_map(|line| &mut line.spans) {
            if let Cow::Owned(settled) = symbols.settle(&span.text) {
                span.text = settled;
            }
        }
        self
    }

    /// The lines as they stand in a pane of this width.
    pub fn wrap(&self, width: u16) -> Vec<Line> {
        wrap_lines(&self.lines, width)
    }

    /// The place of the line in focus among the lines of a pane of this width.
    pub fn focus_at(&self, width: u16) -> Option<usize> {
        Some(wrap_lines(self.lines.get(..self.focus?)?, width).len())
    }
}

/// Where the values of fields begin.
const FIELD_COLUMN: usize = 16;

/// Cells a character takes. Combining characters take none.
pub fn cell_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

fn wrap_lines(lines: &[Line], width: u16) -> Vec<Line> {
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        wrap_line(line, usize::from(width.max(8)), &mut out);
    }
    out
}

fn wrap_line(line: &Line, width: usize, out: &mut Vec<Line>) {
    // A pane too narrow for the hanging indent would leave no room for text.
    let hang = if usize::from(line.hang) * 2 > width { 2 } else { line.hang };
    let indent = if usize::from(line.indent) * 2 > width { 2 } else { line.indent };
    let mut current = Line { indent, hang, spans: Vec::new() };
    let mut used = usize::from(indent);
    for span in &line.spans {
        let mut rest = span.text.as_str();
        while !rest.is_empty() {
            let (fits, at_start) = (width.saturating_sub(used), current.spans.is_empty());
            let cut = break_point(rest, fits, at_start);
            if cut > 0 {
                let (head, tail) = rest.split_at(cut);
                used += head.chars().map(cell_width).sum::<usize>();
                current.spans.push(Span { role: span.role, text: head.to_owned() });
                rest = tail;
            }
            if !rest.is_empty() {
                out.push(std::mem::replace(
                    &mut current,
                    Line { indent: hang, hang, spans: Vec::new() },
                ));
                used = usize::from(hang);
                rest = rest.trim_start_matches(' ');
            }
        }
    }
    out.push(current);
}

/// Octets of `text` that go on a line with `fits` free cells: up to the last space where there is
/// one, else as much as fits, and always something when the line is empty.
fn break_point(text: &str, fits: usize, at_start: bool) -> usize {
    let (mut used, mut after_space) = (0, 0);
    for (at, c) in text.char_indices() {
        let wide = cell_width(c);
        if used + wide > fits {
            return match (after_space, at_start) {
                (0, true) => {
                    if at == 0 {
                        c.len_utf8()
                    } else {
                        at
                    }
                }
                // A long word after other text: moved down whole when that helps, else cut here.
                (0, false) => {
                    if text.chars().take(80).take_while(|&c| c != ' ').count() > 40 {
                        at
                    } else {
                        0
                    }
                }
                (space, _) => space,
            };
        }
        used += wide;
        if c == ' ' {
            after_space = at + 1;
        }
    }
    text.len()
}

/// Where `needle` (in any case) stands in the lines: line, and octets of its plain text without indent.
pub fn find_all(lines: &[Line], needle: &str) -> Vec<(usize, std::ops::Range<usize>)> {
    if needle.is_empty() {
        return Vec::new();
    }
    let needle = needle.to_ascii_lowercase();
    let mut found = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
        // ASCII case folding keeps octet positions.
        let folded = text.to_ascii_lowercase();
        found.extend(folded.match_indices(&needle).map(|(at, _)| (number, at..at + needle.len())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: u16) -> Vec<String> {
        let mut document = Document::default();
        document.push(Line::new().hanging(2).with(Role::Text, text));
        document.wrap(width).iter().map(Line::plain).collect()
    }

    #[test]
    fn long_lines_break_at_spaces_and_hang() {
        assert_eq!(wrapped("one two three four", 9), ["one two ", "  three ", "  four"]);
    }

    #[test]
    fn a_word_longer_than_the_pane_is_cut_and_nothing_is_lost() {
        let lines = wrapped(&"x".repeat(30), 10);
        assert!(lines.iter().all(|line| line.len() <= 10), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', "").len(), 30);
    }

    #[test]
    fn wide_characters_count_two_cells() {
        for line in wrapped(&"漢".repeat(20), 9) {
            assert!(line.chars().map(cell_width).sum::<usize>() <= 9, "{line:?}");
        }
    }

    #[test]
    fn wrapping_always_ends_and_keeps_every_character() {
        for width in 0..30 {
            let text = "a漢b longwordlongwordlongword x\u{301}y 漢漢漢漢漢";
            let joined: String = wrapped(text, width).concat();
            assert_eq!(joined.replace(' ', ""), text.replace(' ', ""), "width {width}");
        }
    }

    #[test]
    fn a_span_cannot_carry_a_control_character() {
        assert_eq!(Span::new(Role::Text, "\x1b[31m").text, "\\x1b[31m");
    }

    #[test]
    fn what_stands_for_a_character_is_wrapped_like_any_other_text() {
        let mut document = Document::default();
        document.push(Line::new().with(Role::Text, "ü漢🇩🇪".repeat(20)));
        for symbols in [Symbols::UNICODE, Symbols::ASCII] {
            let lines = document.clone().settled(&symbols).wrap(30);
            assert!(lines.iter().all(|line| crate::tui::view::fit::width_of(&line.plain()) <= 30));
            let whole: String = lines.iter().map(Line::plain).collect();
            assert_eq!(whole.matches("\\u{1f1ea}").count(), 20, "{whole}");
        }
    }

    #[test]
    fn searching_ignores_case() {
        let lines = [Line::new().with(Role::Label, "WWW-Auth").with(Role::Text, "enticate: x")];
        assert_eq!(find_all(&lines, "authENT"), [(0, 4..11)]);
        assert!(find_all(&lines, "").is_empty());
    }
}
