//! The folder of results: it shows the earlier results or the new ones, never a mixture.
//!
//! A run writes below `next/`. When all of it is on the disk, a list of the names that it wrote is put there,
//! too, and only then each is moved to its place. Whoever opens the folder next finishes a move that was
//! cut off. A run that was cut off earlier leaves `next/` to the following run, which keeps the parts that
//! are whole.

mod manifest;

pub use manifest::{
    DeletedRange, EvidenceFile, FrameFile, Hashed, LineCounts, Manifest, OtherLine, Overlap,
    RowProblem, SCHEMA, Silence, TOOL, Unfilled, UnknownWord,
};

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file that marks a folder as results of this program, which may be replaced.
const MARKER: &str = ".breachscope";
/// The folder in which a run writes.
const NEXT: &str = "next";
/// The file in `next/` that lists what a complete run wrote.
const COMPLETE: &str = "complete";
/// The names of everything that results consist of.
const NAMES: [&str; 5] = [
    "frames",
    "receipts",
    "manifest.json",
    "disclosure.json",
    "report.md",
];

/// Results being written.
pub struct Draft {
    out: PathBuf,
    next: PathBuf,
    /// Keeps other runs out of the folder as long as it is open.
    _lock: File,
}

impl Draft {
    /// Makes the folder `out` ready for results.
    ///
    /// It may be new, empty, or hold earlier results, which stay as they are until the draft is published.
    /// `source` is the case folder, in which nothing may be written. Fails if `out` holds anything else, or
    /// if another run is writing there.
    pub fn begin(out: &Path, source: &Path) -> Result<Self> {
        let failed = |e: std::io::Error| Error::io("prepare the output folder", out, e);
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if out.exists() && real(out) == real(source) {
            return Err(Error::user(
                "the output folder is the case folder, where nothing may be written",
            )
            .in_file(out)
            .hint("name another folder with --out"));
        }
        if out.exists() {
            if !out.is_dir() {
                return Err(Error::user("the output is a file, not a folder").in_file(out));
            }
            let empty = fs::read_dir(out).map_err(failed)?.next().is_none();
            if !empty && !out.join(MARKER).exists() {
                return Err(Error::user(
                    "the output folder exists and holds no results of breachscope",
                )
                .in_file(out)
                .hint("name a new folder with --out; nothing was changed in this one"));
            }
        }
        private_folder(out)?;
        let marker = out.join(MARKER);
        if !marker.exists() {
            write_private(&marker, crate::results::TOOL)?;
        }
        let lock = File::options().read(true).open(&marker).map_err(failed)?;
        if lock.try_lock().is_err() {
            return Err(Error::user("another run is writing here")
                .in_file(out)
                .hint("wait for it to end, or name another folder with --out"));
        }
        settle(out)?;
        let next = out.join(NEXT);
        private_folder(&next)?;
        let draft = Draft {
            out: out.to_path_buf(),
            next,
            _lock: lock,
        };
        for name in ["frames", "receipts"] {
            private_folder(&draft.next.join(name))?;
        }
        // What is set aside during a run is of no use to the next one.
        draft.remove("work")?;
        private_folder(&draft.work())?;
        Ok(draft)
    }

    /// The folder in which frames are written.
    pub fn frames(&self) -> PathBuf {
        self.next.join("frames")
    }

    /// The folder in which receipts are written.
    pub fn receipts(&self) -> PathBuf {
        self.next.join("receipts")
    }

    /// The folder for what is set aside during the run.
    pub fn work(&self) -> PathBuf {
        self.next.join("work")
    }

    /// The folders with the frames and the receipts of the earlier results.
    pub fn earlier(&self) -> (PathBuf, PathBuf) {
        (self.out.join("frames"), self.out.join("receipts"))
    }

    /// Writes a file of the results that only its owner may read.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        write_private(&self.next.join(name), text)
    }

    /// Removes what a run that was cut off left under this name.
    pub fn remove(&self, name: &str) -> Result<()> {
        remove(&self.next.join(name))
    }

    /// Replaces the earlier results by all that was written.
    pub fn publish(self) -> Result<()> {
        self.remove("work")?;
        let names: Vec<&str> = NAMES
            .into_iter()
            .filter(|name| self.next.join(name).exists())
            .collect();
        for name in &names {
            to_disk(&self.next.join(name))?;
        }
        write_private(&self.next.join(COMPLETE), &names.join("\n"))?;
        to_disk(&self.next.join(COMPLETE))?;
        sync_folder(&self.next)?;
        settle(&self.out)
    }
}

/// Moves the results of a complete run to their places, from wherever an earlier move was cut off.
fn settle(out: &Path) -> Result<()> {
    let next = out.join(NEXT);
    let complete = next.join(COMPLETE);
    let Ok(list) = fs::read_to_string(&complete) else {
        return Ok(());
    };
    let failed =
        |path: &Path, e: std::io::Error| Error::io("put the results in their place", path, e);
    let names: Vec<&str> = list.lines().collect();
    for name in NAMES {
        let (new, place) = (next.join(name), out.join(name));
        if names.contains(&name) && !new.exists() {
            // It was moved before the move was cut off.
            continue;
        }
        if place.exists() {
            let old = next.join(format!("old-{name}"));
            remove(&old)?;
            fs::rename(&place, &old).map_err(|e| failed(&place, e))?;
        }
        if new.exists() {
            fs::rename(&new, &place).map_err(|e| failed(&place, e))?;
        }
    }
    sync_folder(out)?;
    for name in NAMES {
        remove(&next.join(format!("old-{name}")))?;
    }
    remove(&complete)?;
    remove(&next)
}

/// The folder `out` with the results of an earlier run, for reading.
///
/// Finishes a move that was cut off, unless a run is at it. Fails if there are no results.
pub fn open(out: &Path) -> Result<PathBuf> {
    if out.join(NEXT).join(COMPLETE).exists()
        && let Ok(lock) = File::open(out.join(MARKER))
        && lock.try_lock().is_ok()
    {
        settle(out)?;
    }
    if out.join("frames").is_dir() {
        return Ok(out.to_path_buf());
    }
    let error = Error::user("there are no results here").in_file(out);
    Err(if out.join(NEXT).is_dir() {
        error.hint("the run was cut off; run the same command again to finish it")
    } else {
        error.hint("name the output folder of `breachscope scope CASE --out DIR`")
    })
}

/// Reads the manifest of the results in `out`.
pub fn manifest(out: &Path) -> Result<Manifest> {
    let path = open(out)?.join("manifest.json");
    let text = fs::read_to_string(&path).map_err(|e| Error::io("read the manifest", &path, e))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|e| {
        Error::user(format!("the manifest cannot be read: {e}"))
            .in_file(&path)
            .with_source(e)
    })?;
    if manifest.schema != SCHEMA {
        let message = format!(
            "the manifest has the schema {}, not {SCHEMA}",
            manifest.schema
        );
        return Err(Error::user(message)
            .in_file(&path)
            .hint("use the version of breachscope that wrote these results"));
    }
    Ok(manifest)
}

/// Writes a file that only its owner may read. A file of that name is replaced in one step.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("write the file", path, e);
    let partial = path.with_extension("partial");
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    fs::rename(&partial, path).map_err(failed)
}

/// Every file below `dir`, in the order of their paths.
pub fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |e: std::io::Error| Error::io("list the folder", &folder, e);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Makes a folder that only its owner may open, unless it is there.
fn private_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(path)
        .map_err(|e| Error::io("create the folder", path, e))
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove an older file or folder", path, error))
        }
        _ => Ok(()),
    }
}

/// Makes sure that a file, or everything below a folder, survives a loss of power.
fn to_disk(path: &Path) -> Result<()> {
    let sync = |path: &Path| {
        let synced = File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|e| Error::io("write to disk", path, e))
    };
    if !path.is_dir() {
        return sync(path);
    }
    for file in files_below(path)? {
        sync(&file)?;
    }
    sync_folder(path)
}

/// Makes sure that the names in a folder survive a loss of power.
fn sync_folder(path: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| Error::io("write to disk", path, e))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(out: &Path, text: &str, with_report: bool) {
        let source = tempfile::tempdir().expect("a folder");
        let draft = Draft::begin(out, source.path()).expect("a draft");
        draft.write("manifest.json", text).expect("written");
        if with_report {
            draft.write("report.md", text).expect("written");
        }
        draft.publish().expect("published");
    }

    #[test]
    fn a_move_that_was_cut_off_anywhere_is_finished() {
        let dir = tempfile::tempdir().expect("a folder");
        for cut in 0..4 {
            let out = dir.path().join(cut.to_string());
            publish(&out, "old", true);
            // The state of a move cut off after `cut` of its names.
            let next = out.join(NEXT);
            fs::create_dir_all(next.join("frames")).expect("made");
            for name in ["manifest.json", "report.md"] {
                fs::write(next.join(name), "new").expect("written");
            }
            for name in ["frames", "manifest.json", "report.md"].iter().take(cut) {
                fs::rename(out.join(name), next.join(format!("old-{name}"))).expect("moved");
                fs::rename(next.join(name), out.join(name)).expect("moved");
            }
            fs::write(next.join(COMPLETE), "frames\nmanifest.json\nreport.md").expect("written");
            open(&out).expect("opened");
            for name in ["manifest.json", "report.md"] {
                assert_eq!(
                    fs::read_to_string(out.join(name)).expect("read"),
                    "new",
                    "{cut}"
                );
            }
            assert!(!next.exists() && !out.join("receipts").exists(), "{cut}");
        }
    }

    #[test]
    fn what_the_new_results_lack_goes_and_a_second_run_is_kept_out() {
        let dir = tempfile::tempdir().expect("a folder");
        let out = dir.path().join("out");
        publish(&out, "old", true);
        publish(&out, "new", false);
        assert!(!out.join("report.md").exists());
        let source = tempfile::tempdir().expect("a folder");
        let _first = Draft::begin(&out, source.path()).expect("a draft");
        let second = Draft::begin(&out, source.path())
            .map(drop)
            .expect_err("locked");
        assert!(second.to_string().contains("another run"));
    }
}
