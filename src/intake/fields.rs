//! The fields of one line, as text: what a format's parser fills and `rows` types.
//!
//! A field is a *slot*: the index of a canonical column of the frame, or one of the [`PARTS`] from
//! which a column is put together (a request line, an address with its port). Text is kept as a
//! place in the line; only what had to be unescaped is copied.

use super::formats::Reject;
use crate::frames::Frame;

/// Slots that a line can fill.
pub const SLOTS: usize = 36;

/// Columns of a frame come first; the parts begin here.
pub(super) const FIRST_PART: usize = SLOTS - PARTS.len();

/// What a log may have instead of a canonical column, and which column that gives.
pub(super) const PARTS: [(&str, &str); 12] = [
    ("request_line", "method"),
    ("url", "path"),
    ("query", "path"),
    ("client_endpoint", "source_ip"),
    ("forwarded_for", "source_ip"),
    ("date", "event_time"),
    ("time_of_day", "event_time"),
    ("token", "token_id"),
    ("authorization", "token_id"),
    ("cookie", "token_id"),
    ("token_hash", "token_id"),
    ("token_prefix", "token_id"),
];

pub(super) const REQUEST_LINE: usize = FIRST_PART;
pub(super) const URL: usize = FIRST_PART + 1;
pub(super) const QUERY: usize = FIRST_PART + 2;
pub(super) const CLIENT_ENDPOINT: usize = FIRST_PART + 3;
pub(super) const FORWARDED_FOR: usize = FIRST_PART + 4;
pub(super) const DATE: usize = FIRST_PART + 5;
pub(super) const TIME_OF_DAY: usize = FIRST_PART + 6;
/// The parts that a token comes from begin here.
const FIRST_OF_TOKEN: usize = FIRST_PART + 7;

/// The slot of a column of `frame`, or of a part of one.
pub fn slot(frame: &Frame, name: &str) -> Option<usize> {
    let part = || {
        let index = PARTS.iter().position(|(part, _)| *part == name)?;
        frame.index(PARTS[index].1)?;
        Some(FIRST_PART + index)
    };
    frame.index(name).or_else(part)
}

/// Columns that the part `name` helps to fill.
pub(super) fn gives(name: &str) -> &'static [&'static str] {
    match name {
        "request_line" => &["method", "path"],
        "url" => &["path"],
        "client_endpoint" | "forwarded_for" => &["source_ip"],
        "date" | "time_of_day" => &["event_time"],
        "token" | "authorization" | "cookie" => &super::token::FROM_TOKEN,
        "token_hash" | "token_prefix" => &["token_id"],
        _ => &[],
    }
}

/// Whether a value is none: empty, or the `-` that servers write where there is nothing.
#[inline]
pub(super) fn says_nothing(text: &str) -> bool {
    matches!(text, "" | "-")
}

/// Where a field's text is: in the line, or among the copies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Place {
    /// The same place counted from `base` bytes before the line.
    #[inline]
    pub(super) fn after(self, base: usize) -> Self {
        Place {
            start: self.start + base as u32,
            end: self.end + base as u32,
        }
    }

    /// The place of a stretch of the text.
    #[inline]
    pub(super) fn cut(self, stretch: std::ops::Range<usize>) -> Self {
        Place {
            start: self.start + stretch.start as u32,
            end: (self.start & !COPIED) + stretch.end as u32,
        }
    }

    /// Whether the text is among the copies.
    #[inline(always)]
    pub(super) fn is_copied(self) -> bool {
        self.start & COPIED != 0
    }

    /// Where the text is, in the line or among the copies.
    #[inline(always)]
    pub(super) fn range(self) -> std::ops::Range<usize> {
        (self.start & !COPIED) as usize..self.end as usize
    }

    /// Whether the text has a byte at most.
    #[inline(always)]
    pub(super) fn is_short(self) -> bool {
        self.end <= (self.start & !COPIED) + 1
    }

    /// Adds `text` to the copies.
    pub(super) fn of_copy(copies: &mut String, text: &str) -> Self {
        let start = copies.len() as u32 | COPIED;
        copies.push_str(text);
        Place {
            start,
            end: copies.len() as u32,
        }
    }
}

/// Set in `start` for text among the copies.
const COPIED: u32 = 1 << 31;
/// The longest line whose places fit.
pub(super) const LONGEST_LINE: usize = 1 << 30;

/// The fields of one line.
#[derive(Debug)]
pub struct Fields<'l> {
    line: &'l str,
    /// Bit by bit, the slots that are filled.
    filled: u64,
    places: [Place; SLOTS],
    ranks: [u8; SLOTS],
    copies: String,
    /// What is wrong with single fields: the slots that each would fill, bit by bit, and why the line is no row if
    /// it needs them.
    doubts: Vec<(u64, Reject)>,
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Fields {
            line: "",
            filled: 0,
            places: [Place { start: 0, end: 0 }; SLOTS],
            ranks: [u8::MAX; SLOTS],
            copies: String::new(),
            doubts: Vec::new(),
        }
    }
}

impl<'l> Fields<'l> {
    /// Forgets all fields; `line` is the next.
    #[inline]
    pub fn begin(&mut self, line: &'l str) {
        self.line = line;
        self.filled = 0;
        self.copies.clear();
        self.doubts.clear();
    }

    /// Notes what is wrong with a field that would fill these slots; once for each slot and reason, however often a
    /// line has the field.
    #[cold]
    pub(super) fn doubt(&mut self, slots: u64, reject: Reject) {
        let known = self
            .doubts
            .iter()
            .filter(|(_, known)| known.reason == reject.reason)
            .fold(0, |known, (slots, _)| known | slots);
        if slots & !known != 0 {
            self.doubts.push((slots, reject));
        }
    }

    /// What is wrong with the line's single fields, if anything is, and the slots that each would fill.
    #[inline]
    pub fn doubts(&self) -> &[(u64, Reject)] {
        &self.doubts
    }

    /// Puts the text between two offsets of the line into `slot`.
    #[inline]
    pub fn set(&mut self, slot: usize, start: usize, end: usize) {
        debug_assert!(start <= end && end <= self.line.len());
        self.place(
            slot,
            Place {
                start: start as u32,
                end: end as u32,
            },
        );
    }

    /// Puts a part of the line into `slot`.
    #[inline]
    pub fn put(&mut self, slot: usize, text: &'l str) {
        let start = text.as_ptr() as usize - self.line.as_ptr() as usize;
        self.set(slot, start, start + text.len());
    }

    /// Puts text that is not in the line as it stands into `slot`.
    pub fn copy(&mut self, slot: usize, text: &str) {
        let place = Place::of_copy(&mut self.copies, text);
        self.place(slot, place);
    }

    /// Empties `slot`.
    pub fn clear(&mut self, slot: usize) {
        self.filled &= !(1 << slot);
    }

    #[inline]
    pub(super) fn place(&mut self, slot: usize, place: Place) {
        self.places[slot] = place;
        self.filled |= 1 << slot;
    }

    /// The slots that are filled, bit by bit.
    #[inline]
    pub(super) fn filled(&self) -> u64 {
        self.filled
    }

    /// Where the text in `slot` is, if it is filled.
    #[inline]
    pub(super) fn place_of(&self, slot: usize) -> Place {
        self.places[slot]
    }

    /// The slots that hold this stretch of the line.
    pub(super) fn filled_from(&self, start: usize, end: usize) -> Vec<u8> {
        let holds = |slot: &usize| {
            let place = self.places[*slot];
            self.has(*slot) && (place.start as usize, place.end as usize) == (start, end)
        };
        (0..SLOTS).filter(holds).map(|slot| slot as u8).collect()
    }

    /// Notes that `slot` was filled from the source of this rank (0 is best), and tells whether it
    /// was filled before, and from which rank.
    #[inline]
    pub(super) fn rank(&mut self, slot: usize, rank: u8) -> Option<u8> {
        let before = self.has(slot).then(|| self.ranks[slot]);
        self.ranks[slot] = rank;
        before
    }

    /// Takes back what [`Fields::rank`] noted.
    pub(super) fn keep_rank(&mut self, slot: usize, rank: u8) {
        self.ranks[slot] = rank;
    }

    /// Whether `slot` is filled.
    #[inline]
    pub fn has(&self, slot: usize) -> bool {
        self.filled >> slot & 1 == 1
    }

    /// Whether `slot` has a text that says something.
    #[inline]
    pub(super) fn says(&self, slot: usize) -> bool {
        self.get(slot).is_some_and(|text| !says_nothing(text))
    }

    /// Whether the line has any part of a column.
    #[inline]
    pub(super) fn has_parts(&self) -> bool {
        self.filled >> FIRST_PART != 0
    }

    /// Whether the line has any part that a token comes from.
    #[inline]
    pub(super) fn has_token(&self) -> bool {
        self.filled >> FIRST_OF_TOKEN != 0
    }

    /// The text in `slot`.
    #[inline]
    pub fn get(&self, slot: usize) -> Option<&str> {
        if !self.has(slot) {
            return None;
        }
        let place = self.places[slot];
        Some(if place.is_copied() {
            &self.copies[place.range()]
        } else {
            &self.line[place.range()]
        })
    }

    /// Moves a stretch of the text in `from` to `to`.
    pub(super) fn cut(&mut self, from: usize, stretch: std::ops::Range<usize>, to: usize) {
        self.place(to, self.places[from].cut(stretch));
    }
}
