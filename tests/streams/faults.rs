//! Recordings of real traffic through a faulty source: what is reported is less, never wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use why401::capture::file::FileSource;
use why401::capture::{Next, Source};
use why401::diagnosis::Case;
use why401::engine::Engine;
use why401::exchange::Exchange;
use why401::limits::{Limits, Patience};
use why401::secret::FingerprintKey;
use why401::time::Timestamp;

use crate::common::faults::{Faulty, Rates};

/// What an exchange is known by: its connection, both messages, and what its credentials were.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    client: SocketAddr,
    server: SocketAddr,
    method: Vec<u8>,
    target: Vec<u8>,
    status: u16,
    state: &'static str,
    authorization: Option<Vec<u8>>,
}

fn told(case: &Case) -> Option<Told> {
    let exchange = &case.exchange;
    let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
    if request.head_loss.is_some() || response.head_loss.is_some() {
        return None;
    }
    Some(Told {
        client: exchange.connection.client,
        server: exchange.connection.server,
        method: request.method().to_vec(),
        target: request.target().to_vec(),
        status: response.status,
        state: case.auth.authorization.state.name(),
        authorization: request.head.get("authorization").map(<[u8]>::to_vec),
    })
}

/// A refusal, by when it was sent: the same in the undisturbed run and in any other.
fn refusal(exchange: &Exchange) -> Option<(SocketAddr, SocketAddr, Timestamp)> {
    let response = exchange.response.as_ref().filter(|response| response.status == 401)?;
    Some((exchange.connection.client, exchange.connection.server, response.time))
}

/// The last word on every exchange.
fn cases(mut source: impl Source, patience: Patience) -> Vec<Arc<Case>> {
    let limits = Limits { patience, ..Limits::default() };
    let mut engine = Engine::new(limits, FingerprintKey::from_bytes(&[7; 32]));
    let mut said = Vec::new();
    loop {
        match source.next() {
            Next::Frame(frame) => engine.push(&frame, &mut said),
            Next::Idle => {}
            Next::End(_) => break,
        }
    }
    engine.finish(&mut said);
    let last: BTreeMap<u64, Arc<Case>> = said.into_iter().map(|case| (case.id(), case)).collect();
    last.into_values().collect()
}

fn recordings() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = std::fs::read_dir(root.join("tests/exam")).unwrap();
    let mut files: Vec<PathBuf> = folders
        .map(|folder| folder.unwrap().path().join("capture.pcap"))
        .filter(|file| file.exists())
        .chain([root.join("src/demo/demo.pcap")])
        .collect();
    files.sort();
    assert!(files.len() > 100, "only {} recordings", files.len());
    files
}

/// Runs of every recording at every rate; `WHY401_FAULT_RUNS` asks for more.
fn runs() -> u64 {
    std::env::var("WHY401_FAULT_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

fn assert_never_wrong(rate: f64) {
    let mut whole = 0;
    for file in recordings() {
        let open = || FileSource::open(&file, false, None).unwrap();
        let undisturbed = cases(open(), Patience::RECORDING);
        let truth: BTreeSet<Told> = undisturbed.iter().filter_map(|case| told(case)).collect();
        let with_credentials: BTreeSet<_> = undisturbed
            .iter()
            .filter(|case| case.auth.authorization.state.name() != "missing")
            .filter_map(|case| refusal(&case.exchange))
            .collect();
        for (seed, patience) in
            (0..runs()).zip([Patience::LIVE, Patience::RECORDING].iter().cycle())
        {
            let faulty = Faulty::new(open(), Rates::all(rate), seed);
            for case in cases(faulty, *patience) {
                let context = || format!("{} seed {seed}: {case:#?}", file.display());
                if let Some(told) = told(&case) {
                    whole += 1;
                    assert!(truth.contains(&told), "no such exchange: {}", context());
                }
                if case.auth.authorization.state.name() == "missing"
                    && let Some(refusal) = refusal(&case.exchange)
                {
                    assert!(!with_credentials.contains(&refusal), "not missing: {}", context());
                }
            }
        }
    }
    assert!(whole > 0, "nothing was seen whole");
}

#[test]
fn one_fault_in_a_thousand_frames_never_makes_an_exchange_wrong() {
    assert_never_wrong(0.001);
}

#[test]
fn one_fault_in_a_hundred_frames_never_makes_an_exchange_wrong() {
    assert_never_wrong(0.01);
}

#[test]
fn one_fault_in_ten_frames_never_makes_an_exchange_wrong() {
    assert_never_wrong(0.1);
}
