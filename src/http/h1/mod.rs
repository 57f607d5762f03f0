//! HTTP/1.x (RFC 9112). httparse is used only here.
