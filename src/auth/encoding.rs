//! Base64 (RFC 4648) as strict or as forgiving as the place needs.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::text;

const UNPADDED: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, UNPADDED);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, UNPADDED);

/// Either alphabet, padded or not.
pub fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = without_padding(text);
    if text::any_octet(text, |octet| matches!(octet, b'-' | b'_')) {
        let standard: Vec<u8> = text
            .iter()
            .map(|octet| match octet {
                b'-' => b'+',
                b'_' => b'/',
                other => *other,
            })
            .collect();
        return STANDARD.decode(standard).ok();
    }
    STANDARD.decode(text).ok()
}

/// base64url without padding, as in JOSE (RFC 7515 §2).
pub fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE.decode(text).ok()
}

/// The text before its trailing `=`.
pub fn without_padding(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&octet| octet != b'=').map_or(0, |last| last + 1);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_and_any_padding_decode() {
        assert_eq!(base64(b"-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(base64(b"+/8=").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(base64(b"a"), None);
        assert_eq!(base64(b"a b="), None);
    }

    #[test]
    fn jose_takes_one_alphabet_and_no_padding() {
        assert_eq!(base64url(b"-_8").as_deref(), Some(&[0xfb, 0xff][..]));
        assert_eq!(base64url(b"+/8"), None);
        assert_eq!(base64url(b"YQ=="), None);
    }
}
