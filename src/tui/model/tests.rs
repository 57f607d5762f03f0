//! The model without a terminal.

use std::sync::Arc;

use super::samples::{Sample, accepted, refused};
use super::*;
use crate::diagnosis::Case;
use crate::diagnosis::Confidence::{Certain, Likely};
use crate::secret::FingerprintKey;

fn model(view: View, follow: bool) -> Model {
    let masking = Masking::new(false, FingerprintKey::from_bytes(&[0; 32]));
    let mut model = Model::new(Settings {
        history: 1000,
        filter: String::new(),
        named_filters: Vec::new(),
        view,
        follow,
        masking,
        symbols: Symbols::UNICODE,
    })
    .unwrap();
    model.prepare(10, None, Instant::now());
    model
}

fn feed(model: &mut Model, cases: impl IntoIterator<Item = Arc<Case>>) {
    for case in cases {
        model.apply(Event::Case(case));
    }
}

fn wrong_password(id: u64, client: &'static str) -> Arc<Case> {
    let mut sample = Sample::new(id).basic("bob", 7).refused(
        "wrong-password",
        "User name or password is wrong",
        Likely,
    );
    sample.client = client;
    sample.case()
}

fn rows(model: &Model) -> Vec<Vec<u64>> {
    let mut rows = Vec::new();
    for (_, group) in model.table.iter() {
        let mut ids: Vec<u64> = group.members.latest_first().collect();
        ids.reverse();
        rows.push(ids);
    }
    rows
}

#[test]
fn the_401s_view_lists_only_refusals_and_the_exchanges_view_all() {
    let mut model = model(View::Refusals, true);
    feed(&mut model, [accepted(1), wrong_password(2, "10.0.0.7:1"), accepted(3)]);
    assert_eq!(rows(&model), [[2]]);
    model.show_view(View::Exchanges);
    assert_eq!(rows(&model), [[1], [2], [3]]);
    assert_eq!(model.counts(), (3, 3));
}

#[test]
fn a_revised_case_replaces_its_row_and_changes_its_fold() {
    let mut model = model(View::Refusals, false);
    feed(&mut model, [refused(1), wrong_password(2, "10.0.0.7:1")]);
    feed(&mut model, [wrong_password(1, "10.0.0.7:1")]);
    assert_eq!(rows(&model), [vec![1, 2]], "both are the same refusal now");
    feed(&mut model, [accepted(1)]);
    assert_eq!(rows(&model), [[2]], "no longer a 401: not listed");
}

#[test]
fn repeats_fold_into_the_latest_and_unfold() {
    let mut model = model(View::Refusals, true);
    feed(&mut model, (1..=5).map(|id| wrong_password(id, "10.0.0.7:1")));
    feed(&mut model, [wrong_password(6, "10.0.0.8:1")]);
    assert_eq!(rows(&model), [vec![1, 2, 3, 4, 5], vec![6]]);
    while model.fold() != Fold::Nothing {
        model.next_fold();
    }
    model.finish_listing();
    assert_eq!(rows(&model).len(), 6);
}

#[test]
fn the_selection_stays_on_its_row_while_others_arrive() {
    let mut model = model(View::Exchanges, true);
    feed(&mut model, (1..=20).map(accepted));
    model.step(-5);
    let selected = model.selected().unwrap().id();
    assert_eq!(selected, 15);
    feed(&mut model, (21..=900).map(accepted));
    assert_eq!(model.selected().unwrap().id(), selected);
    assert!(!model.table.is_following());
    model.set_follow(true);
    assert_eq!(model.selected().unwrap().id(), 900);
}

#[test]
fn the_history_is_bounded_and_rows_leave_with_their_exchanges() {
    let mut model = model(View::Exchanges, true);
    feed(&mut model, (1..=2500).map(accepted));
    assert_eq!((model.history.len(), model.table.len()), (1000, 1000));
    assert_eq!(model.counts(), (1000, 1000));
    assert_eq!(rows(&model)[0], [1501]);
}

#[test]
fn a_pause_stops_the_picture_and_not_the_capture() {
    let mut model = model(View::Refusals, true);
    feed(&mut model, [wrong_password(1, "10.0.0.1:1")]);
    model.toggle_pause();
    feed(&mut model, [wrong_password(2, "10.0.0.2:1"), wrong_password(3, "10.0.0.3:1")]);
    assert_eq!(rows(&model), [[1]]);
    assert_eq!(model.paused(), Some(2));
    model.toggle_pause();
    model.finish_listing();
    assert_eq!(rows(&model).len(), 3);
}

#[test]
fn evictions_while_paused_leave_no_dead_rows() {
    let mut model = model(View::Exchanges, true);
    feed(&mut model, (1..=1000).map(accepted));
    model.toggle_pause();
    feed(&mut model, (1001..=1600).map(accepted));
    assert!(model.table.iter().all(|(_, group)| model.history.get(group.members.last()).is_some()));
    model.toggle_pause();
    model.finish_listing();
    assert_eq!(model.table.len(), 1000);
}

#[test]
fn endpoints_fold_path_parameters_and_open_as_a_filter() {
    let mut model = model(View::Endpoints, false);
    for id in 1..=6 {
        let mut sample = Sample::new(id);
        sample.target = format!("/users/{}/orders", 4000 + id);
        if id > 4 {
            sample = sample.refused("token-rejected", "Server refused the token or key", Certain);
        }
        feed(&mut model, [sample.case()]);
    }
    assert_eq!(model.table.len(), 1);
    let (_, group) = model.table.group_at(0).unwrap();
    assert_eq!((group.members.count(), group.refused), (6, 2));
    model.select(0);
    model.drill_down().unwrap();
    assert_eq!(model.view(), View::Refusals);
    assert_eq!(model.filter.source(), "host=api.local:8080 path matches \"^/users/[^/]+/orders$\"");
    assert_eq!(model.table.len(), 2);
}

#[test]
fn cells_filter_and_exclude() {
    let mut model = model(View::Refusals, false);
    feed(&mut model, [wrong_password(1, "10.0.0.1:1"), wrong_password(2, "10.0.0.2:1")]);
    model.set_column(1);
    model.select(0);
    model.filter_by_cell(false).unwrap();
    assert_eq!(model.filter.source(), "client:10.0.0.1");
    model.filter.set("").unwrap();
    model.relist();
    model.filter_by_cell(true).unwrap();
    assert_eq!(model.filter.source(), "-client:10.0.0.1");
    model.set_column(0);
    assert!(model.filter_by_cell(false).is_err(), "a time is no filter");
}

#[test]
fn a_secret_stays_revealed_for_ten_seconds_and_only_on_its_row() {
    let mut model = model(View::Refusals, false);
    feed(&mut model, [wrong_password(1, "10.0.0.1:1"), wrong_password(2, "10.0.0.2:1")]);
    let now = Instant::now();
    model.reveal(now);
    assert_eq!(model.revealed(now), Some(10));
    assert!(model.masking_of(1, now).reveal);
    assert!(!model.masking_of(2, now).reveal, "no other exchange");
    assert_eq!(model.revealed(now + Duration::from_millis(3100)), Some(7));
    model.step(1);
    assert!(!model.masking_of(2, now).reveal, "another row stays masked");
    assert!(!model.masking_of(1, now).reveal, "and hides what was left");
    model.step(-1);
    assert!(!model.masking_of(1, now + REVEAL).reveal);
}

#[test]
fn the_next_cause_skips_rows_of_the_same_cause() {
    let mut model = model(View::Refusals, false);
    feed(
        &mut model,
        [
            wrong_password(1, "10.0.0.1:1"),
            wrong_password(2, "10.0.0.2:1"),
            refused(3),
            wrong_password(4, "10.0.0.4:1"),
        ],
    );
    model.select(0);
    assert!(model.next_cause(true));
    assert_eq!(model.selected().unwrap().id(), 3);
    assert!(model.next_cause(false));
    assert_eq!(model.selected().unwrap().id(), 2);
}

#[test]
fn a_jump_to_a_related_exchange_finds_a_view_that_lists_it() {
    let mut model = model(View::Refusals, false);
    feed(&mut model, [refused(1), accepted(2)]);
    assert!(model.go_to(2));
    assert_eq!((model.view(), model.selected().unwrap().id()), (View::Exchanges, 2));
    assert!(!model.go_to(99));
}

#[test]
fn marks_list_alone_and_survive_a_filter() {
    let mut model = model(View::Refusals, false);
    feed(&mut model, [refused(1), wrong_password(2, "10.0.0.2:1")]);
    model.select(1);
    model.toggle_mark();
    assert!(model.toggle_marked_only());
    model.finish_listing();
    assert_eq!(rows(&model), [[2]]);
    model.toggle_mark();
    model.finish_listing();
    assert!(model.table.is_empty());
    model.toggle_marked_only();
    model.finish_listing();
    assert_eq!(model.table.len(), 2);
}

#[test]
fn views_remember_their_row_and_sort() {
    let mut model = model(View::Exchanges, false);
    feed(&mut model, (1..=9).map(accepted));
    model.select(4);
    model.sort_by(Column::Latency);
    let selected = model.selected().unwrap().id();
    model.show_view(View::Clients);
    model.show_view(View::Exchanges);
    assert_eq!(model.sort(), Column::Latency);
    assert_eq!(model.selected().unwrap().id(), selected);
}

#[test]
fn a_silent_wire_gives_no_reason_to_draw() {
    let mut model = model(View::Refusals, true);
    let status = || Event::Status(Box::new(super::samples::status()));
    assert!(model.apply(status()));
    assert!(!model.apply(status()));
    assert!(model.apply(Event::Case(refused(1))));
}

#[test]
fn nothing_ticks_unless_something_runs_out() {
    let mut model = model(View::Refusals, false);
    let now = Instant::now();
    assert_eq!(model.next_tick(now), None);
    model.say("copied", Role::Good, now);
    assert_eq!(model.next_tick(now), Some(now + TOAST));
    assert!(model.toast(now + TOAST).is_none());
    assert_eq!(model.next_tick(now + TOAST), None);
}

#[test]
fn a_filter_that_hides_the_chosen_row_gives_it_back_when_it_goes() {
    let mut model = model(View::Exchanges, false);
    feed(&mut model, (1..=20).map(accepted));
    model.select(9);
    assert_eq!(model.selected().unwrap().id(), 10);
    for source in ["flow:1", "flow:1 status:404", ""] {
        model.filter.set(source).unwrap();
        model.relist();
    }
    assert_eq!(model.selected().unwrap().id(), 10);
}

#[test]
fn a_leg_behind_a_proxy_folds_into_the_outer_one() {
    let stripped = |id: u64, other: u64| {
        let mut sample = Sample::new(id).refused(
            "hop-stripped-auth",
            "A proxy removed the Authorization header",
            Certain,
        );
        // The inner leg's answer comes first.
        sample.client = if id == 1 { "10.0.0.1:2" } else { "10.0.0.7:1" };
        let verdict = sample.verdict.as_mut().unwrap();
        std::sync::Arc::make_mut(&mut verdict.diagnosis).related = vec![other];
        verdict.leg_of = (id == 1).then_some(2);
        sample.case()
    };
    let mut model = model(View::Refusals, false);
    feed(&mut model, [refused(2), stripped(1, 2), stripped(2, 1)]);
    assert_eq!(rows(&model), [[2]]);
    model.filter.set("client:10.0.0.1").unwrap();
    model.relist();
    assert_eq!(rows(&model), [[1]], "it stands for itself when its outer leg is not listed");
    model.filter.set("").unwrap();
    model.show_view(View::Exchanges);
    assert_eq!(rows(&model).len(), 2);
}

#[test]
fn a_row_of_several_causes_says_the_most_frequent_and_that_there_are_others() {
    let mut model = model(View::Refusals, false);
    model.next_fold();
    feed(&mut model, (1..=2).map(|id| wrong_password(id, "10.0.0.1:1")));
    feed(&mut model, [refused(3)]);
    model.finish_listing();
    assert_eq!(rows(&model), [[1, 2, 3]]);
    let (_, group) = model.table.group_at(0).unwrap();
    let why = |width| Column::Why.cell(group, &model.history, &Symbols::UNICODE, width).text;
    assert_eq!(why(60), "◐ User name or password is wrong +1 other cause");
    assert_eq!(why(24), "◐ User name or passw… +1");
    let term = Column::Why.filter_term(group, &model.history).unwrap();
    assert_eq!(term, "why=wrong-password");
}

#[test]
fn a_column_without_room_has_neither_the_cell_nor_the_sort() {
    let mut model = model(View::Refusals, false);
    feed(&mut model, [wrong_password(1, "10.0.0.1:1")]);
    let asked = View::Refusals.columns().iter().position(|c| *c == Column::Asked).unwrap();
    model.set_width(200);
    model.set_column(asked);
    assert_eq!(model.column(), asked);
    model.set_width(80);
    assert_eq!(model.column(), asked - 1, "its neighbour");
    model.move_column(true);
    assert_eq!(model.column(), asked + 1, "over it");
    model.move_column(false);
    assert_eq!(model.column(), asked - 1);
    model.sort_by(Column::Sent);
    model.sort_beside(true);
    assert_eq!(model.sort(), Column::Why);
    model.sort_beside(false);
    assert_eq!(model.sort(), Column::Sent);
}
