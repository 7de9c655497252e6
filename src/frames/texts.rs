//! Texts being gathered into a column: one after another, or by dictionary as long as they repeat.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use polars_arrow::bitmap::MutableBitmap;

use super::columns::MOST_AT_ONCE;
use crate::bytes::{append_with_length, same, short, word};
use crate::jws::mask::{masked, may_hold_token};

/// A text column of which more than half the values are new after so many rows is written plain: its
/// dictionary would cost more than it saves.
const TRIED: usize = 1 << 13;

/// Values one after another, each with its length before it: Parquet's plain encoding. Before the first is room
/// for the [`HEAD`] of a page.
pub(super) struct Plain(Vec<u8>);

/// Bytes of what a page begins with if each row has a value.
pub(super) const HEAD: usize = 10;

impl Plain {
    pub(super) fn new(rows: usize) -> Self {
        let mut bytes = Vec::with_capacity(HEAD + rows * 28);
        bytes.resize(HEAD, 0);
        Plain(bytes)
    }

    /// The values.
    pub(super) fn values(&self) -> &[u8] {
        &self.0[HEAD..]
    }

    /// The values after the head of their page.
    pub(super) fn after(mut self, head: [u8; HEAD]) -> Vec<u8> {
        self.0[..HEAD].copy_from_slice(&head);
        self.0
    }

    #[inline]
    pub(super) fn push(&mut self, value: &[u8]) {
        append_with_length(&mut self.0, value);
    }
}

/// Different values, one after another in their encoding.
pub(super) struct Strings {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Strings {
    fn push(&mut self, value: &[u8]) {
        append_with_length(&mut self.bytes, value);
        let end = u32::try_from(self.bytes.len()).expect("values are shorter than their block");
        self.ends.push(end);
    }

    fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.ends[index] as usize + size_of::<u32>()..self.ends[index + 1] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// The values, each with its length before it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
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
                bytes: Vec::new(),
            },
            index: HashTable::new(),
            keys: Vec::with_capacity(rows),
            recent: Recent::default(),
        }
    }

    /// Appends texts as far as the next look at how varied they are; gives how many. `there` tells bit by bit
    /// which rows have one.
    pub(super) fn append(&mut self, texts: &[&[u8]], there: u64) -> usize {
        let count = texts.len().min(TRIED - self.keys.len() % TRIED);
        let texts = &texts[..count];
        let mut keys = [0; MOST_AT_ONCE];
        if there.trailing_ones() as usize >= count {
            for (key, text) in keys.iter_mut().zip(texts) {
                *key = self.key(text);
            }
        } else {
            // Something stands in place of a missing value.
            let mut last = self.keys.last().copied();
            for (row, text) in texts.iter().enumerate() {
                keys[row] = match last {
                    Some(last) if there >> row & 1 == 0 => last,
                    None if there >> row & 1 == 0 => self.key(b""),
                    _ => self.key(text),
                };
                last = Some(keys[row]);
            }
        }
        self.keys.extend_from_slice(&keys[..count]);
        count
    }

    /// The texts that are among the values seen lately, bit by bit.
    pub(super) fn recent(&self, texts: &[&[u8]]) -> u64 {
        let is_recent = |text: &[u8]| self.recent.key(text, &self.values).is_some();
        let texts = texts.iter().enumerate();
        texts.fold(0, |found, (row, text)| {
            found | u64::from(is_recent(text)) << row
        })
    }

    /// The key of a value, which may be new.
    #[inline(always)]
    fn key(&mut self, value: &[u8]) -> u32 {
        // Logs repeat themselves.
        match self.recent.key(value, &self.values) {
            Some(key) => key,
            None => self.find(value),
        }
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
            None => self.key(b""),
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
/// of a short one; then the length, of which zero is none at all, and the key.
#[derive(Default)]
struct Recent(Vec<[u64; 4]>);

/// Bytes of which [`Recent`] holds all.
const ALL: usize = 24;

impl Recent {
    /// The key of a value, if it is among them.
    #[inline(always)]
    fn key(&self, value: &[u8], values: &Strings) -> Option<u32> {
        let (words, place) = Self::look(value);
        // There are none before the first is noted.
        let known = self.0.get(place)?;
        let key = known[3] as u32;
        let differ = known[..3]
            .iter()
            .zip(words)
            .fold(0, |bits, (a, b)| bits | (a ^ b));
        let alike = differ == 0 && known[3] >> 32 == value.len() as u64 + 1;
        let same = alike && (value.len() <= ALL || same(values.get(key as usize), value));
        same.then_some(key)
    }

    fn note(&mut self, value: &[u8], key: u32) {
        self.0.resize(RECENT, [0; 4]);
        let ([first, middle, last], place) = Self::look(value);
        let length = value.len() as u64 + 1;
        self.0[place] = [first, middle, last, length << 32 | u64::from(key)];
    }

    /// A few bytes of a value, and its place.
    #[inline(always)]
    fn look(value: &[u8]) -> ([u64; 3], usize) {
        let [first, middle, last] = if value.len() < 8 {
            [short(value), 0, 0]
        } else {
            let end = value.len() - 8;
            [0, end / 2, end].map(|at| word(value, at))
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
            assert_eq!(known.append(&[b"first", &value, &value], 0b111), 3);
            assert_eq!(known.keys[1], known.keys[2]);
            for at in 0..length {
                let mut other = value.clone();
                other[at] ^= 1;
                // Whatever is found in the place of a value, it is no other.
                let (_, place) = Recent::look(&other);
                known.recent.0[place] = known.recent.0[Recent::look(&value).1];
                assert_eq!(known.recent(&[&value, &other]) & 2, 0, "{length} {at}");
                assert_eq!(known.append(&[&other], 1), 1);
                let key = *known.keys.last().expect("appended") as usize;
                assert_eq!(known.values.get(key), other);
            }
        }
    }
}
