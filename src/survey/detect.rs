//! Finds the logs in files and folders, and says what each seems to be.
//!
//! It goes by the first and last lines of each log. Nothing here decides how evidence is read: the case
//! file does.

use std::path::{Path, PathBuf};

use super::detected::Detected;
use super::sample::Sample;
use crate::error::{Error, Result};
use crate::intake::evidence::containers;
use crate::results::files_below;

/// What the logs in these files and folders seem to be, in order. Archives are looked into.
pub fn detect(paths: &[PathBuf]) -> Result<Vec<Detected>> {
    let spool = tempfile::tempdir()
        .map_err(|e| Error::io("make room for archives", &std::env::temp_dir(), e))?;
    let mut found = Vec::new();
    for path in paths {
        let files = if path.is_dir() {
            files_below(path)?
        } else {
            vec![path.clone()]
        };
        for file in files {
            found.extend(in_file(&file, spool.path())?);
        }
    }
    Ok(found)
}

/// What the logs in one file seem to be: itself, or the members of an archive.
fn in_file(file: &Path, spool: &Path) -> Result<Vec<Detected>> {
    if !file.is_file() {
        let mut nothing = Sample::default().detected(file, None, "none".into());
        nothing.why = "it is no file, or a link to nothing".into();
        return Ok(vec![nothing]);
    }
    let mut found = Vec::new();
    let listed = containers::list(file, spool, &mut |log| {
        // Of a file that is not packed, the end can be read without all that stands before it.
        let whole = (log.packed == "none").then_some(file);
        let sample = Sample::take(log.content, whole, spool);
        found.push(sample.detected(file, log.member, log.packed));
        Ok(())
    })?;
    if let Some(damage) = listed.damage {
        if found.is_empty() {
            found.push(Sample::default().detected(file, None, "unreadable".into()));
        }
        if let Some(last) = found.last_mut() {
            last.notes.push(format!("damaged: {damage}"));
        }
    }
    for member in listed.no_files {
        let mut nothing = Sample::default().detected(file, Some(member), "none".into());
        nothing.why = "it is no file".into();
        found.push(nothing);
    }
    Ok(found)
}
