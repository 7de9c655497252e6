//! Reads TOML files with a place for each mistake, and a suggestion where one is near.

use std::path::Path;

use super::suggest::suggest;
use crate::error::{Error, Position, Result};

/// The text of the case file at `path`, which must be UTF-8.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read the case file", path, e))?;
    String::from_utf8(bytes).map_err(|source| {
        let valid = source.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(source.as_bytes());
        Error::case(path, "the case file is no UTF-8 text")
            .at(Position::of(&text, valid))
            .hint("save it as UTF-8")
            .with_source(source)
    })
}

/// Parses `text`, the content of the TOML file at `path`.
///
/// An error has its line and column. Where a name is misspelt it suggests the one that was meant, and
/// where quotes or a whole setting are missing it says what to write.
pub(super) fn read_toml<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|source| {
        let message = source.message().trim().to_string();
        // The parser quotes names: first the one that it found, then those that it expected.
        let mut quoted = message.split('`').skip(1).step_by(2);
        let given = quoted.next().map(str::to_string);
        let expected: Vec<String> = quoted.map(str::to_string).collect();
        let mut error = Error::case(path, message.clone());
        if let Some(span) = source.span() {
            error = error.at(Position::of(text, span.start));
        }
        let error = match given {
            Some(given) if message.starts_with("unknown") => {
                suggest(error, &given, expected.iter().map(String::as_str))
            }
            Some(given)
                if message.starts_with("invalid type: ") && message.ends_with("a string") =>
            {
                error.hint(format!("write it between quotes: \"{given}\""))
            }
            Some(_) if message.starts_with("missing field") => error
                .hint("`breachscope init EVIDENCE_DIR` writes a case file with all that is needed"),
            _ => error,
        };
        error.with_source(source)
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::case::Policy;

    #[test]
    fn the_parsers_error_is_kept_and_printed_once() {
        let text = "run_pause_hours = 24\nrun_pause_days = 1\n";
        let error = read_toml::<Policy>(Path::new("a.toml"), text).expect_err("a typo");
        let printed = error.to_string();
        assert!(
            printed.starts_with("a.toml:2:1: unknown field"),
            "{printed}"
        );
        assert!(printed.contains("hint: did you mean `"), "{printed}");
        let source = error.source().expect("a source");
        let source = source.downcast_ref::<toml::de::Error>().expect("of TOML");
        assert_eq!(printed.matches(source.message().trim()).count(), 1);
    }
}
