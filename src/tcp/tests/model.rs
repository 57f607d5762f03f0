//! Reassembly against a model that is obviously right: an array of octets, first write wins.

use proptest::prelude::*;

use super::*;

/// One segment of a stream whose octets are all known.
#[derive(Debug, Clone)]
struct Piece {
    start: u32,
    length: u32,
    /// Whether its octets are others than those that belong there.
    forged: bool,
}

const LENGTH: u32 = 60;

/// What belongs at a position, and what does not.
fn octet(position: u32, forged: bool) -> char {
    let alphabet = if forged { b'A' } else { b'a' };
    char::from(alphabet + (position % 26) as u8)
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = (0..LENGTH, 1_u32..20, prop::bool::weighted(0.15))
        .prop_map(|(start, length, forged)| Piece { start, length, forged });
    prop::collection::vec(piece, 1..40)
}

/// The stream as it must be handed on, and whether anything repeated disagreed while it waited.
///
/// `None` in `held` has not been seen. What was handed on is not kept, so that a conflict with it
/// goes unnoticed; its first octets stand all the same.
fn model(pieces: &[Piece]) -> (String, bool) {
    let mut held: Vec<Option<char>> = vec![None; (LENGTH + 20) as usize];
    let (mut next, mut conflict) = (0, false);
    for piece in pieces {
        for at in piece.start..piece.start + piece.length {
            let (slot, ours) = (&mut held[at as usize], octet(at, piece.forged));
            match *slot {
                None => *slot = Some(ours),
                Some(theirs) => conflict |= at >= next && theirs != ours,
            }
        }
        while held.get(next as usize).is_some_and(Option::is_some) {
            next += 1;
        }
    }
    let end = held.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let mut text = String::new();
    let mut missing = 0;
    for slot in &held[..end] {
        if let Some(octet) = slot {
            if missing > 0 {
                text += &format!("[{missing}]");
                missing = 0;
            }
            text.push(*octet);
        } else {
            missing += 1;
        }
    }
    (text, conflict)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_pieces_in_any_order_give_what_the_model_gives(pieces in pieces()) {
        let mut wire = Wire::open();
        for piece in &pieces {
            let octets = piece.start..piece.start + piece.length;
            let text: String = octets.map(|at| octet(at, piece.forged)).collect();
            wire.client(ACK, 1 + piece.start, 1, &text);
        }
        let (text, conflict) = model(&pieces);
        let streams = wire.finish()[0].clone();
        prop_assert_eq!(&streams.text[0], &text);
        prop_assert_eq!(streams.overlap_conflict, conflict);
    }
}
