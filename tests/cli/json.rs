//! The JSON lines, declared a second time: what does not fit here breaks somebody's script.
#![allow(dead_code, reason = "the fields are there to be read from JSON")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::wire::{Capture, read, refused, sample, text};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Exchange(Box<Exchange>),
    Summary(Box<Summary>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    schema: u64,
    id: u64,
    time: String,
    latency_ms: Option<f64>,
    client: Endpoint,
    server: Endpoint,
    interface: String,
    flow: u64,
    stream: Option<u32>,
    protocol: String,
    request: Option<Request>,
    response: Option<Response>,
    authorization: Authorization,
    alternatives: Vec<Alternative>,
    challenges: Vec<Challenge>,
    diagnosis: Option<Diagnosis>,
    notes: Vec<String>,
    capture: Coverage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Endpoint {
    ip: std::net::IpAddr,
    port: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    target: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    time: String,
    status: Option<u16>,
    reason: String,
    headers: Vec<(String, String)>,
    body_bytes: u64,
    body_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorization {
    state: String,
    scheme: Option<String>,
    shape: Option<String>,
    reason: Option<String>,
    findings: Vec<String>,
    user: Option<String>,
    fingerprint: Option<String>,
    claims: Option<serde_json::Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alternative {
    kind: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Challenge {
    scheme: String,
    realm: Option<String>,
    params: BTreeMap<String, String>,
    token68: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Diagnosis {
    id: String,
    title: String,
    confidence: String,
    benign: bool,
    explanation: String,
    evidence: Vec<Evidence>,
    fix: Fix,
    also: Vec<String>,
    related: Vec<u64>,
    repeat: u32,
    was: Option<String>,
    leg_of: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    field: String,
    value: String,
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fix {
    client: String,
    server: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    complete: bool,
    gap_bytes: u64,
    midstream: bool,
    truncated: bool,
    pairing: String,
    interim_responses: u64,
    anomalies: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    schema: u64,
    exchanges: u64,
    unauthorized: u64,
    benign: u64,
    flows: u64,
    packets: Packets,
    tcp: Tcp,
    limits_hit: BTreeMap<String, u64>,
    input: Input,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packets {
    seen: u64,
    dropped_kernel: u64,
    dropped_interface: u64,
    not_saved: u64,
    undecodable: u64,
    truncated: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tcp {
    retransmitted: u64,
    out_of_order: u64,
    gaps: u64,
    gap_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    ended: String,
    truncated: bool,
    message: Option<String>,
}

fn lines(capture: &Capture, words: &[&str]) -> (Vec<Exchange>, Summary, String) {
    let output = read(&capture.file(), &[&["--json"], words].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let raw = text(&output.stdout);
    let (mut exchanges, mut summary) = (Vec::new(), None);
    for line in raw.lines() {
        assert!(summary.is_none(), "the summary is the last line");
        match serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")) {
            Line::Exchange(exchange) => exchanges.push(*exchange),
            Line::Summary(last) => summary = Some(*last),
        }
    }
    // They come as they are settled, which is not as they were sent.
    exchanges.sort_by_key(|exchange| exchange.id);
    (exchanges, summary.unwrap(), raw)
}

#[test]
fn every_field_has_its_name_and_type() {
    let (exchanges, summary, _) = lines(&sample(), &["-Y", "", "--reveal"]);
    assert_eq!(exchanges.len(), 3);
    let third = &exchanges[2];
    assert_eq!((third.schema, third.client.port, third.server.port), (1, 50_003, 8080));
    assert_eq!(third.time, "2026-11-21T12:00:02.015000Z");
    assert_eq!((third.latency_ms, third.protocol.as_str()), (Some(1.0), "HTTP/1.1"));
    let request = third.request.as_ref().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/three"));
    assert_eq!(request.host.as_deref(), Some("api.local"));
    assert_eq!(request.headers[0], ("Host".to_owned(), "api.local".to_owned()));
    let response = third.response.as_ref().unwrap();
    assert_eq!((response.status, response.reason.as_str()), (Some(401), "Unauthorized"));
    assert_eq!((response.body_bytes, response.body_text.as_deref()), (6, Some("denied")));
    assert_eq!(third.authorization.state, "present");
    assert_eq!(third.authorization.scheme.as_deref(), Some("Basic"));
    assert_eq!(third.authorization.shape.as_deref(), Some("user-pass"));
    assert_eq!(third.authorization.user.as_deref(), Some("alice"));
    assert_eq!(third.challenges[0].realm.as_deref(), Some("here"));
    assert!(third.capture.complete && !third.capture.midstream);
    assert!(exchanges[1].diagnosis.is_none(), "a 200 needs no diagnosis");
    assert_eq!(exchanges[0].alternatives[0].kind, "query");
    assert_eq!((summary.exchanges, summary.unauthorized, summary.flows), (3, 2, 3));
    assert_eq!((summary.packets.seen, summary.input.ended.as_str()), (18, "complete"));
}

#[test]
fn every_refusal_has_a_diagnosis() {
    let (exchanges, _, _) = lines(&sample(), &[]);
    assert_eq!(exchanges.len(), 2);
    for exchange in &exchanges {
        let diagnosis = exchange.diagnosis.as_ref().unwrap();
        assert!(!diagnosis.title.is_empty() && !diagnosis.explanation.is_empty());
        assert!(!diagnosis.fix.client.is_empty() && !diagnosis.evidence.is_empty());
    }
}

#[test]
fn fields_stand_in_the_documented_order() {
    let (_, _, raw) = lines(&sample(), &[]);
    let first = raw.lines().next().unwrap();
    let order = [
        "schema",
        "type",
        "id",
        "time",
        "latency_ms",
        "client",
        "server",
        "interface",
        "flow",
        "stream",
        "protocol",
        "request",
        "response",
        "authorization",
        "alternatives",
        "challenges",
        "diagnosis",
        "notes",
        "capture",
    ];
    let object: serde_json::Map<String, Value> = serde_json::from_str(first).unwrap();
    assert_eq!(object.keys().collect::<Vec<_>>(), order);
}

#[test]
fn octets_survive_whatever_they_are() {
    let mut capture = Capture::new();
    let (_, response) = refused("/", "");
    // UTF-8 stays as it is; "\u{202e}" would turn around what stands beside it on a terminal.
    let request = "GET /%7F\u{fc} HTTP/1.1\r\nHost: x\r\nX-Odd: \"a\\\u{202e}\t\u{1b}[2J\"\r\n\r\n";
    capture.conversation(request, &response);
    let (exchanges, _, raw) = lines(&capture, &[]);
    let request = exchanges[0].request.as_ref().unwrap();
    assert_eq!(request.target, "/%7F\u{fc}");
    assert_eq!(request.headers[1].1, "\"a\\\u{202e}\t\u{1b}[2J\"");
    assert!(!raw.contains('\u{202e}') && !raw.contains('\u{1b}'), "{raw}");
}

#[test]
fn the_published_schema_names_the_same_fields() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json-schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let (_, _, raw) = lines(&sample(), &["-Y", ""]);
    for line in raw.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let definition = format!("/$defs/{}", line["type"].as_str().unwrap());
        let problems = violations(schema.pointer(&definition).unwrap(), &line, &schema, "");
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

/// Checks what the published schema uses of JSON Schema, and refuses a keyword that it does not know.
fn violations(rule: &Value, value: &Value, root: &Value, path: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (keyword, argument) in rule.as_object().unwrap() {
        let fits = match keyword.as_str() {
            "description" | "pattern" | "prefixItems" => true,
            "$ref" => {
                let target =
                    root.pointer(argument.as_str().unwrap().trim_start_matches('#')).unwrap();
                wrong.extend(violations(target, value, root, path));
                true
            }
            "type" => match argument {
                Value::Array(types) => types.iter().any(|name| is_of_type(value, name)),
                name => is_of_type(value, name),
            },
            "const" => value == argument,
            "enum" => argument.as_array().unwrap().contains(value),
            "oneOf" => {
                let alternatives = argument.as_array().unwrap();
                let each = alternatives.iter().map(|rule| violations(rule, value, root, path));
                each.filter(Vec::is_empty).count() == 1
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap()),
            "minItems" => value.as_array().unwrap().len() as u64 >= argument.as_u64().unwrap(),
            "maxItems" => value.as_array().unwrap().len() as u64 <= argument.as_u64().unwrap(),
            "items" => {
                for (index, item) in value.as_array().unwrap().iter().enumerate() {
                    wrong.extend(violations(argument, item, root, &format!("{path}/{index}")));
                }
                true
            }
            "required" => argument
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" | "additionalProperties" => {
                if keyword == "properties" || rule.get("properties").is_none() {
                    let named = rule.get("properties");
                    for (name, member) in value.as_object().into_iter().flatten() {
                        let path = format!("{path}/{name}");
                        match named
                            .and_then(|rules| rules.get(name))
                            .or(rule.get("additionalProperties"))
                        {
                            Some(Value::Bool(false)) => {
                                wrong.push(format!("{path} is not in the schema"));
                            }
                            Some(rule @ Value::Object(_)) => {
                                wrong.extend(violations(rule, member, root, &path));
                            }
                            _ => {}
                        }
                    }
                }
                true
            }
            other => panic!("the schema uses {other}, which this check does not know"),
        };
        if !fits {
            wrong.push(format!("{path}: {value} does not fit {keyword} {argument}"));
        }
    }
    wrong
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

#[test]
fn a_file_read_twice_gives_the_same_lines() {
    let capture = sample();
    let file = capture.file();
    let (first, second) = (read(&file, &["--json", "-Y", ""]), read(&file, &["--json", "-Y", ""]));
    assert!(!first.stdout.is_empty());
    assert_eq!(text(&first.stdout), text(&second.stdout));
}
