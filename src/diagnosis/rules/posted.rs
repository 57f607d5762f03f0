//! Logins in a body or in the query, and requests to a token endpoint (RFC 6749).

use memchr::memmem;

use crate::auth::Alternative;
use crate::auth::posted::{self, Form, normalised};
use crate::auth::syntax::contains_ignore_case;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rules::common::{asks_for_a_header, is_posted};
use crate::diagnosis::view::View;
use crate::text;

/// Names of a password's field, without case and separators; `j_` is Jakarta Servlet's (§13.6.3), `os_`
/// Atlassian's.
const PASSWORDS: [&str; 10] = [
    "password",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
    "pin",
    "jpassword",
    "ospassword",
    "userpassword",
    "loginpassword",
];

/// Of these names, and of those of a client's secret, each has one in it.
const PARTS_OF_PASSWORDS: [&[u8]; 4] = [b"pass", b"pwd", b"pin", b"secret"];

/// What a client of a token endpoint logs in with (RFC 6749 §2.3.1).
const CLIENT_SECRETS: [&str; 2] = ["clientsecret", "secret"];

/// Names of the user's field; the first of them that a login has names him.
const USERS: [&str; 11] = [
    "username",
    "user",
    "email",
    "login",
    "jusername",
    "osusername",
    "identifier",
    "userid",
    "loginname",
    "name",
    "log",
];

const CLIENTS: [&str; 1] = ["clientid"];

/// Categories that fit a wrong user name or password.
pub const LOGIN_REFUSED: [Category; 3] =
    [Category::BadCredentials, Category::Mfa, Category::UserGone];

/// A login whose password stands in a form, a JSON document, or the query.
#[derive(Debug)]
pub struct PostedLogin {
    /// The user it names, safe to show.
    pub user: Option<String>,
    /// Where it stands, for evidence.
    pub place: &'static str,
    /// It is that of a client which asks for tokens, not of a user.
    pub of_client: bool,
}

/// The login that the request posts or has in its query, if it does.
pub fn posted_login(view: &View<'_>) -> Option<PostedLogin> {
    let request = view.common_request()?;
    let body = &request.body.start;
    if body.is_empty() || request.method() != b"POST" {
        return login_in_query(request.query()?);
    }
    // Several rules ask, and nearly all bodies have nothing of a login.
    if !PARTS_OF_PASSWORDS.into_iter().any(|part| contains_ignore_case(body, part)) {
        return None;
    }
    let fields = posted::fields(request);
    let find = |names: &[&str]| find(&fields, names);
    // What was refused of a token request is the client or what it brought (RFC 6749 §5.2).
    let refused = refused_part(view);
    let of_user = refused != Some(Part::Client) && find(&PASSWORDS).is_some();
    let of_client = refused != Some(Part::Grant) && find(&CLIENT_SECRETS).is_some();
    let user = if of_user {
        find(&USERS).or_else(|| find(&CLIENTS))
    } else if of_client {
        find(&CLIENTS).or_else(|| find(&USERS))
    } else {
        return None;
    };
    Some(PostedLogin { user: user.map(shown), place: "request.body", of_client: !of_user })
}

/// The login that the request posts, where the refusal may be of it: not where the server asks for credentials in
/// a header field, or speaks of a token or of what is missing, unless it has words for a login.
pub fn refused_login(view: &View<'_>) -> Option<PostedLogin> {
    let login = posted_login(view)?;
    let said = view.said();
    let verdict = said.is_some_and(|said| LOGIN_REFUSED.contains(&said.category));
    let of_something_else = asks_for_a_header(view)
        || said.is_some_and(|said| said.category == Category::Missing || said.names_a_token());
    let in_query = login.place == "request.query";
    (verdict || in_query || !of_something_else).then_some(login)
}

/// The value of the first of these names that there is.
fn find<'a>(fields: &'a [(String, String)], names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|known| {
        let field = fields.iter().find(|(name, _)| normalised(name.as_bytes()) == *known)?;
        Some(field.1.as_str())
    })
}

/// Products that take user and password in the query: InfluxDB 1, Subsonic, cameras.
fn login_in_query(query: &[u8]) -> Option<PostedLogin> {
    let pairs = posted::encoded(query);
    let find = |names: &[&str]| {
        pairs.iter().find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
    };
    // Subsonic sends a digest of the password, and the salt that it was made with.
    let salted = || find(&["t"]).filter(|(_, token)| token.len() == 32).and(find(&["s"]));
    find(&["password", "passwd", "pwd", "pass", "p"]).or_else(salted)?;
    let (_, user) = find(&["username", "user", "usr", "login", "u"])?;
    Some(PostedLogin { user: Some(shown(user)), place: "request.query", of_client: false })
}

fn shown(user: &str) -> String {
    text::shorten(&text::visible(user), 64).into_owned()
}

/// What a token endpoint refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Who asks.
    Client,
    /// What it brought: a user's password, a refresh token, a code.
    Grant,
}

/// What of a token request was refused, by the error's code (RFC 6749 §5.2).
fn refused_part(view: &View<'_>) -> Option<Part> {
    let request = view.common_request()?;
    let asks = request.method() == b"POST"
        && matches!(posted::form(request), Some(Form::Encoded | Form::Json))
        && memmem::find(&request.body.start, b"grant_type").is_some();
    let body = view.body().filter(|_| asks)?;
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    match body.get("error")?.as_str()? {
        "invalid_client" | "unauthorized_client" => Some(Part::Client),
        "invalid_grant" => Some(Part::Grant),
        _ => None,
    }
}

/// Whether the refusal may be about this token of the body: that of the client, or one that it brought.
pub fn may_be_about(view: &View<'_>, token: &Alternative) -> bool {
    let of_client = token.name == "client_assertion";
    refused_part(view).is_none_or(|part| of_client == (part == Part::Client))
}

/// Whether credentials in the header field are those of a client whose grant was refused: then nothing is
/// wrong with them (RFC 6749 §5.2: `invalid_grant`, not `invalid_client`).
pub fn is_about_grant(view: &View<'_>) -> bool {
    refused_part(view) == Some(Part::Grant)
}

/// The token of the body that was refused although the request has credentials of its own: the client's.
pub fn refused_grant<'a>(view: &View<'a>) -> Option<&'a Alternative> {
    let mut tokens = view.alternatives().iter().filter(|other| is_posted(other));
    tokens.find(|token| is_about_grant(view) && may_be_about(view, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_of_a_password_has_a_part_by_which_it_is_looked_for() {
        for name in PASSWORDS.into_iter().chain(CLIENT_SECRETS) {
            let has = |part: &&[u8]| memmem::find(name.as_bytes(), part).is_some();
            assert!(PARTS_OF_PASSWORDS.iter().any(has), "{name}");
        }
    }
}
