//! Finds what earlier runs have read already, so that a run reads only what is missing.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::evidence::jobs::{Job, Log};
use super::receipts::{self, Receipt};
use crate::case::{Case, SourceKind};
use crate::error::{Error, Result};
use crate::frames::{self, numbered_parts};
use crate::results::{Draft, files_below};

/// Finds the receipts of logs that are read already, and the files that must be read.
///
/// Brings what an earlier run has into the draft, and removes what does not belong there.
pub(super) fn find_receipts<'j>(
    case: &Case,
    draft: &Draft,
    jobs: &'j [Job],
) -> Result<(Vec<Receipt>, Vec<&'j Job>)> {
    let mut read: Vec<(&Job, Vec<Receipt>)> = Vec::new();
    let mut missing = Vec::new();
    for job in jobs {
        let logs: Vec<&Log> = job.logs.iter().flatten().collect();
        let mut found = Vec::new();
        for log in &logs {
            let key = receipts::key(case, job, log);
            found.extend(find_receipt(draft, log, &key)?);
        }
        // A file is read as a whole: an archive cannot be entered in the middle.
        if found.len() == logs.len() {
            read.push((job, found));
        } else {
            missing.push(job);
        }
    }
    // A copy of another log has no frames of its own. If the other must be read again, it may no longer
    // be the same, and then the copy needs frames: it is read again too.
    let there: Vec<u32> = read
        .iter()
        .flat_map(|(_, found)| found)
        .map(|one| one.file.evidence_id)
        .collect();
    let is_backed = |one: &Receipt| {
        let first = one.file.duplicate_of;
        first.is_none_or(|first| there.contains(&first))
    };
    let (read, orphaned): (Vec<_>, Vec<_>) = read
        .into_iter()
        .partition(|(_, found)| found.iter().all(is_backed));
    missing.extend(orphaned.into_iter().map(|(job, _)| job));
    let receipts: Vec<Receipt> = read.into_iter().flat_map(|(_, found)| found).collect();
    remove_all_but(&draft.frames(), &draft.receipts(), &receipts)?;
    // The largest first, so that no thread begins with it when the others are done.
    missing.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    Ok((receipts, missing))
}

/// The valid receipt of one log, from the draft or from the results of an earlier run.
fn find_receipt(draft: &Draft, log: &Log, key: &str) -> Result<Option<Receipt>> {
    let (frames_dir, dir) = (draft.frames(), draft.receipts());
    let here = Receipt::find(&dir, &frames_dir, log.evidence_id, key);
    if here.is_some() {
        return Ok(here);
    }
    let (earlier_frames, earlier_receipts) = draft.earlier();
    let earlier = Receipt::find(&earlier_receipts, &earlier_frames, log.evidence_id, key);
    if let Some(receipt) = &earlier {
        remove_parts(&frames_dir, log.evidence_id)?;
        receipt.take_over(&earlier_frames, &frames_dir)?;
        receipt.write(&dir)?;
    }
    Ok(earlier)
}

/// Removes all files of the draft but the receipts `kept` and their parts.
fn remove_all_but(frames_dir: &Path, dir: &Path, kept: &[Receipt]) -> Result<()> {
    let parts = kept
        .iter()
        .flat_map(|receipt| receipt.parts.iter().flatten());
    let mut wanted: HashSet<PathBuf> = parts.map(|part| frames_dir.join(&part.path)).collect();
    wanted.extend(kept.iter().map(|receipt| receipt.path(dir)));
    let there = files_below(frames_dir)?.into_iter();
    let there = there.chain(files_below(dir)?);
    for path in there.filter(|path| !wanted.contains(path)) {
        fs::remove_file(&path).map_err(|e| Error::io("remove the file", &path, e))?;
    }
    Ok(())
}

/// Frames whose parts are named after the log that they come from.
fn event_frames() -> impl Iterator<Item = &'static frames::Frame> {
    let of_kinds = SourceKind::ALL.into_iter().map(SourceKind::frame);
    of_kinds.chain([&frames::REJECTS])
}

/// Removes the parts of frames that the log `evidence_id` was written to.
pub(super) fn remove_parts(frames_dir: &Path, evidence_id: u32) -> Result<()> {
    for frame in event_frames() {
        // Parts are found by counting up from the first. So the last one goes first: if the program is
        // killed here, the others are still found.
        for part in numbered_parts(frames_dir, frame, evidence_id).iter().rev() {
            fs::remove_file(part).map_err(|e| Error::io("remove the file", part, e))?;
        }
    }
    Ok(())
}
