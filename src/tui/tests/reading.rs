//! What a user has opened stays what it is, whatever comes meanwhile.

use std::time::Instant;

use super::*;
use crate::tui::exporting::{self, Form, Subject};
use crate::tui::model::Pane;
use crate::tui::model::overlay::Overlay;

fn bob(id: u64, client: &'static str) -> Arc<Case> {
    let mut sample = Sample::new(id).basic("bob", 7).refused(
        "wrong-password",
        "User name or password is wrong",
        Confidence::Likely,
    );
    sample.client = client;
    sample.case()
}

fn live(cases: impl IntoIterator<Item = Arc<Case>>) -> App {
    let mut app = app(cases);
    app.model.set_follow(true);
    app
}

fn comes(app: &mut App, case: Arc<Case>) {
    app.model.apply(session::Event::Case(case));
    settle(app);
}

fn selected(app: &App) -> u64 {
    app.model.selected().unwrap().id()
}

/// What the export menu's prompt would write.
fn written(app: &App, form: Form) -> String {
    let Some(Overlay::Prompt(prompt)) = &app.model.overlay else { panic!("no prompt") };
    let mut out = Vec::new();
    let packets = Err("no packets");
    exporting::write(form, &prompt.cases, &app.model, packets, &mut out, Instant::now()).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn details_that_follow_stay_once_they_are_opened_or_scrolled() {
    let mut app = live([bob(1, "10.0.0.1:1")]);
    comes(&mut app, bob(2, "10.0.0.2:1"));
    assert_eq!(selected(&app), 2, "nobody reads yet");
    press(&mut app, "\r");
    comes(&mut app, bob(3, "10.0.0.3:1"));
    assert_eq!((selected(&app), app.model.table.is_following()), (2, false));
    press(&mut app, "\u{1b}F");
    assert_eq!(selected(&app), 3);
    let area = app.areas.details.unwrap();
    let wheel = MouseEvent {
        kind: MouseEventKind::ScrollDown,
        column: area.x + 5,
        row: area.y + 3,
        modifiers: KeyModifiers::NONE,
    };
    app.event(&Event::Mouse(wheel), Instant::now());
    comes(&mut app, bob(4, "10.0.0.4:1"));
    assert_eq!(selected(&app), 3, "scrolled, it is read");
    press(&mut app, "G");
    assert_eq!((selected(&app), app.model.table.is_following()), (4, true));
}

#[test]
fn a_repeat_joins_the_row_and_not_the_details_that_are_read() {
    let mut app = live([bob(1, "10.0.0.1:1")]);
    press(&mut app, "\r");
    comes(&mut app, bob(2, "10.0.0.1:1"));
    assert_eq!(app.model.table.len(), 1);
    assert_eq!(selected(&app), 1);
    press(&mut app, "\u{1b}");
    assert_eq!(selected(&app), 2, "the row shows its latest");
}

#[test]
fn an_exchange_that_the_history_forgets_while_it_is_read_stays_and_says_so() {
    let mut app = live([bob(1, "10.0.0.1:1")]);
    press(&mut app, "\r");
    for id in 2..=1100 {
        app.model.apply(session::Event::Case(bob(id, "10.0.0.2:1")));
    }
    settle(&mut app);
    assert!(app.model.history.get(1).is_none());
    assert_eq!(selected(&app), 1);
    assert!(app.model.details.document().plain().starts_with("The history has forgotten"));
    press(&mut app, "xj");
    assert!(written(&app, Form::Json).starts_with("{\"schema\":1,\"type\":\"exchange\",\"id\":1,"));
    press(&mut app, "\u{1b}\u{1b}");
    assert_ne!(selected(&app), 1);
    assert!(!app.model.details.document().plain().contains("forgotten"));
}

#[test]
fn a_menu_is_about_the_rows_it_was_opened_for_whatever_comes() {
    let mut app = live([bob(1, "10.0.0.1:1")]);
    press(&mut app, "y");
    comes(&mut app, bob(2, "10.0.0.2:1"));
    press(&mut app, "j");
    let copied = app.take_effects().into_iter().find_map(|effect| match effect {
        Effect::Copy(text, _) => Some(text),
        _ => None,
    });
    assert!(copied.unwrap().contains("\"id\":1,"));
    press(&mut app, "x");
    comes(&mut app, bob(3, "10.0.0.3:1"));
    press(&mut app, "j");
    comes(&mut app, bob(4, "10.0.0.4:1"));
    let Some(Overlay::Prompt(prompt)) = &app.model.overlay else { panic!("no prompt") };
    assert!(prompt.line.text().ends_with("-2.jsonl"), "{}", prompt.line.text());
    assert!(written(&app, Form::Json).contains("\"id\":2,"));
    press(&mut app, "\u{1b}x");
    comes(&mut app, bob(5, "10.0.0.5:1"));
    press(&mut app, "J");
    assert_eq!(written(&app, Form::Json).lines().count(), 4, "all that were shown");
}

#[test]
fn what_is_revealed_of_one_exchange_is_revealed_of_no_other() {
    let basic = "Ym9iOmh1bnRlcjI=";
    let mut app = app([bob(1, "10.0.0.1:1"), bob(2, "10.0.0.2:1"), bob(3, "10.0.0.3:1")]);
    press(&mut app, "G ");
    press(&mut app, "k*");
    for (form, keys) in [(Form::Json, "J"), (Form::Har, "H"), (Form::Report, "M")] {
        press(&mut app, "x");
        press(&mut app, keys);
        let written = written(&app, form);
        assert_eq!(written.matches(basic).count(), 1, "{form:?}");
        let said = written.contains("Secrets of 1 of 3 exchanges are shown.");
        assert_eq!(said, form == Form::Report);
        press(&mut app, "\u{1b}");
    }
    press(&mut app, "d");
    let shown = app.model.details.document().plain();
    assert!(shown.contains("Compared with the marked row, #3"), "{shown}");
    press(&mut app, "\u{1b}kd");
    assert!(!app.model.details.document().plain().contains(basic));
}

#[test]
fn a_difference_reveals_the_secret_of_this_exchange_alone() {
    let mut other =
        Sample::new(2).basic("bob", 8).refused("wrong-password", "Wrong", Confidence::Likely);
    other.client = "10.0.0.2:1";
    for (name, value) in &mut other.request {
        if name == "Authorization" {
            *value = "Basic Ym9iOnN3b3JkZmlzaA==".into();
        }
    }
    let mut app = app([bob(1, "10.0.0.1:1"), other.case()]);
    press(&mut app, "G gd*");
    let shown = app.model.details.document().plain();
    assert!(shown.contains("Ym9iOmh1bnRlcjI=") && !shown.contains("Ym9iOnN3b3"), "{shown}");
}

#[test]
fn a_row_of_many_exchanges_is_exported_and_marked_with_all_of_them() {
    let mut app = app((1..=3).map(|id| bob(id, "10.0.0.1:1")).chain([bob(4, "10.0.0.4:1")]));
    press(&mut app, "g");
    press(&mut app, "x");
    let Some(Overlay::Menu(menu)) = &app.model.overlay else { panic!("no menu") };
    assert_eq!(menu.entries[1].note, "the 3 of this row");
    press(&mut app, "j");
    assert_eq!(written(&app, Form::Json).lines().count(), 3);
    press(&mut app, "\u{1b} ");
    assert_eq!(app.model.marked().len(), 3);
    let toast = app.model.toast(Instant::now()).unwrap().text.clone();
    assert_eq!(toast, "Marked: the 3 exchanges of this row.");
    comes(&mut app, bob(5, "10.0.0.1:1"));
    press(&mut app, "g");
    let (_, group) = app.model.table.selected().unwrap();
    assert!(app.model.is_marked(group), "also when a repeat has joined it");
    press(&mut app, " ");
    assert!(app.model.marked().is_empty());
    press(&mut app, "4");
    press(&mut app, "x");
    let Some(Overlay::Menu(menu)) = &app.model.overlay else { panic!("no menu") };
    assert_eq!(exporting::cases(Subject::Chosen, &menu.pinned).len(), 4, "of the client");
}

#[test]
fn new_rows_are_followed_only_while_the_newest_is_at_an_end() {
    let mut app = live([bob(1, "10.0.0.9:1"), bob(2, "10.0.0.2:1")]);
    press(&mut app, "ls");
    let said = |app: &App| app.model.toast(Instant::now()).map(|toast| toast.text.clone());
    assert!(!app.model.table.is_following(), "sorted by client");
    assert!(said(&app).unwrap().contains("sorted by time"));
    press(&mut app, "GF");
    assert!(!app.model.table.is_following());
    comes(&mut app, bob(3, "10.0.0.5:1"));
    assert_eq!(selected(&app), 1, "the last row, as before");
    press(&mut app, "hsG");
    assert_eq!((selected(&app), app.model.table.is_following()), (3, true));
    assert_eq!(app.model.pane, Pane::List);
}

#[test]
fn a_command_is_about_the_row_that_it_was_begun_on() {
    let begun = || {
        let mut app = live([bob(1, "10.0.0.1:1")]);
        press(&mut app, ":");
        comes(&mut app, bob(2, "10.0.0.2:1"));
        assert_eq!(selected(&app), 1, "it stays while a command is typed");
        app
    };
    let mut app = begun();
    press(&mut app, "mark\r");
    let marked: Vec<u64> = app.model.marked().iter().map(|case| case.id()).collect();
    assert_eq!((marked, selected(&app)), (vec![1], 2), "then new rows are followed again");
    let mut app = begun();
    press(&mut app, "open\r");
    assert_eq!((selected(&app), app.model.pane), (1, Pane::Details));
    assert_eq!(app.model.table.news(), Some(1), "and what came meanwhile is new");
    let mut app = begun();
    press(&mut app, "follow\r");
    assert_eq!((selected(&app), app.model.table.is_following()), (1, false));
    let mut app = begun();
    press(&mut app, "\u{1b}");
    assert_eq!((selected(&app), app.model.table.is_following()), (2, true));
}

#[test]
fn what_is_read_says_that_the_list_does_not_have_it() {
    let mut app = app([bob(1, "10.0.0.1:1"), bob(2, "10.0.0.2:1")]);
    press(&mut app, "g\r");
    assert_eq!(app.model.hidden_by(), None);
    press(&mut app, "/client:10.0.0.2");
    assert_eq!((selected(&app), app.model.hidden_by()), (1, Some("hidden by the filter")));
    press(&mut app, "\r!");
    assert_eq!(app.model.hidden_by(), None);
    press(&mut app, "M");
    assert_eq!((selected(&app), app.model.hidden_by()), (1, Some("not marked")));
}

#[test]
fn rows_that_come_while_one_is_looked_at_are_counted_until_they_are_reached() {
    let mut app = live([bob(1, "10.0.0.1:1"), bob(2, "10.0.0.2:1")]);
    assert_eq!(app.model.table.news(), None, "followed");
    press(&mut app, "k");
    assert_eq!(app.model.table.news(), Some(0), "the row below is not new");
    comes(&mut app, bob(3, "10.0.0.3:1"));
    comes(&mut app, bob(4, "10.0.0.4:1"));
    comes(&mut app, bob(5, "10.0.0.1:1"));
    assert_eq!(app.model.table.news(), Some(2), "a repeat joins the row that is looked at");
    press(&mut app, "j");
    assert_eq!((selected(&app), app.model.table.news()), (2, Some(3)), "and now it has moved");
    press(&mut app, "41j");
    assert_eq!((selected(&app), app.model.table.news()), (3, Some(2)), "also after another view");
    press(&mut app, "G");
    assert_eq!(app.model.table.news(), None);
}

#[test]
fn nothing_is_new_where_new_rows_were_never_followed() {
    let mut app = app([bob(1, "10.0.0.1:1")]);
    comes(&mut app, bob(2, "10.0.0.2:1"));
    assert_eq!(app.model.table.news(), None);
}
