//! Comma-separated values with a header, and their kin, mapped by the case file.
//!
//! <https://www.rfc-editor.org/rfc/rfc4180>. A quoted field may hold line ends: places count records,
//! of which the header is the first, and it counts as a blank.

use super::columns::{Columns, Dialect};
use super::{ANY, Framing, LineParser, LogFormat, Quotes, Shape, Takes, Wanted, never};

const RFC_4180: &str = "https://www.rfc-editor.org/rfc/rfc4180";

pub(super) static FORMAT: LogFormat = LogFormat {
    parser: |_, wanted| parser(COMMAS, wanted),
    ..delimited(
        "csv",
        "comma-separated values with a header",
        RFC_4180,
        COMMAS,
    )
};

pub(super) static SEMICOLON: LogFormat = LogFormat {
    parser: |_, wanted| parser(SEMICOLONS, wanted),
    ..delimited(
        "csv_semicolon",
        "the same with semicolons, as where a comma stands in numbers",
        RFC_4180,
        SEMICOLONS,
    )
};

pub(super) static BACKSLASH: LogFormat = LogFormat {
    parser: |_, wanted| parser(BACKSLASHES, wanted),
    ..delimited(
        "csv_backslash",
        "the same where a backslash goes before quotes in quotes, as of Spark and MySQL",
        "https://spark.apache.org/docs/latest/sql-data-sources-csv.html",
        BACKSLASHES,
    )
};

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

/// A format of records of this shape.
pub(super) const fn delimited(
    name: &'static str,
    title: &'static str,
    documentation: &'static str,
    shape: Shape,
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
        parser: |_, wanted| parser(COMMAS, wanted),
    }
}

/// A parser of such records.
pub(super) fn parser(shape: Shape, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    let dialect = Dialect::Delimited(shape);
    Ok(Box::new(Columns::new(dialect, &wanted.fields)))
}
