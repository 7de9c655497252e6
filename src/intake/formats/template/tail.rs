//! What a line may have behind its template.

use super::{joined, put, syntax};
use crate::bytes::quote_end;
use crate::intake::formats::Fields;
use crate::intake::reject::{Reason, Reject};

/// Fields after the template: `name=value`, or by their place, `tail.1` being the first.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    pub(crate) named: Vec<(String, usize)>,
    pub(crate) placed: Vec<(usize, usize)>,
}

impl Tail {
    /// The slots that its fields fill.
    pub(crate) fn slots(&self) -> impl Iterator<Item = usize> {
        let named = self.named.iter().map(|(_, slot)| *slot);
        named.chain(self.placed.iter().map(|(_, slot)| *slot))
    }

    /// Name and slot of its field, if only one is asked for, by its name.
    pub(crate) fn only_field(&self) -> Option<(&str, usize)> {
        match (&*self.named, &*self.placed) {
            ([(name, slot)], []) => Some((name, *slot)),
            _ => None,
        }
    }

    /// Reads what a line has from `at` on.
    pub(crate) fn parse(
        &self,
        line: &str,
        mut at: usize,
        fields: &mut Fields<'_>,
    ) -> Result<(), Reject> {
        let bytes = line.as_bytes();
        joined::check(bytes, at)?;
        if self.named.is_empty() && self.placed.is_empty() {
            return Ok(());
        }
        let mut place = 0;
        while at < bytes.len() {
            if bytes[at] == b' ' {
                at += 1;
                continue;
            }
            place += 1;
            let known = self.named.iter().find(|(name, _)| {
                let rest = &bytes[at..];
                rest.get(name.len()) == Some(&b'=') && rest.starts_with(name.as_bytes())
            });
            if let Some((name, _)) = known {
                at += name.len() + 1;
            } else if let Some(end) = memchr::memchr3(b'=', b' ', b'"', &bytes[at..])
                && bytes[at + end] == b'='
            {
                at += end + 1;
            }
            let quoted = bytes.get(at) == Some(&b'"');
            let (start, end) = if quoted {
                let end = quote_end(bytes, at + 1)
                    .ok_or_else(|| syntax("the field does not end".into(), at))?;
                (at + 1, end)
            } else {
                let end = memchr::memchr(b' ', &bytes[at..]).map_or(bytes.len(), |end| at + end);
                (at, end)
            };
            at = if quoted { end + 1 } else { end };
            let placed = self.placed.iter().filter(|(known, _)| *known == place);
            for slot in known
                .iter()
                .map(|(_, slot)| *slot)
                .chain(placed.map(|(_, slot)| *slot))
            {
                if fields.has(slot) {
                    let name = known.map_or("tail", |(name, _)| name);
                    let twice = format!("`{name}` is there twice");
                    fields.doubt(1 << slot, Reject::new(Reason::DuplicateField, twice));
                    continue;
                }
                if bytes[start..end] != *b"-" {
                    put(fields, slot, line, start, end, quoted);
                }
            }
        }
        Ok(())
    }
}
