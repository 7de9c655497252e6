//! Sources that are missing, unread or without a token.

use std::collections::BTreeMap;
use std::path::Path;

use super::misfit::{MANY, MOST_PIECES, Misfit};
use crate::case::{Case, SourceKind};
use crate::error::Result;
use crate::frames::{self, Frame, Piece, Texts, numbered_parts, pieces, small, unsigned};
use crate::results::{EvidenceFile, LineCounts, Manifest};

/// The logs of one source that are counted, and the sum of their lines.
pub(super) struct Logs<'m> {
    /// The source.
    pub(super) source: &'m str,
    /// Its kind.
    pub(super) kind: &'m str,
    /// The files.
    pub(super) files: Vec<&'m EvidenceFile>,
    /// How their lines were read.
    pub(super) lines: LineCounts,
}

impl Logs<'_> {
    /// The batches of rows of this source in `frame`, in order.
    fn pieces(&self, frame: &Frame, frames_dir: &Path) -> Result<Vec<Piece>> {
        let parts = self.files.iter();
        let parts = parts.flat_map(|file| numbered_parts(frames_dir, frame, file.evidence_id));
        pieces(&parts.collect::<Vec<_>>())
    }

    /// Some of these batches, evenly spread.
    pub(super) fn sample(&self, frame: &Frame, frames_dir: &Path) -> Result<Vec<Piece>> {
        Ok(spread(&self.pieces(frame, frames_dir)?))
    }
}

/// At most [`MOST_PIECES`] of `all`, evenly spread.
pub(super) fn spread(all: &[Piece]) -> Vec<Piece> {
    let count = all.len().min(MOST_PIECES);
    let places = (0..count).map(|place| place * all.len() / count);
    places.map(|place| all[place].clone()).collect()
}

/// The logs of each source, in the order of the manifest; copies of others are left out.
pub(super) fn by_source(manifest: &Manifest) -> Vec<Logs<'_>> {
    let of_one = manifest.evidence.chunk_by(|a, b| a.source == b.source);
    let logs = of_one.map(|files| {
        let counted = files.iter().filter(|file| file.duplicate_of.is_none());
        let files_counted: Vec<&EvidenceFile> = counted.collect();
        let mut lines = LineCounts::default();
        for file in &files_counted {
            lines.add(file.lines);
        }
        Logs {
            source: &files[0].source,
            kind: &files[0].kind,
            files: files_counted,
            lines,
        }
    });
    logs.collect()
}

/// What the case file does not name at all.
pub(super) fn missing(case: &Case) -> Option<Misfit> {
    let mut sources = case.file.source.iter();
    let gateway = sources.any(|source| source.kind == SourceKind::Gateway);
    (!gateway).then_some(Misfit::NoGatewaySource)
}

/// The sources of which most lines could not be read, or are none of their events.
pub(super) fn unread(manifest: &Manifest, frames_dir: &Path) -> Result<Vec<Misfit>> {
    let mut misfits = Vec::new();
    for logs in by_source(manifest) {
        if logs.lines.rejects > logs.lines.rows {
            let (reason, detail, place) = commonest_reject(&logs, frames_dir)?;
            misfits.push(Misfit::SourceUnread {
                subject: logs.source.to_string(),
                count: logs.lines.rejects,
                line_count: logs.lines.rejects + logs.lines.rows,
                reason,
                detail,
                place,
            });
        }
    }
    let without_rows = manifest.sources_without_rows().into_iter();
    misfits.extend(without_rows.map(|(source, count)| Misfit::NoLineTaken {
        subject: source.to_string(),
        count,
    }));
    Ok(misfits)
}

/// The commonest reason of a sample of the rejects, and the detail and the place of its first line.
fn commonest_reject(logs: &Logs<'_>, frames_dir: &Path) -> Result<(String, String, String)> {
    let mut found: BTreeMap<String, (u64, String, String)> = BTreeMap::new();
    for piece in logs.sample(&frames::REJECTS, frames_dir)? {
        let batch = piece.read(&["evidence_id", "line_no", "reason", "detail"])?;
        let ids = small(&batch, "evidence_id")?;
        let numbers = unsigned(&batch, "line_no")?;
        let (reasons, details) = (Texts::of(&batch, "reason")?, Texts::of(&batch, "detail")?);
        for row in 0..batch.height() {
            let reason = reasons.get(row).unwrap_or_default();
            if !found.contains_key(reason) {
                let mut files = logs.files.iter();
                let file = files.find(|file| ids.get(row) == Some(file.evidence_id));
                let place = file.map(|file| file.place()).unwrap_or_default();
                let line_no = numbers.get(row).unwrap_or_default();
                let detail = details.get(row).unwrap_or_default().to_string();
                let first = (0, detail, format!("{place}:{line_no}"));
                found.insert(reason.to_string(), first);
            }
            if let Some(known) = found.get_mut(reason) {
                known.0 += 1;
            }
        }
    }
    let most = found.into_iter().rev().max_by_key(|(_, known)| known.0);
    let most = most.map(|(reason, (_, detail, place))| (reason, detail, place));
    Ok(most.unwrap_or_default())
}

/// The sources of kind gateway none of whose lines has a token.
///
/// A small log may lack tokens by chance, so it is told of only if no other gateway has any.
pub(super) fn without_token(manifest: &Manifest, frames_dir: &Path) -> Result<Vec<Misfit>> {
    let mut misfits = Vec::new();
    let mut any = false;
    let gateways = by_source(manifest).into_iter();
    let gateways = gateways.filter(|logs| logs.kind == SourceKind::Gateway.name());
    for logs in gateways.filter(|logs| logs.lines.rows > 0) {
        match token_problem(&logs, frames_dir)? {
            Tokens::Some => any = true,
            Tokens::None(problem) => misfits.push(Misfit::GatewayWithoutToken {
                subject: logs.source.to_string(),
                count: logs.lines.rows,
                problem,
                absent_field: absent_field(manifest, logs.source),
            }),
        }
    }
    if any {
        misfits.retain(is_odd);
    }
    Ok(misfits)
}

/// Whether a gateway without tokens is odd beside one that has some: it is large, and the case file names a
/// field for its tokens. A gateway may log none; then it names no field.
fn is_odd(misfit: &Misfit) -> bool {
    let Misfit::GatewayWithoutToken {
        count,
        problem,
        absent_field,
        ..
    } = misfit
    else {
        return false;
    };
    *count >= MANY && (problem.is_some() || absent_field.is_some())
}

/// The field of the token's id, if no line of the source has it.
fn absent_field(manifest: &Manifest, source: &str) -> Option<String> {
    let mut unfilled = manifest.unfilled.iter();
    let of_token = unfilled.find(|one| one.source == source && one.column == "token_id");
    of_token.map(|one| one.field.clone())
}

/// Whether a log has tokens.
enum Tokens {
    /// At least one.
    Some,
    /// None, and the commonest problem that its lines have with them.
    None(Option<String>),
}

/// Looks for a token in the lines of a gateway. The first batch has one, as a rule.
fn token_problem(logs: &Logs<'_>, frames_dir: &Path) -> Result<Tokens> {
    let mut problems: BTreeMap<String, u64> = BTreeMap::new();
    for piece in logs.pieces(&frames::REQUESTS, frames_dir)? {
        let batch = piece.read(&["token_id", "token_problem"])?;
        let (ids, told) = (
            Texts::of(&batch, "token_id")?,
            Texts::of(&batch, "token_problem")?,
        );
        for row in 0..batch.height() {
            if ids.get(row).is_some() {
                return Ok(Tokens::Some);
            }
            if let Some(problem) = told.get(row) {
                match problems.get_mut(problem) {
                    Some(count) => *count += 1,
                    None => drop(problems.insert(problem.to_string(), 1)),
                }
            }
        }
    }
    let most = problems.into_iter().rev().max_by_key(|(_, count)| *count);
    Ok(Tokens::None(most.map(|(problem, _)| problem)))
}
