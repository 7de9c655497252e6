//! What intake made of the evidence, and what it could not read, for the terminal.

use std::fmt::Write as _;

use comfy_table::Cell;
use jiff::tz::TimeZone;

use crate::escape::plain;
use crate::moment::local;
use crate::results::{EvidenceFile, LineCounts, Manifest};
use crate::terminal::{number, push, table, thousands, wrapped};

/// Notes of one kind that are printed.
const MOST_NOTES: usize = 20;

/// The evidence by source, and every file that is not simply whole; times in `zone`.
pub fn evidence(manifest: &Manifest, zone: &TimeZone) -> String {
    let mut out = String::new();
    let totals = manifest.totals;
    let _ = writeln!(
        out,
        "{}: {} files, {} lines = {} rows + {} rejects + {} blanks\n",
        plain(&manifest.case_id),
        manifest.evidence.len(),
        thousands(totals.lines),
        thousands(totals.rows),
        thousands(totals.rejects),
        thousands(totals.blanks)
    );
    let mut rows = table(
        &["source", "format", "files", "rows", "rejects", "blanks"],
        2,
    );
    let mut at = 0;
    while let Some(first) = manifest.evidence.get(at) {
        let of_source = |file: &&EvidenceFile| file.source == first.source;
        let files: Vec<&EvidenceFile> = manifest.evidence[at..]
            .iter()
            .take_while(of_source)
            .collect();
        let mut lines = LineCounts::default();
        for file in files.iter().filter(|file| file.duplicate_of.is_none()) {
            lines.add(file.lines);
        }
        rows.add_row([
            Cell::new(plain(&first.source)),
            Cell::new(&first.format),
            number(files.len() as u64),
            number(lines.rows),
            number(lines.rejects),
            number(lines.blanks),
        ]);
        at += files.len();
    }
    push(&rows, &mut out);
    let first = manifest
        .evidence
        .iter()
        .filter_map(|file| file.first_event.as_deref())
        .min();
    let last = manifest
        .evidence
        .iter()
        .filter_map(|file| file.last_event.as_deref())
        .max();
    if let (Some(first), Some(last)) = (first, last) {
        let _ = writeln!(
            out,
            "events from {} to {}",
            local(first, zone),
            local(last, zone)
        );
    }
    let mut damages = Vec::new();
    let mut copies = Vec::new();
    for file in &manifest.evidence {
        if let Some(damage) = &file.damage {
            let kept = match file.lines.rows {
                0 => "",
                _ => "; what came before is kept",
            };
            damages.push(format!("{}: damaged: {damage}{kept}", file.place()));
        }
        if let Some(first) = file.duplicate_of {
            let note = format!("the same bytes as evidence {first}; counted once");
            copies.push(format!("{}: {note}", file.place()));
        }
        for overlap in &file.overlaps {
            copies.push(format!(
                "{}: {} lines from line {} repeat evidence {} from its line {}; counted once",
                file.place(),
                overlap.lines,
                overlap.first_line,
                overlap.of_evidence_id,
                overlap.of_first_line
            ));
        }
    }
    notes(damages, "damaged logs", "evidence", &mut out);
    notes(copies, "copies", "overlaps of evidence", &mut out);
    let silences = manifest.silences.iter().map(|silence| {
        format!(
            "{}: silent from {} to {}, where about {} events were to be expected by {}",
            silence.source,
            local(&silence.from, zone),
            local(&silence.to, zone),
            silence.expected,
            silence.basis
        )
    });
    notes(silences.collect(), "silences", "silences", &mut out);
    for unfilled in &manifest.unfilled {
        let note = format!(
            "{}: no line has a value in `{}`, which is to fill {}; is the field named rightly?",
            unfilled.source, unfilled.field, unfilled.column
        );
        wrapped(&note, "", &mut out);
    }
    let unclaimed = manifest
        .unclaimed
        .iter()
        .map(|member| format!("{member}: of no source of the case, or no file; not read"));
    notes(unclaimed.collect(), "files", "unclaimed", &mut out);
    if totals.rejects > 0 {
        wrapped(
            "the rejects, by reason: breachscope rejects RESULTS",
            "",
            &mut out,
        );
    }
    out
}

/// Notes of one kind, of which `manifest.json` has all: where there are many, the first.
fn notes(notes: Vec<String>, kind: &str, all_in: &str, out: &mut String) {
    for note in notes.iter().take(MOST_NOTES) {
        wrapped(note, "", out);
    }
    let more = notes.len().saturating_sub(MOST_NOTES);
    if more > 0 {
        let more = thousands(more as u64);
        let note = format!("{more} more {kind}: see {all_in} in manifest.json");
        wrapped(&note, "", out);
    }
}
