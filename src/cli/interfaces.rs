//! `why401 interfaces`: where this user may capture.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::capture::interfaces::{self, Interface};
use crate::capture::live;
use crate::session::privileges;
use crate::text::visible;

/// A table of the interfaces of this machine, and what happens to rights.
pub fn table() -> anyhow::Result<String> {
    let interfaces = interfaces::list()?;
    let mut out = rows(&interfaces);
    out.push('\n');
    for (reason, names) in refusals(&interfaces) {
        let _ = writeln!(out, "Not on {}: {}", names.join(", "), visible(reason));
    }
    if interfaces.iter().any(|one| one.capture.is_ok()) {
        let _ = writeln!(out, "{}", privileges::outlook());
    } else {
        let _ = writeln!(out, "{}", live::remedy());
    }
    Ok(out)
}

/// Why it is not possible, with the interfaces that this holds for.
fn refusals(interfaces: &[Interface]) -> BTreeMap<&str, Vec<&str>> {
    let mut reasons = BTreeMap::<&str, Vec<&str>>::new();
    for one in interfaces {
        if let Err(reason) = &one.capture {
            reasons.entry(reason).or_default().push(&one.name);
        }
    }
    reasons
}

fn rows(interfaces: &[Interface]) -> String {
    let header = ["INTERFACE", "STATE", "CAPTURE", "LINK TYPE", "ADDRESSES"].map(str::to_owned);
    let mut rows = vec![header];
    rows.extend(interfaces.iter().map(cells));
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(out, "{}", (line + &row[4]).trim_end());
    }
    out
}

fn cells(one: &Interface) -> [String; 5] {
    let state = match (one.up, one.running) {
        (false, _) => "down",
        (true, false) => "up, no link",
        (true, true) => "up",
    };
    let (capture, link) = match &one.capture {
        Ok(link) => ("yes", link.as_str()),
        Err(_) => ("no", "-"),
    };
    let addresses = one.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let about = if addresses.is_empty() {
        one.description.as_deref().map(|words| format!("({})", visible(words))).unwrap_or_default()
    } else {
        addresses
    };
    [visible(&one.name).into_owned(), state.to_owned(), capture.to_owned(), link.to_owned(), about]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_can_be_done_with_the_interface() {
        let mut one = Interface {
            name: "lo".to_owned(),
            description: None,
            addresses: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
            up: true,
            running: true,
            loopback: true,
            capture: Ok("Ethernet".to_owned()),
        };
        assert_eq!(cells(&one), ["lo", "up", "yes", "Ethernet", "127.0.0.1 ::1"]);
        one.capture = Err("not permitted".to_owned());
        one.running = false;
        assert_eq!(cells(&one), ["lo", "up, no link", "no", "-", "127.0.0.1 ::1"]);
    }
}
