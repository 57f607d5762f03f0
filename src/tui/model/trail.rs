//! Jumps, and the way back from them: to the exchanges behind a row, to a related exchange.

use super::{Column, Model, Pane, Reading, Standing, View};

/// Jumps that can be gone back.
const LONGEST: usize = 50;

/// Where a jump began.
#[derive(Debug)]
pub(super) struct Spot {
    view: View,
    /// The display filter, and whether it was off.
    filter: (String, bool),
    /// The filter that the jump led to.
    reached: String,
    /// Only marked rows were listed.
    marked_only: bool,
    /// Where each view stood: what is listed after a jump has other rows.
    standings: [Standing; View::ALL.len()],
    /// What was read, where the details were open.
    reading: Option<Reading>,
}

impl Model {
    fn spot(&self) -> Spot {
        let selected = self.selected().map(|case| case.id());
        let mut standings = self.views.map(|view| view.standing);
        standings[self.view as usize] = self.standing(selected);
        Spot {
            view: self.view,
            filter: (self.filter.source().to_owned(), self.filter.is_disabled()),
            reached: String::new(),
            marked_only: self.marked_only,
            standings,
            reading: self.shown().filter(|_| self.pane == Pane::Details),
        }
    }

    fn leave_trail(&mut self, mut spot: Spot) {
        self.filter.source().clone_into(&mut spot.reached);
        if self.trail.len() == LONGEST {
            self.trail.remove(0);
        }
        self.trail.push(spot);
    }

    /// Whether there is a way back from a jump.
    pub fn leads_back(&self) -> bool {
        !self.trail.is_empty()
    }

    /// Whether leaving the details is leaving what was jumped to from others.
    pub fn is_jumped_to(&self) -> bool {
        self.leads_back() && self.reading.as_ref().is_some_and(|reading| reading.jumped)
    }

    /// Who sets a filter of his own does not want it undone by a way back; who only narrows the one that led
    /// here still does.
    pub fn filter_is_accepted(&mut self) {
        let source = self.filter.source();
        let is_his_own = |spot: &Spot| {
            let narrows = spot.reached != spot.filter.0 && source.starts_with(&spot.reached);
            !narrows && source != spot.reached
        };
        if self.trail.last().is_some_and(is_his_own) {
            self.trail.clear();
        }
    }

    /// Goes back to where the latest jump began: its view, filter and rows. Whether there was one.
    pub fn go_back(&mut self) -> bool {
        let Some(spot) = self.trail.pop() else { return false };
        let (source, disabled) = spot.filter;
        self.filter.restore(&source, disabled);
        self.marked_only = spot.marked_only;
        for (view, standing) in self.views.iter_mut().zip(spot.standings) {
            view.standing = standing;
        }
        self.enter(spot.view);
        if spot.reading.is_some() {
            self.reading = spot.reading;
            self.open_details();
        }
        true
    }

    /// Shows the exchanges behind the selected row of an aggregated view.
    ///
    /// # Errors
    /// In words, when there is nothing to show.
    pub fn drill_down(&mut self) -> Result<(), String> {
        let column = match self.view {
            View::Endpoints => Column::Endpoint,
            View::Clients => Column::Client,
            View::Flows => Column::Flow,
            View::Refusals | View::Exchanges => return Ok(()),
        };
        let (_, group) = self.table.selected().ok_or("There is no row.")?;
        let refused = group.refused > 0;
        let term = column.filter_term(group, &self.history).ok_or("This row has no filter.")?;
        let spot = self.spot();
        self.filter.narrow(&term, false).map_err(|error| error.to_string())?;
        self.leave_trail(spot);
        let to = if refused && self.view != View::Flows { View::Refusals } else { View::Exchanges };
        self.show_view(to);
        Ok(())
    }

    /// The exchange that the selected one's diagnosis points to next, of those that are kept.
    pub fn next_related(&self) -> Option<u64> {
        let case = self.selected()?;
        let verdict = case.verdict.as_ref()?;
        let nearest = verdict.nearest_success.as_ref().map(|near| near.id());
        let mut related = verdict.diagnosis.related.iter().copied().chain(nearest);
        related.find(|id| *id != case.id() && self.history.get(*id).is_some())
    }

    /// Jumps to an exchange, through a view that lists it; the details stay open when they were.
    pub fn go_to(&mut self, id: u64) -> bool {
        let Some(case) = self.history.get(id).cloned() else { return false };
        let spot = self.spot();
        let jumped = spot.reading.is_some();
        self.leave_trail(spot);
        if self.marked_only && !self.marks.contains(&id) {
            self.marked_only = false;
            self.relist();
        }
        if !self.view.lists_exchanges() || !self.select_case(id) {
            self.show_view(View::Exchanges);
            if !self.select_case(id) && self.filter.active().is_some() {
                self.filter.toggle();
                self.relist();
                self.select_case(id);
            }
        }
        // The latest of its row may be another one.
        self.reading = Some(Reading { case, jumped });
        if jumped {
            self.open_details();
        }
        true
    }
}
