//! First contact: what a file is, why, and what it can fill, from its first and last lines.
//!
//! Formats with a mark of their own are tried first, in the order of [`formats::list::ALL`]; the first that
//! reads at least half of the lines is what the file is. JSON, CSV, TSV and Parquet of unknown fields
//! get a mapping proposed by name. Nothing here decides how evidence is read: the case file does.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::bytes::without_bom;
use crate::case::{Catalogue, SourceKind, TimeFormat};
use crate::error::{Error, Result};
use crate::intake::block::{Parser, Tally};
use crate::intake::blocks::buffers::Pool;
use crate::intake::blocks::framing::Framing;
use crate::intake::blocks::framing::{self, Block};
use crate::intake::evidence::containers;
use crate::intake::evidence::parquet_rows::ParquetRows;
use crate::intake::formats::{self, LogFormat};
use crate::intake::reading::Reading;
use crate::jws::SigningKeys;
use crate::moment::utc;
use crate::survey::guess;

/// Bytes looked at from the beginning of a log.
const HEAD: usize = 1 << 20;
/// Bytes looked at from its end.
const TAIL: usize = 1 << 18;
/// Bytes of a packed log that are unpacked to find its end.
const UNPACKED: u64 = 1 << 28;

/// What a log seems to be.
#[derive(Debug, Clone, Serialize)]
pub struct Detected {
    /// The file.
    pub path: PathBuf,
    /// Its path in the archive.
    pub member: Option<String>,
    /// What it is packed in.
    pub packed: String,
    /// The format's name in the case file; nothing if it is not known.
    pub format: Option<&'static str>,
    /// The format, for people.
    pub title: String,
    /// What a source of it probably is.
    pub kind: Option<&'static str>,
    /// Why it is taken for that.
    pub why: String,
    /// How its times are written, where the case file must say so.
    pub time: Option<String>,
    /// What zone its times are in: `each line says it`, `UTC`, or `not said`.
    pub zone: &'static str,
    /// The earliest and the latest event among the lines looked at, UTC; if `zone` is `not said`, on
    /// the log's own clock.
    pub first_event: Option<String>,
    /// The latest.
    pub last_event: Option<String>,
    /// Whether the end of the log was looked at.
    pub end_seen: bool,
    /// Whether all of it was, and not its first and last lines alone.
    pub all_seen: bool,
    /// Canonical columns that it can fill.
    pub fills: Vec<&'static str>,
    /// Those that it cannot.
    pub lacks: Vec<&'static str>,
    /// The mapping proposed for what the format does not fill by itself: column and field.
    pub fields: Mapping,
    /// Its own field names, where it has names.
    pub names: Vec<String>,
    /// What makes reading it uncertain.
    pub notes: Vec<String>,
}

/// The logs in these files and folders, in order.
pub fn detect(paths: &[PathBuf]) -> Result<Vec<Detected>> {
    let spool = tempfile::tempdir()
        .map_err(|e| Error::io("make room for archives", &std::env::temp_dir(), e))?;
    let mut found = Vec::new();
    for path in paths {
        let files = if path.is_dir() {
            crate::results::files_below(path)?
        } else {
            vec![path.clone()]
        };
        for file in files {
            let before = found.len();
            if !file.is_file() {
                let mut nothing = Sample::default().detected(&file, None, "none".into());
                nothing.why = "it is no file, or a link to nothing".into();
                found.push(nothing);
                continue;
            }
            let damage = containers::list(&file, spool.path(), &mut |log| {
                let whole = (log.packed == "none").then_some(file.as_path());
                let sample = Sample::take(log.content, whole, spool.path());
                found.push(sample.detected(&file, log.member, log.packed));
                Ok(())
            })?;
            if let Some(damage) = damage {
                if found.len() == before {
                    let nothing = Sample::default();
                    found.push(nothing.detected(&file, None, "unreadable".into()));
                }
                if let Some(last) = found.last_mut() {
                    last.notes.push(format!("damaged: {damage}"));
                }
            }
        }
    }
    Ok(found)
}

/// The first and last bytes of a log.
#[derive(Debug, Default)]
struct Sample {
    head: Vec<u8>,
    tail: Vec<u8>,
    end_seen: bool,
    damage: Option<String>,
    parquet: bool,
}

impl Sample {
    /// Takes a sample of `content`, which is the file `whole` if that is given.
    fn take(mut content: &mut dyn Read, whole: Option<&Path>, spool: &Path) -> Self {
        let mut sample = Sample::default();
        if let Err(error) = (&mut content)
            .take(HEAD as u64)
            .read_to_end(&mut sample.head)
        {
            sample.damage = Some(error.to_string());
            return sample;
        }
        if sample.head.starts_with(b"PAR1") {
            sample.parquet = true;
            let mut all = std::io::Cursor::new(std::mem::take(&mut sample.head)).chain(content);
            match ParquetRows::set_aside(&mut all, spool) {
                Ok(Ok(mut rows)) => {
                    let read = rows
                        .by_ref()
                        .take(HEAD as u64)
                        .read_to_end(&mut sample.head);
                    sample.damage = read.err().map(|error| error.to_string());
                    sample.end_seen = sample.damage.is_none() && sample.head.len() < HEAD;
                }
                Ok(Err(damage)) => sample.damage = Some(damage),
                Err(error) => sample.damage = Some(error.to_string()),
            }
            return sample;
        }
        if sample.head.len() < HEAD {
            sample.end_seen = true;
            return sample;
        }
        if let Some(path) = whole {
            sample.end_seen = end_of(path, &mut sample.tail).is_ok();
            return sample;
        }
        let mut chunk = vec![0; TAIL];
        let mut unpacked = 0;
        while unpacked < UNPACKED {
            match content.read(&mut chunk) {
                Ok(0) => {
                    sample.end_seen = true;
                    break;
                }
                Ok(length) => {
                    unpacked += length as u64;
                    sample.tail.extend_from_slice(&chunk[..length]);
                    let extra = sample.tail.len().saturating_sub(TAIL);
                    sample.tail.drain(..extra);
                }
                Err(error) => {
                    sample.damage = Some(error.to_string());
                    break;
                }
            }
        }
        if !sample.end_seen {
            sample.tail.clear();
        }
        sample
    }

    fn detected(&self, path: &Path, member: Option<String>, packed: String) -> Detected {
        let mut found = Detected {
            path: path.to_path_buf(),
            member,
            packed,
            format: None,
            title: "unknown".into(),
            kind: None,
            why: String::new(),
            time: None,
            zone: "not said",
            first_event: None,
            last_event: None,
            end_seen: self.end_seen,
            all_seen: self.end_seen && self.tail.is_empty(),
            fills: Vec::new(),
            lacks: Vec::new(),
            fields: Vec::new(),
            names: Vec::new(),
            notes: Vec::new(),
        };
        if let Some(damage) = &self.damage {
            found.notes.push(format!("damaged: {damage}"));
        }
        if !self.marked(&mut found) && !self.named(&mut found) {
            found.why = self.unknown();
        }
        found
    }

    /// Tries the formats that know their fields.
    fn marked(&self, found: &mut Detected) -> bool {
        let lines: Vec<String> = self
            .head
            .split(|byte| *byte == b'\n')
            .take(200)
            .map(|line| {
                String::from_utf8_lossy(without_bom(line))
                    .trim_end()
                    .to_string()
            })
            .collect();
        // An array or envelope on one line has its marks in that line.
        let bears = |format: &LogFormat| {
            let one = |line: &String| {
                (format.mark)(line) || (format.mark)(line.trim_start_matches(['[', ' ', '\t', ',']))
            };
            let whole = format.framing == Framing::Objects && {
                let start = format!(
                    "{{{}",
                    lines
                        .concat()
                        .replace("\" : ", "\":")
                        .replace("\": ", "\":")
                );
                (format.mark)(&start)
            };
            lines.iter().any(one) || whole
        };
        for format in formats::list::ALL
            .iter()
            .copied()
            .filter(|format| bears(format))
        {
            let kind = format.kinds[0];
            if let Some(attempt) = self.attempt(format, kind, &[], None) {
                let more = self.more(&attempt, &lines);
                let (attempt, fields) = more.unwrap_or((attempt, Vec::new()));
                attempt.describe(found);
                if !fields.is_empty() {
                    found.notes.push(GUESSED.into());
                }
                found.fields = fields;
                return true;
            }
        }
        false
    }

    /// The same format with fields of a tail, which the server's owner named, for columns that it cannot fill by
    /// itself.
    fn more(&self, plain: &Attempt, lines: &[String]) -> Option<(Attempt, Mapping)> {
        if !matches!(plain.format.name, "common" | "combined") {
            return None;
        }
        let names = lines
            .iter()
            .flat_map(|line| plain.reading.parser.field_names(line));
        let names: BTreeSet<String> = names.collect();
        let names: Vec<String> = names.into_iter().collect();
        let (_, lacks) = plain.reading.columns(plain.kind);
        let mut fields = guess::mapping(plain.kind, &names);
        fields.retain(|(column, _)| lacks.contains(column));
        let found = (!fields.is_empty())
            .then(|| self.attempt(plain.format, plain.kind, &fields, None))??;
        let as_many = found.tally.lines.rows >= plain.tally.lines.rows;
        as_many.then_some((found, fields))
    }

    /// Proposes a mapping for a log that names its fields.
    fn named(&self, found: &mut Detected) -> bool {
        let text = String::from_utf8_lossy(without_bom(&self.head));
        let first = text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        // A field may be missing from some lines, so many are looked at.
        let mut objects: Vec<String> = Vec::new();
        for line in text.lines().take(1000) {
            let line = line
                .trim()
                .trim_start_matches('[')
                .trim_end_matches([',', ']']);
            for name in formats::json::names(line) {
                if !objects.contains(&name) {
                    objects.push(name);
                }
            }
        }
        let cut = |delimiter: char| -> Vec<String> {
            let names = first.split(delimiter);
            names
                .map(|name| name.trim().trim_matches('"').to_string())
                .collect()
        };
        // Of formats that differ in what they do with quotes, the one that reads the most.
        let (like, names): (&[&str], _) = if self.parquet {
            (&["parquet"], objects)
        } else if first.trim_start().starts_with(['{', '[']) && !objects.is_empty() {
            (&["jsonl"], objects)
        } else if first.matches('\t').count() >= 2 {
            (&["tsv", "tsv_unquoted"], cut('\t'))
        } else if first.matches(',').count() >= 2 {
            (&["csv", "csv_backslash"], cut(','))
        } else if first.matches(';').count() >= 2 {
            (&["csv_semicolon"], cut(';'))
        } else {
            return false;
        };
        // A name is a word; bytes that are no log may have tabs and commas too.
        let odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
        if names.iter().any(|name| name.contains(odd)) {
            return false;
        }
        let like = like
            .iter()
            .map(|name| formats::list::find(name).expect("one of the list"));
        let mut best: Option<(Attempt, Mapping)> = None;
        for kind in [
            SourceKind::Gateway,
            SourceKind::Edge,
            SourceKind::Issuance,
            SourceKind::Application,
        ] {
            let fields = guess::mapping(kind, &names);
            let has = |column: &&str| fields.iter().any(|(known, _)| known == column);
            let issuance: &[&str] = if kind == SourceKind::Issuance {
                &["token_id", "subject"]
            } else {
                &[]
            };
            if !kind.needs().iter().chain(issuance).all(has) {
                continue;
            }
            for (time, format) in TIMES
                .iter()
                .flat_map(|time| like.clone().map(move |format| (time, format)))
            {
                let Some(attempt) = self.attempt(format, kind, &fields, Some(*time)) else {
                    continue;
                };
                // Any number is a time in some unit; only one unit gives a time of these days.
                let plausible = |(first, last)| PLAUSIBLE.0 <= first && last < PLAUSIBLE.1;
                if !attempt.tally.span.is_some_and(plausible) {
                    continue;
                }
                let better =
                    |(known, _): &(Attempt, _)| known.tally.lines.rows < attempt.tally.lines.rows;
                if best.as_ref().is_none_or(better) {
                    best = Some((attempt, fields.clone()));
                }
            }
        }
        found.names = names;
        match best {
            Some((attempt, fields)) => {
                attempt.describe(found);
                found.time = Some(guess::time_name(attempt.reading.clock.format));
                found.fields = fields;
                found.notes.push(GUESSED.into());
            }
            None => {
                let format = like.clone().next().expect("at least one");
                found.format = Some(format.name);
                found.title = format.title.to_string();
                found.why = "its fields are named, but which is which is not known".into();
            }
        }
        true
    }

    /// Tries a format; nothing if it does not read at least half of the lines. Times without a zone are
    /// read as if in UTC.
    fn attempt(
        &self,
        format: &'static LogFormat,
        kind: SourceKind,
        fields: &[(&str, String)],
        time: Option<TimeFormat>,
    ) -> Option<Attempt> {
        let mut zone = None;
        let mut reading = Reading::attempt(format, kind, fields, time, zone.clone()).ok()?;
        let mut tally = self.read(&reading);
        let zone_said = tally.without_zone.is_none();
        if !zone_said {
            zone = Some(jiff::tz::TimeZone::UTC);
            reading = Reading::attempt(format, kind, fields, time, zone).ok()?;
            tally = self.read(&reading);
        }
        let reads = tally.lines.rows > 0 && tally.lines.rows >= tally.lines.rejects;
        reads.then_some(Attempt {
            format,
            kind,
            reading,
            tally,
            zone_said,
        })
    }

    /// Reads head and tail.
    fn read(&self, reading: &Reading) -> Tally {
        let mut tally = self.part(reading, &self.head, self.tail.is_empty());
        if !self.tail.is_empty() {
            // The tail begins in the middle of a line.
            let begin = memchr::memchr(b'\n', &self.tail).map_or(0, |at| at + 1);
            tally.add(self.part(reading, &self.tail[begin..], true));
        }
        tally
    }

    fn part(&self, reading: &Reading, bytes: &[u8], whole: bool) -> Tally {
        let end = if whole {
            bytes.len()
        } else {
            memchr::memrchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
        };
        let mut all = Tally::default();
        let known = (Catalogue::new(Vec::new()), SigningKeys::default());
        let pool: Arc<Pool> = Arc::default();
        let parse = |block: Block| -> Result<()> {
            let parsed =
                Parser::new(reading, (&known.0, &known.1), 1, block.lines)?.parse(&block)?;
            all.add(parsed.tally);
            Ok(())
        };
        let framing = if self.parquet {
            Framing::Lines
        } else {
            reading.framing
        };
        // What cannot be cut or encoded here is said when the log is read.
        let _ = framing::cut(&mut &bytes[..end], framing, HEAD, &pool, parse);
        all
    }

    /// What can be said of a log that no format reads.
    fn unknown(&self) -> String {
        match self.head.as_slice() {
            [] => "it is empty".into(),
            head if framing::is_utf16(head) => framing::UTF16.into(),
            head if head.iter().take(4096).filter(|byte| **byte == 0).count() > 64 => "it is no text".into(),
            _ => "no format reads half of its lines; if it is a web server's own log_format, give that in the case file".into(),
        }
    }
}

/// Moments that a log's events may have: from 2000 to 2100, microseconds since 1970 UTC.
const PLAUSIBLE: (i64, i64) = (946_684_800_000_000, 4_102_444_800_000_000);

/// Ways to write times that are tried on a log whose fields are known by name only.
const TIMES: &[TimeFormat] = &[
    TimeFormat::Rfc3339,
    TimeFormat::EpochSeconds,
    TimeFormat::EpochMilliseconds,
    TimeFormat::EpochMicroseconds,
    TimeFormat::EpochNanoseconds,
    TimeFormat::Common,
    TimeFormat::LocalClf,
];

/// What is noted where fields fill columns by their names.
const GUESSED: &str = "the fields' meaning is guessed by their names: check each";

/// A column each, and the field that fills it.
type Mapping = Vec<(&'static str, String)>;

/// A format that reads a sample.
struct Attempt {
    format: &'static LogFormat,
    kind: SourceKind,
    reading: Reading,
    tally: Tally,
    zone_said: bool,
}

impl Attempt {
    fn describe(&self, found: &mut Detected) {
        let read = self.tally.lines;
        found.format = Some(self.format.name);
        found.title = self.format.title.to_string();
        found.kind = Some(self.kind.name());
        found.why = format!(
            "{} of {} lines looked at read as {}",
            read.rows,
            read.rows + read.rejects,
            self.format.title
        );
        found.zone = match self.reading.clock.format {
            _ if !self.zone_said => "not said",
            TimeFormat::Rfc3339 | TimeFormat::Common => "each line says it",
            _ => "UTC",
        };
        let show = |time: i64| {
            let text = utc(time);
            if self.zone_said {
                text
            } else {
                text.trim_end_matches('Z').to_string()
            }
        };
        found.first_event = self.tally.span.map(|(first, _)| show(first));
        found.last_event = self.tally.span.map(|(_, last)| show(last));
        (found.fills, found.lacks) = self.reading.columns(self.kind);
    }
}

/// The last bytes of a file.
fn end_of(path: &Path, tail: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Seek as _;
    let mut file = std::fs::File::open(path)?;
    file.seek(std::io::SeekFrom::End(-(TAIL as i64)))?;
    file.read_to_end(tail).map(drop)
}
