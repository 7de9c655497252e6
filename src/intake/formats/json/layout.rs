//! Reads JSON objects that differ from an earlier object only in their values, without walking them.
//!
//! A layout is the text between the values of an object: `{"ts":"`, then `","status":`, and so on to
//! `}}`. A line with the same text in the same places has the same keys in the same order, and values of
//! the same kinds, so its wanted fields are where the scanner found them in the first line. Every other
//! line is left to the scanner, and so is every string with an escape or a control character.

use fearless_simd::{Level, Simd, dispatch, mask8x64, prelude::*, u8x64};

use super::cursor::Cursor;
use super::watched::{Watched, is_key};
use crate::bytes::{Marks, no_digits, quote_end, same, word};
use crate::intake::blocks::fields::{Fields, Place, SLOTS, says_nothing};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::Stretch;

/// The most values of an object whose layout is learned. A layout of more would cost more memory than it
/// saves time.
const MOST_STEPS: usize = 1 << 10;
/// The most watched parts of a line whose layout is learned: a set of them is a [`PartSet`].
const MOST_WATCHED: usize = PartSet::BITS as usize;

/// A set of watched parts of a line: bit `n` stands for part `n`.
type PartSet = u8;

const _: () = assert!(SLOTS <= u8::MAX as usize, "a step keeps slots in bytes");

/// What stands before each value of an object, and behind the last one.
#[derive(Debug)]
pub(super) struct Layout {
    steps: Vec<Step>,
    end: Box<[u8]>,
    /// How many watched parts the line has.
    watched: usize,
    /// The parts with a `true`, which say something whatever the values are.
    always_say: PartSet,
}

/// A value of an object, and what stands before it.
#[derive(Debug)]
struct Step {
    before: Box<[u8]>,
    /// Whether the value is a text; otherwise it is a number.
    is_text: bool,
    /// The slots that it fills.
    slots: Vec<u8>,
    /// The watched parts that the value is in.
    within: PartSet,
    /// The watched parts beside which the value is a claim.
    claims: PartSet,
}

/// What begins at some place of a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Text,
    Number,
    True,
    /// A key, or a byte that neither begins a value nor says anything: a bracket, a comma, a blank, or
    /// one of `false` and `null`.
    Other,
}

/// Returns what begins at `at` in a JSON object, and where it ends. There is none for a text with
/// escapes, which no layout has.
fn token(line: &str, at: usize) -> Option<(Token, usize)> {
    let bytes = line.as_bytes();
    match bytes[at] {
        b'"' => {
            let end = quote_end(bytes, at + 1)?;
            if is_key(bytes, end) {
                return Some((Token::Other, end + 1));
            }
            let is_plain = memchr::memchr(b'\\', &bytes[at..end]).is_none();
            is_plain.then_some((Token::Text, end + 1))
        }
        b'-' | b'0'..=b'9' => {
            let mut cursor = Cursor::new(line, at);
            cursor.number().ok()?;
            Some((Token::Number, cursor.at))
        }
        // Outside of strings no other word of JSON has a `t`.
        b't' => Some((Token::True, at + 1)),
        _ => Some((Token::Other, at + 1)),
    }
}

impl Layout {
    /// Returns the layout of an object that the scanner has read; none if a text has escapes, or if the
    /// object has very many values or watched parts.
    pub(super) fn of(line: &str, fields: &Fields<'_>, watched: &[Watched]) -> Option<Self> {
        if watched.len() > MOST_WATCHED {
            return None;
        }
        let parts = |is_one: &dyn Fn(&Watched) -> bool| -> PartSet {
            let bits = (0..).zip(watched).filter(|(_, part)| is_one(part));
            bits.fold(0, |parts, (bit, _)| parts | 1 << bit)
        };
        let around = |at| parts(&|part| part.covers(at));
        let bytes = line.as_bytes();
        let (mut steps, mut always_say) = (Vec::new(), 0);
        let (mut begin, mut at) = (0, 0);
        while at < bytes.len() {
            let (token, next) = token(line, at)?;
            let (start, end) = match token {
                Token::Text => (at + 1, next - 1),
                Token::Number => (at, next),
                Token::True | Token::Other => {
                    if token == Token::True {
                        always_say |= around(at);
                    }
                    at = next;
                    continue;
                }
            };
            if steps.len() == MOST_STEPS {
                return None;
            }
            let slots = fields.filled_from(start, end);
            let is_claim = |part: &Watched| slots.iter().any(|slot| part.claims >> slot & 1 == 1);
            steps.push(Step {
                before: bytes[begin..start].into(),
                is_text: token == Token::Text,
                within: around(at),
                claims: parts(&is_claim),
                slots,
            });
            (begin, at) = (end, next);
        }
        Some(Layout {
            steps,
            end: bytes[begin..].into(),
            watched: watched.len(),
            always_say,
        })
    }

    /// Reads those of `lines` that the layout fits, and returns which they are.
    pub(super) fn read(&self, stretch: &mut Stretch<'_>, lines: LineSet) -> LineSet {
        let marks = std::mem::take(&mut stretch.marks);
        let level = Level::new();
        let fit = dispatch!(level, simd => self.read_as(simd, stretch, &marks[0], lines));
        stretch.marks = marks;
        for slot in self.steps.iter().flat_map(|step| &step.slots) {
            let slot = usize::from(*slot);
            stretch.set_lines_with(slot, stretch.lines_with(slot) | fit);
        }
        fit
    }

    #[inline(always)]
    fn read_as<S: Simd>(
        &self,
        _: S,
        stretch: &mut Stretch<'_>,
        specials: &Marks,
        lines: LineSet,
    ) -> LineSet {
        let text = stretch.text().unwrap_or_default();
        let mut fit = lines;
        let mut at = [0; MOST_LINES];
        for (at, line) in at.iter_mut().zip(stretch.lines()) {
            *at = line.start;
        }
        // By watched part: the lines in which it says something, and those in which its claims do.
        let mut part_says = [LineSet::EMPTY; MOST_WATCHED];
        let mut claims_say = [LineSet::EMPTY; MOST_WATCHED];
        for part in each_part(self.always_say) {
            part_says[part] = lines;
        }
        for step in &self.steps {
            if fit.is_empty() {
                return LineSet::EMPTY;
            }
            let places = step.read(stretch, text, specials, &mut at, &mut fit);
            if step.within | step.claims != 0 {
                let says = |line: &usize| !says_nothing(&text[places[*line].range()]);
                let said: LineSet = fit.iter().filter(says).collect();
                each_part(step.within).for_each(|part| part_says[part] |= said);
                each_part(step.claims).for_each(|part| claims_say[part] |= said);
            }
            for slot in step.slots.iter().skip(1) {
                let known = stretch.places(usize::from(*slot));
                fit.iter().for_each(|line| known[line] = places[line]);
            }
        }
        for line in fit.iter() {
            let end = stretch.lines()[line].end as usize;
            let rest = text.as_bytes().get(at[line] as usize..end);
            let fits = rest.is_some_and(|rest| same(rest, &self.end));
            fit.remove_if(line, !fits);
        }
        // Where a watched part says something and its claims do not, the scanner has a doubt to note.
        let parts = part_says.iter().zip(&claims_say).take(self.watched);
        parts.fold(fit, |fit, (part, claims)| fit - (*part - *claims))
    }
}

impl Step {
    /// Reads the value in those lines that still fit, and returns where it is. Moves `at` behind it, and
    /// takes the lines out of `fit` that do not have what stands before the value, or no such value.
    #[inline(always)]
    fn read(
        &self,
        stretch: &mut Stretch<'_>,
        text: &str,
        specials: &Marks,
        at: &mut [u32; MOST_LINES],
        fit: &mut LineSet,
    ) -> [Place; MOST_LINES] {
        let mut nowhere = [Place { start: 0, end: 0 }; MOST_LINES];
        let places = match self.slots.first() {
            Some(slot) => stretch.places(usize::from(*slot)),
            None => &mut nowhere,
        };
        let lines = *fit;
        for line in lines.iter() {
            let start = at[line] as usize + self.before.len();
            let before = text.as_bytes().get(at[line] as usize..start);
            let fits = before.is_some_and(|before| same(before, &self.before));
            // A text may seem to end at a backslash, a control character or behind the line. What stands
            // before the next value begins with a quote then, and does not fit. An end of 0 is no number.
            let end = match self.is_text {
                true => specials.first(start),
                false if fits => number_end(text, start).unwrap_or(0),
                false => 0,
            };
            // A marked stretch is shorter than 2^16 bytes, so places in it fit into 32 bits.
            places[line] = Place {
                start: start as u32,
                end: end as u32,
            };
            at[line] = end as u32;
            fit.remove_if(line, !fits | (end < start));
        }
        *places
    }
}

/// The parts of a set, in order.
#[inline]
fn each_part(parts: PartSet) -> impl Iterator<Item = usize> {
    LineSet::of_bits(parts.into()).iter()
}

/// Returns where the number that begins at `start` ends; none if there is no number.
#[inline]
fn number_end(line: &str, start: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    let end = digits_end(bytes, start);
    let is_whole = end > start
        && (bytes[start] != b'0' || end == start + 1)
        && !matches!(bytes.get(end), Some(b'.' | b'e' | b'E'));
    if is_whole {
        return Some(end);
    }
    // Signs, fractions, exponents and leading zeros are rare, and the cursor knows their rules.
    let mut cursor = Cursor::new(line, start);
    cursor.number().ok()?;
    Some(cursor.at)
}

/// Returns where the digits from `at` on end.
#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..at + 8) {
        let others = no_digits(word(chunk, 0));
        if others != 0 {
            // One bit in eight can be set: the lowest one is of the first byte that is no digit.
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Marks the bytes of a stretch that end plain text in a string: quotes, backslashes, control characters.
/// [`Marks`] reads zeros behind the text, which are marked too, so a string that does not end within the
/// text ends behind it.
pub(super) fn find_specials(stretch: &mut Stretch<'_>) {
    let text = stretch.text().unwrap_or_default().as_bytes();
    let marks = &mut stretch.marks;
    // One kind of byte is enough here; what other parsers left in the further places is not looked at.
    marks.resize_with(marks.len().max(1), Marks::default);
    let level = Level::new();
    dispatch!(level, simd => marks[0].mark(simd, text, specials));
}

#[inline(always)]
fn specials<S: Simd>(bytes: u8x64<S>) -> mask8x64<S> {
    bytes.simd_lt(0x20) | bytes.simd_eq(b'"') | bytes.simd_eq(b'\\')
}

#[cfg(test)]
mod tests {
    use super::super::paths::Node;
    use super::super::scanner::Scanner;
    use super::super::testing::wanted;
    use super::*;

    #[test]
    fn a_bit_stands_for_each_special_byte() {
        for byte in 0..=255u8 {
            let mut text = [b'x'; 70];
            for at in [0, 1, 15, 16, 47, 63, 64] {
                text[at] = byte;
            }
            let mut marks = Marks::default();
            dispatch!(Level::new(), simd => marks.mark(simd, &text, specials));
            for (at, byte) in text.iter().enumerate() {
                let special = matches!(byte, b'"' | b'\\' | 0..=0x1f);
                assert_eq!(marks.first(at) == at, special, "{byte} at {at}");
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
    fn a_layout_knows_so_many_watched_parts_and_no_more() {
        let root = Node::root(&wanted(&[(0, "t.jti"), (1, "t.exp")], 0b1));
        for (count, learned) in [(MOST_WATCHED, true), (MOST_WATCHED + 1, false)] {
            let line = format!(r#"{{"t":{{"jti":"a"{}}}}}"#, r#","aud":"b""#.repeat(count));
            let mut fields = Fields::default();
            fields.begin(&line);
            let mut scanner = Scanner::new(&line);
            assert_eq!(scanner.line(&root, &mut fields), Ok(()));
            let layout = Layout::of(&line, &fields, scanner.watched());
            assert_eq!(layout.is_some(), learned, "{count}");
        }
    }

    #[test]
    fn a_line_fits_where_only_values_differ() {
        let root = Node::root(&wanted(&[(0, "a"), (1, "b.c"), (2, "d")], 0));
        let first = r#"{"a":"x","b":{"c":17,"z":[true,"q",-1.5e3]},"d":"","e":null}"#;
        let mut known = Fields::default();
        known.begin(first);
        let found = Scanner::new(first).line(&root, &mut known);
        assert_eq!(found, Ok(()));
        let layout = Layout::of(first, &known, &[]).expect("no escapes");
        let lines = [
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
            (r#"{"a":"x","b":{"c":1"#, None),
        ];
        let text = lines.map(|(line, _)| line).join("\n");
        // A line fits or not whatever stands behind it.
        for cut in 1..=lines.len() {
            let lengths = lines[..cut].iter().map(|(line, _)| line.len() + 1);
            let mut stretch = Stretch::of(&text[..lengths.sum::<usize>() - 1]);
            find_specials(&mut stretch);
            let all = stretch.all();
            let read = layout.read(&mut stretch, all);
            for (line, (text, expected)) in lines[..cut].iter().enumerate() {
                let values = [0, 1, 2].map(|slot| stretch.get(line, slot));
                assert_eq!(
                    values,
                    expected.map_or([None; 3], |row| row.map(Some)),
                    "{text}"
                );
                assert_eq!(read.contains(line), expected.is_some(), "{text}");
            }
        }
    }
}
