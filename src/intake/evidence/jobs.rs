//! Finds the files that are evidence of each source, and gives each log in them a number.
//!
//! A path of the case file is a file, a pattern, or a folder, which stands for all files below it.
//! Behind a `!` stands a pattern for members of an archive: `logs.tar.gz!*/access.log*`.
//!
//! One file may be evidence of two sources of different kinds: an identity server's log has issuances and
//! logins. Then it is two logs, each with its own number, and is read once for each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use glob::Pattern;
use toml::Spanned;

use crate::case::Case;
use crate::error::{Error, Result};
use crate::intake::evidence::{containers, files, names};

/// A log that a source claims: a file, or a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Its number in the frames, from 1, by source and path.
    pub(crate) evidence_id: u32,
    /// The place of its source in the case file.
    pub(crate) source: usize,
    /// The file, relative to the case folder, as [`names`] shows it.
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
    /// The logs in it, in its own order; `None` for a member that this job does not read.
    pub(crate) logs: Vec<Option<Log>>,
}

/// All evidence of a case.
#[derive(Debug)]
pub(crate) struct Jobs {
    /// The files; one that sources of two kinds claim is there twice.
    pub(crate) jobs: Vec<Job>,
    /// Members of archives that no source claims, and what is no file, such as a link to nothing.
    pub(crate) unclaimed: Vec<String>,
    /// Files that no source claims, in folders of which a pattern of the case file has others.
    pub(crate) beside: Vec<String>,
}

/// A log in a file, and who claims it.
struct Member {
    /// Its path in the archive, if it is in one; no two members have the same.
    member: Option<String>,
    /// The same as the archive has it.
    named: Option<String>,
    /// The sources that claim it, each of another kind.
    claimed_by: Vec<usize>,
}

/// The logs in a file, in its own order, and its members that are no files.
struct Listed {
    members: Vec<Member>,
    no_files: Vec<String>,
}

/// Finds the evidence of `case`; `spool` is a folder for what must be set aside.
///
/// It is an error if a path of the case file matches nothing, or if two sources of one kind claim one log.
pub(crate) fn find(case: &Case, spool: &Path) -> Result<Jobs> {
    let mut search = Search {
        case,
        spool,
        files: BTreeMap::new(),
        no_files: BTreeSet::new(),
        folders: BTreeSet::new(),
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
    files: BTreeMap<PathBuf, Listed>,
    /// What matches a pattern and is neither a file nor a folder.
    no_files: BTreeSet<PathBuf>,
    /// Folders of which a pattern names files.
    folders: BTreeSet<PathBuf>,
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
        let listed = files::list(&case.dir, outer).map_err(bad)?;
        self.no_files.extend(listed.no_files);
        if listed.by_pattern {
            let folders = listed.files.iter().filter_map(|path| path.parent());
            self.folders.extend(folders.map(Path::to_path_buf));
        }
        for path in listed.files {
            if !self.files.contains_key(&path) {
                self.files
                    .insert(path.clone(), list_members(&path, self.spool)?);
            }
            let listed = self.files.get_mut(&path).expect("just listed");
            for one in &mut listed.members {
                let wanted = match (&inner, &one.member, &one.named) {
                    (Some(inner), Some(member), Some(named)) => {
                        inner.matches(named) || inner.matches(member)
                    }
                    (Some(_), ..) => false,
                    (None, ..) => true,
                };
                if !wanted {
                    continue;
                }
                found = true;
                if one.claimed_by.contains(&source) {
                    continue;
                }
                let kind = |source: usize| case.file.source[source].kind;
                let other = one.claimed_by.iter();
                let other = other.copied().find(|other| kind(*other) == kind(source));
                if let Some(other) = other {
                    let member = one.member.as_deref().map(|member| format!("!{member}"));
                    let log = format!("{}{}", path.display(), member.unwrap_or_default());
                    let other = case.file.source[other].id.get_ref();
                    let kind = kind(source).name();
                    let says = format!("`{log}` belongs to source `{other}` too");
                    let hint = format!(
                        "two sources of one kind ({kind}) must not read one file; make the patterns \
                         disjoint"
                    );
                    return Err(bad(says).hint(hint));
                }
                one.claimed_by.push(source);
            }
        }
        if !found {
            let error = bad(format!("no evidence matches `{}`", pattern.get_ref()));
            return Err(crate::case::suggest_file(error, &case.dir.join(outer)));
        }
        Ok(())
    }

    /// A path as outputs show it: relative to the case folder if it is below that.
    fn shown(&self, path: &Path) -> String {
        names::shown_path(path.strip_prefix(&self.case.dir).unwrap_or(path))
    }

    /// Numbers the claimed logs by source, path and place in the file.
    fn number(self) -> Result<Jobs> {
        let mut order: Vec<(usize, String, usize, &Path)> = Vec::new();
        let mut unclaimed: Vec<String> =
            self.no_files.iter().map(|path| self.shown(path)).collect();
        for (path, listed) in &self.files {
            let shown = self.shown(path);
            for (place, one) in listed.members.iter().enumerate() {
                let claims = one.claimed_by.iter();
                order.extend(claims.map(|source| (*source, shown.clone(), place, path.as_path())));
                if one.claimed_by.is_empty() {
                    let member = one.member.as_deref().unwrap_or_default();
                    unclaimed.push(format!("{shown}!{member}"));
                }
            }
            let no_files = listed.no_files.iter();
            unclaimed.extend(no_files.map(|member| format!("{shown}!{member}")));
        }
        order.sort();
        let mut numbers: BTreeMap<(&Path, usize, usize), Log> = BTreeMap::new();
        for ((source, shown, place, path), evidence_id) in order.into_iter().zip(1..) {
            let log = Log {
                evidence_id,
                source,
                path: shown,
                member: self.files[path].members[place].member.clone(),
            };
            numbers.insert((path, place, source), log);
        }
        let mut jobs = Vec::new();
        for (path, listed) in &self.files {
            let known = fs::metadata(path).map_err(|e| Error::io("open the evidence", path, e))?;
            let claims = listed.members.iter().map(|one| one.claimed_by.len());
            // Each round reads every log for one of the sources that claim it.
            for round in 0..claims.max().unwrap_or(0) {
                let log = |(place, one): (usize, &Member)| {
                    let source = one.claimed_by.get(round)?;
                    numbers.get(&(path.as_path(), place, *source)).cloned()
                };
                jobs.push(Job {
                    path: path.clone(),
                    size: known.len(),
                    stamp: stamp(&known),
                    logs: listed.members.iter().enumerate().map(log).collect(),
                });
            }
        }
        let beside = self.beside()?;
        Ok(Jobs {
            jobs,
            unclaimed,
            beside,
        })
    }

    /// Files that lie beside evidence named by a pattern, and that nothing of the case file names.
    fn beside(&self) -> Result<Vec<String>> {
        let registry = &self.case.file.registry;
        let registries = [
            &registry.keys,
            &registry.accounts,
            &registry.pages,
            &registry.networks,
        ];
        let registries = registries.into_iter().flatten().map(|path| path.get_ref());
        let keys = self.case.signing_key_files.iter().map(|(path, _)| path);
        let mut known: BTreeSet<PathBuf> = registries
            .chain(keys)
            .map(|path| self.case.dir.join(path))
            .collect();
        known.insert(self.case.path.clone());
        let mut beside = Vec::new();
        for folder in &self.folders {
            let failed = |e| Error::io("list the folder", folder, e);
            for entry in fs::read_dir(folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let is_named = self.files.contains_key(&path) || known.contains(&path);
                if path.is_file() && !is_named {
                    beside.push(self.shown(&path));
                }
            }
        }
        beside.sort();
        Ok(beside)
    }
}

/// Lists the logs in a file, none of which is claimed yet.
fn list_members(path: &Path, spool: &Path) -> Result<Listed> {
    let mut members = Vec::new();
    let listed = containers::list(path, spool, &mut |found| {
        members.push(Member {
            member: found.member,
            named: found.named,
            claimed_by: Vec::new(),
        });
        Ok(())
    })?;
    // An archive that cannot be opened is one damaged log.
    if members.is_empty() {
        members.push(Member {
            member: None,
            named: None,
            claimed_by: Vec::new(),
        });
    }
    Ok(Listed {
        members,
        no_files: listed.no_files,
    })
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
