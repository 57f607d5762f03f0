//! The demo's servers: a shop (pages, Basic, Digest, session cookies), its API (Bearer tokens, API
//! keys), a gateway that forwards to the API, and an archive on another port.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;

use super::Listeners;
use super::client::Client;
use super::digest;
use super::token::{self, Claims};

type Reply = Response<Full<Bytes>>;

/// How many revoked tokens the API remembers.
const REVOKED: usize = 64;
/// How often a Digest nonce may be used before the shop calls it stale.
const NONCE_USES: u64 = 2;
/// Seconds after which a session is over.
const SESSION_SECONDS: u64 = 3;

/// Where each server listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    pub shop: SocketAddr,
    pub api: SocketAddr,
    pub gateway: SocketAddr,
    pub archive: SocketAddr,
}

impl Addresses {
    pub fn all(&self) -> [SocketAddr; 4] {
        [self.shop, self.api, self.gateway, self.archive]
    }
}

#[derive(Debug, Clone, Copy)]
enum Site {
    Shop,
    Api,
    Gateway,
    Archive,
}

/// What the servers remember between requests.
#[derive(Debug)]
struct Memory {
    addresses: Addresses,
    /// Uses of Digest nonces so far; every [`NONCE_USES`] of them the nonce changes.
    nonce_uses: AtomicU64,
    tokens_issued: AtomicU64,
    revoked: Mutex<VecDeque<String>>,
}

/// Accepts connections on every listener, for ever.
pub async fn serve(listeners: Listeners, addresses: Addresses) {
    let memory = Arc::new(Memory {
        addresses,
        nonce_uses: AtomicU64::new(0),
        tokens_issued: AtomicU64::new(1_000),
        revoked: Mutex::new(VecDeque::new()),
    });
    tokio::join!(
        accept(listeners.shop, Site::Shop, &memory),
        accept(listeners.api, Site::Api, &memory),
        accept(listeners.gateway, Site::Gateway, &memory),
        accept(listeners.archive, Site::Archive, &memory),
    );
}

async fn accept(listener: std::net::TcpListener, site: Site, memory: &Arc<Memory>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, client)) = listener.accept().await else {
            // Out of file descriptors, say: give the others time to close theirs.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let memory = Arc::clone(memory);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let memory = Arc::clone(&memory);
                async move { Ok::<_, Infallible>(answer(site, client, request, &memory).await) }
            });
            // A client that goes away in mid-request is its own affair.
            let _ = http1::Builder::new()
                .title_case_headers(true)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    site: Site,
    client: SocketAddr,
    request: Request<Incoming>,
    memory: &Memory,
) -> Reply {
    // Servers need time to think; a fixed share of it by path, so that stories repeat.
    let thinking = 2 + request.uri().path().len() as u64 % 7 * 3;
    tokio::time::sleep(Duration::from_millis(thinking)).await;
    let mut reply = match site {
        Site::Shop => shop(&request, memory),
        Site::Api => api(&request, memory),
        Site::Gateway => gateway(client, request, memory).await,
        Site::Archive => archive(&request),
    };
    let name = match site {
        Site::Shop => "shop",
        Site::Api => "shop-api",
        Site::Gateway => "gateway",
        Site::Archive => "archive",
    };
    reply.headers_mut().entry("server").or_insert(HeaderValue::from_static(name));
    reply
}

fn shop(request: &Request<Incoming>, memory: &Memory) -> Reply {
    let path = request.uri().path();
    if path.starts_with("/admin") {
        return if basic(request.headers()).is_some_and(|login| login == "alice:wonderland") {
            page("Shop administration")
        } else {
            refuse(
                "text/html",
                "<h1>401 Authorization Required</h1>",
                Some("Basic realm=\"Shop administration\""),
            )
        };
    }
    if path.starts_with("/files") {
        return files(request, memory);
    }
    match path {
        "/login" => {
            let cookie = format!("sid=s{}; Path=/; HttpOnly", token::now());
            with(json(StatusCode::OK, "{\"ok\":true}"), "set-cookie", &cookie)
        }
        "/account" => account(request.headers()),
        _ => page(path),
    }
}

/// A session that names its own beginning needs no table to expire from.
fn account(headers: &HeaderMap) -> Reply {
    let began = text(headers, COOKIE.as_str())
        .and_then(|cookie| cookie.strip_prefix("sid=s"))
        .and_then(|began| began.parse::<u64>().ok());
    match began {
        Some(began) if token::now() < began + SESSION_SECONDS => page("Your account"),
        Some(_) => {
            let gone = refuse("application/json", "{\"message\":\"Session expired\"}", None);
            with(gone, "set-cookie", "sid=; Path=/; Max-Age=0")
        }
        None => refuse("application/json", "{\"message\":\"Please log in\"}", None),
    }
}

fn files(request: &Request<Incoming>, memory: &Memory) -> Reply {
    let uri = request.uri().path();
    let given = text(request.headers(), AUTHORIZATION.as_str());
    let right = given.is_some_and(|value| digest::is_right(value, request.method().as_str(), uri));
    let nonce = |uses: u64| format!("6b1f{:08x}", uses / NONCE_USES);
    let current = nonce(memory.nonce_uses.load(Ordering::Relaxed));
    let fresh = given.and_then(|value| digest::parameter(value, "nonce")) == Some(&current);
    if right && fresh {
        memory.nonce_uses.fetch_add(1, Ordering::Relaxed);
        return page("date,orders\n2026-11-20,41\n");
    }
    // RFC 7616 §3.3: stale says that only the nonce is at fault.
    let stale = if right { ", stale=true" } else { "" };
    let challenge = format!(
        "Digest realm=\"{}\", nonce=\"{current}\", algorithm=MD5, qop=\"auth\"{stale}",
        digest::REALM
    );
    refuse("text/plain", "Unauthorized", Some(&challenge))
}

fn api(request: &Request<Incoming>, memory: &Memory) -> Reply {
    let (method, path) = (request.method(), request.uri().path());
    if path == "/oauth/token" {
        let id = memory.tokens_issued.fetch_add(1, Ordering::Relaxed);
        return match Claims::of("alice", id).sign() {
            Ok(token) => {
                let body = format!(
                    "{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":900}}"
                );
                json(StatusCode::OK, &body)
            }
            Err(_) => json(StatusCode::INTERNAL_SERVER_ERROR, "{}"),
        };
    }
    if path == "/health" {
        return json(StatusCode::OK, "{\"status\":\"up\"}");
    }
    if path == "/v1/exchange-rates" {
        return match text(request.headers(), "x-api-key") {
            Some("demo-4f2a77c09b31") => json(StatusCode::OK, "{\"EUR\":1,\"USD\":1.08}"),
            Some(_) => refuse(
                "application/json",
                "{\"message\":\"Invalid API key\"}",
                Some("Key realm=\"shop\""),
            ),
            None => refuse(
                "application/json",
                "{\"message\":\"No API key found in request\"}",
                Some("Key realm=\"shop\""),
            ),
        };
    }
    match bearer(request.headers(), memory) {
        Err(challenge) => unauthorized(&challenge),
        Ok(_) if method == Method::POST && path == "/v1/logout" => {
            let mut revoked = memory.revoked.lock().unwrap_or_else(PoisonError::into_inner);
            revoked.extend(text(request.headers(), AUTHORIZATION.as_str()).map(str::to_owned));
            while revoked.len() > REVOKED {
                revoked.pop_front();
            }
            json(StatusCode::OK, "{}")
        }
        Ok(_) if path.starts_with("/v1/archive/") => {
            let year = path.rsplit('/').next().unwrap_or_default();
            let target =
                format!("http://archive.shop.test:{}/{year}", memory.addresses.archive.port());
            with(json(StatusCode::TEMPORARY_REDIRECT, "{}"), "location", &target)
        }
        Ok(claims) if path == "/v1/refunds" && !claims.scope.contains("refunds:write") => {
            unauthorized(&challenge(
                "insufficient_scope",
                "The token lacks the scope refunds:write",
            ))
        }
        Ok(claims) if path == "/v1/profile" => {
            json(StatusCode::OK, &format!("{{\"sub\":\"{}\"}}", claims.sub))
        }
        Ok(_) => json(StatusCode::OK, "{\"items\":[{\"id\":17,\"total\":\"12.50\"}]}"),
    }
}

/// The claims of the request's token, or the challenge to refuse it with (RFC 6750 §3).
fn bearer(headers: &HeaderMap, memory: &Memory) -> Result<Claims, String> {
    const NOTHING_WRONG_BUT_ABSENT: &str = "Bearer realm=\"shop-api\"";
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    if values.next().is_some() {
        return Err(challenge("invalid_request", "More than one method used to authenticate"));
    }
    let given = value.strip_prefix("Bearer ").ok_or(NOTHING_WRONG_BUT_ABSENT)?;
    if memory.revoked.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|v| v == value) {
        return Err(challenge("invalid_token", ""));
    }
    token::verify(given).map_err(|complaint| challenge("invalid_token", &complaint))
}

fn challenge(error: &str, description: &str) -> String {
    let description = match description {
        "" => String::new(),
        text => format!(", error_description=\"{text}\""),
    };
    format!("Bearer realm=\"shop-api\", error=\"{error}\"{description}")
}

fn unauthorized(challenge: &str) -> Reply {
    refuse("application/json", "{\"error\":\"Unauthorized\"}", Some(challenge))
}

/// Forwards to the API. Its route for invoices was configured with a header list that forgets
/// `Authorization`; all others work.
async fn gateway(client: SocketAddr, request: Request<Incoming>, memory: &Memory) -> Reply {
    let target = request.uri().to_string();
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut onward = Request::new(Full::new(body));
    *onward.method_mut() = parts.method;
    let forgets = parts.uri.path().starts_with("/v1/invoices");
    for (name, value) in &parts.headers {
        if !(forgets && name == AUTHORIZATION) {
            onward.headers_mut().append(name, value.clone());
        }
    }
    if let Ok(client) = HeaderValue::try_from(client.ip().to_string()) {
        onward.headers_mut().insert("x-forwarded-for", client);
    }
    onward.headers_mut().insert("via", HeaderValue::from_static("1.1 gateway"));
    let mut upstream = Client::new(memory.addresses.gateway.ip());
    let to = memory.addresses.api;
    let host = HeaderValue::try_from(format!("api.internal:{}", to.port()));
    if let Ok(host) = host {
        onward.headers_mut().insert(HOST, host);
    }
    match upstream.forward(to, &target, onward).await {
        Ok((parts, body)) => Response::from_parts(parts, Full::new(body)),
        Err(_) => json(StatusCode::BAD_GATEWAY, "{\"error\":\"upstream is gone\"}"),
    }
}

fn archive(request: &Request<Incoming>) -> Reply {
    let token = text(request.headers(), AUTHORIZATION.as_str());
    match token.and_then(|value| value.strip_prefix("Bearer ")).map(token::verify) {
        Some(Ok(_)) => json(StatusCode::OK, "{\"orders\":[]}"),
        _ => refuse(
            "application/json",
            "{\"error\":\"Unauthorized\"}",
            Some("Bearer realm=\"archive\""),
        ),
    }
}

fn basic(headers: &HeaderMap) -> Option<String> {
    let encoded = text(headers, AUTHORIZATION.as_str())?.strip_prefix("Basic ")?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn page(title: &str) -> Reply {
    reply(StatusCode::OK, "text/html", &format!("<!doctype html><title>{title}</title>"))
}

fn json(status: StatusCode, body: &str) -> Reply {
    reply(status, "application/json", body)
}

fn refuse(content_type: &'static str, body: &str, challenge: Option<&str>) -> Reply {
    let refusal = reply(StatusCode::UNAUTHORIZED, content_type, body);
    match challenge {
        Some(challenge) => with(refusal, "www-authenticate", challenge),
        None => refusal,
    }
}

fn reply(status: StatusCode, content_type: &'static str, body: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *reply.status_mut() = status;
    reply.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
    reply
}

fn with(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::try_from(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}
