//! The one table of all fields: parser, evaluator, completion, `why401 explain filter` and
//! `docs/FILTER.md` read it. Adding a field means adding a row here.

use super::access::{self, VisitAddress, VisitText};
use super::brief::Subject;
use crate::diagnosis::catalogue;
use crate::text;

/// A field of the filter language.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What Wireshark calls it.
    pub wireshark: &'static [&'static str],
    /// What it is, in one line.
    pub about: &'static str,
    /// A term that uses it.
    pub example: &'static str,
    pub(super) access: Access,
    pub(super) values: Values,
}

/// How a case is asked for the field, and so which comparisons it knows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    /// Is or is not.
    Flag(fn(Subject<'_>) -> bool),
    /// Numbers; several where a field looks at both ends of a connection.
    Number(Unit, &'static [fn(Subject<'_>) -> Option<u64>]),
    /// Text in which `:` finds a part.
    Text(VisitText),
    /// As [`Access::Text`], of one header or claim that is named after a dot.
    Named(VisitText),
    /// A word which `:` compares whole.
    Word(VisitText),
    /// Addresses and ports.
    Address(VisitAddress),
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Things.
    Plain,
    /// Status codes: `4xx` is a range.
    Status,
    /// Nanoseconds, written `200ms`.
    Time,
    /// Octets, written `1k`.
    Octets,
    /// Levels of confidence, by name.
    Confidence,
}

/// Which values a field can have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values {
    /// Whatever the traffic brings.
    Any,
    /// These are usual.
    Usual(&'static [&'static str]),
    /// Only these: another one is an error.
    Only(fn() -> Vec<&'static str>),
}

impl Field {
    /// Whether it stands without a value.
    pub const fn is_flag(&self) -> bool {
        matches!(self.access, Access::Flag(_))
    }

    /// Whether it needs a header or claim named after a dot.
    pub const fn takes_argument(&self) -> bool {
        matches!(self.access, Access::Named(_))
    }

    /// Its kind, in words.
    pub const fn kind(&self) -> &'static str {
        match self.access {
            Access::Flag(_) => "flag",
            Access::Number(Unit::Status, _) => "status code",
            Access::Number(Unit::Time, _) => "duration",
            Access::Number(Unit::Octets, _) => "size",
            Access::Number(Unit::Confidence, _) => "level",
            Access::Number(Unit::Plain, _) => "number",
            Access::Text(_) | Access::Named(_) => "text",
            Access::Word(_) => "word",
            Access::Address(_) => "address",
        }
    }

    /// The values to offer before any traffic was seen.
    pub(super) fn known_values(&self) -> Vec<&'static str> {
        match self.values {
            Values::Any if self.is_flag() => vec!["yes", "no"],
            Values::Any => Vec::new(),
            Values::Usual(values) => values.to_vec(),
            Values::Only(values) => values(),
        }
    }

    fn has_name(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name)
            .chain(self.aliases.iter().copied())
            .chain(self.wireshark.iter().copied())
    }

    const fn new(name: &'static str, access: Access) -> Self {
        let (aliases, wireshark): (&[&str], &[&str]) = (&[], &[]);
        Self { name, aliases, wireshark, about: "", example: "", access, values: Values::Any }
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn wireshark(mut self, wireshark: &'static [&'static str]) -> Self {
        self.wireshark = wireshark;
        self
    }

    const fn values(mut self, values: Values) -> Self {
        self.values = values;
        self
    }

    const fn about(mut self, about: &'static str, example: &'static str) -> Self {
        (self.about, self.example) = (about, example);
        self
    }
}

const fn flag(name: &'static str, is: fn(Subject<'_>) -> bool) -> Field {
    Field::new(name, Access::Flag(is))
}

const fn number(
    name: &'static str,
    unit: Unit,
    numbers: &'static [fn(Subject<'_>) -> Option<u64>],
) -> Field {
    Field::new(name, Access::Number(unit, numbers))
}

const fn text(name: &'static str, visit: VisitText) -> Field {
    Field::new(name, Access::Text(visit))
}

const fn named(name: &'static str, visit: VisitText) -> Field {
    Field::new(name, Access::Named(visit))
}

const fn word(name: &'static str, visit: VisitText) -> Field {
    Field::new(name, Access::Word(visit))
}

const fn address(name: &'static str, visit: VisitAddress) -> Field {
    Field::new(name, Access::Address(visit))
}

/// All fields, in the order in which they are explained.
pub const FIELDS: &[Field] = &[
    // The exchange
    number("status", Unit::Status, &[access::status])
        .aliases(&["code"])
        .wireshark(&["http.response.code", "http2.headers.status", "http.response.status"])
        .values(Values::Usual(&["401", "403", "407", "4xx", "5xx", "2xx", "3xx"]))
        .about("status code of the response; 4xx is 400..499", "status:401"),
    word("method", access::method)
        .wireshark(&["http.request.method", "http2.headers.method"])
        .values(Values::Usual(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]))
        .about("method of the request", "method:POST,PUT"),
    text("host", access::host)
        .wireshark(&["http.host", "http2.headers.authority"])
        .about("Host, :authority, or the authority of an absolute target", "host:api"),
    text("path", access::path)
        .wireshark(&["http.request.uri.path", "http2.headers.path"])
        .about("path of the target, without query", "path:/v1/orders"),
    text("query", access::query)
        .wireshark(&["http.request.uri.query"])
        .about("query of the target, without question mark", "query:page=2"),
    text("target", access::target)
        .aliases(&["uri"])
        .wireshark(&["http.request.uri"])
        .about("the request-target as it stood on the wire", "target:/v1/orders?page=2"),
    text("url", access::url)
        .wireshark(&["http.request.full_uri"])
        .about("http://, host and target together", "url:*api.local*/v1/*"),
    word("proto", access::protocol)
        .aliases(&["protocol"])
        .wireshark(&["http.request.version", "http.response.version"])
        .values(Values::Usual(&["HTTP/1.1", "HTTP/1.0", "h2"]))
        .about("protocol version", "proto:h2"),
    text("phrase", access::phrase)
        .wireshark(&["http.response.phrase"])
        .about("reason phrase of the status line", "phrase:unauthorized"),
    number("latency", Unit::Time, &[access::latency])
        .wireshark(&["http.time"])
        .about("from the request's first octet to the response's", "latency>200ms"),
    number("size", Unit::Octets, &[access::response_size])
        .aliases(&["resp.size"])
        .about("octets of the response's body", "size>1k"),
    number("req.size", Unit::Octets, &[access::request_size])
        .about("octets of the request's body", "req.size>10k"),
    text("body", access::body)
        .wireshark(&["http.file_data"])
        .about("beginning of either body, decoded", "body:expired"),
    text("req.body", access::request_body)
        .aliases(&["request.body"])
        .about("beginning of the request's body, decoded", "req.body:grant_type"),
    text("resp.body", access::response_body)
        .aliases(&["response.body"])
        .about("beginning of the response's body, decoded", "resp.body:/token.(is.)?expired/"),
    named("req.header", access::request_header)
        .aliases(&["request.header"])
        .about("a header field of the request", "req.header.user-agent:curl"),
    named("resp.header", access::response_header)
        .aliases(&["response.header"])
        .about("a header or trailer field of the response", "resp.header.server:nginx"),
    named("header", access::any_header)
        .about("a header field of either message", "header.content-type:json"),
    text("cookie", access::cookie).about("Cookie of the request", "cookie:session"),
    // Authorization
    word("auth", access::auth)
        .aliases(&["authorization"])
        .values(Values::Only(access::auth_values))
        .about(
            "state of Authorization (on a 407 of Proxy-Authorization), or what is wrong with it",
            "auth:missing",
        ),
    word("scheme", access::scheme)
        .values(Values::Usual(&["Basic", "Bearer", "Digest", "Negotiate", "NTLM"]))
        .about("scheme of the credentials", "scheme:bearer"),
    word("shape", access::shape).about("what the credentials look like", "shape:jws"),
    word("finding", access::finding)
        .values(Values::Only(access::finding_values))
        .about("an oddity that does not break the credentials", "finding:trailing-newline"),
    text("user", access::user)
        .wireshark(&["ntlmssp.auth.username"])
        .about("whom the credentials speak for, where they say so in clear", "user:alice"),
    text("fp", access::fingerprint)
        .aliases(&["fingerprint"])
        .about("fingerprint of a credential in this run", "fp:3fa1c2d4"),
    named("jwt", access::jwt)
        .about("a claim of the JWT, else a parameter of its header", "jwt.iss:*auth*"),
    word("offers", access::offers)
        .aliases(&["challenge"])
        .values(Values::Usual(&["Basic", "Bearer", "Digest", "Negotiate", "NTLM"]))
        .about("a scheme that the server offers", "offers:digest"),
    text("realm", access::realm).about("realm of a challenge", "realm:admin"),
    // Why
    text("why", access::why)
        .aliases(&["diagnosis"])
        .values(Values::Only(diagnosis_ids))
        .about("id of the diagnosis; see why401 explain", "why:token-expired"),
    text("also", access::also)
        .values(Values::Only(diagnosis_ids))
        .about("id of another diagnosis that is at least likely", "also:clock-skew"),
    word("class", access::class)
        .values(Values::Only(access::class_values))
        .about("what kind of knowledge the diagnosis rests on", "class:token"),
    number("confidence", Unit::Confidence, &[access::confidence])
        .values(Values::Only(access::confidence_values))
        .about("how sure the diagnosis is", "confidence>=likely"),
    flag("benign", access::benign).about("part of a normal flow that succeeds", "-benign"),
    flag("provisional", access::provisional).about("the diagnosis may still change", "provisional"),
    flag("leg", access::leg)
        .about("an inner leg of a request whose outermost leg was captured too", "-leg"),
    word("note", access::note)
        .values(Values::Only(access::note_values))
        .about("a remark beside the diagnosis; alone: any", "note:clear-text-credentials"),
    number("repeat", Unit::Plain, &[access::repeat])
        .about("how often this credential was refused for this target by now", "repeat>=3"),
    // Where
    address("client", access::client)
        .aliases(&["src"])
        .wireshark(&["ip.src", "ipv6.src"])
        .about("address of the side that sends requests", "client:10.0.0.0/8"),
    address("server", access::server)
        .aliases(&["dst"])
        .wireshark(&["ip.dst", "ipv6.dst"])
        .about("address of the side that sends responses", "server::8080"),
    address("ip", access::either_address)
        .aliases(&["addr"])
        .wireshark(&["ip.addr", "ipv6.addr", "ip.host"])
        .about("address of either side", "ip:10.0.0.5"),
    number("port", Unit::Plain, &[access::client_port, access::server_port])
        .wireshark(&["tcp.port"])
        .about("port of either side", "port:8080"),
    number("client.port", Unit::Plain, &[access::client_port])
        .wireshark(&["tcp.srcport"])
        .about("port of the side that sends requests", "client.port:53124"),
    number("server.port", Unit::Plain, &[access::server_port])
        .wireshark(&["tcp.dstport"])
        .about("port of the side that sends responses", "server.port:8000..8999"),
    word("iface", access::interface)
        .aliases(&["interface"])
        .wireshark(&["frame.interface_name"])
        .about("interface or file it was captured on", "iface:lo"),
    number("flow", Unit::Plain, &[access::flow])
        .wireshark(&["tcp.stream"])
        .about("number of the TCP connection in this run, from 1", "flow:17"),
    number("stream", Unit::Plain, &[access::stream])
        .wireshark(&["http2.streamid"])
        .about("HTTP/2 stream", "stream:3"),
    number("id", Unit::Plain, &[access::id])
        .about("number of the exchange in this run, from 1", "id:17"),
    word("proc", access::process)
        .aliases(&["process"])
        .about("process at this machine's end; not on the wire, so unknown in files", "proc:curl"),
    // The capture
    flag("gap", access::gap).about("octets of it were never seen", "gap"),
    flag("midstream", access::midstream)
        .about("the beginning of its connection was not captured", "midstream"),
    flag("truncated", access::truncated).about("cut by the snap length or by a bound", "truncated"),
    flag("complete", access::complete).about("nothing of it is missing", "-complete"),
    flag("answered", access::answered)
        .wireshark(&["http.response"])
        .about("its response was captured", "-answered"),
    flag("requested", access::requested)
        .wireshark(&["http.request"])
        .about("its request was captured", "-requested"),
    word("anomaly", access::anomaly)
        .values(Values::Only(access::anomaly_values))
        .about("something that the standards do not allow; alone: any", "anomaly:obs-fold"),
    flag("revealed", access::revealed)
        .about("its secrets are shown on the screen; no everywhere else", "revealed:no"),
    flag("http", access::always)
        .wireshark(&["tcp"])
        .about("everything here; taken so that Wireshark's habits work", "http"),
    flag("http2", access::is_http2).about("HTTP/2", "http2"),
    flag("ipv6", access::is_ipv6).about("the connection runs over IPv6", "ipv6"),
];

/// Wireshark's fields for single headers.
pub const WIRESHARK_HEADERS: &[(&str, &str)] = &[
    ("http.authorization", "req.header.authorization"),
    ("http.proxy_authorization", "req.header.proxy-authorization"),
    ("http.www_authenticate", "resp.header.www-authenticate"),
    ("http.proxy_authenticate", "resp.header.proxy-authenticate"),
    ("http.authbasic", "user"),
    ("http.user_agent", "req.header.user-agent"),
    ("http.cookie", "req.header.cookie"),
    ("http.set_cookie", "resp.header.set-cookie"),
    ("http.referer", "req.header.referer"),
    ("http.accept", "req.header.accept"),
    ("http.accept_encoding", "req.header.accept-encoding"),
    ("http.accept_language", "req.header.accept-language"),
    ("http.x_forwarded_for", "req.header.x-forwarded-for"),
    ("http.server", "resp.header.server"),
    ("http.location", "resp.header.location"),
    ("http.date", "resp.header.date"),
    ("http.last_modified", "resp.header.last-modified"),
    ("http.connection", "header.connection"),
    ("http.content_type", "header.content-type"),
    ("http.content_encoding", "header.content-encoding"),
    ("http.content_length_header", "header.content-length"),
    ("http.content_length", "header.content-length"),
    ("http.transfer_encoding", "header.transfer-encoding"),
    ("http.cache_control", "header.cache-control"),
];

/// The field of this name, in any case, and the header or claim named after it.
pub(super) fn find(name: &str) -> Option<(&'static Field, String)> {
    let wireshark = WIRESHARK_HEADERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    let name = wireshark.map_or(name, |(_, canonical)| canonical);
    if let Some(field) = FIELDS.iter().find(|field| field.has_name(name)) {
        return Some((field, String::new()));
    }
    FIELDS.iter().filter(|field| field.takes_argument()).find_map(|field| {
        field.names().find_map(|own| {
            let (head, rest) = name.split_at_checked(own.len())?;
            let argument = rest.strip_prefix('.').filter(|argument| !argument.is_empty())?;
            head.eq_ignore_ascii_case(own).then(|| (field, argument.to_owned()))
        })
    })
}

/// Whether a word without a comparison is this field and not free text: flags, names with a dot,
/// and those of which it is natural to ask whether there is any.
pub(super) fn stands_alone(word: &str) -> bool {
    find(word).is_some_and(|(field, _)| {
        field.is_flag() || word.contains('.') || ["anomaly", "note", "ip"].contains(&field.name)
    })
}

/// The field that an unknown name was probably meant to be.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let prefixed = FIELDS.iter().filter(|field| field.takes_argument()).map(|field| field.name);
    if let Some((head, _)) = name.rsplit_once('.')
        && let Some(nearest) = text::nearest(head, prefixed)
        && !name.starts_with("http.")
    {
        return Some(nearest);
    }
    let spellings = WIRESHARK_HEADERS.iter().map(|(wireshark, _)| *wireshark);
    text::nearest(name, FIELDS.iter().flat_map(Field::names).chain(spellings))
}

fn diagnosis_ids() -> Vec<&'static str> {
    catalogue::entries().iter().map(|entry| entry.id.as_str()).collect()
}
