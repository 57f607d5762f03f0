//! The copy menu: what of an exchange can be taken to the clipboard.

use super::model::overlay::Entry;
use super::model::{Document, History, Model, Tab, tabs};
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::text;

/// What can be copied.
const CHOICES: [(char, &str, &str); 3] = [
    ('u', "URL", "scheme, host, path; secret parameters masked unless revealed"),
    ('h', "Authorization", "the header as shown"),
    ('w', "why", "the diagnosis as text"),
];

/// The menu's entries for a case.
pub fn entries(case: &Case) -> Vec<Entry> {
    let has_request = case.exchange.request.is_some();
    CHOICES
        .into_iter()
        .map(|(key, label, note)| Entry {
            key: Some(key),
            label: label.to_owned(),
            note: note.to_owned(),
            enabled: key == 'w' || has_request,
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
        'u' => url(case, masking)?,
        'h' => authorization(case, masking)?,
        _ => why(case, masking, &model.history, model).plain(),
    };
    Some((text, label))
}

fn url(case: &Case, masking: &Masking) -> Option<String> {
    let request = case.exchange.request.as_ref()?;
    let target = masking.target(request.target());
    let target = text::decode(&target);
    if target.contains("://") {
        return Some(target.into_owned());
    }
    let host = request.host().map_or_else(
        || case.exchange.connection.server.to_string(),
        |host| text::decode(host).into_owned(),
    );
    Some(format!("http://{host}{target}"))
}

fn authorization(case: &Case, masking: &Masking) -> Option<String> {
    let request = case.exchange.request.as_ref()?;
    let name =
        if case.exchange.status() == Some(407) { "Proxy-Authorization" } else { "Authorization" };
    let lines: Vec<String> = request
        .head
        .get_all(name)
        .map(|value| format!("{name}: {}", text::decode(&masking.header(name.as_bytes(), value))))
        .collect();
    Some(if lines.is_empty() { format!("(no {name} header)") } else { lines.join("\n") })
}

fn why(case: &Case, masking: &Masking, history: &History, model: &Model) -> Document {
    let context = tabs::Context { masking, history, marked: None, symbols: &model.symbols };
    tabs::document(Tab::Why, case, &context)
}
