//! What is in a token, and what the server says of it: vectors and look-alikes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::diagnosis::testing::{NOON, Talk, also, diagnose, get, request, why};

/// exp 11:00.
const EXPIRED: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4Nzc1NjAwfQ.qBdqszzAAdZcfg7CeyKFtNMNiImVDmG5-kBZ5NexF7Q";
const DATE: &str = "Sun, 01 Jun 2025 12:00:00 GMT";

/// A JWT with these claims and a signature of the right length.
fn jwt(claims: &str) -> String {
    with_header(r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

fn with_header(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([7; 32]))
}

fn refused(authorization: &str) -> Talk {
    get("/").auth(authorization).answer(401).with("Date", DATE)
}

fn bearer(claims: &str) -> Talk {
    refused(&format!("Bearer {}", jwt(claims)))
}

fn verdict(talk: Talk) -> String {
    why(&diagnose([talk])[0])
}

fn explanation(talk: Talk) -> String {
    diagnose([talk])[0].verdict.as_ref().unwrap().diagnosis.explanation()
}

#[test]
fn v21_a_jwt_that_was_cut() {
    let two = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ";
    assert_eq!(verdict(refused(two)), "jwt-malformed certain");
    assert!(explanation(refused(two)).contains("2 parts instead of 3"));
    let short = format!("Bearer {}", jwt("{}").split_at(jwt("{}").len() - 4).0);
    assert!(explanation(refused(&short)).contains("where HS256 needs 32"));
}

#[test]
fn v23_the_server_says_expired() {
    let talk = refused(EXPIRED).asks(
        "Bearer error=\"invalid_token\", error_description=\"The token expired at '06/01/2025 11:00:00'\"",
    );
    assert_eq!(verdict(talk.clone()), "token-expired certain");
    let text = explanation(talk);
    assert!(text.contains("2025-06-01T11:00:00Z, 1 h before this request"), "{text}");
    assert!(text.contains("The token expired at '06/01/2025 11:00:00'"), "{text}");
}

#[test]
fn the_numbers_alone_make_expiry_likely() {
    let bare = refused(EXPIRED).asks("Bearer error=\"invalid_token\"");
    assert_eq!(verdict(bare), "token-expired likely");
    let no_date = get("/").auth(EXPIRED).answer(401);
    assert_eq!(verdict(no_date), "token-expired possible");
    let fresh = bearer(&format!(r#"{{"exp":{}}}"#, NOON - 30));
    assert_eq!(verdict(fresh), "token-expired possible");
    let valid = bearer(&format!(r#"{{"exp":{}}}"#, NOON + 30));
    assert_eq!(verdict(valid), "token-rejected possible");
}

#[test]
fn an_exp_that_is_a_lifetime_is_named() {
    assert!(explanation(bearer(r#"{"exp":3600}"#)).contains("looks like a lifetime"));
}

#[test]
fn v24_the_servers_reason_beats_the_numbers() {
    let cases = diagnose([refused(EXPIRED).asks(
        "Bearer error=\"invalid_token\", error_description=\"The signature key was not found\"",
    )]);
    assert_eq!(why(&cases[0]), "jwt-signature-rejected certain");
    assert_eq!(also(&cases[0]), ["token-expired"]);
}

#[test]
fn v25_not_yet_valid() {
    let claims = format!(r#"{{"sub":"a","nbf":{},"exp":{}}}"#, NOON + 120, NOON + 3600);
    let stated = bearer(&claims).body(r#"{"message":"jwt not active"}"#);
    assert_eq!(verdict(stated.clone()), "jwt-not-yet-valid certain");
    assert!(explanation(stated).contains("its nbf is 2025-06-01T12:02:00Z"));
    assert_eq!(verdict(bearer(&claims)), "jwt-not-yet-valid likely");
    let past = bearer(&format!(r#"{{"nbf":{},"exp":{}}}"#, NOON - 10, NOON + 3600));
    assert_eq!(verdict(past.clone()), "token-rejected possible");
    // Its own times speak against the server's words: another clock, or another token.
    let words = |talk: Talk| talk.body(r#"{"message":"jwt not active"}"#);
    assert_eq!(verdict(words(past)), "jwt-not-yet-valid likely");
    let long_past = bearer(&format!(r#"{{"nbf":{}}}"#, NOON - 900));
    assert_eq!(verdict(words(long_past)), "jwt-not-yet-valid possible");
    assert_eq!(verdict(words(bearer("{}"))), "jwt-not-yet-valid certain");
}

#[test]
fn v26_an_unsigned_token() {
    let none = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
    assert_eq!(verdict(refused(none)), "jwt-unsupported-form likely");
    let stated = bearer("{}").body("invalid algorithm");
    assert_eq!(verdict(stated), "jwt-unsupported-form certain");
}

#[test]
fn v27_a_refresh_token() {
    let claims = format!(r#"{{"token_type":"refresh","exp":{}}}"#, NOON + 9999);
    let stated = bearer(&claims)
        .body(r#"{"code":"token_not_valid","messages":[{"message":"Token has wrong type"}]}"#);
    assert_eq!(verdict(stated.clone()), "wrong-token-kind certain");
    assert!(explanation(stated).contains("a refresh token (token_type=refresh)"));
    assert_eq!(verdict(bearer(&claims)), "wrong-token-kind certain");
    let access = bearer(&claims.replace("refresh", "access"));
    assert_eq!(verdict(access), "token-rejected possible");
}

#[test]
fn an_id_token_is_told_by_its_marks_and_an_access_token_by_its_header() {
    let claims = format!(r#"{{"at_hash":"x","aud":"web","azp":"web","exp":{}}}"#, NOON + 9999);
    assert_eq!(verdict(bearer(&claims)), "wrong-token-kind likely");
    let access = with_header(r#"{"alg":"HS256","typ":"at+jwt"}"#, &claims);
    assert_eq!(verdict(refused(&format!("Bearer {access}"))), "token-rejected possible");
}

#[test]
fn v28_a_bound_token_without_its_proof() {
    let claims = r#"{"sub":"a","cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}"#;
    assert_eq!(verdict(bearer(claims)), "sender-constrained-token certain");
    assert!(explanation(bearer(claims)).contains("no DPoP header"));
    assert_eq!(verdict(bearer(r#"{"sub":"a"}"#)), "token-rejected possible");
}

#[test]
fn a_proof_must_fit_the_request() {
    let proof = |claims: &str| {
        let proof = with_header(r#"{"typ":"dpop+jwt","alg":"ES256"}"#, claims);
        refused("DPoP opaque-token").header("DPoP", &proof)
    };
    let fitting = format!(r#"{{"htm":"GET","htu":"http://h/","iat":{NOON}}}"#);
    assert_eq!(verdict(proof(&fitting)), "token-rejected possible");
    let other_method = proof(&fitting.replace("GET", "POST"));
    assert_eq!(verdict(other_method.clone()), "sender-constrained-token certain");
    assert!(explanation(other_method).contains("for the method POST"));
    let other_path = proof(&fitting.replace("//h/", "//h/else"));
    assert_eq!(verdict(other_path), "sender-constrained-token certain");
    let public_host = proof(&fitting.replace("//h/", "//api.example/"));
    assert_eq!(verdict(public_host), "sender-constrained-token likely");
}

#[test]
fn a_proof_that_the_server_says_it_refused_is_the_reason() {
    let said = |htu: &str, challenge: &str| {
        let claims = format!(r#"{{"htm":"GET","htu":"{htu}","iat":{NOON}}}"#);
        let proof = with_header(r#"{"typ":"dpop+jwt","alg":"ES256"}"#, &claims);
        get("/").auth("DPoP opaque-token").header("DPoP", &proof).answer(401).asks(challenge)
    };
    let because =
        |words: &str| format!("DPoP error=\"invalid_dpop_proof\", error_description=\"{words}\"");
    for words in ["Invalid DPoP proof signature", "jti already used", "htu mismatch"] {
        let talk = said("http://h/", &because(words));
        assert_eq!(verdict(talk.clone()), "sender-constrained-token certain", "{words}");
        let explained = explanation(talk);
        assert!(explained.contains(&format!("the server says: \"{words}\"")), "{explained}");
        assert!(explained.contains("; the server refused the proof –"), "{explained}");
    }
    let binding = "DPoP error=\"invalid_token\", error_description=\"Invalid DPoP key binding\"";
    assert_eq!(verdict(said("http://h/", binding)), "sender-constrained-token certain");
    let public = explanation(said("https://h/", &because("htu mismatch")));
    assert!(public.contains("its proof is for an https URL, and this hop has no TLS"), "{public}");
}

#[test]
fn a_nonce_that_nobody_used_is_what_the_server_says() {
    let asked = get("/").auth("DPoP opaque-token").answer(401).with("DPoP-Nonce", "n1");
    let asked = asked.asks("DPoP error=\"use_dpop_nonce\"");
    assert_eq!(verdict(asked.clone()), "unexplained possible");
    let explained = explanation(asked);
    assert!(explained.contains("must contain the nonce that it sent"), "{explained}");
}

#[test]
fn a_certificate_cannot_have_been_shown_on_a_plaintext_hop() {
    let bound = bearer(r#"{"cnf":{"x5t#S256":"abc"}}"#);
    assert_eq!(verdict(bound.clone()), "sender-constrained-token certain");
    for field in ["X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert-Info", "SSL_CLIENT_CERT"]
    {
        let forwarded = bound.clone().header(field, "Hash=abc");
        assert_eq!(verdict(forwarded), "sender-constrained-token possible", "{field}");
    }
}

#[test]
fn v29_milliseconds() {
    let claims = r#"{"sub":"a","iat":1748779200000,"exp":1748782800000}"#;
    let talk = bearer(claims).body(r#"{"detail":"Unauthorized"}"#);
    assert_eq!(verdict(talk.clone()), "jwt-time-unit likely");
    assert!(explanation(talk.clone()).contains("iat=1748779200000"));
    let early = talk.body("The token is not yet valid (iat)");
    assert_eq!(verdict(early), "jwt-time-unit likely");
    // Libraries accept exp in milliseconds.
    assert_eq!(verdict(bearer(r#"{"exp":1748782800000}"#)), "token-rejected possible");
}

#[test]
fn v52_wrong_audience() {
    let claims = format!(r#"{{"aud":"x","exp":{}}}"#, NOON + 999);
    let talk = bearer(&claims)
        .body(r#"{"code":"invalid_token","message":"jwt audience invalid. expected: api"}"#);
    assert_eq!(verdict(talk.clone()), "jwt-wrong-audience certain");
    let text = explanation(talk);
    assert!(text.contains("is for \"x\"") && text.contains("expects \"api\""), "{text}");
    assert_eq!(verdict(bearer(&claims)), "token-rejected possible");
}

#[test]
fn v53_wrong_issuer() {
    let claims = r#"{"iss":"http://localhost/auth/realms/example"}"#;
    let talk = bearer(claims).body("Jwt issuer is not configured");
    assert_eq!(verdict(talk.clone()), "jwt-wrong-issuer certain");
    let text = explanation(talk);
    assert!(text.contains("localhost/auth/realms/example"), "{text}");
    assert!(text.contains("Internal and public names"), "{text}");
    assert_eq!(verdict(bearer(claims)), "token-rejected possible");
}

#[test]
fn accepted_tokens_show_what_this_origin_takes() {
    let accepted = |claims: &str| get("/").auth(&format!("Bearer {}", jwt(claims))).answer(200);
    let cases = diagnose([
        accepted(r#"{"sub":"a","aud":"api","iss":"https://id.example/realms/x"}"#),
        bearer(r#"{"sub":"b","aud":"web","iss":"https://id.example/realms/x"}"#).at(1.0),
        bearer(r#"{"sub":"c","aud":"api","iss":"http://keycloak:8080/realms/x"}"#).at(2.0),
    ]);
    assert_eq!(why(&cases[1]), "jwt-wrong-audience likely");
    assert_eq!(why(&cases[2]), "jwt-wrong-issuer likely");
}

#[test]
fn what_an_open_page_took_is_not_what_this_origin_takes() {
    let accepted = |path: &str| {
        let claims = r#"{"sub":"a","aud":"api","iss":"https://id.example/realms/x"}"#;
        get(path).auth(&format!("Bearer {}", jwt(claims))).answer(200)
    };
    let refused = |at: f64| bearer(r#"{"sub":"b","aud":"web","iss":"http://i/"}"#).at(at);
    let open = || get("/healthz").at(0.5).answer(200);
    let verdict = |talks: Vec<Talk>| why(diagnose(talks).last().unwrap());
    let health = || vec![accepted("/healthz"), open()];
    assert_eq!(verdict([health(), vec![refused(1.0)]].concat()), "token-rejected possible");
    // The same token, where it was needed.
    let needed = vec![accepted("/api").at(0.7), refused(1.0)];
    assert_eq!(verdict([health(), needed].concat()), "jwt-wrong-audience likely");
}

#[test]
fn a_signature_that_is_too_long_was_not_cut() {
    let signed = |signature: &[u8]| {
        let [header, claims] = [r#"{"alg":"ES256"}"#, "{}"].map(|p| URL_SAFE_NO_PAD.encode(p));
        refused(&format!("Bearer {header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature)))
    };
    let der = [&[0x30, 0x45, 0x02, 0x21, 0x00][..], &[7; 32], &[0x02, 0x20], &[9; 32]].concat();
    let text = explanation(signed(&der));
    assert!(text.contains("71 octets long where ES256 needs 64. It is DER-encoded"), "{text}");
    let text = explanation(signed(&[7; 66]));
    assert!(!text.contains("cut when") && !text.contains("DER"), "{text}");
    let text = explanation(signed(&[7; 60]));
    assert!(text.contains("probably cut"), "{text}");
}

#[test]
fn stated_reasons_are_certain_whatever_the_token() {
    for (words, id) in [
        ("crypto/rsa: verification error", "jwt-signature-rejected"),
        ("Token has been revoked", "token-revoked"),
        ("The access token expired", "token-expired"),
        ("Only access tokens are allowed", "wrong-token-kind"),
    ] {
        let talk = refused("Bearer opaque-4711").body(&format!(r#"{{"message":"{words}"}}"#));
        assert_eq!(verdict(talk), format!("{id} certain"), "{words}");
    }
}

#[test]
fn words_that_name_two_causes_name_none() {
    let talk = refused("Bearer opaque-4711").body(r#"{"message":"invalid or expired jwt"}"#);
    assert_eq!(verdict(talk), "token-rejected possible");
}

#[test]
fn a_server_that_repeats_the_token_does_not_make_us_show_it() {
    let token = jwt(r#"{"exp":1}"#);
    let talk = refused(&format!("Bearer {token}")).body(&format!("token ({token}) expired"));
    assert_eq!(verdict(talk.clone()), "token-expired certain");
    let text = explanation(talk);
    assert!(text.contains("token ((masked)) expired") && !text.contains("eyJ"), "{text}");
}

#[test]
fn v46_csrf() {
    let post = |cookies: &str| request("POST", "/j").header("Cookie", cookies).answer(401);
    let talk = post("access_token_cookie=x1; csrf_access_token=y1")
        .body(r#"{"msg":"Missing CSRF token"}"#);
    assert_eq!(verdict(talk.clone()), "csrf-rejected certain");
    assert!(explanation(talk).contains("for POST is missing"));
    let unsaid = post("sessionid=x1; csrftoken=y1");
    assert_eq!(verdict(unsaid.clone()), "csrf-rejected possible");
    assert_eq!(verdict(unsaid.header("X-CSRFToken", "y1")), "token-rejected possible");
}

#[test]
fn v56_a_session_that_the_answer_deletes() {
    let me = get("/").header("Cookie", "sid=abc").answer(401);
    let deleted = me.clone().with("Set-Cookie", "sid=; Max-Age=0");
    assert_eq!(verdict(deleted), "session-expired certain");
    let past = me.clone().with("Set-Cookie", "sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(verdict(past), "session-expired certain");
    let renewed = me.clone().with("Set-Cookie", "sid=def; Path=/; Max-Age=3600");
    assert_eq!(verdict(renewed), "token-rejected possible");
    assert_eq!(verdict(me.body("Session expired")), "session-expired certain");
}

#[test]
fn v65_a_stale_hawk_timestamp() {
    let hawk = |ts: i64| refused(&format!(r#"Hawk id="a", ts="{ts}", nonce="x", mac="abc""#));
    let talk = hawk(NOON - 200).body(r#"{"message":"Stale timestamp"}"#);
    assert_eq!(verdict(talk.clone()), "signature-auth-rejected certain");
    assert!(explanation(talk).contains("3 min 20 s before the server's"));
    assert_eq!(verdict(hawk(NOON - 2)), "signature-auth-rejected possible");
}

#[test]
fn what_a_signature_covers_must_be_in_the_request() {
    let credential = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20250601/eu/s3/aws4_request, \
                      SignedHeaders=host;x-amz-date;x-custom, Signature=00ff";
    let aws = refused(credential).header("x-amz-date", "20250601T120000Z");
    assert_eq!(verdict(aws.clone()), "signature-auth-rejected certain");
    assert!(explanation(aws.clone()).contains("\"x-custom\" is signed"));
    let whole = aws.header("x-custom", "1");
    assert_eq!(verdict(whole.clone()), "signature-auth-rejected possible");
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let body = whole.clone().header("x-amz-content-sha256", hash).sends("abc");
    assert_eq!(verdict(body), "signature-auth-rejected possible");
    let other = whole.clone().header("x-amz-content-sha256", hash).sends("abd");
    assert!(explanation(other).contains("not that of the body"));
    let late = refused(credential).header("x-custom", "1").header("x-amz-date", "20250601T110000Z");
    assert!(explanation(late).contains("1 h before the server's"));
}

#[test]
fn message_signatures_are_read_too() {
    let talk = get("/")
        .header("Signature-Input", "sig1=(\"@method\" \"content-digest\");created=1748779200")
        .header("Signature", "sig1=:YWJj:")
        .answer(401)
        .with("Date", DATE);
    assert_eq!(verdict(talk.clone()), "signature-auth-rejected certain");
    let digest = "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:";
    let whole = talk.header("Content-Digest", digest).sends("abc");
    assert_eq!(verdict(whole), "signature-auth-rejected possible");
}

#[test]
fn v67_a_rule_on_addresses() {
    let talk = refused("Basic Z3Vlc3Q6Z3Vlc3Q=")
        .body(r#"{"error":"not_authorised","reason":"User can only log in via localhost"}"#);
    assert_eq!(verdict(talk), "blocked-by-security-rule certain");
}

#[test]
fn a_stated_permission_problem() {
    let talk = refused("Bearer abc").asks("Bearer error=\"insufficient_scope\", scope=\"write\"");
    assert_eq!(verdict(talk.clone()), "insufficient-privilege certain");
    assert!(explanation(talk).contains("the server wants the scope write"));
    let anonymous = get("/").answer(401).body(r#"{"code":"rest_forbidden","message":"Sorry"}"#);
    assert_eq!(verdict(anonymous), "no-credentials-sent certain");
}

#[test]
fn a_stated_lockout() {
    let basic = refused("Basic YWxpY2U6c2VjcmV0").asks("Basic realm=\"x\"");
    let said = basic.clone().body("Too many login attempts. Retry later.");
    assert_eq!(verdict(said), "lockout-or-throttle certain");
    let waits = basic.clone().with("Retry-After", "90");
    assert_eq!(verdict(waits.clone()), "lockout-or-throttle likely");
    assert!(explanation(waits).contains("retry after 1 min 30 s"));
    assert_eq!(verdict(basic), "wrong-password likely");
    let throttled = get("/").auth("Bearer abc").answer(429);
    assert_eq!(verdict(throttled), "lockout-or-throttle certain");
    assert_eq!(verdict(get("/").answer(429)), "none");
}

#[test]
fn neighbouring_statuses_need_the_servers_words() {
    let talk = get("/").auth("Bearer abc");
    let audience = talk.clone().answer(403).body("Audiences in Jwt are not allowed");
    assert_eq!(verdict(audience), "jwt-wrong-audience certain");
    let crumb = request("POST", "/").answer(403).body("No valid crumb was included in the request");
    assert_eq!(verdict(crumb), "csrf-rejected certain");
    let gateway = get("/").answer(403).body(r#"{"message":"Missing Authentication Token"}"#);
    assert_eq!(verdict(gateway), "no-credentials-sent certain");
    assert_eq!(verdict(talk.clone().answer(403).body("Forbidden")), "none");
    let page = request("POST", "/").header("Cookie", "laravel_session=x").answer(419);
    assert_eq!(verdict(page), "csrf-rejected likely");
    let segments = talk.answer(422).body(r#"{"msg":"Only non-refresh tokens are allowed"}"#);
    assert_eq!(verdict(segments), "wrong-token-kind certain");
}

#[test]
fn a_proxy_that_refuses_a_password() {
    let talk = get("http://h/")
        .header("Proxy-Authorization", "Basic YWxpY2U6c2VjcmV0")
        .answer(407)
        .with("Proxy-Authenticate", "Basic realm=\"squid\"");
    assert_eq!(verdict(talk), "wrong-password likely");
}

#[test]
fn invalid_credentials_said_of_a_token_does_not_hide_its_expiry() {
    let talk = refused(EXPIRED).body(r#"{"detail":"Invalid credentials"}"#);
    assert_eq!(verdict(talk), "token-expired likely");
}

#[test]
fn the_content_of_an_accepted_token_under_another_signature() {
    let good = bearer_of("{\"sub\":\"a\"}", [7; 32]);
    let forged = bearer_of("{\"sub\":\"a\"}", [8; 32]);
    let accepted = get("/").at(-9.0).auth(&good).answer(200);
    let cases = diagnose([accepted.clone(), refused(&forged)]);
    assert_eq!(why(&cases[1]), "jwt-signature-rejected certain");
    // Other claims, or the accepted token itself: nothing is known of the signature.
    let other = bearer_of("{\"sub\":\"b\"}", [8; 32]);
    assert!(!why(&diagnose([accepted.clone(), refused(&other)])[1]).contains("signature"));
    assert!(!why(&diagnose([accepted, refused(&good)])[1]).contains("signature"));
    let later = get("/").at(1.0).auth(&good).answer(200);
    assert!(!why(&diagnose([refused(&good), later])[0]).contains("signature"));
}

fn bearer_of(claims: &str, signature: [u8; 32]) -> String {
    let [header, claims] = [r#"{"alg":"HS256"}"#, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("Bearer {header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn one_answer_is_enough_for_a_clock_that_is_an_hour_off() {
    // exp 13:00, and the server believes that it is 14:00.
    let ahead = |date: &str| {
        let claims = "{\"exp\":1748782800}";
        get("/").auth(&format!("Bearer {}", jwt(claims))).answer(401).with("Date", date)
    };
    let words = |talk: Talk| talk.body("{\"message\":\"Signature has expired.\"}");
    let late = words(ahead("Sun, 01 Jun 2025 14:00:00 GMT"));
    assert_eq!(verdict(late), "clock-skew likely");
    let same = words(ahead(DATE));
    assert!(!verdict(same).contains("clock-skew"));
    // Not without the server's words, as one answer may have been stored.
    assert!(!verdict(ahead("Sun, 01 Jun 2025 14:00:00 GMT")).contains("likely"));
}

#[test]
fn a_token_that_is_early_for_a_late_clock_only() {
    // nbf 11:59, and the server believes that it is 10:00.
    let talk = get("/")
        .auth(&format!("Bearer {}", jwt("{\"nbf\":1748779140}")))
        .answer(401)
        .with("Date", "Sun, 01 Jun 2025 10:00:00 GMT")
        .body("{\"message\":\"The token is not yet valid (nbf)\"}");
    assert_eq!(verdict(talk), "clock-skew likely");
    // nbf 12:30 is early for both clocks.
    let early =
        bearer("{\"nbf\":1748781000}").body("{\"message\":\"The token is not yet valid (nbf)\"}");
    assert_eq!(verdict(early), "jwt-not-yet-valid certain");
}

#[test]
fn a_jwt_outside_authorization_runs_out_too() {
    let token = EXPIRED.trim_start_matches("Bearer ");
    let cookie =
        get("/").header("Cookie", &format!("a=b; jwt={token}")).answer(401).with("Date", DATE);
    assert_eq!(verdict(cookie), "session-expired likely");
    let header = get("/").header("X-Api-Key", token).answer(401).with("Date", DATE);
    assert_eq!(verdict(header), "token-expired likely");
    let fresh = jwt("{\"exp\":1748782800}");
    let cookie = get("/").header("Cookie", &format!("jwt={fresh}")).answer(401).with("Date", DATE);
    assert!(!verdict(cookie).contains("expired"));
}
