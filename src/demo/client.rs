//! A small HTTP client that sends exactly what a scene asks for, right or wrong.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::http::response::Parts;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};

/// What can go wrong in a scene: the demo is being stopped, or the system is out of something.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A response, read to its end.
#[derive(Debug)]
pub struct Answer {
    parts: Parts,
    body: Bytes,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.parts.status.as_u16()
    }

    pub fn header(&self, name: &str) -> &str {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A member of the JSON object in the body.
    pub fn member(&self, name: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        body.get(name)?.as_str().map(str::to_owned)
    }
}

/// One program on one machine; it keeps its connection while it talks to the same server.
#[derive(Debug)]
pub struct Client {
    address: IpAddr,
    user_agent: Option<&'static str>,
    connection: Option<(SocketAddr, SendRequest<Full<Bytes>>)>,
}

impl Client {
    /// Connects from this address if the system lets it, else from where it likes.
    pub fn new(address: IpAddr) -> Self {
        Self { address, user_agent: None, connection: None }
    }

    /// Says who it is.
    pub fn named(mut self, user_agent: &'static str) -> Self {
        self.user_agent = Some(user_agent);
        self
    }

    /// A request without a body.
    pub async fn send(
        &mut self,
        to: SocketAddr,
        method: &str,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        self.post(to, method, url, headers, "").await
    }

    /// A request with a body. `url` is `host/path`; the port is the server's.
    pub async fn post(
        &mut self,
        to: SocketAddr,
        method: &str,
        url: &str,
        headers: &[(&'static str, &str)],
        body: &'static str,
    ) -> Result<Answer, Failure> {
        let (host, path) = url.split_at(url.find('/').unwrap_or(url.len()));
        let mut request = Request::new(Full::new(Bytes::from_static(body.as_bytes())));
        *request.method_mut() = method.parse()?;
        let fields = request.headers_mut();
        fields.insert(HOST, HeaderValue::try_from(format!("{host}:{}", to.port()))?);
        if let Some(name) = self.user_agent {
            fields.insert(USER_AGENT, HeaderValue::from_static(name));
        }
        fields.insert("accept", HeaderValue::from_static("*/*"));
        for (name, value) in headers {
            fields.append(*name, HeaderValue::from_str(value)?);
        }
        let (parts, body) = self.forward(to, path, request).await?;
        Ok(Answer { parts, body })
    }

    /// Sends a request as it is to this target.
    pub async fn forward(
        &mut self,
        to: SocketAddr,
        target: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Parts, Bytes), Failure> {
        *request.uri_mut() = target.parse()?;
        let mut connection = match self.connection.take() {
            Some((peer, open)) if peer == to && !open.is_closed() => open,
            _ => self.connect(to).await?,
        };
        connection.ready().await?;
        let (parts, body) = connection.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.connection = Some((to, connection));
        Ok((parts, body))
    }

    async fn connect(&self, to: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Failure> {
        let socket = TcpSocket::new_v4()?;
        // Linux owns all of 127.0.0.0/8, other systems only 127.0.0.1: nothing depends on it.
        let stream = match socket.bind(SocketAddr::new(self.address, 0)) {
            Ok(()) => socket.connect(to).await?,
            Err(_) => TcpStream::connect(to).await?,
        };
        let (sender, connection) =
            http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
