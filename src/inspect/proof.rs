//! Lines that prove a verdict, read from the evidence again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rows::{FrameRow, place};
use crate::digest::masked;
use crate::error::{Error, Result};
use crate::intake::evidence::raw;
use crate::results::{EvidenceFile, Manifest};

/// A line of the evidence that proves something.
#[derive(Debug, Serialize)]
pub struct Proof {
    /// The file, as the manifest names it.
    pub path: String,
    /// SHA-256 of the file, as it was when the run read it.
    pub sha256: String,
    /// The number of the line, from 1.
    pub line_no: u64,
    /// The time of the event, UTC.
    pub event_time: String,
    /// The line as found, but with each signed token and the token at hand masked; `None` if the file is
    /// missing or changed.
    pub raw: Option<String>,
}

/// Reads wanted lines from the evidence again, each file once.
pub(super) struct RawLines<'a> {
    files: BTreeMap<u64, &'a EvidenceFile>,
    case: PathBuf,
    spool: tempfile::TempDir,
    wanted: BTreeMap<u64, BTreeSet<u64>>,
    raw: BTreeMap<(u64, u64), String>,
    token_id: &'a str,
}

impl<'a> RawLines<'a> {
    /// Prepares to read evidence below `case`, or where the manifest says it was. `token_id` is masked in
    /// each line.
    pub(super) fn new(
        manifest: &'a Manifest,
        case: Option<&Path>,
        token_id: &'a str,
    ) -> Result<Self> {
        let files = manifest.evidence.iter();
        let spool = tempfile::tempdir().map_err(|e| {
            Error::user(format!("cannot make a folder for unpacked evidence: {e}"))
                .hint("free some space in the folder for temporary files, or name one in TMPDIR")
        })?;
        Ok(RawLines {
            files: files
                .map(|file| (u64::from(file.evidence_id), file))
                .collect(),
            case: case.unwrap_or(Path::new(&manifest.case)).to_path_buf(),
            spool,
            wanted: BTreeMap::new(),
            raw: BTreeMap::new(),
            token_id,
        })
    }

    /// Marks the line of an event row as wanted.
    pub(super) fn want(&mut self, row: &FrameRow) {
        let (id, line) = place(row);
        self.wanted.entry(id).or_default().insert(line);
    }

    /// Reads the wanted lines; a file that is missing or changed gives none.
    pub(super) fn read(&mut self) {
        for (id, wanted) in &self.wanted {
            let Some(file) = self.files.get(id) else {
                continue;
            };
            let Ok(lines) = raw::lines(&self.case, file, wanted, self.spool.path()) else {
                continue;
            };
            for (number, line) in lines {
                let line = line
                    .utf8_chunks()
                    .map(|chunk| format!("{}{}", chunk.valid(), chunk.invalid().escape_ascii()));
                let line = masked(&line.collect::<String>(), self.token_id);
                self.raw.insert((*id, number), line);
            }
        }
    }

    /// The line of an event row, with its raw text if it was read.
    pub(super) fn proof(&self, row: &FrameRow) -> Proof {
        let (id, line_no) = place(row);
        let file = self.files.get(&id);
        Proof {
            path: file.map_or_else(String::new, |file| file.place()),
            sha256: file.map_or_else(String::new, |file| file.sha256.clone()),
            line_no,
            event_time: row.get("event_time").cloned().unwrap_or_default(),
            raw: self.raw.get(&(id, line_no)).cloned(),
        }
    }
}
