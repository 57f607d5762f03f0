//! A request as a `curl` command that repeats it.
//!
//! Every octet of it comes from the wire and will be pasted into a shell, perhaps root's: each
//! argument is quoted so that the shell (and the terminal that it is pasted into) sees text only,
//! and nothing is passed where curl would read a file or an option out of it.

mod shell;
#[cfg(test)]
mod tests;

use std::fmt;

use memchr::memmem;

use super::body;
use crate::auth::authorization::Shape;
use crate::auth::masking::Masking;
use crate::auth::{AuthState, Authorization};
use crate::diagnosis::Case;
use crate::exchange::Exchange;
use crate::http::{Request, Version};
use crate::text;
pub(super) use shell::Quoted;
use shell::{Argument, Format, Piece, unfolded};

/// A command. `Display` writes it in one line for a POSIX shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curl {
    arguments: Vec<Argument>,
    /// What is sent to curl's standard input.
    input: Option<Vec<u8>>,
    /// Shell variables that have to be set before, and what each stands for.
    pub variables: Vec<(String, String)>,
    /// What differs from the request that was seen.
    pub remarks: Vec<String>,
}

/// Header fields that curl makes itself, or that belong to one connection.
const OWN_FIELDS: [&str; 7] = [
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "expect",
    "accept-encoding",
    "host",
];

/// The command for a case's request; `None` when the request was not captured.
pub fn command(case: &Case, masking: &Masking) -> Option<Curl> {
    let request = case.exchange.request.as_ref()?;
    let mut curl =
        Curl { arguments: Vec::new(), input: None, variables: Vec::new(), remarks: Vec::new() };
    // --globoff: brackets and braces in a URL are text.
    curl.words(&["curl", "-sS", "-i", "--globoff", "--path-as-is"]);
    match request.version {
        Version::Http2 => curl.words(&["--http2-prior-knowledge"]),
        Version::Http10 | Version::Http09 => curl.words(&["--http1.0"]),
        Version::Http11 => {}
    }
    curl.method(request);
    let authorized = curl.credentials(case, request, masking);
    curl.fields(request, authorized, masking);
    curl.body(request, masking);
    curl.place(request, &case.exchange, masking);
    if request.head_loss.is_some() {
        curl.remarks.push("part of the request's head was not captured".to_owned());
    }
    Some(curl)
}

impl Curl {
    fn words(&mut self, words: &[&str]) {
        self.arguments.extend(words.iter().map(|word| Argument::text(word.as_bytes())));
    }

    /// A variable for the secret in this place. Its name never comes from the wire: `"$AWS_KEY"`
    /// would send what the user has there.
    fn variable(&mut self, name: &'static str, place: &str) -> Piece {
        let same = |known: &str| known.trim_end_matches(|c: char| c.is_ascii_digit()) == name;
        let number = self.variables.iter().filter(|(known, _)| same(known)).count() + 1;
        let name = if number == 1 { name.to_owned() } else { format!("{name}{number}") };
        self.variables.push((name.clone(), text::visible(place).into_owned()));
        Piece::Variable(name)
    }

    fn method(&mut self, request: &Request) {
        let method = request.method();
        let implied: &[u8] = if request.body.length > 0 { b"POST" } else { b"GET" };
        if method == b"HEAD" {
            self.words(&["--head"]);
        } else if method.is_empty() || !is_token(method) {
            self.remarks.push("its method cannot be sent".to_owned());
        } else if method != implied && method != b"CONNECT" {
            self.words(&["-X"]);
            self.arguments.push(Argument::text(method));
        }
    }

    /// Schemes that curl speaks are left to it, so that nonces and handshakes are fresh.
    /// Whether they were.
    fn credentials(&mut self, case: &Case, request: &Request, masking: &Masking) -> bool {
        let option = own_option(&case.auth.authorization);
        let Some((option, user)) = option.filter(|_| is_left_to_curl(case, request, masking))
        else {
            return false;
        };
        if let Some(option) = option {
            self.words(&[option]);
        }
        self.words(&["-u"]);
        let mut pieces = vec![Piece::Text([user.as_bytes(), b":"].concat())];
        if !user.is_empty() {
            pieces.push(self.variable("PASSWORD", &user));
        }
        self.arguments.push(Argument(pieces));
        true
    }

    fn fields(&mut self, request: &Request, authorized: bool, masking: &Masking) {
        for (name, value) in request.head.fields() {
            let is = |own: &str| name.eq_ignore_ascii_case(own.as_bytes());
            if OWN_FIELDS.into_iter().any(is) || name.starts_with(b":") {
                continue;
            }
            if authorized && is("authorization") {
                continue;
            }
            if !is_token(name) {
                // curl would read a file of headers from `@name`.
                self.remarks.push("a header whose name is none was left out".to_owned());
                continue;
            }
            self.words(&["-H"]);
            let argument = self.field(name, &unfolded(value), masking);
            self.arguments.push(argument);
        }
        if request.head.has("accept-encoding") {
            self.words(&["--compressed"]);
        }
        // Without these curl would add its own.
        for (name, wanted) in
            [("Content-Type", request.body.length > 0), ("Accept", true), ("User-Agent", true)]
        {
            if wanted && !request.head.has(name) {
                self.words(&["-H", &format!("{name}:")]);
            }
        }
    }

    /// `Name: value`; a secret value becomes a variable, behind its scheme word where it has one.
    fn field(&mut self, name: &[u8], value: &[u8], masking: &Masking) -> Argument {
        if value.is_empty() {
            return Argument::text(&[name, b";"].concat());
        }
        let mut pieces = vec![Piece::Text([name, b": "].concat())];
        if *masking.header(name, value) == *value {
            pieces.push(Piece::Text(value.to_vec()));
            return Argument(pieces).joined();
        }
        let authorization =
            [&b"authorization"[..], b"proxy-authorization"].contains(&&*name.to_ascii_lowercase());
        let space = value.iter().position(|&octet| octet == b' ').filter(|_| authorization);
        match space {
            Some(space) if is_token(&value[..space]) => {
                pieces.push(Piece::Text(value[..=space].to_vec()));
                pieces.push(self.variable("TOKEN", &text::decode(name)));
            }
            _ if name.eq_ignore_ascii_case(b"cookie") => {
                pieces.push(self.variable("COOKIE", "Cookie"));
            }
            _ => pieces.push(self.variable("TOKEN", &text::decode(name))),
        }
        Argument(pieces).joined()
    }

    fn body(&mut self, request: &Request, masking: &Masking) {
        let body = &request.body;
        if body.length == 0 {
            return;
        }
        if !body.whole {
            let known = body.start.len();
            self.remarks
                .push(format!("only {known} of {} octets of its body are known", body.length));
        }
        let readable = body::text(&request.head, body, masking).is_some();
        if !masking.reveal && (!readable || request.head.has("content-encoding")) {
            self.remarks.push("its body cannot be masked, and was left out".to_owned());
            return;
        }
        let shown = masking.body(request.head.get("content-type"), &body.start);
        if *shown != *body.start {
            self.remarks.push("secrets in its body are written as (masked)".to_owned());
        }
        if shown.iter().all(|&octet| octet == b'\n' || (b' '..=b'~').contains(&octet)) {
            self.words(&["--data-raw"]);
            self.arguments.push(Argument(vec![Piece::Text(shown.into_owned())]));
        } else {
            self.words(&["--data-binary", "@-"]);
            self.input = Some(shown.into_owned());
        }
    }

    /// The URL, and what makes curl go where the request went.
    fn place(&mut self, request: &Request, exchange: &Exchange, masking: &Masking) {
        let (target, server) = (request.target(), exchange.connection.server);
        if request.method() == b"CONNECT" || is_absolute(target) {
            self.words(&["-x", &format!("http://{server}")]);
        }
        if request.method() == b"CONNECT" {
            let authority = if is_authority(target) { target } else { b"invalid" };
            self.arguments.push(Argument::text(&[b"https://", authority, b"/"].concat()));
            return;
        }
        if is_absolute(target) {
            let url = self.url(b"", target, masking);
            self.arguments.push(url);
            return;
        }
        let host = request.head.get("host").or_else(|| request.head.get(":authority"));
        let named = host.filter(|host| is_authority(host));
        let host_in_url = named.map_or_else(|| server.to_string().into_bytes(), <[u8]>::to_vec);
        match (host, named) {
            // A proxy's request to a server behind it: the name would lead to the proxy.
            (_, Some(name)) if port(name) != server.port() => {
                self.words(&["--connect-to", &format!("::{server}")]);
            }
            (Some(host), None) if !host.is_empty() => {
                self.words(&["-H"]);
                let field = self.field(b"Host", &unfolded(host), masking);
                self.arguments.push(field);
            }
            _ => {}
        }
        let plain = target.starts_with(b"/")
            && target.iter().all(|octet| octet.is_ascii_graphic() && *octet != b'#');
        let origin = [b"http://", &host_in_url[..]].concat();
        if plain {
            let url = self.url(&origin, target, masking);
            self.arguments.push(url);
        } else {
            self.words(&["--request-target"]);
            let target = self.url(b"", target, masking);
            self.arguments.push(target);
            self.arguments.push(Argument::text(&[&origin[..], b"/"].concat()));
        }
    }

    /// A path (and what stands before it) with a variable for each secret that is masked in it, as in
    /// `;jsessionid=…`.
    fn path(&mut self, path: &[u8], masking: &Masking, pieces: &mut Vec<Piece>) {
        let masked = masking.target(path);
        let mut rest = &masked[..];
        while let Some(start) = memmem::find(rest, b"(masked") {
            let (before, mask) = rest.split_at(start);
            let Some(end) = memchr::memchr(b')', mask) else { break };
            // A token shows its beginning, which the variable has, too.
            let before = before.strip_suffix("eyJ…".as_bytes()).unwrap_or(before);
            let name = before.strip_suffix(b"=").and_then(|name| {
                name.rsplit(|octet| b";/".contains(octet)).next().filter(|name| !name.is_empty())
            });
            let place = name.map_or("the path".into(), text::decode);
            pieces.push(Piece::Text(before.to_vec()));
            pieces.push(self.variable("TOKEN", &place));
            rest = &mask[end + 1..];
        }
        pieces.push(Piece::Text(rest.to_vec()));
    }

    /// A URL in which the values of secret parameters are variables.
    fn url(&mut self, origin: &[u8], target: &[u8], masking: &Masking) -> Argument {
        let mut pieces = vec![Piece::Text(origin.to_vec())];
        if *masking.target(target) == *target {
            pieces.push(Piece::Text(target.to_vec()));
            return Argument(pieces).joined();
        }
        let question = target.iter().position(|&octet| octet == b'?').unwrap_or(target.len());
        let (path, query) = target.split_at(question);
        self.path(path, masking, &mut pieces);
        for pair in query.split_inclusive(|&octet| octet == b'&') {
            let own = pair.strip_prefix(b"?").unwrap_or(pair);
            let shown = masking.target(&[b"?", own].concat()).into_owned();
            let equals = own.iter().position(|&octet| octet == b'=');
            match equals {
                Some(equals) if shown.get(1..) != Some(own) => {
                    let name = &own[..equals];
                    let mark: &[u8] = if pair.starts_with(b"?") { b"?" } else { b"" };
                    pieces.push(Piece::Text([mark, name, b"="].concat()));
                    pieces.push(self.variable("TOKEN", &text::decode(name)));
                    if pair.ends_with(b"&") {
                        pieces.push(Piece::Text(b"&".to_vec()));
                    }
                }
                _ => pieces.push(Piece::Text(pair.to_vec())),
            }
        }
        Argument(pieces).joined()
    }
}

/// The option with which curl speaks a scheme itself, and the user.
fn own_option(authorization: &Authorization) -> Option<(Option<&'static str>, String)> {
    let AuthState::Present { shape, .. } = &authorization.state else { return None };
    let user = authorization.user.clone().unwrap_or_default();
    match shape {
        _ if user.contains(':') => None,
        Shape::UserPass { .. } => Some((None, user)),
        Shape::Digest(_) => Some((Some("--digest"), user)),
        Shape::Ntlm1 | Shape::Ntlm3 { .. } => Some((Some("--ntlm"), user)),
        Shape::Spnego { .. } | Shape::Kerberos => Some((Some("--negotiate"), String::new())),
        _ => None,
    }
}

/// Basic that is to be shown stays the header that it was.
fn is_left_to_curl(case: &Case, request: &Request, masking: &Masking) -> bool {
    let state = &case.auth.authorization.state;
    let basic = matches!(state, AuthState::Present { shape: Shape::UserPass { .. }, .. });
    request.head.has("authorization")
        && case.exchange.status() != Some(407)
        && !(basic && masking.reveal)
}

fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().copied().all(text::is_tchar)
}

/// A host and perhaps a port, nothing that a URL would read as something else.
fn is_authority(octets: &[u8]) -> bool {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b".-_:[]".contains(octet);
    !octets.is_empty() && !octets.starts_with(b"-") && octets.iter().all(plain)
}

fn is_absolute(target: &[u8]) -> bool {
    !target.starts_with(b"/") && target.windows(3).take(12).any(|window| window == b"://")
}

/// The port of an authority; that of HTTP where it names none.
fn port(authority: &[u8]) -> u16 {
    let colon = authority.iter().rposition(|&octet| octet == b':' || octet == b']');
    colon
        .filter(|&colon| authority.get(colon) == Some(&b':'))
        .and_then(|colon| std::str::from_utf8(authority.get(colon + 1..)?).ok()?.parse().ok())
        .unwrap_or(80)
}

impl fmt::Display for Curl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(input) = &self.input {
            write!(f, "printf {} | ", Format(input))?;
        }
        for (index, argument) in self.arguments.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            argument.fmt(f)?;
        }
        Ok(())
    }
}
