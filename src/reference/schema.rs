//! `breachscope schema`: the frames that SQL sees, from their own definitions.

use serde_json::{Value, json};

use super::page::{Entry, Page, Part};
use super::unknown;
use crate::error::Result;
use crate::frames::{self, Column, Frame, View};

/// The page on the frame `name`, or on all frames.
///
/// `full` says whether the columns of all frames are told with their meanings, or by name only.
pub fn schema(name: Option<&str>, full: bool) -> Result<Page> {
    let Some(name) = name else {
        return Ok(all(full));
    };
    let found = tables().find(|table| table.name == name);
    let Some(table) = found else {
        let known: Vec<&str> = tables().map(|table| table.name).collect();
        return Err(unknown(name, "frame", &known));
    };
    let mut parts = vec![Part::Title(format!("{} `{name}`", table.title()))];
    parts.push(Part::Paragraph(format!("One row: {}", table.what)));
    if let Some(view) = table.view {
        parts.push(Part::Paragraph(format!(
            "A view over {}; `query` has it, the folder of frames does not.",
            view.of.join(", ")
        )));
    }
    parts.push(Part::Entries(columns(table.columns)));
    Ok(Page {
        parts,
        data: data(&table),
    })
}

/// A frame or a view, as both are tables of SQL.
struct Table {
    name: &'static str,
    what: &'static str,
    columns: &'static [Column],
    view: Option<&'static View>,
}

impl Table {
    fn title(&self) -> &'static str {
        match self.view {
            Some(_) => "View",
            None => "Frame",
        }
    }
}

/// All frames, then all views.
fn tables() -> impl Iterator<Item = Table> {
    let frame = |frame: &&'static Frame| Table {
        name: frame.name,
        what: frame.what,
        columns: frame.columns,
        view: None,
    };
    let view = |view: &'static View| Table {
        name: view.name,
        what: view.what,
        columns: view.columns,
        view: Some(view),
    };
    frames::ALL
        .iter()
        .map(frame)
        .chain(frames::VIEWS.iter().map(view))
}

fn all(full: bool) -> Page {
    let mut parts = vec![
        Part::Title("Frames: tables of a run, for `breachscope query` and any reader of Parquet".into()),
        Part::Paragraph(
            "Each is a folder of Parquet files below RESULTS/frames: read all files of the folder, not one. \
             A time is a timestamp in UTC in SQL, and microseconds since 1970-01-01 in Parquet. Views are tables \
             of `query` only; `breachscope query RESULTS --duckdb FILE` gives them to DuckDB, too. `breachscope schema \
             FRAME` says what each column holds."
                .into(),
        ),
    ];
    for table in tables() {
        parts.push(Part::Heading(match table.view {
            Some(_) => format!("{} (view)", table.name),
            None => table.name.to_string(),
        }));
        parts.push(Part::Paragraph(format!("One row: {}", table.what)));
        if full {
            parts.push(Part::Entries(columns(table.columns)));
        } else {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            parts.push(Part::Paragraph(format!("Columns: {}.", names.join(", "))));
        }
    }
    let data = tables().map(|table| data(&table)).collect();
    Page {
        parts,
        data: Value::Array(data),
    }
}

fn columns(columns: &[Column]) -> Vec<Entry> {
    let entry = |column: &Column| Entry {
        name: column.name.to_string(),
        remark: remark(column),
        what: column.what.to_string(),
    };
    columns.iter().map(entry).collect()
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

fn data(table: &Table) -> Value {
    let columns = table.columns.iter().map(|column| {
        json!({
            "name": column.name,
            "type": column.kind.sql(),
            "unit": column.unit(),
            "required": column.required,
            "meaning": column.what,
        })
    });
    json!({
        "name": table.name,
        "kind": table.title().to_lowercase(),
        "row": table.what,
        "columns": columns.collect::<Vec<_>>(),
    })
}
