//! Reads a frame part in batches, the wanted columns only, so that memory does not grow with the log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::Frame;
use crate::error::{Error, Result};

/// Rows in a batch: the writer's row group, so that a batch decodes one.
const BATCH: usize = 1 << 17;

/// The parts of `frame` below `frames_dir`, in order. A frame that was not written has none.
pub fn part_files(frames_dir: &Path, frame: &Frame) -> Result<Vec<PathBuf>> {
    let dir = frames_dir.join(frame.name);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    for entry in fs::read_dir(&dir).map_err(|e| Error::io("list the folder", &dir, &e))? {
        let path = entry
            .map_err(|e| Error::io("list the folder", &dir, &e))?
            .path();
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

/// The batches of one part.
pub struct Batches {
    path: PathBuf,
    columns: Vec<String>,
    next: usize,
    rows: usize,
}

impl Batches {
    /// Opens the part at `path` for reading `columns`.
    pub fn open(path: &Path, columns: &[&str]) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("open the frame", path, &e))?;
        let rows = ParquetReader::new(file)
            .num_rows()
            .map_err(|e| Error::frame("read the frame", &e).in_file(path))?;
        Ok(Batches {
            path: path.to_path_buf(),
            columns: columns.iter().map(ToString::to_string).collect(),
            next: 0,
            rows,
        })
    }

    fn read(&self) -> Result<DataFrame> {
        let file =
            File::open(&self.path).map_err(|e| Error::io("open the frame", &self.path, &e))?;
        let frame = ParquetReader::new(file)
            .with_columns(Some(self.columns.clone()))
            .with_slice(Some((self.next, BATCH)))
            .read_parallel(ParallelStrategy::None)
            .finish()
            .and_then(|frame| frame.select(self.columns.iter().map(String::as_str)));
        frame.map_err(|e| Error::frame("read the frame", &e).in_file(&self.path))
    }
}

/// A batch that is not read yet, so that batches of one part can be read on several threads.
#[derive(Debug, Clone)]
pub struct Piece {
    path: PathBuf,
    from: usize,
}

/// All batches of `parts`, in order.
pub fn pieces(parts: &[PathBuf]) -> Result<Vec<Piece>> {
    let mut all = Vec::new();
    for path in parts {
        let rows = Batches::open(path, &[])?.rows;
        all.extend((0..rows).step_by(BATCH).map(|from| Piece {
            path: path.clone(),
            from,
        }));
    }
    Ok(all)
}

impl Piece {
    /// Reads `columns` of the batch.
    pub fn read(&self, columns: &[&str]) -> Result<DataFrame> {
        Batches {
            path: self.path.clone(),
            columns: columns.iter().map(ToString::to_string).collect(),
            next: self.from,
            rows: usize::MAX,
        }
        .read()
    }
}

impl Iterator for Batches {
    type Item = Result<DataFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.rows {
            return None;
        }
        let batch = self.read();
        self.next += BATCH;
        Some(batch)
    }
}

/// A typed look at one column of a batch.
pub fn text<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a StringChunked> {
    column(batch, name)?
        .str()
        .map_err(|e| Error::frame("read a column", &e))
}

/// A typed look at one unsigned column.
pub fn unsigned<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a UInt64Chunked> {
    column(batch, name)?
        .u64()
        .map_err(|e| Error::frame("read a column", &e))
}

/// A typed look at one identifier column.
pub fn small<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a UInt32Chunked> {
    column(batch, name)?
        .u32()
        .map_err(|e| Error::frame("read a column", &e))
}

/// A typed look at one code column.
pub fn code<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a UInt16Chunked> {
    column(batch, name)?
        .u16()
        .map_err(|e| Error::frame("read a column", &e))
}

/// A typed look at one time column, in microseconds since 1970-01-01 UTC.
pub fn time<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a Int64Chunked> {
    let column = column(batch, name)?.datetime();
    column
        .map(|column| column.physical())
        .map_err(|e| Error::frame("read a column", &e))
}

fn column<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a Column> {
    batch
        .column(name)
        .map_err(|e| Error::frame("find a column", &e))
}
