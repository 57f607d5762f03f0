//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), as Chrome and Firefox
//! import it. Members that they require are written even where the wire has nothing to say.

use std::fmt::Write as _;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::body;
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::exchange::Exchange;
use crate::http::{Head, Request, Response};
use crate::text;

/// Firefox asks for the page of every entry.
const PAGE: &str = "page_1";

/// Writes an archive of these cases, each with what of it may be shown.
pub fn write<'a>(
    out: &mut impl Write,
    cases: impl IntoIterator<Item = (&'a Case, &'a Masking)>,
) -> io::Result<()> {
    let mut cases = cases.into_iter().peekable();
    let started = cases.peek().map(|(case, _)| case.exchange.time().rfc3339()).unwrap_or_default();
    let creator = json!({"name": "why401", "version": env!("CARGO_PKG_VERSION")});
    let page = json!({
        "startedDateTime": started, "id": PAGE, "title": "why401",
        "pageTimings": {"onContentLoad": -1, "onLoad": -1}
    });
    write!(out, r#"{{"log":{{"version":"1.2","creator":{creator},"pages":[{page}],"entries":["#)?;
    for (index, (case, masking)) in cases.enumerate() {
        let separator = if index == 0 { "\n" } else { ",\n" };
        write!(out, "{separator}{}", escaped(&entry(case, masking).to_string()))?;
    }
    out.write_all(b"\n]}}\n")
}

/// JSON may hold what acts on a terminal: in its strings, where an escape means the same.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if text::is_hazardous(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn entry(case: &Case, masking: &Masking) -> Value {
    let exchange = &*case.exchange;
    let masking = &masking.knowing(exchange, &case.auth);
    let wait = exchange.latency().map_or(0.0, |latency| latency.as_secs_f64() * 1e3);
    let mut entry = json!({
        "pageref": PAGE,
        "startedDateTime": exchange.time().rfc3339(),
        "time": wait,
        "request": match &exchange.request {
            Some(request) => request_object(request, exchange, masking),
            None => no_request(exchange),
        },
        "response": match &exchange.response {
            Some(response) => response_object(response, masking),
            None => no_response(exchange),
        },
        "cache": {},
        // Only the time to the first octet is known.
        "timings": {"send": 0, "wait": wait, "receive": 0},
        "serverIPAddress": exchange.connection.server.ip().to_string(),
        "connection": exchange.connection.flow.to_string(),
    });
    if let Some(comment) = comment(case) {
        entry["comment"] = Value::String(comment);
    }
    entry
}

fn comment(case: &Case) -> Option<String> {
    let diagnosis = &case.verdict.as_ref()?.diagnosis;
    let lead = if diagnosis.benign { "Normal" } else { diagnosis.confidence.lead() };
    Some(format!("{lead}: {} [{}]", diagnosis.entry.title, diagnosis.entry.id))
}

fn request_object(request: &Request, exchange: &Exchange, masking: &Masking) -> Value {
    let target = masking.target(request.target());
    let url = url(&target, request, exchange);
    let mut object = json!({
        "method": text::decode(request.method()),
        "url": url,
        "httpVersion": request.version.name(),
        "cookies": cookies(&request.head, "cookie", masking),
        "headers": headers(&request.head, masking),
        "queryString": query(&target),
        // RFC 9112 knows no end of it once white space is gone; -1 means not available.
        "headersSize": -1,
        "bodySize": request.body.length,
    });
    if let Some(text) = body::text(&request.head, &request.body, masking) {
        object["postData"] = json!({
            "mimeType": text::decode(request.head.get("content-type").unwrap_or_default()),
            "text": text::decode(&text),
        });
    }
    object
}

/// Importers want an absolute URL that parses.
fn url(target: &[u8], request: &Request, exchange: &Exchange) -> String {
    if !target.starts_with(b"/") && target.windows(3).any(|window| window == b"://") {
        return text::decode(target).into_owned();
    }
    let host = request.host().map(text::decode);
    let host = host.filter(|host| !host.is_empty() && host.chars().all(is_of_authority));
    let host = host.map_or_else(|| exchange.connection.server.to_string(), Into::into);
    let separator = if target.starts_with(b"/") { "" } else { "/" };
    format!("http://{host}{separator}{}", text::decode(target))
}

fn is_of_authority(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".-_~:[]%".contains(c)
}

fn query(target: &[u8]) -> Vec<Value> {
    let Some(start) = target.iter().position(|&octet| octet == b'?') else { return Vec::new() };
    text::decode(&target[start + 1..])
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({"name": name, "value": value})
        })
        .collect()
}

fn headers(head: &Head, masking: &Masking) -> Vec<Value> {
    head.fields()
        .map(|(name, value)| {
            let value = masking.header(name, value);
            json!({"name": text::decode(name), "value": text::decode(&value)})
        })
        .collect()
}

/// Pairs of `Cookie`, or the first pair of each `Set-Cookie`.
fn cookies(head: &Head, field: &str, masking: &Masking) -> Vec<Value> {
    let pairs = if field == "cookie" { usize::MAX } else { 1 };
    head.get_all(field)
        .flat_map(|value| {
            let masked = masking.header(field.as_bytes(), value).into_owned();
            let text = text::decode(&masked).into_owned();
            text.split(';').take(pairs).filter_map(cookie).collect::<Vec<_>>()
        })
        .collect()
}

fn cookie(pair: &str) -> Option<Value> {
    let (name, value) = pair.trim().split_once('=')?;
    Some(json!({"name": name, "value": value}))
}

fn response_object(response: &Response, masking: &Masking) -> Value {
    let head = &response.head;
    let location = head.get("location").map(|value| masking.header(b"location", value));
    let mut content = json!({
        "size": response.body.length,
        "mimeType": text::decode(head.get("content-type").unwrap_or(b"x-unknown")),
    });
    if let Some(text) = body::text(head, &response.body, masking) {
        content["text"] = Value::String(text::decode(&text).into_owned());
    } else if masking.reveal && !response.body.start.is_empty() {
        content["text"] = Value::String(STANDARD.encode(body::decoded(head, &response.body)));
        content["encoding"] = json!("base64");
    } else if !response.body.start.is_empty() {
        // What cannot be read cannot be masked.
        content["comment"] = json!("not text: left out while secrets are masked");
    }
    json!({
        "status": response.status,
        "statusText": text::decode(&masking.words(response.reason())),
        "httpVersion": response.version.name(),
        "cookies": cookies(head, "set-cookie", masking),
        "headers": headers(head, masking),
        "content": content,
        "redirectURL": text::decode(&location.unwrap_or_default()),
        "headersSize": -1,
        "bodySize": response.body.length,
    })
}

fn no_request(exchange: &Exchange) -> Value {
    json!({
        "method": "", "url": format!("http://{}/", exchange.connection.server),
        "httpVersion": exchange.version().name(), "cookies": [], "headers": [], "queryString": [],
        "headersSize": -1, "bodySize": -1, "comment": format!("the request was {}", exchange.without_request())
    })
}

/// Status 0 is what browsers write for a request without a response.
fn no_response(exchange: &Exchange) -> Value {
    json!({
        "status": 0, "statusText": "", "httpVersion": exchange.version().name(), "cookies": [],
        "headers": [], "content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "",
        "headersSize": -1, "bodySize": -1, "comment": "no response was captured"
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{Talk, diagnose, get, request};
    use crate::secret::FingerprintKey;

    fn masking(reveal: bool) -> Masking {
        Masking::new(reveal, FingerprintKey::from_bytes(&[1; 32]))
    }

    fn archive(talks: Vec<Talk>, reveal: bool) -> (String, Value) {
        let cases = diagnose(talks);
        let mut out = Vec::new();
        let masking = masking(reveal);
        write(&mut out, cases.iter().map(|case| (&**case, &masking))).unwrap();
        let text = String::from_utf8(out).unwrap();
        let value = serde_json::from_str(&text).expect("valid JSON");
        (text, value)
    }

    fn login() -> Talk {
        request("POST", "/login?access_token=planted-secret-1&next=%2F")
            .host("api.local:8080")
            .auth("Basic YWxpY2U6cGxhbnRlZC1zZWNyZXQtMg==")
            .header("Cookie", "sid=planted-secret-3; theme=dark")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .sends("user=alice&password=planted-secret-4")
            .answer(401)
            .reason("Unauthorized")
            .asks("Basic realm=\"x\"")
            .with("Set-Cookie", "sid=planted-secret-5; Path=/")
            .with("Content-Type", "application/json")
            .body("{\"error\":\"bad\",\"refresh_token\":\"planted-secret-6\"}")
    }

    /// What the importers of Chrome (`HARFormat.ts`) and Firefox (`har-importer.js`) read.
    fn assert_importable(archive: &Value) {
        assert_eq!(archive["log"]["version"], "1.2");
        assert!(archive["log"]["creator"]["name"].is_string());
        let pages = archive["log"]["pages"].as_array().unwrap();
        for entry in archive["log"]["entries"].as_array().unwrap() {
            assert!(pages.iter().any(|page| page["id"] == entry["pageref"]));
            assert!(entry["startedDateTime"].as_str().unwrap().ends_with('Z'));
            assert!(entry["time"].is_number() && entry["cache"].is_object());
            for name in ["send", "wait", "receive"] {
                assert!(entry["timings"][name].is_number(), "{name}");
            }
            let (request, response) = (&entry["request"], &entry["response"]);
            for name in ["method", "url", "httpVersion"] {
                assert!(request[name].is_string(), "{name}");
            }
            assert!(request["url"].as_str().unwrap().starts_with("http://"));
            for name in ["cookies", "headers", "queryString"] {
                assert!(request[name].is_array(), "{name}");
            }
            assert!(response["status"].is_number() && response["redirectURL"].is_string());
            assert!(response["content"]["size"].is_number());
            assert!(response["content"]["mimeType"].is_string());
            for message in [request, response] {
                assert!(message["headersSize"].is_number() && message["bodySize"].is_number());
                for pair in message["headers"].as_array().unwrap() {
                    assert!(pair["name"].is_string() && pair["value"].is_string());
                }
            }
        }
    }

    #[test]
    fn an_archive_has_what_browsers_import() {
        let (_, archive) = archive(vec![login(), get("/x").at(1.0)], false);
        assert_importable(&archive);
        let entry = &archive["log"]["entries"][0];
        assert_eq!(
            entry["request"]["url"].as_str().unwrap().split('?').next().unwrap(),
            "http://api.local:8080/login"
        );
        assert_eq!(entry["request"]["queryString"][1], json!({"name": "next", "value": "%2F"}));
        assert_eq!(entry["response"]["status"], 401);
        assert_eq!(entry["timings"]["wait"], 10.0);
        assert_eq!(entry["serverIPAddress"], "10.0.0.1");
        assert_eq!(archive["log"]["entries"][1]["response"]["status"], 0);
        assert_importable(&super::tests::archive(Vec::new(), false).1);
    }

    #[test]
    fn secrets_are_masked_unless_they_are_asked_for() {
        let (masked, _) = archive(vec![login()], false);
        assert!(!masked.contains("planted-secret"), "{masked}");
        assert!(!masked.contains("cGxhbnRlZ"), "{masked}");
        assert!(masked.contains("sid") && masked.contains("alice") && masked.contains("\"bad"));
        let (revealed, _) = archive(vec![login()], true);
        for number in [1, 3, 4, 5, 6] {
            assert!(revealed.contains(&format!("planted-secret-{number}")), "{number}");
        }
        assert!(revealed.contains("YWxpY2U6cGxhbnRlZC1zZWNyZXQtMg=="));
    }

    #[test]
    fn hostile_hosts_do_not_break_the_url() {
        for (host, url) in [
            ("evil/\u{1b}[2J", "http://10.0.0.1:80/x"),
            ("h@evil/\u{1b}[2J", "http://10.0.0.1:80/x"),
            ("evil/\u{1b}[2J@h", "http://h/x"),
        ] {
            let (_, archive) = archive(vec![get("/x").host(host).answer(401)], false);
            assert_eq!(archive["log"]["entries"][0]["request"]["url"], url);
        }
    }

    #[test]
    fn a_body_that_is_no_text_is_kept_only_when_revealed() {
        let talk = || get("/i").answer(401).with("Content-Type", "image/png").body("\u{1}\u{2}png");
        let content = |reveal| {
            archive(vec![talk()], reveal).1["log"]["entries"][0]["response"]["content"].clone()
        };
        assert!(content(false)["text"].is_null());
        assert_eq!(content(true)["encoding"], "base64");
    }
}
