//! Reads the parts of a frame in batches, so that memory does not grow with the log.
//!
//! Only the columns that are asked for are read.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;
use polars_arrow::array::{Array, Utf8ViewArray};
use polars_parquet::read::{FileMetadata, RowGroupMetadata, read_metadata};

use super::shape::Frame;
use crate::error::{Error, Result};

/// The most rows of a batch of several row groups: as many as the writer puts into one group.
const BATCH: usize = 1 << 17;

/// The parts of `frame` below `frames_dir`, in order; none if the frame was not written.
pub fn part_files(frames_dir: &Path, frame: &Frame) -> Result<Vec<PathBuf>> {
    let dir = frames_dir.join(frame.name);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut parts = Vec::new();
    for entry in fs::read_dir(&dir).map_err(|e| Error::io("list the folder", &dir, e))? {
        let path = entry
            .map_err(|e| Error::io("list the folder", &dir, e))?
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

/// A batch that is not read yet, so that several threads can each read some.
#[derive(Debug, Clone)]
pub struct Piece {
    path: Arc<Path>,
    /// The part's footer with only the row groups of this batch, as the reader reads all that it is given.
    metadata: Arc<FileMetadata>,
}

/// All batches of `parts`, in order. A batch has one row group, or several small ones.
pub fn pieces(parts: &[PathBuf]) -> Result<Vec<Piece>> {
    let mut all = Vec::new();
    for path in parts {
        let mut file = File::open(path).map_err(|e| Error::io("open the frame", path, e))?;
        let mut whole = read_metadata(&mut file)
            .map_err(|e| Error::frame("read the frame", e).in_file(path))?;
        let mut batches: Vec<(usize, Vec<RowGroupMetadata>)> = Vec::new();
        for group in std::mem::take(&mut whole.row_groups) {
            let rows = group.num_rows();
            match batches.last_mut() {
                _ if rows == 0 => {}
                Some((known, groups)) if *known + rows <= BATCH => {
                    *known += rows;
                    groups.push(group);
                }
                _ => batches.push((rows, vec![group])),
            }
        }
        let path: Arc<Path> = path.as_path().into();
        all.extend(batches.into_iter().map(|(num_rows, row_groups)| Piece {
            path: path.clone(),
            metadata: Arc::new(FileMetadata {
                num_rows,
                row_groups,
                ..whole.clone()
            }),
        }));
    }
    Ok(all)
}

impl Piece {
    /// Reads `columns` of the batch.
    pub fn read(&self, columns: &[&str]) -> Result<DataFrame> {
        let file =
            File::open(&self.path).map_err(|e| Error::io("open the frame", &self.path, e))?;
        let mut reader = ParquetReader::new(file)
            .with_columns(Some(columns.iter().map(ToString::to_string).collect()))
            .read_parallel(ParallelStrategy::None);
        reader.set_metadata(self.metadata.clone());
        let mut frame = reader
            .finish()
            .and_then(|frame| frame.select(columns.iter().copied()))
            .map_err(|e| Error::frame("read the frame", e).in_file(&self.path))?;
        frame.rechunk_mut();
        Ok(frame)
    }
}

/// The texts of one column of a batch.
#[derive(Clone, Copy)]
pub struct Texts<'a>(&'a Utf8ViewArray);

impl<'a> Texts<'a> {
    /// The texts of the column `name`.
    pub fn of(batch: &'a DataFrame, name: &str) -> Result<Self> {
        Ok(Texts(text(batch, name)?.downcast_as_array()))
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        self.0.get(row)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.0.len()
    }

    /// Gives what `make` makes of a row's text, and calls it only if the text differs from the last one.
    pub fn once<T: Copy>(self, make: impl Fn(Option<&'a str>) -> T) -> impl FnMut(usize) -> T {
        let mut last = None;
        move |row| {
            let there = self.0.validity().is_none_or(|valid| valid.get_bit(row));
            // Equal views are one text, as a view holds its bytes or their place. Two views of one text may
            // still differ, and then `make` is called once more than needed.
            let view = there.then(|| self.0.views()[row]);
            match last {
                Some((known, made)) if known == view => made,
                _ => {
                    let made = make(self.get(row));
                    last = Some((view, made));
                    made
                }
            }
        }
    }
}

/// The values of a column of text.
pub fn text<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a StringChunked> {
    column(batch, name)?
        .str()
        .map_err(|e| Error::frame("read a column", e))
}

/// The values of a column of kind `Unsigned`.
pub fn unsigned<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a UInt64Chunked> {
    column(batch, name)?
        .u64()
        .map_err(|e| Error::frame("read a column", e))
}

/// The values of a column of kind `Small`.
pub fn small<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a UInt32Chunked> {
    column(batch, name)?
        .u32()
        .map_err(|e| Error::frame("read a column", e))
}

/// The values of a column of kind `Code`.
pub fn code<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a UInt16Chunked> {
    column(batch, name)?
        .u16()
        .map_err(|e| Error::frame("read a column", e))
}

/// The values of a column of kind `Time`, in microseconds since 1970-01-01 UTC.
pub fn time<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a Int64Chunked> {
    let column = column(batch, name)?.datetime();
    column
        .map(|column| column.physical())
        .map_err(|e| Error::frame("read a column", e))
}

fn column<'a>(batch: &'a DataFrame, name: &str) -> Result<&'a Column> {
    batch
        .column(name)
        .map_err(|e| Error::frame("find a column", e))
}
