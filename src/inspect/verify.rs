//! Whether evidence and results are still what the manifest says: everything is hashed again.

use std::path::Path;

use serde::Serialize;

use crate::digest::hash_file;
use crate::error::Result;
use crate::progress::Progress;
use crate::results::{self, files_below};

/// Something that is not what the manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The file.
    pub path: String,
    /// `evidence`, `configuration`, `frame` or `report`.
    pub what: &'static str,
    /// What is different.
    pub how: String,
}

/// What was looked at, and what is different.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Evidence files hashed.
    pub evidence: usize,
    /// Frame parts hashed.
    pub frames: usize,
    /// Everything that is different.
    pub changes: Vec<Change>,
}

/// Hashes evidence (below `case`, or where it was), configuration, frames and reports again.
pub fn run(out: &Path, case: Option<&Path>, progress: &dyn Progress) -> Result<Verified> {
    let manifest = results::manifest(out)?;
    let case = case.map_or_else(
        || Path::new(&manifest.case).to_path_buf(),
        Path::to_path_buf,
    );
    progress.begin(
        "verify",
        manifest.evidence.iter().map(|file| file.size).sum(),
    );
    let mut changes = Vec::new();
    let mut check = |what: &'static str, shown: &str, path: &Path, sha256: &str| {
        let how = match hash_file(path) {
            Ok(found) if found == sha256 => return,
            Ok(found) => format!("its SHA-256 was {sha256} and is {found}"),
            Err(error) => format!("it cannot be read: {error}"),
        };
        changes.push(Change {
            path: shown.to_string(),
            what,
            how,
        });
    };
    let mut seen: Option<&str> = None;
    let mut evidence = 0;
    for file in &manifest.evidence {
        // The members of an archive share one file.
        if seen != Some(&file.path) {
            check("evidence", &file.path, &case.join(&file.path), &file.sha256);
            evidence += 1;
        }
        seen = Some(&file.path);
        progress.advance(file.size);
    }
    for file in &manifest.configuration {
        check(
            "configuration",
            &file.path,
            &case.join(&file.path),
            &file.sha256,
        );
    }
    let frames_dir = out.join("frames");
    for part in &manifest.frames {
        check(
            "frame",
            &part.path,
            &frames_dir.join(&part.path),
            &part.sha256,
        );
    }
    for output in &manifest.outputs {
        check(
            "report",
            &output.path,
            &out.join(&output.path),
            &output.sha256,
        );
    }
    for path in files_below(&frames_dir)? {
        let shown = path
            .strip_prefix(&frames_dir)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        if !manifest.frames.iter().any(|part| part.path == shown) {
            changes.push(Change {
                path: shown,
                what: "frame",
                how: "the manifest does not know it".into(),
            });
        }
    }
    progress.end();
    Ok(Verified {
        evidence,
        frames: manifest.frames.len(),
        changes,
    })
}
