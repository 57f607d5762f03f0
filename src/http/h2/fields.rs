//! Header fields, and the table to which header blocks refer (HPACK, RFC 7541).

use loona_hpack::Decoder;
use loona_hpack::decoder::DecoderError;

use crate::counters::Limit;
use crate::http::Head;
use crate::limits::Limits;
use crate::text::is_tchar;

/// Octets of a table before a peer asks for another (RFC 9113 §6.5.2).
const USUAL_SIZE: usize = 4096;

/// A table as large as any peer asks for in practice.
const LARGEST_SIZE: usize = 64 << 10;

/// What an entry counts beside its name and value (RFC 7541 §4.1).
const ENTRY: usize = 32;

/// A literal with an empty name and an empty value, to be put into the table (RFC 7541 §6.2.1). No field has
/// an empty name.
const UNKNOWN: [u8; 3] = [0x40, 0, 0];

/// The table of one direction.
pub(super) struct Table {
    decoder: Decoder<'static>,
    /// Octets that it may hold.
    size: usize,
    /// Those that it holds at most.
    filled: usize,
}

impl Table {
    /// As a connection begins.
    pub fn new() -> Self {
        let mut decoder = Decoder::new();
        decoder.set_max_allowed_table_size(LARGEST_SIZE);
        Self { decoder, size: USUAL_SIZE, filled: 0 }
    }

    /// Full of entries that nobody saw: fields without a name.
    pub fn of_unknown() -> Self {
        let mut table = Self::new();
        let _ = table.decoder.decode_with_cb(&UNKNOWN.repeat(USUAL_SIZE / ENTRY), |_, _| {});
        Self { filled: USUAL_SIZE, ..table }
    }

    /// Octets held.
    pub fn memory(&self) -> usize {
        self.filled
    }

    /// Reads a header block.
    pub fn read(
        &mut self,
        block: &[u8],
        fields: &mut Fields,
        limits: &Limits,
    ) -> Result<(), DecoderError> {
        self.resize(block);
        let (mut room, filled) = (limits.head, &mut self.filled);
        let result = self.decoder.decode_with_cb(block, |name, value| {
            let octets = name.len() + value.len();
            *filled += ENTRY + octets;
            if name.is_empty() {
                fields.unknown += 1;
            } else if fields.known.len() == limits.header_fields {
                fields.reached = Some(Limit::HeaderFields);
            } else if octets > room {
                fields.reached = Some(Limit::Head);
            } else {
                room -= octets;
                fields.known.push((name.into_owned(), value.into_owned()));
            }
        });
        self.filled = self.filled.min(self.size);
        result
    }

    /// RFC 7541 §4.2: a new size stands at the beginning of a block.
    fn resize(&mut self, mut block: &[u8]) {
        while let Some((&first, rest)) = block.split_first()
            && first & 0xe0 == 0x20
        {
            // RFC 7541 §5.1: five bits, and if all are set, seven more of each octet to the last.
            let mut size = usize::from(first & 0x1f);
            let length =
                if size == 0x1f { 1 + rest.iter().take_while(|&&o| o >= 0x80).count() } else { 0 };
            let Some((octets, rest)) = rest.split_at_checked(length) else { return };
            for (place, octet) in octets.iter().take(4).enumerate() {
                size += usize::from(octet & 0x7f) << (7 * place);
            }
            self.size = size.min(LARGEST_SIZE);
            block = rest;
        }
    }
}

/// Decompressed header fields.
#[derive(Default)]
pub struct Fields {
    /// Name and value of each.
    pub known: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many more there are, which were first sent when nobody saw it.
    pub unknown: usize,
    /// The bound that the others reached: a few octets of a block may stand for a large field of the table,
    /// time and again.
    pub reached: Option<Limit>,
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.known.iter().map(|(name, _)| String::from_utf8_lossy(name)))
            .finish()
    }
}

impl Fields {
    /// Whether there are more than are known.
    pub fn is_incomplete(&self) -> bool {
        self.unknown > 0 || self.reached.is_some()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let field = self.known.iter().find(|(field, _)| field == name.as_bytes());
        field.map(|(_, value)| value.as_slice())
    }

    /// As a head whose first and second part are these fields' values.
    pub fn head(&self, first: &str, second: &str) -> Head {
        let part = |name: &str| self.get(name).unwrap_or_default();
        Head::from_parts(
            part(first),
            part(second),
            self.known.iter().map(|(name, value)| (name.as_slice(), value.as_slice())),
        )
    }

    /// Whether all names that are known are as RFC 9113 §8.2 wants them.
    pub(super) fn are_named_well(&self) -> bool {
        self.known.iter().all(|(name, _)| {
            let name = name.strip_prefix(b":").unwrap_or(name);
            !name.is_empty()
                && name.iter().all(|&octet| is_tchar(octet) && !octet.is_ascii_uppercase())
        })
    }
}
