use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::json;

use super::dpop::Proof;
use super::gss::{Kind, Mechanism};
use super::ntlm::{Message, ResponseVersion};
use super::signature::Signature;
use super::*;
use crate::auth::authorization::{AuthState, Parameters, Shape};
use crate::auth::credentials;
use crate::secret::FingerprintKey;
use crate::time::Timestamp;

fn parameters(value: &str) -> Parameters {
    let read = credentials::read(value.as_bytes(), &FingerprintKey::from_bytes(&[7; 32]));
    match read.state {
        AuthState::Present { shape: Shape::Params(parameters), .. } => parameters,
        other => panic!("{other:?}"),
    }
}

#[test]
fn sigv4_scope_and_signed_headers() {
    let parameters = parameters(
        "AWS4-HMAC-SHA256 Credential=AKID/20250601/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc",
    );
    let signature = sigv4::SigV4::of(&parameters).unwrap();
    assert_eq!((signature.access_key, signature.date), ("AKID", "20250601"));
    assert_eq!((signature.region, signature.service), (Some("us-east-1"), "s3"));
    assert_eq!(signature.signed_headers, ["host", "x-amz-date"]);
    assert_eq!(signature.day(), Some(Timestamp::from_seconds(1_748_736_000)));
    let noon = sigv4::amz_date(b"20250601T120000Z");
    assert_eq!(noon, Some(Timestamp::from_seconds(1_748_779_200)));
    assert_eq!(sigv4::amz_date(b"2025-06-01"), None);
}

#[test]
fn sigv4a_has_no_region() {
    let parameters =
        Parameters(vec![("credential".to_owned(), "AKID/20250601/s3/aws4_request".to_owned())]);
    let signature = sigv4::SigV4::of(&parameters).unwrap();
    assert_eq!((signature.access_key, signature.region, signature.service), ("AKID", None, "s3"));
}

#[test]
fn hawk_and_oauth_clocks() {
    let hawk = parameters("Hawk id=\"a\", ts=\"1748779000\", nonce=\"x\", mac=\"m\"");
    let hawk = hawk::Hawk::of(&hawk).unwrap();
    assert_eq!((hawk.id, hawk.nonce), ("a", Some("x")));
    assert_eq!(hawk.time, Some(Timestamp::from_seconds(1_748_779_000)));
    let oauth = parameters(
        "OAuth realm=\"x\", oauth_consumer_key=\"c%20k\", oauth_timestamp=\"1748779000\", oauth_signature_method=\"HMAC-SHA1\", oauth_signature=\"s\"",
    );
    let oauth = oauth1::OAuth1::of(&oauth).unwrap();
    assert_eq!((&*oauth.consumer_key, oauth.has_token), ("c k", false));
    assert_eq!(oauth.time, Some(Timestamp::from_seconds(1_748_779_000)));
}

#[test]
fn the_draft_signature_names_what_it_covers() {
    let parameters = parameters(
        "Signature keyId=\"https://a/#main\",algorithm=\"rsa-sha256\",headers=\"(request-target) Host date digest\",signature=\"YWJj==\"",
    );
    let signature = Signature::draft(&parameters).unwrap();
    assert_eq!(signature.key_id.as_deref(), Some("https://a/#main"));
    assert_eq!(signature.fields().collect::<Vec<_>>(), ["host", "date", "digest"]);
}

/// RFC 9421 §4.3, and a component with parameters.
#[test]
fn signature_input_is_read_label_by_label() {
    let signatures = Signature::inputs(
        br#"sig1=("@method" "@authority" "content-digest" "x;y";key="a b)");created=1618884475;keyid="test-key-ecc-p256", proxy_sig=("forwarded");created=1618884480;keyid="k";alg="rsa-v1_5-sha256";expires=1618884540"#,
    );
    assert_eq!(signatures.len(), 2);
    assert_eq!(signatures[0].label.as_deref(), Some("sig1"));
    assert_eq!(signatures[0].components, ["@method", "@authority", "content-digest", "x;y"]);
    assert_eq!(signatures[0].fields().count(), 2);
    assert_eq!(signatures[0].created, Some(Timestamp::from_seconds(1_618_884_475)));
    assert_eq!(signatures[1].algorithm.as_deref(), Some("rsa-v1_5-sha256"));
    assert_eq!(signatures[1].expires, Some(Timestamp::from_seconds(1_618_884_540)));
}

/// The proof and token of RFC 9449 §7.1.
#[test]
fn a_dpop_proof_is_bound_to_key_and_token() {
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {
        "kty": "EC", "crv": "P-256",
        "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}});
    let claims = json!({"jti": "e1j3V_bKic8-LAEB", "htm": "GET",
        "htu": "https://resource.example.org/protectedresource", "iat": 1_562_262_618,
        "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"});
    let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let proof = format!("{}.{}.{}", encode(header), encode(claims), "A".repeat(86));
    let proof = Proof::decode(proof.as_bytes()).unwrap();
    assert_eq!(proof.kind.as_deref(), Some("dpop+jwt"));
    assert_eq!(proof.method.as_deref(), Some("GET"));
    assert_eq!(proof.issued, Some(Timestamp::from_seconds(1_562_262_618)));
    assert_eq!(
        proof.key_thumbprint.as_deref(),
        Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
    );
    let token = b"Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    assert_eq!(proof.is_for_token(token), Some(true));
    assert_eq!(proof.is_for_token(b"another"), Some(false));
    assert!(Proof::decode(b"nonsense").is_err());
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn attribute(id: u16, value: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat()
}

/// A message from its fixed part (with holes for the fields) and its payloads.
fn ntlm_message(kind: u32, size: usize, flags_at: usize, fields: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut message = vec![0; size];
    message[..8].copy_from_slice(ntlm::SIGNATURE);
    message[8..12].copy_from_slice(&kind.to_le_bytes());
    message[flags_at..flags_at + 4].copy_from_slice(&0x8201_u32.to_le_bytes());
    for (at, value) in fields {
        let (length, offset) = (value.len() as u16, message.len() as u32);
        message[*at..at + 2].copy_from_slice(&length.to_le_bytes());
        message[at + 2..at + 4].copy_from_slice(&length.to_le_bytes());
        message[at + 4..at + 8].copy_from_slice(&offset.to_le_bytes());
        message.extend_from_slice(value);
    }
    message
}

/// 2025-06-01 12:00:00 UTC as a FILETIME.
const NOON: u64 = 133_932_528_000_000_000;

fn info() -> Vec<u8> {
    [
        attribute(2, &utf16("CORP")),
        attribute(1, &utf16("WEB01")),
        attribute(4, &utf16("corp.example")),
        attribute(3, &utf16("web01.corp.example")),
        attribute(7, &NOON.to_le_bytes()),
        attribute(9, &utf16("HTTP/web01")),
        attribute(0, b""),
    ]
    .concat()
}

#[test]
fn ntlm_challenge_tells_the_server_and_its_clock() {
    let message = ntlm_message(2, 48, 20, &[(12, utf16("CORP")), (40, info())]);
    let Some(Message::Challenge(challenge)) = ntlm::parse(&message) else { panic!() };
    assert_eq!(challenge.target, "CORP");
    assert_eq!(challenge.info.dns_computer.as_deref(), Some("web01.corp.example"));
    assert_eq!(challenge.info.time, Some(Timestamp::from_seconds(1_748_779_200)));
}

#[test]
fn ntlm_authenticate_tells_who_and_from_where() {
    let response =
        [&[9; 16][..], &[1, 1, 0, 0, 0, 0, 0, 0], &NOON.to_le_bytes(), &[0; 12], &info()].concat();
    let message = ntlm_message(
        3,
        72,
        60,
        &[(20, response), (28, utf16("CORP")), (36, utf16("alice")), (44, utf16("PC7"))],
    );
    let Some(Message::Authenticate(authenticate)) = ntlm::parse(&message) else { panic!() };
    assert_eq!((&*authenticate.domain, &*authenticate.user), ("CORP", "alice"));
    assert_eq!(authenticate.workstation, "PC7");
    assert_eq!(authenticate.version, ResponseVersion::V2);
    assert_eq!(authenticate.info.service.as_deref(), Some("HTTP/web01"));
    assert_eq!(authenticate.info.time, Some(Timestamp::from_seconds(1_748_779_200)));
    let value = format!("NTLM {}", STANDARD.encode(&message));
    let read = credentials::read(value.as_bytes(), &FingerprintKey::from_bytes(&[7; 32]));
    assert_eq!(read.user.as_deref(), Some("alice"));
}

#[test]
fn ntlm_without_flags_is_read_by_its_look() {
    let message = ntlm_message(3, 52, 12, &[(28, utf16("CORP")), (36, utf16("bob"))]);
    let Some(Message::Authenticate(authenticate)) = ntlm::parse(&message) else { panic!() };
    assert_eq!((authenticate.flags, &*authenticate.user), (0, "bob"));
}

/// An element of DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8][..], content].concat()
}

#[test]
fn spnego_lists_its_mechanisms() {
    const SPNEGO: [u8; 6] = [0x2b, 6, 1, 5, 5, 2];
    const KERBEROS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];
    const NTLM: [u8; 10] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];
    let mechanisms = [der(6, &KERBEROS), der(6, &NTLM), der(6, &[0x2b, 6, 1])].concat();
    let init = der(0xa0, &der(0x30, &der(0xa0, &der(0x30, &mechanisms))));
    let token = der(0x60, &[der(6, &SPNEGO), init].concat());
    assert_eq!(gss::kind(&token), Some(Kind::SpnegoInit));
    assert_eq!(
        gss::mechanisms(&token),
        [Mechanism::Kerberos, Mechanism::Ntlm, Mechanism::Other("1.3.6.1".to_owned())]
    );
    assert_eq!(gss::kind(&der(0x60, &der(6, &KERBEROS))), Some(Kind::Kerberos));
    assert_eq!(gss::kind(b"plain"), None);
    // Cut in the middle of the list.
    assert_eq!(gss::mechanisms(&token[..30])[0], Mechanism::Kerberos);
}

proptest! {
    #[test]
    fn decoders_take_any_octets(octets: Vec<u8>) {
        let message = [ntlm::SIGNATURE, &octets].concat();
        for kind in [1, 2, 3] {
            let typed = [ntlm::SIGNATURE, &[kind, 0, 0, 0], &octets].concat();
            ntlm::parse(&typed);
        }
        ntlm::find(&message);
        gss::kind(&octets);
        gss::mechanisms(&octets);
        gss::mechanisms(&[&[0x60][..], &octets].concat());
        Signature::inputs(&octets);
        let _ = Proof::decode(&octets);
        sigv4::amz_date(&octets);
    }

    #[test]
    fn field_lengths_and_offsets_may_lie(
        octets in prop::collection::vec(any::<u8>(), 72..200), at in 12_usize..64, value: u32
    ) {
        let mut message = [ntlm::SIGNATURE, &[3, 0, 0, 0], &octets].concat();
        message[at..at + 4].copy_from_slice(&value.to_le_bytes());
        ntlm::parse(&message);
    }

    #[test]
    fn any_signature_input_is_read(value in "[a-z0-9=()\";, @]{0,60}") {
        Signature::inputs(value.as_bytes());
    }
}
