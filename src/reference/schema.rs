//! `breachscope schema`: the frames that SQL sees, from their own definitions.

use serde_json::{Value, json};

use super::page::{Entry, Page, Part};
use super::unknown;
use crate::error::Result;
use crate::frames::{self, Column, Frame};

/// The page on the frame `name`, or on all frames.
///
/// `full` says whether the columns of all frames are told with their meanings, or by name only.
pub fn schema(name: Option<&str>, full: bool) -> Result<Page> {
    let Some(name) = name else {
        return Ok(all(full));
    };
    let frame = frames::ALL.iter().find(|frame| frame.name == name);
    let Some(frame) = frame else {
        let known: Vec<&str> = frames::ALL.iter().map(|frame| frame.name).collect();
        return Err(unknown(name, "frame", &known));
    };
    let mut parts = vec![Part::Title(format!("Frame `{name}`"))];
    parts.push(Part::Paragraph(format!("One row: {}", frame.what)));
    parts.push(Part::Entries(columns(frame)));
    Ok(Page {
        parts,
        data: data(frame),
    })
}

fn all(full: bool) -> Page {
    let mut parts = vec![
        Part::Title("Frames: tables of a run, for `breachscope query` and any reader of Parquet".into()),
        Part::Paragraph(
            "Each is a folder of Parquet files below RESULTS/frames: read all files of the folder, not one. \
             A time is a timestamp in UTC in SQL, and microseconds since 1970-01-01 in Parquet. `breachscope schema \
             FRAME` says what each column holds."
                .into(),
        ),
    ];
    for frame in frames::ALL {
        parts.push(Part::Heading(frame.name.to_string()));
        parts.push(Part::Paragraph(format!("One row: {}", frame.what)));
        if full {
            parts.push(Part::Entries(columns(frame)));
        } else {
            let names: Vec<&str> = frame.columns.iter().map(|column| column.name).collect();
            parts.push(Part::Paragraph(format!("Columns: {}.", names.join(", "))));
        }
    }
    let data = frames::ALL.iter().copied().map(data).collect();
    Page {
        parts,
        data: Value::Array(data),
    }
}

fn columns(frame: &Frame) -> Vec<Entry> {
    let entry = |column: &Column| Entry {
        name: column.name.to_string(),
        remark: remark(column),
        what: column.what.to_string(),
    };
    frame.columns.iter().map(entry).collect()
}

/// The type of a column, its unit, and whether it can be empty.
pub(super) fn remark(column: &Column) -> String {
    let mut remark = column.kind.sql().to_string();
    if let Some(unit) = column.unit {
        remark.push_str(&format!(" ({unit})"));
    }
    remark.push_str(if column.required {
        ", required"
    } else {
        ", may be null"
    });
    remark
}

fn data(frame: &Frame) -> Value {
    let columns = frame.columns.iter().map(|column| {
        json!({
            "name": column.name,
            "type": column.kind.sql(),
            "unit": column.unit(),
            "required": column.required,
            "meaning": column.what,
        })
    });
    json!({
        "name": frame.name,
        "row": frame.what,
        "columns": columns.collect::<Vec<_>>(),
    })
}
