//! Fields of text -> typed rows of the frame, the same for all formats.
//!
//! Lines are held until there are enough of them, and then typed column by column: a loop that does one
//! thing to many values is faster than a look at each column's kind for every line.
//!
//! Reasons: `field_missing`, `bad_time`, `time_without_zone`, `time_in_fold`, `bad_number`,
//! `bad_address`. A line with several has the reason of the first such column of the frame.

use std::iter::repeat_n;

use super::addresses::{Addresses, is_plain};
use super::clock::LastDate;
use super::fields::{Fields, Place};
use super::formats::Reject;
use super::reading::Reading;
use crate::bytes::decimal;
use crate::case::Catalogue;
use crate::frames::{Batch, Kind};

/// Lines typed together, a stretch of a block: few enough that they and their places stay in the processor's
/// nearest caches.
pub(super) const MOST_HELD: usize = 128;
/// Bytes of copies from which on no more lines are held.
const MOST_COPIED: usize = 1 << 20;

/// How one column of a row comes about.
#[derive(Debug, Clone, Copy)]
enum Fill {
    EvidenceId,
    LineNo,
    Tier,
    Page,
    Text,
    Bytes,
    /// A number of at most this.
    Number(u64),
    EventTime,
    Claim,
    Address,
}

/// A text of each line that is held, and no more of the others.
type Texts<'t> = [Option<&'t str>; MOST_HELD];
const NO_TEXTS: Texts<'static> = [None; MOST_HELD];

/// Lines whose fields are known, column by column.
#[derive(Default)]
struct Held {
    /// By line: its number.
    numbers: Vec<u64>,
    /// By line: bit by bit, the columns it fills.
    filled: Vec<u64>,
    /// By column and line: where the text is, in the stretch or among the copies.
    places: Box<[[Place; MOST_HELD]]>,
    copies: String,
}

impl Held {
    fn new(columns: usize) -> Self {
        Held {
            places: vec![[Place { start: 0, end: 0 }; MOST_HELD]; columns].into(),
            ..Held::default()
        }
    }

    fn lines(&self) -> usize {
        self.filled.len()
    }

    /// The columns that any line fills.
    fn any(&self) -> u64 {
        self.filled.iter().fold(0, |bits, filled| bits | filled)
    }

    #[inline(always)]
    fn set(&mut self, line: usize, column: usize, place: Place) {
        self.filled[line] |= 1 << column;
        self.places[column][line] = place;
    }

    #[inline(always)]
    fn at<'t>(&'t self, place: Place, stretch: &'t str) -> &'t str {
        let range = place.range();
        if place.is_copied() {
            &self.copies[range]
        } else {
            &stretch[range]
        }
    }

    /// The text of each line for `column`, or else `constant`.
    #[inline]
    fn texts<'t, 'o>(
        &'t self,
        column: usize,
        constant: Option<&'t str>,
        stretch: &'t str,
        out: &'o mut Texts<'t>,
    ) -> &'o mut [Option<&'t str>] {
        let places = self.filled.iter().zip(&self.places[column]);
        for (text, (filled, place)) in out.iter_mut().zip(places) {
            let there = filled >> column & 1 == 1;
            *text = if there {
                Some(self.at(*place, stretch))
            } else {
                constant
            };
        }
        &mut out[..self.filled.len()]
    }

    /// The text of a line for `column`.
    #[inline]
    fn text<'t>(&'t self, line: usize, column: usize, stretch: &'t str) -> Option<&'t str> {
        let there = self.filled[line] >> column & 1 == 1;
        there.then(|| self.at(self.places[column][line], stretch))
    }

    /// Keeps the lines that `kept` is true for.
    fn keep_where(&mut self, kept: impl Fn(usize) -> bool) {
        for places in &mut self.places {
            let lines = (0..self.filled.len()).filter(|line| kept(*line));
            for (to, line) in lines.enumerate() {
                places[to] = places[line];
            }
        }
        keep_where(&mut self.numbers, &kept);
        keep_where(&mut self.filled, &kept);
    }

    fn clear(&mut self) {
        self.numbers.clear();
        self.filled.clear();
        self.copies.clear();
    }
}

/// Lines held that are no rows.
#[derive(Default)]
struct Refused {
    /// Bit by bit, the lines.
    lines: u128,
    rejects: Vec<(usize, Reject)>,
}

const _: () = assert!(MOST_HELD <= u128::BITS as usize);

impl Refused {
    fn has(&self, line: usize) -> bool {
        self.lines >> line & 1 == 1
    }

    /// Refuses a line; the first reason stays.
    #[cold]
    fn add(&mut self, line: usize, reject: Reject) {
        if !self.has(line) {
            self.lines |= 1 << line;
            self.rejects.push((line, reject));
        }
    }
}

/// What became of the lines held.
pub(super) struct Flushed {
    /// The time of each row, in the order of lines.
    pub(super) times: Vec<Option<i64>>,
    /// The lines that are no rows, by their place among those held, in order.
    pub(super) rejects: Vec<(usize, Reject)>,
}

/// Types rows of one evidence file.
pub(super) struct Rows<'a> {
    reading: &'a Reading,
    catalogue: &'a Catalogue,
    evidence_id: u32,
    fills: Vec<Fill>,
    event_time: usize,
    method_and_path: Option<(usize, usize)>,
    /// The column for what is wrong with a token.
    problem: Option<usize>,
    addresses: Addresses,
    last_date: LastDate,
    held: Held,
    refused: Refused,
    /// By column: numbers of the lines held.
    numbers: Vec<Vec<Option<u64>>>,
    /// By column: times of the lines held.
    times: Vec<Vec<Option<i64>>>,
    /// Bit by bit, the columns that any line had.
    pub(super) present: u32,
}

impl<'a> Rows<'a> {
    /// Rows of the evidence file `evidence_id`.
    pub(super) fn new(reading: &'a Reading, catalogue: &'a Catalogue, evidence_id: u32) -> Self {
        let frame = reading.frame;
        let event_time = frame
            .index("event_time")
            .expect("every event frame has a time");
        let fills = frame.columns.iter().enumerate().map(|(index, column)| {
            match (column.name, column.kind) {
                ("evidence_id", _) => Fill::EvidenceId,
                ("line_no", _) => Fill::LineNo,
                ("tier", _) => Fill::Tier,
                ("page", _) => Fill::Page,
                (_, Kind::Text | Kind::Identifier) => Fill::Text,
                (_, Kind::Bytes) => Fill::Bytes,
                (_, Kind::Unsigned) => Fill::Number(u64::MAX),
                (_, Kind::Small) => Fill::Number(u64::from(u32::MAX)),
                (_, Kind::Code) => Fill::Number(u64::from(u16::MAX)),
                (_, Kind::Time) if index == event_time => Fill::EventTime,
                (_, Kind::Time) => Fill::Claim,
                (_, Kind::Address) => Fill::Address,
            }
        });
        Rows {
            reading,
            catalogue,
            evidence_id,
            fills: fills.collect(),
            event_time,
            method_and_path: frame
                .index("page")
                .and(frame.index("method").zip(frame.index("path"))),
            problem: frame.index("token_problem"),
            addresses: Addresses::default(),
            last_date: LastDate::default(),
            held: Held::new(frame.columns.len()),
            refused: Refused::default(),
            numbers: vec![Vec::new(); frame.columns.len()],
            times: vec![Vec::new(); frame.columns.len()],
            present: 0,
        }
    }

    /// Holds a line. `base` is where it begins in its stretch, if it stands there as it was read.
    #[inline]
    pub(super) fn hold(&mut self, line_no: u64, base: Option<usize>, fields: &Fields<'_>) {
        let held = &mut self.held;
        let line = held.lines();
        let filled = fields.filled() & ((1 << self.fills.len()) - 1);
        held.numbers.push(line_no);
        held.filled.push(filled);
        let mut rest = filled;
        while rest != 0 {
            let column = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let place = fields.places()[column];
            held.places[column][line] = match base {
                Some(base) if !place.is_copied() => place.after(base),
                // It would be gone with the next line.
                _ => Place::of_copy(&mut held.copies, fields.get(column).unwrap_or_default()),
            };
        }
    }

    /// Holds the place of a line that is no row.
    pub(super) fn refuse(&mut self, line_no: u64, reject: Reject) {
        self.refused.add(self.held.lines(), reject);
        self.held.numbers.push(line_no);
        self.held.filled.push(0);
    }

    /// Whether [`Rows::flush`] is due before the stretch ends.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.held.copies.len() > MOST_COPIED
    }

    /// Appends the rows among the lines held.
    pub(super) fn flush(&mut self, stretch: &str, batch: &mut Batch) -> Flushed {
        let filled = self.held.any();
        self.present |= filled as u32;
        for column in 0..self.fills.len() {
            let constant = self.reading.constants[column].is_some();
            self.present |= u32::from(constant) << column;
            if self.reading.required[column] && !constant {
                self.require(column);
            }
            if filled >> column & 1 == 1 || constant {
                self.read(column, stretch);
            }
        }
        let mut refused = std::mem::take(&mut self.refused);
        if !refused.rejects.is_empty() {
            refused.rejects.sort_by_key(|(line, _)| *line);
            let rows = |line: usize| !refused.has(line);
            self.held.keep_where(rows);
            self.numbers
                .iter_mut()
                .for_each(|numbers| keep_where(numbers, rows));
            self.times
                .iter_mut()
                .for_each(|times| keep_where(times, rows));
        }
        self.append(stretch, batch);
        let times = std::mem::take(&mut self.times[self.event_time]);
        self.held.clear();
        self.numbers.iter_mut().for_each(Vec::clear);
        self.times.iter_mut().for_each(Vec::clear);
        Flushed {
            times,
            rejects: refused.rejects,
        }
    }

    /// Refuses the lines that lack `column`.
    fn require(&mut self, column: usize) {
        for (line, filled) in self.held.filled.iter().enumerate() {
            if filled >> column & 1 == 0 && !self.refused.has(line) {
                let name = self.reading.frame.columns[column].name;
                self.refused.add(line, missing(name));
            }
        }
    }

    /// Reads the numbers, times or addresses of a column.
    fn read(&mut self, column: usize, stretch: &str) {
        let reading = self.reading;
        match self.fills[column] {
            Fill::Number(most) => {
                let name = reading.frame.columns[column].name;
                self.numbers[column] = self.type_each(column, stretch, |_, text| {
                    let number = unsigned(text, most).ok_or_else(|| bad_number(name, text))?;
                    Ok(Some(number))
                });
            }
            Fill::EventTime => {
                let mut last = std::mem::take(&mut self.last_date);
                let read = |_, text: &str| reading.clock.read_next(&mut last, text).map(Some);
                self.times[column] = self.type_each(column, stretch, read);
                self.last_date = last;
            }
            Fill::Claim => self.claims(column, stretch),
            Fill::Address => self.canonical(column, stretch),
            Fill::EvidenceId
            | Fill::LineNo
            | Fill::Tier
            | Fill::Page
            | Fill::Text
            | Fill::Bytes => {}
        }
    }

    /// Reads what each line has for a column.
    #[inline]
    fn type_each<T>(
        &mut self,
        column: usize,
        stretch: &str,
        mut read: impl FnMut(usize, &str) -> Result<Option<T>, Reject>,
    ) -> Vec<Option<T>> {
        let required = self.reading.required[column];
        let constant = self.reading.constants[column].as_deref();
        let mut texts = NO_TEXTS;
        let texts = self.held.texts(column, constant, stretch, &mut texts);
        let lines = texts.iter().enumerate();
        let refused = &mut self.refused;
        let typed = lines.map(|(line, text)| {
            match *text {
                None => None,
                // An empty value of a column that may be missing is a missing value.
                Some("") if !required => None,
                Some(text) => read(line, text).unwrap_or_else(|reject| {
                    refused.add(line, reject);
                    None
                }),
            }
        });
        typed.collect()
    }

    /// Reads times that a token claims. What a client claims must not take its request out of the counts.
    fn claims(&mut self, column: usize, stretch: &str) {
        let (reading, problem) = (self.reading, self.problem);
        let mut bad = Vec::new();
        self.times[column] = self.type_each(column, stretch, |line, text| {
            match reading.clock.read_claim(text) {
                Ok(time) => Ok(Some(time)),
                Err(reject) if reject.reason == "bad_time" && problem.is_some() => {
                    bad.push(line);
                    Ok(None)
                }
                Err(reject) => Err(reject),
            }
        });
        let Some(problem) = problem else { return };
        for line in bad {
            if self.held.filled[line] >> problem & 1 == 0 {
                let place = Place::of_copy(&mut self.held.copies, "claim_time");
                self.held.set(line, problem, place);
            }
        }
    }

    /// Puts addresses into their canonical spelling.
    fn canonical(&mut self, column: usize, stretch: &str) {
        let required = self.reading.required[column];
        let constant = self.reading.constants[column].as_deref();
        for line in 0..self.held.lines() {
            let text = self.held.text(line, column, stretch).or(constant);
            let Some(text) = text.filter(|text| required || !text.is_empty()) else {
                continue;
            };
            if is_plain(text) {
                continue;
            }
            match self.addresses.canonical(text) {
                Ok(address) => {
                    let place = Place::of_copy(&mut self.held.copies, address);
                    self.held.set(line, column, place);
                }
                Err(reject) => {
                    self.refused.add(line, reject);
                }
            }
        }
    }

    /// Appends the lines held, which are all rows now.
    fn append(&self, stretch: &str, batch: &mut Batch) {
        let (held, rows) = (&self.held, self.held.lines());
        let filled = held.any();
        let mut texts = NO_TEXTS;
        for (column, fill) in self.fills.iter().enumerate() {
            let constant = self.reading.constants[column].as_deref();
            let there = filled >> column & 1 == 1 || constant.is_some();
            match fill {
                Fill::EvidenceId => {
                    let number = Some(u64::from(self.evidence_id));
                    batch.numbers(column, repeat_n(number, rows));
                }
                Fill::LineNo => {
                    batch.numbers(column, held.numbers.iter().map(|number| Some(*number)));
                }
                Fill::Tier => batch.repeat(column, self.reading.tier, rows),
                Fill::Page if !self.catalogue.pages.is_empty() => {
                    let mut pages = [None; MOST_HELD];
                    for (line, page) in pages.iter_mut().enumerate().take(rows) {
                        *page = self.page(line, stretch);
                    }
                    batch.texts(column, &pages[..rows]);
                }
                Fill::Text if there => {
                    batch.texts(column, held.texts(column, constant, stretch, &mut texts));
                }
                Fill::Address if there => {
                    let texts = held.texts(column, constant, stretch, &mut texts);
                    let empty = |text: &&mut Option<&str>| **text == Some("");
                    texts.iter_mut().filter(empty).for_each(|text| *text = None);
                    batch.texts(column, texts);
                }
                Fill::Bytes if there => {
                    let texts = held.texts(column, constant, stretch, &mut texts);
                    batch.bytes(column, texts.iter().map(|text| text.map(str::as_bytes)));
                }
                Fill::Number(_) if there => {
                    batch.numbers(column, self.numbers[column].iter().copied());
                }
                Fill::EventTime | Fill::Claim if there => {
                    batch.times(column, self.times[column].iter().copied());
                }
                _ => batch.nulls(column, rows),
            }
        }
        batch.grow(rows);
    }

    /// The page that a request asks for.
    fn page(&self, line: usize, stretch: &str) -> Option<&'a str> {
        let text = |column: usize| {
            let constant = self.reading.constants[column].as_deref();
            self.held.text(line, column, stretch).or(constant)
        };
        let (method, path) = self.method_and_path?;
        let page = self.catalogue.find(text(method)?, text(path)?)?;
        Some(&self.catalogue.pages[page].id)
    }
}

/// Keeps the items at places that `kept` is true for.
fn keep_where<T>(items: &mut Vec<T>, kept: impl Fn(usize) -> bool) {
    let mut place = 0;
    items.retain(|_| {
        place += 1;
        kept(place - 1)
    });
}

#[cold]
fn missing(name: &str) -> Reject {
    Reject::new("field_missing", format!("`{name}` is not there"))
}

#[cold]
fn bad_number(name: &str, text: &str) -> Reject {
    let shown: String = text.chars().take(40).collect();
    Reject::new("bad_number", format!("`{name}` is `{shown}`"))
}

#[inline]
fn unsigned(text: &str, most: u64) -> Option<u64> {
    let number = decimal(text.as_bytes()).or_else(|| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits && text.len() <= 20)
    });
    number.filter(|number| *number <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_and_in_range() {
        assert_eq!(unsigned("200", 65535), Some(200));
        assert_eq!(unsigned("18446744073709551615", u64::MAX), Some(u64::MAX));
        for bad in [
            "",
            "-1",
            "+1",
            "70000",
            "1e3",
            "20 ",
            "18446744073709551616",
        ] {
            assert_eq!(unsigned(bad, 65535), None, "{bad}");
        }
    }
}
