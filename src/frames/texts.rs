//! Gathers texts into a column: by a dictionary as long as they repeat, else one after another.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use polars_arrow::bitmap::MutableBitmap;

use crate::bytes::{Lengthed, same, short, word};
use crate::digest::{masked, may_hold_token};

/// The most rows that are appended at once: one for each bit of a word.
pub(super) const MOST_AT_ONCE: usize = u64::BITS as usize;

/// Rows after which it is decided, again and again, whether a column of text still repeats.
///
/// If more than half of its values are new, it is written plain: a dictionary would cost more than it
/// saves.
const TRIED: usize = 1 << 13;

/// Values one after another, each after its length: Parquet's plain encoding.
///
/// There is room for the head of a page, [`HEAD`] bytes, before the first value.
pub(super) struct Plain(Lengthed);

/// Bytes of the head of a page in which every row has a value.
pub(super) const HEAD: usize = 10;

impl Plain {
    pub(super) fn new(rows: usize) -> Self {
        // A guess of what a value takes, the four bytes of its length included.
        Plain(Lengthed::new(&[0; HEAD], rows * 28))
    }

    /// The values.
    pub(super) fn values(&self) -> &[u8] {
        &self.0.as_slice()[HEAD..]
    }

    /// The bytes of a page: `head`, then the values.
    pub(super) fn after(self, head: [u8; HEAD]) -> Vec<u8> {
        let mut bytes = self.0.into_bytes();
        bytes[..HEAD].copy_from_slice(&head);
        bytes
    }

    /// Appends a value.
    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) {
        self.0.push(value);
    }
}

/// The different values of a dictionary, one after another in their encoding.
pub(super) struct Strings {
    /// Where each value ends; before the first stands 0.
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

    /// The values, each after its length.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_bytes()
    }
}

/// The texts of a column that repeat, by a dictionary.
pub(super) struct Repeating {
    pub(super) values: Strings,
    /// Half of the hash of each value, and its key: the place among `values`.
    index: HashTable<(u32, u32)>,
    /// The key of each row.
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

    /// Appends texts up to the next row at which [`Repeating::is_varied`] decides; gives how many.
    ///
    /// The bits of `there` tell which rows have a text. `looked` is what [`Repeating::look`] gave for all of
    /// them, if it was called.
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
        // As many ones as rows, of which there is at least one.
        let all = u64::MAX >> (MOST_AT_ONCE - count);
        let mut new = there & all & !looked.found;
        while new != 0 {
            let row = new.trailing_zeros() as usize;
            // Clears the lowest bit that is set.
            new &= new - 1;
            self.keys[first + row] = self.find(texts[row]);
        }
        if there & all != all {
            // A missing text needs some key in its place: that of the row before is there already.
            for row in (0..count).filter(|row| there >> row & 1 == 0) {
                self.keys[first + row] = match (first + row).checked_sub(1) {
                    Some(before) => self.keys[before],
                    None => self.find(b""),
                };
            }
        }
        count
    }

    /// Which of the texts are among the values seen lately.
    pub(super) fn look(&self, texts: &[&[u8]]) -> Looked {
        self.recent.look(texts, &self.values)
    }

    /// The key of a value, which gets one if it is new. A new value is written without tokens.
    #[inline(never)]
    fn find(&mut self, value: &[u8]) -> u32 {
        let hash = FixedState::default().hash_one(value);
        // The upper half. The entries of the table are smaller with it alone.
        let mark = (hash >> 32) as u32;
        let Repeating { values, index, .. } = self;
        // The place in the table follows from the same 32 bits, so that the table can grow without
        // hashing the values again.
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

    /// Appends the last value `count` more times.
    pub(super) fn repeat(&mut self, count: usize) {
        let last = match self.keys.last() {
            Some(last) => *last,
            None => self.find(b""),
        };
        self.keys.resize(self.keys.len() + count, last);
    }

    /// Whether so many values are new that a dictionary costs more than it saves; see [`TRIED`].
    #[inline]
    pub(super) fn is_varied(&self) -> bool {
        self.keys.len().is_multiple_of(TRIED) && self.values.len() > self.keys.len() / 2
    }

    /// The values without a dictionary; `present` tells which rows have one.
    pub(super) fn unfold(&self, present: Option<&MutableBitmap>) -> Plain {
        let mut plain = Plain::new(self.keys.capacity());
        let there = |row: usize| present.is_none_or(|present| present.get(row));
        for (_, key) in self.keys.iter().enumerate().filter(|(row, _)| there(*row)) {
            plain.push(self.values.get(*key as usize));
        }
        plain
    }
}

/// The text without its signed tokens; `None` if it has none.
///
/// No column of text may hold a token. Columns of bytes keep the raw lines of evidence as they are.
#[inline(always)]
pub(super) fn without_tokens(value: &[u8]) -> Option<String> {
    if !may_hold_token(value) {
        return None;
    }
    let text = std::str::from_utf8(value).expect("text was pushed");
    Some(masked(text, "")).filter(|masked| masked != text)
}

/// Entries of the table of values seen lately. A power of two, so that a place is a number of bits.
const RECENT: usize = 1 << 12;

/// Values seen lately, by a few of their bytes. There is no table before the first is noted.
///
/// An entry has eight bytes each from the beginning, the middle and the end of a value, which are all bytes
/// of a short one. The fourth number is the length plus one in its upper half, so that 0 is an empty entry,
/// and the key in its lower half.
#[derive(Default)]
struct Recent(Option<Box<[[u64; 4]; RECENT]>>);

/// Length of the longest value of which an entry of [`Recent`] holds every byte.
const ALL: usize = 24;

/// Which of up to 64 texts were found among the values of a column, and their keys.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    pub(super) keys: [u32; MOST_AT_ONCE],
    /// One bit for each text, set if it was found. Others may be among the values, too.
    pub found: u64,
}

impl Recent {
    /// Which of the texts are among the values seen lately.
    ///
    /// All are looked up before any is compared as a whole, so that the processor fetches many entries from
    /// memory at the same time.
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
            // Zero only if all three words and the length are the same.
            let differ = (words[0] ^ entry[0])
                | (words[1] ^ entry[1])
                | (words[2] ^ entry[2])
                | (entry[3] >> 32 ^ (text.len() as u64 + 1));
            looked.keys[row] = entry[3] as u32;
            alike |= u64::from(differ == 0) << row;
            long |= u64::from(text.len() > ALL) << row;
        }
        looked.found = alike;
        // Of a long value the entry holds only some bytes.
        let mut unsure = looked.found & long;
        while unsure != 0 {
            let row = unsure.trailing_zeros() as usize;
            // Clears the lowest bit that is set.
            unsure &= unsure - 1;
            let other = !same(values.get(looked.keys[row] as usize), texts[row]);
            looked.found &= !(u64::from(other) << row);
        }
        looked
    }

    /// Notes a value and its key, in place of the one that was there.
    fn note(&mut self, value: &[u8], key: u32) {
        let known = self.0.get_or_insert_with(|| {
            let none = vec![[0; 4]; RECENT].into_boxed_slice();
            none.try_into().expect("as many as said")
        });
        let ([first, middle, last], place) = Self::signature(value);
        let length = value.len() as u64 + 1;
        known[place] = [first, middle, last, length << 32 | u64::from(key)];
    }

    /// A few bytes of a value, and its place in the table.
    #[inline(always)]
    fn signature(value: &[u8]) -> ([u64; 3], usize) {
        let (first, middle, last) = if value.len() < 8 {
            (short(value), 0, 0)
        } else {
            let end = value.len() - 8;
            (word(value, 0), word(value, end / 2), word(value, end))
        };
        // The rotations keep equal words from cancelling out. The multiplication by an odd constant (from the
        // golden ratio) spreads all bits to the upper ones, which then choose the place.
        let mixed = first ^ middle.rotate_left(41) ^ last.rotate_left(23) ^ value.len() as u64;
        let mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (mixed >> (u64::BITS - RECENT.ilog2())) as usize;
        ([first, middle, last], place)
    }
}

/// Spreads the 32 bits of a mark over 64, as the table uses the upper bits, too.
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
