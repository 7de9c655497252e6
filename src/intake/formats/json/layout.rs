//! JSON objects that look like an earlier one of their block, but for the values: read without walking them.
//!
//! A layout is what stands between the values of an object: `{"ts":"`, then `","status":`, and so on to
//! `}}`. A line with the very same text there has the same keys in the same order, and its values are the
//! same kinds of value, so what the scanner made of the one line is true of the other. Any other line is
//! left to the scanner, and so are strings with escapes.

use fearless_simd::{Level, Simd, dispatch, mask8x64, prelude::*, u8x64};

use super::Fields;
use super::scanner::{Other, Scanner};
use crate::bytes::{Marks, no_digits, quote_end, same, word};
use crate::intake::blocks::fields::{Place, says_nothing};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::Stretch;

/// Layouts known at once.
const KNOWN: usize = 4;
/// Values of an object beyond which its layout is not learned.
const MOST_STEPS: usize = 1 << 10;
/// Stretches beside a token's claims beyond which a layout is not learned.
const MOST_OTHERS: usize = 8;
/// What a line that no layout fits costs, where one that fits earns one; with nothing left, no more are tried.
const MISS: u32 = 4;
/// The most that is saved up.
const CREDIT: u32 = 64;

/// The layouts of a block's latest lines.
#[derive(Debug)]
pub(crate) struct Layouts {
    known: Vec<Layout>,
    credit: u32,
}

impl Default for Layouts {
    fn default() -> Self {
        Layouts {
            known: Vec::new(),
            credit: CREDIT,
        }
    }
}

impl Layouts {
    /// Reads those of `lines` that a layout fits, and tells which.
    pub(crate) fn read(&mut self, stretch: &mut Stretch<'_>, lines: LineSet) -> LineSet {
        let mut left = lines;
        for index in 0..self.known.len() {
            if left.is_empty() {
                break;
            }
            let read = self.known[index].read(stretch, left);
            left -= read;
            if left.is_empty() {
                self.known.swap(0, index);
            }
        }
        self.earn(lines - left)
    }

    /// Reads those of `lines` that the layout learned last fits, and tells which.
    pub(crate) fn read_by_newest(&mut self, stretch: &mut Stretch<'_>, lines: LineSet) -> LineSet {
        let newest = self.known.first().filter(|_| !lines.is_empty());
        let read = newest.map_or(LineSet::EMPTY, |layout| layout.read(stretch, lines));
        self.earn(read)
    }

    fn earn(&mut self, read: LineSet) -> LineSet {
        self.credit = CREDIT.min(self.credit + read.len() as u32);
        read
    }

    /// Whether a line that no layout fits is worth a look.
    pub(crate) fn may_learn(&self) -> bool {
        self.credit > 0
    }

    /// Learns the layout of `line`, from which the scanner has just filled `fields`; tells whether it is one.
    pub(crate) fn learn(&mut self, line: &str, fields: &Fields<'_>, others: &[Other]) -> bool {
        self.miss();
        let layout = Layout::of(line, fields, others).filter(|_| self.credit > 0);
        let learned = layout.is_some();
        if let Some(layout) = layout {
            self.known.truncate(KNOWN - 1);
            self.known.insert(0, layout);
        }
        learned
    }

    /// Pays for a line that no layout fits.
    pub(crate) fn miss(&mut self) {
        self.credit = self.credit.saturating_sub(MISS);
        if self.credit == 0 {
            // The lines of this block are rarely alike.
            self.known.clear();
        }
    }
}

/// What stands before each value, and after the last.
#[derive(Debug)]
struct Layout {
    steps: Vec<Step>,
    end: Box<[u8]>,
    /// How many stretches there are beside a token's claims.
    others: usize,
    /// Those of them, bit by bit, that say something whatever their values.
    telling: u8,
}

#[derive(Debug)]
struct Step {
    before: Box<[u8]>,
    text: bool,
    slots: Vec<u8>,
    /// The stretches, bit by bit, that the value is in.
    within: u8,
    /// The stretches, bit by bit, beside which it is a claim.
    claims: u8,
}

impl Layout {
    /// The layout of an object that the scanner has read; none if a value has escapes, or
    /// there are very many.
    fn of(line: &str, fields: &Fields<'_>, others: &[Other]) -> Option<Self> {
        if others.len() > MOST_OTHERS {
            return None;
        }
        let those = |is_one: &dyn Fn(&Other) -> bool| {
            let bits = (0..).zip(others).filter(|(_, other)| is_one(other));
            bits.fold(0, |those, (bit, _)| those | 1u8 << bit)
        };
        let around = |at| those(&|other| (other.start..other.end).contains(&at));
        let bytes = line.as_bytes();
        let (mut steps, mut telling) = (Vec::new(), 0);
        let (mut begin, mut at) = (0, 0);
        while let Some(byte) = bytes.get(at) {
            let (start, end) = match byte {
                b'"' => {
                    let end = quote_end(bytes, at + 1)?;
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
                    if *byte == b't' {
                        // `true`
                        telling |= around(at);
                    }
                    at += 1;
                    continue;
                }
            };
            if steps.len() == MOST_STEPS {
                return None;
            }
            let slots = fields.filled_from(start, end);
            let is_claim = |other: &Other| slots.iter().any(|slot| other.claims >> slot & 1 == 1);
            steps.push(Step {
                before: bytes[begin..start].into(),
                text: *byte == b'"',
                within: around(at),
                claims: those(&is_claim),
                slots,
            });
            begin = end;
            at = if *byte == b'"' { end + 1 } else { end };
        }
        Some(Layout {
            steps,
            end: bytes[begin..].into(),
            others: others.len(),
            telling,
        })
    }

    /// Reads those of `lines` that it fits, and tells which.
    fn read(&self, stretch: &mut Stretch<'_>, lines: LineSet) -> LineSet {
        let marks = std::mem::take(&mut stretch.marks);
        let level = Level::new();
        let fit = dispatch!(level, simd => self.read_as(simd, stretch, &marks[0], lines));
        stretch.marks = marks;
        for slot in self.steps.iter().flat_map(|step| &step.slots) {
            let slot = usize::from(*slot);
            stretch.fill(slot, stretch.there(slot) | fit);
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
        // By stretch beside claims: the lines of which it says something, and those of which the claims do.
        let mut told = [LineSet::EMPTY; MOST_OTHERS];
        let mut claimed = [LineSet::EMPTY; MOST_OTHERS];
        for other in others(self.telling) {
            told[other] = lines;
        }
        for (at, whole) in at.iter_mut().zip(stretch.lines()) {
            *at = whole.start;
        }
        for step in &self.steps {
            if fit.is_empty() {
                return LineSet::EMPTY;
            }
            let mut nowhere = [Place { start: 0, end: 0 }; MOST_LINES];
            let places = match step.slots.first() {
                Some(slot) => stretch.places(usize::from(*slot)),
                None => &mut nowhere,
            };
            let read = fit;
            for line in read.iter() {
                let start = at[line] as usize + step.before.len();
                let before = text.as_bytes().get(at[line] as usize..start);
                let fits = before.is_some_and(|before| same(before, &step.before));
                // Whatever ends a text, what stands before the next value begins with a quote.
                let end = match step.text {
                    true => specials.first(start),
                    false if fits => number_end(text, start).unwrap_or(0),
                    false => 0,
                };
                places[line] = Place {
                    start: start as u32,
                    end: end as u32,
                };
                at[line] = end as u32;
                fit.remove_if(line, !fits | (end < start));
            }
            let places = *places;
            if step.within | step.claims != 0 {
                let says = |line: &usize| !says_nothing(&text[places[*line].range()]);
                let said: LineSet = fit.iter().filter(says).collect();
                others(step.within).for_each(|other| told[other] |= said);
                others(step.claims).for_each(|other| claimed[other] |= said);
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
        let beside = told.iter().zip(&claimed).take(self.others);
        beside.fold(fit, |fit, (told, claimed)| fit - (*told - *claimed))
    }
}

/// The stretches whose bits are set, in order.
#[inline]
fn others(bits: u8) -> impl Iterator<Item = usize> {
    LineSet::of_bits(bits.into()).iter()
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

/// Finds where a stretch has bytes that no plain stretch of a string has: quotes, backslashes, control
/// characters. Zeros beyond its end are some, so that a string that does not end is never plain.
pub(crate) fn find_specials(stretch: &mut Stretch<'_>) {
    let text = stretch.text().unwrap_or_default().as_bytes();
    let marks = &mut stretch.marks;
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
    fn a_line_whose_claims_say_nothing_fits_where_nothing_else_says_anything() {
        let wanted = super::super::tests::wanted(&[(0, "t.jti"), (1, "t.exp")], 0b1);
        let parser = super::super::Json::new(&wanted, None);
        let line = |jti: &str, aud: &str, exp: &str| {
            format!(r#"{{"t":{{"jti":"{jti}","aud":["{aud}","-"],"exp":"{exp}","x":"y"}}}}"#)
        };
        let lines = [
            (line("a", "b", "c"), true),
            (line("a", "", ""), true),
            (line("", "", "-"), true),
            (line("-", "b", ""), false),
            (line("", "", "c"), false),
        ];
        let text = lines.clone().map(|(line, _)| line).join("\n");
        let mut stretch = Stretch::of(&text);
        let read = super::super::LineParser::parse_many(&parser, &mut stretch);
        for (place, (line, fits)) in lines.iter().enumerate() {
            assert_eq!(read.contains(place), *fits, "{line}");
        }
        // As many stretches as a layout knows, and one more.
        for (count, learned) in [(MOST_OTHERS, true), (MOST_OTHERS + 1, false)] {
            let line = format!(r#"{{"t":{{"jti":"a"{}}}}}"#, r#","aud":"b""#.repeat(count));
            let mut fields = Fields::default();
            fields.begin(&line);
            let mut scanner = Scanner::at(&line, 0);
            assert_eq!(scanner.whole(&parser.root, &mut fields), Ok(()));
            let layout = Layout::of(&line, &fields, scanner.others());
            assert_eq!(layout.is_some(), learned, "{count}");
        }
    }

    #[test]
    fn a_line_fits_where_only_values_differ() {
        let wanted = super::super::tests::wanted(&[(0, "a"), (1, "b.c"), (2, "d")], 0);
        let parser = super::super::Json::new(&wanted, None);
        let first = r#"{"a":"x","b":{"c":17,"z":[true,"q",-1.5e3]},"d":"","e":null}"#;
        let mut known = Fields::default();
        known.begin(first);
        let header = super::super::Header::default();
        super::super::LineParser::parse(&parser, first, &header, &mut known).expect("an object");
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
