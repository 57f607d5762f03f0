//! Credentials held against keys and passwords that the user gives.

use std::path::PathBuf;
use std::sync::Arc;

use jsonwebtoken::{EncodingKey, Header, encode};
use md5::{Digest as _, Md5};
use serde_json::json;

use crate::auth::proof::Prover;
use crate::diagnosis::Case;
use crate::diagnosis::testing::{Talk, Wire, diagnose, get, why};

const KEY: &[u8] = b"a-signing-key-of-the-test";

/// A password as it is, and one as bcrypt (of the lowest cost).
fn users() -> String {
    format!("alice:correct horse\nbob:{}\n", bcrypt::hash("his own", 4).unwrap())
}

/// A prover with the key and the users, read from private files.
fn prover() -> Prover {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, content: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let set = json!({"keys": [{"kty": "oct", "kid": "k1", "k": base64url(KEY)}]}).to_string();
    let (keys, users) = (save("keys.json", set.as_bytes()), save("users", users().as_bytes()));
    Prover::open(Some(&keys), Some(&users)).unwrap()
}

fn base64url(octets: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets)
}

fn token(key: &[u8], kid: &str) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::default() };
    let claims = json!({"sub": "alice", "exp": 4_000_000_000_u64});
    encode(&header, &claims, &EncodingKey::from_secret(key)).unwrap()
}

fn bearer(token: &str) -> Talk {
    get("/api").auth(&format!("Bearer {token}")).answer(401).asks("Bearer")
}

fn basic(login: &str) -> Talk {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(login);
    get("/").auth(&format!("Basic {encoded}")).answer(401).asks("Basic realm=\"x\"")
}

fn digest(password: &str) -> Talk {
    let hash = |text: String| {
        Md5::digest(text).iter().fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"))
    };
    let secret = hash(format!("alice:x:{password}"));
    let response = hash(format!("{secret}:n1:{}", hash("GET:/".to_owned())));
    get("/")
        .auth(&format!(
            "Digest username=\"alice\", realm=\"x\", nonce=\"n1\", uri=\"/\", response=\"{response}\""
        ))
        .answer(401)
        .asks("Digest realm=\"x\", nonce=\"n2\"")
}

fn proved(talk: &Talk) -> Arc<Case> {
    let mut wire = Wire::new().with_prover(prover());
    let id = wire.see(talk);
    wire.finish();
    wire.case(id)
}

fn explanation(case: &Case) -> String {
    case.verdict.as_ref().unwrap().diagnosis.explanation()
}

/// What the evidence says of the comparison.
fn evidence(case: &Case) -> (String, String) {
    let evidence = &case.verdict.as_ref().unwrap().diagnosis.evidence;
    let proof = evidence.iter().find(|one| one.field == "proof").unwrap();
    (proof.value.clone(), proof.note.to_string())
}

#[test]
fn a_signature_that_does_not_match_is_the_cause_for_certain() {
    let case = proved(&bearer(&token(b"another key", "k1")));
    assert_eq!(why(&case), "jwt-signature-rejected certain");
    let text = explanation(&case);
    let wanted = "The token's signature does not match key k1 of keys.json (HS256, key id k1).";
    assert!(text.starts_with(wanted), "{text}");
    let without = diagnose([bearer(&token(b"another key", "k1"))]);
    assert_eq!(why(&without[0]), "token-rejected possible", "nothing is proved without keys");
}

#[test]
fn a_signature_that_matches_rules_the_signature_out() {
    let case = proved(&bearer(&token(KEY, "k1")));
    assert_eq!(why(&case), "token-rejected possible");
    let (value, note) = evidence(&case);
    assert_eq!(value, "matches key k1 of keys.json");
    assert_eq!(note, "the signature is right: the reason is another");
}

#[test]
fn a_server_that_refuses_a_right_signature_is_told_to_look_at_its_keys() {
    let talk = bearer(&token(KEY, "k1")).body("{\"error\":\"invalid signature\"}");
    let case = proved(&talk);
    assert_eq!(why(&case), "jwt-signature-rejected certain");
    assert!(explanation(&case).contains("The signature is right"), "{}", explanation(&case));
}

#[test]
fn a_key_that_the_file_does_not_have_is_likely_the_cause() {
    let case = proved(&bearer(&token(KEY, "k2")));
    assert_eq!(why(&case), "jwt-signature-rejected likely");
    assert!(explanation(&case).contains("keys.json has no key k2"), "{}", explanation(&case));
}

#[test]
fn a_password_is_known_to_be_wrong_or_right() {
    for talk in [basic("alice:wrong"), basic("bob:wrong"), digest("wrong")] {
        let case = proved(&talk);
        assert_eq!(why(&case), "wrong-password certain");
        assert!(explanation(&case).contains("The password does not match user "));
    }
    for talk in [basic("alice:correct horse"), digest("correct horse")] {
        let case = proved(&talk);
        assert_eq!(why(&case), "unexplained possible");
        assert_eq!(evidence(&case).0, "matches user alice of users");
        assert!(explanation(&case).contains("the reason is another"), "{}", explanation(&case));
    }
}

#[test]
fn a_user_who_is_not_in_the_file_is_said_to_be_missing() {
    let case = proved(&basic("carol:x"));
    assert_eq!(why(&case), "wrong-password likely");
    assert!(explanation(&case).contains("users has no user carol"), "{}", explanation(&case));
}

#[test]
fn what_spoilt_the_password_is_a_better_answer_than_that_it_is_wrong() {
    assert_eq!(why(&proved(&basic("alice:correct horse\n"))), "basic-hidden-whitespace likely");
}

#[test]
fn the_secrets_are_not_in_what_is_said() {
    for talk in [basic("alice:wrong-pass-w0rd"), bearer(&token(b"another key", "k1"))] {
        let all = format!("{:?}", proved(&talk).verdict);
        for secret in ["correct horse", "wrong-pass-w0rd", "a-signing-key", &base64url(KEY)] {
            assert!(!all.contains(secret), "{secret}");
        }
    }
}

#[test]
fn only_refused_requests_are_compared() {
    let talk = get("/").auth("Basic YWxpY2U6d3Jvbmc=").answer(200);
    let mut wire = Wire::new().with_prover(prover());
    let id = wire.see(&talk);
    wire.finish();
    assert!(wire.case(id).verdict.is_none());
}
