//! Requests with the same fields: most clients repeat all of them but for the target.

use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::exchange::Exchange;
use crate::http::Head;

/// Senders kept: of those that share a place, the last one.
const PLACES: usize = 64;

/// Longer fields are not kept as they were written, in octets.
pub(super) const LONGEST: usize = 4 << 10;

/// The last senders. Each keeps the head and the secrets of one request in memory, as the history of
/// exchanges does with thousands.
#[derive(Debug, Clone)]
pub(super) struct Senders(Box<[Option<Sender>; PLACES]>);

/// Who sends these fields.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    /// How what belongs to one of its exchanges is masked.
    pub(super) masking: Masking,
    /// The fields as they were written; empty before that.
    pub(super) written: Vec<u8>,
    /// Whether nothing in the target of its request is a secret or names the host: then all that was masked
    /// and written depends on the fields alone.
    pub(super) plain_target: bool,
    head: Option<Head>,
    /// Whether a proxy asks: then another field is the one that was read.
    is_proxy: bool,
}

impl Default for Senders {
    fn default() -> Self {
        Self(Box::new([const { None }; PLACES]))
    }
}

impl Senders {
    /// The sender of this case's request. `masking`: without any knowledge of it.
    pub(super) fn of(&mut self, case: &Case, masking: &Masking) -> &mut Sender {
        let fingerprint = case.auth.authorization.fingerprint.unwrap_or_default().0 as usize;
        let fields =
            case.exchange.request.as_ref().map_or(0, |request| request.head.fields().len());
        let place = &mut self.0[(fingerprint ^ fields) % PLACES];
        let plain_target = has_plain_target(&case.exchange, masking);
        let other = place.take_if(|sender| !(plain_target && sender.sends_like(&case.exchange)));
        place.get_or_insert_with(|| {
            let mut written = other.map(|other| other.written).unwrap_or_default();
            written.clear();
            Sender {
                masking: masking.knowing(&case.exchange, &case.auth),
                written,
                plain_target,
                head: case.exchange.request.as_ref().map(|request| request.head.clone()),
                is_proxy: is_proxy(&case.exchange),
            }
        })
    }
}

impl Sender {
    fn sends_like(&self, exchange: &Exchange) -> bool {
        let (Some(head), Some(request)) = (&self.head, &exchange.request) else { return false };
        self.plain_target
            && head.fields().eq(request.head.fields())
            && self.is_proxy == is_proxy(exchange)
    }
}

fn is_proxy(exchange: &Exchange) -> bool {
    exchange.status() == Some(407)
}

/// Where there is no answer, nothing is looked for in it.
fn has_plain_target(exchange: &Exchange, masking: &Masking) -> bool {
    exchange.response.is_some()
        && exchange.request.as_ref().is_some_and(|request| {
            request.target().starts_with(b"/") && !masking.takes_from(request.target())
        })
}
