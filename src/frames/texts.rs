//! Texts being gathered into a column: one after another, or by dictionary as long as they repeat.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use polars_arrow::bitmap::MutableBitmap;

use crate::bytes::{Lengthed, same, short, word};
use crate::digest::{masked, may_hold_token};

/// Rows that are appended at once.
pub(super) const MOST_AT_ONCE: usize = u64::BITS as usize;

/// A text column of which more than half the values are new after so many rows is written plain: its
/// dictionary would cost more than it saves.
const TRIED: usize = 1 << 13;

/// Values one after another, each with its length before it: Parquet's plain encoding. Before the first is room
/// for the [`HEAD`] of a page.
pub(super) struct Plain(Lengthed);

/// Bytes of what a page begins with if each row has a value.
pub(super) const HEAD: usize = 10;

impl Plain {
    pub(super) fn new(rows: usize) -> Self {
        Plain(Lengthed::new(&[0; HEAD], rows * 28))
    }

    /// The values.
    pub(super) fn values(&self) -> &[u8] {
        &self.0.as_slice()[HEAD..]
    }

    /// The values after the head of their page.
    pub(super) fn after(self, head: [u8; HEAD]) -> Vec<u8> {
        let mut bytes = self.0.into_bytes();
        bytes[..HEAD].copy_from_slice(&head);
        bytes
    }

    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) {
        self.0.push(value);
    }
}

/// Different values, one after another in their encoding.
pub(super) struct Strings {
    ends: Vec<u32>,
    bytes: Lengthed,
}

impl Strings {
    fn push(&mut self, value: &[u8]) {
        self.bytes.push(value);
        let end = u32::try_from(self.bytes.len()).expect("values are shorter than their block");
        self.ends.push(end);
    }

    fn get(&self, index: usize) -> &[u8] {
        let start = self.ends[index] as usize + size_of::<u32>();
        &self.bytes.as_slice()[start..self.ends[index + 1] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// The values, each with its length before it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_bytes()
    }
}

/// Text by dictionary as long as it repeats.
pub(super) struct Repeating {
    pub(super) values: Strings,
    /// Hash and key of each value.
    index: HashTable<(u32, u32)>,
    pub(super) keys: Vec<u32>,
    recent: Recent,
}

impl Repeating {
    pub(super) fn new(rows: usize) -> Self {
        Repeating {
            values: Strings {
                ends: vec![0],
                bytes: Lengthed::default(),
            },
            index: HashTable::new(),
            keys: Vec::with_capacity(rows),
            recent: Recent::default(),
        }
    }

    /// Appends texts as far as the next look at how varied they are; gives how many. `there` tells bit by bit
    /// which rows have one, and `looked` what is known of them all.
    pub(super) fn append(&mut self, texts: &[&[u8]], there: u64, looked: Option<&Looked>) -> usize {
        let count = texts.len().min(TRIED - self.keys.len() % TRIED);
        let texts = &texts[..count];
        let own;
        let looked = match looked {
            Some(looked) => looked,
            None => {
                own = self.look(texts);
                &own
            }
        };
        let first = self.keys.len();
        self.keys.extend_from_slice(&looked.keys[..count]);
        let all = u64::MAX >> (MOST_AT_ONCE - count);
        let mut new = there & all & !looked.found;
        while new != 0 {
            let row = new.trailing_zeros() as usize;
            new &= new - 1;
            self.keys[first + row] = self.find(texts[row]);
        }
        if there & all != all {
            // Something stands in place of a missing value.
            for row in (0..count).filter(|row| there >> row & 1 == 0) {
                self.keys[first + row] = match (first + row).checked_sub(1) {
                    Some(before) => self.keys[before],
                    None => self.find(b""),
                };
            }
        }
        count
    }

    /// The texts that are among the values seen lately.
    pub(super) fn look(&self, texts: &[&[u8]]) -> Looked {
        self.recent.look(texts, &self.values)
    }

    #[inline(never)]
    fn find(&mut self, value: &[u8]) -> u32 {
        let hash = FixedState::default().hash_one(value);
        let mark = (hash >> 32) as u32;
        let Repeating { values, index, .. } = self;
        // The table's own place comes from the same 32 bits, so that it can grow without the values.
        let entry = index.entry(
            spread(mark),
            |(known, key)| *known == mark && same(values.get(*key as usize), value),
            |(known, _)| spread(*known),
        );
        let key = match entry {
            hashbrown::hash_table::Entry::Occupied(entry) => entry.get().1,
            hashbrown::hash_table::Entry::Vacant(entry) => {
                if let Some(masked) = without_tokens(value) {
                    return self.find(masked.as_bytes());
                }
                let key = u32::try_from(values.len()).expect("a batch has fewer rows");
                values.push(value);
                entry.insert((mark, key));
                key
            }
        };
        self.recent.note(value, key);
        key
    }

    /// Appends the last value so many times more.
    pub(super) fn repeat(&mut self, count: usize) {
        let last = match self.keys.last() {
            Some(last) => *last,
            None => self.find(b""),
        };
        self.keys.resize(self.keys.len() + count, last);
    }

    /// Whether so much is new that a dictionary costs more than it saves.
    #[inline]
    pub(super) fn is_varied(&self) -> bool {
        self.keys.len().is_multiple_of(TRIED) && self.values.len() > self.keys.len() / 2
    }

    /// The values that are there, without a dictionary.
    pub(super) fn unfold(&self, present: Option<&MutableBitmap>) -> Plain {
        let mut plain = Plain::new(self.keys.capacity());
        let there = |row: usize| present.is_none_or(|present| present.get(row));
        for (_, key) in self.keys.iter().enumerate().filter(|(row, _)| there(*row)) {
            plain.push(self.values.get(*key as usize));
        }
        plain
    }
}

/// A text with a signed token in it, as it may be written: no frame holds one. `Bytes` are kept as they are.
#[inline(always)]
pub(super) fn without_tokens(value: &[u8]) -> Option<String> {
    if !may_hold_token(value) {
        return None;
    }
    let text = std::str::from_utf8(value).expect("text was pushed");
    Some(masked(text, "")).filter(|masked| masked != text)
}

/// Values seen lately.
const RECENT: usize = 1 << 12;

/// Values seen lately, by a few of their bytes: eight each of where they begin, are halved and end, which is all
/// of a short one; then the length, of which zero is none at all, and the key. There are none before the first is
/// noted.
#[derive(Default)]
struct Recent(Option<Box<[[u64; 4]; RECENT]>>);

/// Bytes of which [`Recent`] holds all.
const ALL: usize = 24;

/// Which texts are among the values of a column, as far as was looked, and their keys.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    pub(super) keys: [u32; MOST_AT_ONCE],
    /// Those that are, bit by bit.
    pub found: u64,
}

impl Recent {
    /// The texts that are among them. All are looked up before any is compared as a whole, so that the processor
    /// fetches the entries of many at a time.
    fn look(&self, texts: &[&[u8]], values: &Strings) -> Looked {
        let mut looked = Looked {
            keys: [0; MOST_AT_ONCE],
            found: 0,
        };
        let Some(known) = &self.0 else { return looked };
        let (mut alike, mut long) = (0, 0);
        for (row, text) in texts.iter().enumerate().take(MOST_AT_ONCE) {
            let (words, place) = Self::signature(text);
            let entry = &known[place];
            let differ = (words[0] ^ entry[0])
                | (words[1] ^ entry[1])
                | (words[2] ^ entry[2])
                | (entry[3] >> 32 ^ (text.len() as u64 + 1));
            looked.keys[row] = entry[3] as u32;
            alike |= u64::from(differ == 0) << row;
            long |= u64::from(text.len() > ALL) << row;
        }
        looked.found = alike;
        let mut unsure = looked.found & long;
        while unsure != 0 {
            let row = unsure.trailing_zeros() as usize;
            unsure &= unsure - 1;
            let other = !same(values.get(looked.keys[row] as usize), texts[row]);
            looked.found &= !(u64::from(other) << row);
        }
        looked
    }

    fn note(&mut self, value: &[u8], key: u32) {
        let known = self.0.get_or_insert_with(|| {
            let none = vec![[0; 4]; RECENT].into_boxed_slice();
            none.try_into().expect("as many as said")
        });
        let ([first, middle, last], place) = Self::signature(value);
        let length = value.len() as u64 + 1;
        known[place] = [first, middle, last, length << 32 | u64::from(key)];
    }

    /// A few bytes of a value, and its place.
    #[inline(always)]
    fn signature(value: &[u8]) -> ([u64; 3], usize) {
        let (first, middle, last) = if value.len() < 8 {
            (short(value), 0, 0)
        } else {
            let end = value.len() - 8;
            (word(value, 0), word(value, end / 2), word(value, end))
        };
        let mixed = first ^ middle.rotate_left(41) ^ last.rotate_left(23) ^ value.len() as u64;
        let mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (mixed >> (u64::BITS - RECENT.ilog2())) as usize;
        ([first, middle, last], place)
    }
}

/// 32 bits of hash over 64, as the table wants them.
fn spread(mark: u32) -> u64 {
    u64::from(mark).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_all_its_bytes() {
        for length in 0..80 {
            let value: Vec<u8> = (0..length).map(|at| b'a' + at as u8 % 26).collect();
            let mut known = Repeating::new(0);
            assert_eq!(known.append(&[b"first", &value, &value], 0b111, None), 3);
            assert_eq!(known.keys[1], known.keys[2]);
            for at in 0..length {
                let mut other = value.clone();
                other[at] ^= 1;
                // Whatever is found in the place of a value, it is no other.
                let places = [&other, &value].map(|value| Recent::signature(value).1);
                let recent = known.recent.0.as_mut().expect("values are noted");
                recent[places[0]] = recent[places[1]];
                assert_eq!(known.look(&[&value, &other]).found & 2, 0, "{length} {at}");
                assert_eq!(known.append(&[&other], 1, None), 1);
                let key = *known.keys.last().expect("appended") as usize;
                assert_eq!(known.values.get(key), other);
            }
        }
    }
}
