//! What became of one credential, gathered in one walk.

use crate::diagnosis::history::{Chain, History, Record};
use crate::secret::Fingerprint;
use crate::time::Timestamp;

/// What became of one credential in the eyes of one refusal.
#[derive(Debug, Default, Clone)]
pub struct Past<'a> {
    /// Latest earlier acceptance on this origin.
    pub accepted_here: Option<&'a Record>,
    /// The same on this path, or on another that lets in only whom it knows: an open page takes any credential.
    pub proven_here: Option<&'a Record>,
    /// Latest earlier acceptance on this origin and path, with this method.
    pub accepted_on_path: Option<&'a Record>,
    /// Latest earlier or later acceptance on another path of this origin.
    pub accepted_on_other_path: Option<&'a Record>,
    /// Latest acceptance on another origin.
    pub accepted_elsewhere: Option<&'a Record>,
    /// Latest acceptance under the same name at another server address.
    pub accepted_at_other_server: Option<&'a Record>,
    /// Latest acceptance on this origin from another client address.
    pub accepted_from_other_client: Option<&'a Record>,
    /// First later acceptance on this origin and path, with this method.
    pub accepted_later: Option<&'a Record>,
    /// Since when it is refused on this path without an acceptance in between.
    pub refused_since: Option<Timestamp>,
    /// Latest earlier use on this origin, however it was answered.
    pub last_use: Option<Timestamp>,
    /// Acceptances on this origin, path and method.
    pub accepted: u32,
    /// Refusals on this origin, path and method, this one included.
    pub refused: u32,
    /// Changes between the two.
    pub changes: u32,
}

impl Past<'_> {
    /// Whether it was accepted by anyone, before or after.
    pub const fn is_accepted(&self) -> bool {
        self.accepted_here.is_some()
            || self.accepted_on_path.is_some()
            || self.accepted_on_other_path.is_some()
            || self.accepted_elsewhere.is_some()
            || self.accepted_at_other_server.is_some()
            || self.accepted_from_other_client.is_some()
            || self.accepted_later.is_some()
    }
}

impl History {
    /// What became of a credential that `own` carried; nothing where it was never accepted.
    pub fn past<'a>(&'a self, credential: Fingerprint, own: &'a Record) -> Past<'a> {
        let mut past = Past::default();
        let latest = self.record(self.head(Chain::Credential(credential)));
        if !latest.is_some_and(|latest| latest.was_accepted(credential)) {
            return past;
        }
        let mut previous: Option<bool> = None;
        let mut in_run = true;
        for record in self.of_credential(credential, own) {
            let (accepted, refused) = (record.accepted(), record.refused());
            let earlier = record.time < own.time;
            if !record.same_origin(own) {
                if accepted && record.origin == own.origin {
                    past.accepted_at_other_server.get_or_insert(record);
                } else if accepted {
                    past.accepted_elsewhere.get_or_insert(record);
                }
                continue;
            }
            if earlier {
                past.last_use.get_or_insert(record.answered);
            }
            if accepted {
                if earlier {
                    past.accepted_here.get_or_insert(record);
                    if past.proven_here.is_none() && self.proves(record, own) {
                        past.proven_here = Some(record);
                    }
                }
                if record.server.ip() != own.server.ip() {
                    past.accepted_at_other_server.get_or_insert(record);
                }
                if record.client.ip() != own.client.ip() {
                    past.accepted_from_other_client.get_or_insert(record);
                }
            }
            if !record.same_route(own) {
                if accepted {
                    past.accepted_on_other_path.get_or_insert(record);
                }
                continue;
            }
            if record.method == own.method && (accepted || refused) {
                if accepted && earlier {
                    past.accepted_on_path.get_or_insert(record);
                } else if accepted {
                    past.accepted_later = Some(record);
                }
                past.accepted += u32::from(accepted);
                past.refused += u32::from(refused);
                past.changes += u32::from(previous.is_some_and(|before| before != accepted));
                previous = Some(accepted);
                if earlier || record.id == own.id {
                    in_run &= refused;
                    if in_run {
                        past.refused_since = Some(record.time);
                    }
                }
            }
        }
        past
    }

    /// Whether an acceptance on the origin of `own` shows that the credential is a good one there.
    /// Where nobody else was on its path nothing does.
    fn proves(&self, accepted: &Record, own: &Record) -> bool {
        self.is_shared_route(accepted)
            && !self.is_public(accepted)
            && (accepted.same_route(own) || self.is_protected(accepted))
    }

    /// The latest acceptance of the same user on the same origin with another credential of the same scheme:
    /// those of different schemes may be of one password. Only where it proves something.
    pub fn user_accepted_otherwise<'a>(&'a self, own: &'a Record) -> Option<&'a Record> {
        let credential = own.credentials.first().copied().flatten()?;
        if own.user_key == 0 || !own.exact {
            return None;
        }
        let latest = self.latest(Chain::User(own.user_key, own.origin_key))?;
        if !latest.accepted() && !latest.links.user_accepted {
            return None;
        }
        self.of_user(own).find(|record| {
            // Asked first, as it is known of most records without another look at the memory.
            self.is_shared_route(record)
                && record.accepted()
                && record.exact
                && record.scheme == own.scheme
                && !record.carries(credential)
                && self.proves(record, own)
        })
    }
}
