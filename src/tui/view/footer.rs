//! The footer: the keys that make sense here, from the key table.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scene;
use super::filter_bar::error_below;
use super::fit::width_of;
use crate::tui::keys::{Action, Context, TABLE, describe};
use crate::tui::model::overlay::{Overlay, PromptKind};
use crate::tui::model::{Model, Pane, Role};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    if area.height == 0 {
        return;
    }
    if let Some(error) = error_below(scene, area.width) {
        scene.put(buffer, area.x, area.y, area.width, Role::Bad, &error);
        return;
    }
    let mut x = area.x;
    for (key, hint) in hints(scene) {
        let width = (width_of(&key) + 1 + width_of(&hint) + 2) as u16;
        if x + width > area.right() + 2 {
            break;
        }
        x += scene.put(buffer, x, area.y, area.right().saturating_sub(x), Role::Key, &key);
        let text = format!(" {hint}  ");
        x += scene.put(buffer, x, area.y, area.right().saturating_sub(x), Role::Muted, &text);
    }
}

/// Key and what it does, the most important first.
fn hints(scene: &Scene<'_>) -> Vec<(String, String)> {
    if let Some(fixed) = fixed(scene.model) {
        return fixed.iter().map(|&(key, hint)| (key.to_owned(), hint.to_owned())).collect();
    }
    // Leaving and help are always in sight.
    let first = [Action::Help, Action::Quit].map(describe);
    let context = match scene.model.pane {
        Pane::List => Context::List,
        Pane::Details => Context::Details,
    };
    let leads_back = scene.model.pane == Pane::List && scene.model.leads_back();
    let here = TABLE.iter().filter(|binding| {
        (binding.context == context
            || binding.context == Context::Anywhere
            || (leads_back && binding.action == Action::Back))
            && first.iter().all(|always| always.action != binding.action)
            && (scene.model.view().lists_exchanges() || !binding.action.needs_details())
            && (binding.action != Action::Related || scene.model.next_related().is_some())
    });
    let quit_with_back = scene.model.pane == Pane::List && !leads_back;
    first
        .into_iter()
        .chain(here)
        .filter_map(|binding| {
            let action = match binding.action {
                Action::Quit if quit_with_back => Action::Back,
                other => other,
            };
            let key = match (binding.action, action) {
                (Action::Quit, Action::Back) => scene
                    .keys
                    .keys(Action::Back)
                    .last()
                    .map_or_else(String::new, |key| key.spelling()),
                _ => scene.keys.shown(binding.action),
            };
            (!key.is_empty()).then_some((key, binding.hint?.to_owned()))
        })
        .collect()
}

/// Keys that are the same everywhere: those of input lines, menus and questions.
fn fixed(model: &Model) -> Option<&'static [(&'static str, &'static str)]> {
    Some(match &model.overlay {
        Some(Overlay::Help { .. }) => &[("Esc", "close"), ("j k", "scroll")],
        Some(Overlay::Menu(_)) => &[("Enter", "choose"), ("Esc", "cancel"), ("j k", "move")],
        Some(Overlay::Interfaces(_)) => {
            &[("Enter", "capture here"), ("Space", "tick several"), ("Esc", "cancel")]
        }
        Some(Overlay::Confirm(_)) => &[("y", "yes"), ("n Esc", "no")],
        Some(Overlay::Prompt(prompt)) if prompt.kind == PromptKind::Command => {
            &[("Enter", "run"), ("Esc", "cancel"), ("Tab", "complete")]
        }
        Some(Overlay::Prompt(_)) => &[("Enter", "apply"), ("Esc", "cancel")],
        None if model.searching.is_some() => &[("Enter", "keep"), ("Esc", "cancel")],
        None if model.filter.editing().is_some() => &[
            ("Enter", "keep"),
            ("Esc", "as before"),
            ("Tab", "complete"),
            ("Up", "earlier filters"),
            ("^U", "clear"),
        ],
        None => return None,
    })
}
