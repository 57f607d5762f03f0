//! The bounded queue between the capture thread and the screen.
//!
//! The screen never makes a live capture wait: when it lags, the oldest cases that nobody asked for
//! go first, then the oldest of the others, and all that went are counted. A file or a pipe waits
//! instead. Several versions of one exchange become one entry, at the place of the first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Event, Status};
use crate::diagnosis::Case;

/// Cases that may wait. At 30 frames a second this is half a million cases a second.
const CAPACITY: usize = 16_384;

/// The bounded queue.
#[derive(Debug)]
pub struct Mailbox {
    queue: Mutex<Queue>,
    /// Signalled when the reader made room, or went away.
    room: Condvar,
    /// Signalled when there is something to read.
    news: Notify,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Queue {
    /// `None` where a case was dropped from the middle.
    cases: VecDeque<Option<Waiting>>,
    /// Number of the entry at the front: entry `n` stands at `n - first`.
    first: u64,
    /// The entry of each exchange that waits.
    by_id: HashMap<u64, u64, ahash::RandomState>,
    /// Entries that nobody asked for when they came, oldest first. Some may be gone or have become
    /// interesting since.
    dull: VecDeque<u64>,
    status: Option<Box<Status>>,
    dropped: u64,
    closed: bool,
}

#[derive(Debug)]
struct Waiting {
    case: Arc<Case>,
    interesting: bool,
}

impl Mailbox {
    /// An empty one.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { queue: Mutex::default(), room: Condvar::new(), news: Notify::new(), capacity }
    }

    /// Puts a case in; drops another one when it is full.
    pub fn post(&self, case: Arc<Case>, interesting: bool) {
        let mut queue = self.lock();
        queue.put(case, interesting);
        if queue.by_id.len() > self.capacity {
            queue.drop_one();
        }
        // Cases dropped from behind one that stays leave empty places: the reader may be long in coming.
        if queue.cases.len() > 2 * self.capacity {
            queue.close_ranks();
        }
        drop(queue);
        self.news.notify_one();
    }

    /// Puts a case in; waits for room when it is full, and gives up when the reader has gone.
    pub fn post_or_wait(&self, case: Arc<Case>, interesting: bool) {
        let mut queue = self.lock();
        while queue.by_id.len() >= self.capacity && !queue.closed {
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if !queue.closed {
            queue.put(case, interesting);
        }
        drop(queue);
        self.news.notify_one();
    }

    /// Replaces the status that waits.
    pub fn post_status(&self, status: Box<Status>) {
        self.lock().status = Some(status);
        self.news.notify_one();
    }

    /// Moves everything that waits to `out`: the cases in order, then the status.
    pub fn drain(&self, out: &mut Vec<Event>) {
        let (cases, status) = {
            let mut queue = self.lock();
            queue.first += queue.cases.len() as u64;
            queue.by_id.clear();
            queue.dull.clear();
            (std::mem::take(&mut queue.cases), queue.status.take())
        };
        self.room.notify_one();
        out.extend(cases.into_iter().flatten().map(|waiting| Event::Case(waiting.case)));
        out.extend(status.map(Event::Status));
    }

    /// Returns once something waits.
    pub async fn changed(&self) {
        self.news.notified().await;
    }

    /// The reader has gone: nobody waits for room any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.room.notify_one();
    }

    /// Cases dropped so far.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Whoever held the lock panicked between two whole states: the queue is still good.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Queue {
    fn put(&mut self, case: Arc<Case>, interesting: bool) {
        let id = case.id();
        let waiting = Waiting { case, interesting };
        if let Some(entry) = self.by_id.get(&id).copied()
            && let Some(place) = self.slot(entry)
        {
            *place = Some(waiting);
            return;
        }
        let entry = self.first + self.cases.len() as u64;
        self.by_id.insert(id, entry);
        if !interesting {
            self.dull.push_back(entry);
        }
        self.cases.push_back(Some(waiting));
    }

    fn slot(&mut self, entry: u64) -> Option<&mut Option<Waiting>> {
        self.cases.get_mut(usize::try_from(entry.checked_sub(self.first)?).ok()?)
    }

    /// The oldest that nobody asked for, else the oldest.
    fn drop_one(&mut self) {
        while let Some(entry) = self.dull.pop_front() {
            let slot = self.slot(entry);
            if let Some(slot) = slot
                && slot.as_ref().is_some_and(|waiting| !waiting.interesting)
            {
                let gone = slot.take();
                return self.count_dropped(gone);
            }
        }
        while let Some(oldest) = self.cases.pop_front() {
            self.first += 1;
            if oldest.is_some() {
                return self.count_dropped(oldest);
            }
        }
    }

    fn count_dropped(&mut self, gone: Option<Waiting>) {
        if let Some(gone) = gone {
            self.by_id.remove(&gone.case.id());
            self.dropped += 1;
        }
    }

    /// Removes the empty places and numbers the entries anew.
    fn close_ranks(&mut self) {
        self.cases.retain(Option::is_some);
        self.dull.clear();
        for (entry, waiting) in (self.first..).zip(self.cases.iter().flatten()) {
            self.by_id.insert(waiting.case.id(), entry);
            if !waiting.interesting {
                self.dull.push_back(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::drive::tests::case;

    fn ids(mailbox: &Mailbox) -> Vec<u64> {
        let mut events = Vec::new();
        mailbox.drain(&mut events);
        events
            .iter()
            .filter_map(|event| match event {
                Event::Case(case) => Some(case.id()),
                Event::Status(_) => None,
            })
            .collect()
    }

    #[test]
    fn when_it_is_full_the_oldest_case_nobody_asked_for_goes_first_and_is_counted() {
        let mailbox = Mailbox::with_capacity(4);
        for id in 1..=6 {
            mailbox.post(case(id), id % 2 == 1);
        }
        assert_eq!(ids(&mailbox), [1, 3, 5, 6]);
        assert_eq!(mailbox.dropped(), 2);
    }

    #[test]
    fn an_absent_reader_costs_bounded_memory() {
        let mailbox = Mailbox::with_capacity(4);
        mailbox.post(case(1), true);
        for id in 2..=1000 {
            mailbox.post(case(id), false);
        }
        {
            let queue = mailbox.lock();
            assert!(queue.cases.len() <= 9 && queue.dull.len() <= 9);
        }
        assert_eq!(ids(&mailbox), [1, 998, 999, 1000]);
        assert_eq!(mailbox.dropped(), 996);
    }

    #[test]
    fn when_all_are_asked_for_the_oldest_goes() {
        let mailbox = Mailbox::with_capacity(2);
        for id in 1..=3 {
            mailbox.post(case(id), true);
        }
        assert_eq!(ids(&mailbox), [2, 3]);
    }

    #[test]
    fn versions_of_one_exchange_become_one_entry_with_the_last_content() {
        let mailbox = Mailbox::with_capacity(3);
        mailbox.post(case(1), false);
        mailbox.post(case(2), false);
        mailbox.post(case(1), true);
        mailbox.post(case(3), true);
        mailbox.post(case(4), true);
        assert_eq!(ids(&mailbox), [1, 3, 4], "a case that became interesting is kept");
        mailbox.post(case(1), false);
        assert_eq!(ids(&mailbox), [1]);
    }

    #[test]
    fn a_patient_writer_loses_nothing() {
        let mailbox = Arc::new(Mailbox::with_capacity(8));
        let writer = {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || {
                for id in 1..=1000 {
                    mailbox.post_or_wait(case(id), false);
                }
            })
        };
        let mut seen = Vec::new();
        while seen.len() < 1000 {
            seen.extend(ids(&mailbox));
            std::thread::yield_now();
        }
        writer.join().unwrap();
        assert_eq!(seen, (1..=1000).collect::<Vec<u64>>());
        assert_eq!(mailbox.dropped(), 0);
    }

    #[test]
    fn a_writer_that_waits_goes_on_when_the_reader_leaves() {
        let mailbox = Arc::new(Mailbox::with_capacity(1));
        let writer = {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || {
                for id in 1..=3 {
                    mailbox.post_or_wait(case(id), true);
                }
            })
        };
        mailbox.close();
        writer.join().unwrap();
    }
}
