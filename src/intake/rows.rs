//! Fields of text -> typed rows of the frame, the same for all formats.
//!
//! Lines are held until there are enough of them, and then typed column by column: a loop that does one
//! thing to many values is faster than a look at each column's kind for every line.
//!
//! Reasons: `field_missing`, `bad_time`, `time_without_zone`, `time_in_fold`, `bad_number`,
//! `bad_address`. A line with several has the reason of the first such column of the frame.

use std::iter::repeat_n;

use super::addresses::{Addresses, is_plain};
use super::fields::{COPIED, Fields, MOST_COLUMNS, Place};
use super::formats::Reject;
use super::reading::Reading;
use crate::bytes::decimal;
use crate::case::Catalogue;
use crate::frames::{Batch, Kind};

/// Lines typed together: few enough that their places stay in the processor's nearest cache.
const MOST_HELD: usize = 128;
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

/// A line whose fields are known.
#[derive(Debug, Clone, Copy)]
struct Held {
    line_no: u64,
    /// Where it begins in its block.
    base: usize,
    /// Bit by bit, the columns it fills.
    filled: u64,
    places: [Place; MOST_COLUMNS],
}

impl Held {
    /// The text for `column`: in the block, or among the copies.
    #[inline(always)]
    fn text<'t>(&self, column: usize, block: &'t str, copies: &'t str) -> Option<&'t str> {
        if self.filled >> column & 1 == 0 {
            return None;
        }
        let Place { start, end } = self.places[column];
        Some(if start & COPIED == 0 {
            &block[self.base + start as usize..self.base + end as usize]
        } else {
            &copies[(start & !COPIED) as usize..end as usize]
        })
    }
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
    held: Vec<Held>,
    /// By line held: why it is no row.
    refused: Vec<Option<Reject>>,
    copies: String,
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
            held: Vec::with_capacity(MOST_HELD),
            refused: Vec::with_capacity(MOST_HELD),
            copies: String::new(),
            numbers: vec![Vec::new(); frame.columns.len()],
            times: vec![Vec::new(); frame.columns.len()],
            present: 0,
        }
    }

    /// Holds a line. `base` is where it begins in its block, if it stands there as it was read.
    #[inline]
    pub(super) fn hold(&mut self, line_no: u64, base: Option<usize>, fields: &Fields<'_>) {
        let columns = (1 << self.fills.len()) - 1;
        let mut held = Held {
            line_no,
            base: base.unwrap_or(0),
            filled: fields.filled() & columns,
            places: *fields.places(),
        };
        if base.is_none() || fields.has_copies() {
            self.keep(&mut held, base.is_none(), fields);
        }
        self.held.push(held);
        self.refused.push(None);
    }

    /// Copies what would be gone with the next line.
    #[cold]
    fn keep(&mut self, held: &mut Held, all: bool, fields: &Fields<'_>) {
        for (column, place) in held.places.iter_mut().enumerate() {
            let Some(text) = fields.get(column) else {
                continue;
            };
            if all || place.start & COPIED != 0 {
                *place = Place::of_copy(&mut self.copies, text);
            }
        }
    }

    /// Holds the place of a line that is no row.
    pub(super) fn refuse(&mut self, line_no: u64, reject: Reject) {
        self.held.push(Held {
            line_no,
            base: 0,
            filled: 0,
            places: [Place { start: 0, end: 0 }; MOST_COLUMNS],
        });
        self.refused.push(Some(reject));
    }

    /// Whether [`Rows::flush`] is due.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= MOST_HELD || self.copies.len() > MOST_COPIED
    }

    /// Appends the rows among the lines held; gives the time of each line, or why it is no row.
    pub(super) fn flush(&mut self, block: &str, batch: &mut Batch) -> Vec<Result<i64, Reject>> {
        let filled = self.held.iter().fold(0, |bits, held| bits | held.filled);
        self.present |= filled as u32;
        for column in 0..self.fills.len() {
            let constant = self.reading.constants[column].is_some();
            self.present |= u32::from(constant) << column;
            if self.reading.required[column] && !constant {
                self.require(column);
            }
            if filled >> column & 1 == 1 || constant {
                self.read(column, block);
            }
        }
        let times = &self.times[self.event_time];
        let outcomes = self.refused.drain(..).enumerate().map(|(line, refused)| {
            let time = || times[line].expect("the time is required");
            refused.map_or_else(|| Ok(time()), Err)
        });
        let outcomes: Vec<Result<i64, Reject>> = outcomes.collect();
        if outcomes.iter().any(Result::is_err) {
            let rows = |line: usize| outcomes[line].is_ok();
            keep_where(&mut self.held, rows);
            self.numbers
                .iter_mut()
                .for_each(|numbers| keep_where(numbers, rows));
            self.times
                .iter_mut()
                .for_each(|times| keep_where(times, rows));
        }
        self.append(block, batch);
        self.held.clear();
        self.copies.clear();
        self.numbers.iter_mut().for_each(Vec::clear);
        self.times.iter_mut().for_each(Vec::clear);
        outcomes
    }

    /// Refuses the lines that lack `column`.
    fn require(&mut self, column: usize) {
        for (held, refused) in self.held.iter().zip(&mut self.refused) {
            if held.filled >> column & 1 == 0 && refused.is_none() {
                *refused = Some(missing(self.reading.frame.columns[column].name));
            }
        }
    }

    /// Reads the numbers, times or addresses of a column.
    fn read(&mut self, column: usize, block: &str) {
        let reading = self.reading;
        match self.fills[column] {
            Fill::Number(most) => {
                let name = reading.frame.columns[column].name;
                self.numbers[column] = self.type_each(column, block, |_, text| {
                    let number = unsigned(text, most).ok_or_else(|| bad_number(name, text))?;
                    Ok(Some(number))
                });
            }
            Fill::EventTime => {
                let read = |_, text: &str| reading.clock.read(text).map(Some);
                self.times[column] = self.type_each(column, block, read);
            }
            Fill::Claim => self.claims(column, block),
            Fill::Address => self.canonical(column, block),
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
        block: &str,
        mut read: impl FnMut(usize, &str) -> Result<Option<T>, Reject>,
    ) -> Vec<Option<T>> {
        let required = self.reading.required[column];
        let constant = self.reading.constants[column].as_deref();
        let lines = self.held.iter().zip(&mut self.refused).enumerate();
        let typed = lines.map(|(line, (held, refused))| {
            match held.text(column, block, &self.copies).or(constant) {
                None => None,
                // An empty value of a column that may be missing is a missing value.
                Some("") if !required => None,
                Some(text) => read(line, text).unwrap_or_else(|reject| {
                    refused.get_or_insert(reject);
                    None
                }),
            }
        });
        typed.collect()
    }

    /// Reads times that a token claims. What a client claims must not take its request out of the counts.
    fn claims(&mut self, column: usize, block: &str) {
        let (reading, problem) = (self.reading, self.problem);
        let mut bad = Vec::new();
        self.times[column] = self.type_each(column, block, |line, text| {
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
            let held = &mut self.held[line];
            if held.filled >> problem & 1 == 0 {
                held.filled |= 1 << problem;
                held.places[problem] = Place::of_copy(&mut self.copies, "claim_time");
            }
        }
    }

    /// Puts addresses into their canonical spelling.
    fn canonical(&mut self, column: usize, block: &str) {
        let required = self.reading.required[column];
        let constant = self.reading.constants[column].as_deref();
        for line in 0..self.held.len() {
            let text = self.held[line].text(column, block, &self.copies);
            let Some(text) = text
                .or(constant)
                .filter(|text| required || !text.is_empty())
            else {
                continue;
            };
            if is_plain(text) {
                continue;
            }
            match self.addresses.canonical(text) {
                Ok(address) => {
                    self.held[line].filled |= 1 << column;
                    self.held[line].places[column] = Place::of_copy(&mut self.copies, address);
                }
                Err(reject) => {
                    self.refused[line].get_or_insert(reject);
                }
            }
        }
    }

    /// Appends the lines held, which are all rows now.
    fn append(&self, block: &str, batch: &mut Batch) {
        let (held, rows) = (&self.held, self.held.len());
        let filled = held.iter().fold(0, |bits, held| bits | held.filled);
        for (column, fill) in self.fills.iter().enumerate() {
            let constant = self.reading.constants[column].as_deref();
            let text = |held: &Held| held.text(column, block, &self.copies).or(constant);
            let texts = held.iter().map(text);
            let there = filled >> column & 1 == 1 || constant.is_some();
            match fill {
                Fill::EvidenceId => {
                    let number = Some(u64::from(self.evidence_id));
                    batch.numbers(column, repeat_n(number, rows));
                }
                Fill::LineNo => {
                    batch.numbers(column, held.iter().map(|held| Some(held.line_no)));
                }
                Fill::Tier => batch.texts(column, repeat_n(Some(self.reading.tier), rows)),
                Fill::Page if !self.catalogue.pages.is_empty() => {
                    batch.texts(column, held.iter().map(|held| self.page(held, block)));
                }
                Fill::Text if there => batch.texts(column, texts),
                Fill::Address if there => {
                    batch.texts(
                        column,
                        texts.map(|text| text.filter(|text| !text.is_empty())),
                    );
                }
                Fill::Bytes if there => {
                    batch.bytes(column, texts.map(|text| text.map(str::as_bytes)));
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
    fn page(&self, held: &Held, block: &str) -> Option<&'a str> {
        let text = |column: usize| {
            let constant = self.reading.constants[column].as_deref();
            held.text(column, block, &self.copies).or(constant)
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
