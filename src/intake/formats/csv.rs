//! Comma-separated values with a header, and their kin, mapped by the case file.
//!
//! <https://www.rfc-editor.org/rfc/rfc4180>. A quoted field may hold line ends: places count records,
//! of which the header is the first, and it counts as a blank.

use super::columns::{Columns, Dialect};
use super::{ANY, Framing, LineParser, LogFormat, MakeParser, Quotes, Shape, Takes, Wanted, never};

const RFC_4180: &str = "https://www.rfc-editor.org/rfc/rfc4180";

pub(super) static FORMAT: LogFormat = delimited(
    ("csv", "comma-separated values with a header"),
    RFC_4180,
    COMMAS,
    |_, wanted| parser(COMMAS, wanted),
);

pub(super) static SEMICOLON: LogFormat = delimited(
    (
        "csv_semicolon",
        "the same with semicolons, as where a comma stands in numbers",
    ),
    RFC_4180,
    SEMICOLONS,
    |_, wanted| parser(SEMICOLONS, wanted),
);

pub(super) static BACKSLASH: LogFormat = delimited(
    (
        "csv_backslash",
        "the same where a backslash goes before quotes in quotes, as of Spark and MySQL",
    ),
    "https://spark.apache.org/docs/latest/sql-data-sources-csv.html",
    BACKSLASHES,
    |_, wanted| parser(BACKSLASHES, wanted),
);

const COMMAS: Shape = Shape {
    delimiter: b',',
    quotes: Quotes::Doubled,
};
const SEMICOLONS: Shape = Shape {
    delimiter: b';',
    ..COMMAS
};
const BACKSLASHES: Shape = Shape {
    quotes: Quotes::Backslash,
    ..COMMAS
};

/// A format of this name and title, of records of this shape.
pub(super) const fn delimited(
    (name, title): (&'static str, &'static str),
    documentation: &'static str,
    shape: Shape,
    parser: MakeParser,
) -> LogFormat {
    LogFormat {
        name,
        title,
        documentation,
        kinds: ANY,
        framing: Framing::Records(shape),
        fields: &[],
        constants: &[],
        time: None,
        log_format: Takes::No,
        needs: &[],
        mark: never,
        parser,
    }
}

/// A parser of such records.
pub(super) fn parser(shape: Shape, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let dialect = Dialect::Delimited(shape);
    Ok(Box::new(Columns::new(dialect, &wanted.fields)))
}
