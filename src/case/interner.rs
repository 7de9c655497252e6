//! A number for each spelling of an identifier, so that records stay small.

use std::hash::BuildHasher;
use std::sync::RwLock;

use hashbrown::HashTable;

use crate::identity::{canonical, folded};

/// An identifier as a number, which is cheaper to keep and compare than its text.
///
/// A plain decimal stands for itself. Any other spelling gets the next free number of an [`Interner`],
/// with the highest bit set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(pub u64);

/// The bit that tells an interned number from a decimal that stands for itself.
const INTERNED: u64 = 1 << 63;

impl AccountKey {
    /// The key as a number that takes few bytes when packed.
    ///
    /// The rotation moves the highest bit to the lowest place, so that a short decimal and an early
    /// interned number both become small.
    pub fn packed(self) -> u64 {
        self.0.rotate_left(1)
    }

    /// The key that [`AccountKey::packed`] turned into `packed`.
    pub fn unpacked(packed: u64) -> Self {
        AccountKey(packed.rotate_right(1))
    }
}

/// Gives each spelling of an identifier a number, and the spelling back; threads may share one.
#[derive(Debug, Default)]
pub struct Interner {
    spellings: RwLock<Spellings>,
}

#[derive(Debug, Default)]
struct Spellings {
    /// Indices into `by_number`, by the hash of their text.
    by_text: HashTable<u64>,
    /// The texts, in the order in which they came.
    by_number: Vec<Box<str>>,
    hasher: foldhash::quality::RandomState,
}

impl Spellings {
    fn find(&self, text: &str) -> Option<AccountKey> {
        let hash = self.hasher.hash_one(text);
        let same = |number: &u64| &*self.by_number[*number as usize] == text;
        self.by_text
            .find(hash, same)
            .map(|number| AccountKey(INTERNED | number))
    }
}

impl Interner {
    /// The key of the canonical form of `text`. Plain decimals without leading zeros stand for themselves.
    ///
    /// A leading zero makes another spelling (`007` is not `7`), and so does a number of 2^63 or more,
    /// whose highest bit would be taken for the mark of an interned one.
    pub fn key(&self, text: &str) -> AccountKey {
        let text = &*canonical(text);
        let plain = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        if let Some(number) = text.parse::<u64>().ok().filter(|n| plain && *n < INTERNED) {
            return AccountKey(number);
        }
        let known = self.spellings.read().expect("no panic while interning");
        if let Some(key) = known.find(text) {
            return key;
        }
        drop(known);
        // Another thread may have added it between the two locks, so it is looked up again.
        let mut spellings = self.spellings.write().expect("no panic while interning");
        if let Some(key) = spellings.find(text) {
            return key;
        }
        let Spellings {
            by_text,
            by_number,
            hasher,
        } = &mut *spellings;
        let number = by_number.len() as u64;
        by_number.push(text.into());
        by_text.insert_unique(hasher.hash_one(text), number, |number| {
            hasher.hash_one(&*by_number[*number as usize])
        });
        AccountKey(INTERNED | number)
    }

    /// The key of the identifier's folded form, which several spellings of one identifier share.
    pub fn folded(&self, key: AccountKey) -> AccountKey {
        if key.0 & INTERNED == 0 {
            return key;
        }
        let text = self.text(key);
        self.key(&folded(&text))
    }

    /// Whether two keys stand for one identifier, if only when both are folded.
    pub fn meet(&self, one: AccountKey, other: AccountKey) -> bool {
        one == other || self.folded(one) == self.folded(other)
    }

    /// The canonical spelling of a key that this interner gave.
    pub fn text(&self, key: AccountKey) -> String {
        if key.0 & INTERNED == 0 {
            return key.0.to_string();
        }
        let index = usize::try_from(key.0 & !INTERNED).expect("an index of this interner");
        self.spellings
            .read()
            .expect("no panic while interning")
            .by_number[index]
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_keep_their_spelling() {
        let interner = Interner::default();
        for text in ["0", "42", "007", "", "member-9", "9223372036854775808", "٣"] {
            assert_eq!(interner.text(interner.key(text)), text);
        }
        assert_eq!(interner.key("42"), AccountKey(42));
        assert_ne!(interner.key("007"), interner.key("7"));
    }
}
