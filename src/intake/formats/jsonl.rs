//! JSON lines of any shape, mapped by the case file with dotted paths; also one array of objects.
//!
//! <https://www.rfc-editor.org/rfc/rfc8259>

use super::json::Json;
use super::{ANY, Framing, LineParser, LogFormat, Takes, Wanted, never};
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "jsonl",
    title: "JSON lines, mapped by the case file",
    documentation: "https://www.rfc-editor.org/rfc/rfc8259",
    kinds: ANY,
    framing: Framing::Objects,
    fields: &[],
    constants: &[],
    time: None,
    log_format: Takes::No,
    needs: &[],
    mark: never,
    parser,
};

fn parser(_frame: &'static Frame, wanted: &Wanted) -> Result<Box<dyn LineParser>, String> {
    Ok(Box::new(Json::new(wanted, None)))
}
