//! Types the fields of lines and appends them as rows to a batch, the same way for all formats.
//!
//! The lines of a stretch are typed column by column: a loop that does one thing to many values is
//! faster than a look at each column's role for every line. A line that several columns make a reject
//! has the reason of the first of them in the frame.
//!
//! | file | what it holds |
//! |---|---|
//! | `columns` | what a column holds, and its values for one stretch |
//! | `meanings` | what the events of identity logs did |
//! | `notes` | what is wrong with values of rows |
//! | `doubts` | which fields in doubt make their line a reject |
//! | `details` | the sentences that say what is wrong with a line |

mod columns;
mod details;
mod doubts;
mod meanings;
mod notes;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::reading::{Affixes, Reading};
use crate::case::Catalogue;
use crate::frames::{Batch, Looked};
use crate::identity::canonical;
use crate::intake::blocks::fields::{FORWARDED_FOR, Fields, says_nothing, slot};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::{NO_TEXTS, Stretch, Texts};
use crate::intake::problem::{Found, TIME_TWICE};
use crate::intake::reject::{Reason, Reject};
use crate::intake::values::addresses::{self, Addresses};
use crate::intake::values::clock::LastDate;
use crate::intake::values::numbers::{server_refused, status_code, unsigned};
use crate::intake::values::token::{self, ID_FIELDS, TOKEN_COOKIE_ABSENT, TOKEN_ID_ABSENT};
use columns::{ColumnRole, RejectedLines, TypedColumn};
use details::{bad_number, missing};
use doubts::Doubts;
use meanings::Meanings;
use notes::Notes;

/// The method of a request that the server refused and could not read; mostly its path too.
pub(crate) const NO_REQUEST: &str = "-";

/// Types the rows of one evidence file.
pub(crate) struct RowTyper<'a> {
    reading: &'a Reading,
    catalogue: &'a Catalogue,
    evidence_id: u32,
    /// By column: what it holds.
    roles: Vec<ColumnRole>,
    event_time: usize,
    /// The columns of a request's method and path, where the frame has requests for pages.
    method_and_path: Option<(usize, usize)>,
    /// The columns that say whether the server refused a request: status and size.
    answer: Option<(usize, usize)>,
    /// The column for what is wrong with a token.
    problem: Option<usize>,
    /// The column of a token's id, where the log has a field for it.
    token_id: Option<usize>,
    /// The columns of its claims.
    claims: Vec<usize>,
    doubts: Doubts,
    meanings: Option<Meanings>,
    notes: Notes,
    addresses: Addresses,
    last_date: LastDate,
    rejected: RejectedLines,
    /// By column: the numbers of the stretch.
    numbers: Box<[TypedColumn<u64>]>,
    /// By column: the times of the stretch.
    times: Box<[TypedColumn<i64>]>,
    /// By column: which addresses of the stretch the batch has already.
    looked: Box<[Option<Looked>]>,
    /// The columns that any line had, as bits.
    pub(crate) present: u32,
}

impl<'a> RowTyper<'a> {
    /// Prepares to type rows of the evidence file `evidence_id`.
    pub(crate) fn new(reading: &'a Reading, catalogue: &'a Catalogue, evidence_id: u32) -> Self {
        let frame = reading.frame;
        let columns = frame.columns.len();
        let problem = frame.index("token_problem");
        let token_id = frame.index("token_id").filter(|_| {
            let fills = reading.parser.fills();
            let mut slots = ID_FIELDS.iter().filter_map(|name| slot(frame, name));
            slots.any(|slot| fills.contains(&slot))
        });
        RowTyper {
            reading,
            catalogue,
            evidence_id,
            roles: frame.columns.iter().map(ColumnRole::of).collect(),
            event_time: frame
                .index("event_time")
                .expect("every event frame has a time"),
            method_and_path: frame
                .index("page")
                .and(frame.index("method").zip(frame.index("path"))),
            answer: frame.index("status").zip(frame.index("body_bytes")),
            problem,
            token_id,
            claims: token::claim_columns(frame).collect(),
            doubts: Doubts::new(frame, problem, token_id),
            meanings: Meanings::of(frame),
            notes: Notes::new(
                frame
                    .index("row_problem")
                    .expect("every event frame has problems"),
            ),
            addresses: Addresses::default(),
            last_date: LastDate::default(),
            rejected: RejectedLines::default(),
            numbers: vec![TypedColumn::default(); columns].into(),
            times: vec![TypedColumn::default(); columns].into(),
            looked: vec![None; columns].into(),
            present: 0,
        }
    }

    /// Settles what the parser found wrong with single fields: an error if the line is a reject.
    pub(crate) fn settle_doubts(&self, fields: &mut Fields<'_>) -> Result<(), Reject> {
        self.doubts.settle(fields)
    }

    /// Makes `line` of the stretch a reject, whatever fields it has.
    #[cold]
    pub(crate) fn reject_line(&mut self, stretch: &mut Stretch<'_>, line: usize, reject: Reject) {
        stretch.clear_line(line);
        self.rejected.add(line, reject);
    }

    /// By column, texts of events and outcomes that are on no list, and how many lines have each.
    pub(crate) fn take_unknown_words(&mut self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let meanings = self.meanings.as_mut();
        meanings.map_or_else(BTreeMap::new, |meanings| {
            std::mem::take(&mut meanings.unknown)
        })
    }

    /// By name, what is wrong with values of rows; and how many rows have any such value.
    pub(crate) fn take_problems(&mut self) -> (BTreeMap<String, Found>, u64) {
        (std::mem::take(&mut self.notes.found), self.notes.row_count)
    }

    /// The first line of the stretch that became a row without a value that its log must have.
    pub(crate) fn incomplete_line(&self) -> Option<usize> {
        self.notes.incomplete
    }

    /// The event times of the rows that were appended last; only as many as there were are valid.
    pub(crate) fn event_times(&self) -> &[i64; MOST_LINES] {
        &self.times[self.event_time].values
    }

    /// Types the fields of each line in `stretch` and appends the valid rows to `batch`.
    ///
    /// Returns the rejected lines in order, with their line numbers and reasons. Only the valid lines
    /// stay in `stretch`.
    pub(crate) fn type_rows(
        &mut self,
        stretch: &mut Stretch<'_>,
        batch: &mut Batch,
    ) -> Vec<(usize, u64, Reject)> {
        self.notes.take_from(stretch);
        for column in 0..self.roles.len() {
            let constant = self.reading.constants[column].is_some();
            // A client may ask for the path `-`, and its request counts all the same.
            if self.method_and_path.is_none_or(|(_, path)| column != path) {
                stretch.forget_empty_texts(column);
            }
            if self.reading.required[column] && !constant {
                if stretch.lines_with(column) != stretch.all() {
                    self.fill_refused_requests(column, stretch);
                }
                let definition = &self.reading.frame.columns[column];
                if definition.needed && !definition.required {
                    self.note_lines_without(column, stretch);
                } else {
                    self.reject_lines_without(column, stretch);
                }
            }
            if constant || !stretch.lines_with(column).is_empty() {
                // A frame has fewer than 32 columns: see `FIRST_PART` of `blocks::fields`.
                self.present |= 1 << column;
                self.type_column(column, stretch, batch);
            }
        }
        self.note_tokens_without_id(stretch);
        self.notes.commit(stretch, self.rejected.lines);
        let rejects = self.take_rejects(stretch);
        if let Some(meanings) = &mut self.meanings {
            meanings.read(stretch, &self.reading.words, &self.reading.constants);
        }
        self.append_rows(stretch, batch);
        rejects
    }

    /// Takes the rejected lines out of the stretch, and returns them in order.
    fn take_rejects(&mut self, stretch: &mut Stretch<'_>) -> Vec<(usize, u64, Reject)> {
        let rejected = std::mem::take(&mut self.rejected);
        if rejected.rejects.is_empty() {
            return Vec::new();
        }
        let numbers = stretch.line_numbers();
        let numbered = |(line, reject)| (line, numbers[line], reject);
        let mut rejects: Vec<_> = rejected.rejects.into_iter().map(numbered).collect();
        rejects.sort_by_key(|(line, ..)| *line);
        let rows = stretch.all() - rejected.lines;
        stretch.retain_lines(rows);
        let (numbers, times) = (self.numbers.iter_mut(), self.times.iter_mut());
        numbers.for_each(|column| column.retain_lines(rows));
        times.for_each(|column| column.retain_lines(rows));
        // What the batch found for lines at their old places is of no use any more.
        self.looked.fill(None);
        rejects
    }

    /// Fills the method and path of lines that have none because the server refused what was sent.
    #[cold]
    fn fill_refused_requests(&self, column: usize, stretch: &mut Stretch<'_>) {
        let Some(((method, path), (status, size))) = self.method_and_path.zip(self.answer) else {
            return;
        };
        if column != method && column != path {
            return;
        }
        for line in (stretch.all() - stretch.lines_with(column)).iter() {
            if !server_refused(stretch.get(line, status), stretch.get(line, size)) {
                continue;
            }
            for column in [method, path] {
                if stretch.get(line, column).is_none_or(says_nothing) {
                    stretch.set_copy(line, column, NO_REQUEST);
                }
            }
        }
    }

    /// Notes which lines lack `column`, and rejects those that tell of no request at all.
    #[inline]
    fn note_lines_without(&mut self, column: usize, stretch: &mut Stretch<'_>) {
        if stretch.lines_with(column) != stretch.all() {
            self.note_lacking(column, stretch);
        }
    }

    #[cold]
    fn note_lacking(&mut self, column: usize, stretch: &mut Stretch<'_>) {
        let name = self.reading.frame.columns[column].name;
        if let Some(((method, path), (status, _))) = self.method_and_path.zip(self.answer)
            && column == method
            && self.reading.constants[status].is_none()
        {
            stretch.forget_empty_texts(status);
            let told = stretch.lines_with(method) | stretch.lines_with(path);
            for line in (stretch.all() - told - stretch.lines_with(status)).iter() {
                self.rejected.add(line, missing(name, None));
            }
        }
        let lacking = stretch.all() - stretch.lines_with(column) - self.rejected.lines;
        for line in lacking.iter() {
            if !self.notes.explains(line, name) {
                self.notes.add(line, format!("no_{name}"), b"");
            }
        }
    }

    /// Rejects the lines that lack `column`.
    #[inline]
    fn reject_lines_without(&mut self, column: usize, stretch: &Stretch<'_>) {
        let lacking = stretch.all() - stretch.lines_with(column) - self.rejected.lines;
        for line in lacking.iter() {
            let name = self.reading.frame.columns[column].name;
            let answer = self
                .answer
                .map(|(status, size)| (stretch.get(line, status), stretch.get(line, size)));
            self.rejected.add(line, missing(name, answer));
        }
    }

    /// Reads the numbers, times or addresses of `column`.
    fn type_column(&mut self, column: usize, stretch: &mut Stretch<'_>, batch: &Batch) {
        let reading = self.reading;
        let constant = reading.constants[column].as_deref();
        let name = reading.frame.columns[column].name;
        let required = reading.frame.columns[column].required;
        let (rejected, notes) = (&mut self.rejected, &mut self.notes);
        match self.roles[column] {
            ColumnRole::Number(most) => {
                let read = |line, text: &[u8]| match unsigned(text, most) {
                    Ok(None) if required => Err(missing(name, None)),
                    Err(_) if required => {
                        let wanted = format!("whole number from 0 to {most}");
                        Err(bad_number(name, text, &wanted))
                    }
                    Err(_) => {
                        notes.add(line, format!("bad_{name}"), text);
                        Ok(None)
                    }
                    Ok(number) => Ok(number),
                };
                self.numbers[column].read_texts(column, constant, stretch, rejected, read);
            }
            ColumnRole::StatusCode => {
                let read = |line, text: &[u8]| {
                    let code = status_code(text);
                    if code.is_none() {
                        notes.add(line, format!("bad_{name}"), text);
                    }
                    Ok(code)
                };
                self.numbers[column].read_texts(column, constant, stretch, rejected, read);
            }
            ColumnRole::EventTime => {
                let last = &mut self.last_date;
                let read = |line, text: &[u8]| match reading.clock.read_next(last, text) {
                    Err(reject) if reject.reason == Reason::TimeInGap => {
                        let earlier = reading.clock.read_earlier(text).ok_or(reject)?;
                        notes.add(line, TIME_TWICE, text);
                        Ok(Some(earlier))
                    }
                    time => time.map(Some),
                };
                self.times[column].read_texts(column, constant, stretch, rejected, read);
            }
            ColumnRole::ClaimTime => self.type_claim_times(column, stretch),
            ColumnRole::Address => self.spell_addresses(column, stretch, batch),
            ColumnRole::Identity => spell_identifiers(column, stretch),
            ColumnRole::TokenId => take_off_affixes(&reading.affixes, column, stretch),
            ColumnRole::EvidenceId
            | ColumnRole::LineNo
            | ColumnRole::Tier
            | ColumnRole::Page
            | ColumnRole::Meaning
            | ColumnRole::Text
            | ColumnRole::Bytes => {}
        }
    }

    /// Reads times that a token claims.
    ///
    /// A bad one is noted and its line stays, where the frame has one in the column for the token's problem:
    /// what a client claims must not take its request out of the counts.
    fn type_claim_times(&mut self, column: usize, stretch: &mut Stretch<'_>) {
        let (reading, problem) = (self.reading, self.problem);
        let constant = reading.constants[column].as_deref();
        let mut bad = LineSet::EMPTY;
        let name = reading.frame.columns[column].name;
        let (rejected, notes) = (&mut self.rejected, &mut self.notes);
        let read = |line, text: &[u8]| {
            let time = reading.clock.read_claim(text).ok();
            if time.is_none() {
                bad.insert(line);
                if problem.is_none() {
                    notes.add(line, format!("bad_{name}"), text);
                }
            }
            Ok(time)
        };
        self.times[column].read_texts(column, constant, stretch, rejected, read);
        if let Some(problem) = problem {
            note_problem(stretch, bad, problem, "claim_time");
        }
    }

    /// Notes a problem where the log tells claims of a token, but not its id.
    fn note_tokens_without_id(&self, stretch: &mut Stretch<'_>) {
        let (Some(token_id), Some(problem)) = (self.token_id, self.problem) else {
            return;
        };
        let claims = self.claims.iter().map(|column| stretch.lines_with(*column));
        let claimed = claims.fold(LineSet::EMPTY, |all, lines| all | lines);
        let without_id = claimed - stretch.lines_with(token_id);
        for line in (without_id & stretch.lines_with(problem)).iter() {
            // A request with claims came with a token, even if no cookie of it holds one.
            if stretch.get(line, problem) == Some(TOKEN_COOKIE_ABSENT) {
                stretch.set_copy(line, problem, TOKEN_ID_ABSENT);
            }
        }
        note_problem(stretch, without_id, problem, TOKEN_ID_ABSENT);
    }

    /// Puts the addresses of `column` into their canonical spelling.
    fn spell_addresses(&mut self, column: usize, stretch: &mut Stretch<'_>, batch: &Batch) {
        let constant = self.reading.constants[column].as_deref();
        let mut texts = NO_TEXTS;
        let with_text = stretch.texts(column, constant, &mut texts);
        let texts = &texts[..stretch.count()];
        // All addresses that the batch has already are canonical, so those need no second look.
        self.looked[column] = batch.look(column, texts);
        let known = self.looked[column].map_or(0, |looked| looked.found);
        let new = with_text - LineSet::of_bits(known);
        let mut bad = LineSet::EMPTY;
        for line in (new - addresses::plain(texts, new)).iter() {
            let text = stretch.get(line, column).or(constant).unwrap_or_default();
            match self.addresses.canonical(text) {
                Some(address) => stretch.set_copy(line, column, address),
                None => {
                    let name = self.reading.frame.columns[column].name;
                    let found = stretch.get(line, FORWARDED_FOR).unwrap_or(text);
                    self.notes
                        .add(line, format!("bad_{name}"), found.as_bytes());
                    bad.insert(line);
                }
            }
        }
        if !bad.is_empty() {
            stretch.set_lines_with(column, stretch.lines_with(column) - bad);
            // What the batch found is for other texts than those that are left.
            self.looked[column] = None;
        }
    }

    /// Appends the lines of the stretch to the batch; all of them are rows.
    fn append_rows(&self, stretch: &Stretch<'_>, batch: &mut Batch) {
        let rows = stretch.count();
        let all = stretch.all().bits();
        let mut texts = NO_TEXTS;
        for (column, role) in self.roles.iter().enumerate() {
            let constant = self.reading.constants[column].as_deref();
            let has_any = constant.is_some() || !stretch.lines_with(column).is_empty();
            match role {
                ColumnRole::EvidenceId => {
                    let number = [u64::from(self.evidence_id); MOST_LINES];
                    batch.numbers(column, &number[..rows], all);
                }
                ColumnRole::LineNo => batch.numbers(column, &stretch.line_numbers()[..rows], all),
                ColumnRole::Tier => batch.repeat(column, self.reading.tier, rows),
                ColumnRole::Page if !self.catalogue.pages.is_empty() => {
                    let lines = self.find_pages(stretch, &mut texts);
                    batch.texts(column, &texts[..rows], lines.bits(), None);
                }
                ColumnRole::Meaning => {
                    if let Some(meanings) = &self.meanings {
                        batch.texts(column, &meanings.names()[..rows], all, None);
                    }
                }
                ColumnRole::Text
                | ColumnRole::Identity
                | ColumnRole::TokenId
                | ColumnRole::Address
                    if has_any =>
                {
                    let lines = stretch.texts(column, constant, &mut texts);
                    let looked = self.looked[column].as_ref();
                    batch.texts(column, &texts[..rows], lines.bits(), looked);
                }
                ColumnRole::Bytes if has_any => {
                    let lines = stretch.texts(column, constant, &mut texts);
                    batch.bytes(column, &texts[..rows], lines.bits());
                }
                ColumnRole::Number(_) | ColumnRole::StatusCode if has_any => {
                    let TypedColumn { values, lines } = &self.numbers[column];
                    batch.numbers(column, &values[..rows], lines.bits());
                }
                ColumnRole::EventTime | ColumnRole::ClaimTime if has_any => {
                    let TypedColumn { values, lines } = &self.times[column];
                    batch.times(column, &values[..rows], lines.bits());
                }
                _ => batch.nulls(column, rows),
            }
        }
        batch.grow(rows);
    }

    /// Writes the page that each line asks for to `out`; returns the lines that ask for one.
    fn find_pages<'t>(&'t self, stretch: &Stretch<'_>, out: &mut Texts<'t>) -> LineSet {
        let mut with_page = LineSet::EMPTY;
        let Some((method, path)) = self.method_and_path else {
            return with_page;
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
                with_page.insert(line);
            }
        }
        with_page
    }
}

/// Takes off the ids of tokens what their log writes around them.
fn take_off_affixes(affixes: &Affixes, column: usize, stretch: &mut Stretch<'_>) {
    if affixes.is_empty() {
        return;
    }
    for line in stretch.lines_with(column).iter() {
        let text = stretch.get(line, column).unwrap_or_default();
        let bare = affixes.take_off(text);
        if bare.len() < text.len() {
            let bare = bare.to_string();
            stretch.set_copy(line, column, &bare);
        }
    }
}

/// Puts identifiers into their canonical spelling, in which they are compared.
fn spell_identifiers(column: usize, stretch: &mut Stretch<'_>) {
    for line in stretch.lines_with(column).iter() {
        let text = stretch.get(line, column).unwrap_or_default();
        let canonical = canonical(text);
        // A part of the text is shorter than it.
        if matches!(canonical, Cow::Owned(_)) || canonical.len() < text.len() {
            let canonical = canonical.into_owned();
            stretch.set_copy(line, column, &canonical);
        }
    }
}

/// Writes `what` into the column `problem` of `lines` that have nothing there yet.
fn note_problem(stretch: &mut Stretch<'_>, lines: LineSet, problem: usize, what: &str) {
    for line in (lines - stretch.lines_with(problem)).iter() {
        stretch.set_copy(line, problem, what);
    }
}
