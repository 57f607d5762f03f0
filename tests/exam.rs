//! The exam: recordings of real servers and clients with known causes (`tests/exam/`), read by the
//! real program. What it prints is compared with what was set up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// One scenario: what was set up, and what the program printed.
struct Scenario {
    name: String,
    label: Value,
    /// All exchanges, in the order of their times.
    exchanges: Vec<Value>,
}

impl Scenario {
    fn read(folder: &Path) -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_why401"))
            .arg("-r")
            .arg(folder.join("capture.pcap"))
            .args(["--json", "--reveal", "-Y", ""])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {output:?}", folder.display());
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut exchanges: Vec<Value> = lines.filter(|line| line["type"] == "exchange").collect();
        exchanges.sort_by_key(|e| (e["time"].as_str().unwrap_or("").to_owned(), e["id"].as_u64()));
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            label: serde_json::from_str(&fs::read_to_string(folder.join("label.json")).unwrap())
                .unwrap(),
            exchanges,
        }
    }

    /// Its 401s by method and path, each with those of the same kind in the order of their times.
    fn refusals(&self) -> BTreeMap<(String, String), Vec<&Value>> {
        let mut refusals = BTreeMap::<_, Vec<&Value>>::new();
        for exchange in self.exchanges.iter().filter(|e| e["response"]["status"] == 401) {
            let request = &exchange["request"];
            refusals.entry(key(&request["method"], &request["target"])).or_default().push(exchange);
        }
        refusals
    }
}

/// Method and path; a target in absolute form counts by its path.
fn key(method: &Value, target: &Value) -> (String, String) {
    let target = target.as_str().unwrap_or_default();
    let path = target
        .split_once("://")
        .map_or(target, |(_, rest)| rest.find('/').map_or("/", |slash| &rest[slash..]));
    (method.as_str().unwrap_or_default().to_owned(), path.to_owned())
}

/// All scenarios, read once for all tests.
static SCENARIOS: LazyLock<Vec<Scenario>> = LazyLock::new(scenarios);

fn scenarios() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exam");
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> =
        entries.filter(|folder| folder.join("label.json").exists()).collect();
    folders.sort();
    assert!(folders.len() >= 100, "only {} scenarios", folders.len());
    folders.iter().map(|folder| Scenario::read(folder)).collect()
}

fn list(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map(|items| items.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// What went wrong, by kind.
#[derive(Default)]
struct Report {
    expected: usize,
    accepted: usize,
    missed: Vec<String>,
    invented: Vec<String>,
    state: Vec<String>,
    benign: Vec<String>,
    intolerable: Vec<String>,
}

impl Report {
    fn mark(&mut self, scenario: &Scenario) {
        let mut refusals = scenario.refusals();
        let expectations = scenario.label["expect"].as_array().unwrap();
        for expected in expectations.iter().rev() {
            self.expected += 1;
            let wanted = &expected["match"];
            let nth = wanted["nth"].as_u64().unwrap() as usize;
            let place =
                format!("{}: {} {} #{nth}", scenario.name, wanted["method"], wanted["path"]);
            let found = refusals.get_mut(&key(&wanted["method"], &wanted["path"]));
            // From the last to the first, so that taking one leaves the numbers of the others.
            match found.filter(|found| found.len() >= nth) {
                Some(found) => self.compare(&place, expected, found.remove(nth - 1)),
                None => self.missed.push(place),
            }
        }
        for ((method, path), left) in refusals {
            self.invented
                .extend(left.iter().map(|_| format!("{}: {method} {path}", scenario.name)));
        }
    }

    fn compare(&mut self, place: &str, expected: &Value, got: &Value) {
        let (authorization, diagnosis) = (&got["authorization"], &got["diagnosis"]);
        if authorization["state"] != expected["auth_state"] {
            self.state
                .push(format!("{place}: {} is {}", authorization["state"], expected["auth_state"]));
        }
        if diagnosis["benign"].as_bool() != expected["benign"].as_bool() {
            self.benign.push(format!("{place}: {} is {}", diagnosis["benign"], expected["benign"]));
        }
        let (id, accept) = (diagnosis["id"].as_str().unwrap_or("none"), list(&expected["accept"]));
        if accept.contains(&id) {
            self.accepted += 1;
        } else if !list(&expected["tolerate"]).contains(&id) {
            self.intolerable.push(format!("{place}: {id}, not {}", accept.join(" or ")));
        }
    }
}

#[test]
fn every_401_is_found_none_is_invented_and_its_cause_is_told() {
    let mut report = Report::default();
    SCENARIOS.iter().for_each(|scenario| report.mark(scenario));
    let Report { expected, accepted, missed, invented, state, benign, intolerable } = report;
    println!(
        "{accepted} of {expected} first diagnoses acceptable; intolerable:\n{}",
        intolerable.join("\n")
    );

    assert!(missed.is_empty(), "401s not found:\n{}", missed.join("\n"));
    assert!(invented.is_empty(), "401s that were not:\n{}", invented.join("\n"));
    assert!(state.is_empty(), "states told wrong:\n{}", state.join("\n"));
    assert!(benign.is_empty(), "benign told wrong:\n{}", benign.join("\n"));
    assert!(accepted * 100 >= expected * 95, "{accepted} of {expected} first diagnoses acceptable");
}

#[test]
fn every_exchange_that_took_place_is_listed_with_its_status() {
    for scenario in SCENARIOS.iter() {
        let mut listed = BTreeMap::<_, i32>::new();
        for exchange in &scenario.exchanges {
            let (request, status) = (&exchange["request"], exchange["response"]["status"].as_u64());
            let (method, path) = key(&request["method"], &request["target"]);
            *listed.entry((method, path, status)).or_default() += 1;
        }
        for exchange in scenario.label["exchanges"].as_array().unwrap() {
            let (method, path) = key(&exchange[0], &exchange[1]);
            let entry = listed.entry((method, path, exchange[2].as_u64())).or_default();
            *entry -= 1;
            assert!(*entry >= 0, "{}: {exchange} is not listed", scenario.name);
        }
    }
}
