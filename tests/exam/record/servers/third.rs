//! Rust servers and a client of the third set of recordings: exam-rs NAME PORT, exam-rs get URL [AUTHORIZATION].
use serde::{Deserialize, Serialize};

const SECRET: &[u8] = b"exam-secret-exam-secret-exam-secret";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

fn decode(token: &str) -> Result<Claims, jsonwebtoken::errors::Error> {
    let mut validation = jsonwebtoken::Validation::default();
    validation.leeway = 0;
    validation.validate_nbf = true;
    jsonwebtoken::decode::<Claims>(token, &jsonwebtoken::DecodingKey::from_secret(SECRET), &validation).map(|d| d.claims)
}

mod actix {
    use actix_web::{dev::ServiceRequest, web, App, Error, HttpServer};
    use actix_web_httpauth::extractors::{basic, bearer, AuthenticationError};
    use actix_web_httpauth::middleware::HttpAuthentication;

    async fn login(req: ServiceRequest, c: basic::BasicAuth) -> Result<ServiceRequest, (Error, ServiceRequest)> {
        if c.user_id() == "alice" && c.password() == Some("secret-7") {
            return Ok(req);
        }
        Err((AuthenticationError::new(actix_web_httpauth::headers::www_authenticate::basic::Basic::with_realm("ferris")).into(), req))
    }

    async fn token(req: ServiceRequest, c: bearer::BearerAuth) -> Result<ServiceRequest, (Error, ServiceRequest)> {
        if super::decode(c.token()).is_ok() {
            return Ok(req);
        }
        let config = bearer::Config::default().realm("ferris").scope("orders");
        Err((AuthenticationError::from(config).with_error(bearer::Error::InvalidToken).into(), req))
    }

    pub async fn serve(port: u16) {
        HttpServer::new(|| {
            App::new()
                .service(web::resource("/basic").wrap(HttpAuthentication::basic(login)).to(|| async { "ok" }))
                .service(web::resource("/bearer").wrap(HttpAuthentication::bearer(token)).to(|| async { "ok" }))
        })
        .workers(1).bind(("0.0.0.0", port)).unwrap().run().await.unwrap();
    }
}

mod poems {
    use poem::{get, handler, listener::TcpListener, middleware::AddData, web::Data, EndpointExt, Error, Request, Result, Route, Server};
    use poem::web::headers::{authorization::Basic, Authorization, HeaderMapExt};

    #[handler]
    fn basic(req: &Request, _d: Data<&u8>) -> Result<&'static str> {
        match req.headers().typed_get::<Authorization<Basic>>() {
            Some(auth) if auth.0.username() == "alice" && auth.0.password() == "secret-7" => Ok("ok"),
            _ => Err(Error::from_status(poem::http::StatusCode::UNAUTHORIZED)),
        }
    }

    #[handler]
    fn jwt(req: &Request) -> Result<&'static str> {
        let value = req.header("authorization").and_then(|v| v.strip_prefix("Bearer "));
        let Some(token) = value else { return Err(Error::from_string("no bearer token in request", poem::http::StatusCode::UNAUTHORIZED)) };
        super::decode(token).map(|_| "ok").map_err(|e| Error::from_string(e.to_string(), poem::http::StatusCode::UNAUTHORIZED))
    }

    pub async fn serve(port: u16) {
        let app = Route::new().at("/basic", get(basic).with(AddData::new(1u8))).at("/jwt", get(jwt));
        Server::new(TcpListener::bind(format!("0.0.0.0:{port}"))).run(app).await.unwrap();
    }
}

mod axums {
    use axum::{extract::FromRequestParts, http::{request::Parts, StatusCode}, response::IntoResponse, routing::get, Json, Router};
    use axum_extra::{headers::{authorization::Bearer, Authorization}, TypedHeader};
    use tower_http::validate_request::ValidateRequestHeaderLayer;

    struct Claims;

    impl<S: Send + Sync> FromRequestParts<S> for Claims {
        type Rejection = axum::response::Response;
        async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
            let refuse = |words: &str| (StatusCode::UNAUTHORIZED, Json(serde_json::json!({ "error": words }))).into_response();
            let Ok(TypedHeader(Authorization(bearer))) = TypedHeader::<Authorization<Bearer>>::from_request_parts(parts, state).await else { return Err(refuse("Missing credentials")) };
            super::decode(bearer.token()).map(|_| Claims).map_err(|_| refuse("Invalid token"))
        }
    }

    #[allow(deprecated)]
    pub async fn serve(port: u16) {
        let app = Router::new()
            .route("/protected", get(|_c: Claims| async { "ok" }))
            .route("/either", get(|auth: Option<axum_auth_basic::Login>| async move { let _ = auth; "ok" }))
            .route("/tower", get(|| async { "ok" }).layer(ValidateRequestHeaderLayer::basic("alice", "secret-7")))
            .route("/opaque", get(|| async { "ok" }).layer(ValidateRequestHeaderLayer::bearer("rs-opaque-5512")));
        let listener = tokio::net::TcpListener::bind(("0.0.0.0", port)).await.unwrap();
        axum::serve(listener, app).await.unwrap();
    }

    mod axum_auth_basic {
        pub struct Login;
        impl<S: Send + Sync> axum::extract::OptionalFromRequestParts<S> for Login {
            type Rejection = std::convert::Infallible;
            async fn from_request_parts(_p: &mut axum::http::request::Parts, _s: &S) -> Result<Option<Self>, Self::Rejection> { Ok(None) }
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "get" {
        let mut request = ureq::get(&args[2]);
        if let Some(value) = args.get(3) {
            request = request.set("Authorization", value);
        }
        let _ = request.call();
        return;
    }
    let port: u16 = args[2].parse().unwrap();
    match args[1].as_str() {
        "actix" => actix_web::rt::System::new().block_on(actix::serve(port)),
        "poem" => tokio::runtime::Runtime::new().unwrap().block_on(poems::serve(port)),
        _ => tokio::runtime::Runtime::new().unwrap().block_on(axums::serve(port)),
    }
}
