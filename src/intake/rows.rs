//! Fields of text -> typed rows of the frame, the same for all formats.
//!
//! The lines of a stretch are typed column by column: a loop that does one thing to many values is faster
//! than a look at each column's kind for every line.
//!
//! Reasons: `field_missing`, `bad_time`, `time_without_zone`, `time_in_fold`, `bad_number`,
//! `bad_address`, `field_type` (a field of JSON is an object, an array or a truth value). A line with several
//! has the reason of the first such column of the frame.

use super::reading::Reading;
use crate::case::Catalogue;
use crate::frames::{Batch, Kind, Looked};
use crate::intake::blocks::fields::FROM_TOKEN;
use crate::intake::blocks::fields::{Fields, Place, says_nothing, slot};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::{NO_TEXTS, Stretch, Texts, keep};
use crate::intake::reject::{Reason, Reject};
use crate::intake::values::addresses::{self, Addresses};
use crate::intake::values::clock::LastDate;
use crate::intake::values::numbers::{code, refused, unsigned};
use crate::intake::values::token::{self, TOKEN_COOKIE_ABSENT, TOKEN_ID_ABSENT, WHOLE};

/// The method, and mostly the path, of what a server logged and refused without a request that it could read.
pub(crate) const NO_REQUEST: &str = "-";

/// How one column of a row comes about.
#[derive(Debug, Clone, Copy)]
enum Fill {
    EvidenceId,
    LineNo,
    Tier,
    Page,
    Text,
    /// Whose it is: an account or a subject.
    Whose,
    Bytes,
    /// A number of at most this.
    Number(u64),
    /// A status code.
    Code,
    EventTime,
    Claim,
    Address,
}

/// Lines that are no rows.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    lines: LineSet,
    rejects: Vec<(usize, Reject)>,
}

impl Refused {
    /// Refuses a line; the first reason stays.
    #[cold]
    fn add(&mut self, line: usize, reject: Reject) {
        if !self.lines.contains(line) {
            self.lines.insert(line);
            self.rejects.push((line, reject));
        }
    }
}

/// Numbers or times of the lines of a stretch, and which lines have one.
#[derive(Debug, Clone, Copy)]
struct Typed<T> {
    values: [T; MOST_LINES],
    there: LineSet,
}

impl<T: Copy + Default> Default for Typed<T> {
    fn default() -> Self {
        Typed {
            values: [T::default(); MOST_LINES],
            there: LineSet::EMPTY,
        }
    }
}

impl<T: Copy> Typed<T> {
    /// Reads what each line has for a column; `None` is no value.
    #[inline(always)]
    fn read(
        &mut self,
        column: usize,
        constant: Option<&str>,
        stretch: &Stretch<'_>,
        refused: &mut Refused,
        mut read: impl FnMut(usize, &[u8]) -> Result<Option<T>, Reject>,
    ) {
        self.there = LineSet::EMPTY;
        stretch.each_text(column, constant, |line, text| match read(line, text) {
            Ok(Some(value)) => {
                self.values[line] = value;
                self.there.insert(line);
            }
            Ok(None) => {}
            Err(reject) => refused.add(line, reject),
        });
    }

    /// Keeps the values of `kept` lines, side by side.
    fn keep(&mut self, kept: LineSet) {
        keep(&mut self.values, kept);
        self.there = self.there.side_by_side(kept);
    }
}

/// Types rows of one evidence file.
pub(crate) struct Rows<'a> {
    reading: &'a Reading,
    catalogue: &'a Catalogue,
    evidence_id: u32,
    fills: Vec<Fill>,
    event_time: usize,
    method_and_path: Option<(usize, usize)>,
    /// The columns that say whether the server refused a request.
    answer: Option<(usize, usize)>,
    /// The column for what is wrong with a token.
    problem: Option<usize>,
    /// The column of a token's id, where the log has a field for it, and those of its claims.
    token_id: Option<usize>,
    claims: Vec<usize>,
    addresses: Addresses,
    last_date: LastDate,
    refused: Refused,
    /// By column: numbers.
    numbers: Box<[Typed<u64>]>,
    /// By column: times.
    times: Box<[Typed<i64>]>,
    /// By column: which addresses of the stretch the batch has already.
    looked: Box<[Option<Looked>]>,
    /// Bit by bit, the columns that any line had.
    pub(crate) present: u32,
}

impl<'a> Rows<'a> {
    /// Rows of the evidence file `evidence_id`.
    pub(crate) fn new(reading: &'a Reading, catalogue: &'a Catalogue, evidence_id: u32) -> Self {
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
                ("account" | "subject" | "token_subject", _) => Fill::Whose,
                (_, Kind::Text | Kind::Identifier) => Fill::Text,
                (_, Kind::Bytes) => Fill::Bytes,
                (_, Kind::Unsigned) => Fill::Number(u64::MAX),
                (_, Kind::Small) => Fill::Number(u64::from(u32::MAX)),
                (_, Kind::Code) => Fill::Code,
                (_, Kind::Time) if index == event_time => Fill::EventTime,
                (_, Kind::Time) => Fill::Claim,
                (_, Kind::Address) => Fill::Address,
            }
        });
        let columns = frame.columns.len();
        Rows {
            reading,
            catalogue,
            evidence_id,
            fills: fills.collect(),
            event_time,
            method_and_path: frame
                .index("page")
                .and(frame.index("method").zip(frame.index("path"))),
            answer: frame.index("status").zip(frame.index("body_bytes")),
            problem: frame.index("token_problem"),
            token_id: frame.index("token_id").filter(|_| {
                let fills = reading.parser.fills();
                let mut slots = WHOLE.iter().filter_map(|name| slot(frame, name));
                slots.any(|slot| fills.contains(&slot))
            }),
            claims: token::claims(frame).collect(),
            addresses: Addresses::default(),
            last_date: LastDate::default(),
            refused: Refused::default(),
            numbers: vec![Typed::default(); columns].into(),
            times: vec![Typed::default(); columns].into(),
            looked: vec![None; columns].into(),
            present: 0,
        }
    }

    /// A field of which something is wrong makes its line a reject; not so a claim, which clients choose.
    pub(crate) fn check(&self, fields: &mut Fields<'_>) -> Result<(), Reject> {
        if fields.doubts().is_empty() {
            return Ok(());
        }
        let of_token = FROM_TOKEN
            .iter()
            .filter_map(|name| self.reading.frame.index(name));
        let of_token = of_token.fold(0, |claims, column| claims | 1 << column);
        let claims = self.problem.map_or(0, |_| of_token);
        let (mut doubted, mut reason, mut unnamed) = (0, None, false);
        for (slots, reject) in fields.doubts() {
            if reject.reason == Reason::NoClaims {
                unnamed = true;
                continue;
            }
            let joined = reject.reason == Reason::Joined;
            if joined && slots & of_token == 0 {
                continue;
            }
            if slots & !claims != 0 {
                let reason = if joined {
                    Reason::FieldType
                } else {
                    reject.reason
                };
                return Err(Reject::new(reason, reject.detail.clone()));
            }
            doubted |= slots;
            let of_claim = match reject.reason {
                Reason::DuplicateField => "claim_twice",
                _ => "claim_type",
            };
            reason.get_or_insert(of_claim);
        }
        let named = self.token_id.is_none_or(|token_id| fields.says(token_id));
        if unnamed && !named {
            reason.get_or_insert(TOKEN_ID_ABSENT);
        }
        for slot in (0..self.fills.len()).filter(|slot| doubted >> slot & 1 == 1) {
            fields.clear(slot);
        }
        if let (Some(problem), Some(reason)) = (self.problem, reason) {
            fields.copy(problem, reason);
        }
        Ok(())
    }

    /// Takes a line of the stretch for no row.
    #[cold]
    pub(crate) fn refuse(&mut self, stretch: &mut Stretch<'_>, line: usize, reject: Reject) {
        stretch.empty(line);
        self.refused.add(line, reject);
    }

    /// The times of the rows of the last stretch.
    pub(crate) fn event_times(&self) -> &[i64; MOST_LINES] {
        &self.times[self.event_time].values
    }

    /// Appends the rows among the lines of a stretch, whose fields it types; keeps them alone. Gives the lines
    /// that are no rows, by their place, in order, with their numbers.
    pub(crate) fn settle(
        &mut self,
        stretch: &mut Stretch<'_>,
        batch: &mut Batch,
    ) -> Vec<(usize, u64, Reject)> {
        for column in 0..self.fills.len() {
            let constant = self.reading.constants[column].is_some();
            // A client may ask for `-`; its request is one all the same.
            if self.method_and_path.is_none_or(|(_, path)| column != path) {
                stretch.forget_nothing(column);
            }
            if self.reading.required[column] && !constant {
                if stretch.there(column) != stretch.all() {
                    self.ask_nothing(column, stretch);
                }
                self.require(column, stretch);
            }
            let there = !stretch.there(column).is_empty() || constant;
            if there {
                self.present |= 1 << column;
                self.read(column, stretch, batch);
            }
        }
        self.note_unnamed(stretch);
        let refused = std::mem::take(&mut self.refused);
        let numbers = stretch.numbers();
        let numbered = |(line, reject)| (line, numbers[line], reject);
        let mut rejects: Vec<_> = refused.rejects.into_iter().map(numbered).collect();
        if !rejects.is_empty() {
            rejects.sort_by_key(|(line, ..)| *line);
            let rows = stretch.all() - refused.lines;
            stretch.keep(rows);
            self.numbers
                .iter_mut()
                .for_each(|numbers| numbers.keep(rows));
            self.times.iter_mut().for_each(|times| times.keep(rows));
            self.looked.fill(None);
        }
        self.append(stretch, batch);
        rejects
    }

    /// Fills the method or path of those lines that have none because the server refused whatever was sent.
    #[cold]
    fn ask_nothing(&self, column: usize, stretch: &mut Stretch<'_>) {
        let Some(((method, path), (status, size))) = self.method_and_path.zip(self.answer) else {
            return;
        };
        if column != method && column != path {
            return;
        }
        for line in (stretch.all() - stretch.there(column)).iter() {
            if refused(stretch.get(line, status), stretch.get(line, size)) {
                for column in [method, path] {
                    if stretch.get(line, column).is_none_or(says_nothing) {
                        let place = Place::of_copy(&mut stretch.copies, NO_REQUEST);
                        stretch.set(line, column, place);
                    }
                }
            }
        }
    }

    /// Refuses the lines that lack `column`.
    #[inline]
    fn require(&mut self, column: usize, stretch: &Stretch<'_>) {
        for line in (stretch.all() - stretch.there(column) - self.refused.lines).iter() {
            let name = self.reading.frame.columns[column].name;
            let answer = self
                .answer
                .map(|(status, size)| (stretch.get(line, status), stretch.get(line, size)));
            self.refused.add(line, missing(name, answer));
        }
    }

    /// Reads the numbers, times or addresses of a column.
    fn read(&mut self, column: usize, stretch: &mut Stretch<'_>, batch: &Batch) {
        let reading = self.reading;
        let constant = reading.constants[column].as_deref();
        match self.fills[column] {
            Fill::Number(most) => {
                let name = reading.frame.columns[column].name;
                let required = reading.required[column];
                let typed = &mut self.numbers[column];
                typed.read(
                    column,
                    constant,
                    stretch,
                    &mut self.refused,
                    |_, text| match unsigned(text, most) {
                        Ok(None) if required => Err(missing(name, None)),
                        number => number.map_err(|_| bad_number(name, text)),
                    },
                );
            }
            Fill::Code => {
                let name = reading.frame.columns[column].name;
                let typed = &mut self.numbers[column];
                typed.read(column, constant, stretch, &mut self.refused, |_, text| {
                    code(text).map(Some).ok_or_else(|| bad_number(name, text))
                });
            }
            Fill::EventTime => {
                let typed = &mut self.times[column];
                typed.read(column, constant, stretch, &mut self.refused, |_, text| {
                    reading.clock.read_next(&mut self.last_date, text).map(Some)
                });
            }
            Fill::Claim => self.claims(column, stretch),
            Fill::Address => self.canonical(column, stretch, batch),
            Fill::Whose => whole_numbers(column, stretch),
            Fill::EvidenceId
            | Fill::LineNo
            | Fill::Tier
            | Fill::Page
            | Fill::Text
            | Fill::Bytes => {}
        }
    }

    /// Reads times that a token claims. What a client claims must not take its request out of the counts.
    fn claims(&mut self, column: usize, stretch: &mut Stretch<'_>) {
        let (reading, problem) = (self.reading, self.problem);
        let mut bad = LineSet::EMPTY;
        let constant = reading.constants[column].as_deref();
        let typed = &mut self.times[column];
        typed.read(
            column,
            constant,
            stretch,
            &mut self.refused,
            |line, text| {
                let read = reading.clock.read_claim(text);
                if problem.is_some() && read.is_err() {
                    bad.insert(line);
                    return Ok(None);
                }
                read.map(Some)
            },
        );
        if let Some(problem) = problem {
            note(stretch, bad, problem, "claim_time");
        }
    }

    /// A token that the log tells claims of, but no id, is a token all the same.
    fn note_unnamed(&self, stretch: &mut Stretch<'_>) {
        if let (Some(token_id), Some(problem)) = (self.token_id, self.problem) {
            let claims = self.claims.iter().map(|column| stretch.there(*column));
            let claimed = claims.fold(LineSet::EMPTY, |all, lines| all | lines);
            let unnamed = claimed - stretch.there(token_id);
            // What has claims came with a token, whatever its cookies.
            for line in (unnamed & stretch.there(problem)).iter() {
                if stretch.get(line, problem) == Some(TOKEN_COOKIE_ABSENT) {
                    let place = Place::of_copy(&mut stretch.copies, TOKEN_ID_ABSENT);
                    stretch.set(line, problem, place);
                }
            }
            note(stretch, unnamed, problem, TOKEN_ID_ABSENT);
        }
    }

    /// Puts addresses into their canonical spelling.
    fn canonical(&mut self, column: usize, stretch: &mut Stretch<'_>, batch: &Batch) {
        let constant = self.reading.constants[column].as_deref();
        let mut texts = NO_TEXTS;
        let there = stretch.texts(column, constant, &mut texts);
        let texts = &texts[..stretch.count()];
        // What the column has is canonical.
        self.looked[column] = batch.look(column, texts);
        let known = self.looked[column].map_or(0, |looked| looked.found);
        let new = there - LineSet::of_bits(known);
        for line in (new - addresses::plain(texts, new)).iter() {
            let text = stretch.get(line, column).or(constant).unwrap_or_default();
            match self.addresses.canonical(text) {
                Ok(address) => {
                    let place = Place::of_copy(&mut stretch.copies, address);
                    stretch.set(line, column, place);
                }
                Err(reject) => self.refused.add(line, reject),
            }
        }
    }

    /// Appends the lines of a stretch, which are all rows now.
    fn append(&self, stretch: &Stretch<'_>, batch: &mut Batch) {
        let rows = stretch.count();
        let mut texts = NO_TEXTS;
        for (column, fill) in self.fills.iter().enumerate() {
            let constant = self.reading.constants[column].as_deref();
            let there = !stretch.there(column).is_empty() || constant.is_some();
            match fill {
                Fill::EvidenceId => {
                    let number = [u64::from(self.evidence_id); MOST_LINES];
                    batch.numbers(column, &number[..rows], stretch.all().bits());
                }
                Fill::LineNo => {
                    batch.numbers(column, &stretch.numbers()[..rows], stretch.all().bits())
                }
                Fill::Tier => batch.repeat(column, self.reading.tier, rows),
                Fill::Page if !self.catalogue.pages.is_empty() => {
                    let there = self.pages(stretch, &mut texts);
                    batch.texts(column, &texts[..rows], there.bits(), None);
                }
                Fill::Text | Fill::Whose | Fill::Address if there => {
                    let there = stretch.texts(column, constant, &mut texts);
                    let looked = self.looked[column].as_ref();
                    batch.texts(column, &texts[..rows], there.bits(), looked);
                }
                Fill::Bytes if there => {
                    let there = stretch.texts(column, constant, &mut texts);
                    batch.bytes(column, &texts[..rows], there.bits());
                }
                Fill::Number(_) | Fill::Code if there => {
                    let Typed { values, there } = &self.numbers[column];
                    batch.numbers(column, &values[..rows], there.bits());
                }
                Fill::EventTime | Fill::Claim if there => {
                    let Typed { values, there } = &self.times[column];
                    batch.times(column, &values[..rows], there.bits());
                }
                _ => batch.nulls(column, rows),
            }
        }
        batch.grow(rows);
    }

    /// The pages that requests ask for, and which lines ask for one.
    fn pages<'t>(&'t self, stretch: &Stretch<'_>, out: &mut Texts<'t>) -> LineSet {
        let mut there = LineSet::EMPTY;
        let Some((method, path)) = self.method_and_path else {
            return there;
        };
        let of = |line: usize, column: usize| {
            let constant = self.reading.constants[column].as_deref();
            stretch.get(line, column).or(constant)
        };
        for (line, out) in out.iter_mut().enumerate().take(stretch.count()) {
            let asked = of(line, method).zip(of(line, path));
            let page = asked.and_then(|(method, path)| self.catalogue.find(method, path));
            if let Some(page) = page {
                *out = self.catalogue.pages[page].id.as_bytes();
                there.insert(line);
            }
        }
        there
    }
}

/// Takes the zeros behind a point from numbers: a table's column that has gaps writes `7.0` for 7.
fn whole_numbers(column: usize, stretch: &mut Stretch<'_>) {
    for line in (stretch.there(column)).iter() {
        let text = stretch.get(line, column).unwrap_or_default();
        if let Some(digits) = number_before_zeros(text.as_bytes()) {
            let place = &mut stretch.places(column)[line];
            *place = place.cut(0..digits);
        }
    }
}

/// The length of the number before a point and zeros.
fn number_before_zeros(text: &[u8]) -> Option<usize> {
    let point = text
        .ends_with(b"0")
        .then(|| text.iter().rposition(|byte| *byte != b'0'))??;
    let number = &text[..point];
    (text[point] == b'.' && !number.is_empty() && number.iter().all(u8::is_ascii_digit))
        .then_some(point)
}

/// Notes what is wrong with the tokens of `lines`, where nothing is noted yet.
fn note(stretch: &mut Stretch<'_>, lines: LineSet, problem: usize, reason: &str) {
    for line in (lines - stretch.there(problem)).iter() {
        let place = Place::of_copy(&mut stretch.copies, reason);
        stretch.set(line, problem, place);
    }
}

#[cold]
fn missing(name: &str, answer: Option<(Option<&str>, Option<&str>)>) -> Reject {
    let answer = match answer {
        Some((Some(status), size)) if matches!(name, "method" | "path") => {
            let with = size.map_or(String::new(), |size| {
                format!(" with size `{}`", shown(size))
            });
            format!(", and the status `{}`{with} is no refusal", shown(status))
        }
        _ => String::new(),
    };
    Reject::new(
        Reason::FieldMissing,
        format!("`{name}` is not there{answer}"),
    )
}

#[cold]
fn bad_number(name: &str, text: &[u8]) -> Reject {
    let text = String::from_utf8_lossy(text);
    Reject::new(Reason::BadNumber, format!("`{name}` is `{}`", shown(&text)))
}

/// As much of a text as tells what it is.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
