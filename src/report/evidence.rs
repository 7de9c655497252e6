//! What intake made of the evidence, and what it could not read, for the terminal.

use std::fmt::Write as _;

use comfy_table::Cell;
use jiff::tz::TimeZone;

use super::sentences::{self, Sentence};
use crate::disclosure::{Finding, about_evidence};
use crate::escape::plain;
use crate::moment::{local, micros};
use crate::results::{EvidenceFile, LineCounts, Manifest};
use crate::terminal::{counted, item, number, push, table, thousands};

/// Notes of one kind that are printed.
const MOST_NOTES: usize = 20;

/// Shows the evidence by source, and each file that was not simply read whole; times in `zone`.
pub fn evidence(manifest: &Manifest, zone: &TimeZone) -> String {
    let mut out = String::new();
    let case = plain(&manifest.case_id);
    let _ = writeln!(out, "{case}: {}\n", line_counts(manifest));
    sources(manifest, &mut out);
    extent(manifest, zone, &mut out);
    notes(manifest, zone, &mut out);
    out
}

/// How the lines of all files were read: `2 files, 7 lines = 6 rows + 1 reject + 0 blanks`; other lines stand
/// behind them, if there are any.
pub(super) fn line_counts(manifest: &Manifest) -> String {
    let lines = manifest.totals;
    let others = match lines.others {
        0 => String::new(),
        others => format!(" + {}", counted(others, "other line", "other lines")),
    };
    format!(
        "{}, {} = {} + {} + {}{others}",
        counted(manifest.evidence.len() as u64, "file", "files"),
        counted(lines.lines, "line", "lines"),
        counted(lines.rows, "row", "rows"),
        counted(lines.rejects, "reject", "rejects"),
        counted(lines.blanks, "blank", "blanks"),
    )
}

/// A table of the sources. The lines of a file that is a copy of another count there only.
fn sources(manifest: &Manifest, out: &mut String) {
    let mut rows = table(
        &["source", "format", "files", "rows", "rejects", "blanks"],
        2,
    );
    for files in manifest.evidence.chunk_by(|a, b| a.source == b.source) {
        let mut lines = LineCounts::default();
        for file in files.iter().filter(|file| file.duplicate_of.is_none()) {
            lines.add(file.lines);
        }
        rows.add_row([
            Cell::new(plain(&files[0].source)),
            Cell::new(&files[0].format),
            number(files.len() as u64),
            number(lines.rows),
            number(lines.rejects),
            number(lines.blanks),
        ]);
    }
    push(&rows, out);
}

/// The times of the first and the last event.
fn extent(manifest: &Manifest, zone: &TimeZone, out: &mut String) {
    let of_each = |time: fn(&EvidenceFile) -> Option<&String>| {
        let files = manifest.evidence.iter();
        files.filter_map(move |file| micros(time(file)?))
    };
    let first = of_each(|file| file.first_event.as_ref()).min();
    let last = of_each(|file| file.last_event.as_ref()).max();
    if let Some((first, last)) = first.zip(last) {
        let [first, last] = [first, last].map(|time| local(time, zone));
        let _ = writeln!(out, "Events from {first} to {last}");
    }
}

/// What the reader must know of single files and sources.
fn notes(manifest: &Manifest, zone: &TimeZone, out: &mut String) {
    let (mut damaged, mut copies) = (Vec::new(), Vec::new());
    for finding in about_evidence(manifest) {
        let kind = match finding {
            Finding::EvidenceDamaged { .. } => &mut damaged,
            // The files are named one by one below.
            Finding::EvidenceUnclaimed { .. } => continue,
            _ => &mut copies,
        };
        kind.push(sentences::finding(&finding, zone).text);
    }
    let silences = manifest.silences.iter().map(|silence| {
        let shown = |time: &String| micros(time).map_or(time.clone(), |time| local(time, zone));
        let [from, to] = [&silence.from, &silence.to].map(shown);
        let silent = sentences::silence(&silence.source, silence.expected);
        format!("{from} to {to}: {silent}.")
    });
    let unfilled = manifest.unfilled.iter().map(|unfilled| {
        format!(
            "No line of {} has the field {}, which the case file names for {}. Check how the field is spelled.",
            unfilled.source, unfilled.field, unfilled.column
        )
    });
    let unclaimed = manifest.unclaimed.iter().map(|file| {
        format!("{file} was not read: it belongs to no source of the case, or is no regular file.")
    });
    list(damaged, "damaged files", "evidence", out);
    list(copies, "copies", "evidence", out);
    list(silences.collect(), "silences", "silences", out);
    list(unfilled.collect(), "fields", "unfilled", out);
    list(
        unclaimed.collect(),
        "files that were not read",
        "unclaimed",
        out,
    );
    let totals = manifest.totals;
    if totals.rejects > 0 {
        let rejected = Finding::LinesRejected {
            count: totals.rejects,
            line_count: totals.lines,
        };
        let Sentence { text, command } = sentences::finding(&rejected, zone);
        item(&text, command.as_deref(), out);
    }
}

/// Lists notes of one kind: the first ones, and where in `manifest.json` the others are.
fn list(notes: Vec<String>, kind: &str, member: &str, out: &mut String) {
    for note in notes.iter().take(MOST_NOTES) {
        item(note, None, out);
    }
    let more = notes.len().saturating_sub(MOST_NOTES) as u64;
    if more > 0 {
        let more = thousands(more);
        item(
            &format!("{more} more {kind}: see {member} in manifest.json"),
            None,
            out,
        );
    }
}
