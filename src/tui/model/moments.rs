//! What depends on the clock, which comes as a parameter: revealed secrets, short messages, pictures.

use std::time::{Duration, Instant};

use super::{Document, Line, Model, REVEAL, Role, TOAST, Toast, tabs};
use crate::auth::masking::Masking;

impl Model {
    /// Shows the secrets of the selected exchange for ten seconds.
    pub fn reveal(&mut self, now: Instant) {
        self.hold();
        if let Some(id) = self.selected().map(|case| case.id()) {
            self.revealed = match self.revealed {
                Some((shown, _)) if shown == id => None,
                _ => Some((id, now + REVEAL)),
            };
        }
    }

    /// Seconds that the secrets of the selected exchange stay shown, when they are.
    pub fn revealed(&self, now: Instant) -> Option<u64> {
        let (id, until) = self.revealed?;
        let selected = self.selected()?.id();
        let left = until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        (id == selected).then(|| left.as_millis().div_ceil(1000) as u64)
    }

    /// What may be shown of an exchange, on the screen, in a copy or in an export: secrets of the selected
    /// one while they are revealed, of no other.
    pub fn masking_of(&self, id: u64, now: Instant) -> Masking {
        let revealed = self.revealed.filter(|_| self.revealed(now).is_some());
        let mut masking = self.masking.clone();
        masking.reveal |= revealed.is_some_and(|(shown, _)| shown == id);
        masking
    }

    /// Shows a short message.
    pub fn say(&mut self, text: impl Into<String>, role: Role, now: Instant) {
        self.toast = Some(Toast { text: text.into(), role, until: now + TOAST });
    }

    /// The message to show.
    pub fn toast(&self, now: Instant) -> Option<&Toast> {
        self.toast.as_ref().filter(|toast| toast.until > now)
    }

    /// When the picture changes by itself, if it does: a countdown, the end of a message.
    pub fn next_tick(&self, now: Instant) -> Option<Instant> {
        let toast = self.toast(now).map(|toast| toast.until);
        let reveal = self.revealed.filter(|(_, until)| *until > now).map(|(_, until)| {
            let left = until.duration_since(now);
            let part = Duration::from_millis((left.as_millis() % 1000) as u64);
            now + if part.is_zero() { Duration::from_secs(1) } else { part }
        });
        [toast, reveal].into_iter().flatten().min()
    }

    /// Fills the panes of this size: list rows, details cells. Called before each picture.
    pub fn prepare(&mut self, rows: usize, details: Option<(u16, usize)>, now: Instant) {
        self.table.set_height(rows);
        if self.revealed.is_some_and(|(_, until)| until <= now) {
            self.revealed = None;
        }
        let Some((width, height)) = details else { return };
        let mut document = match self.selected() {
            None => Document::default(),
            Some(case) => {
                let context = tabs::Context {
                    masking: &self.masking_of(case.id(), now),
                    others: &self.masking,
                    history: &self.history,
                    marked: self.last_mark.and_then(|id| self.history.get(id)),
                    symbols: &self.symbols,
                };
                tabs::document(self.details.tab(), case, &context)
            }
        };
        if self.is_forgotten() {
            let words = "The history has forgotten this exchange: it stays here until you move.";
            document.lines.insert(0, Line::new().with(Role::Warning, words));
        }
        self.details.show(document.settled(&self.symbols), width, height);
    }
}
