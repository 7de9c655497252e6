//! JSON objects that look like an earlier one of their block, but for the values: read without walking them.
//!
//! A layout is what stands between the values of an object: `{"ts":"`, then `","status":`, and so on to
//! `}}`. A line with the very same text there has the same keys in the same order, and its values are the
//! same kinds of value, so what the scanner made of the one line is true of the other. Any other line is
//! left to the scanner, and so are strings with escapes.

use wide::u8x16;

use super::Fields;
use super::scanner::Scanner;
use crate::bytes::{bits, first_bit, no_digits, same, word};

/// Layouts known at once.
const KNOWN: usize = 4;
/// Longer lines are not tried.
const LONGEST: usize = 1 << 16;
/// What a line that no layout fits costs, where one that fits earns one; with nothing left, no more are tried.
const MISS: u32 = 4;
/// The most that is saved up.
const CREDIT: u32 = 64;

/// The layouts of a block's latest lines.
#[derive(Debug)]
pub(in crate::intake) struct Layouts {
    known: Vec<Layout>,
    specials: Specials,
    credit: u32,
}

impl Default for Layouts {
    fn default() -> Self {
        Layouts {
            known: Vec::new(),
            specials: Specials::default(),
            credit: CREDIT,
        }
    }
}

impl Layouts {
    /// Fills `fields` from `line`, if a layout fits it.
    #[inline]
    pub(super) fn read<'l>(&mut self, line: &'l str, fields: &mut Fields<'l>) -> bool {
        if self.known.is_empty() || line.len() > LONGEST {
            return false;
        }
        self.specials.find(line.as_bytes());
        for index in 0..self.known.len() {
            if self.known[index].read(line, &self.specials, fields) {
                self.known.swap(0, index);
                self.credit = CREDIT.min(self.credit + 1);
                return true;
            }
            fields.begin(line);
        }
        false
    }

    /// Learns the layout of `line`, from which the scanner has just filled `fields`.
    pub(super) fn learn(&mut self, line: &str, fields: &Fields<'_>) {
        if self.credit == 0 || line.len() > LONGEST {
            return;
        }
        self.credit = self.credit.saturating_sub(MISS);
        if self.credit == 0 {
            // The lines of this block are rarely alike.
            self.known.clear();
        } else if let Some(layout) = Layout::of(line, fields) {
            self.known.truncate(KNOWN - 1);
            self.known.insert(0, layout);
        }
    }
}

/// What stands before each value, and after the last.
#[derive(Debug)]
struct Layout {
    steps: Vec<Step>,
    end: Box<[u8]>,
}

#[derive(Debug)]
struct Step {
    before: Box<[u8]>,
    text: bool,
    slots: Vec<u8>,
}

impl Layout {
    /// The layout of an object that the scanner has read; none if a value has escapes.
    fn of(line: &str, fields: &Fields<'_>) -> Option<Self> {
        let bytes = line.as_bytes();
        let mut steps = Vec::new();
        let (mut begin, mut at) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            let (start, end) = match byte {
                b'"' => {
                    let end = crate::intake::formats::template::quote_end(bytes, at + 1)?;
                    let after = bytes[end + 1..].trim_ascii_start();
                    if after.first() == Some(&b':') {
                        at = end + 1;
                        continue;
                    }
                    if memchr::memchr(b'\\', &bytes[at..end]).is_some() {
                        return None;
                    }
                    (at + 1, end)
                }
                b'-' | b'0'..=b'9' => {
                    let mut scanner = Scanner::at(line, at);
                    scanner.number().ok()?;
                    (at, scanner.place())
                }
                _ => {
                    at += 1;
                    continue;
                }
            };
            steps.push(Step {
                before: bytes[begin..start].into(),
                text: *byte == b'"',
                slots: fields.filled_from(start, end),
            });
            begin = end;
            at = if *byte == b'"' { end + 1 } else { end };
        }
        Some(Layout {
            steps,
            end: bytes[begin..].into(),
        })
    }

    #[inline]
    fn read<'l>(&self, line: &'l str, specials: &Specials, fields: &mut Fields<'l>) -> bool {
        let bytes = line.as_bytes();
        let mut at = 0;
        for step in &self.steps {
            let start = at + step.before.len();
            let before = bytes.get(at..start);
            if !before.is_some_and(|before| same(before, &step.before)) {
                return false;
            }
            // Whatever ends a text, what stands before the next value begins with a quote.
            let end = if step.text {
                specials.from(start)
            } else {
                number_end(line, start)
            };
            let Some(end) = end else { return false };
            for slot in &step.slots {
                fields.set(usize::from(*slot), start, end);
            }
            at = end;
        }
        same(&bytes[at..], &self.end)
    }
}

/// Where the number that begins at `start` ends.
#[inline]
fn number_end(line: &str, start: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let end = digits_end(bytes, start);
    let plain = end > start
        && (bytes[start] != b'0' || end == start + 1)
        && !matches!(bytes.get(end), Some(b'.' | b'e' | b'E'));
    if plain {
        return Some(end);
    }
    let mut scanner = Scanner::at(line, start);
    scanner.number().ok()?;
    Some(scanner.place())
}

/// Where the digits from `at` on end.
#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..at + 8) {
        let others = no_digits(word(chunk, 0));
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Where a line has bytes that no plain stretch of a string has: quotes, backslashes, control characters.
#[derive(Debug, Default)]
struct Specials {
    /// A bit for each byte.
    bits: Vec<u64>,
}

impl Specials {
    #[inline]
    fn find(&mut self, line: &[u8]) {
        self.bits.clear();
        let (chunks, rest) = line.as_chunks::<64>();
        self.bits.extend(chunks.iter().map(specials));
        // Beyond the end zeros stand, which are special: a string that does not end is never plain.
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        self.bits.push(specials(&last));
    }

    /// The first at `at` or after.
    #[inline]
    fn from(&self, at: usize) -> Option<usize> {
        first_bit(at, |index| self.bits.get(index).copied())
    }
}

#[inline]
fn specials(chunk: &[u8; 64]) -> u64 {
    bits(chunk, |bytes| {
        let control = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
        control | bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_stands_for_each_special_byte() {
        for byte in 0..=255u8 {
            for at in [0, 1, 15, 16, 47, 63] {
                let mut chunk = [b'x'; 64];
                chunk[at] = byte;
                let special = matches!(byte, b'"' | b'\\' | 0..=0x1f);
                assert_eq!(specials(&chunk), u64::from(special) << at, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn digits_end_where_something_else_stands() {
        for byte in 0..=255u8 {
            for at in 0..20 {
                let mut text = [b'7'; 20];
                text[at] = byte;
                let end = if byte.is_ascii_digit() { 20 } else { at };
                assert_eq!(digits_end(&text, 0), end, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn a_line_fits_where_only_values_differ() {
        let fields = [(0, "a"), (1, "b.c"), (2, "d")].map(|(slot, path)| (slot, path.to_string()));
        let parser = super::super::Json::new(&fields, None);
        let first = r#"{"a":"x","b":{"c":17,"z":[true,"q",-1.5e3]},"d":"","e":null}"#;
        let mut known = Fields::default();
        known.begin(first);
        let header = super::super::Header::default();
        super::super::LineParser::parse(&parser, first, &header, &mut known).expect("an object");
        let layout = Layout::of(first, &known).expect("no escapes");
        let mut found = Specials::default();
        for (line, expected) in [
            (first, Some(["x", "17", ""])),
            (
                r#"{"a":"longer","b":{"c":0,"z":[true,"",2]},"d":"é {}","e":null}"#,
                Some(["longer", "0", "é {}"]),
            ),
            (
                r#"{"a":"x","b":{"c":01,"z":[true,"q",1]},"d":"","e":null}"#,
                None,
            ),
            (
                r#"{"a":"x","b":{"c":,"z":[true,"q",1]},"d":"","e":null}"#,
                None,
            ),
            (
                r#"{"a":"x","b":{"c":"1","z":[true,"q",1]},"d":"","e":null}"#,
                None,
            ),
            (
                r#"{"a":"x","b":{"c":1,"z":[true,"q",1]},"d":"","e":true}"#,
                None,
            ),
            (
                r#"{"a":"x","b":{"c":1,"z":[true,"q",1]},"d":"\n","e":null}"#,
                None,
            ),
            (
                r#"{"a":"x","b":{"c":1,"z":[true,"q",1]},"d":"","e":null} "#,
                None,
            ),
            (
                r#"{"a":"x","b":{"c":1,"z":[true,"q",1]},"d":"","e":null"#,
                None,
            ),
            (r#"{"a":"x"#, None),
            ("", None),
        ] {
            let mut fields = Fields::default();
            fields.begin(line);
            found.find(line.as_bytes());
            let read = layout.read(line, &found, &mut fields);
            let values = [0, 1, 2].map(|slot| fields.get(slot).unwrap_or_default());
            assert_eq!(read.then_some(values), expected, "{line}");
        }
    }
}
