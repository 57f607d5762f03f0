use proptest::prelude::*;

use super::*;
use crate::auth::authorization::AuthState;

fn key() -> FingerprintKey {
    FingerprintKey::from_bytes(&[7; 32])
}

/// A state in one line: its name, scheme, shape or reason, details, findings.
fn describe(read: &Authorization) -> String {
    let scheme = read.scheme.as_ref().map_or("-", Scheme::name);
    let (what, findings) = match &read.state {
        AuthState::Present { shape, findings } => (shape.name().to_owned(), findings),
        AuthState::Malformed { reason, findings } => {
            (format!("{}{}", reason.name(), detail(reason)), findings)
        }
        other => return other.name().to_owned(),
    };
    let mut line = format!("{} {scheme} {what}", read.state.name());
    for finding in findings {
        line = format!("{line} {}", finding.name());
    }
    line
}

fn detail(reason: &MalformedReason) -> String {
    let flag = |set: bool, name: &str| if set { format!(" {name}") } else { String::new() };
    match reason {
        MalformedReason::NoScheme { looks_like } => format!(" {looks_like:?}").to_lowercase(),
        MalformedReason::DoubledScheme { second, .. } => format!(" {second}"),
        MalformedReason::Placeholder { text } | MalformedReason::UnexpandedVariable { text } => {
            format!(" \"{text}\"")
        }
        MalformedReason::CommaJoined { schemes } => format!(" {}", schemes.join("+")),
        MalformedReason::IllegalCharacter { octet, position } => {
            format!(" {octet:#x}@{position}")
        }
        MalformedReason::NotBase64 { plain, truncated } => {
            flag(*plain, "plain") + &flag(*truncated, "truncated")
        }
        MalformedReason::NoColon { double_encoded } => flag(*double_encoded, "double-encoded"),
        MalformedReason::JwtSegments { count } => format!(" {count}"),
        MalformedReason::JwtBadBase64 { segment } | MalformedReason::JwtBadJson { segment } => {
            format!(" {segment}")
        }
        MalformedReason::JwtSignatureLength { algorithm, got, want } => {
            format!(" {algorithm} {got}/{want}")
        }
        MalformedReason::DigestMissingParams { names } => format!(" {}", names.join("+")),
        _ => String::new(),
    }
}

/// One test a value: `name: value => state`.
macro_rules! states {
    ($($name:ident: $value:expr => $state:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_eq!(describe(&read($value.as_ref(), &key())), $state);
        }
    )*};
}

/// The catalogue's vectors that concern one field line; those of whole requests stand in
/// `auth::tests`.
mod vectors {
    use super::*;

    states! {
        v03_javascript_undefined: "Bearer undefined" => r#"malformed Bearer placeholder "undefined""#;
        v04_javascript_object: "Bearer [object Object]" => r#"malformed Bearer placeholder "[object Object]""#;
        v05_python_bytes: "Basic b'YWxpY2U6c2VjcmV0'" => r#"malformed Basic placeholder "b'…'""#;
        v06_shell_variable: "Bearer ${API_TOKEN}" => r#"malformed Bearer unexpanded-variable "${API_TOKEN}""#;
        v07_variable_without_scheme: "$TOKEN" => r#"malformed - unexpanded-variable "$TOKEN""#;
        v08_scheme_twice: "Bearer Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA" => "malformed Bearer doubled-scheme Bearer";
        v09_jwt_without_scheme: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA" => "malformed - no-scheme jwt";
        v10_scheme_glued_to_token: "BearereyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA" => "malformed Bearer missing-space";
        v11_quoted_token: r#"Bearer "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA""# => "malformed Bearer quoted-token";
        v12_scheme_alone: "Bearer" => "malformed Bearer scheme-only";
        v13_colon_alone: "Basic Og==" => "present Basic user-pass empty-user empty-password";
        v14_password_without_user: "Basic OnBhdDEyMw==" => "present Basic user-pass empty-user";
        v15_newline_in_password: "Basic YWxpY2U6c2VjcmV0Cg==" => "present Basic user-pass trailing-newline";
        v16_no_colon: "Basic YWxpY2VzZWNyZXQ=" => "malformed Basic no-colon";
        v17_encoded_twice: "Basic WVd4cFkyVTZjMlZqY21WMA==" => "malformed Basic no-colon double-encoded";
        v18_plain_user_and_password: "Basic alice:secret" => "malformed Basic not-base64 plain";
        v19_percent_encoded_password: "Basic YWxpY2U6cCU0MHNz" => "present Basic user-pass percent-encoded";
        v20_latin1_login: "Basic c/hyZW46U9hSRU4=" => "present Basic user-pass non-ascii-not-utf8";
        v21_jwt_of_two_segments: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ" => "malformed Bearer jwt-segments 2";
        v22_base64_json_that_is_no_jwt: "Bearer eyJrIjoiYWJjIiwibiI6IngiLCJpZCI6MX0=" => "present Bearer opaque-json";
        v23_expired_jwt: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4Nzc1NjAwfQ.qBdqszzAAdZcfg7CeyKFtNMNiImVDmG5-kBZ5NexF7Q" => "present Bearer jws";
        v25_jwt_of_the_future: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwibmJmIjoxNzQ4Nzc5MzIwLCJleHAiOjE3NDg3ODI4MDB9.wzn5ZnG5v7Sx7R_VX9q2PlM-0bkIjJ_yklLs2P843qc" => "present Bearer jws";
        v26_unsigned_jwt: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0." => "present Bearer jws alg-none";
        v27_refresh_token: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6MTc0ODc4OTE5OSwidXNlcl9pZCI6MX0.huG-hc631btE9DzNnTC1t7BCq8QfVaZhZCD65JsNKAU" => "present Bearer jws";
        v28_bound_token: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiY25mIjp7ImprdCI6IjBaY09DT1JaTll5LURXcHFxMzBqWnlKR0hUTjBkMkhnbEJWM3VpZ3VBNEkifX0.0UUVzJEolBgKbDrMOX2gd32crsBDv5l7kQD7DNVTFF4" => "present Bearer jws";
        v29_jwt_in_milliseconds: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiaWF0IjoxNzQ4Nzc5MjAwMDAwLCJleHAiOjE3NDg3ODI4MDAwMDB9.axZjz1yXBJnCQ1-9-rLv41sNad6QdHlrImiFUC3bEvU" => "present Bearer jws";
        v30_opaque_token: "Bearer 401f7ac837da42b97f613d789819ff93537bee6a" => "present Bearer opaque";
        v31_valid_jwt: "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA" => "present Bearer jws";
        v33_two_credentials_in_one_line: "Bearer mF_9.B6f-4.1JqM, Basic YXNkZjpxd2Vy" => "malformed Bearer comma-joined Bearer+Basic";
        v36_digest: r#"Digest username="alice", realm="zone", nonce="p/LUPb9gBgA=e2c2", uri="/some/page", qop=auth, nc=00000001, cnonce="abcdef", response="ee44660a996002d6d6780c7a90a2e880""# => "present Digest digest";
        v37_ntlm_type_1: "NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAA=" => "present NTLM ntlm1";
        v38_ntlm_type_3: "NTLM TlRMTVNTUAADAAAA" => "present NTLM ntlm3";
        v39_ntlm_in_negotiate: "Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw==" => "present Negotiate ntlm1";
        v47_basic: "Basic YWxpY2U6c2VjcmV0" => "present Basic user-pass";
        v49_short_opaque_token: "Bearer t" => "present Bearer opaque";
        v65_hawk: r#"Hawk id="a", ts="1748779000", nonce="x", mac="abc=""# => "present Hawk params";
        v68_unknown_scheme: "Custom abc" => "present Custom raw";
    }
}

/// What the vectors leave out, rule by rule.
mod rules {
    use super::*;

    const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";
    const CLAIMS: &str = "eyJzdWIiOiJhIn0";
    const SIGNATURE: &str = "1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";

    states! {
        white_space_is_no_credential: " \t " => "malformed - empty-value";
        nothing_is_no_credential: "" => "malformed - empty-value";
        a_fold_is_a_space: "Bearer\r\n abc" => "present Bearer opaque obs-fold";
        a_fold_in_a_token_is_a_part: "Bearer ab\r\n\tcd" => "malformed Bearer extra-parts obs-fold";
        a_tab_may_separate: "Bearer\tabc" => "present Bearer opaque tab-separator";
        spaces_may_separate: "Bearer   abc" => "present Bearer opaque extra-spaces";
        schemes_have_no_case: "bEaReR abc" => "present Bearer opaque";
        every_known_scheme_alone: "negotiate" => "malformed Negotiate scheme-only";
        a_colon_does_not_separate: "Bearer:abc" => "malformed Bearer missing-space";
        nor_does_an_equals_sign: "Bearer=abc" => "malformed Bearer missing-space";
        nor_does_a_no_break_space: "Bearer\u{a0}abc" => "malformed Bearer missing-space";
        basic_glued: "BasicYWxpY2U6c2VjcmV0" => "malformed Basic missing-space";
        words_that_begin_like_a_scheme: "Tokenizer" => "malformed - no-scheme base64ish";
        quotes_around_everything: "\"Bearer abc\"" => "malformed - quoted-token";
        apostrophes_around_everything: "'Bearer abc'" => "malformed - quoted-token";
        typographic_quotes: "Bearer \u{201c}abc\u{201d}" => "malformed Bearer quoted-token";
        typographic_quotes_around_all: "\u{201c}Bearer abc\u{201d}" => "malformed - quoted-token";
        hex_alone: "401f7ac837da42b97f61" => "malformed - no-scheme hex";
        base64_alone: "YWxpY2U6c2VjcmV0" => "malformed - no-scheme base64ish";
        user_and_password_alone: "alice:secret" => "malformed - no-scheme other";
        null_alone: "null" => "malformed - placeholder \"null\"";
        undefined_twice: "undefined undefined" => "malformed - placeholder \"undefined\"";
        object_alone: "[object Object]" => "malformed - placeholder \"[object Object]\"";
        template_alone: "{{token}}" => "malformed - unexpanded-variable \"{{token}}\"";
        github_secret: "Bearer ${{ secrets.API }}" =>
            "malformed Bearer unexpanded-variable \"${{ secrets.API }}\"";
        two_schemes: "Bearer Basic YTpi" => "malformed Bearer doubled-scheme Basic";
        a_scheme_as_token: "Bearer Bearer" => "malformed Bearer doubled-scheme Bearer";
        a_scheme_named_token: "Bearer token" => "present Bearer opaque";
        variable_for_digest: "Digest $DIGEST" => "malformed Digest unexpanded-variable \"$DIGEST\"";
        placeholder_for_negotiate: "Negotiate (null)" =>
            "malformed Negotiate placeholder \"(null)\"";
        two_words: "Bearer abc def" => "malformed Bearer extra-parts";
        a_comma_in_a_token: "Bearer abc,def" => "malformed Bearer illegal-character 0x2c@3";
        a_quote_at_one_end: "Bearer \"abc" => "malformed Bearer illegal-character 0x22@0";
        an_octet_beyond_ascii: "Bearer abc\u{e9}" => "malformed Bearer illegal-character 0xc3@3";
        padding_in_the_middle: "Bearer ab=cd" => "malformed Bearer illegal-character 0x3d@2";
        padding_at_the_end: "Bearer abcd==" => "present Bearer opaque";
        others_may_use_more_characters: "Token abc,def" => "present Token opaque not-token68";
        rails_token: "Token token=\"abc\", nonce=\"x\"" => "present Token params";
        github_token: "token ghp_16C7e42F292c6912E7710c838347Ae178B4a" => "present Token opaque";
        salesforce: "OAuth 00D50000000IZ3Z!AQ0AQ" => "present OAuth opaque not-token68";
        oauth1: "OAuth oauth_consumer_key=\"k\", oauth_signature=\"s%3D\"" => "present OAuth params";
        azure_storage: "SharedKey account:c2lnbmF0dXJl" => "present SharedKey params";
        aws: "AWS4-HMAC-SHA256 Credential=AKID/20250601/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=abc" =>
            "present AWS4-HMAC-SHA256 params";
        signature_draft: "Signature keyId=\"k\",algorithm=\"hs2019\",headers=\"(request-target) date\",signature=\"YWJj==\"" =>
            "present Signature params";
        unpadded_basic: "Basic YWxpY2U6c2VjcmU" => "present Basic user-pass unpadded";
        url_alphabet_in_basic: "Basic YTo_Pz8_" => "present Basic user-pass base64url-alphabet";
        cut_basic: "Basic YWxpY2U6c2VjcmV0Y" => "malformed Basic not-base64 truncated";
        other_octets_in_basic: "Basic YWxp*" => "malformed Basic not-base64";
        a_line_of_a_wrapped_basic: "Basic YWxpY2U6\r\n c2VjcmV0" =>
            "malformed Basic extra-parts obs-fold";
        empty_password: "Basic YWxpY2U6" => "present Basic user-pass empty-password";
        space_at_the_end: "Basic YWxpY2U6c2VjcmV0IA==" => "present Basic user-pass edge-space";
        utf8_login: "Basic c8O4cmVuOng=" => "present Basic user-pass non-ascii-utf8";
        control_character: "Basic YTpiAWM=" => "present Basic user-pass control-char";
        placeholder_in_basic: "Basic dW5kZWZpbmVkOnVuZGVmaW5lZA==" =>
            "present Basic user-pass artifact-placeholder";
        variable_in_basic: "Basic YWxpY2U6JFBBU1NXT1JE" =>
            "present Basic user-pass artifact-unexpanded-variable";
        a_password_with_colons: "Basic YTpiOmM=" => "present Basic user-pass";
        jwt_of_one_segment: format!("Bearer {HEADER}") => "malformed Bearer jwt-segments 1";
        jwt_of_four_segments: format!("Bearer {HEADER}.{CLAIMS}.a.b") =>
            "malformed Bearer jwt-segments 4";
        jwt_of_six_segments: format!("Bearer {HEADER}.a.b.c.d.e") =>
            "malformed Bearer jwt-segments 6";
        encrypted_jwt: "Bearer eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.b.c.d" =>
            "present Bearer jwe";
        eyj_that_is_nothing: "Bearer eyJxyz" => "present Bearer opaque";
        jwt_without_signature: format!("Bearer {HEADER}.{CLAIMS}.") =>
            "malformed Bearer jwt-no-signature";
        jwt_with_cut_signature: format!("Bearer {HEADER}.{CLAIMS}.{}", &SIGNATURE[..40]) =>
            "malformed Bearer jwt-signature-length HS256 30/32";
        jwt_with_long_signature: format!("Bearer {HEADER}.{CLAIMS}.{SIGNATURE}ab") =>
            "malformed Bearer jwt-signature-length HS256 33/32";
        jwt_with_damaged_claims: format!("Bearer {HEADER}.{CLAIMS}x.{SIGNATURE}") =>
            "malformed Bearer jwt-bad-json 1";
        jwt_with_cut_claims: format!("Bearer {HEADER}.{}.{SIGNATURE}", &CLAIMS[..13]) =>
            "malformed Bearer jwt-bad-base64 1";
        jwt_with_damaged_header: format!("Bearer eyJhbGci.{CLAIMS}.{SIGNATURE}") =>
            "malformed Bearer jwt-bad-json 0";
        jwt_under_another_scheme: format!("JWT {HEADER}.{CLAIMS}.{SIGNATURE}") => "present JWT jws";
        paseto: "Bearer v4.public.abc.def" => "present Bearer opaque";
        google: "Bearer ya29.a.b.c" => "present Bearer opaque";
        digest_without_quotes_at_all: "Digest username=a, realm=r, nonce=n, uri=/x?y=1, response=0" =>
            "present Digest digest";
        digest_with_quotes_where_none_belong: "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"0\", qop=\"auth\", nc=\"1\", cnonce=\"c\", algorithm=\"MD5\"" =>
            "present Digest digest quoted-qop bad-nc quoted-nc quoted-algorithm";
        digest_with_qop_alone: "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"0\", qop=auth" =>
            "malformed Digest digest-missing-params cnonce+nc";
        digest_of_a_user_beyond_ascii: "Digest username*=UTF-8''J%C3%A4s, realm=\"r\", nonce=\"n\", uri=\"/\", response=\"0\"" =>
            "present Digest digest";
        digest_of_nothing: "Digest abc" => "malformed Digest digest-syntax";
        digest_with_an_open_quote: "Digest username=\"a, realm=r" =>
            "malformed Digest digest-syntax";
        negotiate_of_nothing: "Negotiate abcd" => "malformed Negotiate bad-gss-token";
        negotiate_that_is_no_base64: "Negotiate a b" => "malformed Negotiate bad-gss-token";
        ntlm_of_a_type_that_does_not_exist: "NTLM TlRMTVNTUAAJAAAA" =>
            "malformed NTLM bad-gss-token";
        spnego: "Negotiate YBMGBisGAQUFAqAJMAegBTADBgEq" => "present Negotiate spnego";
        spnego_with_ntlm: "Negotiate YBwGBisGAQUFAqASMBCiDgQMTlRMTVNTUAABAAAA" =>
            "present Negotiate spnego+ntlm";
        kerberos: "Negotiate YA0GCSqGSIb3EgECAgEA" => "present Negotiate kerberos";
        spnego_response: "Negotiate oRQwEqADCgEB" => "present Negotiate spnego-resp";
        another_mechanism: "Negotiate YAcGBSsGAQUC" => "present Negotiate gss";
    }

    fn fingerprint(value: &str) -> String {
        read(value.as_bytes(), &key()).fingerprint.map_or_else(String::new, |f| f.to_string())
    }

    #[test]
    fn a_fingerprint_is_of_the_credential_and_not_of_its_spelling() {
        assert_eq!(fingerprint("Basic YWxpY2U6c2VjcmU="), fingerprint("basic  YWxpY2U6c2VjcmU"));
        assert_eq!(fingerprint("Bearer abc"), fingerprint("Token abc"));
        assert_ne!(fingerprint("Bearer abc"), fingerprint("Bearer abd"));
        let digest = |response: &str| {
            fingerprint(&format!(
                "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"{response}\""
            ))
        };
        assert_eq!(digest("0"), digest("1"));
        let kerberos = read(b"Negotiate YA0GCSqGSIb3EgECAgEA", &key());
        assert_eq!(kerberos.fingerprint, None, "a ticket differs every time");
    }

    #[test]
    fn whoever_is_named_in_clear_is_the_user() {
        let user = |value: &str| read(value.as_bytes(), &key()).user.unwrap_or_default();
        assert_eq!(user("Basic YWxpY2U6c2VjcmV0"), "alice");
        assert_eq!(user("Basic c/hyZW46U9hSRU4="), "søren");
        assert_eq!(user(&format!("Bearer {HEADER}.{CLAIMS}.{SIGNATURE}")), "a");
        assert_eq!(user("Digest username=\"bob\""), "bob");
        assert_eq!(user("Digest username*=UTF-8''J%C3%A4s"), "Jäs");
        assert_eq!(user("Digest username=\"0123\", userhash=true"), "");
        assert_eq!(user("AWS4-HMAC-SHA256 Credential=AKID/x, Signature=y"), "AKID");
        assert_eq!(user("OAuth oauth_consumer_key=\"ck\", oauth_signature=\"x\""), "ck");
        assert_eq!(user("Hawk id=\"h\", mac=\"x\""), "h");
    }

    proptest! {
        #[test]
        fn any_octets_have_a_state(octets: Vec<u8>) {
            read(&octets, &key());
        }

        #[test]
        fn any_credentials_have_a_state(
            scheme in "(Basic|Bearer|Token|Digest|NTLM|Negotiate|OAuth|Hawk|AWS4-HMAC-SHA256|X)",
            credentials in "[ -~\t\r\n]{0,60}",
        ) {
            read(format!("{scheme} {credentials}").as_bytes(), &key());
        }

        #[test]
        fn any_message_inside_negotiate_has_a_state(
            start in prop_oneof![Just(&b"NTLMSSP\0"[..]), Just(&b"\x60\x30"[..]), Just(&b"\xa1"[..])],
            message: Vec<u8>,
        ) {
            use base64::Engine as _;
            let token = base64::engine::general_purpose::STANDARD.encode([start, &message].concat());
            read(format!("Negotiate {token}").as_bytes(), &key());
        }

        #[test]
        fn any_login_is_read_back(user in "[^:\\x00-\\x1f]{0,20}", password in ".{0,20}") {
            use base64::Engine as _;
            let token = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            let read = read(format!("Basic {token}").as_bytes(), &key());
            match read.state {
                AuthState::Present { shape: Shape::UserPass { user: u, password: p }, .. } => {
                    prop_assert_eq!((&*u, p.expose()), (&*user, password.as_bytes()));
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
