//! One line of input.

/// Text being typed, and the cursor in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineEdit {
    text: String,
    /// Octets before the cursor; always between two characters.
    cursor: usize,
}

impl LineEdit {
    /// Starting from this text, the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Octets before the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces all of it.
    pub fn set(&mut self, text: impl Into<String>) {
        *self = Self::new(text);
    }

    /// Replaces the text with the cursor at this octet.
    pub fn set_at(&mut self, text: impl Into<String>, cursor: usize) {
        self.text = text.into();
        self.cursor = cursor.min(self.text.len());
        while !self.text.is_char_boundary(self.cursor) {
            self.cursor -= 1;
        }
    }

    /// Types a character; control characters are not text.
    pub fn insert(&mut self, c: char) {
        if !c.is_control() {
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Types what was pasted; line breaks become spaces.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars() {
            self.insert(if c == '\n' || c == '\t' { ' ' } else { c });
        }
    }

    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        self.text[self.cursor..].chars().next().map_or(self.cursor, |c| self.cursor + c.len_utf8())
    }

    /// Deletes to the left.
    pub fn backspace(&mut self) {
        let before = self.before();
        self.text.replace_range(before..self.cursor, "");
        self.cursor = before;
    }

    /// Deletes to the right.
    pub fn delete(&mut self) {
        let after = self.after();
        self.text.replace_range(self.cursor..after, "");
    }

    /// Where the word to the left begins.
    fn word_before(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.rfind(' ').map_or(0, |at| at + 1)
    }

    /// Where the word to the right ends.
    fn word_after(&self) -> usize {
        let tail = &self.text[self.cursor..];
        let word = tail.trim_start();
        let blank = tail.len() - word.len();
        self.cursor + blank + word.find(' ').unwrap_or(word.len())
    }

    /// Deletes the word to the left.
    pub fn delete_word(&mut self) {
        let start = self.word_before();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
    }

    /// Deletes the word to the right.
    pub fn delete_word_right(&mut self) {
        let end = self.word_after();
        self.text.replace_range(self.cursor..end, "");
    }

    /// One word to the left.
    pub fn word_left(&mut self) {
        self.cursor = self.word_before();
    }

    /// One word to the right.
    pub fn word_right(&mut self) {
        self.cursor = self.word_after();
    }

    /// Deletes everything to the left.
    pub fn delete_to_start(&mut self) {
        self.text.replace_range(..self.cursor, "");
        self.cursor = 0;
    }

    /// Deletes everything to the right.
    pub fn delete_to_end(&mut self) {
        self.text.truncate(self.cursor);
    }

    /// One character to the left.
    pub fn left(&mut self) {
        self.cursor = self.before();
    }

    /// One character to the right.
    pub fn right(&mut self) {
        self.cursor = self.after();
    }

    /// To the start.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// To the end.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_respects_characters() {
        let mut line = LineEdit::new("aü漢");
        line.left();
        line.backspace();
        assert_eq!(line.text(), "a漢");
        line.insert('é');
        line.delete();
        assert_eq!((line.text(), line.cursor()), ("aé", 3));
        line.home();
        line.delete();
        line.backspace();
        assert_eq!(line.text(), "é");
    }

    #[test]
    fn words_and_ends_are_deleted_as_in_a_shell() {
        let mut line = LineEdit::new("status:401 host:api ");
        line.delete_word();
        assert_eq!(line.text(), "status:401 ");
        line.home();
        line.right();
        line.delete_to_end();
        assert_eq!(line.text(), "s");
        line.delete_to_start();
        assert_eq!(line.text(), "");
    }

    #[test]
    fn the_cursor_goes_by_words_too() {
        let mut line = LineEdit::new("status:401 höst:api");
        line.word_left();
        assert_eq!(line.cursor(), 11);
        line.word_left();
        assert_eq!(line.cursor(), 0);
        line.word_right();
        assert_eq!(line.cursor(), 10);
        line.delete_word_right();
        assert_eq!(line.text(), "status:401");
        line.word_right();
        line.delete_word_right();
        assert_eq!(line.cursor(), 10);
    }

    #[test]
    fn pasted_line_breaks_do_not_become_text() {
        let mut line = LineEdit::default();
        line.paste("a\nb\x1b[2J\r");
        assert_eq!(line.text(), "a b[2J");
    }
}
