//! Texts being gathered into a column: one after another, or by dictionary as long as they repeat.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use polars_arrow::bitmap::MutableBitmap;

use super::columns::MOST_AT_ONCE;
use crate::bytes::{append, same, short, word};
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
        push(&mut self.0, value);
    }
}

/// Appends a value, its length before it.
#[inline]
fn push(bytes: &mut Vec<u8>, value: &[u8]) {
    let length = u32::try_from(value.len()).expect("a value is shorter than its block");
    bytes.extend_from_slice(&length.to_le_bytes());
    append(bytes, value);
}

/// Different values, one after another in their encoding.
pub(super) struct Strings {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Strings {
    fn push(&mut self, value: &[u8]) {
        push(&mut self.bytes, value);
        let end = u32::try_from(self.bytes.len()).expect("values are shorter than their block");
        self.ends.push(end);
    }

    fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.ends[index] as usize + size_of::<u32>()..self.ends[index + 1] as usize]
    }

    /// Whether there is a value of this key, and it is `value`.
    #[inline(always)]
    fn is(&self, key: u32, value: &[u8]) -> bool {
        (key as usize) < self.len() && same(self.get(key as usize), value)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// The values, each with its length before it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Values seen lately, by a few of their bytes.
const RECENT: usize = 1 << 13;

/// Text by dictionary as long as it repeats.
pub(super) struct Repeating {
    pub(super) values: Strings,
    /// Hash and key of each value.
    index: HashTable<(u32, u32)>,
    pub(super) keys: Vec<u32>,
    recent: Box<[u32; RECENT]>,
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
            recent: vec![0; RECENT].try_into().expect("as many as there are"),
        }
    }

    /// Appends texts as far as the next look at how varied they are; gives how many. `there` tells bit by bit
    /// which rows have one.
    pub(super) fn append(&mut self, texts: &[&[u8]], there: u64) -> usize {
        let count = texts.len().min(TRIED - self.keys.len() % TRIED);
        let texts = &texts[..count];
        let mut keys = [0; MOST_AT_ONCE];
        // Logs repeat themselves. What is looked for is fetched for all rows before any is compared.
        for (text, key) in texts.iter().zip(&mut keys) {
            *key = self.recent[recent_place(text)];
        }
        let mut last = self.keys.last().copied();
        for (row, text) in texts.iter().enumerate() {
            keys[row] = match last {
                // Something stands in place of a missing value.
                Some(last) if there >> row & 1 == 0 => last,
                None if there >> row & 1 == 0 => self.key(b""),
                _ if self.values.is(keys[row], text) => keys[row],
                _ => self.key(text),
            };
            last = Some(keys[row]);
        }
        self.keys.extend_from_slice(&keys[..count]);
        count
    }

    /// The texts that are among the values seen lately, bit by bit.
    pub(super) fn recent(&self, texts: &[&[u8]]) -> u64 {
        let is_recent = |text: &[u8]| self.values.is(self.recent[recent_place(text)], text);
        let texts = texts.iter().enumerate();
        texts.fold(0, |found, (row, text)| {
            found | u64::from(is_recent(text)) << row
        })
    }

    /// The key of a value, which may be new.
    #[inline(never)]
    fn key(&mut self, value: &[u8]) -> u32 {
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
                    return self.key(masked.as_bytes());
                }
                let key = u32::try_from(values.len()).expect("a batch has fewer rows");
                values.push(value);
                entry.insert((mark, key));
                key
            }
        };
        self.recent[recent_place(value)] = key;
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
pub(super) fn without_tokens(value: &[u8]) -> Option<String> {
    if !may_hold_token(value) {
        return None;
    }
    let text = std::str::from_utf8(value).expect("text was pushed");
    Some(masked(text, "")).filter(|masked| masked != text)
}

/// Where a value is looked for among the recent ones: by its length, and where it begins, ends and is halved.
#[inline(always)]
fn recent_place(value: &[u8]) -> usize {
    let (first, middle, last) = if value.len() < 8 {
        (short(value), 0, 0)
    } else {
        let end = value.len() - 8;
        (word(value, 0), word(value, end / 2), word(value, end))
    };
    let mixed = first ^ middle.rotate_left(41) ^ last.rotate_left(23) ^ value.len() as u64;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - RECENT.ilog2())) as usize
}

/// 32 bits of hash over 64, as the table wants them.
fn spread(mark: u32) -> u64 {
    u64::from(mark).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
