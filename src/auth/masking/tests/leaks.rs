//! Places where a secret once stood in clear, and look-alikes.

use super::header;

const SECRET: &str = "hunter2hunter2";

#[test]
fn a_header_is_a_secret_by_the_last_word_of_its_name() {
    for name in [
        "X-Pass",
        "X-User-Pass",
        "X-Session",
        "Session",
        "DD-APPLICATION-KEY",
        "Fastly-Key",
        "X-Shop-Sig",
        "X_Ticket",
        "x-ms-encryption-key",
        "x-amz-server-side-encryption-customer-key",
    ] {
        let shown = header(name, SECRET);
        assert!(shown.starts_with("(masked"), "{name}: {shown}");
    }
    let shown = header("X-Sentry-Auth", "Sentry sentry_key=a, sentry_secret=hunter2hunter2");
    assert!(!shown.contains(SECRET), "{shown}");
    for name in [
        "Idempotency-Key",
        "Surrogate-Key",
        "X-Cache-Key",
        "Keep-Alive",
        "Sec-WebSocket-Key",
        "Crypto-Key",
        "Public-Key-Pins",
        "X-Monkey",
        "X-Bypass",
        "X-Compass",
        "X-Error-Code",
        "Session-Count",
        "X-Key-Version",
        "X-Author",
        "SID",
    ] {
        assert_eq!(header(name, SECRET), SECRET, "{name}");
    }
}

#[test]
fn a_header_that_counts_as_a_credential_is_masked_as_one() {
    for name in ["Authorisation", "Autorization", "Authorizaton", "X-JFrog-Art-Api", "X-Auth"] {
        let shown = header(name, SECRET);
        assert!(!shown.contains(SECRET), "{name}: {shown}");
    }
    for name in ["X-Forwarded-User", "Author", "Authority-Info"] {
        assert_eq!(header(name, SECRET), SECRET, "{name}");
    }
}

#[test]
fn a_token_among_the_subprotocols_of_a_websocket_is_a_secret() {
    let opaque = "h4xQ81mmPz0aVb77Lk";
    for (value, shows) in [
        ("base64url.bearer.authorization.k8s.io.@, v4.channel.k8s.io", "v4.channel.k8s.io"),
        ("Bearer, @", "Bearer, "),
        ("graphql-ws, access_token,@", "graphql-ws"),
        ("v1, token.@", "v1, token."),
        ("basic , @", "basic, "),
    ] {
        for secret in ["short-1", opaque] {
            let shown = header("Sec-WebSocket-Protocol", &value.replace('@', secret));
            assert!(!shown.contains(secret) && shown.contains(shows), "{value}: {shown}");
        }
    }
    for value in ["chat.@", "@,soap", "soap,@"] {
        let shown = header("sec-websocket-protocol", &value.replace('@', opaque));
        assert!(!shown.contains(opaque) && shown.contains("(masked"), "{value}: {shown}");
    }
    for value in [
        "v4.channel.k8s.io, v5.channel.k8s.io",
        "graphql-transport-ws",
        "v12.stomp,v11.stomp",
        "aws-iot-secure-tunneling-2.0",
        "protobuf.webpubsub.azure.v1",
        "ocpp2.0.1",
        "",
    ] {
        assert_eq!(header("Sec-WebSocket-Protocol", value), value);
    }
}
