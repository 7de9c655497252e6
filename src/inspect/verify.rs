//! Whether evidence and results are still what the manifest says: everything is hashed again.

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;

use crate::digest::hash_file;
use crate::error::Result;
use crate::intake::evidence::names;
use crate::progress::Progress;
use crate::results::{self, Manifest, files_below};

/// Something that is not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The file.
    pub path: String,
    /// `evidence`, `configuration`, `frame` or `report`.
    pub what: &'static str,
    /// What is different, in words.
    pub how: String,
}

/// How much was hashed, and what is different.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// How many evidence files were hashed.
    pub evidence: usize,
    /// How many frame parts were hashed.
    pub frames: usize,
    /// Everything that is different.
    pub changes: Vec<Change>,
}

/// Hashes the files of the results in `out` and what they were made from again.
///
/// These are evidence and configuration, below `case` or where the manifest says they were, frames and
/// reports. A file that is missing or was changed is a [`Change`], not an error.
pub fn run(out: &Path, case: Option<&Path>, progress: &dyn Progress) -> Result<Verified> {
    let manifest = results::manifest(out)?;
    let case = case.unwrap_or(Path::new(&manifest.case));
    let frames_dir = out.join("frames");
    let mut changes = Vec::new();
    let evidence = check_evidence(&manifest, case, progress, &mut changes);
    for file in &manifest.configuration {
        let place = case.join(&file.path);
        changes.extend(check("configuration", &file.path, &place, &file.sha256));
    }
    for part in &manifest.frames {
        let place = frames_dir.join(&part.path);
        changes.extend(check("frame", &part.path, &place, &part.sha256));
    }
    for output in &manifest.outputs {
        let place = out.join(&output.path);
        changes.extend(check("report", &output.path, &place, &output.sha256));
    }
    changes.extend(unknown_frames(&manifest, &frames_dir)?);
    progress.end();
    Ok(Verified {
        evidence,
        frames: manifest.frames.len(),
        changes,
    })
}

/// Hashes each evidence file and returns how many there are.
fn check_evidence(
    manifest: &Manifest,
    case: &Path,
    progress: &dyn Progress,
    changes: &mut Vec<Change>,
) -> usize {
    let bytes = manifest.evidence.iter().map(|file| file.size).sum();
    progress.begin("verify", bytes);
    let mut hashed = HashSet::new();
    for file in &manifest.evidence {
        // The members of an archive share one file, and so do two sources that read one log.
        if hashed.insert(&file.path) {
            let place = names::find(case, &file.path);
            changes.extend(check("evidence", &file.path, &place, &file.sha256));
        }
        progress.advance(file.size);
    }
    hashed.len()
}

/// What is different about one file; `None` if its hash is still `sha256`.
fn check(what: &'static str, shown: &str, place: &Path, sha256: &str) -> Option<Change> {
    let how = match hash_file(place) {
        Ok(found) if found == sha256 => return None,
        Ok(found) => format!("its SHA-256 was {sha256} and is {found}"),
        Err(error) => format!("it cannot be read: {error}"),
    };
    Some(Change {
        path: shown.to_string(),
        what,
        how,
    })
}

/// Files among the frames that the manifest does not list.
fn unknown_frames(manifest: &Manifest, frames_dir: &Path) -> Result<Vec<Change>> {
    let shown = |path: &Path| {
        let below = path.strip_prefix(frames_dir).unwrap_or(path);
        below.to_string_lossy().into_owned()
    };
    let found = files_below(frames_dir)?;
    let unknown = found
        .iter()
        .map(|path| shown(path))
        .filter(|path| !manifest.frames.iter().any(|part| part.path == *path));
    let changes = unknown.map(|path| Change {
        path,
        what: "frame",
        how: "the manifest does not list it".into(),
    });
    Ok(changes.collect())
}
