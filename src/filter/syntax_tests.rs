//! Spellings, errors and the canonical form.

use super::tests::{assert_differs, assert_matches, case, case_of, jwt};
use super::*;
use crate::diagnosis::testing::get;

#[track_caller]
fn error(expression: &str) -> (String, String) {
    let error = Filter::parse(expression).expect_err(expression);
    (expression.get(error.at.clone()).expect("a valid range").to_owned(), error.message)
}

#[test]
fn what_no_status_and_no_address_can_be_is_not_searched_for() {
    for expression in ["status:4x", "status:4xxx", "status:4011*", "status:4011", "status:9999"] {
        assert!(error(expression).1.contains("is not a status code"), "{expression}");
    }
    for expression in
        ["client:300.1.1.1", "client:1.2.3.4.5", "server::99999", "server::8000..9000", "ip:10..1"]
    {
        assert!(error(expression).1.contains("is not an address"), "{expression}");
    }
    for expression in
        ["ip:10.0.", "ip:.0.0.5", "ip:::ffff", "ip::443", "ip:*.5", "ip:fe80", "ip:25*"]
    {
        assert!(Filter::parse(expression).is_ok(), "{expression}");
    }
}

#[test]
fn wiresharks_spellings_are_taken() {
    assert_matches(
        &case(),
        &[
            "http.response.code == 401 && ip.addr == 10.0.0.5",
            "http.request.method == \"GET\" and http.host contains \"api\"",
            "http.request.uri matches \"^/v[12]/\"",
            "ip.src == 10.0.0.0/8 && tcp.dstport == 8080 && tcp.port in {80, 8080}",
            "tcp.stream eq 17",
            "http.user_agent contains curl",
            "!http.authorization",
            "http.cookie",
            "http && http.response.code ge 400",
            "http.response.code in {400..499}",
            "!(ip.addr == 10.9.9.9)",
            "http.time > 0.2s",
            "http.content_length > 1000",
            "http.request and tcp and ip",
        ],
    );
    assert_differs(&case(), &["http2", "http.authorization", "http.response.code ne 401"]);
}

#[test]
fn quotes_keep_blanks_and_signs() {
    let talk = get("/a b,c(d)\"e\\").answer(401);
    let case = case_of(&talk, jwt(), None);
    assert_matches(
        &case,
        &[
            r#"path:"a b,c""#,
            r#"path="/a b,c(d)\"e\\""#,
            r#"path:"\"e\\""#,
            "path:c(d)",
            "(path:c(d))",
            r#"path:"x y","a b""#,
        ],
    );
}

#[test]
fn a_word_between_slashes_ends_where_any_word_ends() {
    for (written, canonical) in [
        ("/</\"\"", "/</ \"\""),
        ("/a/&&b", "/a/ b"),
        ("/a/||b", "/a/ or b"),
        ("host:/a/\"b\"", "host:/a/ \"b\""),
        ("/a/b", "/a/b"),
    ] {
        let filter = Filter::parse(written).expect(written);
        assert_eq!(filter.to_string(), canonical);
        assert_eq!(Filter::parse(canonical).as_ref(), Ok(&filter), "{written}");
    }
}

#[test]
fn free_text_that_looks_like_an_operator_stays_free_text() {
    for (written, canonical) in
        [("A&&<", "A && <"), ("jwt && eq", "jwt && eq"), ("a && !=b", "a -=b"), ("a||=", "a || =")]
    {
        let filter = Filter::parse(written).expect(written);
        assert_eq!(filter.to_string(), canonical);
        assert_eq!(Filter::parse(canonical).as_ref(), Ok(&filter), "{written}");
    }
}

#[test]
fn an_unknown_field_names_the_nearest() {
    assert_eq!(error("staus:401").0, "staus");
    assert!(error("staus:401").1.contains("did you mean \"status\""));
    assert!(error("host:a lateny>3ms").1.contains("\"latency\""));
    assert!(error("http.respose.code == 401").1.contains("\"http.response.code\""));
    assert!(error("req.heade.x:1").1.contains("\"req.header\""), "{:?}", error("req.heade.x:1"));
    assert!(error("zebra:1").1.contains("quotes"));
}

#[test]
fn an_error_says_where_and_what_to_write_instead() {
    let cases = [
        ("status:abc", "abc", "not a status code"),
        ("status:401 (host:a", "(", "never closed"),
        ("host:a)", ")", "closes nothing"),
        ("host:a or", "", "expression ends"),
        ("or host:a", "or", "condition is expected"),
        ("host:a and or", "or", "condition is expected"),
        ("()", ")", "condition is expected"),
        ("host:\"abc", "\"abc", "quote is never closed"),
        ("host:", "host:", "needs a value"),
        ("method:GET, host:a", "method:GET,", "after the comma"),
        ("auth:mising", "mising", "did you mean \"missing\""),
        ("why:token-expird", "token-expird", "did you mean \"token-expired\""),
        ("confidence>=sure", "sure", "possible, likely, certain"),
        ("latency>200", "200", "200ms or 200s"),
        ("size>big", "big", "10M"),
        ("benign:maybe", "maybe", "yes or no"),
        ("client:api.local", "api.local", "host:"),
        ("client:10.0.0.0/33", "10.0.0.0/33", "not a network"),
        ("path:/(/", "/(/", "no regular expression"),
        ("host>api", "api", "use : = or !="),
        ("status:499..400", "499..400", "ends before it begins"),
        ("status>401,402", "402", "one value"),
        ("status in 401", "", "braces"),
        ("status in {}", "{}", "empty"),
        ("status in {401", "{401", "never closed"),
        ("jwt:x", "jwt", "jwt.iss"),
        ("jwt.exp>now", "now", "compares numbers"),
        ("flow:x", "x", "flow:17"),
    ];
    for (expression, at, message) in cases {
        let (found_at, found) = error(expression);
        assert_eq!(found_at, at, "{expression}: {found}");
        assert!(found.contains(message), "{expression}: {found}");
    }
}

#[test]
fn an_error_is_pointed_at_under_the_expression() {
    let error = Filter::parse("host:ä staus:401").unwrap_err();
    let pointed = error.pointed("host:ä staus:401");
    let (first, second) = pointed.split_once('\n').unwrap();
    assert_eq!(first, "host:ä staus:401");
    assert!(second.starts_with("       ^^^^^ there is no field"), "{second}");
}

#[test]
fn an_error_is_located_in_one_line() {
    let located = |text: &str| Filter::parse(text).unwrap_err().located(text);
    assert!(located("host:ä staus:401").starts_with("at \"staus\" (character 8): there is no"));
    assert!(located("host:a or").starts_with("at the end: "));
}

#[test]
fn nesting_is_bounded_and_never_overflows_the_stack() {
    for deep in ["(".repeat(100_000), "-".repeat(100_000), "not ".repeat(100_000)] {
        assert!(Filter::parse(&deep).is_err());
    }
    let fine = format!("{}a{}", "(".repeat(60), ")".repeat(60));
    assert!(Filter::parse(&fine).is_ok());
}

#[test]
fn the_canonical_spelling_is_short_and_reads_back() {
    let spellings = [
        ("http.response.code == 401 && ip.addr == 10.0.0.5", "status=401 ip=10.0.0.5"),
        ("not ( host:a  or host:b )", "-(host:a or host:b)"),
        ("(status:401 (host:a))", "status:401 host:a"),
        ("a and (b or c)", "a (b or c)"),
        ("STATUS in {401 403}", "status=401,403"),
        ("http.user_agent matches \"a b\"", "req.header.user-agent matches \"a b\""),
        ("host matches ^a", "host:/^a/"),
        ("http.authorization", "req.header.authorization:*"),
        ("host contains a*", "host:\"a*\""),
    ];
    for (written, canonical) in spellings {
        assert_eq!(Filter::parse(written).unwrap().to_string(), canonical);
        assert_eq!(Filter::parse(canonical).unwrap(), Filter::parse(written).unwrap());
    }
}
