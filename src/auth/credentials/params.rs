//! `name=value` parameters in credentials: AWS Signature 4, Hawk, OAuth 1, HTTP Signatures, Digest.

use crate::auth::authorization::{Authorization, Finding, Parameters, Shape};
use crate::auth::scheme::Scheme;
use crate::auth::syntax::{self, token_text, trim};
use crate::secret::FingerprintKey;
use crate::text;

/// More parameters than any scheme has; the rest is not kept.
const MOST: usize = 64;

/// One parameter where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'a> {
    /// As spelled.
    pub name: &'a [u8],
    /// Between the quotes, or the bare text.
    pub value: &'a [u8],
    /// Whether there were quotes.
    pub quoted: bool,
}

/// All parameters, if the whole text is a list of them. Bare values may hold what their schemes put
/// there (`/`, `:`, `;`, `=`), but no white space and no quote.
pub fn parse(text: &[u8]) -> Option<Vec<Parameter<'_>>> {
    let parameters: Vec<_> = syntax::list(text).map(parameter).take(MOST).collect::<Option<_>>()?;
    // `abc==` reads as a parameter without value; one of those alone is a padded token.
    let only_padding = parameters
        .iter()
        .all(|parameter| !parameter.quoted && parameter.value.iter().all(|&octet| octet == b'='));
    (!only_padding).then_some(parameters)
}

fn parameter(element: &[u8]) -> Option<Parameter<'_>> {
    let (name, rest) = syntax::parameter_name(element)?;
    match syntax::quoted(rest) {
        Some((value, after)) => {
            trim(after?).is_empty().then_some(Parameter { name, value, quoted: true })
        }
        None if rest.iter().any(|octet| b" \t\"".contains(octet)) => None,
        None => Some(Parameter { name, value: rest, quoted: false }),
    }
}

/// As owned text: names in lower case, values unescaped, the first of each name.
pub fn collect(parameters: &[Parameter<'_>]) -> Parameters {
    let mut out: Vec<(String, String)> = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let name = token_text(parameter.name).to_ascii_lowercase();
        if out.iter().all(|(known, _)| *known != name) {
            let value = syntax::unescape(parameter.value);
            out.push((name, text::decode(&value).into_owned()));
        }
    }
    Parameters(out)
}

/// `Token token="…"` (Rails) and `ApiKey key="…"`: a single token in parameter form.
pub fn token_parameter(
    credentials: &[u8],
    findings: &[Finding],
    key: &FingerprintKey,
) -> Option<Authorization> {
    let (name, rest) = syntax::parameter_name(credentials)?;
    let named = [&b"token"[..], b"key", b"apikey", b"api_key", b"api-key"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known));
    if !named || rest.is_empty() || rest.starts_with(b"=") {
        return None;
    }
    let parameters = collect(&parse(credentials)?);
    let fingerprint = key.fingerprint(parameters.0.first()?.1.as_bytes());
    let read = Authorization::present(Shape::Params(parameters), findings.to_vec());
    Some(read.with_fingerprint(fingerprint))
}

/// Whom the parameters speak for: an access key id, a consumer key, a key id.
pub fn principal(scheme: &Scheme, parameters: &Parameters) -> Option<String> {
    let name = match scheme.name() {
        // `Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request`
        "AWS4-HMAC-SHA256" | "AWS4-ECDSA-P256-SHA256" => {
            let scope = parameters.get("credential")?;
            return scope.split('/').next().map(str::to_owned);
        }
        "OAuth" => "oauth_consumer_key",
        "Hawk" => "id",
        "Signature" => "keyid",
        "hmac" => "username",
        _ => return None,
    };
    parameters.get(name).map(str::to_owned)
}
