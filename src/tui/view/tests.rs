//! Pictures of every view and tab at three sizes, in colour and without; and hostile wire text.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::*;
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::secret::FingerprintKey;
use crate::session::Event;
use crate::text;
use crate::tui::app::App;
use crate::tui::keys::Action;
use crate::tui::model::overlay::{Candidate, Overlay, Picker, Prompt, PromptKind};
use crate::tui::model::samples::{Sample, a_morning, status};
use crate::tui::model::{Settings, Tab, View};
use crate::tui::symbols::Symbols;
use crate::tui::theme::ThemeName;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

fn app(cases: impl IntoIterator<Item = Arc<Case>>, symbols: &Symbols) -> App {
    let masking = Masking::new(false, FingerprintKey::from_bytes(&[7; 32]));
    let model = Model::new(Settings {
        history: 1000,
        filter: String::new(),
        named_filters: Vec::new(),
        view: View::Refusals,
        follow: true,
        masking,
        symbols: *symbols,
    })
    .unwrap();
    let mut app = App::new(model, KeyMap::default());
    app.model.apply(Event::Status(Box::new(status())));
    for case in cases {
        app.model.apply(Event::Case(case));
    }
    app
}

fn picture(app: &mut App, size: (u16, u16), theme: &Theme, now: Instant) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    app.prepare(Rect::new(0, 0, size.0, size.1), now);
    let frame = terminal.draw(|frame| {
        let scene = Scene { model: &app.model, theme, keys: &app.keys, now };
        draw(frame, &app.areas, &scene);
    });
    frame.unwrap().buffer.clone()
}

fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    let mut lines = Vec::new();
    for row in buffer.content.chunks(width) {
        let (mut line, mut skip) = (String::new(), 0);
        for cell in row {
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = fit::width_of(cell.symbol()).max(1);
            }
            skip -= 1;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// The styles of each line: which cells look how.
fn styles(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut out = String::new();
    for (y, row) in buffer.content.chunks(width).enumerate() {
        let mut x = 0;
        let mut runs = String::new();
        while x < width {
            let style = row[x].style();
            let end = (x..width).find(|&at| row[at].style() != style).unwrap_or(width);
            let name = style_name(style);
            if !name.is_empty() {
                let _ = write!(runs, " {x}-{} {name};", end - 1);
            }
            x = end;
        }
        if !runs.is_empty() {
            let _ = writeln!(out, "{y:>2}:{runs}");
        }
    }
    out
}

fn style_name(style: Style) -> String {
    let mut words = Vec::new();
    if let Some(colour) = style.fg.filter(|colour| *colour != Color::Reset) {
        words.push(format!("{colour:?}").to_lowercase());
    }
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ] {
        if style.add_modifier.contains(modifier) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

/// Draws a scene at every size, in colour and without, and compares it with what is kept.
fn check(name: &str, prepare: impl Fn(&mut App, Instant)) {
    for size in SIZES {
        let now = Instant::now();
        let mut app = app(a_morning(), &Symbols::UNICODE);
        let colour = Theme::new(ThemeName::Terminal, true);
        let plain = Theme::new(ThemeName::Terminal, false);
        // Twice, as on the screen: a key acts on panes that have been drawn.
        picture(&mut app, size, &colour, now);
        prepare(&mut app, now);
        let first = picture(&mut app, size, &colour, now);
        let second = picture(&mut app, size, &plain, now);
        assert_eq!(lines(&first), lines(&second), "colour must not change the text");
        let shown = format!(
            "{}\n--- in colour\n{}--- without\n{}",
            lines(&first).join("\n"),
            styles(&first),
            styles(&second)
        );
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), shown);
    }
}

fn select(app: &mut App, id: u64) {
    assert!(app.model.select_case(id), "exchange {id} is listed");
}

fn tab(app: &mut App, id: u64, tab: Tab) {
    select(app, id);
    app.model.details.set_tab(tab);
    app.model.opened = true;
}

#[test]
fn the_401s_as_they_come() {
    check("refusals", |_, _| {});
}

#[test]
fn all_exchanges() {
    check("exchanges", |app, now| app.perform(Action::Exchanges, now));
}

#[test]
fn endpoints() {
    check("endpoints", |app, now| app.perform(Action::Endpoints, now));
}

#[test]
fn clients() {
    check("clients", |app, now| app.perform(Action::Clients, now));
}

#[test]
fn flows() {
    check("flows", |app, now| app.perform(Action::Flows, now));
}

#[test]
fn why() {
    check("why", |app, _| tab(app, 3, Tab::Why));
}

#[test]
fn request() {
    check("request", |app, _| tab(app, 3, Tab::Request));
}

#[test]
fn response() {
    check("response", |app, _| tab(app, 3, Tab::Response));
}

#[test]
fn token() {
    check("token", |app, _| tab(app, 4, Tab::Token));
}

#[test]
fn timeline() {
    check("timeline", |app, _| tab(app, 3, Tab::Timeline));
}

#[test]
fn diff() {
    check("diff", |app, _| tab(app, 3, Tab::Diff));
}

#[test]
fn help() {
    check("help", |app, now| app.perform(Action::Help, now));
}

#[test]
fn copy_menu() {
    check("copy", |app, now| app.perform(Action::Copy, now));
}

#[test]
fn export_menu() {
    check("export", |app, now| app.perform(Action::Export, now));
}

#[test]
fn clearing_asks() {
    check("clear", |app, now| app.perform(Action::Clear, now));
}

#[test]
fn interface_picker() {
    let candidate = |name: &str, about: &str, allowed: bool, rates: &[usize]| Candidate {
        name: name.to_owned(),
        about: about.to_owned(),
        allowed,
        total: Some(1),
        rates: rates.to_vec(),
    };
    check("interfaces", |app, _| {
        app.model.overlay = Some(Overlay::Interfaces(Picker {
            candidates: vec![
                candidate("eth0", "192.0.2.7, 2001:db8::7, EN10MB", true, &[0, 40, 120, 900]),
                candidate("lo", "127.0.0.1, ::1, EN10MB", true, &[3, 0, 0, 8]),
                candidate("nflog", "not allowed: Operation not permitted, down", false, &[]),
            ],
            at: 1,
            ticked: vec!["eth0".to_owned()],
            error: None,
        }));
    });
}

#[test]
fn a_filter_being_completed() {
    check("completion", |app, now| {
        app.perform(Action::Filter, now);
        app.model.filter.change(|line| line.set("ho"));
        app.model.complete(true);
    });
}

#[test]
fn a_filter_being_typed_and_wrong() {
    check("filter", |app, now| {
        app.perform(Action::Filter, now);
        app.model.filter.change(|line| line.set("statsu:401"));
    });
}

#[test]
fn an_empty_list_says_what_was_seen_and_what_to_try() {
    for size in SIZES {
        let mut app = app([], &Symbols::UNICODE);
        let mut seen = status();
        seen.counters.packets_seen = 4210;
        seen.counters.flows = 12;
        seen.counters.http_flows = 0;
        seen.counters.tls_flows = 9;
        seen.counters.exchanges = 0;
        seen.counters.unauthorized = 0;
        seen.other_ports = vec![(443, 9), (5432, 3)];
        app.model.apply(Event::Status(Box::new(seen)));
        let theme = Theme::new(ThemeName::Monochrome, false);
        let shown = lines(&picture(&mut app, size, &theme, Instant::now())).join("\n");
        assert!(shown.contains("4,210 packets, 12 flows, 0 of them HTTP"), "{shown}");
        assert!(shown.contains("443, 5432"), "{shown}");
        insta::assert_snapshot!(format!("empty_{}x{}", size.0, size.1), shown);
    }
}

#[test]
fn sixty_columns_and_fifteen_lines_still_show_the_causes() {
    let mut app = app(a_morning(), &Symbols::UNICODE);
    let theme = Theme::new(ThemeName::Monochrome, false);
    let shown = lines(&picture(&mut app, (60, 15), &theme, Instant::now())).join("\n");
    assert!(shown.contains("401s") && shown.contains("User name or"), "{shown}");
    insta::assert_snapshot!("refusals_60x15", shown);
}

#[test]
fn ascii_locales_get_ascii_only() {
    for action in [Action::Refusals, Action::Endpoints, Action::Flows, Action::Help, Action::Copy] {
        let now = Instant::now();
        let mut app = app(a_morning(), &Symbols::ASCII);
        app.perform(action, now);
        let theme = Theme::new(ThemeName::Terminal, true);
        let shown = lines(&picture(&mut app, (120, 40), &theme, now)).join("\n");
        assert!(shown.is_ascii(), "{:?}", shown.chars().find(|c| !c.is_ascii()));
    }
}

#[test]
fn any_size_can_be_drawn() {
    let theme = Theme::new(ThemeName::Dark, true);
    let now = Instant::now();
    let mut app = app(a_morning(), &Symbols::UNICODE);
    for action in [Action::Open, Action::Help, Action::Back, Action::Clients, Action::Export] {
        app.perform(action, now);
        for width in [0, 1, 2, 5, 9, 20, 33, 59, 81, 161] {
            for height in [0, 1, 2, 3, 4, 5, 7, 12, 33] {
                picture(&mut app, (width, height), &theme, now);
            }
        }
        app.model.overlay = None;
    }
}

/// Wire text that would clear the screen, set a title, reverse the reading order, pile up marks,
/// or widen itself.
const HOSTILE: [&str; 8] = [
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07\x1b]52;c;aGk=\x07",
    "\u{9b}31mcsi",
    "abc\u{202e}fed\u{2066}x",
    "zero\u{200b}width\u{feff}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "漢字漢字漢字👩\u{200d}🚀🇩🇪",
    "line\r\nbreak\tand\u{2028}more\0",
];

fn hostile(id: u64, text: &'static str) -> Arc<Case> {
    let mut sample = Sample::new(id).basic(text, 9).refused(
        "wrong-password",
        "User name or password is wrong",
        crate::diagnosis::Confidence::Likely,
    );
    sample.method = text;
    sample.target = format!("/{text}?x={text}");
    for fields in [&mut sample.request, &mut sample.response] {
        fields.push(("Host".into(), text.into()));
        fields.push((text.into(), text.into()));
    }
    sample.response_body = format!("{{\"error\":\"{text}\"}}").into_bytes();
    sample.request_body = text.as_bytes().to_vec();
    if let Some(verdict) = &mut sample.verdict {
        let diagnosis = std::sync::Arc::make_mut(&mut verdict.diagnosis);
        diagnosis.evidence[0].value = text.to_owned();
        diagnosis.evidence[0].note = text.to_owned().into();
        diagnosis.facts.push(("quote", text.to_owned()));
    }
    for challenge in &mut sample.challenges {
        challenge.params.0[0].1 = text.to_owned();
    }
    sample.case()
}

#[test]
fn nothing_from_the_wire_can_act_on_the_terminal_or_break_the_layout() {
    let theme = Theme::new(ThemeName::Terminal, true);
    let cases = || HOSTILE.into_iter().enumerate().map(|(n, text)| hostile(n as u64 + 1, text));
    for symbols in [Symbols::UNICODE, Symbols::ASCII] {
        let mut app = app(cases(), &symbols);
        let mut hostile_status = status();
        hostile_status.source = HOSTILE.concat();
        hostile_status.warning = Some(HOSTILE.concat());
        app.model.apply(Event::Status(Box::new(hostile_status)));
        for view in View::ALL {
            app.model.show_view(view);
            for selected in Tab::ALL {
                app.model.details.set_tab(selected);
                for id in 1..=HOSTILE.len() as u64 {
                    app.model.select_case(id);
                    for size in [(80, 24), (200, 50)] {
                        let now = Instant::now();
                        app.model.opened = size.0 == 80 && view.lists_exchanges();
                        is_harmless(&picture(&mut app, size, &theme, now));
                    }
                }
            }
        }
    }
}

fn is_harmless(buffer: &Buffer) {
    for cell in &buffer.content {
        let symbol = cell.symbol();
        assert!(!symbol.chars().any(text::is_hazardous), "{symbol:?}");
        assert!(symbol.chars().count() <= 4, "{symbol:?} piles up");
        assert!(fit::width_of(symbol) <= 2, "{symbol:?} is too wide");
    }
}

#[test]
fn a_revealed_secret_counts_down_and_hides_again() {
    let mut app = app(a_morning(), &Symbols::UNICODE);
    let theme = Theme::new(ThemeName::Terminal, true);
    let start = Instant::now();
    tab(&mut app, 3, Tab::Token);
    let at = |app: &mut App, seconds: u64| {
        let now = start + Duration::from_secs(seconds);
        lines(&picture(app, (80, 24), &theme, now)).join("\n")
    };
    assert!(!at(&mut app, 0).contains("hunter2"));
    app.perform(Action::Reveal, start);
    let shown = at(&mut app, 4);
    assert!(shown.contains("hunter2") && shown.contains("REVEALED 6 s"), "{shown}");
    assert!(!at(&mut app, 10).contains("hunter2"));
}

#[test]
fn what_is_wrong_is_said_whole_where_there_is_room_on_no_line_beside_it() {
    const WHY: &str = "may not capture on eth0: the right to capture was given up once the first \
                       capture was open; start again with -i, or with --user root to keep all rights";
    let theme = Theme::new(ThemeName::Monochrome, false);
    let now = Instant::now();
    let mut app = app(a_morning(), &Symbols::ASCII);
    app.model.overlay = Some(Overlay::Interfaces(Picker {
        candidates: Vec::new(),
        at: 0,
        ticked: Vec::new(),
        error: Some(WHY.into()),
    }));
    let shown = lines(&picture(&mut app, (60, 15), &theme, now)).join(" ");
    assert!(shown.contains("keep all rights"), "{shown}");
    let mut prompt = Prompt::new(PromptKind::SaveAs(0), "why401-20261121T102056Z-2.md");
    prompt.error = Some("no right to write there: start in another folder".into());
    app.model.overlay = Some(Overlay::Prompt(prompt));
    let shown = lines(&picture(&mut app, (60, 15), &theme, now));
    assert_eq!(shown[14], "no right to write there: start in another folder");
    assert!(shown[13].contains("Save as: why401-"), "{}", shown[13]);
}

#[test]
fn what_is_wrong_is_read_to_its_end_however_long_it_is() {
    const WHY: &str = "the display filter says something about a field that nobody has ever heard of, \
                       and then goes on";
    let theme = Theme::new(ThemeName::Monochrome, false);
    let now = Instant::now();
    let mut app = app(a_morning(), &Symbols::ASCII);
    app.model.say(WHY, Role::Warning, now);
    let shown = lines(&picture(&mut app, (60, 15), &theme, now)).join(" ");
    assert!(shown.contains("nobody has ever") && shown.contains("then goes on"), "{shown}");
    let mut prompt = Prompt::new(PromptKind::CaptureFilter, "tcp port");
    prompt.error = Some(WHY.into());
    app.model.overlay = Some(Overlay::Prompt(prompt));
    let shown = lines(&picture(&mut app, (60, 15), &theme, now));
    assert!(shown[13].contains("Capture filter (BPF): tcp port"), "{}", shown[13]);
    assert!(shown[12].ends_with("and then goes on"), "{}", shown[12]);
}

#[test]
fn views_without_details_offer_no_key_of_theirs() {
    let theme = Theme::new(ThemeName::Monochrome, false);
    let now = Instant::now();
    let mut app = app(a_morning(), &Symbols::UNICODE);
    let footer = |app: &mut App| lines(&picture(app, (200, 24), &theme, now)).pop().unwrap();
    assert!(footer(&mut app).contains("w why") && footer(&mut app).contains("Tab pane"));
    for view in [Action::Endpoints, Action::Clients, Action::Flows] {
        app.perform(view, now);
        let shown = footer(&mut app);
        assert!(
            !shown.contains("why") && !shown.contains("pane") && !shown.contains("diff"),
            "{shown}"
        );
        app.perform(Action::Why, now);
        assert!(app.model.toast(now).unwrap().text.contains("Enter"), "and says where they are");
    }
    app.perform(Action::Open, now);
    assert!(footer(&mut app).contains("Esc back"), "{}", footer(&mut app));
}

#[test]
fn a_related_exchange_is_offered_only_where_there_is_one() {
    let theme = Theme::new(ThemeName::Monochrome, false);
    let now = Instant::now();
    let mut app = app(a_morning(), &Symbols::UNICODE);
    for (id, offered) in [(3, true), (4, false)] {
        app.model.select_case(id);
        app.perform(Action::Open, now);
        let shown = lines(&picture(&mut app, (200, 24), &theme, now)).pop().unwrap();
        assert_eq!(shown.contains("r related"), offered, "{shown}");
    }
}

#[test]
fn no_theme_draws_text_in_the_colour_behind_it() {
    let now = Instant::now();
    for name in ThemeName::ALL {
        let mut app = app(a_morning(), &Symbols::UNICODE);
        let buffer = picture(&mut app, (120, 40), &Theme::new(name, true), now);
        for cell in buffer.content.iter().filter(|cell| !cell.symbol().trim().is_empty()) {
            let hidden = cell.bg != Color::Reset && cell.fg == cell.bg;
            assert!(!hidden, "{name:?} {:?}", cell.symbol());
        }
    }
}

#[test]
fn every_theme_draws_the_same_text() {
    let now = Instant::now();
    let mut texts = Vec::new();
    for name in ThemeName::ALL {
        let mut app = app(a_morning(), &Symbols::UNICODE);
        let buffer = picture(&mut app, (120, 40), &Theme::new(name, true), now);
        let coloured = buffer.content.iter().any(|cell| cell.fg != Color::Reset);
        assert_eq!(coloured, name != ThemeName::Monochrome, "{name:?}");
        texts.push(lines(&buffer));
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
}
