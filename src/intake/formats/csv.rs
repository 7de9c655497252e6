//! Comma-separated values with a header, mapped by the case file.
//!
//! <https://www.rfc-editor.org/rfc/rfc4180>. A quoted field may hold line ends: places count records,
//! of which the header is the first, and it counts as a blank.

use super::columns::{Columns, Dialect};
use super::{ANY, Framing, LineParser, LogFormat, Takes, Wanted, never};
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "csv",
    title: "comma-separated values with a header",
    documentation: "https://www.rfc-editor.org/rfc/rfc4180",
    kinds: ANY,
    framing: Framing::Records { delimiter: b',' },
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
        Dialect::Delimited(b','),
        &wanted.fields,
    )))
}
