//! One block of a log -> a row group, its rejects, and what there is to know of its lines.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::fields::{Fields, LONGEST_LINE};
use super::formats::{Framing, Header, Reject};
use super::framing::{Block, without_bom};
use super::manifest::Lines;
use super::reading::Reading;
use super::rows::{Flushed, MOST_HELD, Rows};
use super::token::TokenReader;
use crate::case::Catalogue;
use crate::error::Result;
use crate::frames::{self, Batch, RowGroup, Value};
use crate::jws::SigningKeys;

/// Microseconds of the stretches in which events are counted to find a source's rhythm.
pub(super) const STRETCH: i64 = 300 * 1_000_000;

/// Events of one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Pulse {
    /// How many.
    pub(super) count: u64,
    /// The first.
    pub(super) first: i64,
    /// The last.
    pub(super) last: i64,
}

/// What there is to know of some lines beside their rows.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Tally {
    /// How they were read.
    pub(super) lines: Lines,
    /// First and last event.
    pub(super) span: Option<(i64, i64)>,
    /// Bit by bit, the columns that any line had.
    pub(super) present: u32,
    /// A line that lacked a required column.
    pub(super) incomplete: Option<String>,
    /// The first line whose time needs a zone, and what it says.
    pub(super) without_zone: Option<(u64, String)>,
    /// The first row: line number and time.
    pub(super) first_row: Option<(u64, i64)>,
    /// Events by stretch of time.
    pub(super) pulses: BTreeMap<i64, Pulse>,
}

impl Tally {
    /// Adds what later lines showed.
    pub(super) fn add(&mut self, other: Tally) {
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
        self.first_row = self.first_row.or(other.first_row);
        for (stretch, pulse) in other.pulses {
            self.pulses
                .entry(stretch)
                .and_modify(|known| known.add(pulse))
                .or_insert(pulse);
        }
    }
}

impl Pulse {
    /// Adds the events of another part of the evidence.
    pub(super) fn add(&mut self, other: Pulse) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// A block, read.
pub(super) struct Parsed {
    /// Its rows.
    pub(super) rows: RowGroup,
    /// Its rejects.
    pub(super) rejects: RowGroup,
    /// The rest.
    pub(super) tally: Tally,
}

/// Reads blocks of one log.
pub(super) struct Parser<'a> {
    reading: &'a Reading,
    evidence_id: u32,
    rows: Rows<'a>,
    tokens: TokenReader<'a>,
    batch: Batch,
    rejects: Batch,
    /// The lines that `rows` holds.
    held: Vec<Place<'a>>,
    tally: Tally,
    /// The events of the stretch of time at hand, and when it begins.
    pulse: Option<(i64, Pulse)>,
}

impl<'a> Parser<'a> {
    /// For a block of so many lines of the log `evidence_id`, which is read as `reading` says.
    pub(super) fn new(
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
            held: Vec::new(),
            tally: Tally::default(),
            pulse: None,
        })
    }

    /// Reads a block.
    pub(super) fn parse(mut self, block: &'a Block) -> Result<Parsed> {
        let bytes = block.buffer.filled();
        let mut header = Header::default();
        if let Some(line) = &block.header
            && let Ok(line) = std::str::from_utf8(without_bom(line))
        {
            header = self.reading.parser.header(line).unwrap_or_default();
        }
        let mut fields = Fields::default();
        if block.oversized {
            if !bytes.is_empty() {
                self.tally.lines.lines += 1;
                let place = Place {
                    number: block.first_line,
                    start: 0,
                    offset: block.offset,
                    raw: bytes,
                };
                let most = super::framing::LONGEST >> 20;
                self.reject(
                    place,
                    Reject::new(
                        "line_too_long",
                        format!("a line of over {most} MiB, in pieces"),
                    ),
                );
            }
            return self.finish(block);
        }
        let mut ends = block.buffer.line_ends();
        let mut spans = block.spans.iter().flatten();
        let mut begin = 0;
        let mut next = || match &block.spans {
            Some(_) => spans
                .next()
                .map(|(start, end)| (*start as usize, *end as usize)),
            None => {
                let start = begin;
                let end = ends
                    .next()
                    .or((start < bytes.len()).then_some(bytes.len()))?;
                begin = end + 1;
                Some((start, end))
            }
        };
        let mut number = block.first_line;
        let mut stretch = Vec::with_capacity(MOST_HELD);
        loop {
            stretch.clear();
            stretch.extend(std::iter::from_fn(&mut next).take(MOST_HELD));
            let (Some((start, _)), Some((_, end))) = (stretch.first(), stretch.last()) else {
                break;
            };
            // Valid as a whole is the usual case, and cheaper to find out than line by line.
            let base = *start;
            let text = simdutf8::basic::from_utf8(&bytes[base..*end]).ok();
            for (start, end) in &stretch {
                let raw = &bytes[*start..*end];
                let place = Place {
                    number,
                    start: start - base,
                    offset: block.offset + *start as u64,
                    raw: raw.strip_suffix(b"\r").unwrap_or(raw),
                };
                self.line(place, text, &mut header, &mut fields);
                if self.rows.is_full() {
                    self.settle(text);
                }
                number += 1;
            }
            self.settle(text);
        }
        self.finish(block)
    }

    fn finish(mut self, block: &Block) -> Result<Parsed> {
        debug_assert_eq!(self.tally.lines.lines, block.lines);
        self.put_pulse_away();
        let pulses = self.tally.pulses.values();
        let first = pulses.clone().map(|pulse| pulse.first).min();
        self.tally.span = first.zip(pulses.map(|pulse| pulse.last).max());
        self.tally.present = self.rows.present;
        Ok(Parsed {
            rows: self.batch.finish()?,
            rejects: self.rejects.finish()?,
            tally: self.tally,
        })
    }

    /// `text` is that of the stretch, where all of it is UTF-8.
    #[inline]
    fn line(
        &mut self,
        place: Place<'a>,
        text: Option<&'a str>,
        header: &mut Header,
        fields: &mut Fields<'a>,
    ) {
        self.tally.lines.lines += 1;
        let bytes = if place.number == 1 {
            without_bom(place.raw)
        } else {
            place.raw
        };
        if bytes.first().is_none_or(|byte| *byte <= b' ') && bytes.trim_ascii().is_empty() {
            self.tally.lines.blanks += 1;
            return;
        }
        if self.is_header(place.number, bytes) {
            let line = std::str::from_utf8(bytes).ok();
            let named = line.and_then(|line| self.reading.parser.header(line));
            *header = named.unwrap_or_else(|| std::mem::take(header));
            self.tally.lines.blanks += 1;
            return;
        }
        self.held.push(place);
        let base = place.start + place.raw.len() - bytes.len();
        if let Some(line) = text.and_then(|text| text.get(base..base + bytes.len())) {
            self.text(place, Some(base), line, header, fields);
            return;
        }
        match std::str::from_utf8(bytes) {
            Ok(line) => self.text(place, None, line, header, fields),
            // JSON is UTF-8 by its definition; text lines carry what clients send.
            Err(_) if self.reading.framing == Framing::Objects => {
                let reject = Reject::new("not_utf8", "the line is not UTF-8");
                self.rows.refuse(place.number, reject);
            }
            Err(_) => {
                let escaped = escaped(bytes);
                self.text(place, None, &escaped, header, &mut Fields::default());
            }
        }
    }

    fn is_header(&self, number: u64, bytes: &[u8]) -> bool {
        match self.reading.framing {
            Framing::Directives => bytes[0] == b'#',
            Framing::Header => number == 1,
            Framing::Lines | Framing::Objects | Framing::Parquet => false,
        }
    }

    /// Reads a line, which begins at `base` in its stretch if it stands there as it is.
    #[inline]
    fn text<'t>(
        &mut self,
        place: Place<'_>,
        base: Option<usize>,
        text: &'t str,
        header: &Header,
        fields: &mut Fields<'t>,
    ) {
        if text.len() > LONGEST_LINE {
            let reject = Reject::new("line_too_long", "places in the line do not fit");
            return self.rows.refuse(place.number, reject);
        }
        fields.begin(text);
        let read = self
            .reading
            .parser
            .parse(text, header, fields)
            .and_then(|()| self.reading.parts.assemble(fields));
        if let Err(reject) = read {
            return self.rows.refuse(place.number, reject);
        }
        if let Some(parts) = &self.reading.token
            && fields.has_token()
        {
            self.tokens.read(parts, fields);
        }
        self.rows.hold(place.number, base, fields);
    }

    /// Makes rows and rejects of the lines held.
    fn settle(&mut self, text: Option<&str>) {
        let stretch = text.unwrap_or_default();
        let Flushed { times, rejects } = self.rows.flush(stretch, &mut self.batch);
        self.tally.lines.rows += times.len() as u64;
        for time in &times {
            self.beat(time.expect("a row has a time"));
        }
        if self.tally.first_row.is_none()
            && let Some(time) = times.first().copied().flatten()
        {
            let refused = rejects.iter().enumerate();
            let before = refused.take_while(|(line, (refused, _))| line == refused);
            self.tally.first_row = Some((self.held[before.count()].number, time));
        }
        for (line, reject) in rejects {
            let place = self.held[line];
            match reject.reason {
                "time_without_zone" if self.tally.without_zone.is_none() => {
                    self.tally.without_zone = Some((place.number, reject.detail.clone()));
                }
                "field_missing" if self.tally.incomplete.is_none() => {
                    let line = escaped(without_bom(place.raw));
                    self.tally.incomplete = Some(line.chars().take(1 << 16).collect());
                }
                _ => {}
            }
            self.reject(place, reject);
        }
        self.held.clear();
    }

    /// Counts an event in its stretch of time; log lines come nearly in order, so the last stretch is
    /// kept at hand.
    #[inline]
    fn beat(&mut self, time: i64) {
        if let Some((begin, pulse)) = &mut self.pulse
            && (*begin..*begin + STRETCH).contains(&time)
        {
            pulse.count += 1;
            pulse.first = pulse.first.min(time);
            pulse.last = pulse.last.max(time);
            return;
        }
        self.put_pulse_away();
        let pulse = Pulse {
            count: 1,
            first: time,
            last: time,
        };
        self.pulse = Some((time.div_euclid(STRETCH) * STRETCH, pulse));
    }

    fn put_pulse_away(&mut self) {
        if let Some((begin, pulse)) = self.pulse.take() {
            let known = self.tally.pulses.entry(begin / STRETCH);
            known.and_modify(|known| known.add(pulse)).or_insert(pulse);
        }
    }

    #[cold]
    fn reject(&mut self, place: Place<'_>, reject: Reject) {
        self.tally.lines.rejects += 1;
        self.rejects.push(&[
            Value::Number(u64::from(self.evidence_id)),
            Value::Number(place.number),
            Value::Number(place.offset),
            Value::Text(reject.reason),
            Value::Text(&reject.detail),
            Value::Bytes(place.raw),
        ]);
    }
}

/// A line and where it is.
#[derive(Debug, Clone, Copy)]
struct Place<'l> {
    number: u64,
    /// Where it begins in its stretch.
    start: usize,
    /// Where it begins in the log.
    offset: u64,
    raw: &'l [u8],
}

/// The bytes as text, each that is none written as `\xHH`, as servers escape them.
fn escaped(bytes: &[u8]) -> Cow<'_, str> {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            use std::fmt::Write as _;
            write!(text, "\\x{byte:02X}").expect("writing to a string");
        }
    }
    Cow::Owned(text)
}
