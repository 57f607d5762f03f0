//! Servers say the same again and again: what was once read is not read again.

use std::collections::HashMap;

use crate::diagnosis::lexicon::{Category, Said, patterns};

/// Texts and pages remembered, each; then all are forgotten, and those that are still said come back.
const ENTRIES: usize = 512;

/// Longest text or page remembered: more is rarely said twice.
const LENGTH: usize = 4096;

/// What texts are about and what pages say, by their octets.
#[derive(Debug, Default)]
pub struct Memo {
    categories: HashMap<Box<str>, Option<Category>, ahash::RandomState>,
    pages: HashMap<u64, Known, ahash::RandomState>,
}

/// All that decides what a body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Page<'a> {
    pub octets: &'a [u8],
    pub whole: bool,
    pub coding: Option<&'a [u8]>,
    pub kind: Option<&'a [u8]>,
}

/// A page that was read, and what it says.
#[derive(Debug)]
struct Known {
    octets: Box<[u8]>,
    whole: bool,
    coding: Option<Box<[u8]>>,
    kind: Option<Box<[u8]>>,
    said: Option<Said>,
}

impl Known {
    fn page(&self) -> Page<'_> {
        Page {
            octets: &self.octets,
            whole: self.whole,
            coding: self.coding.as_deref(),
            kind: self.kind.as_deref(),
        }
    }
}

impl Page<'_> {
    fn length(&self) -> usize {
        let field = |value: Option<&[u8]>| value.map_or(0, <[u8]>::len);
        self.octets.len() + field(self.coding) + field(self.kind)
    }
}

impl Memo {
    /// What one text is about.
    pub(super) fn category(&mut self, text: &str) -> Option<Category> {
        if let Some(known) = self.categories.get(text) {
            return *known;
        }
        let category = patterns::categorise(text);
        if text.len() <= LENGTH {
            if self.categories.len() >= ENTRIES {
                self.categories.clear();
            }
            self.categories.insert(text.into(), category);
        }
        category
    }

    /// What a page says, from `read` when it is a new one.
    pub(super) fn said(
        &mut self,
        page: Page<'_>,
        read: impl FnOnce(&mut Self) -> Option<Said>,
    ) -> Option<Said> {
        if page.length() > LENGTH {
            return read(self);
        }
        let key = self.pages.hasher().hash_one(page);
        // The hash alone proves nothing.
        if let Some(known) = self.pages.get(&key).filter(|known| known.page() == page) {
            return known.said.clone();
        }
        let said = read(self);
        if self.pages.len() >= ENTRIES {
            self.pages.clear();
        }
        let known = Known {
            octets: page.octets.into(),
            whole: page.whole,
            coding: page.coding.map(Into::into),
            kind: page.kind.map(Into::into),
            said: said.clone(),
        };
        self.pages.insert(key, known);
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(octets: &[u8]) -> Page<'_> {
        Page { octets, whole: true, coding: None, kind: None }
    }

    fn said(quote: &str) -> Said {
        Said { category: Category::Generic, quote: quote.to_owned(), field: "response.body" }
    }

    #[test]
    fn a_page_is_read_again_only_if_any_octet_of_it_differs() {
        let mut memo = Memo::default();
        let mut ask = |page, quote| memo.said(page, |_| Some(said(quote))).unwrap().quote;
        assert_eq!(ask(page(b"a"), "first"), "first");
        assert_eq!(ask(page(b"a"), "second"), "first");
        assert_eq!(ask(page(b"b"), "second"), "second");
        assert_eq!(ask(Page { kind: Some(b"text/html"), ..page(b"a") }, "third"), "third");
        assert_eq!(ask(Page { coding: Some(b"gzip"), ..page(b"a") }, "fourth"), "fourth");
        assert_eq!(ask(Page { whole: false, ..page(b"a") }, "fifth"), "fifth");
    }

    #[test]
    fn neither_many_pages_nor_long_ones_fill_the_memory() {
        let mut memo = Memo::default();
        for number in 0..5 * ENTRIES {
            let text = number.to_string();
            memo.said(page(text.as_bytes()), |_| None);
            memo.category(&text);
        }
        let long = "x".repeat(LENGTH + 1);
        let (pages, categories) = (memo.pages.len(), memo.categories.len());
        memo.said(page(long.as_bytes()), |_| None);
        memo.category(&long);
        assert!(pages <= ENTRIES && categories <= ENTRIES);
        assert_eq!((memo.pages.len(), memo.categories.len()), (pages, categories));
    }
}
