//! Places where a secret once stood in clear, and look-alikes.

use super::{header, masking};
use crate::text;

const SECRET: &str = "hunter2hunter2";

fn body(content_type: &str, body: &str) -> String {
    text::decode(&masking().body(Some(content_type.as_bytes()), body.as_bytes())).into_owned()
}

fn target(target: &str) -> String {
    text::decode(&masking().target(target.as_bytes())).into_owned()
}

/// In all of these texts the secret is masked, and nothing that makes them what they are is.
fn hides(content_type: &str, templates: &[&str]) {
    for template in templates {
        let planted = template.replace("@@", "\0").replace('@', SECRET);
        let shown = body(content_type, &planted.replace('\0', &format!("{SECRET}@")));
        assert!(!shown.contains(SECRET) && shown.contains("(masked"), "{template}: {shown}");
        assert!(shown.contains("alice") || !template.contains("alice"), "{template}: {shown}");
        assert!(!shown.contains("fp:(") && !shown.contains("),fp"), "masked twice: {shown}");
    }
}

fn stays(content_type: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(body(content_type, text), *text);
    }
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
fn a_path_is_public_up_to_whatever_is_masked_in_it() {
    use super::{public_part, shown_address, shown_path};
    for (path, public, shown) in [
        ("/a;jsessionid=@/b", "/a;jsessionid=", "/a;jsessionid=(masked)"),
        ("/p/http://u:@@in/x", "/p/http://", "/p/http://(masked)@in/x"),
        ("//u:@@h/x;v=1", "//", "//(masked)@h/x;v=1"),
        ("u:@@h:443", "", "(masked)"),
        ("/x&token=@", "/x&token=", "/x&token=(masked)"),
        ("/v/eyJ@hunter2/y", "/v/", "/v/(masked)"),
        ("/map;lat=1/@user", "/map;lat=1/@user", "/map;lat=1/@user"),
    ] {
        let path = match path {
            "/map;lat=1/@user" => path.to_owned(),
            _ => path.replacen('@', SECRET, 1),
        };
        assert_eq!(text::decode(public_part(path.as_bytes())), public);
        assert_eq!(shown_path(path.as_bytes()), shown);
    }
    let address = shown_address(b"http://u:hunter2@h/final;a=1?code=hunter2#id_token=hunter2");
    assert_eq!(address, "http://(masked)@h/final;a=1");
    assert_eq!(shown_address(b"http://h/cb#id_token=hunter2"), "http://h/cb");
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

#[test]
fn everything_inside_a_secret_element_is_secret() {
    hides(
        "text/xml",
        &[
            "<a>alice<password><![CDATA[@]]></password></a>",
            "<password><![CDATA[>@]]></password>",
            "<password><value>@</value></password><user>alice</user>",
            "<x:Password>\n <value type=\"a\">@</value>\n <n/>\n</x:Password><u>alice</u>",
            "<password><value>@",
            "<password>@",
            "<p><!-- <password>@</password> -->alice</p>",
            "<Assertion>@<Issuer>alice</Issuer></Assertion>",
            "\u{feff}<password>@</password>",
        ],
    );
    stays(
        "text/xml",
        &[
            "<a><![CDATA[alice <password>]]></a>",
            "<tokens><count>1</count></tokens>",
            "<password/><a>alice</a>",
            "<token></token><a>alice</a>",
            "<RequestedSecurityToken> <Assertion><Issuer>a</Issuer></Assertion>",
            "a < b <",
        ],
    );
}

#[test]
fn what_ends_character_data_is_no_text_of_it() {
    let shown = body("text/xml", "<pin><![CDATA[1234]]></pin><a>b</a>");
    assert!(shown.ends_with(")]]></pin><a>b</a>") && !shown.contains("1234"), "{shown}");
}

#[test]
fn an_attribute_is_a_secret_by_its_name() {
    hides(
        "text/xml",
        &[
            "<login user=\"alice\" password=\"@\"/>",
            "<login password='@' user='alice'/>",
            "<login password = \"a>@\" user='alice'/>",
            "<login password=\"a>@",
            "<r x:token=\"@\">alice</r>",
            "<add key=\"Password\" value=\"@\"/>",
            "<input value=\"@\" name=\"csrf_token\">",
            "<input name=csrf_token value=@>",
            "<INPUT NAME='csrf_token' VALUE='@'>",
            "<meta name=\"csrf-token\" content=\"@\">",
            "<a title=\"open><password>@</password>",
        ],
    );
    stays(
        "text/html",
        &[
            "<input type=\"password\" name=\"password\" autocomplete=\"current-password\">",
            "<label for=\"password\" class='token'>Password</label>",
            "<a xmlns:token=\"urn:x\" href=\"/a=b\" x=",
            "<input name=\"q\" value=\"password\"><p a='b>c'>",
        ],
    );
}

#[test]
fn a_url_in_json_is_masked_however_its_characters_are_escaped() {
    hides(
        "application/json",
        &[
            r#"{"u":"http:\/\/alice:@@h\/","n":"alice"}"#,
            r#"{"u":"http://h/?a=alice\u0026token=@"}"#,
            r#"{"u":"http://h/\u003Ftoken\u003d@"}"#,
            r#"{"u":"http:\/\/h\/?a=alice\u0026token=@"#,
            r#"{"u":"\ud83d http:\/\/u:@@h\/"}"#,
            r#"{"e":"Server=db;Password=@;x=alice"}"#,
        ],
    );
    stays(
        "application/json",
        &[
            r#"{"u":"http:\/\/h\/a?b=1\u0026c=2","e":"a\nb \"token\" \u00fc"}"#,
            r#"{"u":"http:\/\/h\/a\u00"#,
        ],
    );
}

#[test]
fn single_quotes_hold_a_secret_as_well() {
    hides(
        "application/json",
        &[
            "{'password': '@', 'user': 'alice'}",
            "{u'password': u'@', u'user': u'alice'}",
            "{'password': '@",
            "{'password':'it\\'s @'}",
            "{\"error\":\"alice: {'password': '@'}\"}",
        ],
    );
    stays(
        "application/json",
        &["{'user': 'alice', 'it': 'don\\'t'}", "{\"e\":\"don't {'tell'}\"}"],
    );
}

#[test]
fn json_in_a_callback_an_event_or_a_log_is_json() {
    hides(
        "application/javascript",
        &[
            "cb({\"password\":\"@\",\"user\":\"alice\"})",
            "cb({\"password\":\"@=\"});",
            "/**/ window.cb([{'token':'@'}]);",
            ")]}',\n{\"password\":\"@\"}",
            "data: {\"token\":\"@\"}\n\n",
            "can't: alice {\"password\":\"@\"}",
        ],
    );
    stays("text/plain", &["Invalid token: expired", "It's \"alice\": don't", "f({\"a\":1})"]);
}

#[test]
fn a_password_on_a_line_of_its_own_is_a_secret() {
    hides(
        "text/plain",
        &[
            "user=alice\npassword=@",
            "user=alice\r\npassword=@, and @; all of it\r\n",
            "export API_KEY=@\nuser=alice",
            "user=alice password=@ ",
            "Login{user=alice, password=@}",
            "alice: secret='@ @' ok",
            "password=@\n",
            "user=alice&password=@\n",
        ],
    );
    stays(
        "text/plain",
        &[
            "The password = what you know",
            "grant_type=password is not allowed\nuser=alice",
            "password=\ntokens=3",
            "a == b, x-token=",
            "{\n document.cookie=\"a=\"+b;\n}",
        ],
    );
}

#[test]
fn a_setting_is_a_secret_by_its_name() {
    hides(
        "text/plain",
        &[
            "user: alice\npassword: @\n",
            "db:\n  user: alice\n  password: @\n  host: h\n",
            "  - user: alice\n    api-key: \"@\"\n",
            "password: '@' # alice's\n",
            "[db]\nuser = alice\npassword = @\n",
            "user = alice\r\napi_key = @\r\nport = 1\r\n",
            "api_key: @\nuser: alice",
            "---\nuser: alice\npassword: @\n",
            "user: alice\nsecret: |\n  @\n  more @\nport: 1\n",
            "user: alice\ntokens: 3\ntoken:\n  - @\n  - @\n",
            "user: alice\nprivate_key: !vault |-\n  @\n",
            "- name: DB_PASSWORD\n  value: @\n- name: USER\n  value: alice\n",
            "API key: @\nalice",
            "[user] => alice\n    [password] => @\n",
            "GET / HTTP/1.1\r\nHost: alice\r\nAuthorization: Bearer @\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: alice\r\nCookie: sid=@; b=@\r\nX-Api-Key: @\r\n\r\n",
            "login of alice, token: @, failed",
            "password:@\nalice",
            "your access token: @. Keep it, alice.",
        ],
    );
    hides("application/yaml", &["user: alice\npassword: must @ all\n", "{user: alice, pin: @}"]);
    for letters in [
        "user: alice\npassword: letmein\n",
        "[x]\npassword = letmein",
        "api_key = letmein",
        "a=1 password=letmein ok",
        "password=letmein, wrong",
    ] {
        assert!(!body("text/plain", letters).contains("letmein"), "{letters}");
    }
    let shown = body("text/yaml", "a: 1\npassword: \"hunter2\"\npin: 'x1'\nsecret: null\n");
    assert!(shown.contains("password: \"(masked") && shown.contains("secret: null"), "{shown}");
}

#[test]
fn what_a_server_says_of_a_secret_stays_readable() {
    stays(
        "text/plain",
        &[
            "Password: required",
            "Invalid password: must have 8 letters",
            "password: must have at least 8 letters",
            "Token: expired at 2025-06-01T12:00:00Z",
            "Unauthorized\nToken: invalid\n",
            "token: invalid number of segments",
            "jwt: signature is invalid",
            "Authorization: not provided",
            "Error: bad credentials: 401 Unauthorized",
            "Unsupported JWT: HS256",
            "unexpected token: EOF at line 12",
            "Access token: missing\nkey: value",
            "see token://x and a::token::b",
            "The session: timed out. Code: 401",
            "credentials: null",
            "password:\n\nuser: alice",
            "if (token == 'abcdef1234567890') {}",
            "secret: ${SECRET}",
            "Time: 12:00:01, key: 1234567",
        ],
    );
    stays(
        "application/json",
        &[
            r#"{"errors":{"password":["The password field is required.","is too short (minimum is 8 characters)"]}}"#,
            r#"{"token":"This field may not be blank.","message":"Invalid token: signature mismatch"}"#,
            r#"{"name":"token","value":null,"message":"jwt: expired"}"#,
            r#"{"name":"alice","value":"hunter2","path":"/oauth/token"}"#,
            r#"{"query":"mutation($password: String!) { login(password: $password) }"}"#,
        ],
    );
    let passphrase = body("application/json", r#"{"password":"correct horse battery staple"}"#);
    assert!(passphrase.contains("(masked"), "{passphrase}");
}

#[test]
fn a_member_that_another_one_names_as_a_secret_is_one() {
    hides(
        "application/json",
        &[
            r#"[{"name":"user","value":"alice"},{"name":"password","value":"@"}]"#,
            r#"[{"value":"@","name":"password"},{"value":"alice","name":"user"}]"#,
            r#"{"a":"alice","env":[{"key":"API_KEY","value":"@"}]}"#,
            r#"{"errors":[{"type":"field","value":"@","msg":"alice","path":"password","location":"body"}]}"#,
            r#"{"detail":[{"loc":["body","password"],"msg":"alice","input":"@"}]}"#,
            r#"{"detail":[{"input":"@","loc":["body","password"],"msg":"alice"}]}"#,
            r#"{"field":"password","objectName":"alice","rejectedValue":"@"}"#,
            r#"{"PropertyName":"Password","AttemptedValue":"@","a":"alice"}"#,
            r#"{"name":"Authorization","value":["@","@"],"a":"alice"}"#,
            r#"{"value":["@",{"a":1}],"name":"password","a":"alice"}"#,
            r#"{"value":{"raw":"@"},"name":"client_secret","a":"alice"}"#,
            r#"{"a":"alice","value":"@","name":"password"#,
            r#"{"a":"alice","value":"@\"@","name":"password"}"#,
            r#"{"a":"alice","name":"password","value":"@"#,
        ],
    );
    let shown =
        body("application/json", r#"[{"value":1234, "name":"pin"},{"value":1234,"name":"n"}]"#);
    assert_eq!(shown, r#"[{"value":"(masked)", "name":"pin"},{"value":1234,"name":"n"}]"#);
    let deep = format!("{}{}", r#"{"value":"#.repeat(5000), r#""x","name":"password"}"#.repeat(3));
    body("application/json", &deep);
}

#[test]
fn a_url_in_a_challenge_is_masked() {
    for value in [
        "Bearer realm=\"https://alice:@@h/token\",service=\"alice\"",
        "Bearer realm=\"https://h/alice?a=1&access_token=@\"",
        "Basic realm=\"x\", Bearer error=\"alice\", error_uri=\"http://h/?token=@\"",
        "Basic realm=\"Default name: alice password: @\"",
    ] {
        let planted = value.replace("@@", "\0").replace('@', SECRET);
        let planted = planted.replace('\0', &format!("{SECRET}@"));
        for name in ["WWW-Authenticate", "Proxy-Authenticate"] {
            let shown = header(name, &planted);
            assert!(!shown.contains(SECRET) && shown.contains("alice"), "{shown}");
        }
        let shown = masking().text(&planted).into_owned();
        assert!(!shown.contains(SECRET) && shown.contains("alice"), "{shown}");
        let shown = super::shown_words(&planted).into_owned();
        assert!(!shown.contains(SECRET) && !shown.contains("fp"), "{shown}");
        assert!(shown.contains("(masked)") && shown.contains("alice"), "{shown}");
    }
    for plain in [
        "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull\"",
        "Digest realm=\"x\", nonce=\"4l7VPb9gBgA=53af\", qop=\"auth\", opaque=\"a1b2c3\"",
        "Bearer error=\"invalid_token\", error_description=\"The token expired at '06/01/2025 11:00:00'\"",
        "Basic realm=\"Password: required\"",
    ] {
        assert_eq!(header("WWW-Authenticate", plain), plain);
        assert_eq!(super::shown_words(plain), plain);
    }
}

#[test]
fn an_element_that_another_one_names_as_a_secret_is_one() {
    hides(
        "text/xml",
        &[
            "<member><name>password</name><value><string>@</string></value></member><u>alice</u>",
            "<m><name>user</name><value>alice</value></m><m><name>token</name>\n<value>@</value></m>",
            "<properties><entry key=\"user\">alice</entry><entry key=\"password\">@</entry></properties>",
            "<bean><property name='password'><value>@</value></property><a>alice</a></bean>",
        ],
    );
    stays(
        "text/xml",
        &[
            "<m><name>password</name><type>string</type></m><m><name>user</name><value>a</value></m>",
            "<entry key=\"password\"/><entry key=\"user\">alice</entry>",
            "<property name=\"token\"></property><p>alice</p>",
        ],
    );
}
