//! Engine for lines of words between spaces, some of them quoted, each known by its place.
//!
//! Reasons: `log_syntax`, `field_count` (fewer words than the format had from its beginning).

use super::template::put;
use super::{Fields, Header, LineParser, Reason, Reject};
use crate::bytes::quote_end;

/// The parser.
#[derive(Debug)]
pub struct Words {
    names: &'static [&'static str],
    least: usize,
    /// By place: the slots to fill, each with its rank.
    slots: Vec<Vec<(usize, u8)>>,
    fills: Vec<usize>,
}

impl Words {
    /// A parser of lines of at least `least` words, which have these names in order; more may follow.
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
            let quoted = bytes[at] == b'"';
            let (start, end) = if quoted {
                let end = quote_end(bytes, at + 1).ok_or_else(|| {
                    Reject::new(
                        Reason::LogSyntax,
                        format!("a quoted field does not end at byte {at}"),
                    )
                })?;
                (at + 1, end)
            } else {
                let end = memchr::memchr(b' ', &bytes[at..]).map_or(bytes.len(), |end| at + end);
                (at, end)
            };
            at = end + usize::from(quoted);
            if bytes.get(at).is_some_and(|byte| *byte != b' ') {
                return Err(Reject::new(
                    Reason::LogSyntax,
                    format!("no space after the field at byte {at}"),
                ));
            }
            at += 1;
            let value = &bytes[start..end];
            for (slot, rank) in self.slots.get(place).into_iter().flatten() {
                if value == b"-" {
                    continue;
                }
                match fields.rank(*slot, *rank) {
                    Some(before) if before < *rank => fields.keep_rank(*slot, before),
                    _ => put(fields, *slot, line, start, end, quoted),
                }
            }
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
