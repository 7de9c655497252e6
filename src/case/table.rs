//! Reads CSV tables by column name, with a line number for each mistake.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use jiff::Timestamp;

use super::suggest::suggest;
use crate::error::{Error, Position, Result};

/// A CSV file whose columns are found by their names.
///
/// Columns are numbered from 0 in the order in which they were asked for, wherever they stand in the
/// file.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<File>,
    /// The names of the columns that were asked for.
    columns: Vec<&'static str>,
    /// The place of each of them in the file.
    indices: Vec<usize>,
    /// The row that was read last.
    record: StringRecord,
}

/// The row of a [`Table`] that was read last.
pub(super) struct Row<'a> {
    table: &'a Table,
}

impl Table {
    /// Opens the table at `path`, which must have all of `columns`.
    pub(super) fn open<const N: usize>(path: &Path, columns: &[&'static str; N]) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path).map_err(|e| csv_error(path, e))?;
        let headers = reader.headers().map_err(|e| csv_error(path, e))?.clone();
        let mut indices = Vec::new();
        for name in columns {
            let found = headers
                .iter()
                .position(|header| header.trim_start_matches('\u{feff}') == *name);
            let Some(index) = found else {
                let there: Vec<&str> = headers.iter().collect();
                let error = Error::case(path, format!("there is no column `{name}`"))
                    .at(Position { line: 1, column: 1 });
                return Err(suggest(error, name, there.iter().copied())
                    .hint(format!("the columns are {}", columns.join(","))));
            };
            indices.push(index);
        }
        Ok(Table {
            path: path.to_path_buf(),
            reader,
            columns: columns.to_vec(),
            indices,
            record: StringRecord::new(),
        })
    }

    /// Fails if a column is there twice, or is one letter away from a name in `optional`.
    ///
    /// Otherwise the misspelt column would be skipped without a word.
    pub(super) fn refuse_misspelt(&mut self, optional: &[&'static str]) -> Result<()> {
        let headers = self
            .reader
            .headers()
            .map_err(|e| csv_error(&self.path, e))?;
        let headers: Vec<&str> = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'))
            .collect();
        let place = Position { line: 1, column: 1 };
        for (index, name) in headers.iter().enumerate() {
            if headers[..index].contains(name) {
                let message = format!("the column `{name}` is there twice");
                return Err(Error::case(&self.path, message).at(place));
            }
            let known = self.columns.contains(name) || optional.contains(name);
            // Not more than one letter apart, as `revoked_by` may be a column of the company's own.
            let near = |column: &&&str| {
                !headers.contains(*column) && strsim::damerau_levenshtein(name, column) == 1
            };
            if let (false, Some(meant)) = (known, optional.iter().find(near)) {
                let error = Error::case(&self.path, format!("`{name}` is no column of this table"));
                return Err(error.at(place).hint(format!("did you mean `{meant}`?")));
            }
        }
        Ok(())
    }

    /// The number of a column that may be missing, for the methods of [`Row`].
    pub(super) fn optional_column(&mut self, name: &'static str) -> Option<usize> {
        if let Some(known) = self.columns.iter().position(|column| *column == name) {
            return Some(known);
        }
        let headers = self.reader.headers().ok()?;
        self.indices
            .push(headers.iter().position(|header| header == name)?);
        self.columns.push(name);
        Some(self.columns.len() - 1)
    }

    /// Reads the next row, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>> {
        let more = self
            .reader
            .read_record(&mut self.record)
            .map_err(|e| csv_error(&self.path, e))?;
        Ok(more.then_some(Row { table: self }))
    }
}

impl Row<'_> {
    /// The text in a column; nothing if it is empty.
    pub(super) fn optional(&self, column: usize) -> Option<&str> {
        self.table
            .record
            .get(self.table.indices[column])
            .filter(|text| !text.is_empty())
    }

    /// The text in a column that must not be empty.
    pub(super) fn text(&self, column: usize) -> Result<&str> {
        self.optional(column)
            .ok_or_else(|| self.error(format!("`{}` is empty", self.table.columns[column])))
    }

    /// The time in a column, in microseconds since 1970 UTC; nothing if the column is empty.
    pub(super) fn time(&self, column: usize) -> Result<Option<i64>> {
        let Some(text) = self.optional(column) else {
            return Ok(None);
        };
        let time: Timestamp = text.parse().map_err(|source: jiff::Error| {
            self.error(format!(
                "`{}` is `{text}`, which is no time with an offset",
                self.table.columns[column]
            ))
            .hint("write times as 2025-01-01T00:00:00+09:00")
            .with_source(source)
        })?;
        Ok(Some(time.as_microsecond()))
    }

    /// An error at the line on which the row begins.
    pub(super) fn error(&self, message: String) -> Error {
        let position = self.table.record.position();
        let line = position.map_or(0, csv::Position::line);
        Error::case(&self.table.path, message).at(Position::of_line(line))
    }
}

fn csv_error(path: &Path, source: csv::Error) -> Error {
    let error = Error::case(path, format!("cannot read the table: {source}"));
    let error = match source.position() {
        Some(position) => error.at(Position::of_line(position.line())),
        None => error,
    };
    error.with_source(source)
}
