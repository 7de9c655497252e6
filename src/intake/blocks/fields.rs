//! The fields of one line, as text: what a format's parser fills and `rows` types.
//!
//! A field is a *slot*: the index of a canonical column of the frame, or one of the [`PARTS`] from
//! which a column is put together (a request line, an address with its port). Text is kept as a
//! place in the line; only what had to be unescaped is copied.

use crate::frames::Frame;
use crate::intake::reject::Reject;

/// Slots that a line can fill.
pub const SLOTS: usize = 36;

/// What a log may have instead of a canonical column.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name in the case file.
    pub name: &'static str,
    /// A column of each frame that takes the part.
    pub column: &'static str,
    /// The columns that it fills by itself.
    pub fills: &'static [&'static str],
    /// How a token is taken out of it, if it holds one.
    pub holds: Option<Holds>,
    /// What it is, for people.
    pub what: &'static str,
}

/// How a part holds a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The token alone, or after `Bearer`.
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

/// Columns of an event frame that a token's own claims fill.
pub(crate) const FROM_TOKEN: [&str; 14] = [
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
    "session_id",
    "token_signature",
];

/// All parts, in the order of their slots: those that hold a token come last.
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
        "a forwarding list, of which `forwarded_hops` says which address is the client's: `192.0.2.7, 198.51.100.2`",
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

/// Columns of a frame come first; the parts begin here.
pub(crate) const FIRST_PART: usize = SLOTS - PARTS.len();

pub(crate) const REQUEST_LINE: usize = FIRST_PART;
pub(crate) const URL: usize = FIRST_PART + 1;
pub(crate) const QUERY: usize = FIRST_PART + 2;
pub(crate) const CLIENT_ENDPOINT: usize = FIRST_PART + 3;
pub(crate) const FORWARDED_FOR: usize = FIRST_PART + 4;
pub(crate) const DATE: usize = FIRST_PART + 5;
pub(crate) const TIME_OF_DAY: usize = FIRST_PART + 6;
/// The parts that a token comes from begin here.
const FIRST_OF_TOKEN: usize = FIRST_PART + 7;

/// The slot of a column of `frame`, or of a part of one.
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
        bits &= bits.wrapping_sub(1);
        (slot < SLOTS).then_some(slot)
    })
}

/// Columns that the part `name` fills by itself; none if it is no part.
pub(crate) fn gives(name: &str) -> &'static [&'static str] {
    let part = PARTS.iter().find(|part| part.name == name);
    part.map_or(&[], |part| part.fills)
}

/// Whether a value is none: empty, or the `-` that servers write where there is nothing.
#[inline]
pub(crate) fn says_nothing(text: &str) -> bool {
    matches!(text, "" | "-")
}

/// Where a field's text is: in the line, or among the copies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Place {
    /// The same place counted from `base` bytes before the line.
    #[inline]
    pub(crate) fn after(self, base: usize) -> Self {
        Place {
            start: self.start + base as u32,
            end: self.end + base as u32,
        }
    }

    /// The place of a stretch of the text.
    #[inline]
    pub(crate) fn cut(self, stretch: std::ops::Range<usize>) -> Self {
        Place {
            start: self.start + stretch.start as u32,
            end: (self.start & !COPIED) + stretch.end as u32,
        }
    }

    /// Whether the text is among the copies.
    #[inline(always)]
    pub(crate) fn is_copied(self) -> bool {
        self.start & COPIED != 0
    }

    /// Where the text is, in the line or among the copies.
    #[inline(always)]
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        (self.start & !COPIED) as usize..self.end as usize
    }

    /// Whether the text has a byte at most.
    #[inline(always)]
    pub(crate) fn is_short(self) -> bool {
        self.end <= (self.start & !COPIED) + 1
    }

    /// Adds `text` to the copies.
    pub(crate) fn of_copy(copies: &mut String, text: &str) -> Self {
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
pub(crate) const LONGEST_LINE: usize = 1 << 30;

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
    pub(crate) fn place(&mut self, slot: usize, place: Place) {
        self.places[slot] = place;
        self.filled |= 1 << slot;
    }

    /// The slots that are filled, bit by bit.
    #[inline]
    pub(crate) fn filled(&self) -> u64 {
        self.filled
    }

    /// Where the text in `slot` is, if it is filled.
    #[inline]
    pub(crate) fn place_of(&self, slot: usize) -> Place {
        self.places[slot]
    }

    /// The slots that hold this stretch of the line.
    pub(crate) fn filled_from(&self, start: usize, end: usize) -> Vec<u8> {
        let holds = |slot: &usize| {
            let place = self.places[*slot];
            self.has(*slot) && (place.start as usize, place.end as usize) == (start, end)
        };
        (0..SLOTS).filter(holds).map(|slot| slot as u8).collect()
    }

    /// Notes that `slot` was filled from the source of this rank (0 is best), and tells whether it
    /// was filled before, and from which rank.
    #[inline]
    pub(crate) fn rank(&mut self, slot: usize, rank: u8) -> Option<u8> {
        let before = self.has(slot).then(|| self.ranks[slot]);
        self.ranks[slot] = rank;
        before
    }

    /// Takes back what [`Fields::rank`] noted.
    pub(crate) fn keep_rank(&mut self, slot: usize, rank: u8) {
        self.ranks[slot] = rank;
    }

    /// Whether `slot` is filled.
    #[inline]
    pub fn has(&self, slot: usize) -> bool {
        self.filled >> slot & 1 == 1
    }

    /// Whether `slot` has a text that says something.
    #[inline]
    pub(crate) fn says(&self, slot: usize) -> bool {
        self.get(slot).is_some_and(|text| !says_nothing(text))
    }

    /// Whether the line has any part of a column.
    #[inline]
    pub(crate) fn has_parts(&self) -> bool {
        self.filled >> FIRST_PART != 0
    }

    /// Whether the line has any part that a token comes from.
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

    /// Moves a stretch of the text in `from` to `to`.
    pub(crate) fn cut(&mut self, from: usize, stretch: std::ops::Range<usize>, to: usize) {
        self.place(to, self.places[from].cut(stretch));
    }
}
