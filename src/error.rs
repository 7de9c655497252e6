//! What went wrong, where it went wrong, and what to do next.
//!
//! Every error names a place (a file, and a line and column where there is one) and carries hints.
//! The error that caused it, if there was one, stays reachable through [`std::error::Error::source`].
//! `cli` turns the kind into an exit code; nothing here touches the terminal.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use polars::error::PolarsError;

/// A position in a text file, both numbers counted from 1.
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

    /// The first column of a line, whose number a reader of tables counted from 1.
    pub fn of_line(line: u64) -> Self {
        Position {
            line: usize::try_from(line).unwrap_or(usize::MAX),
            column: 1,
        }
    }
}

/// What an error is about; `cli` derives the exit code from it.
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

/// An error of a lower layer, kept as the source of an [`Error`].
type Source = Box<dyn std::error::Error + Send + Sync>;

/// An error with its place, its cause and hints.
#[derive(Debug)]
pub struct Error {
    /// What the error is about.
    pub kind: Kind,
    /// The file concerned.
    pub path: Option<PathBuf>,
    /// Where in that file.
    pub position: Option<Position>,
    /// What happened, in one sentence. It includes what the cause says, so only this is printed.
    pub message: String,
    /// What to do next, one line for each hint.
    pub hints: Vec<String>,
    /// The error of a lower layer that caused this one.
    pub source: Option<Source>,
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
            source: None,
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
    pub fn io(what: &str, path: &Path, source: io::Error) -> Self {
        let full = source.kind() == io::ErrorKind::StorageFull;
        Self::system(what, source, full).in_file(path)
    }

    /// An error of the frame engine while doing `what`.
    pub fn frame(what: &str, source: PolarsError) -> Self {
        // The engine passes on the operating system's errors as text, with their number at the end.
        let text = source.to_string();
        let code = text.rsplit_once("(os error ").and_then(|(_, code)| {
            let (code, _) = code.split_once(')')?;
            code.parse().ok()
        });
        let of_system = code.map(io::Error::from_raw_os_error);
        let full = of_system.is_some_and(|error| error.kind() == io::ErrorKind::StorageFull);
        Self::system(what, source, full)
    }

    /// An error of the system; `full` if the reason is that the disk has no space left.
    fn system(what: &str, source: impl Into<Source>, full: bool) -> Self {
        let source = source.into();
        let error = Self::new(Kind::System, format!("cannot {what}: {source}")).with_source(source);
        match full {
            true => error.hint("free some space or name another folder with --out, then run again"),
            false => error,
        }
    }

    /// The user asked to stop.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "stopped at your request").hint(
            "nothing half-written was kept; run the same command again to go on where it stopped",
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

    /// Adds a hint that names the candidate closest in spelling to `given`, if one is close enough.
    #[must_use]
    pub fn did_you_mean<'a>(
        self,
        given: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match closest(given, candidates) {
            Some(meant) => self.hint(format!("did you mean `{meant}`?")),
            None => self,
        }
    }

    /// Keeps the error that caused this one. The message must already say what it says.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// The candidate closest in spelling to `given`, if any is close enough to have been meant.
///
/// Up to a third of the letters, rounded up, may differ.
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
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let told = Error::io("write", Path::new("a"), full);
        assert_eq!(told.hints.len(), 1);
        let engine =
            |text: &str| Error::frame("write", PolarsError::ComputeError(text.to_string().into()));
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
    fn the_source_is_reachable_and_printed_once() {
        use std::error::Error as _;
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let error = Error::io("read the log", Path::new("a.log"), denied());
        let source = error.source().expect("a source");
        let source = source.downcast_ref::<io::Error>().expect("an io error");
        assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
        let printed = error.to_string();
        assert_eq!(printed, format!("a.log: cannot read the log: {}", denied()));

        let broken = PolarsError::ComputeError("a broken page".into());
        let error = Error::frame("read a column", broken);
        let source = error.source().expect("a source");
        assert!(source.downcast_ref::<PolarsError>().is_some());
        assert_eq!(error.to_string().matches("a broken page").count(), 1);
        assert!(Error::user("no such folder").source().is_none());
    }

    #[test]
    fn closest_suggests_a_near_miss_and_nothing_far() {
        assert_eq!(closest("pahts", ["paths", "format"]), Some("paths"));
        assert_eq!(closest("zzz", ["paths", "format"]), None);
    }
}
