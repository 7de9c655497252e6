//! Rows of a frame as text, found by the value of one column.

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::AnyValue;

use crate::error::{Error, Result};
use crate::frames::{Frame, part_files, pieces, text};
use crate::moment::utc;

/// The values of one row by column, as text; a null has no entry.
pub(super) type FrameRow = BTreeMap<&'static str, String>;

/// Finds the rows of `frame` whose text in column `by` is `wanted` and that `keep` accepts.
///
/// Reads the one column first and the others only where it has a hit, for a frame may have millions of
/// rows.
pub(super) fn rows(
    frames_dir: &Path,
    frame: &Frame,
    by: &str,
    wanted: impl Fn(&str) -> bool,
    keep: impl Fn(&FrameRow) -> bool,
) -> Result<Vec<FrameRow>> {
    let names: Vec<&'static str> = frame.columns.iter().map(|column| column.name).collect();
    let mut found = Vec::new();
    for piece in pieces(&part_files(frames_dir, frame)?)? {
        let batch = piece.read(&[by])?;
        let column = text(&batch, by)?.iter().enumerate();
        let hits: Vec<usize> = column
            .filter_map(|(index, value)| value.is_some_and(&wanted).then_some(index))
            .collect();
        if hits.is_empty() {
            continue;
        }
        let whole = piece.read(&names)?;
        for hit in hits {
            let mut row = FrameRow::new();
            for name in &names {
                let value = whole.column(name).and_then(|column| column.get(hit));
                let value = value.map_err(|e| Error::frame("read a column", e))?;
                row.extend(shown(&value).map(|text| (*name, text)));
            }
            if keep(&row) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

/// A value as text: a time in UTC, a null as nothing.
fn shown(value: &AnyValue<'_>) -> Option<String> {
    match value {
        AnyValue::Null => None,
        AnyValue::Datetime(micros, ..) => Some(utc(*micros)),
        AnyValue::DatetimeOwned(micros, ..) => Some(utc(*micros)),
        AnyValue::String(text) => Some((*text).to_string()),
        AnyValue::StringOwned(text) => Some(text.to_string()),
        other => Some(other.to_string()),
    }
}

/// Where an event row stands in the evidence: the number of the file, and the line in it.
pub(super) fn place(row: &FrameRow) -> (u64, u64) {
    let number = |name| {
        row.get(name)
            .and_then(|text: &String| text.parse().ok())
            .unwrap_or(0)
    };
    (number("evidence_id"), number("line_no"))
}
