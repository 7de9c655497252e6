//! The fields that a line may have behind its template.

use super::joined;
use super::value::{put, syntax};
use crate::bytes::quote_end;
use crate::intake::blocks::fields::Fields;
use crate::intake::reject::{Reason, Reject};

/// The fields of the tail that are wanted: by name (`name=value`), or by place (`tail.1` is the first).
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Each name with its slot.
    pub(super) named: Vec<(String, usize)>,
    /// Each place, counted from 1, with its slot.
    pub(super) placed: Vec<(usize, usize)>,
}

/// A value of the tail.
struct Value {
    start: usize,
    end: usize,
    quoted: bool,
}

impl Tail {
    /// Returns the slots that its fields fill.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> {
        let named = self.named.iter().map(|(_, slot)| *slot);
        named.chain(self.placed.iter().map(|(_, slot)| *slot))
    }

    /// Returns name and slot of the one field that is wanted, if there is only one and it has a name.
    pub(super) fn only_named_field(&self) -> Option<(&str, usize)> {
        match (&*self.named, &*self.placed) {
            ([(name, slot)], []) => Some((name, *slot)),
            _ => None,
        }
    }

    /// Reads what a line has from `at` on.
    pub(super) fn parse(
        &self,
        line: &str,
        mut at: usize,
        fields: &mut Fields<'_>,
    ) -> Result<(), Reject> {
        let bytes = line.as_bytes();
        joined::refuse_second_line(bytes, at)?;
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
            let (known, start) = self.name(bytes, at);
            let value = Value::at(bytes, start)?;
            at = value.end + usize::from(value.quoted);
            let name = known.map_or("tail", |(name, _)| name);
            let placed = self.placed.iter().filter(|(known, _)| *known == place);
            let placed = placed.map(|(_, slot)| *slot);
            for slot in known.iter().map(|(_, slot)| *slot).chain(placed) {
                value.fill(fields, slot, name, line);
            }
        }
        Ok(())
    }

    /// Returns the wanted field whose name stands at `at`, if it is one, and where the value begins: behind
    /// the `=` of any name, or at `at` if no name stands there.
    fn name(&self, bytes: &[u8], at: usize) -> (Option<&(String, usize)>, usize) {
        let rest = &bytes[at..];
        let known = self.named.iter().find(|(name, _)| {
            rest.get(name.len()) == Some(&b'=') && rest.starts_with(name.as_bytes())
        });
        let end = match known {
            Some((name, _)) => Some(name.len()),
            None => memchr::memchr3(b'=', b' ', b'"', rest).filter(|end| rest[*end] == b'='),
        };
        (known, end.map_or(at, |end| at + end + 1))
    }
}

impl Value {
    /// The value that begins at `at`: up to the closing quote, or else up to a blank or the line's end.
    fn at(bytes: &[u8], at: usize) -> Result<Self, Reject> {
        let quoted = bytes.get(at) == Some(&b'"');
        let (start, end) = if quoted {
            let end = quote_end(bytes, at + 1);
            (
                at + 1,
                end.ok_or_else(|| syntax("the field does not end", at))?,
            )
        } else {
            let end = memchr::memchr(b' ', &bytes[at..]);
            (at, end.map_or(bytes.len(), |end| at + end))
        };
        Ok(Value { start, end, quoted })
    }

    /// Fills `slot`. A slot that is filled already is a doubt: nothing says which of two values counts.
    fn fill(&self, fields: &mut Fields<'_>, slot: usize, name: &str, line: &str) {
        if fields.has(slot) {
            let twice = format!("`{name}` is there twice");
            fields.doubt(1 << slot, Reject::new(Reason::DuplicateField, twice));
        } else if &line[self.start..self.end] != "-" {
            put(fields, slot, line, self.start, self.end, self.quoted);
        }
    }
}
