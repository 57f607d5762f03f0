//! Which parts of a body are the server's words about a refusal.
//!
//! A login page speaks of passwords everywhere and an API's answer repeats the request: only the
//! places where programs put their reasons are read.

use std::sync::LazyLock;

use regex::{Regex, bytes};
use serde_json::Value;

/// Members whose text is a reason; compared without case, `_` and `-`.
const REASONS: [&str; 42] = [
    "error",
    "errordescription",
    "message",
    "msg",
    "detail",
    "details",
    "reason",
    "reasons",
    "code",
    "title",
    "description",
    "messageid",
    "hint",
    "exception",
    "errormessage",
    "errormsg",
    "errmsg",
    "err",
    "errorcode",
    "errorsummary",
    "errortype",
    "errors",
    "messages",
    "faultstring",
    "fault",
    "status",
    "statusmessage",
    "statustext",
    "statusstring",
    "usermessage",
    "developermessage",
    "response",
    "result",
    "info",
    "cause",
    "failure",
    "name",
    "reasonphrase",
    "nonfielderrors",
    "exp",
    "nbf",
    "text",
];

/// Members that hold such members.
const CONTAINERS: [&str; 9] = [
    "meta",
    "data",
    "body",
    "rootcause",
    "causedby",
    "extensions",
    "responsestatus",
    "payload",
    "envelope",
];

/// Depth to which members are followed.
const DEPTH: usize = 5;

/// Texts looked at.
const TEXTS: usize = 24;

/// Longest text looked at, in octets.
const LENGTH: usize = 1000;

/// The texts in which a body may say why.
pub fn texts(body: &str, content_type: Option<&str>) -> Vec<String> {
    let body = body.trim_start_matches('\u{feff}').trim();
    let mut out = Vec::new();
    if body.starts_with(['{', '[']) || body.starts_with('"') {
        match serde_json::from_str::<Value>(body) {
            Ok(value) => json(&value, true, DEPTH, &mut out),
            Err(_) => cut_json(body, &mut out),
        }
    } else if is_page(body, content_type) {
        hypertext(body, &mut out);
        if out.is_empty() && !body.starts_with('<') {
            push(&without_tags(body), &mut out);
        }
    } else if body.starts_with('<') {
        xml(body, &mut out);
    } else if content_type.is_some_and(|kind| kind.contains("form-urlencoded")) {
        push(&body.replace(['&', '+'], " "), &mut out);
    } else {
        push(body, &mut out);
    }
    out
}

/// Whether it is a page for people, or at least said to be one.
pub fn is_page(body: &str, content_type: Option<&str>) -> bool {
    let body = body.trim_start_matches('\u{feff}').trim_start();
    if body.starts_with(['{', '[', '"']) {
        return false;
    }
    let is_named = || {
        let start: String = body.chars().take(300).collect::<String>().to_ascii_lowercase();
        start.contains("<html") || start.contains("<!doctype html")
    };
    content_type.is_some_and(|kind| kind.contains("html")) || body.starts_with('<') && is_named()
}

fn push(text: &str, out: &mut Vec<String>) {
    let text = text.trim();
    if !text.is_empty() && out.len() < TEXTS {
        let end = text.char_indices().map(|(at, _)| at).find(|&at| at >= LENGTH);
        out.push(text[..end.unwrap_or(text.len())].to_owned());
    }
}

fn plain_name(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase()
}

/// `reason`: a bare text here is a reason.
fn json(value: &Value, reason: bool, depth: usize, out: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::String(text) if reason => push(text, out),
        Value::Array(values) => {
            for value in values.iter().take(TEXTS) {
                json(value, reason, depth - 1, out);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let name = plain_name(name);
                if REASONS.contains(&name.as_str()) {
                    json(value, true, depth - 1, out);
                } else if CONTAINERS.contains(&name.as_str()) {
                    json(value, false, depth - 1, out);
                }
            }
        }
        _ => {}
    }
}

fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// For a pattern of markup, all of it ASCII: without Unicode it compiles in a fraction of the time.
fn compile_ascii(pattern: &str) -> Option<bytes::Regex> {
    bytes::Regex::new(pattern).ok()
}

/// JSON whose end was not captured.
fn cut_json(body: &str, out: &mut Vec<String>) {
    static MEMBER: LazyLock<Option<Regex>> =
        LazyLock::new(|| compile(r#""([A-Za-z_-]{2,24})"\s*:\s*"((?:[^"\\]|\\.)*)""#));
    let Some(member) = MEMBER.as_ref() else { return };
    let before = out.len();
    for found in member.captures_iter(body) {
        if REASONS.contains(&plain_name(&found[1]).as_str()) {
            push(&found[2].replace("\\\"", "\""), out);
        }
    }
    if out.len() == before {
        push(body, out);
    }
}

/// Title, headings, preformatted text and the first paragraphs.
fn hypertext(body: &str, out: &mut Vec<String>) {
    static PARTS: LazyLock<Option<bytes::Regex>> = LazyLock::new(|| {
        compile_ascii(concat!(
            r"(?is-u)<title\b[^>]*>(.*?)</title|<h[123]\b[^>]*>(.*?)</h[123]|<pre\b[^>]*>(.*?)</pre",
            r"|<p\b[^>]*>(.*?)(?:</p|<p\b|</body)|<th>MESSAGE:</th>\s*<td>(.*?)</td"
        ))
    });
    static PASSWORD: LazyLock<Option<bytes::Regex>> =
        LazyLock::new(|| compile_ascii(r#"(?i-u)<input[^>]{0,200}type\s*=\s*["']?password"#));
    let Some(parts) = PARTS.as_ref() else { return };
    let login = PASSWORD.as_ref().is_some_and(|input| input.is_match(body.as_bytes()));
    let mut paragraphs = if login { 1 } else { 4 };
    let text = |part: bytes::Match<'_>| body.get(part.range()).unwrap_or_default();
    for found in parts.captures_iter(body.as_bytes()) {
        if let Some(paragraph) = found.get(4) {
            if paragraphs > 0 {
                paragraphs -= 1;
                push(&without_tags(text(paragraph)), out);
            }
        } else if let Some(part) = found.iter().skip(1).flatten().next() {
            push(&without_tags(text(part)), out);
        }
    }
}

/// Elements whose text is a reason, with or without a namespace.
fn xml(body: &str, out: &mut Vec<String>) {
    static ELEMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        compile(r"(?s)<(?:[A-Za-z][\w.-]*:)?([A-Za-z][\w.-]*)(?:\s[^<>]*)?>([^<]+)</")
    });
    let Some(element) = ELEMENT.as_ref() else { return };
    for found in element.captures_iter(body) {
        let name = plain_name(&found[1]);
        if name != "name" && REASONS.contains(&name.as_str()) {
            push(&without_tags(&found[2]), out);
        }
    }
}

/// Text without tags, its entities resolved, its white space joined.
fn without_tags(text: &str) -> String {
    let text = tags_as_spaces(text);
    let text = [
        "&quot;\"", "&#34;\"", "&#39;'", "&apos;'", "&#x27;'", "&nbsp; ", "&lt;<", "&gt;>",
        "&amp;&",
    ]
    .into_iter()
    .fold(text, |text, pair| {
        let (entity, character) = pair.split_at(pair.len() - 1);
        if text.contains(entity) { text.replace(entity, character) } else { text }
    });
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With a space in place of each tag; a `<` that nothing closes stays.
fn tags_as_spaces(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        let Some((_, after)) = tag.split_once('>') else { break };
        out.push_str(before);
        out.push(' ');
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reasons_are_found_at_any_usual_place() {
        let body = r#"{"error":{"root_cause":[{"type":"security_exception","reason":"no credentials"}],"status":401},"user":"expired"}"#;
        assert_eq!(texts(body, None), ["no credentials"]);
        assert_eq!(texts(r#"{"errors":["permission denied"]}"#, None), ["permission denied"]);
        assert_eq!(texts(r#"{"Message":"x","error_description":"y"}"#, None), ["x", "y"]);
        assert_eq!(texts(r#"[{"msg":"x"}]"#, None), ["x"]);
        assert_eq!(texts(r#""Unauthorized""#, None), ["Unauthorized"]);
    }

    #[test]
    fn json_that_was_cut_still_speaks() {
        assert_eq!(
            texts(r#"{"message":"jwt \"x\" expired","trace":"at"#, None),
            ["jwt \"x\" expired"]
        );
    }

    #[test]
    fn a_login_page_is_not_taken_for_a_reason() {
        let page = "<!DOCTYPE html><html><title>Sign in</title><p>Welcome</p><p>Wrong password?</p>\
                    <form><input name=p type=\"password\"></form></html>";
        assert_eq!(texts(page, Some("text/html")), ["Sign in", "Welcome"]);
    }

    #[test]
    fn error_pages_give_headings_and_first_paragraphs() {
        let tomcat = "<!doctype html><html><head><title>HTTP Status 401 – Unauthorized</title></head>\
            <body><h1>HTTP Status 401 – Unauthorized</h1><p><b>Type</b> Status Report</p>\
            <p><b>Message</b> Full authentication is required</p></body></html>";
        let texts = texts(tomcat, Some("text/html;charset=utf-8"));
        assert_eq!(
            texts.last().map(String::as_str),
            Some("Message Full authentication is required")
        );
    }

    #[test]
    fn xml_reasons_are_found_with_and_without_namespace() {
        let body = "<?xml version=\"1.0\"?><d:error xmlns:d=\"DAV:\"><s:exception>NotAuthenticated</s:exception>\
            <s:message>No &#39;Authorization: Basic&#39; header found</s:message></d:error>";
        assert_eq!(
            texts(body, None),
            ["NotAuthenticated", "No 'Authorization: Basic' header found"]
        );
        assert_eq!(texts("<Error><Code>ExpiredToken</Code></Error>", None), ["ExpiredToken"]);
    }
}
