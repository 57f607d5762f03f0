//! The text of the cells.

use std::collections::BTreeMap;

use super::column::Column;
use super::document::{Role, cell_width};
use super::handshake::is_leg as is_handshake_leg;
use super::history::History;
use super::summary;
use super::table::{Group, Weight};
use super::views::endpoint;
use crate::diagnosis::Case;
use crate::exchange::Pairing;
use crate::tui::symbols::Symbols;

/// The text of one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its meaning.
    pub role: Role,
    /// Its text, from the wire: not yet safe.
    pub text: String,
}

impl Cell {
    fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into() }
    }
}

/// How many members of a row are looked at to fill its cells.
const SAMPLE: usize = 500;

impl Column {
    /// The cell of a row. `width` is known to the few that use it: a trend, a short time.
    pub fn cell(self, group: &Group, history: &History, symbols: &Symbols, width: u16) -> Cell {
        let Some(case) = history.get(group.members.last()) else {
            return Cell::new(Role::Muted, "");
        };
        let connection = &case.exchange.connection;
        match self {
            Self::Time | Self::LastSeen => {
                let clock = case.exchange.time().clock();
                Cell::new(Role::Text, if width < 12 { &clock[..8] } else { &clock })
            }
            Self::Client => address(&connection.client.ip().to_string(), symbols, width),
            Self::ClientPort => address(&connection.client.to_string(), symbols, width),
            Self::Server => address(&connection.server.to_string(), symbols, width),
            Self::Method => Cell::new(Role::Text, summary::method(case)),
            Self::Target => {
                let (host, path) = summary::target_parts(case);
                Cell::new(Role::Text, elide_host(&host, &path, symbols, width))
            }
            Self::Status => of(summary::status(case)),
            Self::Sent => {
                let (role, full) = summary::sent(case);
                let short = || summary::sent_short(case);
                Cell::new(role, if fits(&full, width) { full } else { short() })
            }
            Self::Asked => {
                let full = or_nothing(summary::asked(case), symbols);
                let short = || summary::asked_short(case);
                Cell::new(Role::Text, if fits(&full, width) { full } else { short() })
            }
            Self::Why => cause(group, history, symbols, width),
            Self::Latency => Cell::new(
                Role::Text,
                case.exchange.latency().map_or_else(String::new, summary::short_duration),
            ),
            Self::Repeat => repeat(group, case, symbols, width),
            Self::Endpoint => {
                let (host, route) = endpoint(case);
                Cell::new(Role::Text, elide_host(&host, &route, symbols, width))
            }
            Self::Count => Cell::new(Role::Text, short_number(group.members.count() as u64, width)),
            Self::Refused => {
                let role = if group.refused > 0 { Role::Bad } else { Role::Muted };
                Cell::new(role, short_number(group.refused.into(), width))
            }
            Self::Rate => Cell::new(Role::Text, format!("{}%", percent(group))),
            Self::Trend => Cell::new(Role::Text, trend(group, history, symbols, width)),
            Self::Causes => Cell::new(Role::Text, causes(group, history)),
            Self::Credentials => credentials(group, history),
            Self::Flow => Cell::new(Role::Text, connection.flow.to_string()),
            Self::Health => health(group, history),
        }
    }
}

fn of((role, text): (Role, String)) -> Cell {
    Cell { role, text }
}

/// The most frequent cause in a row, and how many others there are: its end, which is never cut off.
fn cause(group: &Group, history: &History, symbols: &Symbols, width: u16) -> Cell {
    let Some((case, others)) = chief(group, history) else { return Cell::new(Role::Muted, "") };
    let mut cell = why(case, history, symbols);
    if others == 0 {
        return cell;
    }
    let plural = if others == 1 { "" } else { "s" };
    let full = format!(" +{others} other cause{plural}");
    if fits(&format!("{}{full}", cell.text), width) {
        cell.text.push_str(&full);
        return cell;
    }
    let short = format!(" +{others}");
    let room = usize::from(width).saturating_sub(short.len());
    if !fits(&cell.text, room as u16) {
        cell.text = cell.text.chars().take(room.saturating_sub(1)).collect();
        cell.text.push_str(symbols.ellipsis);
    }
    cell.text.push_str(&short);
    cell
}

/// The latest exchange with the most frequent cause of a row, and how many other causes it has; the
/// latest of all where there is none.
pub fn chief<'a>(group: &'a Group, history: &'a History) -> Option<(&'a Case, usize)> {
    let mut causes: Vec<(&str, usize, &Case)> = Vec::new();
    for case in sample(group, history) {
        let Some(verdict) = &case.verdict else { continue };
        let id = verdict.diagnosis.entry.id.as_str();
        match causes.iter_mut().find(|(known, ..)| *known == id) {
            Some((_, count, _)) => *count += 1,
            None => causes.push((id, 1, case)),
        }
    }
    let others = causes.len().saturating_sub(1);
    // Of those that are as frequent the first is the latest.
    let chief = causes.into_iter().rev().max_by_key(|(_, count, _)| *count);
    let latest = || history.get(group.members.last()).map(AsRef::as_ref);
    Some((chief.map(|(.., case)| case).or_else(latest)?, others))
}

/// The diagnosis; a handshake that is over says how it ended.
fn why(case: &Case, history: &History, symbols: &Symbols) -> Cell {
    let (role, mut text) = summary::why(case, symbols);
    let verdict = case.verdict.as_ref().filter(|_| is_handshake_leg(case));
    let outcome = verdict
        .and_then(|verdict| verdict.diagnosis.related.first())
        .and_then(|&id| history.get(id)?.exchange.status());
    if let Some(status) = outcome {
        let scheme = case.auth.challenges.first().map_or("", |challenge| challenge.scheme.name());
        text = format!("{} {scheme} handshake, then {status}", symbols.benign);
    }
    Cell { role, text }
}

fn or_nothing(text: String, symbols: &Symbols) -> String {
    if text.is_empty() { symbols.nothing.to_owned() } else { text }
}

fn fits(text: &str, width: u16) -> bool {
    text.chars().map(cell_width).sum::<usize>() <= usize::from(width)
}

/// An address that is too long shows its end: that is where addresses differ.
fn address(text: &str, symbols: &Symbols, width: u16) -> Cell {
    let length = text.len();
    let text = match length.checked_sub(usize::from(width)) {
        None | Some(0) => text.to_owned(),
        Some(over) => format!("{}{}", symbols.ellipsis, text.get(over + 1..).unwrap_or_default()),
    };
    Cell::new(Role::Text, text)
}

/// Host and path where only one of them fits: the path says more, the host keeps its beginning.
fn elide_host(host: &str, path: &str, symbols: &Symbols, width: u16) -> String {
    const LEAST: usize = 4;
    let full = format!("{host}{path}");
    if fits(&full, width) {
        return full;
    }
    let path_cells: usize = path.chars().map(cell_width).sum();
    let room = usize::from(width).saturating_sub(path_cells + 1).max(LEAST);
    if host.chars().count() <= room + 1 {
        return full;
    }
    let host: String = host.chars().take(room).collect();
    format!("{host}{}{path}", symbols.ellipsis)
}

fn repeat(group: &Group, case: &Case, symbols: &Symbols, width: u16) -> Cell {
    let told = case.verdict.as_ref().map_or(1, |verdict| verdict.repeat as usize);
    let times = group.members.count().max(told);
    if times <= 1 {
        return Cell::new(Role::Strong, "");
    }
    // Where the sign would cost a number its digits, the number says more.
    let number = short_number(times as u64, width.saturating_sub(1));
    Cell::new(
        Role::Strong,
        if number == TOO_LONG {
            short_number(times as u64, width)
        } else {
            format!("{}{number}", symbols.times)
        },
    )
}

/// Stands for a number that no form of fits.
const TOO_LONG: &str = "+";

/// A number in a narrow cell: cut digits would make another number of it.
fn short_number(number: u64, width: u16) -> String {
    let fits = |text: &String| text.len() <= usize::from(width);
    let scaled = [(1_000, 'k'), (1_000_000, 'M'), (1_000_000_000, 'G')];
    let shorter = scaled
        .into_iter()
        .filter(|(unit, _)| number >= *unit)
        .map(|(unit, letter)| format!("{}{letter}", number / unit));
    let tenths = scaled
        .into_iter()
        .filter(|(unit, _)| (*unit / 10..*unit).contains(&number))
        .map(|(unit, letter)| format!(".{}{letter}", number * 10 / unit));
    std::iter::once(number.to_string())
        .chain(shorter)
        .chain(tenths)
        .find(fits)
        .unwrap_or_else(|| TOO_LONG.to_owned())
}

pub(super) fn percent(group: &Group) -> u32 {
    group.refused * 100 / (group.members.count() as u32).max(1)
}

fn sample<'a>(group: &'a Group, history: &'a History) -> impl Iterator<Item = &'a Case> {
    group.members.latest_first().take(SAMPLE).filter_map(|id| history.get(id)).map(AsRef::as_ref)
}

/// Refusals over the time that the row's exchanges span, in as many steps as there are cells.
fn trend(group: &Group, history: &History, symbols: &Symbols, width: u16) -> String {
    let times: Vec<(i64, bool)> = sample(group, history)
        .map(|case| (case.exchange.time().nanoseconds(), Weight::is_refused(case)))
        .collect();
    let (Some(&first), Some(&last)) =
        (times.iter().map(|(t, _)| t).min(), times.iter().map(|(t, _)| t).max())
    else {
        return String::new();
    };
    let steps = usize::from(width.clamp(1, 40));
    let span = last.saturating_sub(first).max(1) as f64;
    let mut counts = vec![0_usize; steps];
    for (time, _) in times.iter().filter(|(_, refused)| *refused) {
        let at = (time.saturating_sub(first) as f64 / span * (steps as f64 - 1.0)) as usize;
        counts[at.min(steps - 1)] += 1;
    }
    spark(&counts, symbols)
}

/// Counts as bars; an empty step is blank.
pub fn spark(counts: &[usize], symbols: &Symbols) -> String {
    let most = counts.iter().copied().max().unwrap_or(0);
    counts
        .iter()
        .map(|&count| match (count, most) {
            (0, _) | (_, 0) => " ",
            (count, most) => symbols.bars[(count * 8).div_ceil(most).clamp(1, 8) - 1],
        })
        .collect()
}

pub(super) fn causes(group: &Group, history: &History) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in sample(group, history) {
        if let Some(verdict) = case.verdict.as_ref().filter(|verdict| !verdict.diagnosis.benign) {
            *counts.entry(&verdict.diagnosis.entry.id).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
    let words: Vec<String> = counts
        .iter()
        .map(|&(id, n)| if n > 1 { format!("{id} {n}") } else { id.to_owned() })
        .collect();
    words.join(", ")
}

pub(super) fn credentials(group: &Group, history: &History) -> Cell {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut guessing = false;
    for case in sample(group, history) {
        let auth = &case.auth.authorization;
        if let Some(fingerprint) = auth.fingerprint {
            let user = auth.user.clone().unwrap_or_default();
            known.entry(fingerprint.to_string()).or_insert(user);
        }
        for alternative in &case.auth.alternatives {
            if let Some(fingerprint) = alternative.fingerprint {
                known.entry(fingerprint.to_string()).or_insert_with(|| alternative.name.clone());
            }
        }
        guessing |= case
            .verdict
            .as_ref()
            .is_some_and(|verdict| verdict.diagnosis.entry.id == "password-guessing");
    }
    let listed: Vec<String> =
        known
            .iter()
            .take(4)
            .map(|(fingerprint, user)| {
                if user.is_empty() { fingerprint.clone() } else { format!("{user} {fingerprint}") }
            })
            .collect();
    let text = match (known.len(), guessing) {
        (0, false) => "none".to_owned(),
        (count, true) => format!("GUESSING: {count} credentials"),
        (count, false) if count > 4 => format!("{count}: {}, …", listed.join(", ")),
        (_, false) => listed.join(", "),
    };
    Cell::new(if guessing { Role::Alarm } else { Role::Text }, text)
}

pub(super) fn health(group: &Group, history: &History) -> Cell {
    let (mut gap, mut midstream, mut one_sided, mut unsure, mut truncated) =
        (0, false, false, 0, 0);
    let mut retransmitted = 0;
    let mut odd: BTreeMap<&str, usize> = BTreeMap::new();
    for case in sample(group, history) {
        let coverage = &case.exchange.coverage;
        gap += coverage.gap_octets;
        midstream |= case.exchange.connection.midstream;
        one_sided |= coverage.one_sided;
        // It counts from the start of the connection: the last exchange has them all.
        retransmitted = coverage.retransmitted.max(retransmitted);
        unsure += usize::from(coverage.pairing == Pairing::Likely);
        truncated += usize::from(coverage.truncated);
        for anomaly in case.exchange.anomalies.iter() {
            *odd.entry(anomaly.name()).or_default() += 1;
        }
    }
    let mut words = Vec::new();
    if one_sided {
        words.push("one direction only".to_owned());
    }
    if gap > 0 {
        words.push(format!("{gap} octets lost"));
    }
    if retransmitted > 0 {
        let plural = if retransmitted == 1 { "" } else { "s" };
        words.push(format!("{retransmitted} retransmission{plural}"));
    }
    if midstream {
        words.push("began before the capture".to_owned());
    }
    if unsure > 0 {
        words.push(format!("{unsure} pairings unsure"));
    }
    if truncated > 0 {
        words.push(format!("{truncated} cut off"));
    }
    words.extend(odd.keys().map(|&name| name.to_owned()));
    if words.is_empty() {
        Cell::new(Role::Good, "whole")
    } else {
        let role = if gap > 0 || one_sided { Role::Bad } else { Role::Warning };
        Cell::new(role, words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_loses_its_least_telling_part() {
        let symbols = Symbols::UNICODE;
        assert_eq!(address("192.168.1.23", &symbols, 9).text, "…168.1.23");
        assert_eq!(address("10.0.0.7", &symbols, 9).text, "10.0.0.7");
        let shown = |width| elide_host("api.shop.test:8080", "/v1/orders", &symbols, width);
        assert_eq!(shown(40), "api.shop.test:8080/v1/orders");
        assert_eq!(shown(18), "api.sho…/v1/orders");
        assert_eq!(shown(10), "api.…/v1/orders");
    }

    #[test]
    fn a_number_in_a_narrow_cell_never_loses_digits() {
        for (number, width, shown) in [
            (745, 3, "745"),
            (7_456, 3, "7k"),
            (99_999, 5, "99999"),
            (100_000, 5, "100k"),
            (745, 2, "+"),
            (123_456, 3, ".1M"),
            (99_999, 3, "99k"),
        ] {
            assert_eq!(short_number(number, width), shown);
        }
    }

    #[test]
    fn a_hundred_repeats_are_told_in_three_cells() {
        use super::super::samples::refused;
        use super::super::table::{SortKey, Table};
        let mut table = Table::default();
        let case = refused(1);
        for (count, shown) in
            [(2, "×2"), (99, "×99"), (745, "745"), (7_456, "×7k"), (12_345, "12k")]
        {
            for id in table.exchanges() as u64 + 1..=count {
                let case = Case::clone(&refused(id));
                table.add(1, &case, |_| SortKey::Arrival);
            }
            let (_, group) = table.group_at(0).unwrap();
            assert_eq!(repeat(group, &case, &Symbols::UNICODE, 3).text, shown);
        }
    }

    #[test]
    fn bars_show_something_for_the_smallest_count() {
        assert_eq!(spark(&[0, 1, 50, 100], &Symbols::ASCII), " _-#");
    }
}
