//! Engine for lines of words between spaces, some of them quoted, each known by its place.
//!
//! Rejects: `log_syntax`, for a quote that does not close or has text behind it; `field_count`, for a line
//! with fewer words than the format has had from its beginning.

use super::parser::{Header, LineParser};
use super::template::put;
use crate::bytes::quote_end;
use crate::intake::blocks::fields::Fields;
use crate::intake::reject::{Reason, Reject};

/// Takes lines apart word by word.
#[derive(Debug)]
pub struct Words {
    names: &'static [&'static str],
    least: usize,
    /// By place of the word: the slots to fill, each with its rank; rank 0 is the best source.
    slots: Vec<Vec<(usize, u8)>>,
    fills: Vec<usize>,
}

impl Words {
    /// Makes a parser of lines of at least `least` words, which have these names in order. More words may
    /// follow. The error says which of `fields` is no name.
    pub fn new(
        names: &'static [&'static str],
        least: usize,
        fields: &[(usize, String)],
    ) -> Result<Self, String> {
        let mut slots = vec![Vec::new(); names.len()];
        let mut fills: Vec<usize> = Vec::new();
        for (slot, name) in fields {
            let place = names.iter().position(|known| known == name);
            let place = place.ok_or_else(|| {
                format!(
                    "`{name}` is no field of this format, which has {}",
                    names.join(" ")
                )
            })?;
            let rank = fills.iter().filter(|filled| *filled == slot).count();
            // No case file names 255 fields for one column; beyond that, ranks are equal.
            slots[place].push((*slot, u8::try_from(rank).unwrap_or(u8::MAX)));
            fills.push(*slot);
        }
        Ok(Words {
            names,
            least,
            slots,
            fills,
        })
    }
}

/// A word of a line, without its quotes.
struct Word {
    start: usize,
    end: usize,
    quoted: bool,
}

impl Word {
    /// The word that begins at `at`.
    fn at(bytes: &[u8], at: usize) -> Result<Self, Reject> {
        let quoted = bytes[at] == b'"';
        let (start, end) = if quoted {
            let end = quote_end(bytes, at + 1);
            let unclosed = || syntax("a quoted field does not end", at);
            (at + 1, end.ok_or_else(unclosed)?)
        } else {
            let end = memchr::memchr(b' ', &bytes[at..]);
            (at, end.map_or(bytes.len(), |end| at + end))
        };
        Ok(Word { start, end, quoted })
    }
}

#[cold]
fn syntax(what: &str, at: usize) -> Reject {
    Reject::new(Reason::LogSyntax, format!("{what} at byte {at}"))
}

impl Words {
    /// Fills the slots of the word at this place. Of several sources of a slot the best one counts.
    #[inline]
    fn fill(&self, place: usize, word: &Word, line: &str, fields: &mut Fields<'_>) {
        if &line.as_bytes()[word.start..word.end] == b"-" {
            return;
        }
        for (slot, rank) in self.slots.get(place).into_iter().flatten() {
            match fields.swap_rank(*slot, *rank) {
                Some(before) if before < *rank => fields.restore_rank(*slot, before),
                _ => put(fields, *slot, line, word.start, word.end, word.quoted),
            }
        }
    }
}

impl LineParser for Words {
    fn parse<'l>(
        &self,
        line: &'l str,
        _header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject> {
        let bytes = line.as_bytes();
        let mut at = 0;
        let mut place = 0;
        while at < bytes.len() {
            let word = Word::at(bytes, at)?;
            at = word.end + usize::from(word.quoted);
            if bytes.get(at).is_some_and(|byte| *byte != b' ') {
                return Err(syntax("no space after the field", at));
            }
            at += 1;
            self.fill(place, &word, line, fields);
            place += 1;
        }
        if place < self.least {
            return Err(Reject::new(
                Reason::FieldCount,
                format!("{place} fields, not at least {}", self.least),
            ));
        }
        Ok(())
    }

    fn fills(&self) -> Vec<usize> {
        self.fills.clone()
    }

    fn field_names(&self, _line: &str) -> Vec<String> {
        self.names.iter().map(ToString::to_string).collect()
    }
}
