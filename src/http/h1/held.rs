//! Octets of messages that span segments.

/// The largest room that is left for the next head.
const ROOM: usize = 16 << 10;

/// What is held of a message. Boxed, as most messages come whole, and there are many parsers.
#[derive(Debug, Default)]
pub(super) struct Held(Option<Box<Octets>>);

#[derive(Debug, Default)]
struct Octets {
    head: Vec<u8>,
    content: Vec<u8>,
}

impl Held {
    /// Octets of a head.
    pub fn head(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |octets| &octets.head)
    }

    /// The same, to be changed.
    pub fn head_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0.get_or_insert_default().head
    }

    /// Takes them out, with their room.
    pub fn take_head(&mut self) -> Vec<u8> {
        self.0.as_mut().map(|octets| std::mem::take(&mut octets.head)).unwrap_or_default()
    }

    /// Lets go of them. Heads of the usual length leave their room for the next.
    pub fn clear_head(&mut self) {
        if let Some(octets) = &mut self.0 {
            if octets.head.capacity() > ROOM {
                octets.head = Vec::new();
            } else {
                octets.head.clear();
            }
        }
    }

    /// The first octets of a body.
    pub fn content(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |octets| &octets.content)
    }

    /// More of them.
    pub fn keep_content(&mut self, content: &[u8]) {
        if !content.is_empty() {
            self.0.get_or_insert_default().content.extend_from_slice(content);
        }
    }

    /// Takes them out, with their room.
    pub fn take_content(&mut self) -> Vec<u8> {
        self.0.as_mut().map(|octets| std::mem::take(&mut octets.content)).unwrap_or_default()
    }

    /// Heap octets held.
    pub fn memory(&self) -> usize {
        self.0.as_ref().map_or(0, |octets| {
            size_of::<Octets>() + octets.head.capacity() + octets.content.capacity()
        })
    }
}
