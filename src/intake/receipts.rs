//! A receipt for each log whose frames are written, so that an interrupted run goes on where it stopped.
//!
//! It has all that the rest of the run must know of the log. It is valid only while the file, the way it
//! is read and the frames on disk are the same.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pipeline::ReadLog;
use super::tally::Tally;
use crate::case::{Case, Source};
use crate::digest::{hash_file, hex};
use crate::error::{Error, Result};
use crate::frames::Part;
use crate::intake::evidence::jobs::{Job, Log};
use crate::moment::utc;
use crate::results::{EvidenceFile, write_private};

/// What is known of a log whose frames are written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Receipt {
    /// See [`key`].
    key: String,
    /// The log, as the manifest names it.
    pub(crate) file: EvidenceFile,
    /// Counts and facts about its lines.
    pub(crate) tally: Tally,
    /// The parts of frames that it was written to: of its rows, and of its rejects.
    pub(crate) parts: [Vec<Part>; 2],
}

/// One hash of everything that decides what is written for a log.
pub(crate) fn key(case: &Case, job: &Job, log: &Log) -> String {
    let source = &case.file.source[log.source];
    let mut hash = Sha256::new();
    let parts = [
        crate::results::TOOL.to_string(),
        log.evidence_id.to_string(),
        log.path.clone(),
        log.member.clone().unwrap_or_default(),
        job.stamp.clone(),
        format!("{:?}", case.catalogue.pages),
        format!("{:?}", case.signing_key_files),
        settings(source),
    ];
    for part in parts {
        // With its length before each, no two lists of parts have the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// All settings of a source, as a text that differs if one of them does.
fn settings(source: &Source) -> String {
    let pairs = |map: &std::collections::BTreeMap<toml::Spanned<String>, toml::Spanned<String>>| {
        map.iter()
            .map(|(name, value)| (name.get_ref().clone(), value.get_ref().clone()))
            .collect::<Vec<_>>()
    };
    format!(
        "{:?}",
        (
            source.id.get_ref(),
            source.kind,
            // Another version may have other columns.
            source.kind.frame(),
            source.format.get_ref(),
            source.log_format.as_ref().map(toml::Spanned::get_ref),
            source.time,
            source.zone.as_ref().map(toml::Spanned::get_ref),
            source.clock_correction_seconds,
            (
                source.forwarded_hops,
                &source.token_cookie,
                &source.token_claims,
                &source.id_prefix,
                &source.id_suffix
            ),
            (
                &source.granted,
                &source.refused,
                &source.revoked,
                &source.ignored
            ),
            (&source.filter, pairs(&source.fields)),
            pairs(&source.constants),
        )
    )
}

fn path(dir: &Path, evidence_id: u32) -> PathBuf {
    dir.join(format!("{evidence_id:06}.json"))
}

impl Receipt {
    /// The receipt of a log that was just read.
    pub(crate) fn of(case: &Case, log: &Log, read: ReadLog, key: String) -> Self {
        let source = &case.file.source[log.source];
        let lines = read.tally.lines;
        assert!(
            lines.balance(),
            "every line of {} is a row, a reject, blank or another line",
            log.path
        );
        let written = |parts: &Vec<Part>| parts.iter().map(|part| part.row_count).sum::<u64>();
        assert!(
            [lines.rows, lines.rejects] == read.parts.each_ref().map(written),
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
            damage: read.ended.damage.or_else(|| read.tally.damage()),
            first_other: read.tally.first_other.clone(),
            duplicate_of: None,
            overlaps: Vec::new(),
        };
        Receipt {
            key,
            file,
            tally: read.tally,
            parts: read.parts,
        }
    }

    /// Where the receipt is kept below `dir`.
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        path(dir, self.file.evidence_id)
    }

    /// Writes the receipt below `dir`.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_string(self).expect("plain numbers and texts");
        write_private(&self.path(dir), &text)
    }

    /// The receipt of `evidence_id` below `dir`, if it is valid.
    ///
    /// It must have this `key`, and its parts below `frames_dir` must be what was written.
    pub(crate) fn find(dir: &Path, frames_dir: &Path, evidence_id: u32, key: &str) -> Option<Self> {
        let text = fs::read_to_string(path(dir, evidence_id)).ok()?;
        let receipt: Receipt = serde_json::from_str(&text).ok()?;
        // A copy of another log has no frames of its own; its receipt stands and falls with the other's.
        let whole = receipt.file.duplicate_of.is_some()
            || receipt.parts.iter().flatten().all(|part| {
                let path = frames_dir.join(&part.path);
                let size = fs::metadata(&path).is_ok_and(|known| known.len() == part.size);
                size && hash_file(&path).is_ok_and(|sha256| sha256 == part.sha256)
            });
        (receipt.key == key && whole).then_some(receipt)
    }

    /// Brings its parts from the frames of an earlier run into those of this one.
    pub(crate) fn take_over(&self, from: &Path, to: &Path) -> Result<()> {
        let parts = self
            .parts
            .iter()
            .flatten()
            .filter(|_| self.file.duplicate_of.is_none());
        for part in parts {
            let (from, to) = (from.join(&part.path), to.join(&part.path));
            let folder = to.parent().expect("a part lies in its frame's folder");
            fs::create_dir_all(folder).map_err(|e| Error::io("create the folder", folder, e))?;
            if fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to).map_err(|e| Error::io("copy the frame", &to, e))?;
            }
        }
        Ok(())
    }
}
