//! Text that takes exactly the cells it is given, whatever the wire put into it.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::tui::symbols::Symbols;

/// The text, safe for the terminal and at most `width` cells wide, with an ellipsis where it was cut.
pub fn fit<'a>(text: &'a str, width: usize, symbols: &Symbols) -> Cow<'a, str> {
    let text = symbols.settle(text);
    let cells = width_of(&text);
    if cells <= width {
        return text;
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    let (mut out, mut used) = (String::with_capacity(width + 4), 0);
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width - 1 {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push_str(symbols.ellipsis);
    Cow::Owned(out)
}

/// [`fit`], and filled up with spaces: at the left of numbers, at the right of all else.
pub fn pad(text: &str, width: usize, right: bool, symbols: &Symbols) -> String {
    let text = fit(text, width, symbols);
    let blank = " ".repeat(width.saturating_sub(width_of(&text)));
    if right { blank + &text } else { text.into_owned() + &blank }
}

/// Cells that the text takes.
pub fn width_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use crate::tui::symbols::COMBINING;

    #[test]
    fn no_text_is_wider_than_its_cell() {
        let texts = [
            "plain",
            "漢字漢字",
            "e\u{301}\u{301}\u{301}\u{301}x",
            "\x1b[31mred",
            "👩🏽‍🚀🇩🇪",
            "a\u{202e}b",
            "",
        ];
        for text in texts {
            for width in 0..12 {
                for symbols in [Symbols::UNICODE, Symbols::ASCII] {
                    let fitted = fit(text, width, &symbols);
                    assert!(width_of(&fitted) <= width, "{text:?} in {width}: {fitted:?}");
                    assert!(!fitted.chars().any(text::is_hazardous), "{fitted:?}");
                    assert_eq!(
                        width_of(&pad(text, width, true, &symbols)),
                        width,
                        "{text:?} in {width}"
                    );
                }
            }
        }
    }

    #[test]
    fn ascii_terminals_get_ascii() {
        let shown = fit("“a” – b… ü", 40, &Symbols::ASCII);
        assert_eq!(shown, "\"a\" - b... \\u{fc}");
    }

    #[test]
    fn combining_characters_cannot_pile_up() {
        let tower = format!("a{}", "\u{301}".repeat(50));
        let shown = fit(&tower, 1000, &Symbols::UNICODE);
        assert_eq!(shown.chars().filter(|c| *c == '\u{301}').count(), COMBINING);
    }
}
