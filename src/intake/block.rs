//! One block of a log -> a row group, its rejects, and what there is to know of its lines.

use std::borrow::Cow;
use std::ops::Range;

use super::formats::Header;
use super::reading::Reading;
use super::rhythm::Pulses;
use super::rows::Rows;
use crate::bytes::without_bom;
use crate::case::Catalogue;
use crate::error::Result;
use crate::frames::{self, Batch, RowGroup, Value};
use crate::intake::blocks::fields::{Fields, LONGEST_LINE};
use crate::intake::blocks::framing::Block;
use crate::intake::blocks::framing::Framing;
use crate::intake::blocks::line_set::MOST_LINES;
use crate::intake::blocks::stretch::{MOST_BYTES, Stretch};
use crate::intake::reject::{Reason, Reject};
use crate::intake::values::token::TokenReader;
use crate::jws::SigningKeys;
use crate::results::LineCounts;

/// What there is to know of some lines beside their rows.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tally {
    /// How they were read.
    pub(crate) lines: LineCounts,
    /// First and last event.
    pub(crate) span: Option<(i64, i64)>,
    /// Bit by bit, the columns that any line had.
    pub(crate) present: u32,
    /// A line that lacked a required column.
    pub(crate) incomplete: Option<String>,
    /// The first line whose time needs a zone, and what it says.
    pub(crate) without_zone: Option<(u64, String)>,
    /// How many lines have a time that needs one.
    pub(crate) zoneless: u64,
    /// The first row: line number and time.
    pub(crate) first_row: Option<(u64, i64)>,
    /// Events by stretch of time.
    pub(crate) pulses: Pulses,
}

impl Tally {
    /// Adds what later lines showed.
    pub(crate) fn add(&mut self, other: Tally) {
        self.lines.add(other.lines);
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.present |= other.present;
        if self.incomplete.is_none() {
            self.incomplete = other.incomplete;
        }
        if self.without_zone.is_none() {
            self.without_zone = other.without_zone;
        }
        self.zoneless += other.zoneless;
        self.first_row = self.first_row.or(other.first_row);
        self.pulses.append(other.pulses);
    }
}

/// A block, read.
pub(crate) struct Parsed {
    /// Its rows.
    pub(crate) rows: RowGroup,
    /// Its rejects.
    pub(crate) rejects: RowGroup,
    /// The rest.
    pub(crate) tally: Tally,
}

/// Reads blocks of one log.
pub(crate) struct Parser<'a> {
    reading: &'a Reading,
    evidence_id: u32,
    rows: Rows<'a>,
    tokens: TokenReader<'a>,
    batch: Batch,
    rejects: Batch,
    tally: Tally,
}

impl<'a> Parser<'a> {
    /// For a block of so many lines of the log `evidence_id`, which is read as `reading` says.
    pub(crate) fn new(
        reading: &'a Reading,
        (catalogue, signing_keys): (&'a Catalogue, &'a SigningKeys),
        evidence_id: u32,
        lines: u64,
    ) -> Result<Self> {
        let lines = usize::try_from(lines).expect("fewer than the block has bytes");
        Ok(Parser {
            reading,
            evidence_id,
            rows: Rows::new(reading, catalogue, evidence_id),
            tokens: TokenReader::new(signing_keys),
            batch: Batch::new(reading.frame, lines)?,
            rejects: Batch::new(&frames::REJECTS, 0)?,
            tally: Tally::default(),
        })
    }

    /// Reads a block.
    pub(crate) fn parse(mut self, block: &Block) -> Result<Parsed> {
        let bytes = block.buffer.filled();
        if block.oversized {
            if !bytes.is_empty() {
                self.tally.lines.lines += 1;
                let most = super::blocks::framing::LONGEST >> 20;
                let reject = Reject::new(
                    Reason::LineTooLong,
                    format!("a line of over {most} MiB, in pieces"),
                );
                self.reject(block.first_line, block.offset, bytes, &reject);
            }
            return self.finish();
        }
        let mut header = Header::default();
        if let Some(text) = &block.header {
            header = self.header(text).unwrap_or_default();
        }
        let mut named = block.header.as_deref();
        let mut fields = Fields::default();
        let mut stretch = Stretch::default();
        // Whether a line that is neither blank nor marked is one to take apart, wherever it stands.
        let every_line =
            !block.cut && matches!(self.reading.framing, Framing::Lines | Framing::Objects);
        let mut next = 0;
        while let Some(near) = near(block, next) {
            next = near.end;
            let (start, end) = (line(block, near.start).start, line(block, near.end - 1).end);
            stretch.begin(bytes, start, end);
            for index in near {
                let number = block.first_line + index as u64;
                let mut place = line(block, index);
                let found = &bytes[place.clone()];
                if let ([b'!'..=b'~', .., last], true) = (found, every_line)
                    && *last != b'\r'
                {
                    stretch.add(number, place.start, place.end);
                    continue;
                }
                let found = found.strip_suffix(b"\r").unwrap_or(found);
                // Files that were put together have a mark before each.
                let raw = without_bom(found);
                place = place.start + found.len() - raw.len()..place.start + found.len();
                if raw.first().is_none_or(|byte| *byte <= b' ') && raw.trim_ascii().is_empty() {
                    self.tally.lines.blanks += 1;
                } else if block.cut && index as u64 + 1 == block.lines && !self.is_objects() {
                    // What is left of an id would be another's.
                    self.stretch(block, &mut stretch, &header, &mut fields);
                    let reject = Reject::new(Reason::CutOff, "the log is damaged within this line");
                    self.reject(number, block.offset + place.start as u64, raw, &reject);
                } else if self.is_header(block, index, raw) {
                    self.stretch(block, &mut stretch, &header, &mut fields);
                    let again = named.is_some();
                    let found = self.header(raw);
                    if self.is_records() {
                        named = Some(raw);
                    }
                    // One that names nothing that is asked for is a record like others, and no row either.
                    if self.is_records() && !again && found.as_ref().is_none_or(Header::is_empty) {
                        header = found.unwrap_or_default();
                        stretch.add(number, place.start, place.end);
                        continue;
                    }
                    self.tally.lines.blanks += 1;
                    // One that cannot be read leaves what follows without.
                    header = match self.is_records() {
                        true => found.unwrap_or_default(),
                        false => found.unwrap_or(header),
                    };
                } else {
                    stretch.add(number, place.start, place.end);
                }
            }
            self.stretch(block, &mut stretch, &header, &mut fields);
        }
        if let Some(named) = named.filter(|_| self.is_records() && self.tally.incomplete.is_some())
        {
            self.tally.incomplete = Some(shown(named));
        }
        self.tally.lines.lines = block.lines;
        self.finish()
    }

    fn finish(mut self) -> Result<Parsed> {
        self.tally.span = self.tally.pulses.span();
        self.tally.present = self.rows.present;
        Ok(Parsed {
            rows: self.batch.finish()?,
            rejects: self.rejects.finish()?,
            tally: self.tally,
        })
    }

    /// Whether what is cut short can be seen to be.
    fn is_objects(&self) -> bool {
        matches!(self.reading.framing, Framing::Objects | Framing::Parquet)
    }

    fn is_records(&self) -> bool {
        matches!(self.reading.framing, Framing::Records { .. })
    }

    /// Whether a line or record names columns.
    fn is_header(&self, block: &Block, index: usize, line: &[u8]) -> bool {
        match self.reading.framing {
            Framing::Directives => line[0] == b'#',
            Framing::Records(_) => block.headers.binary_search(&index).is_ok(),
            Framing::Lines | Framing::Objects | Framing::Parquet => false,
        }
    }

    fn header(&self, line: &[u8]) -> Option<Header> {
        self.reading.parser.header(std::str::from_utf8(line).ok()?)
    }

    /// Makes rows and rejects of the lines of a stretch, and takes them out.
    fn stretch<'t>(
        &mut self,
        block: &'t Block,
        stretch: &mut Stretch<'t>,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        if stretch.count() == 0 {
            return;
        }
        let mut left = stretch.all();
        if stretch.text().is_some() {
            let taken = self.reading.parser.parse_many(stretch);
            let whole = self.reading.parts.assemble_many(taken, stretch);
            for line in (taken - whole).iter() {
                stretch.give(line, fields);
                stretch.empty(line);
                self.assemble(stretch, line, Some(0), fields);
            }
            left -= taken;
        }
        for line in left.iter() {
            self.line(block, stretch, line, header, fields);
        }
        self.settle(block, stretch);
        stretch.clear();
    }

    /// Takes one line of a stretch apart.
    fn line<'t>(
        &mut self,
        block: &'t Block,
        stretch: &mut Stretch<'t>,
        line: usize,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        let place = stretch.lines()[line];
        let bytes = &block.buffer.filled()[stretch.in_block(line)];
        let base = place.start as usize;
        let known = stretch.text().and_then(|text| text.get(place.range()));
        if let Some(text) = known {
            self.text(stretch, line, Some(base), text, header, fields);
            return;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(stretch, line, None, text, header, fields),
            Err(_) => {
                // Logs carry what clients send. In JSON a backslash is one of a string's text.
                let backslash = if self.is_objects() { r"\\" } else { r"\" };
                let escaped = escaped(bytes, backslash);
                let fields = &mut Fields::default();
                self.text(stretch, line, None, &escaped, header, fields);
            }
        }
    }

    /// Reads a line, which begins at `base` in its stretch if it stands there as it is.
    fn text<'t>(
        &mut self,
        stretch: &mut Stretch<'_>,
        line: usize,
        base: Option<usize>,
        text: &'t str,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        if text.len() > LONGEST_LINE {
            let reject = Reject::new(Reason::LineTooLong, "places in the line do not fit");
            return self.rows.refuse(stretch, line, reject);
        }
        fields.begin(text);
        let read = self.reading.parser.parse(text, header, fields);
        match read.and_then(|()| self.rows.check(fields)) {
            Ok(()) => self.assemble(stretch, line, base, fields),
            Err(reject) => self.rows.refuse(stretch, line, reject),
        }
    }

    /// Puts the columns of a line together, whose fields are counted from `base` in its stretch.
    fn assemble(
        &mut self,
        stretch: &mut Stretch<'_>,
        line: usize,
        base: Option<usize>,
        fields: &mut Fields<'_>,
    ) {
        if let Err(reject) = self.reading.parts.assemble(fields) {
            return self.rows.refuse(stretch, line, reject);
        }
        if let Some(parts) = &self.reading.token
            && fields.has_token()
        {
            self.tokens.read(parts, fields);
        }
        stretch.take(line, base, fields);
    }

    /// Makes rows and rejects of lines whose fields are known.
    fn settle(&mut self, block: &Block, stretch: &mut Stretch<'_>) {
        let rejects = self.rows.settle(stretch, &mut self.batch);
        for (line, number, reject) in rejects {
            let place = stretch.in_block(line);
            let raw = &block.buffer.filled()[place.clone()];
            match reject.reason {
                Reason::TimeWithoutZone => {
                    self.tally.zoneless += 1;
                    let first = &mut self.tally.without_zone;
                    first.get_or_insert_with(|| (number, reject.detail.clone()));
                }
                Reason::FieldMissing if self.tally.incomplete.is_none() => {
                    self.tally.incomplete = Some(shown(raw));
                }
                _ => {}
            }
            self.reject(number, block.offset + place.start as u64, raw, &reject);
        }
        let times = &self.rows.event_times()[..stretch.count()];
        self.tally.lines.rows += times.len() as u64;
        if let (None, Some(time)) = (self.tally.first_row, times.first()) {
            self.tally.first_row = Some((stretch.numbers()[0], *time));
        }
        self.tally.pulses.count(times);
    }

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

/// The beginning of a line, for a message.
fn shown(line: &[u8]) -> String {
    escaped(line, r"\").chars().take(1 << 16).collect()
}

/// The place of a line in its block.
#[inline]
fn line(block: &Block, index: usize) -> Range<usize> {
    match &block.spans {
        Some(spans) => spans[index].0 as usize..spans[index].1 as usize,
        None => {
            let ends = block.buffer.line_ends();
            let start = index
                .checked_sub(1)
                .map_or(0, |before| ends[before] as usize + 1);
            let end = ends.get(index).map(|end| *end as usize);
            start..end.unwrap_or(block.buffer.filled().len())
        }
    }
}

/// The lines of a stretch that begins with the line `first`; none behind the last line.
fn near(block: &Block, first: usize) -> Option<Range<usize>> {
    let count = usize::try_from(block.lines).expect("fewer than the block has bytes");
    let start = (first < count).then(|| line(block, first).start)?;
    let mut end = count.min(first + MOST_LINES);
    while end > first + 1 && line(block, end - 2).end - start >= MOST_BYTES {
        end -= 1;
    }
    Some(first..end)
}

/// The bytes as text, each that is none written as `xHH` after a backslash, as servers escape them.
fn escaped<'b>(bytes: &'b [u8], backslash: &str) -> Cow<'b, str> {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            use std::fmt::Write as _;
            write!(text, "{backslash}x{byte:02X}").expect("writing to a string");
        }
    }
    Cow::Owned(text)
}
