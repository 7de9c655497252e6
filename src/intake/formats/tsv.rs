//! Tab-separated values with a header; the case file maps columns to names.
//!
//! Values are quoted as in CSV if they need it (`tsv`), or never (`tsv_unquoted`).
//!
//! Rejects: those of [`super::columns`].

use super::csv::{delimited, parser};
use super::{LogFormat, Quotes, Shape};

const MEDIA_TYPE: &str = "https://www.iana.org/assignments/media-types/text/tab-separated-values";

pub(super) static FORMAT: LogFormat = delimited(
    ("tsv", "tab-separated values with a header"),
    MEDIA_TYPE,
    super::About {
        products: "Any table of tab-separated values with a header, quoted as in CSV where a value needs it.",
        detected_by: "It has no mark of its own: `detect` proposes it where the first line has two tabs or more, and maps columns by their names.",
        note: "Everything else is as for `csv`.",
        variables: &[],
        example: "When\tClient IP\tVerb\tURL\tCode\tReq\n2025-04-14T00:30:00+09:00\t203.0.113.5\tGET\t/cart\t200\t7b6d4d39",
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "When"
source_ip = "Client IP"
method = "Verb"
path = "URL"
status = "Code"
request_id = "Req""#,
    },
    TABS,
    |_, wanted| parser(TABS, wanted),
);

pub(super) static UNQUOTED: LogFormat = delimited(
    (
        "tsv_unquoted",
        "the same where nothing is quoted, and a quote is a character",
    ),
    MEDIA_TYPE,
    super::About {
        products: "Any table of tab-separated values with a header in which nothing is quoted and a quote is a character.",
        detected_by: "It has no mark of its own: `detect` proposes it instead of `tsv` where it reads more records.",
        note: "Each line is a record.",
        variables: &[],
        example: "When\tClient IP\tVerb\tURL\tCode\tReq\n2025-04-14T00:30:00+09:00\t203.0.113.5\tGET\t/b?q=\"x\"\t200\t5a0e03",
        settings: r#"time = "rfc3339"
[source.fields]
event_time = "When"
source_ip = "Client IP"
method = "Verb"
path = "URL"
status = "Code"
request_id = "Req""#,
    },
    BARE_TABS,
    |_, wanted| parser(BARE_TABS, wanted),
);

const TABS: Shape = Shape {
    delimiter: b'\t',
    quotes: Quotes::Doubled,
};
const BARE_TABS: Shape = Shape {
    quotes: Quotes::None,
    ..TABS
};
