//! A file of SQL with which DuckDB has the frames and views of a run under the same names.

use std::fmt::Write as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::frames::{self, Column, part_files};

/// Writes such a file for the results in `results`; there must be no file of that name yet.
pub fn write(results: &Path, file: &Path) -> Result<()> {
    super::new_file(file)?;
    crate::results::write_private(file, &text(results)?)
}

/// The text of such a file.
///
/// It names the folder by its full path, so it runs from anywhere: `duckdb -init FILE`.
fn text(results: &Path) -> Result<String> {
    let results = crate::results::open(results)?;
    let full = results
        .canonicalize()
        .map_err(|e| Error::io("find the folder", &results, e))?;
    let dir = full.join("frames");
    let mut text = String::from(
        "-- The frames of a run of breachscope as views of DuckDB. Times are UTC.\n\
         -- Open them with: duckdb -init FILE\n\
         SET TimeZone = 'UTC';\n",
    );
    let mut there = Vec::new();
    for frame in frames::ALL {
        if part_files(&dir, frame)?.is_empty() {
            continue;
        }
        there.push(frame.name);
        let parts = dir.join(frame.name).join("*.parquet");
        let parts = parts.to_string_lossy().replace('\'', "''");
        // As in `query`, whole numbers are signed: DuckDB refuses a difference below zero of others.
        let column = |column: &Column| match column.kind.sql() {
            "BIGINT" => format!("CAST(\"{0}\" AS BIGINT) AS \"{0}\"", column.name),
            _ => format!("\"{}\"", column.name),
        };
        let columns = frame.columns.iter().map(column);
        let columns: Vec<String> = columns.collect();
        let _ = writeln!(
            text,
            "CREATE OR REPLACE VIEW \"{}\" AS SELECT {} FROM read_parquet('{parts}');",
            frame.name,
            columns.join(", ")
        );
    }
    for view in frames::VIEWS {
        if view.of.iter().all(|name| there.contains(name)) {
            let _ = writeln!(
                text,
                "CREATE OR REPLACE VIEW {} AS {};",
                view.name, view.sql
            );
            there.push(view.name);
        }
    }
    Ok(text)
}
