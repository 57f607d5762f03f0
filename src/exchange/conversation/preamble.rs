//! What may stand before the first message of a connection.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{Conversation, HeldBack};
use crate::exchange::proxy_protocol::{self, Preamble};
use crate::http::h2::PREFACE;

impl Conversation {
    /// The octets without a PROXY protocol header; `None` while it is not whole.
    pub(super) fn after_preamble<'a>(&mut self, octets: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        self.in_preamble = false;
        let mut held = self.held_back.take().map_or_else(Vec::new, |held| held.octets);
        let is_preface =
            |octets: &[u8]| octets.len() < PREFACE.len() && PREFACE.starts_with(octets);
        if held.is_empty() && proxy_protocol::read(octets) == Preamble::None && !is_preface(octets)
        {
            return Some(Cow::Borrowed(octets));
        }
        held.extend_from_slice(octets);
        if is_preface(&held) {
            return self.hold_back(held);
        }
        match proxy_protocol::read(&held) {
            Preamble::Header(length, client) => {
                if let Some(client) = client {
                    self.name_client(client);
                }
                held.drain(..length);
            }
            Preamble::Partial => return self.hold_back(held),
            Preamble::None => {}
        }
        Some(Cow::Owned(held))
    }

    fn hold_back(&mut self, octets: Vec<u8>) -> Option<Cow<'static, [u8]>> {
        self.in_preamble = true;
        self.held_back = Some(Box::new(HeldBack { octets }));
        None
    }

    fn name_client(&mut self, client: SocketAddr) {
        let connection = Arc::make_mut(&mut self.connection);
        connection.via = Some(connection.client);
        connection.client = client;
    }
}
