//! Recognizes the format of a log from a sample of it.
//!
//! Formats with a mark of their own are tried first, in the order of [`formats::list::ALL`]; the first that
//! reads at least half of the lines is taken. For JSON, CSV, TSV and Parquet with fields of their own a
//! mapping is proposed by the names of the fields.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use super::detected::{Detected, Mapping, NO_ZONE};
use super::guess;
use super::requests::{RequestFields, fields_of, request_fields};
use super::sample::Sample;
use crate::bytes::without_bom;
use crate::case::{SourceKind, TimeFormat};
use crate::intake::blocks::framing::{self, Framing};
use crate::intake::formats::{self, LogFormat};
use crate::intake::reading::Reading;
use crate::intake::tally::Tally;
use crate::intake::wrapping::Unwrapper;
use crate::moment::utc;

/// Lines of a sample that are searched for the marks of formats.
const MARKED_LINES: usize = 200;
/// Lines of a sample whose field names are gathered: a field may be missing from some lines.
const NAMED_LINES: usize = 1000;

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

/// The note on a log whose columns were assigned by the names of its fields.
const GUESSED: &str = "what each field means is guessed from its name: check each";

impl Sample {
    /// What the log at `path`, of which this is a sample, seems to be.
    pub(super) fn detected(&self, path: &Path, member: Option<String>, packed: String) -> Detected {
        let mut found = Detected::unknown(path, member, packed);
        found.end_seen = self.end_seen;
        found.all_seen = self.end_seen && self.tail.is_empty();
        if let Some(damage) = &self.damage {
            found.notes.push(format!("damaged: {damage}"));
        }
        if !self.marked(&mut found) && !self.named(&mut found) {
            found.why = self.why_unknown();
        }
        found
    }

    /// Tries the formats that have a mark of their own; true if one of them reads the sample.
    fn marked(&self, found: &mut Detected) -> bool {
        let lines: Vec<String> = self
            .head
            .split(|byte| *byte == b'\n')
            .take(MARKED_LINES)
            .map(|line| {
                let line = String::from_utf8_lossy(without_bom(line));
                line.trim_end().to_string()
            })
            .collect();
        // The marks of a format may stand behind what a container or a collector put before each line.
        let variants = Unwrapper::new().variants(&lines);
        for format in formats::list::ALL {
            let mut bearing = variants.iter();
            let Some(lines) = bearing.find(|lines| bears_mark(format, lines)) else {
                continue;
            };
            let Some(attempt) = self.attempt(format, format.kinds[0], &[], None) else {
                continue;
            };
            let more = self.with_named_tail(&attempt, lines);
            let (attempt, fields) = more.unwrap_or((attempt, Vec::new()));
            attempt.describe(found);
            if !fields.is_empty() {
                found.notes.push(GUESSED.into());
            }
            found.fields = fields;
            return true;
        }
        false
    }

    /// The attempt `plain` again, with fields that stand behind those of the format.
    ///
    /// The owner of a server may append named fields to the common and the combined format. Those that
    /// fill columns which the format alone cannot fill are mapped by their names.
    fn with_named_tail(&self, plain: &Attempt, lines: &[String]) -> Option<(Attempt, Mapping)> {
        if !matches!(plain.format.name, "common" | "combined") {
            return None;
        }
        let names: BTreeSet<String> = lines
            .iter()
            .flat_map(|line| plain.reading.parser.field_names(line))
            .collect();
        let names: Vec<String> = names.into_iter().collect();
        let (_, lacks) = plain.reading.columns(plain.kind);
        let mut fields = guess::mapping(plain.kind, &names);
        fields.retain(|(column, _)| lacks.contains(column));
        if fields.is_empty() {
            return None;
        }
        let found = self.attempt(plain.format, plain.kind, &fields, None)?;
        let as_many = found.tally.sound_rows() >= plain.tally.sound_rows();
        as_many.then_some((found, fields))
    }

    /// Proposes a mapping for a log that names its fields; true if it does.
    fn named(&self, found: &mut Detected) -> bool {
        let Some((formats, names)) = self.field_names() else {
            return false;
        };
        // A name is made of words; bytes that are no log may have tabs and commas, too.
        let odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
        if names.iter().any(|name| name.contains(odd)) {
            return false;
        }
        match self.best_mapping(&formats, &names) {
            Some((attempt, fields)) => {
                attempt.describe(found);
                found.time = Some(guess::time_name(attempt.reading.clock.format));
                found.fields = fields;
                found.notes.push(GUESSED.into());
            }
            None => {
                found.format = Some(formats[0].name);
                found.title = formats[0].title.to_string();
                found.why =
                    "its fields have names, but none that tell which column each fills".into();
            }
        }
        found.names = names;
        true
    }

    /// The names of the log's fields, and the formats that it may have, which differ in what quotes mean.
    fn field_names(&self) -> Option<(Vec<&'static LogFormat>, Vec<String>)> {
        let text = String::from_utf8_lossy(without_bom(&self.head));
        let text = without_wrapping(&text);
        let first = text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let mut members: Vec<String> = Vec::new();
        for line in text.lines().take(NAMED_LINES) {
            // Objects may stand in an array, each on its line.
            let line = line
                .trim()
                .trim_start_matches('[')
                .trim_end_matches([',', ']']);
            for name in formats::json::names(line) {
                if !members.contains(&name) {
                    members.push(name);
                }
            }
        }
        let cut = |delimiter: char| -> Vec<String> {
            let names = first.split(delimiter);
            names
                .map(|name| name.trim().trim_matches('"').to_string())
                .collect()
        };
        let (formats, names): (&[&str], _) = if self.parquet {
            (&["parquet"], members)
        } else if first.trim_start().starts_with(['{', '[']) && !members.is_empty() {
            (&["jsonl"], members)
        } else if first.matches('\t').count() >= 2 {
            (&["tsv", "tsv_unquoted"], cut('\t'))
        } else if first.matches(',').count() >= 2 {
            (&["csv", "csv_backslash"], cut(','))
        } else if first.matches(';').count() >= 2 {
            (&["csv_semicolon"], cut(';'))
        } else {
            return None;
        };
        let formats = formats
            .iter()
            .map(|name| formats::list::find(name).expect("one of the list"));
        Some((formats.collect(), names))
    }

    /// The fields that show the log to be one of requests, if it names its fields and is one.
    pub(super) fn request_fields(&self) -> Option<RequestFields> {
        let (formats, _) = self.field_names()?;
        let delimiter = match formats[0].name {
            "tsv" => Some(b'\t'),
            "csv" => Some(b','),
            "csv_semicolon" => Some(b';'),
            _ => None,
        };
        let text = String::from_utf8_lossy(without_bom(&self.head));
        request_fields(&fields_of(&without_wrapping(&text), delimiter))
    }

    /// The kind of source, format and way to write times that read the most lines, and their mapping.
    ///
    /// Of equals the first is taken, in the order of the kinds, [`TIMES`] and `formats`.
    fn best_mapping(
        &self,
        formats: &[&'static LogFormat],
        names: &[String],
    ) -> Option<(Attempt, Mapping)> {
        let mut best: Option<(Attempt, Mapping)> = None;
        // Read as issuances, requests would hand out every token that was used, forged ones too.
        let of_requests = self.request_fields().is_some();
        for kind in [
            SourceKind::Gateway,
            SourceKind::Edge,
            SourceKind::Issuance,
            SourceKind::Application,
        ] {
            let fields = guess::mapping(kind, names);
            let fits = match kind {
                SourceKind::Issuance if of_requests => false,
                // Whoever issued the tokens may stand in no field; the case file can say it.
                SourceKind::Gateway if of_requests => {
                    fields.iter().any(|(column, _)| *column == "token_id")
                }
                _ => fills_what_it_must(kind, &fields),
            };
            if !fits {
                continue;
            }
            let tried = TIMES
                .iter()
                .flat_map(|time| formats.iter().map(move |format| (time, format)));
            for (time, format) in tried {
                let Some(attempt) = self.attempt(format, kind, &fields, Some(*time)) else {
                    continue;
                };
                // Any number is a time in some unit; only one unit gives a time of these days.
                let plausible = |(first, last)| PLAUSIBLE.0 <= first && last < PLAUSIBLE.1;
                let better = |(known, _): &(Attempt, _)| {
                    known.tally.sound_rows() < attempt.tally.sound_rows()
                };
                if attempt.tally.span.is_some_and(plausible) && best.as_ref().is_none_or(better) {
                    best = Some((attempt, fields.clone()));
                }
            }
        }
        best
    }

    /// Reads the sample as `format`; nothing if that does not read at least half of the lines.
    ///
    /// Times without a zone are read as if they were in UTC.
    fn attempt(
        &self,
        format: &'static LogFormat,
        kind: SourceKind,
        fields: &[(&str, String)],
        time: Option<TimeFormat>,
    ) -> Option<Attempt> {
        let mut reading = Reading::attempt(format, kind, fields, time, None).ok()?;
        let mut tally = self.read(&reading);
        let zone_said = tally.without_zone.is_none();
        if !zone_said {
            let zone = Some(jiff::tz::TimeZone::UTC);
            reading = Reading::attempt(format, kind, fields, time, zone).ok()?;
            tally = self.read(&reading);
        }
        let sound = tally.sound_rows();
        let reads = sound > 0 && sound >= tally.lines.rejects + tally.doubtful_rows;
        reads.then_some(Attempt {
            format,
            kind,
            reading,
            tally,
            zone_said,
        })
    }

    /// What can be said of a log that no format reads.
    fn why_unknown(&self) -> String {
        let zeros = |head: &[u8]| head.iter().take(4096).filter(|byte| **byte == 0).count();
        match self.head.as_slice() {
            [] => "it is empty".into(),
            head if framing::is_utf16(head) => framing::UTF16.into(),
            head if zeros(head) > 64 => "it is no text".into(),
            _ => "no format reads half of its lines; if a web server wrote it in a log_format of its own, \
                  give that in the case file"
                .into(),
        }
    }
}

/// The text whose lines are JSON objects once what was wrapped around them is off, or else the same text.
fn without_wrapping(text: &str) -> Cow<'_, str> {
    let lines: Vec<String> = text.lines().take(NAMED_LINES).map(str::to_string).collect();
    let is_object = |line: &&String| line.starts_with('{');
    let variants = Unwrapper::new().variants(&lines);
    let objects = variants.into_iter().rev().find(|lines| {
        let count = lines.iter().filter(is_object).count();
        count > 0 && count * 2 >= lines.len()
    });
    match objects {
        Some(objects) if objects != lines => objects.join("\n").into(),
        _ => text.into(),
    }
}

/// Whether the mark of a format is in one of the lines, or in all of them together.
fn bears_mark(format: &LogFormat, lines: &[String]) -> bool {
    // An object may be the first of an array, or follow another one.
    let in_line = |line: &String| {
        (format.mark)(line) || (format.mark)(line.trim_start_matches(['[', ' ', '\t', ',']))
    };
    if lines.iter().any(in_line) {
        return true;
    }
    // An object may stretch over several lines, with blanks around its colons.
    format.framing == Framing::Objects && {
        let joined = lines.concat();
        let joined = joined.replace("\" : ", "\":").replace("\": ", "\":");
        (format.mark)(&format!("{{{joined}"))
    }
}

/// Whether a mapping fills the columns without which a log is no source of that kind.
fn fills_what_it_must(kind: SourceKind, fields: &Mapping) -> bool {
    // Many logs have a time and an event; only an issuance log has these two as well.
    let issuance: &[&str] = if kind == SourceKind::Issuance {
        &["token_id", "subject"]
    } else {
        &[]
    };
    let filled = |column: &&str| fields.iter().any(|(known, _)| known == column);
    kind.needs().iter().chain(issuance).all(filled)
}

/// A format that reads a sample, and how.
struct Attempt {
    format: &'static LogFormat,
    kind: SourceKind,
    reading: Reading,
    tally: Tally,
    /// Whether the log itself says in which zone its times are.
    zone_said: bool,
}

impl Attempt {
    /// Enters what is known of the log.
    fn describe(&self, found: &mut Detected) {
        let read = self.tally.lines;
        if let Some(wrapped) = &self.tally.wrapped {
            let note = format!("each line stands in {wrapped}, which is taken off as it is read");
            found.notes.push(note);
        }
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
            _ if !self.zone_said => NO_ZONE,
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
