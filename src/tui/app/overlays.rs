//! Keys while something lies over the panes: help, menus, questions, prompts.

use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent};

use super::lines::edit;
use super::{App, Effect};
use crate::tui::keys::{self, Action};
use crate::tui::model::overlay::{Menu, MenuKind, Overlay, Picker, Prompt, PromptKind, Question};
use crate::tui::view::overlay;
use crate::tui::{copying, exporting};

impl App {
    pub(super) fn overlay_key(&mut self, key: KeyEvent, now: Instant) {
        match self.model.overlay.take() {
            None => {}
            Some(Overlay::Help { scroll }) => self.help_key(scroll, key),
            Some(Overlay::Confirm(Question::Clear)) => match key.code {
                KeyCode::Char('y' | 'Y') => self.model.clear(),
                KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => {}
                _ => self.model.overlay = Some(Overlay::Confirm(Question::Clear)),
            },
            Some(Overlay::Menu(menu)) => self.menu_key(menu, key, now),
            Some(Overlay::Interfaces(picker)) => self.picker_key(picker, key),
            Some(Overlay::Prompt(prompt)) => self.prompt_key(prompt, key, now),
        }
    }

    fn help_key(&mut self, scroll: usize, key: KeyEvent) {
        let page = isize::from(self.areas.whole.height as i16 / 2);
        let by = match self.keys.action(key) {
            Some(Action::Down) => 1,
            Some(Action::Up) => -1,
            Some(Action::PageDown) => page,
            Some(Action::PageUp) => -page,
            Some(Action::Top) => isize::MIN / 2,
            Some(Action::Bottom) => isize::MAX / 2,
            Some(Action::Back | Action::Help | Action::Quit | Action::Open) => return,
            _ => 0,
        };
        let lowest = overlay::help_lowest(self.areas.whole, &self.keys);
        let scroll = scroll.saturating_add_signed(by).min(lowest);
        self.model.overlay = Some(Overlay::Help { scroll });
    }

    fn menu_key(&mut self, mut menu: Menu, key: KeyEvent, now: Instant) {
        let picked = match (key.code, self.keys.action(key)) {
            (KeyCode::Char(c), _) if menu.find(c).is_some() => menu.find(c),
            (KeyCode::Enter, _) => Some(menu.at),
            (KeyCode::Esc, _) | (_, Some(Action::Back)) => return,
            (_, Some(Action::Down)) => {
                menu.step(true);
                None
            }
            (_, Some(Action::Up)) => {
                menu.step(false);
                None
            }
            _ => None,
        };
        match picked {
            Some(at) if menu.entries.get(at).is_some_and(|entry| entry.enabled) => {
                menu.at = at;
                self.pick(&menu, now);
            }
            _ => self.model.overlay = Some(Overlay::Menu(menu)),
        }
    }

    fn picker_key(&mut self, mut picker: Picker, key: KeyEvent) {
        match (key.code, self.keys.action(key)) {
            (KeyCode::Enter, _) => self.effects.push(Effect::Interfaces(picker.chosen())),
            (KeyCode::Esc, _) | (_, Some(Action::Back | Action::Interfaces)) => return,
            (_, Some(Action::Down)) => picker.step(true),
            (_, Some(Action::Up)) => picker.step(false),
            (_, Some(Action::Mark)) => picker.tick(),
            _ => {}
        }
        self.model.overlay = Some(Overlay::Interfaces(picker));
    }

    fn pick(&mut self, menu: &Menu, now: Instant) {
        match menu.kind {
            MenuKind::Copy => {
                let Some(case) = menu.pinned.chosen.first() else { return };
                let case = self.model.newest(case);
                let masking = self.model.masking_of(case.id(), now);
                if let Some((text, what)) = copying::text(menu.at, case, &masking, &self.model) {
                    self.effects.push(Effect::Copy(text, what));
                }
            }
            MenuKind::Export => {
                let Some(choice) = exporting::choice(menu.at) else { return };
                let cases = exporting::cases(choice.subject, &menu.pinned);
                let name = exporting::file_name(choice, cases);
                let mut prompt = Prompt::new(PromptKind::SaveAs(menu.at), name);
                prompt.cases = cases.to_vec();
                self.model.overlay = Some(Overlay::Prompt(prompt));
            }
        }
    }

    fn prompt_key(&mut self, mut prompt: Prompt, key: KeyEvent, now: Instant) {
        match key.code {
            KeyCode::Esc => return,
            KeyCode::Enter => {
                let text = prompt.line.text().trim().to_owned();
                match prompt.kind {
                    PromptKind::CaptureFilter => {
                        self.model.overlay = Some(Overlay::Prompt(prompt));
                        self.effects.push(Effect::CaptureFilter(text));
                    }
                    PromptKind::SaveAs(at) => {
                        if text.is_empty() {
                            prompt.error = Some("a file needs a name".to_owned());
                        } else if let Some(choice) = exporting::choice(at) {
                            self.effects.push(Effect::Save(text, choice));
                        }
                        self.model.overlay = Some(Overlay::Prompt(prompt));
                    }
                    PromptKind::Command => match self.run_command(&text, now) {
                        Ok(()) => {}
                        Err(error) => {
                            prompt.error = Some(error);
                            self.model.overlay = Some(Overlay::Prompt(prompt));
                        }
                    },
                }
                return;
            }
            KeyCode::Tab if prompt.kind == PromptKind::Command => {
                let typed = prompt.line.text().to_owned();
                if let Some(found) = keys::TABLE.iter().find(|known| known.name.starts_with(&typed))
                {
                    prompt.line.set(found.name);
                }
            }
            _ => edit(&mut prompt.line, key),
        }
        prompt.error = None;
        self.model.overlay = Some(Overlay::Prompt(prompt));
    }

    /// `:name of an action`, `:filter EXPRESSION`.
    fn run_command(&mut self, text: &str, now: Instant) -> Result<(), String> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (name, keys::find(name)) {
            ("", _) => Ok(()),
            ("filter", _) if !rest.is_empty() => {
                self.model.filter.choose(rest).map_err(|error| error.to_string())?;
                self.model.filter_is_accepted();
                self.filter_changed();
                Ok(())
            }
            (_, Some(binding)) => {
                self.perform(binding.action, now);
                Ok(())
            }
            ("q" | "q!" | "exit", None) => {
                self.effects.push(Effect::Quit);
                Ok(())
            }
            _ => Err(format!("no action named {name:?}; Tab completes")),
        }
    }
}
