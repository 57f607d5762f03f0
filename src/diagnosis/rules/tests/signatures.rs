//! Signatures outside the credentials field, and keys beside other credentials.

use crate::diagnosis::testing::{Talk, diagnose, get, request, why};

const BASIC: &str = "Basic YWxpY2U6c2VjcmV0";

fn verdict(talk: Talk) -> String {
    why(&diagnose([talk])[0])
}

fn explanation(talk: Talk) -> String {
    diagnose([talk])[0].verdict.as_ref().unwrap().diagnosis.explanation()
}

fn hook(name: &str) -> Talk {
    request("POST", "/hooks").header(name, "sha256=abcdef0123").sends("{}").answer(401)
}

#[test]
fn a_signed_webhook_is_not_a_request_without_credentials() {
    for name in [
        "X-Hub-Signature-256",
        "Stripe-Signature",
        "X-Slack-Signature",
        "X-Shopify-Hmac-Sha256",
        "X-Signature-Ed25519",
        "CB-ACCESS-SIGN",
    ] {
        let talk = hook(name);
        assert_eq!(verdict(talk.clone()), "signature-auth-rejected possible", "{name}");
        let named = talk.clone().body("Invalid signature");
        assert_eq!(verdict(named.clone()), "signature-auth-rejected certain", "{name}");
        assert!(explanation(named).contains(name), "{name}");
        // The signature is for the application, and something in front wants a login.
        let asks = talk.asks("Basic realm=\"x\"");
        assert_eq!(verdict(asks), "no-credentials-sent likely", "{name}");
    }
    for name in ["X-Signature-Version", "X-Design"] {
        assert_eq!(verdict(hook(name)), "no-credentials-sent certain", "{name}");
    }
    let proxy = hook("X-Hub-Signature").answer(407).with("Proxy-Authenticate", "Basic realm=\"x\"");
    assert_eq!(verdict(proxy), "no-credentials-sent certain");
}

#[test]
fn of_a_key_and_a_signature_the_servers_words_say_which() {
    let talk = hook("X-Acme-Signature").header("X-Acme-Key", "k-77aa-51c0");
    assert_eq!(verdict(talk.clone().body("Invalid signature")), "signature-auth-rejected certain");
    assert_eq!(verdict(talk.body("Invalid API key")), "token-rejected possible");
}

/// RFC 5849 §3.5.3, as WooCommerce has it over plain http.
#[test]
fn an_oauth_signature_in_the_query_is_one() {
    let signed = |time: &str| {
        let target = format!(
            "/wp-json/wc/v3/orders?oauth_consumer_key=ck_1&oauth_timestamp={time}&oauth_nonce=n\
             &oauth_signature_method=HMAC-SHA256&oauth_signature=abc%3D"
        );
        get(&target).answer(401)
    };
    let words = "Invalid signature - provided signature does not match.";
    let talk = signed("1748779200");
    assert_eq!(verdict(talk.clone().body(words)), "signature-auth-rejected certain");
    assert!(explanation(talk.body(words)).contains("OAuth signature"));
    assert_eq!(verdict(signed("1748770000")), "signature-auth-rejected certain");
}

#[test]
fn a_shared_access_signature_says_when_it_ends() {
    let until = |end: &str| get(&format!("/c/b?sv=2022-11-02&se={end}&sig=abc%3D")).answer(401);
    let words = "Signature not valid in the specified time frame";
    let over = until("2025-06-01T00%3A00%3A00Z");
    assert_eq!(verdict(over.clone().body(words)), "signature-auth-rejected certain");
    assert!(explanation(over).contains("it ended 12 h"));
    assert_eq!(verdict(until("1748775600")), "signature-auth-rejected certain");
    assert_eq!(verdict(until("2025-06-02T00%3A00%3A00Z")), "signature-auth-rejected possible");
    // `sig` alone is often something else.
    assert_eq!(verdict(get("/?sig=abc").answer(401)), "no-credentials-sent likely");
}

#[test]
fn a_key_in_the_query_that_the_server_judges_was_sent() {
    let key = |words: &str| verdict(get("/v1/p?key=k-77aa-51c0").answer(401).body(words));
    assert_eq!(key("API key not valid"), "token-rejected possible");
    assert_eq!(key("API keys are not supported by this API"), "token-rejected possible");
    assert_eq!(key("Unauthorized"), "no-credentials-sent likely");
}

#[test]
fn a_key_beside_a_login_is_what_the_server_means_that_calls_it_one() {
    let jwt =
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";
    for login in [BASIC, jwt] {
        let talk = get("/").auth(login).header("X-Api-Key", "k-77aa-51c0").answer(401);
        let named = talk.clone().body("Invalid API key");
        assert_eq!(verdict(named.clone()), "token-rejected possible");
        assert!(explanation(named).contains("the key in X-Api-Key"));
        assert!(!explanation(talk).contains("X-Api-Key"));
    }
}

#[test]
fn a_key_that_the_server_calls_bad_was_read_whatever_it_asks_for() {
    let talk = get("/api").header("X-JFrog-Art-Api", "AKCp8abcdef").answer(401);
    let talk = talk.asks("Basic realm=\"Artifactory Realm\"");
    assert_eq!(
        verdict(talk.clone().body("Bad props auth token: apikey")),
        "token-rejected possible"
    );
    assert_eq!(verdict(talk), "no-credentials-sent likely");
}
