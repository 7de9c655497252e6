//! Writes the rows of a query as a table, CSV, TSV, JSON, JSON lines, Markdown or Parquet.

mod delimited;
mod json;
mod markdown;
mod parquet;
mod table;
mod values;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Rows;
use crate::error::{Error, Result};

pub(super) use parquet::write as parquet_rows;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table.
    Table,
    /// One column a line, for rows that are wider than the terminal.
    Vertical,
    /// CSV (RFC 4180).
    Csv,
    /// Values between tabs.
    Tsv,
    /// A JSON array of objects.
    Json,
    /// A JSON object a line.
    JsonLines,
    /// A Markdown table.
    Markdown,
    /// Parquet; only into a file.
    Parquet,
}

impl Format {
    /// The format that the name of a file asks for.
    pub fn of_file(path: &Path) -> Result<Self> {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        Ok(match ending.to_lowercase().as_str() {
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "json" => Format::Json,
            "jsonl" | "ndjson" => Format::JsonLines,
            "md" => Format::Markdown,
            "parquet" => Format::Parquet,
            "txt" => Format::Table,
            _ => {
                return Err(Error::user("the name of the file does not say how rows are written")
                    .in_file(path)
                    .hint("end it with .csv, .tsv, .json, .jsonl, .md, .parquet or .txt, or add --format"));
            }
        })
    }
}

/// How tables are laid out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layout {
    /// The columns of the terminal; none where lines may be of any length.
    pub width: Option<usize>,
    /// The most rows that are shown; none for all.
    pub most: Option<usize>,
}

/// How many rows were written, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that were written.
    pub written: u64,
    /// Rows of the result.
    pub total: u64,
    /// Columns that did not fit and were left out.
    pub hidden: usize,
}

impl Outcome {
    fn all(written: u64) -> Self {
        Outcome {
            written,
            total: written,
            hidden: 0,
        }
    }
}

impl Rows<'_> {
    /// Writes the rows to `out`.
    pub fn write(
        &mut self,
        format: Format,
        layout: Layout,
        out: &mut dyn Write,
    ) -> Result<Outcome> {
        let written = match format {
            Format::Table => return table::write(self, layout, out),
            Format::Vertical => return table::write_vertical(self, layout, out),
            Format::Csv => delimited::write(self, b',', out)?,
            Format::Tsv => delimited::write(self, b'\t', out)?,
            Format::Json => json::write(self, out)?,
            Format::JsonLines => json::write_lines(self, out)?,
            Format::Markdown => markdown::write(self, out)?,
            Format::Parquet => {
                return Err(Error::user("Parquet goes into a file only")
                    .hint("name one with --output rows.parquet"));
            }
        };
        Ok(Outcome::all(written))
    }

    /// Writes all rows into a new file, which appears only when it is whole.
    ///
    /// Only its owner may read it. Fails if there is a file of that name.
    pub fn write_file(&mut self, format: Format, path: &Path) -> Result<Outcome> {
        new_file(path)?;
        let partial = path.with_extension("partial");
        let written = self.fill(format, &partial);
        if written.is_err() {
            let _ = std::fs::remove_file(&partial);
        }
        let outcome = written?;
        std::fs::rename(&partial, path).map_err(|e| Error::io("write the file", path, e))?;
        Ok(outcome)
    }

    fn fill(&mut self, format: Format, path: &Path) -> Result<Outcome> {
        if format == Format::Parquet {
            return parquet::write(self, path).map(Outcome::all);
        }
        let mut out = BufWriter::new(private(path)?);
        let outcome = self.write(format, Layout::default(), &mut out)?;
        out.flush()
            .map_err(|e| Error::io("write the file", path, e))?;
        Ok(outcome)
    }
}

/// Fails if there is a file of this name.
pub fn new_file(path: &Path) -> Result<()> {
    match path.exists() {
        true => Err(Error::user("the file exists")
            .in_file(path)
            .hint("name another, or remove this one first")),
        false => Ok(()),
    }
}

/// A new file that only its owner may read.
fn private(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|e| Error::io("write the file", path, e))
}

/// An error of writing; a closed pipe ends the writing without a word.
fn failed(error: io::Error) -> Error {
    Error::user(format!("cannot write the result: {error}")).with_source(error)
}
