//! Vectors of the catalogue (section 9) and look-alikes, through a whole diagnoser.

mod benign;
mod cookies;
mod credentials;
mod evidence;
mod forwarded;
mod history;
mod logins;
mod neighbours;
mod path;
mod posted;
mod proof;
mod same_user;
mod signatures;
mod tokens;
mod words;

use std::sync::Arc;

use crate::counters::Counters;
use crate::diagnosis::{Case, Diagnoser};
use crate::exchange::Exchange;
use crate::limits::Limits;
use crate::secret::FingerprintKey;

/// The last word on one exchange that no line of script can make.
fn observe(exchange: Exchange) -> Arc<Case> {
    let (mut counters, mut out) = (Counters::default(), Vec::new());
    let mut diagnoser = Diagnoser::new(&Limits::default(), FingerprintKey::from_bytes(&[7; 32]));
    diagnoser.observe(exchange.into(), &mut counters, &mut out);
    diagnoser.finish(&mut counters, &mut out);
    out.pop().expect("every exchange is emitted")
}
