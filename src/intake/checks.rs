//! Checks what shows only once all logs are read: settings that fit no line, overlaps, silences.

use std::collections::BTreeMap;

use super::copies;
use super::evidence::jobs::Job;
use super::formats::list;
use super::line_filter::FilterTally;
use super::overlap;
use super::reading::Reading;
use super::receipts::Receipt;
use super::rhythm::{self, Pulses};
use crate::case::{Case, Source};
use crate::error::{Error, Result, closest};
use crate::moment::utc;
use crate::results::{Draft, EvidenceFile, RowProblem, Silence, Unfilled, UnknownWord};

/// The receipts of one source.
fn of_source<'r>(receipts: &'r [Receipt], source: &Source) -> impl Iterator<Item = &'r Receipt> {
    let id = source.id.get_ref().clone();
    receipts.iter().filter(move |one| one.file.source == id)
}

/// The place of a log's source in the case file.
fn source_of(case: &Case, file: &EvidenceFile) -> usize {
    case.file
        .source
        .iter()
        .position(|source| *source.id.get_ref() == file.source)
        .expect("a source of the case")
}

/// An error if most times of a log need a zone that the case file does not name.
///
/// A few such lines in a log whose other times have an offset are rejects.
pub(super) fn time_needs_zone(case: &Case, receipt: &Receipt) -> Result<()> {
    let tally = &receipt.tally;
    let Some((number, detail)) = &tally.without_zone else {
        return Ok(());
    };
    if tally.zoneless < tally.lines.rows {
        return Ok(());
    }
    let source = &case.file.source[source_of(case, &receipt.file)];
    Err(case
        .error_at(
            source.id.span(),
            format!("{}:{number}: {detail}", receipt.file.place()),
        )
        .hint("add zone = \"<IANA name>\" to this source: the zone its clock showed"))
}

/// An error if logs with most of a source's lines have no value at all for a required column.
///
/// Then the mapping is wrong, not the lines. A log of another kind among many only has rejects.
pub(super) fn missing_from_all(
    case: &Case,
    source: &Source,
    reading: &Reading,
    receipts: &[Receipt],
) -> Result<()> {
    let receipts: Vec<&Receipt> = of_source(receipts, source).collect();
    let lines = |receipts: &[&Receipt]| -> u64 {
        let lines = receipts.iter().map(|receipt| receipt.tally.lines);
        lines
            .map(|lines| lines.rows + lines.rejects + lines.others)
            .sum()
    };
    for (index, column) in reading.frame.columns.iter().enumerate() {
        let mapped = source
            .fields
            .iter()
            .find(|(name, _)| name.get_ref() == column.name);
        let (true, Some((_, field))) = (reading.required[index], mapped) else {
            continue;
        };
        let lacks = |receipt: &&&Receipt| {
            let tally = &receipt.tally;
            // `present` has a bit for each column.
            tally.present >> index & 1 == 0 && tally.incomplete.is_some()
        };
        let lacking: Vec<&Receipt> = receipts.iter().filter(lacks).copied().collect();
        let first = lacking.first().and_then(|receipt| {
            let line = receipt.tally.incomplete.as_ref();
            line.map(|line| (&receipt.file, line))
        });
        let Some((file, line)) = first.filter(|_| lines(&lacking) * 2 > lines(&receipts)) else {
            continue;
        };
        let (place, name, fills) = (file.place(), field.get_ref(), column.name);
        let there = reading.parser.field_names(line);
        if there.contains(name) {
            let says =
                format!("no line of {place} has a value in the field `{name}` for `{fills}`");
            return Err(case.error_at(field.span(), says));
        }
        let says = format!("no line of {place} has the field `{name}` for `{fills}`");
        let error = case.error_at(field.span(), says);
        let error = error.hint(format!("its fields are {}", there.join(", ")));
        let other = list::separated(name, &there);
        let other = other.map(|format| format!("is `{format}` the log's format?"));
        let meant = closest(name, there.iter().map(String::as_str));
        let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
        return Err(other.or(meant).into_iter().fold(error, Error::hint));
    }
    Ok(())
}

/// An error if no line of a source has a field that its setting `where` names.
pub(super) fn filter_fields(
    case: &Case,
    source: &Source,
    reading: &Reading,
    receipts: &[Receipt],
) -> Result<()> {
    let Some(filter) = &reading.filter else {
        return Ok(());
    };
    let mut found = FilterTally::default();
    for receipt in of_source(receipts, source) {
        found.add(receipt.tally.filtered.clone());
    }
    let Some(lacking) = &found.lacking else {
        return Ok(());
    };
    let names = source.filter.keys().enumerate();
    let mut missing = names.filter(|(place, _)| found.present >> place & 1 == 0);
    let Some((_, name)) = missing.next() else {
        return Ok(());
    };
    let (id, name_of) = (source.id.get_ref(), name.get_ref());
    let says = format!("where: no line of source `{id}` has a value in the field `{name_of}`");
    let error = case.error_at(name.span(), says);
    let there = filter.parser().field_names(lacking);
    let meant = closest(name_of, there.iter().map(String::as_str));
    let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
    let fields = format!("its fields are {}", there.join(", "));
    Err(meant.into_iter().fold(error.hint(fields), Error::hint))
}

/// Finds logs that begin with lines of another log, and notes it in their receipts.
pub(super) fn find_overlaps(
    receipts: &mut [Receipt],
    jobs: &[Job],
    readings: &[Reading],
    draft: &Draft,
) -> Result<()> {
    let logs = copies::logs_by_id(jobs);
    let candidates: Vec<overlap::Candidate<'_>> = receipts
        .iter()
        .map(|receipt| {
            let (job, log) = logs[&receipt.file.evidence_id];
            overlap::Candidate {
                job,
                log,
                tally: &receipt.tally,
                file: &receipt.file,
            }
        })
        .collect();
    let mut found = overlap::find(&candidates, readings, &draft.frames(), &draft.work())?;
    for receipt in receipts {
        receipt.file.overlaps = found.remove(&receipt.file.evidence_id).unwrap_or_default();
    }
    Ok(())
}

/// Finds pauses of each source that its own rhythm does not explain, nor the case file.
pub(super) fn silences(case: &Case, receipts: &[Receipt]) -> Vec<Silence> {
    let mut found = Vec::new();
    for source in &case.file.source {
        let id = source.id.get_ref();
        let mut pulses = Pulses::default();
        let receipts = of_source(receipts, source);
        for receipt in receipts.filter(|receipt| receipt.file.duplicate_of.is_none()) {
            pulses.append(receipt.tally.pulses.clone());
        }
        let deleted: Vec<(i64, i64)> = case
            .file
            .deleted
            .iter()
            .filter(|range| range.source.get_ref() == id)
            .map(|range| (range.from.as_microsecond(), range.to.as_microsecond()))
            .collect();
        // What the case file explains is no finding; a pause that goes on beyond it may be one.
        for pause in rhythm::silences(pulses, &deleted) {
            found.push(Silence {
                source: id.clone(),
                from: utc(pause.from),
                to: utc(pause.to),
                expected: pause.expected,
                basis: pause.basis.to_string(),
            });
        }
    }
    found
}

/// Columns to which the case file maps a field that no line has: mostly a typo in its name.
pub(super) fn unfilled(case: &Case, readings: &[Reading], receipts: &[Receipt]) -> Vec<Unfilled> {
    let mut found = Vec::new();
    for (source, reading) in case.file.source.iter().zip(readings) {
        let (mut rows, mut present) = (0, 0);
        for receipt in of_source(receipts, source) {
            rows += receipt.file.lines.rows;
            present |= receipt.tally.present;
        }
        for (name, field) in source.fields.iter().filter(|_| rows > 0) {
            // A tally knows columns, not the parts that they were put together from.
            let column = reading.frame.index(name.get_ref());
            if column.is_some_and(|column| present >> column & 1 == 0) {
                found.push(Unfilled {
                    source: source.id.get_ref().clone(),
                    column: name.get_ref().clone(),
                    field: field.get_ref().clone(),
                });
            }
        }
    }
    found
}

/// The values that could not be read and are null, by file and problem.
pub(super) fn row_problems(receipts: &[Receipt]) -> Vec<RowProblem> {
    let counted = receipts.iter();
    let counted = counted.filter(|receipt| receipt.file.duplicate_of.is_none());
    let of_one = |receipt: &Receipt| {
        let place = receipt.file.place();
        let problems = receipt.tally.row_problems.iter();
        let problems = problems.map(move |(name, found)| RowProblem {
            problem: name.clone(),
            place: place.clone(),
            line_no: found.line_no,
            value: found.value.clone(),
            count: found.count,
        });
        problems.collect::<Vec<_>>()
    };
    counted.flat_map(of_one).collect()
}

/// The texts of events and outcomes that are on no list, by source and column.
pub(super) fn unknown_words(case: &Case, receipts: &[Receipt]) -> Vec<UnknownWord> {
    let mut found = Vec::new();
    for source in &case.file.source {
        let mut words: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let counted = of_source(receipts, source).filter(|one| one.file.duplicate_of.is_none());
        for receipt in counted {
            for (column, texts) in &receipt.tally.unknown_words {
                for (text, count) in texts {
                    *words.entry((column, text)).or_default() += count;
                }
            }
        }
        found.extend(
            words
                .into_iter()
                .map(|((column, text), count)| UnknownWord {
                    source: source.id.get_ref().clone(),
                    column: column.to_string(),
                    text: text.to_string(),
                    count,
                }),
        );
    }
    found
}
