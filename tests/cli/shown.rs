//! Everything that this program can show of a capture, whichever way it is asked for.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use why401::auth::masking::Masking;
use why401::capture::file::FileSource;
use why401::capture::{Next, Source};
use why401::diagnosis::Case;
use why401::engine::Engine;
use why401::export::{curl, har, json, report};
use why401::limits::Limits;
use why401::secret::FingerprintKey;
use why401::session::Event;
use why401::tui::app::App;
use why401::tui::copying;
use why401::tui::keys::KeyMap;
use why401::tui::model::details::Tab;
use why401::tui::model::{Model, Settings, View};
use why401::tui::symbols::Symbols;
use why401::tui::theme::{Theme, ThemeName};
use why401::tui::view::{Scene, draw};

use crate::wire::{read, text};

/// Entries of the menu of things to copy.
const COPIES: usize = 5;

fn key() -> FingerprintKey {
    FingerprintKey::from_bytes(&[7; 32])
}

/// The settled cases of a capture.
pub fn cases(path: &Path) -> Vec<Arc<Case>> {
    let octets: &'static [u8] = std::fs::read(path).unwrap().leak();
    let mut source = FileSource::of_octets("test", octets).unwrap();
    let (mut engine, mut out) = (Engine::new(Limits::default(), key()), Vec::new());
    engine.set_interfaces(source.interfaces());
    while let Next::Frame(frame) = source.next() {
        engine.push(&frame, &mut out);
    }
    engine.finish(&mut out);
    out.retain(|case| case.settled);
    out.sort_by_key(|case| case.id());
    out
}

/// What the program writes for scripts and people, by name.
pub fn lines(path: &Path, more: &[&str]) -> Vec<(&'static str, String)> {
    let formats: [(&str, &[&str]); 3] = [
        ("--json", &["--json", "-Y", ""]),
        ("--text", &["--text", "-v", "-Y", ""]),
        ("--fail-on", &["--text", "--fail-on", "auth:present"]),
    ];
    let run = |(name, words): (&'static str, &[&str])| {
        let output = read(path, &[words, more].concat());
        (name, text(&output.stdout) + &text(&output.stderr))
    };
    formats.into_iter().map(run).collect()
}

/// What the exports and the clipboard get, by name.
pub fn exports(cases: &[Arc<Case>], reveal: bool) -> Vec<(&'static str, String)> {
    let masking = Masking::new(reveal, key());
    let mut archive = Vec::new();
    har::write(&mut archive, cases.iter().map(|case| (&**case, &masking))).unwrap();
    let report = report::markdown(cases.iter().map(|case| (&**case, &masking)), "test");
    let mut out = vec![("HAR", text(&archive)), ("report", report)];
    let app = app(cases, &masking);
    for case in cases {
        if let Some(command) = curl::command(case, &masking) {
            out.push(("curl", format!("{command}\n{command:?}")));
        }
        let mut line = Vec::new();
        json::exchange(&mut line, case, &masking);
        out.push(("JSON", text(&line)));
        for at in 0..COPIES {
            if let Some((copied, _)) = copying::text(at, case, &masking, &app.model) {
                out.push(("clipboard", copied));
            }
        }
        // What a panic or a log line could hold.
        out.push(("Debug", format!("{:?} {:?}", case.auth, case.verdict)));
    }
    out
}

fn app(cases: &[Arc<Case>], masking: &Masking) -> App {
    let model = Model::new(Settings {
        history: 1000,
        filter: String::new(),
        named_filters: Vec::new(),
        view: View::Exchanges,
        follow: false,
        masking: masking.clone(),
        symbols: Symbols::UNICODE,
    });
    let mut app = App::new(model.unwrap(), KeyMap::default());
    for case in cases {
        app.model.apply(Event::Case(Arc::clone(case)));
    }
    app
}

/// Every view, and every tab of every row, as the screen draws it.
pub fn screens(cases: &[Arc<Case>]) -> Vec<Buffer> {
    let mut app = app(cases, &Masking::new(false, key()));
    let mut pictures = Vec::new();
    app.model.opened = true;
    for row in 0..cases.len() {
        app.model.select(row);
        for tab in Tab::ALL {
            app.model.details.set_tab(tab);
            pictures.push(picture(&mut app));
        }
    }
    for view in View::ALL {
        app.model.show_view(view);
        pictures.push(picture(&mut app));
    }
    pictures
}

fn picture(app: &mut App) -> Buffer {
    let (size, now) = (Rect::new(0, 0, 160, 60), Instant::now());
    let theme = Theme::new(ThemeName::default(), true);
    let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
    app.prepare(size, now);
    let drawn = terminal.draw(|frame| {
        let scene = Scene { model: &app.model, theme: &theme, keys: &app.keys, now };
        draw(frame, &app.areas, &scene);
    });
    drawn.unwrap().buffer.clone()
}
