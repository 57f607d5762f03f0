//! Words of servers that speak of a cause without saying that it is the one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::diagnosis::testing::{NOON, Talk, diagnose, get, request, why as verdict};

const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";
const OPAQUE: &str = "Bearer abcdefghijklmnop";

/// What becomes of these words, said of these credentials.
fn said(authorization: &str, words: &str) -> String {
    verdict(&diagnose([get("/").auth(authorization).body(words).answer(401)])[0])
}

/// A token that expires so many seconds after the request.
fn expiring(after: i64) -> String {
    let claims = format!(r#"{{"sub":"alice","exp":{}}}"#, NOON + after);
    let [header, claims] = [r#"{"alg":"HS256"}"#, &claims].map(|p| URL_SAFE_NO_PAD.encode(p));
    format!("Bearer {header}.{claims}.{}", URL_SAFE_NO_PAD.encode([7; 32]))
}

#[test]
fn a_wrong_password_with_a_warning_is_a_wrong_password() {
    let warning = "Incorrect password. Your account will be locked out after 3 more attempts.";
    assert_eq!(said(ALICE, warning), "wrong-password likely");
    assert_eq!(
        said(ALICE, "Invalid credentials. Reset your password if it has expired."),
        "wrong-password likely"
    );
    assert_eq!(said(ALICE, "Your account is locked out."), "lockout-or-throttle certain");
}

#[test]
fn hedged_and_ambiguous_words_name_no_cause_of_a_token() {
    for words in [
        "The token may have expired",
        "Please make sure your token is not expired",
        "Token not found or expired",
        "Invalid signature or expired token",
        "Invalid audience or issuer",
        "Invalid token. It may have been revoked.",
        "Token ist nicht abgelaufen, Signatur ungültig",
        "User is not active",
        "Account is not active",
    ] {
        assert_eq!(said(OPAQUE, words), "token-rejected possible", "{words}");
    }
    assert_eq!(said(OPAQUE, "Token has expired"), "token-expired certain");
    assert_eq!(said(OPAQUE, "Token revoked"), "token-revoked certain");
    assert_eq!(said(OPAQUE, "jwt not active"), "jwt-not-yet-valid certain");
}

#[test]
fn a_token_that_is_valid_for_an_hour_has_hardly_expired() {
    let token = expiring(3600);
    assert_eq!(said(&token, "Token expired"), "token-expired possible");
    let (_, explained) = told([get("/").auth(&token).body("Token expired").answer(401)]);
    assert!(explained.contains("exp, 2025-06-01T13:00:00Z, is 1 h ahead"), "{explained}");
    assert_eq!(said(&token, "Upstream certificate expired"), "token-rejected possible");
    let words = "Token has not expired but signature is invalid";
    assert_eq!(said(&token, words), "jwt-signature-rejected certain");
    // Another clock may be a little ahead.
    assert_eq!(said(&expiring(60), "Token expired"), "token-expired likely");
    assert_eq!(said(&expiring(-60), "Token expired"), "token-expired certain");
}

#[test]
fn a_session_without_a_cookie_is_not_called_a_cookie() {
    let explained = |talk: Talk| {
        let cases = diagnose([talk.body("Session not active").answer(401)]);
        cases[0].verdict.as_ref().unwrap().diagnosis.explanation()
    };
    let token = explained(get("/").auth(OPAQUE));
    assert!(token.starts_with("The session was refused –"), "{token}");
    let cookie = explained(get("/").header("Cookie", "sid=4711"));
    assert!(cookie.starts_with("The session cookie \"sid\" was refused –"), "{cookie}");
}

/// Verdict and explanation of the first of these.
fn told(talks: impl IntoIterator<Item = Talk>) -> (String, String) {
    let cases = diagnose(talks);
    let diagnosis = &cases[0].verdict.as_ref().unwrap().diagnosis;
    (verdict(&cases[0]), diagnosis.explanation())
}

#[test]
fn a_grpc_server_that_refuses_a_call_does_not_speak_of_cookies() {
    let call = || {
        let call = request("POST", "/pkg.Svc/M").answer(200).with("grpc-status", "16");
        call.with("grpc-message", "token%20has%20expired")
    };
    let (why, explained) = told([call()]);
    assert_eq!(why, "no-credentials-sent likely");
    assert!(
        explained.contains("\"token has expired\"") && !explained.contains("cookie"),
        "{explained}"
    );
    assert_eq!(told([call().auth(OPAQUE)]).0, "token-expired certain");
    let silent = request("POST", "/pkg.Svc/M").auth(OPAQUE).answer(200).with("grpc-status", "16");
    assert_eq!(told([silent]).0, "token-rejected possible");
    let fine = request("POST", "/pkg.Svc/M").auth(OPAQUE).answer(200).with("grpc-status", "0");
    assert_eq!(verdict(&diagnose([fine])[0]), "none");
    let from_browser = request("POST", "/pkg.Svc/M")
        .header("Content-Type", "application/grpc-web+proto")
        .answer(200)
        .with("grpc-status", "16");
    assert_eq!(told([from_browser]).0, "session-cookie-missing likely");
    let cookie = request("POST", "/pkg.Svc/N").at(-1.0).header("Cookie", "sid=1").answer(200);
    let cases = diagnose([cookie, call()]);
    assert_eq!(verdict(&cases[1]), "session-cookie-missing likely");
}

#[test]
fn a_grpc_server_refuses_behind_its_messages_too() {
    let call = || request("POST", "/pkg.Svc/M").body("\0\0\0\0\x02\x08\x01").answer(200);
    let refused = || call().then("grpc-status", "16").then("grpc-message", "token%20has%20expired");
    let (why, explained) = told([refused()]);
    assert_eq!(why, "no-credentials-sent likely");
    assert!(explained.contains("\"token has expired\""), "{explained}");
    assert_eq!(told([refused().auth(OPAQUE)]).0, "token-expired certain");
    let cases = diagnose([refused().auth(OPAQUE)]);
    let evidence = &cases[0].verdict.as_ref().unwrap().diagnosis.evidence;
    assert!(evidence.iter().any(|fact| fact.field == "response.trailer.grpc-status"));
    assert!(evidence.iter().any(|fact| fact.field == "response.trailer.grpc-message"));
    // What was sent with the header does not count once the trailers say otherwise.
    let fine = call().with("grpc-status", "16").then("grpc-status", "0").auth(OPAQUE);
    assert_eq!(verdict(&diagnose([fine])[0]), "none");
}

#[test]
fn a_token_that_a_grpc_server_refused_was_not_accepted() {
    let call = |at: f64| request("POST", "/pkg.Svc/M").at(at).auth(OPAQUE);
    let again = || call(1.0).answer(401).asks("Bearer");
    let after = |first: Talk| verdict(&diagnose([first, again()])[1]);
    let taken = after(call(0.0).answer(200));
    assert_ne!(after(call(0.0).answer(200).then("grpc-status", "16")), taken);
    assert_ne!(after(call(0.0).answer(200).with("grpc-status", "16")), taken);
    assert_eq!(after(call(0.0).answer(200).then("grpc-status", "0")), taken);
}

#[test]
fn an_ntlm_handshake_that_ends_is_not_said_to_be_spread() {
    let begun = get("/").auth("NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAA=").answer(401);
    let begun = begun
        .asks("NTLM TlRMTVNTUAACAAAAAAAAADgAAAAFgomiUWVy8lEcIyIAAAAAAAAAAAAAAAA4AAAABgGxHQAAAA8=");
    let (why, ended) = told([begun.clone().with("Connection", "close")]);
    assert_eq!(why, "ntlm-connection-broken certain");
    assert!(ended.contains("but this one ended right after the server's challenge"), "{ended}");
    let finish = get("/").at(1.0).on(2).auth("NTLM TlRMTVNTUAADAAAAAAAAAAAAAAAAAAAA").answer(401);
    let (why, spread) = told([begun.on(1), finish.asks("NTLM")]);
    assert_eq!(why, "ntlm-connection-broken certain");
    assert!(spread.contains("were spread over two connections"), "{spread}");
}

#[test]
fn a_stale_nonce_is_what_the_server_says() {
    let digest = r#"Digest username="alice", realm="z", nonce="old", uri="/", response="ee44660a996002d6d6780c7a90a2e880""#;
    let refused = |stale: &str| {
        get("/").auth(digest).answer(401).asks(&format!("Digest realm=\"z\", nonce=\"n\"{stale}"))
    };
    let (why, explained) = told([refused(", stale=true")]);
    assert_eq!(why, "unexplained possible");
    assert!(explained.contains("says only that the nonce is too old (stale=true)"), "{explained}");
    assert_eq!(told([refused("")]).0, "wrong-password likely");
}

#[test]
fn a_redirection_within_one_origin_names_it_once() {
    let followed = |location: &str, host: &str| {
        let sent = get("/a").auth(ALICE).answer(302).with("Location", location);
        let next = get(location.trim_start_matches("http://i"))
            .at(1.0)
            .host(host)
            .answer(401)
            .asks("Basic realm=\"x\"");
        let cases = diagnose([sent, next]);
        cases[1].verdict.as_ref().unwrap().diagnosis.explanation()
    };
    let same = followed("/b", "h");
    assert_eq!(
        same,
        "The client sent Basic to h, was redirected to /b on the same origin and did not send the credential there."
    );
    let secret = followed("/b;jsessionid=0123456789abcdef", "h");
    assert!(secret.contains("redirected to /b;jsessionid=(masked) on the same"), "{secret}");
    let other = followed("http://i/b", "i");
    assert!(other.contains("redirected to i and, as clients do for safety, did not"), "{other}");
}

#[test]
fn a_token_that_is_accepted_a_moment_later_is_said_to_be() {
    let use_it = |at: f64, status: u16| get("/").at(at).auth(OPAQUE).answer(status);
    let (why, explained) = told([use_it(0.0, 401), use_it(0.1, 200)]);
    assert_eq!(why, "token-rejected possible");
    assert!(explained.contains("It was accepted 90 ms later all the same."), "{explained}");
    let (_, never) = told([use_it(0.0, 401), use_it(0.1, 401)]);
    assert!(!never.contains("later"), "{never}");
}

#[test]
fn what_expired_is_no_token_where_a_password_was_sent() {
    for words in ["Credentials expired", "User credentials have expired", "expired"] {
        assert_eq!(said(ALICE, words), "wrong-password likely", "{words}");
    }
    // A token can be sent in a password's place.
    assert_eq!(said(ALICE, "Access token expired"), "token-expired certain");
    for words in ["Trial period expired", "The link has expired", "API version no longer valid"] {
        assert_eq!(said(OPAQUE, words), "token-rejected possible", "{words}");
    }
}

#[test]
fn a_parameter_that_is_missing_says_nothing_of_the_credentials() {
    for words in ["Missing required parameter: foo", "Invalid request: missing field name"] {
        assert_eq!(said(OPAQUE, words), "token-rejected possible", "{words}");
    }
    let words = "Missing required parameter: access_token";
    assert_eq!(said(OPAQUE, words), "server-did-not-see-auth likely");
}

/// What becomes of these words, said of a login that was posted.
fn posted(words: &str) -> (String, String) {
    let login = request("POST", "/login").header("Content-Type", "application/json");
    told([login.sends(r#"{"username":"alice","password":"secret"}"#).answer(401).body(words)])
}

#[test]
fn a_server_that_speaks_of_something_else_does_not_say_that_the_password_is_wrong() {
    for words in [
        "Please verify your email address before logging in",
        "LDAP server unavailable",
        "Use SSO to sign in",
        "Maintenance mode",
        "Captcha required",
        "Your subscription has expired",
    ] {
        let (why, explained) =
            posted(&format!(r#"{{"error":"Unauthorized","message":"{words}"}}"#));
        assert_eq!(why, "unexplained possible", "{words}");
        assert!(explained.contains(&format!("The server says: \"{words}\".")), "{explained}");
        assert!(explained.contains("its words are about none of the known causes"), "{explained}");
        assert_eq!(said(ALICE, words), "unexplained possible", "{words}");
    }
    let (why, explained) = told([get("/").auth(ALICE).reason("Device is on hold").answer(401)]);
    assert_eq!(why, "unexplained possible");
    assert!(explained.contains("Device is on hold"), "{explained}");
}

#[test]
fn what_any_refusal_says_leaves_the_password() {
    for words in [
        "Unauthorized",
        "",
        "You need to authenticate",
        "Access to the requested resource forbidden.",
        "Protected resource, use Authorization header to get access",
        "Username and password don't match",
    ] {
        assert_eq!(said(ALICE, words), "wrong-password likely", "{words}");
        assert_eq!(posted(words).0, "wrong-password likely", "{words}");
    }
    // Anything may stand on a page.
    let page =
        "<html><title>ACME NAS 4000</title><p>Text to send if the user hits Cancel</p></html>";
    assert_eq!(said(ALICE, page), "wrong-password likely");
}

#[test]
fn a_token_that_comes_without_something_else_is_not_said_to_be_lost() {
    for words in [
        "X-Tenant-Id header is missing",
        "Missing User-Agent",
        "Missing header: X-Device-Id",
        "Organization id is missing",
        "Missing claim: sub",
        "The tenant claim is missing",
        "Missing X-Timestamp header",
        "Missing signature",
        "Missing X-Auth-Token header",
        "Token missing in cookies",
    ] {
        assert_eq!(said(OPAQUE, words), "token-rejected possible", "{words}");
    }
    let (_, explained) = told([get("/").auth(OPAQUE).body("Missing User-Agent").answer(401)]);
    assert!(explained.contains("(\"Missing User-Agent\") without a word on what"), "{explained}");
    for words in ["Missing Authorization Header", "Access token not provided", "No token found"] {
        assert_eq!(said(OPAQUE, words), "server-did-not-see-auth likely", "{words}");
    }
}

#[test]
fn a_second_factor_that_is_missing_leaves_the_password_alone() {
    let github = get("/user").auth(ALICE).answer(401).with("X-GitHub-OTP", "required; app");
    let words = r#"{"message":"Must specify two-factor authentication OTP code."}"#;
    let (why, explained) = told([github.body(words)]);
    assert_eq!(why, "wrong-password likely");
    assert!(!explained.contains("password is wrong"), "{explained}");
    assert!(explained.contains("asks for a second factor"), "{explained}");
    // As it stands on the wire.
    assert!(explained.contains("\"X-GitHub-OTP: required; app\""), "{explained}");
}

#[test]
fn a_ticket_that_is_invalid_is_a_session_that_ended() {
    let asked =
        get("/api2/json/nodes").header("Cookie", "PVEAuthCookie=PVE%3Aroot@pam%3A6740::abc");
    let (why, _) = told([asked.reason("permission denied - invalid PVE ticket").answer(401)]);
    assert_eq!(why, "session-expired certain");
    assert_eq!(said(OPAQUE, "permission denied"), "insufficient-privilege certain");
}

#[test]
fn credentials_of_a_form_of_their_own_do_not_lack_a_scheme() {
    let token = "PVEAPIToken=root@pam!mon=6f1b2c3d-0000-4444-8888-aaaabbbbcccc";
    let reason = "no such token 'mon' for user 'root@pam'";
    let (why, explained) = told([get("/").auth(token).reason(reason).answer(401)]);
    assert_eq!(why, "unexplained possible");
    assert!(explained.contains(reason), "{explained}");
    let bare = "0123456789abcdef0123456789abcdef";
    assert_eq!(said(bare, "Unauthorized"), "scheme-missing certain");
}

#[test]
fn a_bare_token_that_was_read_lacks_no_scheme() {
    let bare = expiring(-100).replace("Bearer ", "");
    assert_eq!(said(&bare, "The incoming token has expired"), "token-expired certain");
    assert_eq!(said(&bare, "Unauthorized"), "scheme-missing certain");
}

#[test]
fn a_signature_for_cosmos_db_is_no_jwt() {
    let auth = "type%3dmaster%26ver%3d1.0%26sig%3dabcdefghijklmnop%3d";
    let words = "The input authorization token can't serve the request. The wrong key is being used or the \
                 expected payload is not built as per the protocol.";
    let (why, explained) = told([get("/dbs").auth(auth).body(words).answer(401)]);
    assert_eq!(why, "signature-auth-rejected certain");
    assert!(explained.starts_with("The Cosmos DB signature was refused"), "{explained}");
}

#[test]
fn an_address_on_a_block_list_is_no_revoked_token() {
    assert_eq!(said(OPAQUE, "IP 10.1.0.5 is blacklisted"), "blocked-by-security-rule certain");
    assert_eq!(said(OPAQUE, "Token is blacklisted"), "token-revoked certain");
}

#[test]
fn a_captcha_before_the_next_login_is_not_called_a_locked_account() {
    let answer = get("/").auth(ALICE).answer(401);
    let answer = answer.with("X-Seraph-LoginReason", "AUTHENTICATION_DENIED");
    let denied = "CAPTCHA_CHALLENGE; login-url=http://jira/login.jsp";
    let (why, explained) = told([answer.with("X-Authentication-Denied-Reason", denied)]);
    assert_eq!(why, "lockout-or-throttle certain");
    assert!(explained.contains("says that a CAPTCHA must be solved"), "{explained}");
}
