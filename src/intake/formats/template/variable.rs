//! A variable of a template, and where its value ends in a line.

use super::joined::is_another_line;
use crate::bytes::same;

/// Bytes of a time of the common log: `14/Apr/2025:00:00:00 +0900`.
pub(super) const COMMON_TIME: usize = 26;

/// A variable between two literals of a template.
#[derive(Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    /// The slot to fill and the rank of this source; rank 0 is the best.
    pub(super) slot: Option<(usize, u8)>,
    /// The literal behind the value; empty if nothing stands there.
    pub(super) until: Box<[u8]>,
    pub(super) ends: Ends,
    pub(super) quoting: Quoting,
    pub(super) content: Content,
}

/// Which place of a line ends a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// The end of the line: no literal stands behind the value.
    WithLine,
    /// The first place where the literal stands.
    AtText,
    /// The first place where the literal stands, or else the end of the line.
    AtTextOrLineEnd,
    /// The first place where the literal and then a time of the common log stand. Clients choose the
    /// names of users, and a name may look like the literal that ends it.
    BeforeTime,
}

/// What quotes and backslashes do in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Nothing: the value does not stand between quotes.
    Bare,
    /// A backslash keeps the character behind it from ending the value. A quote may stand inside.
    Quoted,
    /// The same, but the server escapes the quotes inside, so the first one without a backslash ends the
    /// value, or the line is damaged.
    Escaped,
}

/// What a value is, where that matters for its end or for what `-` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Any text.
    Text,
    /// A number of bytes, or a status, of which servers write `-` for none.
    Count,
    /// What several servers behind this one answered, with `, ` or ` : ` in between.
    List,
    /// A request line without quotes around it. Its blanks look like the one that ends it, so it ends
    /// behind its version.
    BareRequest,
}

impl Variable {
    /// Whether it takes the whole rest of a line and fills nothing, so that another line in it would be
    /// missed by nobody.
    pub(super) fn is_open(&self) -> bool {
        self.until.is_empty() && self.slot.is_none()
    }

    /// Whether its value stood between quotes.
    pub(super) fn is_quoted(&self) -> bool {
        self.quoting != Quoting::Bare
    }

    /// Returns where the value that begins at `from` ends; `None` if it does not, or two ends are equally
    /// likely.
    #[inline]
    pub(super) fn value_end(&self, bytes: &[u8], from: usize) -> Option<usize> {
        if self.content == Content::BareRequest && !bytes[from..].starts_with(b"- ") {
            match self.request_end(bytes, from) {
                RequestEnd::At(end) => return Some(end),
                RequestEnd::Disputed => return None,
                RequestEnd::NoVersion => {}
            }
        }
        match self.ends {
            Ends::WithLine => Some(bytes.len()),
            Ends::AtText => self.end_at_text(bytes, from),
            Ends::AtTextOrLineEnd => self.end_at_text(bytes, from).or(Some(bytes.len())),
            Ends::BeforeTime => self.end_before_time(bytes, from),
        }
    }

    /// Returns the first place where the literal stands and ends the value, whatever follows.
    #[inline]
    fn end_at_text(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut end = self.find_until(bytes, from)?;
        while self.list_goes_on(bytes, end) {
            end = self.find_until(bytes, end + 1)?;
        }
        Some(end)
    }

    /// Returns the first place where the literal and then a time stand.
    ///
    /// If there is none, the time is damaged and not the value, which ends at the first literal. So it
    /// does if what lies between the first literal and the time looks like another line: two lines became
    /// one, and the first one has no time.
    fn end_before_time(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut without_time = None;
        let mut at = from;
        while let Some(end) = self.find_until(bytes, at) {
            if !begins_time(&bytes[end + self.until.len()..]) {
                without_time.get_or_insert(end);
            } else if !self.list_goes_on(bytes, end) {
                return match without_time {
                    Some(first) if is_another_line(&bytes[first..end]) => without_time,
                    _ => Some(end),
                };
            }
            if self.ends_at_any_quote() {
                return None;
            }
            at = end + 1;
        }
        without_time
    }

    /// Returns where the literal, which is not empty, stands from `from` on, outside of escapes.
    #[inline]
    fn find_until(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let until = &*self.until;
        let first = *until.first()?;
        let is_quoted = self.is_quoted();
        let mut at = from;
        loop {
            // An escape at the end of the line leads behind it.
            let rest = bytes.get(at..).unwrap_or_default();
            at += if is_quoted {
                memchr::memchr2(first, b'\\', rest)?
            } else {
                memchr::memchr(first, rest)?
            };
            if is_quoted && bytes[at] == b'\\' && first != b'\\' {
                at += 2;
                continue;
            }
            let there = bytes.get(at..at + until.len());
            if there.is_some_and(|there| same(there, until)) {
                return Some(at);
            }
            if self.ends_at_any_quote() {
                return None;
            }
            at += 1;
        }
    }

    /// Whether the literal begins with a quote that no value has inside, so that the first one counts.
    #[inline]
    fn ends_at_any_quote(&self) -> bool {
        self.quoting == Quoting::Escaped && self.until.first() == Some(&b'"')
    }

    /// Whether the blank at `end` only sets two values of a list apart.
    #[inline]
    fn list_goes_on(&self, bytes: &[u8], end: usize) -> bool {
        self.content == Content::List
            && self.until.first() == Some(&b' ')
            && (bytes[..end].ends_with(b",")
                || bytes[..end].ends_with(b" :")
                || bytes[end..].starts_with(b" : "))
    }

    /// Returns where a request line without quotes ends.
    fn request_end(&self, bytes: &[u8], from: usize) -> RequestEnd {
        let before_number = |end: &usize| {
            let next = bytes.get(end + self.until.len());
            next.is_some_and(u8::is_ascii_digit)
        };
        // A client that sends two versions could choose the status that it is said to have got.
        let ends = version_ends(bytes, from, &self.until);
        if ends.filter(before_number).nth(1).is_some() {
            return RequestEnd::Disputed;
        }
        match version_ends(bytes, from, &self.until).next() {
            Some(end) => RequestEnd::At(end),
            None => RequestEnd::NoVersion,
        }
    }
}

/// Where a request line without quotes ends.
enum RequestEnd {
    /// Behind its version.
    At(usize),
    /// Behind one of several versions, each with a number behind it that could be the status.
    Disputed,
    /// It has no version.
    NoVersion,
}

/// Whether text begins like a time of the common log; a damaged one is enough.
fn begins_time(text: &[u8]) -> bool {
    matches!(text, [b'0'..=b'3', b'0'..=b'9', b'/', ..])
}

/// Returns where each version of a request line ends that has `until` behind it.
fn version_ends<'l>(
    bytes: &'l [u8],
    from: usize,
    until: &'l [u8],
) -> impl Iterator<Item = usize> + 'l {
    memchr::memmem::find_iter(&bytes[from..], b" HTTP/").filter_map(move |at| {
        let version = from + at + b" HTTP/".len();
        let end = version + memchr::memchr(b' ', bytes.get(version..)?)?;
        let is_version = matches!(
            bytes[version..end],
            [b'0'..=b'9'] | [b'0'..=b'9', b'.', b'0'..=b'9']
        );
        (is_version && bytes[end..].starts_with(until)).then_some(end)
    })
}
