//! What intake made of the evidence, and what it could not read, for the terminal.

use std::fmt::Write as _;

use comfy_table::Cell;
use jiff::tz::TimeZone;

use super::terminal::{number, push, table, wrapped};
use super::{local, plain, thousands};
use crate::intake::detect::Detected;
use crate::intake::{EvidenceFile, Lines, Manifest};
use crate::rejects::Group;

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
        let mut lines = Lines::default();
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

/// Rejects by reason, with examples.
pub fn rejects(groups: &[Group]) -> String {
    let mut out = String::new();
    let mut rows = table(&["reason", "lines", "files"], 1);
    for group in groups {
        rows.add_row([
            Cell::new(&group.reason),
            number(group.lines),
            number(group.files),
        ]);
    }
    if groups.is_empty() {
        return "no line was rejected\n".to_string();
    }
    push(&rows, &mut out);
    for group in groups {
        for example in &group.examples {
            let place = format!(
                "{}, {}:{} at byte {}",
                group.reason, example.path, example.line_no, example.byte_offset
            );
            wrapped(&place, "", &mut out);
            wrapped(&example.detail, "  ", &mut out);
            let shown: String = example.raw.chars().take(200).collect();
            let more = if shown.len() < example.raw.len() {
                " ..."
            } else {
                ""
            };
            wrapped(&format!("| {shown}{more}"), "  ", &mut out);
        }
    }
    out
}

/// What files are.
pub fn detected(found: &[Detected]) -> String {
    let mut out = String::new();
    for one in found {
        let member = one
            .member
            .as_deref()
            .map(|member| format!("!{member}"))
            .unwrap_or_default();
        wrapped(&format!("{}{member}", one.path.display()), "", &mut out);
        let packed = if one.packed == "none" {
            String::new()
        } else {
            format!(", in {}", one.packed)
        };
        let name = one
            .format
            .map(|name| format!("{name}: "))
            .unwrap_or_default();
        let kind = one
            .kind
            .map(|kind| format!(" ({kind})"))
            .unwrap_or_default();
        wrapped(
            &format!("{name}{}{kind}{packed}", one.title),
            "  ",
            &mut out,
        );
        wrapped(&format!("why    {}", one.why), "  ", &mut out);
        if let (Some(first), Some(last)) = (&one.first_event, &one.last_event) {
            let seen = match (one.all_seen, one.end_seen) {
                (true, _) => "",
                (false, true) => ", by its first and last lines",
                (false, false) => ", by its first lines",
            };
            wrapped(&format!("time   {first} to {last}{seen}"), "  ", &mut out);
            wrapped(&format!("zone   {}", one.zone), "  ", &mut out);
        }
        if !one.fills.is_empty() {
            let fills = one.fills.iter().map(|column| {
                match one.fields.iter().find(|(known, _)| known == column) {
                    Some((_, field)) => format!("{column} ({field})"),
                    None => (*column).to_string(),
                }
            });
            let part = |known: &&(&str, String)| !one.fills.contains(&known.0);
            let parts = one.fields.iter().filter(part);
            let parts = parts.map(|(part, field)| format!("{part} ({field})"));
            let fills: Vec<String> = fills.chain(parts).collect();
            wrapped(&format!("fills  {}", fills.join(", ")), "  ", &mut out);
            wrapped(&format!("lacks  {}", one.lacks.join(", ")), "  ", &mut out);
        } else if !one.names.is_empty() {
            wrapped(&format!("fields {}", one.names.join(", ")), "  ", &mut out);
        }
        for note in &one.notes {
            wrapped(&format!("note   {note}"), "  ", &mut out);
        }
        out.push('\n');
    }
    let unknown = found.iter().filter(|one| one.format.is_none()).count();
    let _ = writeln!(
        out,
        "{} logs, {unknown} of them of no known format",
        found.len()
    );
    out
}
