//! Hints for names in a case that stand for nothing: the name or the file that was probably meant.

use std::path::Path;

use jiff::tz::TimeZone;
use toml::Spanned;

use crate::error::{Error, Position, Result, closest};

/// Adds the known name closest to `given` as a hint, or all known names if none is close.
pub(crate) fn suggest<'a>(
    error: Error,
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Error {
    let known: Vec<&str> = known.into_iter().collect();
    match closest(given, known.iter().copied()) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None => error.hint(format!("known here: {}", known.join(", "))),
    }
}

/// Adds a hint for a missing file: a file of a similar name beside it, or where it was looked for.
pub(crate) fn suggest_file(error: Error, missing: &Path) -> Error {
    let (Some(folder), Some(name)) = (missing.parent(), missing.file_name()) else {
        return error;
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return error.hint(format!(
            "the folder {} does not exist either",
            folder.display()
        ));
    };
    let mut there: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    // Of two names that are equally close the first is suggested, whatever order the disk lists them in.
    there.sort();
    let name = name.to_string_lossy();
    match closest(&name, there.iter().map(String::as_str)) {
        Some(meant) => error.hint(format!("did you mean `{meant}`, in {}?", folder.display())),
        None => error.hint(format!(
            "paths are relative to the case folder; looked in {}",
            folder.display()
        )),
    }
}

/// The time zone of an IANA name. `mistake` makes the error for a name that is none, from its message.
pub(crate) fn zone_of(name: &str, mistake: impl FnOnce(String) -> Error) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|source| {
        let error = mistake(format!("`{name}` is no time zone")).with_source(source);
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|zone| zone.to_string())
            .collect();
        match closest(name, known.iter().map(String::as_str)) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint("use an IANA name such as UTC, Asia/Seoul or Europe/Berlin"),
        }
    })
}

/// The time zone that the case file at `path` names; `text` is the file's text.
pub(crate) fn named_zone(name: &Spanned<String>, path: &Path, text: &str) -> Result<TimeZone> {
    zone_of(name.get_ref(), |message| {
        Error::case(path, message).at(Position::of(text, name.span().start))
    })
}
