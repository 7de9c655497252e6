//! Lists the files that a path of the case file stands for.
//!
//! It goes through folders by itself: names may be any bytes, and a pattern is matched with them as
//! [`names`] shows them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use glob::Pattern;

use crate::intake::evidence::names;

/// What a path, a pattern or a folder stands for.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// Files, in order.
    pub(super) files: Vec<PathBuf>,
    /// What matches and is neither a file nor a folder, such as a link to nothing.
    pub(super) no_files: Vec<PathBuf>,
    /// Whether it is a pattern, which may leave out some files of a folder.
    pub(super) by_pattern: bool,
}

/// Lists what `named` stands for below `dir`; the error says what is wrong with it.
pub(super) fn list(dir: &Path, named: &str) -> Result<Listed, String> {
    let plain = names::find(dir, named);
    let mut found = BTreeSet::new();
    let mut walk = Walk {
        found: &mut found,
        entered: BTreeSet::new(),
    };
    let by_pattern = plain.symlink_metadata().is_err();
    if plain.is_dir() {
        walk.below(&plain)?;
    } else if !by_pattern {
        walk.found.insert(plain);
    } else {
        let parts = parts(named)?;
        let from = if Path::new(named).is_absolute() {
            PathBuf::new()
        } else {
            dir.to_path_buf()
        };
        walk.matching(&from, &parts)?;
    }
    let mut listed = Listed {
        by_pattern,
        ..Listed::default()
    };
    for path in found {
        if path.is_file() {
            listed.files.push(path);
        } else if !path.is_dir() {
            listed.no_files.push(path);
        }
    }
    Ok(listed)
}

/// A part of a pattern between two slashes.
enum Part<'p> {
    /// A name, a drive, `..` or the root.
    Plain(Component<'p>),
    /// A pattern for one name.
    Names(Pattern),
    /// `**`: any folders, or none.
    AnyFolders,
}

/// The parts of a pattern.
fn parts(named: &str) -> Result<Vec<Part<'_>>, String> {
    let components = Path::new(named).components();
    components
        .filter(|component| *component != Component::CurDir)
        .map(|component| part(component, named))
        .collect()
}

/// One part of the pattern `named`.
fn part<'p>(component: Component<'p>, named: &str) -> Result<Part<'p>, String> {
    let text = component.as_os_str().to_str().unwrap_or_default();
    Ok(match component {
        Component::Normal(_) if text == "**" => Part::AnyFolders,
        Component::Normal(_) if text.contains(['*', '?', '[']) => {
            let pattern = Pattern::new(text);
            Part::Names(pattern.map_err(|e| format!("`{named}` is no pattern: {e}"))?)
        }
        _ => Part::Plain(component),
    })
}

/// A walk through folders.
struct Walk<'f> {
    found: &'f mut BTreeSet<PathBuf>,
    /// The real paths of the folders that the walk is in: a link may lead back to one.
    entered: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    /// Finds what matches `parts` below `from`.
    fn matching(&mut self, from: &Path, parts: &[Part<'_>]) -> Result<(), String> {
        let Some((part, rest)) = parts.split_first() else {
            self.found.insert(from.to_path_buf());
            return Ok(());
        };
        match part {
            Part::Plain(Component::Normal(name)) => {
                let path = match name.to_str() {
                    Some(name) => names::find(from, name),
                    None => from.join(name),
                };
                if path.symlink_metadata().is_ok() {
                    self.matching(&path, rest)?;
                }
            }
            Part::Plain(other) => self.matching(&from.join(other), rest)?,
            Part::Names(pattern) => {
                for path in entries(from)? {
                    let name = path.file_name().unwrap_or_default();
                    if pattern.matches(&names::shown(name.as_encoded_bytes())) {
                        self.matching(&path, rest)?;
                    }
                }
            }
            Part::AnyFolders if rest.is_empty() => self.below(from)?,
            Part::AnyFolders => {
                self.matching(from, rest)?;
                self.in_folders(from, |walk, path| walk.matching(path, parts))?;
            }
        }
        Ok(())
    }

    /// Finds all that lies below a folder.
    fn below(&mut self, folder: &Path) -> Result<(), String> {
        for path in entries(folder)? {
            if !path.is_dir() {
                self.found.insert(path);
            }
        }
        self.in_folders(folder, |walk, path| walk.below(path))
    }

    /// Calls `enter` with each folder in `folder`.
    fn in_folders(
        &mut self,
        folder: &Path,
        enter: impl Fn(&mut Self, &Path) -> Result<(), String>,
    ) -> Result<(), String> {
        let Ok(real) = folder.canonicalize() else {
            return Ok(());
        };
        if !self.entered.insert(real.clone()) {
            return Ok(());
        }
        for path in entries(folder)? {
            if path.is_dir() {
                enter(self, &path)?;
            }
        }
        self.entered.remove(&real);
        Ok(())
    }
}

/// What is in a folder, in order; nothing if it is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |e| format!("cannot list the folder {}: {e}", folder.display());
    let listed = fs::read_dir(folder).map_err(failed)?;
    let paths = listed.map(|entry| entry.map(|entry| entry.path()).map_err(failed));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn found(dir: &Path, named: &str) -> Vec<String> {
        let listed = list(dir, named).expect("listed");
        let shown = |path: &PathBuf| names::shown_path(path.strip_prefix(dir).unwrap_or(path));
        listed.files.iter().map(shown).collect()
    }

    #[test]
    fn folders_and_patterns_find_names_in_any_bytes() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = dir.path().canonicalize().expect("a path");
        for name in [
            &b"a.log"[..],
            b"gw/\xb0\xd4.log",
            b"gw/caf\xe9/b.log",
            b"gw/[x].log",
        ] {
            let path = dir.join(OsStr::from_bytes(name));
            fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            fs::write(path, "x").expect("written");
        }
        // A link that leads back must not be followed without end.
        std::os::unix::fs::symlink("..", dir.join("gw/back")).expect("linked");
        let all = [r"gw/[x].log", r"gw/\xB0\xD4.log", r"gw/caf\xE9/b.log"];
        for (named, expected) in [
            ("gw/*.log", &[r"gw/[x].log", r"gw/\xB0\xD4.log"][..]),
            (r"gw/\xB0*", &[r"gw/\xB0\xD4.log"]),
            (r"gw/\xB0\xD4.log", &[r"gw/\xB0\xD4.log"]),
            (r"gw/caf\xE9", &[r"gw/caf\xE9/b.log"]),
            ("gw/caf*/*.log", &[r"gw/caf\xE9/b.log"]),
            ("*/../a.log", &["gw/../a.log"]),
            ("gw/[x].log", &["gw/[x].log"]),
            ("nothing*", &[]),
        ] {
            assert_eq!(found(&dir, named), expected, "{named}");
        }
        let below = found(&dir, "gw");
        assert!(
            all.iter().all(|name| below.contains(&name.to_string())),
            "{below:?}"
        );
        let any = found(&dir, "**/b.log");
        assert!(any.contains(&r"gw/caf\xE9/b.log".to_string()), "{any:?}");
        assert!(list(&dir, "gw/[x").is_err(), "it is no pattern");
    }
}
