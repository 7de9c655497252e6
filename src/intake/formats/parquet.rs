//! Parquet of any flat schema, mapped by the case file.
//!
//! <https://parquet.apache.org/docs/file-format/>. Each row becomes a JSON object of its columns, in
//! which times are RFC 3339 (without an offset where the column has no zone); what is kept of a reject
//! is that object.

use super::json::Json;
use super::{ANY, Framing, LineParser, LogFormat, Takes, Wanted, never};
use crate::frames::Frame;

pub(super) static FORMAT: LogFormat = LogFormat {
    name: "parquet",
    title: "Parquet, mapped by the case file",
    documentation: "https://parquet.apache.org/docs/file-format/",
    kinds: ANY,
    framing: Framing::Parquet,
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
