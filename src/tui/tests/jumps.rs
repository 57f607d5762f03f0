//! Whoever was taken elsewhere comes back to where he was.

use super::*;
use crate::tui::model::Pane;

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
    let mut sample = Sample::new(1).refused("wrong-password", "Wrong", Confidence::Certain);
    Arc::make_mut(&mut sample.verdict.as_mut().unwrap().diagnosis).related = vec![2];
    let mut app = app([sample.case(), Sample::new(2).case()]);
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
    press(&mut app, "4\r/\u{8}\r");
    let source = app.model.filter.source().to_owned();
    press(&mut app, "\u{1b}");
    assert_eq!(app.model.filter.source(), source);
    assert!(!app.model.leads_back());
}
