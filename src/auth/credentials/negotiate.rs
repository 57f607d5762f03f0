//! NTLM ([MS-NLMP]), and Negotiate (RFC 4559) with SPNEGO (RFC 4178) or Kerberos inside.

use super::artifact;
use crate::auth::authorization::{Authorization, Finding, MalformedReason, Shape};
use crate::auth::decoders::{gss, ntlm};
use crate::auth::encoding;
use crate::secret::FingerprintKey;

pub fn read(credentials: &[u8], findings: Vec<Finding>, key: &FingerprintKey) -> Authorization {
    let Some(token) = encoding::base64(credentials) else {
        return match artifact::find(credentials) {
            Some(artifact) => Authorization::malformed(artifact.into(), findings),
            None => bad(findings),
        };
    };
    let message = ntlm::find(&token);
    let authenticate = match &message {
        Some(ntlm::Message::Authenticate(authenticate)) => Some(authenticate),
        _ => None,
    };
    let shape = if token.starts_with(ntlm::SIGNATURE) {
        match &message {
            Some(ntlm::Message::Negotiate(_)) => Shape::Ntlm1,
            Some(ntlm::Message::Challenge(_)) => Shape::Ntlm2,
            Some(ntlm::Message::Authenticate(authenticate)) => Shape::Ntlm3 {
                domain: authenticate.domain.clone(),
                user: authenticate.user.clone(),
                workstation: authenticate.workstation.clone(),
            },
            None => return bad(findings),
        }
    } else {
        let ntlm = message.is_some() || contains_signature(&token);
        match gss::kind(&token) {
            Some(gss::Kind::SpnegoInit) => Shape::Spnego { ntlm },
            Some(gss::Kind::SpnegoResponse) => Shape::SpnegoResp { ntlm },
            Some(gss::Kind::Kerberos) => Shape::Kerberos,
            Some(gss::Kind::Other) => Shape::Gss { ntlm },
            None => return bad(findings),
        }
    };
    let read = Authorization::present(shape, findings);
    // Only the last message of NTLM names somebody. Kerberos tickets differ in every request: a
    // fingerprint of them would look like ever new credentials.
    match authenticate {
        Some(authenticate) if !authenticate.user.is_empty() => {
            let canonical = format!("{}\\{}", authenticate.domain, authenticate.user);
            read.with_fingerprint(key.fingerprint(canonical.as_bytes()))
                .with_user(Some(authenticate.user.clone()))
        }
        _ => read,
    }
}

fn contains_signature(token: &[u8]) -> bool {
    memchr::memmem::find(token, ntlm::SIGNATURE).is_some()
}

fn bad(findings: Vec<Finding>) -> Authorization {
    Authorization::malformed(MalformedReason::BadGssToken, findings)
}
