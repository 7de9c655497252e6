//! Finds overlapping rotations: a log that begins with lines that another log of its source has too.
//!
//! It happens where a copy of a log that was still being written lies beside its rotation. Lines with a
//! request id need no help, for the id brings them together. Two equal lines without one may be two
//! requests; but a run of lines that is the same but for line ends, up to the end of one of the two logs, and
//! that has at least two different times, is taken for the same lines. Both places are kept, and whoever
//! counts requests takes a line that repeats another for that other.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::AnyValue;
use sha2::{Digest, Sha256};

use super::reading::Reading;
use super::tally::Tally;
use crate::error::{Error, Result};
use crate::frames::{Frame, numbered_parts, pieces, time, unsigned};
use crate::intake::blocks::framing::Framing;
use crate::intake::evidence::jobs::{Job, Log};
use crate::intake::evidence::{containers, plain_lines};
use crate::results::{EvidenceFile, Overlap};

/// A log that was read.
pub(crate) struct Candidate<'a> {
    pub(crate) job: &'a Job,
    pub(crate) log: &'a Log,
    pub(crate) tally: &'a Tally,
    pub(crate) file: &'a EvidenceFile,
}

impl Candidate<'_> {
    /// The number of its first row and its time, if the log can repeat another.
    fn first_row(&self, framing: Framing) -> Option<(u64, i64)> {
        let by_lines = matches!(
            framing,
            Framing::Lines | Framing::Directives | Framing::Objects
        );
        self.tally
            .first_row
            .filter(|_| by_lines && self.file.duplicate_of.is_none())
    }

    /// Whether the log may have the first row of `later`, which is at the time `at`.
    fn may_have(&self, later: &Candidate<'_>, at: i64) -> bool {
        let is_other = self.log.evidence_id != later.log.evidence_id
            && self.log.source == later.log.source
            && self.file.duplicate_of.is_none();
        let spans = |(first, last)| first <= at && at <= last;
        // Of two logs that begin with the same line, the one with the higher number repeats the other.
        let begins_too = self.tally.first_row.is_some_and(|(_, first)| first == at)
            && self.log.evidence_id > later.log.evidence_id;
        is_other && self.tally.span.is_some_and(spans) && !begins_too
    }
}

/// Finds the overlaps of all logs, by the log that repeats another.
///
/// `frames_dir` has the frames of the logs; `spool` is a folder for what must be set aside.
pub(crate) fn find(
    logs: &[Candidate<'_>],
    readings: &[Reading],
    frames_dir: &Path,
    spool: &Path,
) -> Result<BTreeMap<u32, Vec<Overlap>>> {
    let mut found = BTreeMap::new();
    for later in logs {
        let reading = &readings[later.log.source];
        let search = Search {
            frame: reading.frame,
            frames_dir,
            spool,
        };
        let Some((line, at)) = later.first_row(reading.framing) else {
            continue;
        };
        for earlier in logs.iter().filter(|earlier| earlier.may_have(later, at)) {
            if let Some(overlap) = search.compare(later, line, earlier, at)? {
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

/// Where lines begin in a log, and where it ends, in bytes.
struct Offsets {
    lines: BTreeMap<u64, u64>,
    end: u64,
    /// Where the last line ends that has a line end of its own.
    whole: u64,
}

/// The row of a line, without the columns that say where the line is.
type Row = Vec<AnyValue<'static>>;

/// What the search for overlaps in the logs of one source needs.
struct Search<'a> {
    frame: &'a Frame,
    frames_dir: &'a Path,
    spool: &'a Path,
}

impl Search<'_> {
    /// The overlap of `later`, from its row `line` at the time `at` on, with `earlier`.
    fn compare(
        &self,
        later: &Candidate<'_>,
        line: u64,
        earlier: &Candidate<'_>,
        at: i64,
    ) -> Result<Option<Overlap>> {
        let (own_id, other_id) = (later.log.evidence_id, earlier.log.evidence_id);
        let lines = self.equal_lines(own_id, line, other_id, at)?;
        if lines.is_empty() {
            return Ok(None);
        }
        let (own, other) = (
            self.offsets(later, &[line])?,
            self.offsets(earlier, &lines)?,
        );
        let Some(begin) = own.lines.get(&line) else {
            return Ok(None);
        };
        for (number, from) in &other.lines {
            // Up to the end of the log that ends first. A last line without a line end may be cut short.
            let length = |own: u64, other: u64| {
                (own.saturating_sub(*begin)).min(other.saturating_sub(*from))
            };
            let (whole, all) = (length(own.whole, other.whole), length(own.end, other.end));
            let lengths = [Some(all), Some(whole).filter(|whole| *whole != all)];
            for length in lengths.into_iter().flatten() {
                let (hash, count) = self.hash_range(later, *begin, length)?;
                if length > 0
                    && self.hash_range(earlier, *from, length)?.0 == hash
                    && self.has_two_times(own_id, line, count)?
                {
                    return Ok(Some(Overlap {
                        first_line: line,
                        lines: count,
                        of_evidence_id: other_id,
                        of_first_line: *number,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The lines of the log `other`, at the time `at`, whose row equals that of `line` of `own`.
    fn equal_lines(&self, own: u32, line: u64, other: u32, at: i64) -> Result<Vec<u64>> {
        let own = self.rows(own, &|number, _| number == line)?;
        let Some((_, own)) = own.first() else {
            return Ok(Vec::new());
        };
        let others = self.rows(other, &|_, time| time == at)?;
        let equal = others.into_iter().filter(|(_, row)| row == own);
        Ok(equal.map(|(number, _)| number).collect())
    }

    /// The rows of the log `evidence_id` that `pick` wants by line number and time.
    fn rows(&self, evidence_id: u32, pick: &dyn Fn(u64, i64) -> bool) -> Result<Vec<(u64, Row)>> {
        let mut rows = Vec::new();
        for piece in pieces(&numbered_parts(self.frames_dir, self.frame, evidence_id))? {
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
            let names: Vec<&str> = self.frame.columns.iter().map(|one| one.name).collect();
            let whole = piece.read(&names)?;
            for (row, number) in picked {
                // The first two columns say where the line is: `evidence_id` and `line_no`.
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
    }

    /// Reads a log again, and calls `visit` with each piece of it; line ends are as [`plain_lines`] has them.
    ///
    /// A last line without a line end gets one, so that it is the same as a line that others follow;
    /// returns whether it has one of its own.
    fn content(&self, one: &Candidate<'_>, visit: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let mut is_ended = true;
        containers::list(&one.job.path, self.spool, &mut |found| {
            if found.member == one.log.member {
                plain_lines::visit(found.content, &mut |piece| {
                    is_ended = piece.last().map_or(is_ended, |last| *last == b'\n');
                    visit(piece);
                });
                if !is_ended {
                    visit(b"\n");
                }
            }
            Ok(())
        })?;
        Ok(is_ended)
    }

    /// Where these `lines` begin in a log, and where the log ends.
    fn offsets(&self, one: &Candidate<'_>, lines: &[u64]) -> Result<Offsets> {
        let mut known = Offsets {
            lines: BTreeMap::new(),
            end: 0,
            whole: 0,
        };
        if lines.contains(&1) {
            known.lines.insert(1, 0);
        }
        let (mut at, mut number, mut before_last) = (0u64, 1u64, 0u64);
        let is_ended = self.content(one, &mut |chunk| {
            for end in memchr::memchr_iter(b'\n', chunk) {
                number += 1;
                before_last = known.end;
                known.end = at + end as u64 + 1;
                if lines.contains(&number) {
                    known.lines.insert(number, known.end);
                }
            }
            at += chunk.len() as u64;
        })?;
        known.whole = if is_ended { known.end } else { before_last };
        Ok(known)
    }

    /// The SHA-256 of `length` bytes of a log from `from` on, and how many lines end in them.
    fn hash_range(&self, one: &Candidate<'_>, from: u64, length: u64) -> Result<([u8; 32], u64)> {
        let mut hash = Sha256::new();
        let (mut at, mut lines) = (0u64, 0u64);
        self.content(one, &mut |chunk| {
            // The part of the range that is in this chunk; both ends are at most its length.
            let start = from.saturating_sub(at).min(chunk.len() as u64) as usize;
            let end = (from + length).saturating_sub(at).min(chunk.len() as u64) as usize;
            let inside = &chunk[start..end.max(start)];
            hash.update(inside);
            lines += memchr::memchr_iter(b'\n', inside).count() as u64;
            at += chunk.len() as u64;
        })?;
        Ok((hash.finalize().into(), lines))
    }

    /// Whether the rows of `count` lines from `line` on have at least two different times.
    fn has_two_times(&self, evidence_id: u32, line: u64, count: u64) -> Result<bool> {
        let mut known = None;
        for piece in pieces(&numbered_parts(self.frames_dir, self.frame, evidence_id))? {
            let batch = piece.read(&["line_no", "event_time"])?;
            let (numbers, times) = (unsigned(&batch, "line_no")?, time(&batch, "event_time")?);
            for (number, at) in numbers.iter().zip(times.iter()) {
                if !number.is_some_and(|number| (line..line + count).contains(&number)) {
                    continue;
                }
                if known.is_some_and(|known| Some(known) != at) {
                    return Ok(true);
                }
                known = at;
            }
        }
        Ok(false)
    }
}
