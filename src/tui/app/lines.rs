//! Lines of text being typed: the display filter, the search.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::App;
use crate::tui::model::Overlay;
use crate::tui::model::line_edit::LineEdit;

impl App {
    pub(super) fn filter_key(&mut self, key: KeyEvent) {
        let changed = match key.code {
            KeyCode::Enter => {
                let changed = self.model.filter.accept();
                self.model.filter_is_accepted();
                changed
            }
            KeyCode::Esc => self.model.filter.cancel(),
            KeyCode::Up => self.model.filter.recall(true),
            KeyCode::Down => self.model.filter.recall(false),
            KeyCode::Tab => self.model.complete(true),
            KeyCode::BackTab => self.model.complete(false),
            _ => self.model.filter.change(|line| edit(line, key)),
        };
        if changed {
            self.filter_changed();
        }
    }

    pub(super) fn search_key(&mut self, key: KeyEvent) {
        let Some(line) = &mut self.model.searching else { return };
        match key.code {
            KeyCode::Enter => self.model.searching = None,
            KeyCode::Esc => {
                self.model.searching = None;
                self.model.details.search("");
            }
            _ => {
                edit(line, key);
                self.model.details.search(line.text());
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(Overlay::Prompt(prompt)) = &mut self.model.overlay {
            prompt.line.paste(text);
        } else if let Some(line) = &mut self.model.searching {
            line.paste(text);
            self.model.details.search(line.text());
        } else if self.model.filter.change(|line| line.paste(text)) {
            self.filter_changed();
        }
    }
}

/// Editing keys, as in a shell.
pub(super) fn edit(line: &mut LineEdit, key: KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('a') if control => line.home(),
        KeyCode::Char('e') if control => line.end(),
        KeyCode::Char('u') if control => line.delete_to_start(),
        KeyCode::Char('k') if control => line.delete_to_end(),
        KeyCode::Char('w') if control => line.delete_word(),
        KeyCode::Char('h') if control => line.backspace(),
        KeyCode::Char('b') if alt => line.word_left(),
        KeyCode::Char('f') if alt => line.word_right(),
        KeyCode::Char('d') if alt => line.delete_word_right(),
        KeyCode::Char(c) if !control && !alt => line.insert(c),
        KeyCode::Backspace if alt => line.delete_word(),
        KeyCode::Left if control || alt => line.word_left(),
        KeyCode::Right if control || alt => line.word_right(),
        KeyCode::Backspace => line.backspace(),
        KeyCode::Delete => line.delete(),
        KeyCode::Left => line.left(),
        KeyCode::Right => line.right(),
        KeyCode::Home => line.home(),
        KeyCode::End => line.end(),
        _ => {}
    }
}
