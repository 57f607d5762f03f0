//! AWS Signature Version 4: `Credential=AKID/20250601/us-east-1/s3/aws4_request,
//! SignedHeaders=host;x-amz-date, Signature=…`.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, PrimitiveDateTime};

use crate::auth::authorization::Parameters;
use crate::time::Timestamp;

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]");
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The public part of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigV4<'a> {
    /// Access key id.
    pub access_key: &'a str,
    /// Day of the credential scope, `YYYYMMDD`.
    pub date: &'a str,
    /// Region of the scope; SigV4A has none.
    pub region: Option<&'a str>,
    /// Service of the scope.
    pub service: &'a str,
    /// Names of the headers that were signed, as written (they should be in lower case).
    pub signed_headers: Vec<&'a str>,
}

impl<'a> SigV4<'a> {
    /// From the parameters of the field.
    pub fn of(parameters: &'a Parameters) -> Option<Self> {
        let credential = parameters.get("credential")?;
        let (scope, _terminator) = credential.rsplit_once('/')?;
        let (scope, service) = scope.rsplit_once('/')?;
        let (rest, last) = scope.rsplit_once('/')?;
        // With a region there is one part more; the day tells which it is.
        let (access_key, date, region) = match rest.rsplit_once('/') {
            Some((access_key, date)) if is_day(date) => (access_key, date, Some(last)),
            _ => (rest, last, None),
        };
        let headers = parameters.get("signedheaders").unwrap_or_default();
        let signed_headers = headers.split(';').filter(|name| !name.is_empty()).collect();
        Some(Self { access_key, date, region, service, signed_headers })
    }

    /// The start of the scope's day.
    pub fn day(&self) -> Option<Timestamp> {
        let date = Date::parse(self.date, DATE).ok()?;
        Some(Timestamp::from_seconds(date.midnight().assume_utc().unix_timestamp()))
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|octet| octet.is_ascii_digit())
}

/// The value of `X-Amz-Date`: `20250601T120000Z`.
pub fn amz_date(value: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(value).ok()?;
    let time = PrimitiveDateTime::parse(text.trim(), DATE_TIME).ok()?;
    Some(Timestamp::from_seconds(time.assume_utc().unix_timestamp()))
}
