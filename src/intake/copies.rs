//! Finds logs that are copies of others, so that their lines count once.
//!
//! A copy has the same bytes, or the same text with other line ends, another end of its last line or a
//! byte-order mark: that is what copying in text mode and editors change. Logs of two kinds are no
//! copies: one file may hold both issuances and logins, and each source takes its own from it. Nor are those
//! of which two sources take other lines.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::evidence::jobs::{Job, Log};
use super::evidence::{containers, plain_lines};
use super::reading::Reading;
use super::receipts::Receipt;
use crate::error::Result;
use crate::intake::blocks::framing::Framing;

/// The files and logs by the numbers of the logs.
pub(super) fn logs_by_id(jobs: &[Job]) -> HashMap<u32, (&Job, &Log)> {
    jobs.iter()
        .flat_map(|job| {
            let logs = job.logs.iter().flatten();
            logs.map(move |log| (log.evidence_id, (job, log)))
        })
        .collect()
}

/// Finds copies: each counts as a copy of the log with the lowest number.
///
/// `spool` is a folder for what must be set aside while a log is read again.
pub(super) fn find(
    receipts: &mut [Receipt],
    jobs: &[Job],
    readings: &[Reading],
    spool: &Path,
) -> Result<()> {
    let logs = logs_by_id(jobs);
    let mut seen: HashMap<(String, String, String), u32> = HashMap::new();
    for receipt in receipts.iter_mut() {
        let file = &mut receipt.file;
        file.duplicate_of = None;
        if file.content_size > 0 {
            let (_, log) = logs[&file.evidence_id];
            let takes = readings[log.source].takes();
            let content = (file.kind.clone(), takes, file.content_sha256.clone());
            let first = *seen.entry(content).or_insert(file.evidence_id);
            file.duplicate_of = Some(first).filter(|first| *first != file.evidence_id);
        }
    }
    find_of_other_bytes(receipts, &logs, readings, spool)
}

/// What two copies share whatever their line ends, as far as it is known without reading them again.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    kind: String,
    /// Which lines its source takes.
    takes: String,
    /// Rows and rejects.
    lines: u64,
    /// The logged times of the first and the last event, in microseconds.
    span: Option<(i64, i64)>,
}

impl Likeness {
    /// The likeness of a log; `None` if it has no line, or is a copy already.
    fn of(receipt: &Receipt, takes: String) -> Option<Self> {
        let (file, tally) = (&receipt.file, &receipt.tally);
        let correction = file.clock_correction_seconds * 1_000_000;
        let lines = tally.lines.rows + tally.lines.rejects;
        (lines > 0 && file.duplicate_of.is_none()).then(|| Likeness {
            kind: file.kind.clone(),
            takes,
            lines,
            span: tally
                .span
                .map(|(first, last)| (first - correction, last - correction)),
        })
    }
}

/// Finds copies whose bytes differ. Only logs that are alike are read again, and that is rare.
fn find_of_other_bytes(
    receipts: &mut [Receipt],
    logs: &HashMap<u32, (&Job, &Log)>,
    readings: &[Reading],
    spool: &Path,
) -> Result<()> {
    let mut alike: BTreeMap<Likeness, Vec<usize>> = BTreeMap::new();
    for (place, receipt) in receipts.iter().enumerate() {
        let (_, log) = logs[&receipt.file.evidence_id];
        let reading = &readings[log.source];
        let is_text = reading.framing != Framing::Parquet;
        if let Some(likeness) = Likeness::of(receipt, reading.takes()).filter(|_| is_text) {
            alike.entry(likeness).or_default().push(place);
        }
    }
    // By log that turned out to be a copy: the log that counts.
    let mut firsts: HashMap<u32, u32> = HashMap::new();
    for places in alike.values().filter(|places| places.len() > 1) {
        let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
        for place in places {
            let file = &mut receipts[*place].file;
            let (job, log) = logs[&file.evidence_id];
            let first = *seen
                .entry(fingerprint(job, log, spool)?)
                .or_insert(file.evidence_id);
            if first != file.evidence_id {
                file.duplicate_of = Some(first);
                firsts.insert(file.evidence_id, first);
            }
        }
    }
    // A copy of a copy counts as one of the log that counts.
    for receipt in receipts {
        let of = &mut receipt.file.duplicate_of;
        *of = of.map(|of| firsts.get(&of).copied().unwrap_or(of));
    }
    Ok(())
}

/// See [`plain_lines::fingerprint`]; reads the log again.
fn fingerprint(job: &Job, log: &Log, spool: &Path) -> Result<[u8; 32]> {
    let mut found = [0; 32];
    containers::list(&job.path, spool, &mut |one| {
        if one.member == log.member {
            found = plain_lines::fingerprint(one.content);
        }
        Ok(())
    })?;
    Ok(found)
}
