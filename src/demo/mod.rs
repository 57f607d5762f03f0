//! Embedded servers and clients that make real traffic on loopback: a small shop with an API, a
//! gateway in front of it and an archive beside it, and the clients that get it wrong.
//!
//! Everything runs in one thread of its own and stops when the [`Demo`] is dropped. The sockets
//! are real and their ports chosen by the system, so that the traffic can be captured like any
//! other; [`RECORDED`] is such a capture, for users who may not make their own.

mod client;
mod digest;
mod scenes;
mod servers;
mod token;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use servers::Addresses;

/// A capture of this demo, made by `scripts/record-demo`.
pub const RECORDED: &[u8] = include_bytes!("demo.pcap");

/// Running servers and clients; dropping it stops them all.
#[derive(Debug)]
pub struct Demo {
    addresses: Addresses,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Demo {
    /// Binds the servers on loopback and sets the clients going.
    ///
    /// # Errors
    /// The system gives no socket, thread or runtime.
    pub fn start() -> io::Result<Self> {
        let listeners =
            Listeners { shop: listen()?, api: listen()?, gateway: listen()?, archive: listen()? };
        let addresses = listeners.addresses()?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("demo".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = run(listeners, addresses) => {}
                }
            });
        })?;
        Ok(Self { addresses, stop: Some(stop), thread: Some(thread) })
    }

    /// The ports that the servers listen on.
    pub fn ports(&self) -> [u16; 4] {
        self.addresses.all().map(|address| address.port())
    }

    /// A capture filter for this demo's traffic and nothing else.
    pub fn bpf(&self) -> String {
        self.ports().map(|port| format!("tcp port {port}")).join(" or ")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

struct Listeners {
    shop: TcpListener,
    api: TcpListener,
    gateway: TcpListener,
    archive: TcpListener,
}

impl Listeners {
    fn addresses(&self) -> io::Result<Addresses> {
        Ok(Addresses {
            shop: self.shop.local_addr()?,
            api: self.api.local_addr()?,
            gateway: self.gateway.local_addr()?,
            archive: self.archive.local_addr()?,
        })
    }
}

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Servers and clients, for ever.
async fn run(listeners: Listeners, addresses: Addresses) {
    let servers = servers::serve(listeners, addresses);
    let clients = scenes::play_for_ever(addresses);
    tokio::join!(servers, clients);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::TcpStream;

    use super::*;
    use crate::capture::Next;
    use crate::engine::Engine;
    use crate::limits::Limits;
    use crate::secret::FingerprintKey;
    use crate::session::Input;

    /// The causes that the engine finds in the bundled recording.
    fn recorded_causes() -> BTreeSet<&'static str> {
        let mut input = Input::recording("demo", RECORDED).unwrap();
        let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[7; 32]));
        let mut cases = Vec::new();
        loop {
            match input.source.next() {
                Next::Frame(frame) => engine.push(&frame, &mut cases),
                Next::Idle => {}
                Next::End(_) => break,
            }
        }
        engine.finish(&mut cases);
        let settled = cases.iter().filter(|case| case.settled);
        settled
            .filter_map(|case| Some(case.verdict.as_ref()?.diagnosis.entry.id.as_str()))
            .collect()
    }

    #[test]
    fn the_bundled_recording_holds_every_story_and_fits_into_the_program() {
        let causes = recorded_causes();
        for cause in [
            "api-key-missing",
            "basic-bad-base64",
            "challenge-roundtrip",
            "cors-preflight-rejected",
            "doubled-scheme",
            "duplicate-authorization",
            "empty-credentials",
            "hop-stripped-auth",
            "insufficient-privilege",
            "jwt-malformed",
            "jwt-not-yet-valid",
            "jwt-signature-rejected",
            "jwt-wrong-audience",
            "no-credentials-sent",
            "nonce-refresh",
            "password-guessing",
            "placeholder-value",
            "redirect-dropped-auth",
            "refreshed-and-retried",
            "scheme-mismatch",
            "scheme-missing",
            "session-expired",
            "token-expired",
            "token-rejected",
            "token-revoked",
            "unexpanded-variable",
            "wrong-password",
            "wrong-token-kind",
        ] {
            assert!(causes.contains(cause), "{cause} is not among {causes:?}");
        }
        assert!(RECORDED.len() < 200_000);
    }

    #[test]
    fn dropping_the_demo_closes_its_ports() {
        let demo = Demo::start().unwrap();
        let port = demo.ports()[0];
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        drop(demo);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }

    #[test]
    fn the_capture_filter_names_every_port() {
        let demo = Demo::start().unwrap();
        for port in demo.ports() {
            assert!(demo.bpf().contains(&format!("tcp port {port}")));
        }
    }
}
