//! Evidence -> frames. Opens each file read-only, hashes it, takes each line apart, and keeps what it
//! cannot read as a reject: per log, lines read = rows + rejects + blanks.
//!
//! `jobs` finds the files, `containers` unpacks them, `framing` cuts them into blocks, `block` those into
//! a `stretch` of lines after the other, [`formats`] takes lines apart, `rows` types them, `pipeline` puts
//! threads to all of it. `receipts` let a run that was cut off go on; `overlap` and `rhythm` look at what
//! was read.

pub(crate) mod block;
pub(crate) mod blocks;
mod checks;
mod custody;
pub(crate) mod evidence;
pub mod formats;
mod overlap;
mod pipeline;
pub(crate) mod reading;
mod receipts;
mod reject;
mod rhythm;
mod rows;
pub(crate) mod values;

pub use custody::write_pages;
pub use evidence::raw;
pub use reading::{Reading, readings};
pub use reject::{Reason, Reject};
pub(crate) use rows::NO_REQUEST;
pub(crate) use values::token::TOKEN_COOKIE_ABSENT;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use evidence::jobs::{self, Job, Jobs, Log};
use pipeline::{Pipeline, Read};
use receipts::Receipt;

use crate::case::{Case, SourceKind};
use crate::error::{Error, Result};
use crate::frames::{self, numbered_parts};
use crate::moment::utc;
use crate::progress::Progress;
use crate::results::{Draft, EvidenceFile, FrameFile, Manifest};

/// Reads all evidence of `case`, each source as its reading says, into the frames of `draft` on `threads` threads. The manifest lacks
/// what only the end of the run knows: the frames and reports.
pub fn run(
    case: &Case,
    readings: &[Reading],
    draft: &Draft,
    threads: usize,
    command: &str,
    progress: &dyn Progress,
) -> Result<Manifest> {
    let Jobs { jobs, unclaimed } = jobs::find(case, &draft.work())?;
    let (mut receipts, missing) = known(case, draft, &jobs)?;
    progress.begin("intake", missing.iter().map(|job| job.size).sum());
    let frames_dir = draft.frames();
    let pipeline = Pipeline {
        readings,
        catalogue: &case.catalogue,
        signing_keys: &case.signing_keys,
        frames_dir: &frames_dir,
        spool: &draft.work(),
        progress,
    };
    let by_id: HashMap<u32, &Job> = jobs
        .iter()
        .flat_map(|job| {
            job.logs
                .iter()
                .flatten()
                .map(move |log| (log.evidence_id, job))
        })
        .collect();
    let done: Mutex<Vec<Receipt>> = Mutex::default();
    pipeline.run(&missing, threads, &|log, read| {
        let key = receipts::key(case, by_id[&log.evidence_id], log);
        let receipt = receipt(case, log, read, key);
        receipt.write(&draft.receipts())?;
        done.lock().expect("no panic while reading").push(receipt);
        Ok(())
    })?;
    progress.end();
    receipts.extend(done.into_inner().expect("no panic while reading"));
    receipts.sort_by_key(|receipt| receipt.file.evidence_id);
    for receipt in &receipts {
        checks::time_needs_zone(case, receipt)?;
    }
    for (source, reading) in case.file.source.iter().zip(readings) {
        checks::missing_from_all(case, source, reading, &receipts)?;
    }
    let written: Vec<EvidenceFile> = receipts.iter().map(|one| one.file.clone()).collect();
    checks::find_duplicates(&mut receipts);
    checks::find_overlaps(&mut receipts, &jobs, readings, draft)?;
    for (receipt, written) in receipts.iter().zip(written) {
        if receipt.file != written {
            receipt.write(&draft.receipts())?;
        }
        if receipt.file.duplicate_of.is_some() {
            remove_parts(&frames_dir, receipt.file.evidence_id)?;
        }
    }
    let silences = checks::silences(case, &receipts);
    let unfilled = checks::unfilled(case, readings, &receipts);
    let counted = receipts
        .iter()
        .filter(|receipt| receipt.file.duplicate_of.is_none());
    let parts = counted.flat_map(|receipt| receipt.parts.iter().flatten());
    let parts = parts.map(|part| FrameFile {
        path: part.path.clone(),
        size: part.size,
        sha256: part.sha256.clone(),
    });
    let frames = parts.collect();
    let evidence: Vec<EvidenceFile> = receipts.into_iter().map(|receipt| receipt.file).collect();
    custody::write_evidence(&evidence, &silences, &frames_dir)?;
    let manifest = custody::manifest(case, evidence, silences, unclaimed, command)?;
    Ok(Manifest {
        frames,
        unfilled,
        ..manifest
    })
}

/// The logs that are read already, and the files that have another.
fn known<'j>(case: &Case, draft: &Draft, jobs: &'j [Job]) -> Result<(Vec<Receipt>, Vec<&'j Job>)> {
    let (frames_dir, dir) = (draft.frames(), draft.receipts());
    let (earlier_frames, earlier_receipts) = draft.earlier();
    let mut read: Vec<(&Job, Vec<Receipt>)> = Vec::new();
    let mut missing = Vec::new();
    for job in jobs {
        let logs: Vec<&Log> = job.logs.iter().flatten().collect();
        let mut found = Vec::new();
        for log in &logs {
            let key = receipts::key(case, job, log);
            let receipt = match Receipt::find(&dir, &frames_dir, log.evidence_id, &key) {
                Some(receipt) => Some(receipt),
                None => {
                    let earlier =
                        Receipt::find(&earlier_receipts, &earlier_frames, log.evidence_id, &key);
                    if let Some(receipt) = &earlier {
                        remove_parts(&frames_dir, log.evidence_id)?;
                        receipt.take_over(&earlier_frames, &frames_dir)?;
                        receipt.write(&dir)?;
                    }
                    earlier
                }
            };
            found.extend(receipt);
        }
        // A file is read as a whole: an archive cannot be entered in the middle.
        if found.len() == logs.len() {
            read.push((job, found));
        } else {
            missing.push(job);
        }
    }
    // A copy has no frames of its own, so without the log it is a copy of it is read again.
    let there: Vec<u32> = read
        .iter()
        .flat_map(|(_, found)| found)
        .map(|one| one.file.evidence_id)
        .collect();
    let (read, orphaned): (Vec<_>, Vec<_>) = read.into_iter().partition(|(_, found)| {
        found.iter().all(|one| {
            one.file
                .duplicate_of
                .is_none_or(|first| there.contains(&first))
        })
    });
    missing.extend(orphaned.into_iter().map(|(job, _)| job));
    let receipts: Vec<Receipt> = read.into_iter().flat_map(|(_, found)| found).collect();
    clear(&frames_dir, &dir, &receipts)?;
    // The largest first, so that no thread begins on it when the others are done.
    missing.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    Ok((receipts, missing))
}

/// Removes what an earlier run left that does not count: all but `kept` and their parts.
fn clear(frames_dir: &Path, dir: &Path, kept: &[Receipt]) -> Result<()> {
    let parts = kept
        .iter()
        .flat_map(|receipt| receipt.parts.iter().flatten());
    let mut count: HashSet<PathBuf> = parts.map(|part| frames_dir.join(&part.path)).collect();
    count.extend(kept.iter().map(|receipt| receipt.path(dir)));
    let there = crate::results::files_below(frames_dir)?.into_iter();
    let there = there.chain(crate::results::files_below(dir)?);
    for path in there.filter(|path| !count.contains(path)) {
        fs::remove_file(&path).map_err(|e| Error::io("remove the file", &path, e))?;
    }
    Ok(())
}

/// Frames whose parts are named by the log they came from.
fn event_frames() -> impl Iterator<Item = &'static frames::Frame> {
    let of_kinds = SourceKind::ALL.into_iter().map(SourceKind::frame);
    of_kinds.chain([&frames::REJECTS])
}

fn remove_parts(frames_dir: &Path, evidence_id: u32) -> Result<()> {
    for frame in event_frames() {
        // The last first: were the program killed here, those that are left would still be found one by one.
        for part in numbered_parts(frames_dir, frame, evidence_id).iter().rev() {
            fs::remove_file(part).map_err(|e| Error::io("remove the file", part, e))?;
        }
    }
    Ok(())
}

fn receipt(case: &Case, log: &Log, read: Read, key: String) -> Receipt {
    let source = &case.file.source[log.source];
    let lines = read.tally.lines;
    assert!(
        lines.balance(),
        "every line of {} is a row, a reject or blank",
        log.path
    );
    assert!(
        [lines.rows, lines.rejects]
            == read
                .parts
                .each_ref()
                .map(|parts| parts.iter().map(|part| part.row_count).sum::<u64>()),
        "every row and reject of {} is written",
        log.path
    );
    let file = EvidenceFile {
        evidence_id: log.evidence_id,
        source: source.id.get_ref().clone(),
        kind: source.kind.name().to_string(),
        format: source.format.get_ref().clone(),
        path: log.path.clone(),
        member: log.member.clone(),
        size: read.whole.size,
        sha256: read.whole.sha256,
        packed: read.packed,
        content_size: read.ended.size,
        content_sha256: read.content_sha256,
        lines,
        first_event: read.tally.span.map(|(first, _)| utc(first)),
        last_event: read.tally.span.map(|(_, last)| utc(last)),
        zone: source.zone.as_ref().map(|zone| zone.get_ref().clone()),
        clock_correction_seconds: source.clock_correction_seconds,
        damage: read.ended.damage,
        duplicate_of: None,
        overlaps: Vec::new(),
    };
    Receipt::new(key, file, read.tally, read.parts)
}
