//! Tab-separated values with a header, mapped by the case file; quoted as in CSV where a value needs it.

use super::columns::{Columns, Dialect};
use super::{ANY, Framing, LineParser, LogFormat, Takes, Wanted, never};
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "tsv",
    title: "tab-separated values with a header",
    documentation: "https://www.iana.org/assignments/media-types/text/tab-separated-values",
    kinds: ANY,
    framing: Framing::Records { delimiter: b'\t' },
    fields: &[],
    constants: &[],
    time: None,
    log_format: Takes::No,
    needs: &[],
    mark: never,
    parser,
};

fn parser(_frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Columns::new(
        Dialect::Delimited(b'\t'),
        &wanted.fields,
    )))
}
