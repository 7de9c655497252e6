//! Which files are evidence of which source, and the number of each.
//!
//! A path of the case file is a file, a pattern, or a folder, which stands for all files below it.
//! After a `!` follows a pattern for the members of an archive: `logs.tar.gz!*/access.log*`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;

use crate::case::Case;
use crate::error::{Error, Result};
use crate::intake::evidence::containers;

/// A log: a file, or a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Its number in the frames, from 1, by source and path.
    pub(crate) evidence_id: u32,
    /// The index of its source.
    pub(crate) source: usize,
    /// The file, relative to the case folder.
    pub(crate) path: String,
    /// Its path in the archive.
    pub(crate) member: Option<String>,
}

/// A file to read.
#[derive(Debug)]
pub(crate) struct Job {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Bytes as found.
    pub(crate) size: u64,
    /// What tells, without reading it, that it is the same as in an earlier run.
    pub(crate) stamp: String,
    /// The logs in it, in its own order; nothing for a member that no source takes.
    pub(crate) logs: Vec<Option<Log>>,
}

/// All evidence of a case.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// The files.
    pub(crate) jobs: Vec<Job>,
    /// Members of archives that no source takes, and what is no file, such as a link to nothing.
    pub(crate) unclaimed: Vec<String>,
}

/// A member of an archive (nothing for a file that is none), and the source that takes it.
type Member = (Option<String>, Option<usize>);

/// Finds the evidence of `case`.
pub(crate) fn find(case: &Case, spool: &Path) -> Result<Jobs> {
    // By file, the members known and who takes each.
    let mut files: BTreeMap<PathBuf, Vec<Member>> = BTreeMap::new();
    let mut no_files = BTreeSet::new();
    for (source, named) in case.file.source.iter().enumerate() {
        for pattern in &named.paths {
            let bad = |what: String| case.error_at(pattern.span(), what);
            let (outer, inner) = match pattern.get_ref().split_once('!') {
                Some((outer, inner)) => (outer, Some(inner)),
                None => (pattern.get_ref().as_str(), None),
            };
            let inner = inner.map(Pattern::new).transpose();
            let inner =
                inner.map_err(|e| bad(format!("`{}` is no pattern: {e}", pattern.get_ref())))?;
            let text = case.dir.join(outer);
            let mut found = false;
            let (paths, others) = matches(&case.dir, outer).map_err(bad)?;
            no_files.extend(others);
            for path in paths {
                if !files.contains_key(&path) {
                    files.insert(path.clone(), members(&path, spool)?);
                }
                let members = files.get_mut(&path).expect("just listed");
                for (member, taken) in members {
                    let wanted = match (&inner, &*member) {
                        (Some(inner), Some(member)) => inner.matches(member),
                        (Some(_), None) => false,
                        (None, _) => true,
                    };
                    if !wanted {
                        continue;
                    }
                    found = true;
                    match taken.replace(source) {
                        Some(other) if other != source => {
                            let member = member
                                .as_deref()
                                .map(|m| format!("!{m}"))
                                .unwrap_or_default();
                            let other = case.file.source[other].id.get_ref();
                            return Err(bad(format!(
                                "`{}{member}` belongs to source `{other}` too",
                                path.display()
                            ))
                            .hint(
                                "one file is evidence of one source; make the patterns disjoint",
                            ));
                        }
                        _ => {}
                    }
                }
            }
            if !found {
                let error = bad(format!("no evidence matches `{}`", pattern.get_ref()));
                return Err(crate::case::suggest_file(error, &text));
            }
        }
    }
    number(case, files, no_files)
}

/// The files that a path, a pattern or a folder stands for, below `dir`, and what is neither file nor folder.
fn matches(dir: &Path, named: &str) -> std::result::Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let text = dir.join(named);
    let whole = Pattern::escape(&text.to_string_lossy());
    let pattern = if text.is_dir() {
        format!("{whole}/**/*")
    } else if text.is_file() {
        whole
    } else {
        // The case's own folder is no pattern, whatever its name.
        let dir = Pattern::escape(&dir.to_string_lossy());
        Path::new(&dir).join(named).to_string_lossy().into_owned()
    };
    let found = glob::glob(&pattern).map_err(|e| format!("`{pattern}` is no pattern: {e}"))?;
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for path in found {
        let path = path.map_err(|e| {
            format!(
                "cannot list the folder {}: {}",
                e.path().display(),
                e.error()
            )
        })?;
        if path.is_file() {
            files.push(path);
        } else if !path.is_dir() {
            others.push(path);
        }
    }
    Ok((files, others))
}

fn members(path: &Path, spool: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    containers::list(path, spool, &mut |found| {
        members.push((found.member, None));
        Ok(())
    })?;
    // What cannot be opened as what it seems to be is one damaged log.
    if members.is_empty() {
        members.push((None, None));
    }
    Ok(members)
}

fn number(
    case: &Case,
    files: BTreeMap<PathBuf, Vec<Member>>,
    no_files: BTreeSet<PathBuf>,
) -> Result<Jobs> {
    let relative = |path: &Path| {
        path.strip_prefix(&case.dir)
            .unwrap_or(path)
            .to_string_lossy()
            .into_owned()
    };
    let mut order: Vec<(usize, String, usize, &Path)> = Vec::new();
    let mut unclaimed: Vec<String> = no_files.iter().map(|path| relative(path)).collect();
    for (path, members) in &files {
        for (place, (member, taken)) in members.iter().enumerate() {
            match taken {
                Some(source) => order.push((*source, relative(path), place, path)),
                None => unclaimed.push(format!(
                    "{}!{}",
                    relative(path),
                    member.as_deref().unwrap_or_default()
                )),
            }
        }
    }
    order.sort();
    let mut numbers: BTreeMap<(&Path, usize), Log> = BTreeMap::new();
    for ((source, relative, place, path), evidence_id) in order.into_iter().zip(1..) {
        let member = files[path][place].0.clone();
        numbers.insert(
            (path, place),
            Log {
                evidence_id,
                source,
                path: relative,
                member,
            },
        );
    }
    let mut jobs = Vec::new();
    for (path, members) in &files {
        let known = fs::metadata(path).map_err(|e| Error::io("open the evidence", path, e))?;
        jobs.push(Job {
            path: path.clone(),
            size: known.len(),
            stamp: stamp(&known),
            logs: (0..members.len())
                .map(|place| numbers.get(&(path.as_path(), place)).cloned())
                .collect(),
        });
    }
    Ok(Jobs { jobs, unclaimed })
}

/// Size and times of a file, and its number on its disk: a user cannot set them all back.
fn stamp(known: &fs::Metadata) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        format!(
            "{}:{}:{}.{}:{}.{}",
            known.len(),
            known.ino(),
            known.mtime(),
            known.mtime_nsec(),
            known.ctime(),
            known.ctime_nsec()
        )
    }
    #[cfg(not(unix))]
    {
        format!("{}:{:?}", known.len(), known.modified().ok())
    }
}
