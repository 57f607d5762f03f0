//! The copy menu: what of an exchange can be taken to the clipboard.

use std::fmt::Write as _;
use std::sync::Arc;

use super::model::overlay::{Entry, Menu, MenuKind, Pinned};
use super::model::{Model, Tab, tabs};
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::export::{curl, json};
use crate::text;

/// What can be copied: key, name, more about it.
const CHOICES: [(char, &str, &str); 5] = [
    ('c', "curl", "a command that repeats the request; secrets stand as variables unless revealed"),
    ('u', "URL", "with secret parameters masked unless revealed"),
    ('h', "Authorization", "the header as it is shown"),
    ('w', "why", "the diagnosis as text"),
    ('j', "JSON", "the row, one line as --json writes it"),
];

/// The menu, about the exchange that is selected now.
pub fn menu(model: &Model) -> Option<Menu> {
    let case = model.selected()?;
    let pinned = Pinned { chosen: vec![Arc::clone(case)], shown: Vec::new() };
    Some(Menu::new(MenuKind::Copy, format!("Copy #{}", case.id()), entries(case), pinned))
}

fn entries(case: &Case) -> Vec<Entry> {
    let has_request = case.exchange.request.is_some();
    CHOICES
        .into_iter()
        .map(|(key, label, note)| Entry {
            key: Some(key),
            label: label.to_owned(),
            note: note.to_owned(),
            enabled: matches!(key, 'w' | 'j') || has_request,
        })
        .collect()
}

/// What the entry at this place copies, and its name.
pub fn text(
    at: usize,
    case: &Case,
    masking: &Masking,
    model: &Model,
) -> Option<(String, &'static str)> {
    let (key, label, _) = *CHOICES.get(at)?;
    let text = match key {
        'c' => command(case, masking)?,
        'u' => url(case, masking)?,
        'h' => authorization(case, masking)?,
        'j' => row(case, masking),
        _ => why(case, masking, model),
    };
    Some((text, label))
}

/// The command, and above it what has to be set first and what is not the same.
fn command(case: &Case, masking: &Masking) -> Option<String> {
    let curl = curl::command(case, masking)?;
    let mut out = String::new();
    for remark in &curl.remarks {
        let _ = writeln!(out, "# {}", text::visible(remark));
    }
    for (name, meaning) in &curl.variables {
        let _ = writeln!(out, "# set {name} first: {}", text::visible(meaning));
    }
    let _ = write!(out, "{curl}");
    Some(out)
}

fn url(case: &Case, masking: &Masking) -> Option<String> {
    let request = case.exchange.request.as_ref()?;
    let target = masking.target(request.target());
    let target = text::visible_octets(&target);
    if target.contains("://") {
        return Some(target.into_owned());
    }
    let host = request.host().map_or_else(
        || case.exchange.connection.server.to_string(),
        |host| text::visible_octets(host).into_owned(),
    );
    Some(format!("http://{host}{target}"))
}

fn authorization(case: &Case, masking: &Masking) -> Option<String> {
    let request = case.exchange.request.as_ref()?;
    let proxy = case.exchange.status() == Some(407);
    let name = if proxy { "Proxy-Authorization" } else { "Authorization" };
    let lines: Vec<String> = request
        .head
        .get_all(name)
        .map(|value| {
            let shown = masking.header(name.as_bytes(), value);
            format!("{name}: {}", text::visible_octets(&shown))
        })
        .collect();
    Some(if lines.is_empty() { format!("(no {name} header)") } else { lines.join("\n") })
}

fn row(case: &Case, masking: &Masking) -> String {
    let mut line = Vec::new();
    json::exchange(&mut line, case, masking);
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

fn why(case: &Case, masking: &Masking, model: &Model) -> String {
    let context = tabs::Context {
        masking,
        others: masking,
        history: &model.history,
        marked: None,
        symbols: &model.symbols,
    };
    tabs::document(Tab::Why, case, &context).plain()
}
