//! Writes what was read: the custody manifest, and the frames about evidence.

use std::path::Path;

use crate::case::Case;
use crate::digest::hash_file;
use crate::error::{Error, Result};
use crate::frames::{self, FrameWriter, Value};
use crate::results::{DeletedRange, EvidenceFile, Hashed, LineCounts, Manifest, SCHEMA, Silence};

/// The manifest of a run that read `evidence`.
///
/// `unclaimed` has members of archives and what is no file, and then files that lie beside evidence.
/// The manifest lacks what only the end of the run knows: frames, outputs and columns that no line filled.
pub(super) fn manifest(
    case: &Case,
    evidence: Vec<EvidenceFile>,
    silences: Vec<Silence>,
    (mut unclaimed, beside): (Vec<String>, Vec<String>),
    command: &str,
) -> Result<Manifest> {
    let mut totals = LineCounts::default();
    for file in evidence.iter().filter(|file| file.duplicate_of.is_none()) {
        totals.add(file.lines);
    }
    let registry = &case.file.registry;
    let mut configuration = Vec::new();
    let registries = [
        &registry.keys,
        &registry.accounts,
        &registry.pages,
        &registry.networks,
    ];
    let registries = registries
        .into_iter()
        .flatten()
        .map(|path| case.dir.join(path.get_ref()));
    let key_files = case
        .signing_key_files
        .iter()
        .map(|(path, _)| case.dir.join(path));
    for path in std::iter::once(case.path.clone())
        .chain(registries)
        .chain(key_files)
    {
        let sha256 = hash_file(&path).map_err(|e| Error::io("read the file", &path, e))?;
        let path = path
            .strip_prefix(&case.dir)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        configuration.push(Hashed { path, sha256 });
    }
    let unclaimed_beside = beside.len() as u64;
    unclaimed.extend(beside);
    let deleted = case.file.deleted.iter().map(|range| DeletedRange {
        source: range.source.get_ref().clone(),
        from: range.from.to_string(),
        to: range.to.to_string(),
        reason: range.reason.clone(),
    });
    Ok(Manifest {
        schema: SCHEMA.to_string(),
        tool: crate::results::TOOL.to_string(),
        command: command.to_string(),
        case: case.dir.to_string_lossy().into_owned(),
        case_id: case.file.case.id.clone(),
        configuration,
        collected_by: case.file.case.collected_by.clone(),
        collected_at: case.file.case.collected_at.to_string(),
        totals,
        evidence,
        unclaimed,
        unclaimed_beside,
        deleted: deleted.collect(),
        silences,
        unfilled: Vec::new(),
        unknown_words: Vec::new(),
        row_problems: Vec::new(),
        frames: Vec::new(),
        outputs: Vec::new(),
    })
}

/// Writes the frames `evidence`, `overlaps` and `silences`.
pub(super) fn write_evidence(
    evidence: &[EvidenceFile],
    silences: &[Silence],
    frames_dir: &Path,
) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::EVIDENCE, 0)?;
    let mut overlaps = FrameWriter::create(frames_dir, &frames::OVERLAPS, 0)?;
    for file in evidence {
        writer.push(&[
            Value::Number(u64::from(file.evidence_id)),
            Value::Text(&file.source),
            Value::Text(&file.kind),
            Value::Text(&file.place()),
            Value::Text(&file.sha256),
            Value::Number(file.lines.lines),
            Value::Number(file.lines.rows),
            Value::Number(file.lines.rejects),
            Value::Number(file.lines.blanks),
            Value::Number(file.lines.others),
            file.duplicate_of
                .map_or(Value::Null, |first| Value::Number(u64::from(first))),
        ])?;
        for overlap in &file.overlaps {
            overlaps.push(&[
                Value::Number(u64::from(file.evidence_id)),
                Value::Number(overlap.first_line),
                Value::Number(overlap.lines),
                Value::Number(u64::from(overlap.of_evidence_id)),
                Value::Number(overlap.of_first_line),
            ])?;
        }
    }
    writer.finish()?;
    overlaps.finish()?;
    let mut writer = FrameWriter::create(frames_dir, &frames::SILENCES, 0)?;
    for silence in silences {
        let time = |text: &str| {
            let time: jiff::Timestamp = text.parse().expect("written by this program");
            Value::Time(time.as_microsecond())
        };
        writer.push(&[
            Value::Text(&silence.source),
            time(&silence.from),
            time(&silence.to),
            Value::Number(silence.expected),
            Value::Text(&silence.basis),
        ])?;
    }
    writer.finish().map(drop)
}

/// Writes the frame `pages`: a row for each field that a page shows.
pub fn write_pages(case: &Case, frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::PAGES, 0)?;
    for page in &case.catalogue.pages {
        for field in &page.fields {
            writer.push(&[
                Value::Text(&page.id),
                Value::Text(&page.title),
                Value::Text(&page.method),
                Value::Text(&page.route),
                Value::Number(page.empty_below_bytes),
                Value::Text(&field.name),
                Value::Text(field.form_name()),
            ])?;
        }
    }
    writer.finish().map(drop)
}
