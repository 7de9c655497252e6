//! Tab-separated values with a header, mapped by the case file; quoted as in CSV where a value needs it, or not
//! at all.

use super::csv::{delimited, parser};
use super::{LogFormat, Quotes, Shape};

const MEDIA_TYPE: &str = "https://www.iana.org/assignments/media-types/text/tab-separated-values";

pub(super) static FORMAT: LogFormat = delimited(
    ("tsv", "tab-separated values with a header"),
    MEDIA_TYPE,
    TABS,
    |_, wanted| parser(TABS, wanted),
);

pub(super) static UNQUOTED: LogFormat = delimited(
    (
        "tsv_unquoted",
        "the same where nothing is quoted, and a quote is a character",
    ),
    MEDIA_TYPE,
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
