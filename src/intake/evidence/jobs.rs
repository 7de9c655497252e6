//! Finds the files that are evidence of each source, and gives each log in them a number.
//!
//! A path of the case file is a file, a pattern, or a folder, which stands for all files below it.
//! Behind a `!` stands a pattern for members of an archive: `logs.tar.gz!*/access.log*`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;
use toml::Spanned;

use crate::case::Case;
use crate::error::{Error, Result};
use crate::intake::evidence::containers;

/// A log that a source claims: a file, or a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Its number in the frames, from 1, by source and path.
    pub(crate) evidence_id: u32,
    /// The place of its source in the case file.
    pub(crate) source: usize,
    /// The file, relative to the case folder.
    pub(crate) path: String,
    /// Its path in the archive, if it is in one.
    pub(crate) member: Option<String>,
}

/// An evidence file to read.
#[derive(Debug)]
pub(crate) struct Job {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Bytes as found.
    pub(crate) size: u64,
    /// What shows, without reading it, whether it is the same as in an earlier run.
    pub(crate) stamp: String,
    /// The logs in it, in its own order; `None` for a member that no source claims.
    pub(crate) logs: Vec<Option<Log>>,
}

/// All evidence of a case.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// The files.
    pub(crate) jobs: Vec<Job>,
    /// Members of archives that no source claims, and what is no file, such as a link to nothing.
    pub(crate) unclaimed: Vec<String>,
}

/// A log in a file (its path in the archive, if it is in one), and the source that claims it.
type Member = (Option<String>, Option<usize>);

/// Finds the evidence of `case`; `spool` is a folder for what must be set aside.
///
/// It is an error if a path of the case file matches nothing, or if two sources claim one log.
pub(crate) fn find(case: &Case, spool: &Path) -> Result<Jobs> {
    let mut search = Search {
        case,
        spool,
        files: BTreeMap::new(),
        no_files: BTreeSet::new(),
    };
    for (source, named) in case.file.source.iter().enumerate() {
        for pattern in &named.paths {
            search.claim(source, pattern)?;
        }
    }
    search.number()
}

/// The files found so far, and who claims the logs in them.
struct Search<'c> {
    case: &'c Case,
    spool: &'c Path,
    /// By file: the logs in it, in its own order.
    files: BTreeMap<PathBuf, Vec<Member>>,
    /// What matches a pattern and is neither a file nor a folder.
    no_files: BTreeSet<PathBuf>,
}

impl Search<'_> {
    /// Claims for `source` all logs that a path of the case file stands for.
    fn claim(&mut self, source: usize, pattern: &Spanned<String>) -> Result<()> {
        let case = self.case;
        let bad = |what: String| case.error_at(pattern.span(), what);
        let (outer, inner) = match pattern.get_ref().split_once('!') {
            Some((outer, inner)) => (outer, Some(inner)),
            None => (pattern.get_ref().as_str(), None),
        };
        let inner = inner.map(Pattern::new).transpose();
        let inner =
            inner.map_err(|e| bad(format!("`{}` is no pattern: {e}", pattern.get_ref())))?;
        let mut found = false;
        let (paths, others) = list_files(&case.dir, outer).map_err(bad)?;
        self.no_files.extend(others);
        for path in paths {
            if !self.files.contains_key(&path) {
                self.files
                    .insert(path.clone(), list_members(&path, self.spool)?);
            }
            let members = self.files.get_mut(&path).expect("just listed");
            for (member, claimed_by) in members {
                let wanted = match (&inner, &*member) {
                    (Some(inner), Some(member)) => inner.matches(member),
                    (Some(_), None) => false,
                    (None, _) => true,
                };
                if !wanted {
                    continue;
                }
                found = true;
                let other = claimed_by.replace(source).filter(|other| *other != source);
                if let Some(other) = other {
                    let member = member.as_deref().map(|member| format!("!{member}"));
                    let log = format!("{}{}", path.display(), member.unwrap_or_default());
                    let other = case.file.source[other].id.get_ref();
                    let says = format!("`{log}` belongs to source `{other}` too");
                    let hint = "one file is evidence of one source; make the patterns disjoint";
                    return Err(bad(says).hint(hint));
                }
            }
        }
        if !found {
            let error = bad(format!("no evidence matches `{}`", pattern.get_ref()));
            return Err(crate::case::suggest_file(error, &case.dir.join(outer)));
        }
        Ok(())
    }

    /// Numbers the claimed logs by source, path and place in the file.
    fn number(self) -> Result<Jobs> {
        let relative = |path: &Path| {
            path.strip_prefix(&self.case.dir)
                .unwrap_or(path)
                .to_string_lossy()
                .into_owned()
        };
        let mut order: Vec<(usize, String, usize, &Path)> = Vec::new();
        let mut unclaimed: Vec<String> = self.no_files.iter().map(|path| relative(path)).collect();
        for (path, members) in &self.files {
            for (place, (member, claimed_by)) in members.iter().enumerate() {
                match claimed_by {
                    Some(source) => order.push((*source, relative(path), place, path)),
                    None => {
                        let member = member.as_deref().unwrap_or_default();
                        unclaimed.push(format!("{}!{member}", relative(path)));
                    }
                }
            }
        }
        order.sort();
        let mut numbers: BTreeMap<(&Path, usize), Log> = BTreeMap::new();
        for ((source, relative, place, path), evidence_id) in order.into_iter().zip(1..) {
            let log = Log {
                evidence_id,
                source,
                path: relative,
                member: self.files[path][place].0.clone(),
            };
            numbers.insert((path, place), log);
        }
        let mut jobs = Vec::new();
        for (path, members) in &self.files {
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
}

/// Lists the files that a path, a pattern or a folder below `dir` stands for.
///
/// Returns also what matches and is neither a file nor a folder, such as a link to nothing.
fn list_files(dir: &Path, named: &str) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let text = dir.join(named);
    let whole = Pattern::escape(&text.to_string_lossy());
    let pattern = if text.is_dir() {
        format!("{whole}/**/*")
    } else if text.is_file() {
        whole
    } else {
        // The name of the case folder may have characters that mean something in a pattern.
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

/// Lists the logs in a file, none of which is claimed yet.
fn list_members(path: &Path, spool: &Path) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    containers::list(path, spool, &mut |found| {
        members.push((found.member, None));
        Ok(())
    })?;
    // An archive that cannot be opened is one damaged log.
    if members.is_empty() {
        members.push((None, None));
    }
    Ok(members)
}

/// The size and times of a file, and its number on its disk: no user can set all of them back.
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
