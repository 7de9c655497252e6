//! Comma-separated values with a header, and their kin; the case file maps columns to names.
//!
//! <https://www.rfc-editor.org/rfc/rfc4180>. A quoted value may hold line ends, so line numbers count records.
//! The header is the first record, and counts as a blank.
//!
//! Rejects: those of [`super::columns`].

use super::columns::{self, Dialect};
use super::{ANY, Framing, LineParser, LogFormat, MakeParser, Quotes, Shape, Takes, Wanted, never};

const RFC_4180: &str = "https://www.rfc-editor.org/rfc/rfc4180";

pub(super) static FORMAT: LogFormat = delimited(
    ("csv", "comma-separated values with a header"),
    RFC_4180,
    super::About {
        products: "Any table of comma-separated values with a header (RFC 4180).",
        detected_by: "It has no mark of its own: `detect` proposes it where the first line has two commas or more, and maps columns by their names.",
        note: "A quoted value may hold line ends; places count records, of which the header is the first. A record whose quotes are wrong is a reject for its first line alone, and reading begins anew behind it; so is a record of several lines and over 1 MiB. A record with at least half of the header's names, and no number or time, is the header of what follows.",
        variables: &[],
        example: "When,Client IP,Verb,URL,Code,Req\n2025-04-14T00:30:00+09:00,203.0.113.5,GET,\"/orders?expand=lines,customer\",200,49dc01",
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "When"
source_ip = "Client IP"
method = "Verb"
path = "URL"
status = "Code"
request_id = "Req""#,
    },
    COMMAS,
    |_, wanted| parser(COMMAS, wanted),
);

pub(super) static SEMICOLON: LogFormat = delimited(
    (
        "csv_semicolon",
        "the same with semicolons, as where a comma stands in numbers",
    ),
    RFC_4180,
    super::About {
        products: "Any table of values between semicolons, as spreadsheets write where a comma stands in numbers.",
        detected_by: "It has no mark of its own: `detect` proposes it where the first line has two semicolons or more and fewer commas.",
        note: "Everything else is as for `csv`.",
        variables: &[],
        example: "When;Client IP;Verb;URL;Code;Req\n2025-04-14T00:30:00+09:00;203.0.113.5;GET;\"/a;v=1\";200;49dc02",
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "When"
source_ip = "Client IP"
method = "Verb"
path = "URL"
status = "Code"
request_id = "Req""#,
    },
    SEMICOLONS,
    |_, wanted| parser(SEMICOLONS, wanted),
);

pub(super) static BACKSLASH: LogFormat = delimited(
    (
        "csv_backslash",
        "the same where a backslash goes before quotes in quotes, as of Spark and MySQL",
    ),
    "https://spark.apache.org/docs/latest/sql-data-sources-csv.html",
    super::About {
        products: "Any table of comma-separated values whose quotes are escaped by a backslash, as Spark and MySQL write it.",
        detected_by: "It has no mark of its own: `detect` proposes it instead of `csv` where it reads more records.",
        note: "Everything else is as for `csv`.",
        variables: &[],
        example: "When,Client IP,Verb,URL,Code,Req\n2025-04-14T00:30:00+09:00,203.0.113.5,GET,\"/a?q=\\\"x\\\",y\",200,7b1e02",
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "When"
source_ip = "Client IP"
method = "Verb"
path = "URL"
status = "Code"
request_id = "Req""#,
    },
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

/// The format of this name and title that reads records of this shape.
pub(super) const fn delimited(
    (name, title): (&'static str, &'static str),
    documentation: &'static str,
    about: super::About,
    shape: Shape,
    parser: MakeParser,
) -> LogFormat {
    LogFormat {
        name,
        title,
        documentation,
        about,
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

/// Makes a parser of records of this shape.
pub(super) fn parser(shape: Shape, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    columns::parser(Dialect::Delimited(shape), wanted)
}
