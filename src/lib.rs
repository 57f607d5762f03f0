//! why401 watches plaintext HTTP on the wire and explains every 401.
//!
//! The folders are the data's way from wire to screen; each knows only those before it:
//!
//! 1. [`capture`]: where frames come from: a live interface, a file, a pipe.
//! 2. [`decode`]: link layer, VLAN, IP, fragments, tunnels → TCP segments.
//! 3. [`tcp`]: the flow table and reassembly → two ordered byte streams a connection.
//! 4. [`http`]: streams → requests and responses.
//! 5. [`exchange`]: requests paired with their responses.
//! 6. [`auth`]: what an exchange says about authorization.
//! 7. [`diagnosis`]: why: rules, of which several may serve one catalogue entry, history, benign flows.
//!
//! [`engine`] joins them; [`session`] drives an engine in a thread; [`filter`], [`export`] and
//! [`tui`] show what comes out; [`demo`] makes traffic to look at. `docs/ARCHITECTURE.md` has the map.

pub mod auth;
pub mod cache;
pub mod capture;
pub mod cli;
pub mod config;
pub mod counters;
pub mod decode;
pub mod demo;
pub mod diagnosis;
pub mod engine;
pub mod exchange;
pub mod export;
pub mod filter;
pub mod http;
pub mod limits;
pub mod secret;
pub mod session;
pub mod tcp;
pub mod text;
pub mod time;
pub mod tui;
