//! The fields of one line as text: a format's parser fills them, and `rows` types them.
//!
//! Each field has a *slot*: the index of a column of the frame, or, behind those, of one of the
//! [`PARTS`] that columns are put together from (a request line, an address with its port). A field's
//! text is a place in the line; only a text that had to be unescaped is copied.

use std::ops::Range;

use crate::frames::Frame;
use crate::intake::reject::Reject;

/// How many slots there are: the columns of the widest frame, and the parts.
pub const SLOTS: usize = 38;

/// What a log may have in place of one or more columns of its frame.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name in the case file.
    pub name: &'static str,
    /// The part belongs to each frame that has this column.
    pub column: &'static str,
    /// The columns that it fills without another part.
    pub fills: &'static [&'static str],
    /// How it holds a token, if it does.
    pub holds: Option<Holds>,
    /// What it is, with an example, for people.
    pub what: &'static str,
}

/// How a part holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The token alone, or behind `Bearer`.
    Token,
    /// The value of an `Authorization` header.
    Authorization,
    /// The value of a `Cookie` header.
    Cookie,
    /// A hash of the token.
    Hash,
    /// The first characters of the token.
    Prefix,
}

const fn part(
    name: &'static str,
    column: &'static str,
    fills: &'static [&'static str],
    what: &'static str,
) -> Part {
    Part {
        name,
        column,
        fills,
        holds: None,
        what,
    }
}

const fn token(
    name: &'static str,
    fills: &'static [&'static str],
    holds: Holds,
    what: &'static str,
) -> Part {
    Part {
        name,
        column: "token_id",
        fills,
        holds: Some(holds),
        what,
    }
}

/// The columns of event frames that a token's claims, hash and signature fill.
pub(crate) const FROM_TOKEN: [&str; 17] = [
    "token_id",
    "token_issuer",
    "issuer",
    "key_id",
    "token_subject",
    "subject",
    "token_issued_at",
    "issued_at",
    "token_expires_at",
    "expires_at",
    "token_scope",
    "scope",
    "token_audience",
    "token_algorithm",
    "token_customer_kind",
    "session_id",
    "token_signature",
];

/// All parts, in the order of their slots. Those that hold a token come last: see `FIRST_OF_TOKEN`.
pub(crate) static PARTS: [Part; 12] = [
    part(
        "request_line",
        "method",
        &["method", "path"],
        "the request as the client sent it: `GET /orders HTTP/1.1`",
    ),
    part(
        "url",
        "path",
        &["path"],
        "a URL, of which path and query are taken: `https://shop.example/orders?page=2`",
    ),
    part(
        "query",
        "path",
        &[],
        "the query, which is put behind the path: `page=2`",
    ),
    part(
        "client_endpoint",
        "source_ip",
        &["source_ip"],
        "the client's address with its port: `192.0.2.7:51622`",
    ),
    part(
        "forwarded_for",
        "source_ip",
        &["source_ip"],
        "a forwarding list, of which `forwarded_hops` says which address is the client's: \
         `192.0.2.7, 198.51.100.2`",
    ),
    part(
        "date",
        "event_time",
        &["event_time"],
        "a date, together with `time_of_day`: `2025-04-14`",
    ),
    part(
        "time_of_day",
        "event_time",
        &["event_time"],
        "a time of day, together with `date`: `08:15:30.250`",
    ),
    token(
        "token",
        &FROM_TOKEN,
        Holds::Token,
        "a whole token; if it is a JWS its claims fill the columns, otherwise its SHA-256 is the id",
    ),
    token(
        "authorization",
        &FROM_TOKEN,
        Holds::Authorization,
        "an `Authorization` header with a bearer token",
    ),
    token(
        "cookie",
        &FROM_TOKEN,
        Holds::Cookie,
        "a `Cookie` header; `token_cookie` names the cookie that holds the token",
    ),
    token(
        "token_hash",
        &["token_id"],
        Holds::Hash,
        "a hash of the token, which becomes its id",
    ),
    token(
        "token_prefix",
        &["token_id"],
        Holds::Prefix,
        "the first characters of a token, which other tokens may share",
    ),
];

/// The slot of the first part; columns of the frame have the slots before it.
pub(crate) const FIRST_PART: usize = SLOTS - PARTS.len();

// The slots of single parts, by their places in `PARTS`; a test holds each to its name.
pub(crate) const REQUEST_LINE: usize = FIRST_PART;
pub(crate) const URL: usize = FIRST_PART + 1;
pub(crate) const QUERY: usize = FIRST_PART + 2;
pub(crate) const CLIENT_ENDPOINT: usize = FIRST_PART + 3;
pub(crate) const FORWARDED_FOR: usize = FIRST_PART + 4;
pub(crate) const DATE: usize = FIRST_PART + 5;
pub(crate) const TIME_OF_DAY: usize = FIRST_PART + 6;
/// The slot of the first part that holds a token; all behind it hold one too.
const FIRST_OF_TOKEN: usize = FIRST_PART + 7;

/// The slot of the column or part `name`, if `frame` has it.
pub fn slot(frame: &Frame, name: &str) -> Option<usize> {
    let part = || {
        let index = PARTS.iter().position(|part| part.name == name)?;
        frame.index(PARTS[index].column)?;
        Some(FIRST_PART + index)
    };
    frame.index(name).or_else(part)
}

/// The slots whose bits are set, in order.
#[inline]
pub(crate) fn slots(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let slot = bits.trailing_zeros() as usize;
        // Clears the lowest bit that is set. With none set, `slot` is 64 and the loop ends.
        bits &= bits.wrapping_sub(1);
        (slot < SLOTS).then_some(slot)
    })
}

/// The columns that the part `name` fills without another part; none if it is no part.
pub(crate) fn columns_filled_by(name: &str) -> &'static [&'static str] {
    let part = PARTS.iter().find(|part| part.name == name);
    part.map_or(&[], |part| part.fills)
}

/// Whether a text stands for no value: empty, or the `-` that servers write where there is nothing.
#[inline]
pub(crate) fn says_nothing(text: &str) -> bool {
    matches!(text, "" | "-")
}

/// Where a field's text is: a range of the line, or of the copies beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Where it begins; the bit [`COPIED`] is set if it is among the copies.
    pub(crate) start: u32,
    /// Where it ends, without that bit.
    pub(crate) end: u32,
}

/// Set in `start` for text among the copies.
///
/// Texts are shorter than 2 GiB (see [`LONGEST_LINE`]), so the highest bit is free.
const COPIED: u32 = 1 << 31;
/// Bytes of the longest line whose places, and those of its copies, leave [`COPIED`] free.
pub(crate) const LONGEST_LINE: usize = 1 << 30;

impl Place {
    /// The same place of a line that begins at `base`, counted from where `base` is counted from.
    #[inline]
    pub(crate) fn shifted(self, base: usize) -> Self {
        // Lines and stretches are parts of a block, whose places fit into 32 bits.
        Place {
            start: self.start + base as u32,
            end: self.end + base as u32,
        }
    }

    /// The place of `range` of this text.
    #[inline]
    pub(crate) fn slice(self, range: Range<usize>) -> Self {
        // A range of the text is no longer than the text, whose length fits into 32 bits.
        Place {
            start: self.start + range.start as u32,
            end: (self.start & !COPIED) + range.end as u32,
        }
    }

    /// Whether the text is among the copies.
    #[inline(always)]
    pub(crate) fn is_copied(self) -> bool {
        self.start & COPIED != 0
    }

    /// Where the text is, in the line or among the copies.
    #[inline(always)]
    pub(crate) fn range(self) -> Range<usize> {
        (self.start & !COPIED) as usize..self.end as usize
    }

    /// Whether the text has one byte at most.
    #[inline(always)]
    pub(crate) fn is_short(self) -> bool {
        self.end <= (self.start & !COPIED) + 1
    }

    /// Appends `text` to `copies` and returns its place there.
    pub(crate) fn of_copy(copies: &mut String, text: &str) -> Self {
        let start = copies.len() as u32 | COPIED;
        copies.push_str(text);
        Place {
            start,
            end: copies.len() as u32,
        }
    }
}

/// The fields of one line.
#[derive(Debug)]
pub struct Fields<'l> {
    line: &'l str,
    /// Bit `n` is set if slot `n` is filled.
    filled: u64,
    places: [Place; SLOTS],
    /// By slot: the rank of the source that filled it.
    ranks: [u8; SLOTS],
    copies: String,
    /// Fields in doubt: the slots that each would fill, as bits, and what is wrong with it.
    doubts: Vec<(u64, Reject)>,
}

// A set of slots is 64 bits.
const _: () = assert!(SLOTS <= u64::BITS as usize, "a bit for each slot");

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
    /// Forgets all fields and goes on to `line`.
    #[inline]
    pub fn begin(&mut self, line: &'l str) {
        self.line = line;
        self.filled = 0;
        self.copies.clear();
        self.doubts.clear();
    }

    /// Notes that something is wrong with a field that would fill `slots`.
    ///
    /// Whether the line is a reject for it is decided once all fields are known. Each slot has one
    /// doubt of a reason, however often the line has the field: a client that repeats a field must not
    /// make the list long.
    #[cold]
    pub(crate) fn doubt(&mut self, slots: u64, reject: Reject) {
        let known = self
            .doubts
            .iter()
            .filter(|(_, known)| known.reason == reject.reason)
            .fold(0, |known, (slots, _)| known | slots);
        if slots & !known != 0 {
            self.doubts.push((slots, reject));
        }
    }

    /// The fields in doubt: the slots that each would fill, as bits, and what is wrong with it.
    #[inline]
    pub fn doubts(&self) -> &[(u64, Reject)] {
        &self.doubts
    }

    /// Fills `slot` with the bytes `start..end` of the line.
    #[inline]
    pub fn set(&mut self, slot: usize, start: usize, end: usize) {
        debug_assert!(start <= end && end <= self.line.len());
        // Lines longer than `LONGEST_LINE` are rejects before anything looks for fields.
        self.set_place(
            slot,
            Place {
                start: start as u32,
                end: end as u32,
            },
        );
    }

    /// Fills `slot` with `text`, which must be a part of the line itself.
    #[inline]
    pub fn put(&mut self, slot: usize, text: &'l str) {
        let start = text.as_ptr() as usize - self.line.as_ptr() as usize;
        self.set(slot, start, start + text.len());
    }

    /// Fills `slot` with a copy of `text`, which need not stand in the line.
    pub fn copy(&mut self, slot: usize, text: &str) {
        let place = Place::of_copy(&mut self.copies, text);
        self.set_place(slot, place);
    }

    /// Empties `slot`.
    pub fn clear(&mut self, slot: usize) {
        self.filled &= !(1 << slot);
    }

    /// Fills `slot` with the text at `place`.
    #[inline]
    pub(crate) fn set_place(&mut self, slot: usize, place: Place) {
        self.places[slot] = place;
        self.filled |= 1 << slot;
    }

    /// The filled slots, as bits.
    #[inline]
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Where the text of `slot` is; of no use unless the slot is filled.
    #[inline]
    pub(crate) fn place_of(&self, slot: usize) -> Place {
        self.places[slot]
    }

    /// The slots that are filled with exactly the bytes `start..end` of the line.
    pub(crate) fn filled_from(&self, start: usize, end: usize) -> Vec<u8> {
        let holds = |slot: &usize| {
            let place = self.places[*slot];
            self.has(*slot) && (place.start as usize, place.end as usize) == (start, end)
        };
        (0..SLOTS).filter(holds).map(|slot| slot as u8).collect()
    }

    /// Sets the rank of the source that fills `slot` (0 is best), and returns the rank before.
    ///
    /// Returns `None` if the slot is empty. Of several fields for one slot the caller keeps the one
    /// with the best rank, and takes a worse one back with [`Fields::restore_rank`].
    #[inline]
    pub(crate) fn swap_rank(&mut self, slot: usize, rank: u8) -> Option<u8> {
        let before = self.has(slot).then(|| self.ranks[slot]);
        self.ranks[slot] = rank;
        before
    }

    /// The rank of the source that fills `slot`; of no use unless the slot is filled.
    pub(crate) fn rank(&self, slot: usize) -> u8 {
        self.ranks[slot]
    }

    /// Sets the rank of `slot` back to what [`Fields::swap_rank`] returned.
    pub(crate) fn restore_rank(&mut self, slot: usize, rank: u8) {
        self.ranks[slot] = rank;
    }

    /// Whether `slot` is filled.
    #[inline]
    pub fn has(&self, slot: usize) -> bool {
        self.filled >> slot & 1 == 1
    }

    /// Whether `slot` is filled with more than an empty text or a `-`.
    #[inline]
    pub(crate) fn has_value(&self, slot: usize) -> bool {
        self.get(slot).is_some_and(|text| !says_nothing(text))
    }

    /// Whether the line fills any part.
    #[inline]
    pub(crate) fn has_parts(&self) -> bool {
        // Parts have the highest slots, so a shift leaves their bits alone.
        self.filled >> FIRST_PART != 0
    }

    /// Whether the line fills any part that holds a token.
    #[inline]
    pub(crate) fn has_token(&self) -> bool {
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

    /// Fills `to` with `range` of the text in `from`.
    pub(crate) fn set_slice(&mut self, from: usize, range: Range<usize>, to: usize) {
        self.set_place(to, self.places[from].slice(range));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SourceKind;

    #[test]
    fn the_slots_of_parts_are_those_of_their_names() {
        for (name, slot) in [
            ("request_line", REQUEST_LINE),
            ("url", URL),
            ("query", QUERY),
            ("client_endpoint", CLIENT_ENDPOINT),
            ("forwarded_for", FORWARDED_FOR),
            ("date", DATE),
            ("time_of_day", TIME_OF_DAY),
        ] {
            assert_eq!(PARTS[slot - FIRST_PART].name, name);
        }
        for kind in SourceKind::ALL {
            assert!(kind.frame().columns.len() <= FIRST_PART, "{kind:?}");
        }
        for (index, part) in PARTS.iter().enumerate() {
            let behind = FIRST_PART + index >= FIRST_OF_TOKEN;
            assert_eq!(part.holds.is_some(), behind, "{}", part.name);
        }
    }
}
