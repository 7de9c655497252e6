//! Groups like logs into the sources of a case file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::detected::{Detected, Mapping};
use crate::error::{Error, Result};
use crate::intake::evidence::names;

/// Logs that are read in one way.
pub(super) struct Source<'d> {
    /// Its id in the case file.
    pub(super) id: String,
    /// One of its logs, which stands for all of them.
    pub(super) like: &'d Detected,
    /// Its paths in the case file.
    pub(super) paths: Vec<String>,
    /// How many logs it has.
    pub(super) logs: usize,
}

/// What the logs of one source have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    /// Their folder, or the archive that they are in.
    within: PathBuf,
    format: &'static str,
    kind: &'static str,
    fields: Mapping,
    needs_zone: bool,
}

/// Groups the readable logs of `found`: like logs of one folder, or of one archive, are a source.
///
/// `folder` is the case folder, to which paths in it are relative.
pub(super) fn sources<'d>(found: &'d [Detected], folder: &Path) -> Result<Vec<Source<'d>>> {
    let mut sources: Vec<Source<'d>> = Vec::new();
    for (like, logs) in groups(found) {
        let beside = found.iter().filter(|one| is_in(one, &like.within)).count();
        // A folder or archive whose logs are all alike gives the source its name.
        let all = beside == logs.len();
        let name = id_of(&like.within);
        let base = if all {
            name
        } else {
            format!("{name}-{}", like.format)
        };
        let taken = |id: &str| sources.iter().any(|source| source.id == id);
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let id = std::iter::once(base.clone())
            .chain(numbered)
            .find(|id| !taken(id))
            .expect("some number is free");
        let paths = if all && logs.len() > 1 {
            vec![path_of_all(&logs, &like.within, folder)?]
        } else {
            paths_of_each(&logs, folder)?
        };
        sources.push(Source {
            id,
            like: logs[0],
            paths,
            logs: logs.len(),
        });
    }
    Ok(sources)
}

/// The readable logs, by what they have in common.
fn groups(found: &[Detected]) -> BTreeMap<Likeness, Vec<&Detected>> {
    let mut groups: BTreeMap<Likeness, Vec<&Detected>> = BTreeMap::new();
    for one in found {
        let Some(kind) = one.kind else { continue };
        let within = match &one.member {
            Some(_) => one.path.clone(),
            None => one.path.parent().unwrap_or(Path::new("")).to_path_buf(),
        };
        let like = Likeness {
            within,
            format: one.format.unwrap_or_default(),
            kind,
            fields: one.fields.clone(),
            needs_zone: one.needs_zone(),
        };
        groups.entry(like).or_default().push(one);
    }
    // The first lines of a log may lack the fields that are mapped by name, which other logs like it have.
    let unmapped: Vec<Likeness> = groups
        .keys()
        .filter(|like| like.fields.is_empty())
        .cloned()
        .collect();
    for like in unmapped {
        let same_but_mapped = |other: &&Likeness| {
            let plain = Likeness {
                fields: Mapping::new(),
                ..(*other).clone()
            };
            !other.fields.is_empty() && plain == like
        };
        if let Some(other) = groups.keys().find(same_but_mapped).cloned()
            && let Some(logs) = groups.remove(&like)
        {
            groups.entry(other).or_default().extend(logs);
        }
    }
    groups
}

/// Whether a log lies in a folder, or in an archive.
fn is_in(one: &Detected, within: &Path) -> bool {
    match &one.member {
        Some(_) => one.path == within,
        None => one.path.parent() == Some(within),
    }
}

/// One path for all logs of a folder or archive.
fn path_of_all(logs: &[&Detected], within: &Path, folder: &Path) -> Result<String> {
    let whole = path_in_case(within, folder)?;
    Ok(match &logs[0].member {
        Some(_) => whole,
        None => format!("{whole}/*"),
    })
}

/// A path for each log.
fn paths_of_each(logs: &[&Detected], folder: &Path) -> Result<Vec<String>> {
    let path = |one: &&Detected| {
        let path = path_in_case(&one.path, folder)?;
        Ok(match &one.member {
            Some(member) => format!("{path}!{}", Pattern::escape(member)),
            None => path,
        })
    };
    logs.iter().map(path).collect()
}

/// A path as the case file in `folder` names it: relative if it lies in `folder`, else the whole path.
fn path_in_case(path: &Path, folder: &Path) -> Result<String> {
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|e| Error::io("find the path", path, e))
    };
    let (path, folder) = (real(path)?, real(folder)?);
    let shown = path.strip_prefix(&folder).unwrap_or(&path);
    let text = names::shown_path(shown);
    Ok(if text.is_empty() {
        ".".into()
    } else {
        Pattern::escape(&text)
    })
}

/// An id made from the last name of a path: letters, digits and hyphens.
pub(super) fn id_of(path: &Path) -> String {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let id = name.replace(|c: char| !plain(c), "-");
    match id.trim_matches('-') {
        "" => "case".to_string(),
        id => id.to_string(),
    }
}
