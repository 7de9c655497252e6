//! The fields of one line, as text: what a format's parser fills and `rows` types.
//!
//! A field is a *slot*: the index of a canonical column of the frame, or one of the [`PARTS`] from
//! which a column is put together (a request line, an address with its port). Text is kept as a
//! place in the line; only what had to be unescaped is copied.

use super::formats::Reject;
use super::stretch::{Lines, Stretch, each};
use crate::frames::Frame;

/// Slots that a line can fill.
pub const SLOTS: usize = 36;

/// Columns of a frame come first; the parts begin here.
const FIRST_PART: usize = SLOTS - PARTS.len();

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

const REQUEST_LINE: usize = FIRST_PART;
const URL: usize = FIRST_PART + 1;
const QUERY: usize = FIRST_PART + 2;
const CLIENT_ENDPOINT: usize = FIRST_PART + 3;
const FORWARDED_FOR: usize = FIRST_PART + 4;
const DATE: usize = FIRST_PART + 5;
const TIME_OF_DAY: usize = FIRST_PART + 6;
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
    fn cut(self, stretch: std::ops::Range<usize>) -> Self {
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
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Fields {
            line: "",
            filled: 0,
            places: [Place { start: 0, end: 0 }; SLOTS],
            ranks: [u8::MAX; SLOTS],
            copies: String::new(),
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
    fn place(&mut self, slot: usize, place: Place) {
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

    /// Whether the line has any part of a column.
    #[inline]
    fn has_parts(&self) -> bool {
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
    fn cut(&mut self, from: usize, stretch: std::ops::Range<usize>, to: usize) {
        self.place(to, self.places[from].cut(stretch));
    }
}

/// The slots that parts fill in one frame.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    event_time: usize,
    method: Option<usize>,
    path: Option<usize>,
    source_ip: Option<usize>,
    /// Which address of a forwarding list is the client's, counted from the right; 0 is the last.
    forwarded_hops: Option<u32>,
}

impl Parts {
    /// The slots in `frame`.
    pub(super) fn new(frame: &Frame, forwarded_hops: Option<u32>) -> Self {
        Parts {
            event_time: frame
                .index("event_time")
                .expect("every event frame has a time"),
            method: frame.index("method"),
            path: frame.index("path"),
            source_ip: frame.index("source_ip"),
            forwarded_hops,
        }
    }

    /// Puts columns together from the parts that the line has.
    #[inline]
    pub(super) fn assemble(&self, fields: &mut Fields<'_>) -> Result<(), Reject> {
        // Nothing to do is the usual case.
        if !fields.has_parts() {
            return Ok(());
        }
        self.put_together(fields)
    }

    /// Puts the columns of some lines of a stretch together; gives the lines of which nothing is left to do.
    pub(super) fn assemble_many(&self, mut lines: Lines, stretch: &mut Stretch<'_>) -> Lines {
        let others = (FIRST_PART..SLOTS).filter(|slot| *slot != REQUEST_LINE);
        lines &= !others.fold(0, |lines, slot| lines | stretch.there(slot));
        let asked = lines & stretch.there(REQUEST_LINE);
        let (Some(method), Some(path)) = (self.method, self.path) else {
            return lines;
        };
        let known = stretch.there(method) | stretch.there(path);
        let text = stretch.text().unwrap_or_default().as_bytes();
        let mut plain = 0;
        for line in each(asked & !known) {
            let request = stretch.places(REQUEST_LINE)[line];
            if request.is_copied() {
                continue;
            }
            let asked_for = &text[request.range()];
            if let Some((first, last)) = request_line(asked_for)
                && asked_for[first + 1] == b'/'
            {
                stretch.places(method)[line] = request.cut(0..first);
                stretch.places(path)[line] = request.cut(first + 1..last);
                plain |= 1 << line;
            }
        }
        for slot in [method, path] {
            stretch.fill(slot, stretch.there(slot) | plain);
        }
        lines & !(asked & !plain)
    }

    fn put_together(&self, fields: &mut Fields<'_>) -> Result<(), Reject> {
        if let (Some(method), Some(path)) = (self.method, self.path) {
            if fields.has(REQUEST_LINE) && !(fields.has(method) && fields.has(path)) {
                let text = fields.get(REQUEST_LINE).unwrap_or_default();
                let Some((first, last)) = request_line(text.as_bytes()) else {
                    return Err(Reject::new(
                        "request_line",
                        "the request is not `METHOD target HTTP/x`",
                    ));
                };
                fields.cut(REQUEST_LINE, 0..first, method);
                fields.cut(REQUEST_LINE, first + 1..last, path);
            }
            if fields.has(URL) && !fields.has(path) {
                fields.place(path, fields.places[URL]);
            }
            without_authority(fields, path);
            query(fields, path);
        }
        if let Some(source_ip) = self.source_ip {
            self.client(fields, source_ip)?;
        }
        if fields.has(DATE) && fields.has(TIME_OF_DAY) && !fields.has(self.event_time) {
            let text = format!(
                "{} {}",
                fields.get(DATE).unwrap_or_default(),
                fields.get(TIME_OF_DAY).unwrap_or_default()
            );
            fields.copy(self.event_time, &text);
        }
        Ok(())
    }

    fn client(&self, fields: &mut Fields<'_>, source_ip: usize) -> Result<(), Reject> {
        if let (Some(hops), Some(list)) = (self.forwarded_hops, fields.get(FORWARDED_FOR)) {
            let mut from_right = list.rsplit(',').map(str::trim);
            let Some(address) = from_right
                .nth(hops as usize)
                .filter(|text| !text.is_empty())
            else {
                return Err(Reject::new(
                    "forwarded_for_short",
                    format!("the forwarding list has no {hops} hops before the client: `{list}`"),
                ));
            };
            let address = address.to_string();
            fields.copy(source_ip, &address);
        } else if !fields.has(source_ip)
            && let Some(list) = fields.get(FORWARDED_FOR)
        {
            if list.contains(',') {
                return Err(Reject::new(
                    "forwarded_for_list",
                    "several addresses, and the case file does not say how many proxies of your own added one (forwarded_hops)",
                ));
            }
            fields.place(source_ip, fields.places[FORWARDED_FOR]);
        }
        if fields.has(CLIENT_ENDPOINT) && !fields.has(source_ip) {
            let text = fields.get(CLIENT_ENDPOINT).unwrap_or_default();
            // Some products write IPv6 without brackets; the last group is the port all the same.
            let stretch = match text.strip_prefix('[').and_then(|rest| rest.find(']')) {
                Some(end) => 1..end + 1,
                None => 0..text.rfind(':').unwrap_or(text.len()),
            };
            fields.cut(CLIENT_ENDPOINT, stretch, source_ip);
        }
        Ok(())
    }
}

/// `GET /a HTTP/1.1` -> where the method ends, and where the path does; HTTP/0.9 has no version. A line without
/// a method cannot be a request for a page. A space inside the target is wrong by RFC 9112 and yet served by
/// some gateways.
#[inline]
fn request_line(bytes: &[u8]) -> Option<(usize, usize)> {
    let is_method = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let first = match bytes {
        [b'G', b'E', b'T', b' ', ..] => 3,
        [b'P', b'O', b'S', b'T', b' ', ..] => 4,
        _ => {
            let end = bytes.iter().position(|byte| !is_method(byte));
            end.filter(|end| bytes[*end] == b' ').unwrap_or(0)
        }
    };
    let last = match bytes.last_chunk::<9>() {
        // What most requests end with.
        Some(b" HTTP/1.1" | b" HTTP/2.0" | b" HTTP/1.0") => bytes.len() - 9,
        _ => match memchr::memrchr(b' ', bytes) {
            Some(last) if bytes[last + 1..].starts_with(b"HTTP/") => last,
            _ => bytes.len(),
        },
    };
    let known = first > 0 && last > first + 1 && bytes[0].is_ascii_alphabetic();
    known.then_some((first, last))
}

/// `https://shop.example:443/a?b` -> `/a?b`
fn without_authority(fields: &mut Fields<'_>, path: usize) {
    let Some(text) = fields.get(path) else { return };
    if text.starts_with('/') {
        return;
    }
    let Some(scheme) = text.find("://").filter(|at| *at <= 8) else {
        return;
    };
    let authority = scheme + 3;
    match text[authority..].find(['/', '?']) {
        Some(slash) if text.as_bytes()[authority + slash] == b'/' => {
            let stretch = authority + slash..text.len();
            fields.cut(path, stretch, path);
        }
        Some(question) => {
            let text = format!("/{}", &text[authority + question..]);
            fields.copy(path, &text);
        }
        None => fields.copy(path, "/"),
    }
}

fn query(fields: &mut Fields<'_>, path: usize) {
    let Some(query) = fields
        .get(QUERY)
        .filter(|text| !text.is_empty() && *text != "-")
    else {
        return;
    };
    let Some(target) = fields.get(path).filter(|path| !path.contains('?')) else {
        return;
    };
    let text = format!("{target}?{}", query.strip_prefix('?').unwrap_or(query));
    fields.copy(path, &text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::REQUESTS;

    fn assemble(given: &[(&str, &str)], hops: Option<u32>) -> Result<Vec<String>, &'static str> {
        let line: String = given.iter().map(|(_, text)| *text).collect();
        let mut fields = Fields::default();
        fields.begin(&line);
        let mut at = 0;
        for (name, text) in given {
            fields.set(slot(&REQUESTS, name).expect("a slot"), at, at + text.len());
            at += text.len();
        }
        Parts::new(&REQUESTS, hops)
            .assemble(&mut fields)
            .map_err(|reject| reject.reason)?;
        let of = |name| {
            fields
                .get(slot(&REQUESTS, name).expect("a slot"))
                .unwrap_or("")
                .to_string()
        };
        Ok(["method", "path", "source_ip", "event_time"]
            .map(of)
            .to_vec())
    }

    #[test]
    fn columns_are_put_together_from_their_parts() {
        let row = |method: &str, path: &str| {
            Ok(vec![
                method.into(),
                path.into(),
                String::new(),
                String::new(),
            ])
        };
        assert_eq!(
            assemble(&[("request_line", "GET /a?b HTTP/1.1")], None),
            row("GET", "/a?b")
        );
        assert_eq!(
            assemble(
                &[("request_line", "GET https://shop.example:443/a HTTP/1.1")],
                None
            ),
            row("GET", "/a")
        );
        assert_eq!(
            assemble(
                &[("url", "http://shop.example?x=1"), ("method", "GET")],
                None
            ),
            row("GET", "/?x=1")
        );
        assert_eq!(
            assemble(
                &[("path", "/a"), ("query", "?b=1"), ("method", "GET")],
                None
            ),
            row("GET", "/a?b=1")
        );
        assert_eq!(
            assemble(&[("path", "/a"), ("query", "-"), ("method", "GET")], None),
            row("GET", "/a")
        );
        assert_eq!(
            assemble(&[("request_line", "GET /a b HTTP/1.1")], None),
            row("GET", "/a b")
        );
        assert_eq!(
            assemble(&[("request_line", "GET /old")], None),
            row("GET", "/old")
        );
        for bad in [
            "",
            "GET",
            "GET  HTTP/1.1",
            "\\x16\\x03 /a HTTP/1.1",
            "- - HTTP/1.0",
        ] {
            assert_eq!(
                assemble(&[("request_line", bad)], None),
                Err("request_line"),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_client_is_found_without_its_port_and_among_proxies() {
        let address =
            |given: &[(&str, &str)], hops| assemble(given, hops).map(|row| row[2].clone());
        for (endpoint, expected) in [
            ("192.0.2.1:443", "192.0.2.1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1:2817", "2001:db8::1"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(
                address(&[("client_endpoint", endpoint)], None).as_deref(),
                Ok(expected)
            );
        }
        let list = "203.0.113.66, 192.0.2.1, 198.51.100.1";
        assert_eq!(
            address(&[("forwarded_for", list)], None),
            Err("forwarded_for_list")
        );
        assert_eq!(
            address(&[("forwarded_for", list)], Some(1)).as_deref(),
            Ok("192.0.2.1")
        );
        assert_eq!(
            address(&[("forwarded_for", list)], Some(3)),
            Err("forwarded_for_short")
        );
        assert_eq!(
            address(&[("forwarded_for", "192.0.2.1")], None).as_deref(),
            Ok("192.0.2.1")
        );
    }
}
