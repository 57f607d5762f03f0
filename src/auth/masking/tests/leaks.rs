//! Places where a secret once stood in clear, and look-alikes.

use super::{header, masking};
use crate::text;

const SECRET: &str = "hunter2hunter2";

fn target(target: &str) -> String {
    text::decode(&masking().target(target.as_bytes())).into_owned()
}

#[test]
fn a_parameter_of_a_path_is_a_secret_by_its_name() {
    for path in ["/x;jsessionid=@", "/x;PHPSESSID=@/y", "/a;v=1;access%5Ftoken=@", "/;token=@?a=1"]
    {
        let shown = target(&path.replace('@', SECRET));
        assert!(!shown.contains(SECRET) && shown.contains("=(masked,fp:"), "{path}: {shown}");
        let shown = header("Location", &format!("http://h{}", path.replace('@', SECRET)));
        assert!(!shown.contains(SECRET), "{path}: {shown}");
    }
    assert!(!target("/x;session=a1b2c3d4e5f6a7b8c9").contains("c3d4"));
    for plain in ["/map;lat=1;lon=2", "/a;v=1.0/b", "/x;jsessionid=", "/a;code=404", "/;;=;token"] {
        assert_eq!(target(plain), plain);
    }
    for (name, value) in [
        ("Accept", "text/html;q=0.9;level=1,*/*;q=0.8"),
        ("Content-Type", "text/html;charset=utf-8"),
        ("Cache-Status", "proxy;hit;key=\"/a\""),
        ("Server", "x;key=short"),
    ] {
        assert_eq!(header(name, value), value);
    }
    let own = super::OwnNames::new(&[], &["ssn".to_owned()]);
    let shown = masking().with_names(own).target(b"/x;ssn=078051120").into_owned();
    assert!(!text::decode(&shown).contains("078"));
}

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
