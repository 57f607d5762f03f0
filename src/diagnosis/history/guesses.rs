//! How many different credentials and users the latest refusals of one client had: most clients have few,
//! and then nobody need walk along their refusals to find out that nobody guesses.

use std::collections::VecDeque;

use crate::diagnosis::history::{Chain, History, Record, Sequence, WALK};
use crate::secret::Fingerprint;

/// Refusals that are counted: as many as walks meet around a recent one.
const ROOM: usize = 2 * WALK;

/// So many refusals are looked at one by one, as most clients never have more.
const FEW: u32 = 5;

/// The latest refusals of one client, counted. Only the newest of them holds it.
#[derive(Debug, Clone, Default)]
pub(super) struct Guesses {
    recent: VecDeque<Guess>,
    /// The different ones, and how often each is among them.
    different: Vec<(Guess, u32)>,
    /// The different users, and how many credentials each has.
    users: Vec<(u64, usize)>,
}

/// A credential and its user's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guess {
    credential: Fingerprint,
    user: u64,
}

/// Upper bounds of what a walk along the refusals of a client meets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guessed {
    /// Different credentials of the same user.
    pub credentials: usize,
    /// Different users.
    pub users: usize,
}

/// What a refusal knows of those before it on its client's chain.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// Its number on the chain, from 1.
    number: u32,
    /// What was counted up to it.
    guessed: Guessed,
    guesses: Option<Box<Guesses>>,
}

impl Guesses {
    fn add(&mut self, guess: Guess) {
        if self.recent.len() >= ROOM
            && let Some(oldest) = self.recent.pop_front()
        {
            self.remove(oldest);
        }
        self.recent.push_back(guess);
        if let Some((_, count)) = self.different.iter_mut().find(|(known, _)| *known == guess) {
            *count += 1;
            return;
        }
        self.different.push((guess, 1));
        match self.users.iter_mut().find(|(user, _)| *user == guess.user) {
            Some((_, credentials)) => *credentials += 1,
            None => self.users.push((guess.user, 1)),
        }
    }

    fn remove(&mut self, guess: Guess) {
        let Some(at) = self.different.iter().position(|(known, _)| *known == guess) else { return };
        let Some((_, count)) = self.different.get_mut(at) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.different.swap_remove(at);
        let Some(at) = self.users.iter().position(|(user, _)| *user == guess.user) else { return };
        let Some((_, credentials)) = self.users.get_mut(at) else { return };
        *credentials -= 1;
        if *credentials == 0 {
            self.users.swap_remove(at);
        }
    }

    fn guessed(&self, user: u64) -> Guessed {
        let own = self.users.iter().find(|(known, _)| *known == user);
        Guessed { credentials: own.map_or(0, |(_, count)| *count), users: self.users.len() }
    }
}

impl Guess {
    fn of(record: &Record) -> Option<Self> {
        let credential = record.credentials.first().copied().flatten()?;
        Some(Self { credential, user: record.user_key })
    }
}

fn place(record: &Record) -> Option<&Place> {
    Some(&record.refusal.as_ref()?.links.place)
}

impl History {
    /// The place of a new refusal behind `before`, the newest of its client so far.
    pub(super) fn place(&mut self, record: &Record, before: Sequence) -> Place {
        let last = self.record_mut(before).and_then(|last| last.refusal.as_mut());
        let Some(last) = last else { return Place { number: 1, ..Place::default() } };
        let number = last.links.place.number.saturating_add(1);
        let mut guesses = last.links.place.guesses.take();
        if guesses.is_none() && number == FEW {
            let earlier = self.walk(before, |record| {
                record.refusal.as_ref().map_or(0, |refusal| refusal.links.client)
            });
            let earlier: Vec<Guess> = earlier.filter_map(|(_, record)| Guess::of(record)).collect();
            let counted = guesses.insert(Box::default());
            earlier.into_iter().rev().for_each(|guess| counted.add(guess));
        }
        if let (Some(counted), Some(guess)) = (&mut guesses, Guess::of(record)) {
            counted.add(guess);
        }
        let guessed = guesses
            .as_ref()
            .map_or_else(Guessed::default, |counted| counted.guessed(record.user_key));
        Place { number, guessed, guesses }
    }

    /// Upper bounds of what [`History::of_refused_client`] meets.
    pub fn guessed(&self, own: &Record) -> Guessed {
        let latest = self.latest(Chain::RefusedClient(own.client_key));
        let (Some(latest), Some(at_own)) = (latest.and_then(place), place(own)) else {
            return Guessed::default();
        };
        let few = |place: &Place| {
            let number = place.number as usize;
            Guessed { credentials: number, users: number }
        };
        let Some(counted) = &latest.guesses else { return few(latest) };
        let now = counted.guessed(own.user_key);
        if latest.number.saturating_sub(at_own.number) as usize <= WALK {
            return now;
        }
        let then = if at_own.number < FEW { few(at_own) } else { at_own.guessed };
        Guessed { credentials: now.credentials + then.credentials, users: now.users + then.users }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(credential: u32, user: u64) -> Guess {
        Guess { credential: Fingerprint(credential), user }
    }

    #[test]
    fn what_comes_again_counts_once() {
        let mut guesses = Guesses::default();
        for round in 0..10 {
            for (credential, user) in [(1, 7), (2, 7), (1, 7), (3, 8)] {
                guesses.add(guess(credential, user));
            }
            assert_eq!(guesses.guessed(7), Guessed { credentials: 2, users: 2 }, "round {round}");
            assert_eq!(guesses.guessed(8), Guessed { credentials: 1, users: 2 });
            assert_eq!(guesses.guessed(9), Guessed { credentials: 0, users: 2 });
        }
    }

    #[test]
    fn what_is_too_long_ago_counts_no_more() {
        let mut guesses = Guesses::default();
        (0..10).for_each(|credential| guesses.add(guess(credential, 7)));
        assert_eq!(guesses.guessed(7).credentials, 10);
        for _ in 0..ROOM - 1 {
            guesses.add(guess(9, 7));
        }
        assert_eq!(guesses.guessed(7), Guessed { credentials: 1, users: 1 });
        (0..ROOM).for_each(|_| guesses.add(guess(1, 8)));
        assert_eq!(guesses.guessed(7), Guessed { credentials: 0, users: 1 });
        assert_eq!((guesses.different.len(), guesses.recent.len()), (1, ROOM));
    }
}
