mod leaks;

use proptest::prelude::*;

use super::*;
use crate::auth::Memo;
use crate::diagnosis::testing::get;
use crate::http::Head;

fn masking() -> Masking {
    Masking::new(false, FingerprintKey::from_bytes(&[7; 32]))
}

fn header(name: &str, value: &str) -> String {
    text::decode(&masking().header(name.as_bytes(), value.as_bytes())).into_owned()
}

#[test]
fn a_token_shows_scheme_beginning_and_fingerprint() {
    let shown = header("Authorization", "Bearer abcdefghijklmnopqrstuvwxyz");
    assert!(shown.starts_with("Bearer abcd…(masked, fp "), "{shown}");
    let shown = header("Authorization", "Bearer abc");
    assert!(shown.starts_with("Bearer (masked, fp "), "{shown}");
    let shown = header("authorization", "Basic YWxpY2U6c2VjcmV0c2VjcmV0c2VjcmV0");
    assert!(shown.starts_with("Basic (masked, fp "), "{shown}");
}

#[test]
fn what_is_no_secret_stays_readable() {
    for (name, value) in [
        ("Authorization", "Bearer undefined"),
        ("Authorization", "Bearer $TOKEN"),
        ("Authorization", "Bearer"),
        ("Authorization", "$TOKEN"),
        ("Authorization", "NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAA="),
        ("WWW-Authenticate", "NTLM TlRMTVNTUAACAAAAAAAAAAAAAAA="),
        ("WWW-Authenticate", "Digest realm=\"x\", nonce=\"abc\""),
        ("X-API-Key", "undefined"),
        ("Cookie", "sid=undefined"),
        ("Set-Cookie", "sid=; Max-Age=0"),
        ("Token-Expired", "true"),
        ("Host", "api.local"),
        ("Location", "/login?next=%2Fhome"),
        ("X-RateLimit-Remaining-Tokens", "100"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        assert_eq!(header(name, value), value, "{name}");
    }
    let body = br#"{"error":"invalid_token","code":"token_not_valid","token":null}"#;
    assert_eq!(masking().body(None, body), Cow::Borrowed(&body[..]));
    let body = br#"{"response":{"code":"E401","key":"name","auth":{"required":"yes"}}}"#;
    assert_eq!(masking().body(None, body), Cow::Borrowed(&body[..]));
    let target = b"/a?page=2&token=&api_key=undefined&tokens=3";
    assert_eq!(masking().target(target), Cow::Borrowed(&target[..]));
}

#[test]
fn reveal_shows_everything() {
    let masking = Masking { reveal: true, ..masking() };
    assert_eq!(*masking.header(b"Authorization", b"Basic YTpi"), *b"Basic YTpi");
}

#[test]
fn names_that_the_user_calls_secret_are() {
    let own = OwnNames::new(&["X-Employee-Id".to_owned()], &["ssn".to_owned()]);
    let masking = Masking { own: Arc::new(own), ..masking() };
    assert!(masking.header(b"x-employee-id", b"4711").starts_with(b"(masked"));
    assert!(!masking.target(b"/?SSN=078051120&a=1").windows(3).any(|octets| octets == b"078"));
    let body = masking.body(None, br#"{"ssn":"078051120","a":1}"#).into_owned();
    assert!(!body.windows(3).any(|octets| octets == b"078"), "{}", text::decode(&body));
}

#[test]
fn digest_keeps_its_public_parameters() {
    let shown = header(
        "Authorization",
        "Digest username=\"alice\", realm=\"zone\", nonce=\"n\", uri=\"/\", nc=00000001, response=\"0123456789abcdef\"",
    );
    assert!(shown.contains("username=\"alice\"") && shown.contains("nc=00000001"), "{shown}");
    assert!(shown.contains("response=\"(masked"), "{shown}");
}

/// Every place in which the product promises to mask, with `@` where the secret stands.
const HEADERS: [(&str, &str); 43] = [
    ("X-Shopify-Hmac-Sha256", "@"),
    ("X-Acme-HMAC", "@"),
    ("CB-ACCESS-SIGN", "@"),
    ("Authorization", "Bearer @"),
    ("Authorization", "bearer  @"),
    ("Authorization", "Token @"),
    ("Authorization", "Token token=\"@\""),
    ("Authorization", "Custom @"),
    ("Authorization", "Basic alice:@"),
    ("Authorization", "@"),
    ("Authorization", "Bearer@"),
    ("Authorization", "Bearer:@"),
    ("Authorization", "Bearer \"@\""),
    ("Authorization", "\"@\""),
    ("Authorization", "Bearer Bearer @"),
    ("Authorization", "Bearer Basic @"),
    ("Authorization", "Bearer @ trailing"),
    ("Authorization", "Bearer first @"),
    ("Authorization", "Bearer a, Basic @"),
    ("Authorization", "Bearer @, Basic b"),
    ("Authorization", "Basic b'@'"),
    ("Authorization", "Bearer Optional(\"@\")"),
    ("Authorization", "Bearer {\"access_token\":\"@\"}"),
    ("Authorization", "undefined @"),
    ("Authorization", "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"@\""),
    ("Authorization", "Digest username=\"a\", response=\"@"),
    ("Authorization", "Digest uri=\"/x?access_token=@\", response=\"1\""),
    (
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKID/20250601/r/s/aws4_request, SignedHeaders=host, Signature=@",
    ),
    ("Authorization", "Hawk id=\"a\", ts=\"1\", nonce=\"x\", mac=\"@\""),
    ("Authorization", "OAuth oauth_consumer_key=\"k\", oauth_token=\"@\", oauth_signature=\"s\""),
    ("Authorization", "Signature keyId=\"k\",headers=\"date\",signature=\"@\""),
    ("Authorization", "SharedKey account:@"),
    ("Proxy-Authorization", "Bearer @"),
    ("Authentication-Info", "rspauth=\"@\", qop=auth"),
    ("Cookie", "theme=dark; sid=@; x=@"),
    ("Set-Cookie", "sid=@; Path=/; HttpOnly"),
    ("X-API-Key", "@"),
    ("X-Auth", "Bearer @"),
    ("X-Odd-Name", "Bearer @"),
    ("X-CSRF-Token", "@"),
    ("Signature", "sig1=:@:"),
    ("Location", "https://alice:@@host/cb?x=1"),
    ("Referer", "https://host/cb?a=1&access_token=@#id_token=@"),
];

const BODIES: [(&str, &str); 22] = [
    ("application/x-www-form-urlencoded", "user=alice&password=@&x=1"),
    ("application/x-www-form-urlencoded", "grant_type=refresh_token&refresh_token=@"),
    ("", "client_id=a&client_secret=@"),
    ("application/json", "{\"user\":\"alice\",\"password\":\"@\"}"),
    ("application/x-www-form-urlencoded", "j_username=alice&j_password=@"),
    ("application/x-www-form-urlencoded", "client_assertion=@&SAMLResponse=@"),
    ("application/json", "{\"variables\":{\"input\":{\"mfa_code\":\"@\",\"otpCode\":\"@\"}}}"),
    ("application/json", "{\"refresh\":\"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.@\"}"),
    ("application/json", "{\"accessToken\": \"@\""),
    ("application/json", "{\"a\":[{\"api_key\" : \"@"),
    ("application/json", "{\"token\":{\"value\":\"@\"}}"),
    ("application/json", "{\"passwords\":1,\"tokens\":[],\"secret\":[\"x\",\"@\"]}"),
    ("application/problem+json", "{\"\\u0070assword\":\"@\"}"),
    ("text/plain", "{\"id_token\":\"@\"}"),
    ("application/json", "{\"body\":\"{\\\"password\\\":\\\"@\\\"}\"}"),
    ("application/json", "{\"body\":\"{\\\"password\\\":\\\"@"),
    ("application/json", "{\"query\":\"mutation { login(user:\\\"a\\\", password: \\\"@\\\") }\"}"),
    ("application/json", "{\"key\":\"@\"}"),
    (
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n@\r\n--b--\r\n",
    ),
    ("text/xml", "<s:Body><wsse:Password Type=\"PasswordText\">@</wsse:Password></s:Body>"),
    ("text/html", "see https://host/reset?token=@ now"),
    ("text/plain", "https://u:@@host/"),
];

const TARGETS: [&str; 12] = [
    "/a?access_token=@",
    "/a?x=1&api_key=@&y=2",
    "/a?apikey=@",
    "/a?password=@",
    "/a?sig=@",
    "/a?client_secret=@",
    "/a?X-Amz-Signature=@",
    "/a?access%5Ftoken=@",
    "/cb?code=@",
    "http://alice:@@host/a",
    "http://@@host/a",
    "/login?next=http%3A%2F%2Fh%2F%3Ftoken%3D@",
];

proptest! {
    #[test]
    fn a_planted_secret_never_appears(secret in "[A-Za-z][0-9][A-Za-z0-9]{18,40}") {
        let masking = masking();
        let plant = |template: &str| template.replace("@@", "\0@").replace('@', "\u{1}")
            .replace("\0\u{1}", &format!("{secret}@")).replace('\u{1}', &secret);
        for (name, template) in HEADERS {
            let shown = header(name, &plant(template));
            prop_assert!(!shown.contains(&secret), "{name}: {template}: {shown}");
        }
        for (content_type, template) in BODIES {
            let body = plant(template);
            let shown = masking.body(Some(content_type.as_bytes()), body.as_bytes());
            let shown = text::decode(&shown);
            prop_assert!(!shown.contains(&secret), "{content_type}: {template}: {shown}");
        }
        for template in TARGETS {
            let target = plant(template);
            let shown = masking.target(target.as_bytes());
            let shown = text::decode(&shown);
            prop_assert!(!shown.contains(&secret), "{template}: {shown}");
        }
    }

    #[test]
    fn masking_takes_any_octets(octets: Vec<u8>, name in "[A-Za-z-]{1,20}") {
        let masking = masking();
        masking.header(name.as_bytes(), &octets);
        masking.header(b"Authorization", &octets);
        masking.header(b"Cookie", &octets);
        masking.target(&octets);
        for content_type in [&b"application/json"[..], b"multipart/x", b"text/xml"] {
            masking.body(Some(content_type), &octets);
        }
    }

    #[test]
    fn masking_takes_any_lines_and_members(
        text in r#"(password|token|value|name|key| |- |:|=|\n|"|'|\||>|<|</|\[|\]|\{|\}|,|x1y2z3|\\){0,40}"#,
    ) {
        for content_type in ["text/plain", "text/yaml", "application/json", "text/xml"] {
            masking().body(Some(content_type.as_bytes()), text.as_bytes());
        }
        masking().words(text.as_bytes());
        shown_words(&text);
    }
}

#[test]
fn keys_in_headers_of_a_products_own_are_secrets() {
    for name in ["X-Service-Key", "x_acme_secret", "X-Acme-Token"] {
        let shown = header(name, "k-77aa-51c0-9f21");
        assert!(!shown.contains("51c0"), "{name}: {shown}");
    }
    assert_eq!(header("X-Idempotency-Key", "8e03978e"), "8e03978e");
}

#[test]
fn a_password_beside_its_user_in_the_query_is_a_secret_and_a_page_is_not() {
    let shown = |target: &str| text::decode(&masking().target(target.as_bytes())).into_owned();
    let login = shown("/query?q=x&u=alice&p=hunter-3");
    assert!(login.contains("u=alice") && !login.contains("hunter"), "{login}");
    assert_eq!(shown("/list?p=2&q=x"), "/list?p=2&q=x");
}

#[test]
fn a_request_that_is_known_shows_its_cookies_as_any_field() {
    let many: Vec<String> = (0..80).map(|number| format!("sid{number}=secret-{number}")).collect();
    let fields: Vec<(&[u8], &[u8])> = vec![
        (b"Cookie", b"theme=dark; sid=one-secret;sid=two-secret ; ;=;sid;token=; auth=undefined"),
        (b"cookie", b"sid=one-secret; session=\xe9\xe9\xe9-secret"),
        (b"Cookie", b"  session=  spaced-secret  "),
        (b"Cookie", b";;"),
        (b"COOKIE", many.join("; ").leak().as_bytes()),
    ];
    let mut exchange = get("/").answer(401).exchange(1);
    let request = exchange.request.as_mut().unwrap();
    request.head = Head::from_parts(b"GET", b"/", fields.iter().copied());
    let facts = AuthFacts::of(&exchange, &masking().key, &mut Memo::default());
    assert!(facts.alternatives.iter().any(|one| one.at.is_some()));
    let known = masking().knowing(&exchange, &facts);
    for (at, (name, value)) in fields.into_iter().enumerate() {
        let shown = known.request_header(at, name, value).into_owned();
        assert_eq!(text::decode(&shown), header(&text::decode(name), &latin1(value)), "{at}");
        assert!(!text::decode(&shown).contains("-secret"), "{at}");
    }
}

/// The text that octets stand for.
fn latin1(octets: &[u8]) -> String {
    text::decode(octets).into_owned()
}
