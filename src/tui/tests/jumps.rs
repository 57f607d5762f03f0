//! Whoever was taken elsewhere comes back to where he was.

use super::*;
use crate::tui::model::Pane;

fn two_of_which_the_first_points_to_the_second() -> [Arc<Case>; 2] {
    let mut sample = Sample::new(1).refused("wrong-password", "Wrong", Confidence::Certain);
    Arc::make_mut(&mut sample.verdict.as_mut().unwrap().diagnosis).related = vec![2];
    [sample.case(), Sample::new(2).case()]
}

#[test]
fn esc_leads_back_from_what_is_behind_a_row() {
    for (view, key) in [(View::Endpoints, "3"), (View::Clients, "4"), (View::Flows, "5")] {
        for back in ["\u{1b}", "q"] {
            let mut app = app(a_morning());
            app.model.filter.set("-benign").unwrap();
            app.model.relist();
            press(&mut app, key);
            press(&mut app, "j");
            let row = app.model.table.selected().unwrap().0;
            press(&mut app, "\r");
            assert_ne!(app.model.filter.source(), "-benign");
            press(&mut app, "\r\u{1b}");
            assert!(app.model.view().lists_exchanges(), "the details were closed first");
            app.take_effects();
            press(&mut app, back);
            assert_eq!((app.model.view(), app.model.filter.source()), (view, "-benign"));
            assert_eq!(app.model.table.selected().unwrap().0, row);
            assert_eq!(app.take_effects(), [Effect::Matching]);
        }
    }
}

#[test]
fn esc_leads_back_from_a_related_exchange_to_the_details_it_was_asked_from() {
    let mut app = app(two_of_which_the_first_points_to_the_second());
    app.model.filter.set("status:401").unwrap();
    app.model.relist();
    press(&mut app, "\r]r");
    assert_eq!((app.model.view(), app.model.selected().unwrap().id()), (View::Exchanges, 2));
    assert_eq!(app.model.pane, Pane::Details, "its details are open, too");
    assert!(app.model.filter.is_disabled(), "which the filter hides");
    press(&mut app, "\u{1b}");
    assert_eq!((app.model.view(), app.model.selected().unwrap().id()), (View::Refusals, 1));
    assert_eq!((app.model.pane, app.model.details.tab()), (Pane::Details, Tab::Request));
    assert!(!app.model.filter.is_disabled());
    press(&mut app, "\u{1b}\u{1b}");
    assert!(!app.take_effects().contains(&Effect::Quit));
}

#[test]
fn a_filter_of_ones_own_is_not_undone_by_a_way_back() {
    let mut app = app(a_morning());
    press(&mut app, "4\r:filter method:GET\r");
    let source = app.model.filter.source().to_owned();
    assert_eq!(source, "method:GET");
    press(&mut app, "\u{1b}");
    assert_eq!(app.model.filter.source(), source);
    assert!(!app.model.leads_back());
}

#[test]
fn a_filter_that_is_left_as_it_was_or_narrowed_still_leads_back() {
    for typed in ["/\r", "/ status:401\r"] {
        let mut app = app(a_morning());
        press(&mut app, &format!("4\r{typed}"));
        assert!(app.model.leads_back(), "{typed:?}");
        app.take_effects();
        press(&mut app, "q");
        assert_eq!((app.model.view(), app.model.filter.source()), (View::Clients, ""));
        assert!(!app.take_effects().contains(&Effect::Quit));
    }
}

#[test]
fn details_that_were_opened_by_hand_are_left_to_the_list() {
    let mut app = app(two_of_which_the_first_points_to_the_second());
    press(&mut app, "\rr");
    assert_eq!(app.model.selected().unwrap().id(), 2);
    press(&mut app, "2G\r");
    assert_eq!(app.model.selected().unwrap().id(), 2);
    press(&mut app, "\u{1b}");
    assert_eq!((app.model.view(), app.model.pane), (View::Exchanges, Pane::List));
}

#[test]
fn a_jump_leaves_each_view_its_row_and_whether_it_follows() {
    for follow in [false, true] {
        let mut app = app(a_morning());
        press(&mut app, "gj");
        app.model.set_follow(follow);
        let row = app.model.table.selected().unwrap().0;
        press(&mut app, "4\rgj");
        assert_eq!(app.model.view(), View::Refusals, "those of one client");
        app.model.set_follow(!follow);
        press(&mut app, "\u{1b}1");
        assert_eq!(app.model.table.selected().unwrap().0, row);
        assert_eq!(app.model.table.is_following(), follow);
    }
}

#[test]
fn whoever_follows_a_chain_of_related_exchanges_comes_back_through_each() {
    let points_to = |id: u64, other: u64, client: &'static str| {
        let mut sample = Sample::new(id).refused("wrong-password", "Wrong", Confidence::Certain);
        sample.client = client;
        Arc::make_mut(&mut sample.verdict.as_mut().unwrap().diagnosis).related = vec![other];
        sample.case()
    };
    let mut app =
        app([points_to(1, 2, "10.0.0.1:1"), points_to(2, 3, "10.0.0.2:1"), Sample::new(3).case()]);
    press(&mut app, "g\rrr");
    assert_eq!(app.model.selected().unwrap().id(), 3);
    for before in [2, 1] {
        press(&mut app, "\u{1b}");
        assert_eq!(app.model.selected().unwrap().id(), before);
        assert_eq!(app.model.pane, Pane::Details);
    }
    press(&mut app, "\u{1b}");
    assert_eq!((app.model.pane, app.model.leads_back()), (Pane::List, false));
}

#[test]
fn what_the_history_has_forgotten_is_passed_over_for_what_is_kept() {
    let mut sample = Sample::new(1).refused("wrong-password", "Wrong", Confidence::Certain);
    Arc::make_mut(&mut sample.verdict.as_mut().unwrap().diagnosis).related = vec![99, 2];
    let mut app = app([sample.case(), Sample::new(2).case()]);
    press(&mut app, "gr");
    assert_eq!(app.model.selected().unwrap().id(), 2);
}

#[test]
fn a_related_exchange_is_shown_though_only_marked_rows_were_listed() {
    let mut app = app(two_of_which_the_first_points_to_the_second());
    press(&mut app, "g Mr");
    assert_eq!(app.model.selected().unwrap().id(), 2);
    assert!(!app.model.is_marked_only() && app.model.table.len() == 2);
    press(&mut app, "\u{1b}");
    assert!(app.model.is_marked_only());
    assert_eq!(app.model.selected().unwrap().id(), 1);
}

#[test]
fn whoever_picks_the_last_row_does_not_ask_to_follow() {
    let mut app = app(a_morning());
    app.model.set_follow(false);
    let last = app.model.table.len() - 1;
    app.model.select(last);
    assert!(!app.model.table.is_following());
    app.model.set_follow(true);
    press(&mut app, "\rc");
    assert!(!app.model.table.is_following());
}

#[test]
fn revealed_secrets_are_announced_where_they_are_not_seen() {
    let mut app = app(a_morning());
    let now = Instant::now();
    press(&mut app, "*");
    let said = app.model.toast(now).expect("it says so").text.clone();
    assert!(said.starts_with("Secrets of #"), "{said}");
}
