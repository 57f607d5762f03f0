//! How long the model and the picture take with 100,000 exchanges. Prints figures, asserts none:
//!
//! ```text
//! cargo test --release --lib tui::view::load -- --ignored --nocapture
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use super::{Scene, draw};
use crate::auth::masking::Masking;
use crate::diagnosis::{Case, Confidence};
use crate::secret::FingerprintKey;
use crate::session::Event;
use crate::tui::app::App;
use crate::tui::keys::{Action, KeyMap};
use crate::tui::model::samples::{Sample, bearer};
use crate::tui::model::{Column, Model, Settings, View};
use crate::tui::symbols::Symbols;
use crate::tui::theme::{Theme, ThemeName};

const EXCHANGES: u64 = 100_000;

/// One in four is refused; forty clients, a hundred routes, a thousand credentials.
fn traffic(id: u64) -> Arc<Case> {
    const CLIENTS: [&str; 4] = ["10.0.0.7:1", "10.0.0.8:2", "[2001:db8::9]:3", "192.168.1.23:4"];
    let mut sample = Sample::new(id);
    sample.after = Duration::from_micros(id * 200);
    sample.client = CLIENTS[id as usize % CLIENTS.len()];
    sample.target = format!("/v1/orders/{}/items/{}", id % 100, id);
    sample = bearer(sample, "alice", (id % 1000) as u32);
    if id.is_multiple_of(4) {
        sample = sample.refused("token-expired", "The token has expired", Confidence::Certain);
    }
    sample.case()
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("{what:<52} median {:>9.3?}  99th {:>9.3?}", at(50), at(99));
}

fn timed(count: usize, mut act: impl FnMut()) -> Vec<Duration> {
    let once = |()| {
        let start = Instant::now();
        act();
        start.elapsed()
    };
    std::iter::repeat_n((), count).map(once).collect()
}

#[test]
#[ignore = "takes seconds and prints figures"]
fn a_hundred_thousand_exchanges() {
    let model = Model::new(Settings {
        history: EXCHANGES as usize,
        filter: String::new(),
        named_filters: Vec::new(),
        view: View::Exchanges,
        follow: true,
        masking: Masking::new(false, FingerprintKey::from_bytes(&[7; 32])),
        symbols: Symbols::UNICODE,
    });
    let mut app = App::new(model.unwrap(), KeyMap::default());
    let cases: Vec<Arc<Case>> = (1..=EXCHANGES + 20_000).map(traffic).collect();

    let start = Instant::now();
    for case in &cases[..EXCHANGES as usize] {
        app.model.apply(Event::Case(Arc::clone(case)));
    }
    println!("{EXCHANGES} exchanges arrive: {:.0?}", start.elapsed());
    let mut more = cases[EXCHANGES as usize..].chunks(167);
    report(
        "a frame's worth of 5,000 a second, history full",
        &mut timed(100, || {
            for case in more.next().unwrap_or_default() {
                app.model.apply(Event::Case(Arc::clone(case)));
            }
        }),
    );
    let theme = Theme::new(ThemeName::Terminal, true);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    for source in ["status:401", "host:api -path:/health", "why:token-*", "alice", ""] {
        app.model.filter.set(source).unwrap();
        report(&format!("filter {source:?}"), &mut timed(10, || app.model.relist()));
        let what = format!("filter {source:?}: the key and the first picture");
        report(
            &what,
            &mut timed(10, || {
                app.model.begin_listing();
                picture(&mut app, &mut terminal, &theme, Instant::now());
            }),
        );
        app.model.finish_listing();
    }
    for column in [Column::Latency, Column::Target] {
        report(
            &format!("sort by {}", column.title()),
            &mut timed(10, || {
                app.model.sort_by(column);
                app.model.finish_listing();
            }),
        );
    }
    app.model.sort_by(Column::Time);
    app.model.finish_listing();
    for view in View::ALL {
        let what = format!("change to view {}", view.title());
        report(&what, &mut timed(5, || app.model.show_view(view)));
    }
    pictures(&mut app);
}

fn picture(app: &mut App, terminal: &mut Terminal<TestBackend>, theme: &Theme, now: Instant) {
    let size = terminal.size().unwrap();
    app.prepare(Rect::new(0, 0, size.width, size.height), now);
    let drawn = terminal.draw(|frame| {
        let (model, keys) = (&app.model, &app.keys);
        draw(frame, &app.areas, &Scene { model, theme, keys, now });
    });
    drawn.unwrap();
}

/// From a key to the finished picture.
fn pictures(app: &mut App) {
    let theme = Theme::new(ThemeName::Terminal, true);
    for (width, height) in [(80, 24), (200, 50)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        for view in View::ALL {
            app.model.show_view(view);
            let what = format!("a key and its picture, {} at {width}x{height}", view.title());
            report(
                &what,
                &mut timed(50, || {
                    let now = Instant::now();
                    app.perform(Action::Down, now);
                    picture(app, &mut terminal, &theme, now);
                }),
            );
        }
    }
}
