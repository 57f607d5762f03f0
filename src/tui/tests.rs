//! Keys and mouse through the app, without a terminal: every view, every column.

mod jumps;
mod reading;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::Rect;

use super::app::{App, Effect};
use super::keys::{Action, KeyMap};
use super::model::samples::{Sample, a_morning, status};
use super::model::{Model, Settings, Tab, View, fitting};
use super::symbols::Symbols;
use super::view::{details, header};
use crate::auth::masking::Masking;
use crate::diagnosis::{Case, Confidence};
use crate::secret::FingerprintKey;
use crate::session;

fn app(cases: impl IntoIterator<Item = Arc<Case>>) -> App {
    let model = Model::new(Settings {
        history: 1000,
        filter: String::new(),
        named_filters: vec![("mine".into(), "client:10.0.0.66".into())],
        view: View::Refusals,
        follow: false,
        masking: Masking::new(false, FingerprintKey::from_bytes(&[7; 32])),
        symbols: Symbols::UNICODE,
    });
    let mut app = App::new(model.unwrap(), KeyMap::default());
    app.model.apply(session::Event::Status(Box::new(status())));
    for case in cases {
        app.model.apply(session::Event::Case(case));
    }
    settle(&mut app);
    app
}

/// What a picture does before it is drawn.
fn settle(app: &mut App) {
    app.prepare(Rect::new(0, 0, 120, 40), Instant::now());
    app.model.finish_listing();
}

fn press(app: &mut App, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\r' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            other => KeyCode::Char(other),
        };
        app.event(&Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), Instant::now());
        settle(app);
    }
}

fn click(app: &mut App, column: u16, row: u16) {
    let event = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    app.event(&Event::Mouse(event), Instant::now());
    settle(app);
}

fn listed(app: &App) -> Vec<u64> {
    app.model.listed_cases().iter().map(|case| case.id()).collect()
}

#[test]
fn every_view_sorts_by_every_column_both_ways_and_keeps_its_rows() {
    let mut app = app(a_morning());
    for view in View::ALL {
        app.model.show_view(view);
        let rows = app.model.table.len();
        for &column in view.columns() {
            for _ in 0..2 {
                app.model.sort_by(column);
                app.model.finish_listing();
                let keys: Vec<_> = app
                    .model
                    .table
                    .iter()
                    .map(|(_, group)| column.sort_key(group, &app.model.history))
                    .collect();
                assert_eq!(keys.len(), rows, "{view:?} {column:?}");
                let sorted = if app.model.table.is_reversed() {
                    keys.is_sorted_by(|one, next| one >= next)
                } else {
                    keys.is_sorted()
                };
                assert!(sorted, "{view:?} {column:?} {keys:?}");
            }
        }
    }
}

#[test]
fn every_cell_that_filters_keeps_its_row_and_excluding_it_hides_the_row() {
    for view in View::ALL {
        for (at, column) in view.columns().iter().enumerate() {
            let mut whole = app(a_morning());
            whole.model.show_view(view);
            for row in 0..whole.model.table.len() {
                let mut app = app(a_morning());
                app.model.show_view(view);
                app.model.select(row);
                app.model.set_column(at);
                let chosen = app.model.selected().unwrap().id();
                if app.model.filter_by_cell(false).is_err() {
                    continue;
                }
                settle(&mut app);
                let source = app.model.filter.source().to_owned();
                assert!(listed(&app).contains(&chosen), "{view:?} {column:?} {source}");
                press(&mut app, "!");
                app.model.filter_by_cell(true).unwrap();
                settle(&mut app);
                let source = app.model.filter.source().to_owned();
                assert!(!listed(&app).contains(&chosen), "{view:?} {column:?} {source}");
            }
        }
    }
}

#[test]
fn a_row_of_every_aggregated_view_opens_just_what_is_behind_it() {
    for view in [View::Endpoints, View::Clients, View::Flows] {
        let mut app = app(a_morning());
        app.model.show_view(view);
        app.model.select(0);
        let (_, group) = app.model.table.selected().unwrap();
        let (count, refused) = (group.members.count(), (group.refused + group.benign) as usize);
        press(&mut app, "\r");
        assert!(app.model.view().lists_exchanges(), "{view:?}");
        let wanted = if app.model.view() == View::Refusals { refused } else { count };
        assert_eq!(listed(&app).len(), wanted, "{view:?} {}", app.model.filter.source());
        assert!(app.take_effects().contains(&Effect::Matching));
    }
}

#[test]
fn tabs_titles_rows_and_the_wheel_answer_the_mouse() {
    let mut app = app(a_morning());
    let tabs = app.areas.header.bottom() - 1;
    for (view, offset, width) in header::tab_spans(120) {
        click(&mut app, offset + width / 2, tabs);
        assert_eq!(app.model.view(), view);
    }
    click(&mut app, 2, tabs);
    let area = app.areas.list.unwrap();
    for shown in fitting::columns(View::Refusals.columns(), area.width) {
        click(&mut app, area.x + shown.x, area.y);
        assert_eq!(app.model.sort(), shown.column);
    }
    click(&mut app, area.x + 3, area.y + 3);
    assert_eq!(app.model.table.position(), 2);
    let area = app.areas.details.unwrap();
    for (tab, offset, _) in details::tab_spans(area.width) {
        click(&mut app, area.x + offset + 1, area.y);
        assert_eq!(app.model.details.tab(), tab);
    }
    let wheel = MouseEvent {
        kind: MouseEventKind::ScrollUp,
        column: 5,
        row: app.areas.list.unwrap().y + 1,
        modifiers: KeyModifiers::NONE,
    };
    app.event(&Event::Mouse(wheel), Instant::now());
    assert_eq!(app.model.table.position(), 0);
}

#[test]
fn a_filter_is_completed_with_fields_values_seen_and_names() {
    let mut app = app(a_morning());
    press(&mut app, "/hos\t");
    assert!(app.model.filter.editing().unwrap().line.text().starts_with("host"));
    press(&mut app, "\u{1b}/host:api\t");
    assert_eq!(app.model.filter.editing().unwrap().line.text(), "host:api.local:8080");
    press(&mut app, "\r");
    assert_eq!(app.model.filter.source(), "host:api.local:8080");
    press(&mut app, "\u{1b}");
    app.model.filter.set("").unwrap();
    press(&mut app, "/@mi\t\r");
    assert_eq!(app.model.filter.source(), "client:10.0.0.66");
    assert_eq!(listed(&app), [8, 9, 10, 11]);
}

#[test]
fn a_wrong_filter_keeps_the_rows_of_the_last_right_one() {
    let mut app = app(a_morning());
    press(&mut app, "/client:10.0.0.66");
    assert_eq!(listed(&app), [8, 9, 10, 11]);
    press(&mut app, " (");
    assert!(app.model.filter.editing().unwrap().error.is_some());
    assert_eq!(listed(&app), [8, 9, 10, 11]);
    press(&mut app, "\r");
    assert!(app.model.filter.editing().is_some(), "a wrong filter is not accepted");
    press(&mut app, "\u{1b}");
    assert_eq!(app.model.filter.source(), "");
}

#[test]
fn clearing_asks_first_and_the_secret_hides_when_its_time_is_over() {
    let mut app = app(a_morning());
    press(&mut app, "zn");
    assert!(!app.model.table.is_empty());
    press(&mut app, "zy");
    assert!(app.model.table.is_empty() && app.model.history.is_empty());
    let mut app = self::app(a_morning());
    let now = Instant::now();
    app.perform(Action::Reveal, now);
    assert_eq!(app.model.next_tick(now), Some(now + Duration::from_secs(1)), "a countdown ticks");
    app.perform(Action::Reveal, now);
    assert_eq!(app.model.revealed(now), None, "the same key hides it again");
}

#[test]
fn a_long_listing_goes_on_between_keys_and_keeps_the_old_rows_until_it_is_done() {
    let cases = (1..=900).map(|id| {
        let mut sample = Sample::new(id);
        if id % 2 == 0 {
            sample = sample.refused("wrong-password", "Wrong", Confidence::Likely);
            sample.client = "10.0.0.66:1";
        }
        sample.case()
    });
    let mut app = app(cases);
    app.model.show_view(View::Exchanges);
    app.model.filter.set("client:10.0.0.66").unwrap();
    app.model.begin_listing();
    assert!(app.model.go_on_listing(300));
    assert_eq!(app.model.listing(), Some(33));
    let before = app.model.table.exchanges();
    // Behind what was looked at, before it, new, and gone.
    for (id, client) in [(100, "10.0.0.1:1"), (700, "10.0.0.1:1"), (901, "10.0.0.66:1")] {
        let mut sample = Sample::new(id);
        sample.client = client;
        app.model.apply(session::Event::Case(sample.case()));
    }
    app.model.step(1);
    assert_eq!(app.model.table.exchanges(), before, "the old rows stand");
    assert!(app.model.go_on_listing(300) && !app.model.go_on_listing(usize::MAX));
    let wanted: Vec<u64> =
        (1..=901).filter(|id| (id % 2 == 0 && ![100, 700].contains(id)) || *id == 901).collect();
    assert_eq!(listed(&app), wanted);
    assert_eq!(app.model.counts(), (901, wanted.len()));
    app.model.relist();
    assert_eq!(listed(&app), wanted, "the same as at once");
}

#[test]
fn steps_of_a_handshake_stand_in_one_row_that_says_how_it_ended() {
    let leg = |id: u64, scheme: Option<&str>, cause: &'static str| {
        let mut sample = Sample::new(id).refused(cause, "A step", Confidence::Certain);
        if let Some(scheme) = scheme {
            sample.authorization.scheme = Some(crate::auth::Scheme::new(scheme));
        }
        sample.challenges[0].scheme = crate::auth::Scheme::new("NTLM");
        sample
    };
    // `Sample` puts 1 and 2, 3 and 4 on one connection.
    let mut last = leg(4, Some("NTLM"), "handshake-leg");
    std::sync::Arc::make_mut(&mut last.verdict.as_mut().unwrap().diagnosis).related = vec![5];
    let steps = [
        leg(1, Some("NTLM"), "handshake-leg").case(),
        leg(2, Some("NTLM"), "wrong-password").case(),
        leg(3, None, "challenge-roundtrip").case(),
        last.case(),
        Sample::new(5).case(),
    ];
    let mut app = app(steps);
    assert_eq!(listed(&app), [2, 4], "each as it came");
    app.model.relist();
    assert_eq!(listed(&app), [2, 4], "and all anew");
    assert_eq!(app.model.counts(), (2, 2), "nothing is hidden");
    let (_, group) = app.model.table.group_at(1).unwrap();
    let why = super::model::Column::Why.cell(group, &app.model.history, &Symbols::UNICODE, 60);
    assert_eq!(why.text, "· NTLM handshake, then 200");
    app.model.show_view(View::Exchanges);
    assert_eq!(app.model.table.exchanges(), 5);
}

#[test]
fn a_flow_says_how_many_segments_came_twice() {
    let mut sample = Sample::new(1).refused("wrong-password", "Wrong", Confidence::Likely);
    sample.retransmitted = 3;
    let mut app = app([sample.case()]);
    app.model.show_view(View::Flows);
    let (_, group) = app.model.table.group_at(0).unwrap();
    let health =
        super::model::Column::Health.cell(group, &app.model.history, &Symbols::UNICODE, 60);
    assert_eq!(health.text, "3 retransmissions");
}

#[test]
fn every_tab_is_reached_with_the_brackets() {
    let mut app = app(a_morning());
    press(&mut app, "\r");
    for tab in Tab::ALL.into_iter().skip(1).chain([Tab::ALL[0]]) {
        press(&mut app, "]");
        assert_eq!(app.model.details.tab(), tab);
    }
}

#[test]
fn escape_closes_what_is_open_and_never_leaves() {
    let mut app = app(a_morning());
    press(&mut app, "\r\u{1b}\u{1b}\u{1b}");
    assert!(!app.take_effects().contains(&Effect::Quit));
    assert!(!app.model.opened);
    press(&mut app, "q");
    assert!(app.take_effects().contains(&Effect::Quit));
}

#[test]
fn a_search_says_where_it_can_be_and_that_it_found_nothing() {
    let mut app = app(a_morning());
    let said = |app: &App| app.model.toast(Instant::now()).map(|toast| toast.text.clone());
    press(&mut app, "4");
    app.perform(Action::Search, Instant::now());
    assert!(app.model.searching.is_none() && said(&app).unwrap().contains("Enter"));
    press(&mut app, "1\r");
    app.perform(Action::Search, Instant::now());
    press(&mut app, "zebra\rn");
    assert_eq!(said(&app).unwrap(), "Not found here: zebra");
}

#[test]
fn a_file_needs_a_name() {
    use super::model::overlay::Overlay;
    let mut app = app(a_morning());
    press(&mut app, "xm");
    let Some(Overlay::Prompt(prompt)) = &mut app.model.overlay else { panic!("no prompt") };
    prompt.line.set("");
    press(&mut app, "\r");
    let Some(Overlay::Prompt(prompt)) = &app.model.overlay else { panic!("it was closed") };
    assert_eq!(prompt.error.as_deref(), Some("a file needs a name"));
    assert!(app.take_effects().is_empty());
}
