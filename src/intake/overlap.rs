//! Overlapping rotations: a log whose beginning repeats lines of another log of its source, as when a
//! copy of a log that was still being written lies beside its rotation.
//!
//! Lines with a request id need no help, for the id brings them together. Of lines without one, two
//! that are equal may be two requests; a stretch that is byte for byte the same up to the end of one of
//! the two logs, and spans at least two moments, is taken for the same lines. Both places are kept, and
//! what counts requests takes a line that repeats another for that other.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::AnyValue;
use sha2::{Digest, Sha256};

use super::block::Tally;
use super::reading::Reading;
use crate::error::{Error, Result};
use crate::frames::{Frame, numbered_parts, pieces, time, unsigned};
use crate::intake::blocks::framing::Framing;
use crate::intake::evidence::containers;
use crate::intake::evidence::jobs::{Job, Log};
use crate::results::{EvidenceFile, Overlap};

/// A log that was read.
pub(crate) struct Candidate<'a> {
    pub(crate) job: &'a Job,
    pub(crate) log: &'a Log,
    pub(crate) tally: &'a Tally,
    pub(crate) file: &'a EvidenceFile,
}

/// The overlaps of all logs, by the log that repeats another.
pub(crate) fn find(
    logs: &[Candidate<'_>],
    readings: &[Reading],
    frames_dir: &Path,
    spool: &Path,
) -> Result<BTreeMap<u32, Vec<Overlap>>> {
    let mut found = BTreeMap::new();
    for later in logs {
        let reading = &readings[later.log.source];
        let (Framing::Lines | Framing::Directives | Framing::Objects, Some((line, at)), None) = (
            reading.framing,
            later.tally.first_row,
            later.file.duplicate_of,
        ) else {
            continue;
        };
        for earlier in logs {
            let same = earlier.log.evidence_id == later.log.evidence_id
                || earlier.log.source != later.log.source
                || earlier.file.duplicate_of.is_some();
            let inside = earlier
                .tally
                .span
                .is_some_and(|(first, last)| first <= at && at <= last);
            // Of two logs that begin with the same line the later repeats the earlier.
            let both_begin = earlier
                .tally
                .first_row
                .is_some_and(|(_, first)| first == at)
                && earlier.log.evidence_id > later.log.evidence_id;
            if same || !inside || both_begin {
                continue;
            }
            let lines = alike(
                reading.frame,
                frames_dir,
                later.log.evidence_id,
                line,
                earlier.log.evidence_id,
                at,
            )?;
            if let Some(overlap) = compare(
                later,
                line,
                earlier,
                &lines,
                reading.frame,
                frames_dir,
                spool,
            )? {
                found
                    .entry(later.log.evidence_id)
                    .or_insert_with(Vec::new)
                    .push(overlap);
                break;
            }
        }
    }
    Ok(found)
}

/// Lines of `other` whose row is equal to the row of `line`, places aside.
fn alike(
    frame: &Frame,
    frames_dir: &Path,
    evidence_id: u32,
    line: u64,
    other: u32,
    at: i64,
) -> Result<Vec<u64>> {
    let wanted = |number: u32,
                  pick: &dyn Fn(u64, i64) -> bool|
     -> Result<Vec<(u64, Vec<AnyValue<'static>>)>> {
        let mut rows = Vec::new();
        for piece in pieces(&numbered_parts(frames_dir, frame, number))? {
            let batch = piece.read(&["line_no", "event_time"])?;
            let numbers = unsigned(&batch, "line_no")?
                .iter()
                .zip(time(&batch, "event_time")?.iter());
            let picked: Vec<(usize, u64)> = numbers
                .enumerate()
                .filter_map(|(row, (number, time))| Some((row, number?, time?)))
                .filter(|(_, number, time)| pick(*number, *time))
                .map(|(row, number, _)| (row, number))
                .collect();
            if picked.is_empty() {
                continue;
            }
            let names: Vec<&str> = frame.columns.iter().map(|column| column.name).collect();
            let whole = piece.read(&names)?;
            for (row, number) in picked {
                let values = whole.columns()[2..].iter().map(|column| {
                    let value = column
                        .get(row)
                        .map_err(|e| Error::frame("read a column", e))?;
                    Ok(value.into_static())
                });
                rows.push((number, values.collect::<Result<_>>()?));
            }
        }
        Ok(rows)
    };
    let own = wanted(evidence_id, &|number, _| number == line)?;
    let Some((_, own)) = own.first() else {
        return Ok(Vec::new());
    };
    let others = wanted(other, &|_, time| time == at)?;
    Ok(others
        .into_iter()
        .filter(|(_, values)| values == own)
        .map(|(number, _)| number)
        .collect())
}

/// Where lines begin in a log, and where its last whole line ends.
struct Offsets {
    lines: BTreeMap<u64, u64>,
    end: u64,
}

fn content(one: &Candidate<'_>, spool: &Path, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
    containers::list(&one.job.path, spool, &mut |found| {
        if found.member == one.log.member {
            let mut chunk = vec![0; 1 << 18];
            // What cannot be read was said when the log was read.
            while let Ok(length @ 1..) = found.content.read(&mut chunk) {
                visit(&chunk[..length]);
            }
        }
        Ok(())
    })
    .map(drop)
}

fn offsets(one: &Candidate<'_>, lines: &[u64], spool: &Path) -> Result<Offsets> {
    let mut known = Offsets {
        lines: BTreeMap::new(),
        end: 0,
    };
    if lines.contains(&1) {
        known.lines.insert(1, 0);
    }
    let (mut at, mut number) = (0u64, 1u64);
    content(one, spool, &mut |chunk| {
        for end in memchr::memchr_iter(b'\n', chunk) {
            number += 1;
            known.end = at + end as u64 + 1;
            if lines.contains(&number) {
                known.lines.insert(number, known.end);
            }
        }
        at += chunk.len() as u64;
    })?;
    Ok(known)
}

/// Hash and number of lines of a stretch.
fn stretch(one: &Candidate<'_>, from: u64, length: u64, spool: &Path) -> Result<([u8; 32], u64)> {
    let mut hash = Sha256::new();
    let (mut at, mut lines) = (0u64, 0u64);
    content(one, spool, &mut |chunk| {
        let start = from.saturating_sub(at).min(chunk.len() as u64) as usize;
        let end = (from + length).saturating_sub(at).min(chunk.len() as u64) as usize;
        hash.update(&chunk[start..end.max(start)]);
        lines += memchr::memchr_iter(b'\n', &chunk[start..end.max(start)]).count() as u64;
        at += chunk.len() as u64;
    })?;
    Ok((hash.finalize().into(), lines))
}

fn compare(
    later: &Candidate<'_>,
    line: u64,
    earlier: &Candidate<'_>,
    lines: &[u64],
    frame: &Frame,
    frames_dir: &Path,
    spool: &Path,
) -> Result<Option<Overlap>> {
    if lines.is_empty() {
        return Ok(None);
    }
    let (own, other) = (
        offsets(later, &[line], spool)?,
        offsets(earlier, lines, spool)?,
    );
    let Some(begin) = own.lines.get(&line) else {
        return Ok(None);
    };
    for (number, from) in &other.lines {
        let length = (own.end.saturating_sub(*begin)).min(other.end.saturating_sub(*from));
        let (hash, count) = stretch(later, *begin, length, spool)?;
        if length > 0
            && stretch(earlier, *from, length, spool)?.0 == hash
            && moments(frame, frames_dir, later.log.evidence_id, line, count)?
        {
            return Ok(Some(Overlap {
                first_line: line,
                lines: count,
                of_evidence_id: earlier.log.evidence_id,
                of_first_line: *number,
            }));
        }
    }
    Ok(None)
}

/// Whether the rows of some lines have at least two moments.
fn moments(
    frame: &Frame,
    frames_dir: &Path,
    evidence_id: u32,
    line: u64,
    count: u64,
) -> Result<bool> {
    let mut known = None;
    for piece in pieces(&numbered_parts(frames_dir, frame, evidence_id))? {
        let batch = piece.read(&["line_no", "event_time"])?;
        for (number, at) in unsigned(&batch, "line_no")?
            .iter()
            .zip(time(&batch, "event_time")?.iter())
        {
            if number.is_some_and(|number| (line..line + count).contains(&number)) {
                if known.is_some_and(|known| Some(known) != at) {
                    return Ok(true);
                }
                known = at;
            }
        }
    }
    Ok(false)
}
