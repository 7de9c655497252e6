//! Writes the parts of a frame that bear one number: those of one evidence file, or of one partition.
//!
//! A part is written under a temporary name and renamed when it is complete, so that a half-written part
//! is never taken for a whole one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use polars_parquet::write::{
    CompressionOptions, DynIter, DynStreamingIterator, FileWriter, StatisticsOptions, Version,
    WriteOptions, fallible_streaming_iterator,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::columns::{Batch, RowGroup, Value, schema};
use super::shape::Frame;
use crate::error::{Error, Result};

/// Rows in a row group, where rows come one by one.
const ROW_GROUP: usize = 1 << 17;
/// Row groups of a part, after which another part begins.
///
/// The footer of a part describes each of its row groups, and is held in memory until the part ends.
const MOST_ROW_GROUPS: usize = 128;
/// Bytes after which the system is told to write what there is of a part to the disk.
const SYNCED: u64 = 32 << 20;

/// A part of a frame that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Path below the folder of all frames.
    pub path: String,
    /// Rows.
    pub row_count: u64,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// A file that is hashed while it is written.
struct HashingFile {
    file: File,
    hash: Sha256,
    size: u64,
    syncing: Syncing,
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.hash.update(&bytes[..length]);
        let before = self.size / SYNCED;
        self.size += length as u64;
        if self.size / SYNCED > before {
            self.syncing.begin(&self.file)?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a large file to the disk while more of it is made.
///
/// A part counts only once it is on the disk, so this spares most of the wait at its end.
#[derive(Default)]
struct Syncing(Option<JoinHandle<io::Result<()>>>);

impl Syncing {
    /// Begins to write to the disk what the file has, unless the disk is still busy with it.
    fn begin(&mut self, file: &File) -> io::Result<()> {
        // If the disk is behind, the next call will do.
        if self.0.as_ref().is_some_and(|sync| !sync.is_finished()) {
            return Ok(());
        }
        self.finish()?;
        let file = file.try_clone()?;
        self.0 = Some(thread::spawn(move || file.sync_data()));
        Ok(())
    }

    /// Waits for the disk. Only this call gives the disk's own error.
    fn finish(&mut self) -> io::Result<()> {
        self.0.take().map_or(Ok(()), |sync| {
            sync.join().expect("nothing panics while syncing")
        })
    }
}

/// Writes the parts of a frame that bear one number.
pub struct FrameWriter {
    dir: PathBuf,
    frame: &'static Frame,
    number: u32,
    batch: Batch,
    written: Vec<Part>,
    /// Writes the end of the part before the open one to the disk.
    syncing: Syncing,
    open: OpenPart,
}

/// A part being written.
struct OpenPart {
    path: PathBuf,
    partial: PathBuf,
    name: String,
    file: FileWriter<BufWriter<HashingFile>>,
    row_groups: usize,
    row_count: u64,
}

impl FrameWriter {
    /// Begins the parts `number` of `frame` below `frames_dir`.
    pub fn create(frames_dir: &Path, frame: &'static Frame, number: u32) -> Result<Self> {
        let dir = frames_dir.join(frame.name);
        fs::create_dir_all(&dir).map_err(|e| Error::io("create the folder", &dir, e))?;
        Ok(FrameWriter {
            open: OpenPart::create(&dir, frame, &part_name(number, 1))?,
            dir,
            frame,
            number,
            batch: Batch::new(frame, 0)?,
            written: Vec::new(),
            syncing: Syncing::default(),
        })
    }

    /// Appends a row: one value a column, in the frame's order.
    pub fn push(&mut self, row: &[Value<'_>]) -> Result<()> {
        self.batch.push(row);
        if self.batch.rows() == ROW_GROUP {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// Writes the rows that were gathered as a row group.
    fn flush(&mut self) -> Result<()> {
        if self.batch.rows() == 0 {
            return Ok(());
        }
        let group = self.batch.finish()?;
        self.append(&group)
    }

    /// Appends a row group that was encoded elsewhere.
    pub fn append(&mut self, group: &RowGroup) -> Result<()> {
        if group.rows == 0 {
            return Ok(());
        }
        if self.open.row_groups == MOST_ROW_GROUPS {
            let name = part_name(self.number, self.written.len() + 2);
            let next = OpenPart::create(&self.dir, self.frame, &name)?;
            let full = std::mem::replace(&mut self.open, next);
            let (part, file) = full.finish()?;
            self.written.push(part);
            let mut sync = || {
                self.syncing.finish()?;
                self.syncing.begin(&file)
            };
            sync().map_err(|e| Error::io("write the files in", &self.dir, e))?;
        }
        self.open.append(group)
    }

    /// Ends the last part, and gives all of them.
    pub fn finish(mut self) -> Result<Vec<Part>> {
        self.flush()?;
        self.written.push(self.open.finish()?.0);
        let synced = self.syncing.finish();
        synced.map_err(|e| Error::io("write the files in", &self.dir, e))?;
        Ok(self.written)
    }
}

/// The file name of a part: `000007.parquet`, and after it `000007_0002.parquet`.
fn part_name(number: u32, place: usize) -> String {
    if place == 1 {
        format!("{number:06}.parquet")
    } else {
        format!("{number:06}_{place:04}.parquet")
    }
}

/// The parts of `frame` that bear `number`, in order.
pub fn numbered_parts(frames_dir: &Path, frame: &Frame, number: u32) -> Vec<PathBuf> {
    let dir = frames_dir.join(frame.name);
    let parts = (1..).map(|place| dir.join(part_name(number, place)));
    parts.take_while(|path| path.exists()).collect()
}

impl OpenPart {
    fn create(dir: &Path, frame: &'static Frame, file_name: &str) -> Result<Self> {
        let path = dir.join(file_name);
        let partial = path.with_extension("partial");
        let file = File::create(&partial).map_err(|e| Error::io("create the file", &partial, e))?;
        let file = HashingFile {
            file,
            hash: Sha256::new(),
            size: 0,
            syncing: Syncing::default(),
        };
        // Pages that are larger than the buffer are written without it.
        let file = BufWriter::with_capacity(1 << 16, file);
        // Pages come encoded and compressed, with their statistics. No index of pages is written: texts have
        // no least and no greatest value here, so the index would say that all of them are missing, and
        // readers would believe it.
        let options = WriteOptions {
            statistics: StatisticsOptions::empty(),
            version: Version::V1,
            compression: CompressionOptions::Uncompressed,
            data_page_size: None,
        };
        let file = FileWriter::try_new(file, schema(frame), options)
            .map_err(|e| Error::frame("begin a Parquet file", e).in_file(&partial))?;
        Ok(OpenPart {
            name: format!("{}/{file_name}", frame.name),
            path,
            partial,
            file,
            row_groups: 0,
            row_count: 0,
        })
    }

    fn append(&mut self, group: &RowGroup) -> Result<()> {
        self.row_groups += 1;
        self.row_count += group.rows as u64;
        let columns = group.columns.iter().map(|pages| {
            let pages = fallible_streaming_iterator::convert(pages.iter().map(Ok));
            Ok(DynStreamingIterator::new(pages))
        });
        self.file
            .write(group.rows as u64, DynIter::new(columns))
            .map_err(|e| Error::frame("write a Parquet file", e).in_file(&self.partial))
    }

    /// Ends the part and puts it in its place; gives its open file, too.
    fn finish(mut self) -> Result<(Part, File)> {
        self.file
            .end(None)
            .map_err(|e| Error::frame("end a Parquet file", e).in_file(&self.partial))?;
        let written = self.file.into_inner().into_inner();
        let failed = |e: io::Error| Error::io("write the file", &self.partial, e);
        let HashingFile {
            file,
            hash,
            size,
            mut syncing,
        } = written.map_err(|e| failed(e.into_error()))?;
        syncing.finish().map_err(failed)?;
        fs::rename(&self.partial, &self.path)
            .map_err(|e| Error::io("put the file in its place", &self.path, e))?;
        let part = Part {
            path: self.name,
            row_count: self.row_count,
            size,
            sha256: crate::digest::hex(&hash.finalize()),
        };
        Ok((part, file))
    }
}
