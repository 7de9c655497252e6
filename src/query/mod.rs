//! SQL over the frames of a run, read-only: runs a statement and writes its result as CSV or a table.

use std::path::Path;

use polars::prelude::*;
use polars::sql::SQLContext;

use crate::error::{Error, Result};
use crate::frames::{self, part_files};
use crate::results;

/// Runs one SQL statement on the frames of the results in `out`.
///
/// Each frame is a table. The statement may only read, and only these tables.
pub fn run(out: &Path, sql: &str) -> Result<DataFrame> {
    let frames_dir = results::open(out)?.join("frames");
    refuse_files(sql)?;
    let (mut context, known) = tables(&frames_dir)?;
    context
        .execute(sql)
        .and_then(|plan| plan.collect_with_engine(Engine::Streaming))
        .map(|result| result.unwrap_single())
        .map_err(|e| sql_error(e, &known))
}

/// A context in which each frame below `frames_dir` is a table, and the names of these frames.
fn tables(frames_dir: &Path) -> Result<(SQLContext, Vec<&'static str>)> {
    let context = SQLContext::new();
    let mut known = Vec::new();
    for frame in frames::ALL {
        let parts = part_files(frames_dir, frame)?;
        if parts.is_empty() {
            continue;
        }
        let paths = parts
            .iter()
            .map(|part| PlRefPath::new(part.to_string_lossy().as_ref()));
        // A path with `*` or `[` in it is a path, not a pattern.
        let literally = ScanArgsParquet {
            glob: false,
            ..ScanArgsParquet::default()
        };
        let scan = LazyFrame::scan_parquet_files(paths.collect(), literally)
            .map_err(|e| Error::frame("open the frame", e).in_file(&parts[0]))?;
        context.register(frame.name, scan);
        known.push(frame.name);
    }
    Ok((context, known))
}

/// What the SQL engine refused, with hints; `known` are the names of the frames.
fn sql_error(source: PolarsError, known: &[&str]) -> Error {
    let message = source.to_string();
    let mut error = Error::user(format!("cannot run this SQL: {message}"));
    // The engine says that it found a column of bytes, or fails where it reads one as text.
    if message.contains("got `binary`") || message.contains("invalid utf8") {
        error = error.hint(
            "`raw` holds bytes, which SQL here can only select; `breachscope rejects` shows them as text",
        );
    }
    let asked = message
        .split('\'')
        .nth(1)
        .or_else(|| message.split('`').nth(1))
        .unwrap_or_default();
    error
        .did_you_mean(asked, known.iter().copied())
        .hint(format!("the frames are {}", known.join(", ")))
        .with_source(source)
}

/// Fails if a statement would do anything but read the frames of this run.
///
/// It may name no file and no address, and it may change no table.
fn refuse_files(sql: &str) -> Result<()> {
    let code = code_of(sql);
    if let Some(name) = ["read_parquet", "read_csv", "read_ipc", "read_json"]
        .into_iter()
        .find(|name| code.contains(name))
    {
        return Err(Error::user(format!(
            "`{name}` is not allowed: a query reads the frames of this run only"
        )));
    }
    let first = code.split_whitespace().next().unwrap_or_default();
    if !["select", "with", "show", "explain", "values"].contains(&first) && !first.starts_with('(')
    {
        return Err(
            Error::user(format!("`{first}` is not allowed: a query only reads"))
                .hint("begin with SELECT or WITH"),
        );
    }
    Ok(())
}

/// The statement in lower case, with comments and the content of single quotes left out.
fn code_of(sql: &str) -> String {
    let mut code = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '-', '/']) {
        code.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = match rest.as_bytes() {
            [b'\'', ..] => rest[1..].find('\'').map(|end| end + 2),
            [b'-', b'-', ..] => rest.find('\n'),
            [b'/', b'*', ..] => rest.find("*/").map(|end| end + 2),
            _ => {
                code.push_str(&rest[..1]);
                Some(1)
            }
        };
        code.push(' ');
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    code.push_str(rest);
    code.to_ascii_lowercase()
}

/// A result as CSV (RFC 4180). Text that a spreadsheet would take for a formula gets a leading `'`.
pub fn csv(frame: &DataFrame) -> Result<String> {
    let failed = |e: PolarsError| Error::frame("read the result", e);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names: Vec<&str> = frame
        .get_column_names()
        .into_iter()
        .map(|name| name.as_str())
        .collect();
    writer.write_record(&names).expect("writing to memory");
    for row in 0..frame.height() {
        let mut record = Vec::with_capacity(frame.width());
        for column in frame.columns() {
            record.push(cell(&column.get(row).map_err(failed)?));
        }
        writer.write_record(&record).expect("writing to memory");
    }
    let bytes = writer.into_inner().expect("writing to memory");
    Ok(String::from_utf8(bytes).expect("text was written"))
}

/// A value as a field of CSV.
fn cell(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => guard(text),
        AnyValue::StringOwned(text) => guard(text),
        AnyValue::Binary(bytes) => guard(&escape_bytes(bytes)),
        AnyValue::BinaryOwned(bytes) => guard(&escape_bytes(bytes)),
        other => other.to_string(),
    }
}

/// Text that no spreadsheet takes for a formula.
fn guard(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_string()
    }
}

/// Bytes as text; each byte that is no printable ASCII is written as `\xNN`.
fn escape_bytes(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// A result as a table of text, with control characters made visible.
pub fn table(frame: &DataFrame) -> Result<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(
        frame
            .get_column_names()
            .into_iter()
            .map(|name| crate::escape::plain(name)),
    );
    for row in 0..frame.height() {
        let mut cells = Vec::with_capacity(frame.width());
        for column in frame.columns() {
            let value = column
                .get(row)
                .map_err(|e| Error::frame("read the result", e))?;
            let number = value.dtype().is_primitive_numeric();
            let text = match &value {
                AnyValue::String(text) => text.to_string(),
                AnyValue::Binary(bytes) => escape_bytes(bytes),
                AnyValue::Null => "-".to_string(),
                other => cell(other),
            };
            let align = if number {
                comfy_table::CellAlignment::Right
            } else {
                comfy_table::CellAlignment::Left
            };
            cells.push(comfy_table::Cell::new(crate::escape::plain(&text)).set_alignment(align));
        }
        table.add_row(cells);
    }
    Ok(table
        .lines()
        .map(|line| line.trim_end().to_string() + "\n")
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_only_reads_the_frames() {
        for sql in [
            "SELECT 1",
            "-- note\nWITH a AS (SELECT 1) SELECT * FROM a",
            "SELECT 'read_csv' AS word",
        ] {
            assert!(refuse_files(sql).is_ok(), "{sql}");
        }
        for sql in [
            "DROP TABLE requests",
            "CREATE TABLE a AS SELECT 1",
            "SELECT * FROM READ_CSV('/etc/passwd')",
        ] {
            assert!(refuse_files(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn formulas_are_text_in_csv() {
        let frame = df!("a" => ["=1+1", "ok"], "n" => [-1i64, 2]).expect("a frame");
        assert_eq!(csv(&frame).expect("written"), "a,n\n'=1+1,-1\nok,2\n");
    }
}
