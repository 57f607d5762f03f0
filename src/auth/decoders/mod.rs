//! Credentials decoded as far as they are public, for the rules that compare them with the request.

pub mod gss;
pub mod ntlm;
