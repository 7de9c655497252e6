//! What makes an interrupted run go on where it stopped: a receipt for each log whose frames are
//! written, with all that the rest of the run needs to know of it. A receipt counts only if the file,
//! the way it is read and the frames on disk are still the same.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::block::Tally;
use crate::case::{Case, Source};
use crate::digest::{hash_file, hex};
use crate::error::{Error, Result};
use crate::frames::Part;
use crate::intake::evidence::jobs::{Job, Log};
use crate::results::EvidenceFile;
use crate::results::write_private;

/// What is known of a log whose frames are written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Receipt {
    key: String,
    /// The log.
    pub(crate) file: EvidenceFile,
    /// Its lines.
    pub(crate) tally: Tally,
    /// Its frame parts: rows, rejects.
    pub(crate) parts: [Vec<Part>; 2],
}

/// Everything that decides what is written for a log, in one hash.
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
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

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
            source.format.get_ref(),
            source.log_format.as_ref().map(toml::Spanned::get_ref),
            source.time,
            source.zone.as_ref().map(toml::Spanned::get_ref),
            source.clock_correction_seconds,
            (source.forwarded_hops, &source.token_cookie),
            pairs(&source.fields),
            pairs(&source.constants),
        )
    )
}

fn path(dir: &Path, evidence_id: u32) -> PathBuf {
    dir.join(format!("{evidence_id:06}.json"))
}

impl Receipt {
    /// A receipt for a log that was just read.
    pub(crate) fn new(
        key: String,
        file: EvidenceFile,
        tally: Tally,
        parts: [Vec<Part>; 2],
    ) -> Self {
        Receipt {
            key,
            file,
            tally,
            parts,
        }
    }

    /// Where it is below `dir`.
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        path(dir, self.file.evidence_id)
    }

    /// Writes it below `dir`.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let text = serde_json::to_string(self).expect("plain numbers and texts");
        write_private(&self.path(dir), &text)
    }

    /// The receipt of `evidence_id` below `dir`, if it is for `key` and its parts below `frames_dir`
    /// are whole.
    pub(crate) fn find(dir: &Path, frames_dir: &Path, evidence_id: u32, key: &str) -> Option<Self> {
        let text = fs::read_to_string(path(dir, evidence_id)).ok()?;
        let receipt: Receipt = serde_json::from_str(&text).ok()?;
        // The frames of a copy are gone; it counts if the log it is a copy of does.
        let whole = receipt.file.duplicate_of.is_some()
            || receipt.parts.iter().flatten().all(|part| {
                let path = frames_dir.join(&part.path);
                let size = fs::metadata(&path).is_ok_and(|known| known.len() == part.size);
                size && hash_file(&path).is_ok_and(|sha256| sha256 == part.sha256)
            });
        (receipt.key == key && whole).then_some(receipt)
    }

    /// Takes its parts over from the frames of an earlier run.
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
