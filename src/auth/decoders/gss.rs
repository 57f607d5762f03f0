//! GSS-API tokens (RFC 2743 §3.1) as HTTP's Negotiate carries them: enough DER to tell Kerberos from
//! NTLM inside SPNEGO (RFC 4178 §4.2).

/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = &[0x2b, 6, 1, 5, 5, 2];
/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];
/// 1.2.840.48018.1.2.2: the same with a bit lost, as Windows 2000 wrote it and others still do.
const KERBEROS_MICROSOFT: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 1, 2, 2];
/// 1.3.6.1.4.1.311.2.2.10
const NTLM: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];
/// 1.3.6.1.4.1.311.2.2.30
const NEGOEX: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 30];

/// The frame's mechanism stands within this many octets.
const FRAME_START: usize = 20;

/// More mechanisms than any client offers.
const MOST_MECHANISMS: usize = 16;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SPNEGO's first token.
    SpnegoInit,
    /// A later one.
    SpnegoResponse,
    /// Kerberos without SPNEGO around it.
    Kerberos,
    /// Another mechanism.
    Other,
}

/// A mechanism that a client offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mechanism {
    /// Kerberos 5.
    Kerberos,
    /// NTLM.
    Ntlm,
    /// Microsoft's extended negotiation.
    NegoEx,
    /// Another, by its object identifier.
    Other(String),
}

/// The kind of a token; `None` when it is no GSS-API token.
pub fn kind(token: &[u8]) -> Option<Kind> {
    let start = &token[..token.len().min(FRAME_START)];
    let names = |oid: &[u8]| start.windows(oid.len()).any(|window| window == oid);
    match token.first()? {
        0x60 if names(SPNEGO) => Some(Kind::SpnegoInit),
        0x60 if names(KERBEROS) || names(KERBEROS_MICROSOFT) => Some(Kind::Kerberos),
        0x60 => Some(Kind::Other),
        // NegTokenInit without the frame that RFC 4178 §4.1 asks for.
        0xa0 => Some(Kind::SpnegoInit),
        0xa1 => Some(Kind::SpnegoResponse),
        // AP-REQ without a frame (RFC 4120 §5.5.1).
        0x6e => Some(Kind::Kerberos),
        _ => None,
    }
}

/// The mechanisms that SPNEGO's first token offers, preferred first.
pub fn mechanisms(token: &[u8]) -> Vec<Mechanism> {
    mechanism_list(token).unwrap_or_default()
}

fn mechanism_list(token: &[u8]) -> Option<Vec<Mechanism>> {
    let init = match token.first()? {
        0x60 => {
            let (_, frame, _) = element(token)?;
            element(frame)?.2
        }
        _ => token,
    };
    // [0] { SEQUENCE { [0] { SEQUENCE OF OBJECT IDENTIFIER
    let mut inner = init;
    for tag in [0xa0, 0x30, 0xa0, 0x30] {
        let (found, content, _) = element(inner)?;
        inner = (found == tag).then_some(content)?;
    }
    let mut out = Vec::new();
    while let Some((0x06, oid, rest)) = element(inner) {
        out.push(mechanism(oid));
        inner = rest;
        if out.len() == MOST_MECHANISMS {
            break;
        }
    }
    Some(out)
}

fn mechanism(oid: &[u8]) -> Mechanism {
    match oid {
        KERBEROS | KERBEROS_MICROSOFT => Mechanism::Kerberos,
        NTLM => Mechanism::Ntlm,
        NEGOEX => Mechanism::NegoEx,
        other => Mechanism::Other(dotted(other)),
    }
}

/// An object identifier in dots (X.690 §8.19).
fn dotted(oid: &[u8]) -> String {
    let mut arcs = Vec::new();
    let mut arc = 0_u64;
    for &octet in oid.iter().take(64) {
        arc = arc.wrapping_shl(7) | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    let mut text = String::new();
    for (index, arc) in arcs.into_iter().enumerate() {
        if index == 0 {
            let first = (arc / 40).min(2);
            text = format!("{first}.{}", arc - first * 40);
        } else {
            text = format!("{text}.{arc}");
        }
    }
    text
}

/// Tag, content and what follows. A content longer than what is there is cut: a captured token may be.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [tag, length, rest @ ..] = octets else { return None };
    let (length, rest) = if *length < 0x80 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(*length & 0x7f);
        let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        let length = digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit));
        (length, &rest[count..])
    };
    let (content, after) = rest.split_at(length.min(rest.len()));
    Some((*tag, content, after))
}
