//! What can go wrong, where it went wrong, and what to do next.
//!
//! Every error names a place (a file, and a line and column where there is one) and carries hints.
//! `cli` turns the kind into an exit code; nothing here touches the terminal.

use std::fmt;
use std::path::{Path, PathBuf};

/// A position in a text file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Line number, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of byte `offset` in `text`.
    pub fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// What an error is about: decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The user's input (arguments, folders, SQL) cannot be acted on.
    User,
    /// The case file or a registry it names is wrong.
    Case,
    /// The operating system refused: permissions, full disk, unreadable file.
    System,
    /// The user asked to stop.
    Interrupted,
}

/// An error with its place and hints.
#[derive(Debug)]
pub struct Error {
    /// What the error is about.
    pub kind: Kind,
    /// The file concerned.
    pub path: Option<PathBuf>,
    /// Where in that file.
    pub position: Option<Position>,
    /// What happened, in one sentence.
    pub message: String,
    /// What to do next, a line each.
    pub hints: Vec<String>,
}

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            path: None,
            position: None,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// An error in what the user asked for.
    pub fn user(message: impl Into<String>) -> Self {
        Self::new(Kind::User, message)
    }

    /// An error in the case file or a registry.
    pub fn case(path: &Path, message: impl Into<String>) -> Self {
        Self::new(Kind::Case, message).in_file(path)
    }

    /// An error of the operating system while doing `what` to `path`.
    pub fn io(what: &str, path: &Path, source: &std::io::Error) -> Self {
        let full = source.kind() == std::io::ErrorKind::StorageFull;
        Self::system(what, source, full).in_file(path)
    }

    fn system(what: &str, source: &dyn fmt::Display, full: bool) -> Self {
        let error = Self::new(Kind::System, format!("cannot {what}: {source}"));
        match full {
            true => error.hint("free some space or name another folder with --out, then run again"),
            false => error,
        }
    }

    /// An error of the frame engine while doing `what`.
    pub fn frame(what: &str, source: &polars::error::PolarsError) -> Self {
        // The engine gives the operating system's error as text.
        let text = source.to_string();
        let code = text.rsplit_once("(os error ").and_then(|(_, code)| {
            let (code, _) = code.split_once(')')?;
            code.parse().ok()
        });
        let of_system = code.map(std::io::Error::from_raw_os_error);
        let full = of_system.is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull);
        Self::system(what, source, full)
    }

    /// The user asked to stop.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "stopped at your request").hint(
            "nothing half-written was kept; the same command goes on with what was not read yet",
        )
    }

    /// Names the file.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> Self {
        self.path = Some(path.to_path_buf());
        self
    }

    /// Names the place in the file.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}", path.display())?;
            if let Some(Position { line, column }) = self.position {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.message)?;
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The candidate closest in spelling to `given`, if any is close enough to have been meant.
pub fn closest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(given, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(given.len()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_counts_lines_and_characters() {
        let text = "a\nbé c\n";
        assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(text, 6), Position { line: 2, column: 4 });
    }

    #[test]
    fn a_full_disk_has_a_hint_whoever_tells_of_it() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let told = Error::io("write", Path::new("a"), &full);
        assert_eq!(told.hints.len(), 1);
        let engine = |text: &str| {
            Error::frame(
                "write",
                &polars::error::PolarsError::ComputeError(text.to_string().into()),
            )
        };
        let code = if cfg!(windows) {
            "(os error 112)"
        } else {
            "(os error 28)"
        };
        let text = format!("parquet: IO error: no space {code}");
        assert_eq!(engine(&text).hints, told.hints);
        for other in ["no space left", "denied (os error 13)", "(os error x)"] {
            assert!(engine(other).hints.is_empty(), "{other}");
        }
    }

    #[test]
    fn closest_suggests_a_near_miss_and_nothing_far() {
        assert_eq!(closest("pahts", ["paths", "format"]), Some("paths"));
        assert_eq!(closest("zzz", ["paths", "format"]), None);
    }
}
