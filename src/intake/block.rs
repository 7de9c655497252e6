//! Parses one block of a log: its rows, its rejects, and a tally of its lines.
//!
//! A block goes stretch by stretch. The format's parser takes all lines of a stretch apart at once
//! where it can; each line that it leaves goes the slow way, alone. Both give the same fields.

use std::borrow::Cow;

use super::formats::{Header, LineParser};
use super::line_filter::Judged;
use super::own_messages;
use super::reading::Reading;
use super::rows::RowTyper;
use super::taken::{Taken, next_stretch};
use super::tally::Tally;
use crate::bytes::{escape_invalid, without_bom};
use crate::case::Catalogue;
use crate::error::Result;
use crate::frames::{self, Batch, RowGroup, Value};
use crate::intake::blocks::fields::{Fields, LONGEST_LINE};
use crate::intake::blocks::framing::{Block, Framing, LONGEST};
use crate::intake::blocks::stretch::Stretch;
use crate::intake::reject::{Reason, Reject};
use crate::intake::values::token::TokenReader;
use crate::intake::wrapping::{self, Score, Unwrapper};
use crate::jws::SigningKeys;
use crate::results::OtherLine;

/// What a block becomes.
pub(crate) struct ParsedBlock {
    /// Its rows.
    pub(crate) rows: RowGroup,
    /// Its rejects.
    pub(crate) rejects: RowGroup,
    /// Counts and facts about its lines.
    pub(crate) tally: Tally,
}

/// Parses one block.
pub(crate) struct BlockParser<'a> {
    reading: &'a Reading,
    catalogue: &'a Catalogue,
    signing_keys: &'a SigningKeys,
    evidence_id: u32,
    typer: RowTyper<'a>,
    tokens: TokenReader<'a>,
    batch: Batch,
    rejects: Batch,
    tally: Tally,
}

/// The headers that a block has met so far.
struct Headers<'t> {
    /// The columns that the last one names for the setting `where`.
    for_filter: Header,
    /// The columns that the last one names.
    columns: Header,
    /// Its text, for messages; in a table also that of the first record, if no header came yet.
    text: Option<&'t [u8]>,
}

/// What a line is, before its fields are looked for.
enum LineKind {
    Blank,
    /// A part of a line whose end is missing.
    Part,
    CutOff,
    Header,
    Event,
}

impl<'a> BlockParser<'a> {
    /// Prepares to parse a block of `lines` lines of the log `evidence_id`, as `reading` says.
    pub(crate) fn new(
        reading: &'a Reading,
        (catalogue, signing_keys): (&'a Catalogue, &'a SigningKeys),
        evidence_id: u32,
        lines: u64,
    ) -> Result<Self> {
        let lines = usize::try_from(lines).expect("fewer than the block has bytes");
        Ok(BlockParser {
            reading,
            catalogue,
            signing_keys,
            evidence_id,
            typer: RowTyper::new(reading, catalogue, evidence_id),
            tokens: TokenReader::new(signing_keys),
            batch: Batch::new(reading.frame, lines)?,
            rejects: Batch::new(&frames::REJECTS, 0)?,
            tally: Tally::default(),
        })
    }

    /// Parses `block`.
    pub(crate) fn parse(mut self, block: &Block) -> Result<ParsedBlock> {
        if block.oversized {
            self.reject_piece(block);
            return self.finish();
        }
        let unwrapper = Unwrapper::new();
        let chain = match self.reading.framing {
            Framing::Lines | Framing::Objects if block.spans.is_none() => {
                unwrapper.chain(block, |lines| self.score(block, lines))
            }
            _ => Vec::new(),
        };
        if chain.is_empty() {
            let wrapped = None;
            self.parse_lines(&Taken { block, wrapped });
        } else {
            self.tally.wrapped = Some(wrapping::described(&chain));
            let (inner, places) = unwrapper.unwrap(block, &chain).into_block(block);
            self.parse_lines(&Taken {
                block: &inner,
                wrapped: Some((block, &places)),
            });
        }
        self.finish()
    }

    /// What reading `lines` of `block` comes to.
    fn score(&self, block: &Block, lines: &[Cow<'_, [u8]>]) -> Score {
        let mut bytes = Vec::new();
        let mut spans = Vec::new();
        for line in lines {
            // A few lines of a block, which is far shorter than 4 GiB.
            let start = bytes.len() as u32;
            bytes.extend_from_slice(line);
            spans.push((start, bytes.len() as u32));
            bytes.push(b'\n');
        }
        let mut block = block.with_lines(bytes, spans);
        block.cut = false;
        let known = (self.catalogue, self.signing_keys);
        let parser = BlockParser::new(self.reading, known, self.evidence_id, block.lines);
        let tally = parser.and_then(|mut parser| {
            let wrapped = None;
            parser.parse_lines(&Taken {
                block: &block,
                wrapped,
            });
            Ok(parser.finish()?.tally)
        });
        tally.map_or((0, 0), |tally| {
            (tally.sound_rows(), tally.present.count_ones())
        })
    }

    /// Parses the lines of a block.
    fn parse_lines(&mut self, taken: &Taken<'_>) {
        let block = taken.block;
        let bytes = block.buffer.filled();
        let text = block.header.as_deref();
        let mut headers = Headers {
            columns: self.earlier_headers(&*self.reading.parser, text),
            for_filter: match &self.reading.filter {
                Some(filter) => self.earlier_headers(filter.parser(), text),
                None => Header::default(),
            },
            text,
        };
        let mut fields = Fields::default();
        let mut stretch = Stretch::default();
        // Whether each line that begins with a visible character is an event, wherever it stands.
        let every_line = !block.cut
            && self.reading.filter.is_none()
            && matches!(self.reading.framing, Framing::Lines | Framing::Objects);
        let mut next = 0;
        while let Some(indices) = next_stretch(block, next) {
            next = indices.end;
            let start = block.line_range(indices.start).start;
            let end = block.line_range(indices.end - 1).end;
            stretch.begin(bytes, start, end);
            for index in indices {
                let number = block.first_line + index as u64;
                let range = block.line_range(index);
                if let ([b'!'..=b'~', .., last], true) = (&bytes[range.clone()], every_line)
                    && *last != b'\r'
                {
                    stretch.add(number, range.start, range.end);
                } else {
                    self.add_line(taken, index, &mut stretch, &mut headers, &mut fields);
                }
            }
            self.parse_stretch(taken, &mut stretch, &headers.columns, &mut fields);
        }
        if self.is_table() && self.tally.incomplete.is_some() {
            // The columns of a table stand in its header, not in the line.
            self.tally.incomplete = headers.text.map(excerpt).or(self.tally.incomplete.take());
        }
        self.tally.lines.lines += block.lines;
    }

    /// Adds a line of any kind to the stretch; a header or a reject ends the stretch before it.
    fn add_line<'t>(
        &mut self,
        taken: &Taken<'t>,
        index: usize,
        stretch: &mut Stretch<'t>,
        headers: &mut Headers<'t>,
        fields: &mut Fields<'t>,
    ) {
        let block = taken.block;
        let number = block.first_line + index as u64;
        let range = block.line_range(index);
        let found = &block.buffer.filled()[range.clone()];
        let found = found.strip_suffix(b"\r").unwrap_or(found);
        // Files that were put together have a byte-order mark before each.
        let raw = without_bom(found);
        let end = range.start + found.len();
        let zeros = raw.iter().take_while(|byte| **byte == 0).count();
        if zeros > 0 && zeros == raw.len() {
            self.parse_stretch(taken, stretch, &headers.columns, fields);
            let (offset, _) = taken.in_log(number, end - zeros..end);
            return self.reject_hole(number, offset, raw);
        }
        // Behind a hole of the log stands a line; zeros before bytes that are no text are no hole.
        let hole = if zeros > 0 && raw[zeros].is_ascii_graphic() {
            self.tally.note_hole(number, zeros as u64);
            zeros
        } else {
            0
        };
        let raw = &raw[hole..];
        let start = end - raw.len();
        match self.kind_of(taken, index, raw) {
            LineKind::Part => {
                self.parse_stretch(taken, stretch, &headers.columns, fields);
                let reject = Reject::new(Reason::PartOfLine, "the end of the line is missing");
                let (offset, raw) = taken.in_log(number, start..end);
                self.reject(number, offset, raw, &reject);
            }
            LineKind::Blank => self.tally.lines.blanks += 1,
            LineKind::Event if self.is_left_out(number, raw, headers) => {}
            LineKind::Event => stretch.add(number, start, end),
            LineKind::CutOff => {
                self.parse_stretch(taken, stretch, &headers.columns, fields);
                let reject = Reject::new(Reason::CutOff, "the log is damaged within this line");
                let (offset, raw) = taken.in_log(number, start..end);
                self.reject(number, offset, raw, &reject);
            }
            LineKind::Header => {
                self.parse_stretch(taken, stretch, &headers.columns, fields);
                let parser = &*self.reading.parser;
                let columns = parse_header(parser, raw);
                let filter = self.reading.filter.as_ref();
                if let Some(columns) = filter.and_then(|filter| parse_header(filter.parser(), raw))
                {
                    headers.for_filter = columns.after(std::mem::take(&mut headers.for_filter));
                }
                if !self.is_table() {
                    // A directive that cannot be read leaves the one before in force.
                    if let Some(columns) = columns {
                        headers.columns = columns.after(std::mem::take(&mut headers.columns));
                    }
                    self.tally.lines.blanks += 1;
                    return;
                }
                let is_first = headers.text.is_none();
                let is_empty = columns.as_ref().is_none_or(Header::is_empty);
                headers.text = Some(raw);
                headers.columns = columns.unwrap_or_default();
                if is_first && is_empty {
                    // It names no column that is asked for, so it is taken for an event and rejected
                    // as one: the user sees what stands where the header should be.
                    stretch.add(number, start, end);
                } else {
                    self.tally.lines.blanks += 1;
                }
            }
        }
    }

    /// What the line `raw`, at place `index` of its block, is.
    fn kind_of(&self, taken: &Taken<'_>, index: usize, raw: &[u8]) -> LineKind {
        let block = taken.block;
        if taken.is_endless(index) {
            return LineKind::Part;
        }
        // Few lines begin with a blank; only those are searched for anything else.
        if raw.first().is_none_or(|byte| *byte <= b' ') && raw.trim_ascii().is_empty() {
            return LineKind::Blank;
        }
        // A JSON object that is cut short is no JSON. In any other line a field may be cut short, and
        // what is left of an id would be the id of someone else.
        if block.cut && index as u64 + 1 == block.lines && !self.reading.is_json() {
            return LineKind::CutOff;
        }
        let is_header = match self.reading.framing {
            Framing::Directives => raw[0] == b'#',
            Framing::Records(_) => block.headers.binary_search(&index).is_ok(),
            Framing::Lines | Framing::Objects | Framing::Parquet => false,
        };
        if is_header {
            LineKind::Header
        } else {
            LineKind::Event
        }
    }

    fn finish(mut self) -> Result<ParsedBlock> {
        self.tally.span = self.tally.pulses.span();
        self.tally.present = self.typer.present;
        (self.tally.row_problems, self.tally.doubtful_rows) = self.typer.take_problems();
        self.tally.unknown_words = self.typer.take_unknown_words();
        Ok(ParsedBlock {
            rows: self.batch.finish()?,
            rejects: self.rejects.finish()?,
            tally: self.tally,
        })
    }

    /// Whether lines are records of a table with a header.
    fn is_table(&self) -> bool {
        matches!(self.reading.framing, Framing::Records { .. })
    }

    /// What the headers in `text` say, which came in earlier blocks.
    fn earlier_headers(&self, parser: &dyn LineParser, text: Option<&[u8]>) -> Header {
        let text = text.unwrap_or_default();
        if self.is_table() {
            return parse_header(parser, text).unwrap_or_default();
        }
        let lines = text.split(|byte| *byte == b'\n');
        let headers = lines.filter_map(|line| parse_header(parser, line));
        headers.fold(Header::default(), |before, header| header.after(before))
    }

    /// Makes rows and rejects of the lines of `stretch`, and empties it.
    fn parse_stretch<'t>(
        &mut self,
        taken: &Taken<'t>,
        stretch: &mut Stretch<'t>,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        if stretch.count() == 0 {
            return;
        }
        let mut left = stretch.all();
        if stretch.text().is_some() {
            let parsed = self.reading.parser.parse_many(stretch);
            let assembled = self.reading.assembler.assemble_many(parsed, stretch);
            for line in (parsed - assembled).iter() {
                stretch.load_fields(line, fields);
                stretch.clear_line(line);
                self.assemble(stretch, line, Some(0), fields);
            }
            left -= parsed;
        }
        for line in left.iter() {
            self.parse_line(taken, stretch, line, header, fields);
        }
        self.type_rows(taken, stretch);
        stretch.clear();
    }

    /// Parses one line of a stretch by itself.
    fn parse_line<'t>(
        &mut self,
        taken: &Taken<'t>,
        stretch: &mut Stretch<'t>,
        line: usize,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        let place = stretch.lines()[line];
        let bytes = &taken.block.buffer.filled()[stretch.range_in_block(line)];
        let base = place.start as usize;
        let known = stretch.text().and_then(|text| text.get(place.range()));
        if let Some(text) = known {
            self.parse_text(stretch, line, Some(base), text, header, fields);
            return;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.parse_text(stretch, line, None, text, header, fields),
            Err(_) => {
                // Logs carry what clients send, so bytes that are no UTF-8 must not cost the line. In
                // JSON a backslash in a string has to be escaped itself.
                let backslash = if self.reading.is_json() { r"\\" } else { r"\" };
                let escaped = escape_invalid(bytes, backslash);
                let fields = &mut Fields::default();
                self.parse_text(stretch, line, None, &escaped, header, fields);
            }
        }
    }

    /// Parses the text of one line, which begins at `base` in its stretch if it stands there as it is.
    fn parse_text<'t>(
        &mut self,
        stretch: &mut Stretch<'_>,
        line: usize,
        base: Option<usize>,
        text: &'t str,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        if text.len() > LONGEST_LINE {
            let most = LONGEST_LINE >> 20;
            let reject = Reject::new(
                Reason::LineTooLong,
                format!("the line is longer than {most} MiB"),
            );
            return self.typer.reject_line(stretch, line, reject);
        }
        fields.begin(text);
        let parsed = self.reading.parser.parse(text, header, fields);
        match parsed.and_then(|()| self.typer.settle_doubts(fields)) {
            Ok(()) => self.assemble(stretch, line, base, fields),
            Err(reject) => self.typer.reject_line(stretch, line, reject),
        }
    }

    /// Puts the columns of one line together from its fields, and stores them in the stretch.
    ///
    /// The text of `fields` begins at `base` in the stretch, if it stands there as it is.
    fn assemble(
        &mut self,
        stretch: &mut Stretch<'_>,
        line: usize,
        base: Option<usize>,
        fields: &mut Fields<'_>,
    ) {
        self.reading.assembler.assemble(fields);
        if let Some(slots) = &self.reading.token
            && fields.has_token()
        {
            self.tokens.fill_columns(slots, fields);
        }
        stretch.store_fields(line, base, fields);
    }

    /// Types the lines of `stretch`, whose fields are known, and counts the rows and rejects.
    fn type_rows(&mut self, taken: &Taken<'_>, stretch: &mut Stretch<'_>) {
        let rejects = self.typer.type_rows(stretch, &mut self.batch);
        for (line, number, reject) in rejects {
            let range = stretch.range_in_block(line);
            let raw = &taken.block.buffer.filled()[range.clone()];
            match reject.reason {
                Reason::TimeWithoutZone => {
                    self.tally.zoneless += 1;
                    let first = &mut self.tally.without_zone;
                    first.get_or_insert_with(|| (number, reject.detail.clone()));
                }
                Reason::FieldMissing if self.tally.incomplete.is_none() => {
                    self.tally.incomplete = Some(excerpt(raw));
                }
                _ => {}
            }
            if own_messages::is_own_message(self.reading, &reject, raw) {
                self.count_other(number, own_messages::shown(raw));
                continue;
            }
            let (offset, raw) = taken.in_log(number, range);
            self.reject(number, offset, raw, &reject);
        }
        if let (Some(line), None) = (self.typer.incomplete_line(), &self.tally.incomplete) {
            let raw = &taken.block.buffer.filled()[stretch.range_in_block(line)];
            self.tally.incomplete = Some(excerpt(raw));
        }
        let times = &self.typer.event_times()[..stretch.count()];
        self.tally.lines.rows += times.len() as u64;
        if let (None, Some(time)) = (self.tally.first_row, times.first()) {
            self.tally.first_row = Some((stretch.line_numbers()[0], *time));
        }
        self.tally.pulses.count(times);
    }

    /// Whether the setting `where` leaves the line out; then it is counted as another line.
    fn is_left_out(&mut self, number: u64, raw: &[u8], headers: &Headers<'_>) -> bool {
        let Some(filter) = &self.reading.filter else {
            return false;
        };
        let tally = &mut self.tally.filtered;
        let line = escape_invalid(raw, if self.reading.is_json() { r"\\" } else { r"\" });
        let (present, matches) = match filter.judge(&line, &headers.for_filter) {
            Judged::Unreadable => return false,
            Judged::Taken { present } => (present, true),
            Judged::Other { present } => (present, false),
        };
        tally.present |= present;
        tally.matched += u64::from(matches);
        if filter.lacks_any(present) && tally.lacking.is_none() {
            tally.lacking = Some(excerpt(headers.text.unwrap_or(raw)));
        }
        if !matches {
            self.count_other(number, None);
        }
        !matches
    }

    /// Counts the line `number` as another line; `text` is what of it may be shown.
    #[cold]
    fn count_other(&mut self, number: u64, text: Option<String>) {
        self.tally.lines.others += 1;
        let first = OtherLine {
            line_no: number,
            text,
        };
        self.tally.first_other.get_or_insert(first);
    }

    /// Makes a reject of a block that is a piece of a line too long to be read.
    fn reject_piece(&mut self, block: &Block) {
        let bytes = block.buffer.filled();
        if bytes.is_empty() {
            return;
        }
        self.tally.lines.lines += 1;
        let most = LONGEST >> 20;
        let detail =
            format!("the line is longer than {most} MiB; each of these rejects has a piece of it");
        let reject = Reject::new(Reason::LineTooLong, detail);
        self.reject(block.first_line, block.offset, bytes, &reject);
    }

    /// Makes a reject of the line `number`, which is nothing but zeros.
    ///
    /// A log has a hole where it was cut off under its writer, or where the power went before a write.
    #[cold]
    fn reject_hole(&mut self, number: u64, offset: u64, zeros: &[u8]) {
        let count = zeros.len();
        let detail = format!("a hole of {count} zero bytes, where lines of the log may have been");
        self.reject(number, offset, zeros, &Reject::new(Reason::Hole, detail));
    }

    /// Appends the line `number`, which begins at `offset` in the log, to the rejects.
    #[cold]
    fn reject(&mut self, number: u64, offset: u64, raw: &[u8], reject: &Reject) {
        self.tally.lines.rejects += 1;
        self.rejects.push(&[
            Value::Number(u64::from(self.evidence_id)),
            Value::Number(number),
            Value::Number(offset),
            Value::Text(reject.reason.name()),
            Value::Text(&reject.detail),
            Value::Bytes(raw),
        ]);
    }
}

/// The columns that the header `line` names; `None` if it cannot be read.
fn parse_header(parser: &dyn LineParser, line: &[u8]) -> Option<Header> {
    parser.header(std::str::from_utf8(line).ok()?)
}

/// The beginning of a line, for a message; long enough for any header.
fn excerpt(line: &[u8]) -> String {
    escape_invalid(line, r"\").chars().take(1 << 16).collect()
}
