//! Compiles a syntax tree into tests: values become numbers, networks, patterns, once.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::FilterError;
use super::access::{self, Stack, VisitAddress, VisitText};
use super::ast::{Comparison, Expression, FieldName, Literal, Term, Value};
use super::brief::Subject;
use super::fields::{Access, Field, Unit, Values};
use super::pattern::Pattern;
use crate::text;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Not(Box<Self>),
    Flag(fn(Subject<'_>) -> bool),
    /// A number within one of these ranges, ends included.
    Number(&'static [fn(Subject<'_>) -> Option<u64>], Box<[(u64, u64)]>),
    Text(VisitText, Box<str>, Box<[Pattern]>),
    /// Text in any column; the addresses are written out only if it could stand in one.
    AnyColumn {
        pattern: Pattern,
        in_address: bool,
    },
    /// Text that is a number, compared with one.
    NumberInText(VisitText, Box<str>, Comparison, f64),
    Address(VisitAddress, Box<[AddressTest]>),
}

/// One way in which an address fits.
#[derive(Debug, Clone)]
pub(super) enum AddressTest {
    Network(IpAddr, u8),
    Port(u16),
    Socket(SocketAddr),
    Loopback,
    /// Part of the address as it is written.
    Written(Pattern),
}

impl Node {
    pub fn matches(&self, case: Subject<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(case)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(case)),
            Self::Not(part) => !part.matches(case),
            Self::Flag(is) => is(case),
            Self::Number(numbers, ranges) => numbers
                .iter()
                .filter_map(|number| number(case))
                .any(|number| ranges.iter().any(|&(low, high)| (low..=high).contains(&number))),
            Self::Text(visit, argument, patterns) => visit(case, argument, &mut |text| {
                patterns.iter().any(|pattern| pattern.matches(text))
            }),
            Self::AnyColumn { pattern, in_address } => {
                let test = &mut |text: &[u8]| pattern.matches(text);
                access::columns(case, test) || (*in_address && access::addresses(case, test))
            }
            Self::NumberInText(visit, argument, comparison, wanted) => {
                visit(case, argument, &mut |text| {
                    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                    number.is_some_and(|number: f64| compare(*comparison, number, *wanted))
                })
            }
            Self::Address(visit, tests) => {
                visit(case, &mut |address| tests.iter().any(|test| test.matches(address)))
            }
        }
    }
}

fn compare(comparison: Comparison, left: f64, right: f64) -> bool {
    match comparison {
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
        // Never asked: equality compares text.
        Comparison::Fits | Comparison::Equal | Comparison::NotEqual => false,
    }
}

impl AddressTest {
    fn matches(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        match self {
            Self::Network(network, bits) => in_network(ip, *network, *bits),
            Self::Port(port) => address.port() == *port,
            Self::Socket(socket) => ip == socket.ip() && address.port() == socket.port(),
            Self::Loopback => ip.is_loopback(),
            Self::Written(pattern) => {
                pattern.matches(Stack::of(format_args!("{ip}")).octets())
                    || pattern.matches(Stack::of(format_args!("{address}")).octets())
            }
        }
    }
}

fn in_network(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let shift = 32_u32.saturating_sub(u32::from(bits));
            (ip.to_bits() ^ network.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let shift = 128_u32.saturating_sub(u32::from(bits));
            (ip.to_bits() ^ network.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Compiles an expression.
pub(super) fn compile(expression: &Expression) -> Result<Node, FilterError> {
    Ok(match expression {
        Expression::All(parts) => Node::All(parts.iter().map(compile).collect::<Result<_, _>>()?),
        Expression::Any(parts) => Node::Any(parts.iter().map(compile).collect::<Result<_, _>>()?),
        Expression::Not(part) => Node::Not(Box::new(compile(part)?)),
        Expression::Term(Term::Text(value)) => {
            let pattern = fitting_pattern(value)?;
            let in_address =
                pattern.may_match(|octet| octet.is_ascii_hexdigit() || b".:[]%".contains(&octet));
            Node::AnyColumn { pattern, in_address }
        }
        Expression::Term(Term::Has(field)) => has(field),
        Expression::Term(Term::Compare { field, comparison, values }) => {
            comparison_node(field, *comparison, values)?
        }
    })
}

/// A flag, or that the field is there.
fn has(name: &FieldName) -> Node {
    match name.field.access {
        Access::Flag(is) => Node::Flag(is),
        Access::Number(_, numbers) => Node::Number(numbers, Box::new([(0, u64::MAX)])),
        Access::Text(visit) | Access::Word(visit) | Access::Named(visit) => {
            Node::Text(visit, name.argument.as_str().into(), Box::new([Pattern::Present]))
        }
        Access::Address(_) => Node::All(Box::new([])),
    }
}

fn comparison_node(
    name: &FieldName,
    comparison: Comparison,
    values: &[Value],
) -> Result<Node, FilterError> {
    if comparison == Comparison::NotEqual {
        let equal = comparison_node(name, Comparison::Equal, values)?;
        return Ok(Node::Not(Box::new(equal)));
    }
    let any_value = |value: &Value| matches!(&value.literal, Literal::Bare(text) if text == "*");
    if comparison == Comparison::Fits && !name.field.is_flag() && values.iter().any(any_value) {
        return Ok(has(name));
    }
    let ordered = !matches!(comparison, Comparison::Fits | Comparison::Equal);
    if let (true, [_, second, ..]) = (ordered, values) {
        let message = format!("{} compares with one value", comparison.symbol());
        return Err(error(second, message));
    }
    match name.field.access {
        Access::Flag(is) => flag(is, name, comparison, values),
        Access::Number(unit, numbers) => {
            let ranges: Result<Vec<_>, _> =
                values.iter().map(|value| range(name, unit, comparison, value)).collect();
            Ok(Node::Number(numbers, ranges?.into_iter().flatten().collect()))
        }
        Access::Named(visit) if ordered => number_in_text(visit, name, comparison, values),
        Access::Text(visit) | Access::Word(visit) | Access::Named(visit) => {
            let patterns: Result<_, _> =
                values.iter().map(|value| pattern(name, comparison, value)).collect();
            Ok(Node::Text(visit, name.argument.as_str().into(), patterns?))
        }
        Access::Address(visit) => {
            let tests: Result<_, _> =
                values.iter().map(|value| address_test(name, comparison, value)).collect();
            Ok(Node::Address(visit, tests?))
        }
    }
}

fn error(value: &Value, message: String) -> FilterError {
    FilterError { at: value.at.clone(), message }
}

fn flag(
    is: fn(Subject<'_>) -> bool,
    name: &FieldName,
    comparison: Comparison,
    values: &[Value],
) -> Result<Node, FilterError> {
    let refused = |at: &Range<usize>| FilterError {
        at: at.clone(),
        message: format!("{name} stands alone, or with yes or no: {name}, -{name}, {name}:no"),
    };
    let [value] = values else { return Err(refused(&name.at)) };
    if !matches!(comparison, Comparison::Fits | Comparison::Equal) {
        return Err(refused(&value.at));
    }
    match plain(value).map(str::to_ascii_lowercase).as_deref() {
        Some("yes" | "true" | "1") => Ok(Node::Flag(is)),
        Some("no" | "false" | "0") => Ok(Node::Not(Box::new(Node::Flag(is)))),
        _ => Err(refused(&value.at)),
    }
}

/// The text of a value that is no regular expression.
fn plain(value: &Value) -> Option<&str> {
    match &value.literal {
        Literal::Bare(text) | Literal::Quoted(text) => Some(text),
        Literal::Regex(_) => None,
    }
}

// Numbers

/// The range of numbers that satisfies a comparison; `None` when no number does.
fn range(
    name: &FieldName,
    unit: Unit,
    comparison: Comparison,
    value: &Value,
) -> Result<Option<(u64, u64)>, FilterError> {
    let text = plain(value).unwrap_or("/");
    let wrong = || error(value, wrong_number(name.field, unit, text));
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => {
            let low = if low.is_empty() { 0 } else { number(unit, low).ok_or_else(wrong)?.0 };
            let high =
                if high.is_empty() { u64::MAX } else { number(unit, high).ok_or_else(wrong)?.1 };
            (low, high)
        }
        None => number(unit, text).ok_or_else(wrong)?,
    };
    if low > high {
        return Err(error(value, "the range ends before it begins".to_owned()));
    }
    Ok(match comparison {
        Comparison::Fits | Comparison::Equal | Comparison::NotEqual => Some((low, high)),
        Comparison::Less => low.checked_sub(1).map(|below| (0, below)),
        Comparison::LessOrEqual => Some((0, high)),
        Comparison::Greater => high.checked_add(1).map(|above| (above, u64::MAX)),
        Comparison::GreaterOrEqual => Some((low, u64::MAX)),
    })
}

/// The numbers that a spelling covers: `401`, `4xx`, `200ms`, `1k`, `likely`.
fn number(unit: Unit, text: &str) -> Option<(u64, u64)> {
    let one = |number: u64| Some((number, number));
    match unit {
        Unit::Plain => one(text.parse().ok()?),
        Unit::Status => statuses(text),
        Unit::Time => one(scaled(text, nanoseconds_of)?),
        Unit::Octets => one(scaled(text, octets_of)?),
        Unit::Confidence => access::LEVELS
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(text))
            .and_then(|level| one(access::level(level))),
    }
}

/// Status codes have three digits (RFC 9110 §15): `4xx`, `40x` and `4*` leave some of them open.
fn statuses(text: &str) -> Option<(u64, u64)> {
    let digits = text.trim_end_matches(['x', 'X', '*']);
    let first = digits.parse::<u64>().ok()?;
    if digits.len() == text.len() {
        // A thousand is more than any.
        return (first <= 1000).then_some((first, first));
    }
    if !text.ends_with('*') && text.len() != 3 {
        return None;
    }
    let span = 10_u64.pow(3_u32.checked_sub(u32::try_from(digits.len()).ok()?)?);
    Some((first * span, first * span + span - 1))
}

/// A decimal number and its unit.
fn scaled(text: &str, factor: fn(&str) -> Option<f64>) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scaled = number.parse::<f64>().ok()? * factor(unit.trim_start())?;
    (scaled < u64::MAX as f64).then(|| scaled.round() as u64)
}

fn nanoseconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}

fn octets_of(unit: &str) -> Option<f64> {
    let unit = unit.to_ascii_lowercase();
    let unit = unit.trim_end_matches('b').trim_end_matches('i');
    let power = ["", "k", "m", "g", "t"].iter().position(|own| *own == unit)?;
    Some(1024_f64.powi(power as i32))
}

fn wrong_number(field: &Field, unit: Unit, text: &str) -> String {
    let example = field.example;
    match unit {
        Unit::Plain => format!("{text:?} is not a number or range; write for example {example}"),
        Unit::Status => {
            format!("{text:?} is not a status code; write 401, 4xx, 400..499 or 401,403")
        }
        Unit::Time if text.parse::<f64>().is_ok() => {
            format!("a duration needs a unit: {text}ms or {text}s")
        }
        Unit::Time => format!("{text:?} is not a duration; write 200ms, 1.5s or 2m"),
        Unit::Octets => format!("{text:?} is not a size; write 512, 1k or 10M"),
        Unit::Confidence => only(field, text, &access::confidence_values()),
    }
}

fn number_in_text(
    visit: VisitText,
    name: &FieldName,
    comparison: Comparison,
    values: &[Value],
) -> Result<Node, FilterError> {
    let number = |value: &Value| {
        let message = format!("{} compares numbers; for text use : or =", comparison.symbol());
        plain(value).and_then(|text| text.parse().ok()).ok_or_else(|| error(value, message))
    };
    match values {
        [value] => {
            let argument = name.argument.as_str().into();
            Ok(Node::NumberInText(visit, argument, comparison, number(value)?))
        }
        _ => Ok(Node::Any(Box::new([]))),
    }
}

// Text

fn pattern(
    name: &FieldName,
    comparison: Comparison,
    value: &Value,
) -> Result<Pattern, FilterError> {
    let field = name.field;
    if !matches!(comparison, Comparison::Fits | Comparison::Equal) {
        let message = format!("{name} is text: use : = or !=");
        return Err(error(value, message));
    }
    let known = match field.values {
        Values::Only(values) => values(),
        Values::Any | Values::Usual(_) => Vec::new(),
    };
    let exact = plain(value).filter(|text| known.iter().any(|own| own.eq_ignore_ascii_case(text)));
    let whole = comparison == Comparison::Equal || matches!(field.access, Access::Word(_));
    let pattern = match (&value.literal, exact) {
        // What is a name as a whole is not meant as a part of others.
        (_, Some(text)) => Pattern::equals(text).map_err(|e| regex_error(value, &e))?,
        (Literal::Bare(text), None)
            if whole && (comparison == Comparison::Equal || !text.contains('*')) =>
        {
            Pattern::equals(text).map_err(|e| regex_error(value, &e))?
        }
        (Literal::Quoted(text), None) if whole => {
            Pattern::equals(text).map_err(|e| regex_error(value, &e))?
        }
        _ => fitting_pattern(value)?,
    };
    if !known.is_empty() && !known.iter().any(|own| pattern.matches(own.as_bytes())) {
        let text = plain(value).unwrap_or("this expression");
        return Err(error(value, only(field, text, &known)));
    }
    Ok(pattern)
}

/// What `:` means for text: a regular expression, a glob where there is a `*`, else a part.
fn fitting_pattern(value: &Value) -> Result<Pattern, FilterError> {
    match &value.literal {
        Literal::Regex(source) => Pattern::regex(source),
        Literal::Bare(text) if text.contains('*') => Pattern::glob(text),
        Literal::Bare(text) | Literal::Quoted(text) => Pattern::contains(text),
    }
    .map_err(|e| regex_error(value, &e))
}

fn regex_error(value: &Value, reason: &regex::Error) -> FilterError {
    let reason = match reason {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        // The library draws an arrow under the expression; its last line says what is wrong.
        other => other.to_string().lines().last().unwrap_or_default().replace("error: ", ""),
    };
    error(value, format!("this is no regular expression: {reason}"))
}

fn only(field: &Field, text: &str, known: &[&str]) -> String {
    let name = field.name;
    match text::nearest(text, known.iter().copied()) {
        Some(nearest) => format!("{name} is never {text:?}; did you mean {nearest:?}?"),
        None if known.len() <= 8 => {
            format!("{name} is never {text:?}; it is one of {}", known.join(", "))
        }
        None => format!("{name} is never {text:?}; see why401 explain filter"),
    }
}

// Addresses

fn address_test(
    name: &FieldName,
    comparison: Comparison,
    value: &Value,
) -> Result<AddressTest, FilterError> {
    if !matches!(comparison, Comparison::Fits | Comparison::Equal) {
        let message = format!("{name} is an address: use : = or !=, such as 10.0.0.0/8");
        return Err(error(value, message));
    }
    let Some(text) = plain(value) else { return fitting_pattern(value).map(AddressTest::Written) };
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(AddressTest::Loopback);
    }
    if let Some(port) = text.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Ok(AddressTest::Port(port));
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Ok(AddressTest::Socket(SocketAddr::new(socket.ip().to_canonical(), socket.port())));
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(AddressTest::Network(ip.to_canonical(), u8::MAX));
    }
    if let Some((network, bits)) = text.split_once('/') {
        return network_test(network, bits).ok_or_else(|| {
            error(value, format!("{text:?} is not a network; write for example 10.0.0.0/8"))
        });
    }
    let written = |c: char| c.is_ascii_hexdigit() || ".:*[]%".contains(c);
    if !text.chars().all(written) || comparison == Comparison::Equal || !may_be_part(text) {
        let message = format!(
            "{text:?} is not an address; write 10.0.0.5, 10.0.0.0/8, 10.0.* or :8080, host: for names, and \
             port:8000..9000 for several ports"
        );
        return Err(error(value, message));
    }
    fitting_pattern(value).map(AddressTest::Written)
}

/// Whether some address or port has these characters in it.
fn may_be_part(text: &str) -> bool {
    if text.contains("..") {
        return false;
    }
    if let Some(port) = text.strip_prefix(':').filter(|port| !port.contains([':', '.', '*'])) {
        return port.len() <= 5 && port.parse::<u32>().is_ok_and(|port| port <= u16::MAX.into())
            || u16::from_str_radix(port, 16).is_ok();
    }
    let parts = text.split('.').filter(|part| !part.is_empty());
    let is_octet = |part: &str| part.contains('*') || part.parse::<u8>().is_ok();
    text.contains(|c: char| c == ':' || c.is_ascii_alphabetic())
        || (parts.clone().count() <= 4 && parts.clone().all(is_octet))
}

fn network_test(network: &str, bits: &str) -> Option<AddressTest> {
    let network: IpAddr = network.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let width = if network.is_ipv4() { 32 } else { 128 };
    (bits <= width).then_some(AddressTest::Network(network, bits))
}
