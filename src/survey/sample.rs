//! Takes the first and last bytes of a log, and reads them as a format.

use std::io::{Cursor, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::case::Catalogue;
use crate::error::Result;
use crate::intake::block::BlockParser;
use crate::intake::blocks::buffers::Pool;
use crate::intake::blocks::framing::{self, Block, Framing};
use crate::intake::evidence::parquet_rows::ParquetRows;
use crate::intake::reading::Reading;
use crate::intake::tally::Tally;
use crate::jws::SigningKeys;

/// Bytes looked at from the beginning of a log.
const HEAD: usize = 1 << 20;
/// Bytes looked at from its end.
const TAIL: usize = 1 << 18;
/// Bytes of a packed log that are unpacked at most to find its end.
const UNPACKED: u64 = 1 << 28;

/// The first and last bytes of a log.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) head: Vec<u8>,
    /// The last bytes; empty if `head` is the whole log, or if the end was not reached.
    pub(super) tail: Vec<u8>,
    /// Whether the end of the log is in the sample.
    pub(super) end_seen: bool,
    /// What cut reading short.
    pub(super) damage: Option<String>,
    /// Whether the log is a Parquet file, whose rows `head` then holds as JSON objects.
    pub(super) parquet: bool,
}

impl Sample {
    /// Takes a sample of `content`. If that is a file as it lies on the disk, `whole` is its path.
    ///
    /// Never fails: what stopped the reading is noted as damage, and what was read until then is kept.
    /// Parquet is copied to a file in `spool`, as its description stands at its end.
    pub(super) fn take(mut content: &mut dyn Read, whole: Option<&Path>, spool: &Path) -> Self {
        let mut sample = Sample::default();
        let read = (&mut content)
            .take(HEAD as u64)
            .read_to_end(&mut sample.head);
        if let Err(error) = read {
            sample.damage = Some(error.to_string());
        } else if sample.head.starts_with(b"PAR1") {
            sample.take_parquet(content, spool);
        } else if sample.head.len() < HEAD {
            sample.end_seen = true;
        } else if let Some(path) = whole {
            sample.end_seen = end_of(path, &mut sample.tail).is_ok();
        } else {
            sample.unpack_tail(content);
        }
        sample
    }

    /// Takes the first bytes of `content` only.
    pub(super) fn take_head(mut content: &mut dyn Read, spool: &Path) -> Self {
        let mut sample = Sample::default();
        // What stops the reading is told by intake; what was read until then will do.
        let _ = (&mut content)
            .take(HEAD as u64)
            .read_to_end(&mut sample.head);
        if sample.head.starts_with(b"PAR1") {
            sample.take_parquet(content, spool);
        }
        sample
    }

    /// Replaces the head, the first bytes of a Parquet file, by the first rows as JSON.
    fn take_parquet(&mut self, content: &mut dyn Read, spool: &Path) {
        self.parquet = true;
        let mut all = Cursor::new(std::mem::take(&mut self.head)).chain(content);
        match ParquetRows::set_aside(&mut all, spool) {
            Ok(Ok(mut rows)) => {
                let mut rows = rows.by_ref().take(HEAD as u64);
                let read = rows.read_to_end(&mut self.head);
                self.damage = read.err().map(|error| error.to_string());
                self.end_seen = self.damage.is_none() && self.head.len() < HEAD;
            }
            Ok(Err(damage)) => self.damage = Some(damage),
            Err(error) => self.damage = Some(error.to_string()),
        }
    }

    /// Reads on to the end of a packed log and keeps its last bytes.
    ///
    /// Keeps none if the end is too far away, or if the log is damaged before.
    fn unpack_tail(&mut self, content: &mut dyn Read) {
        let mut chunk = vec![0; TAIL];
        let mut unpacked = 0;
        while unpacked < UNPACKED {
            match content.read(&mut chunk) {
                Ok(0) => {
                    self.end_seen = true;
                    return;
                }
                Ok(length) => {
                    unpacked += length as u64;
                    self.tail.extend_from_slice(&chunk[..length]);
                    let extra = self.tail.len().saturating_sub(TAIL);
                    self.tail.drain(..extra);
                }
                Err(error) => {
                    self.damage = Some(error.to_string());
                    break;
                }
            }
        }
        self.tail.clear();
    }

    /// Reads head and tail as `reading` says, and counts what came of their lines.
    pub(super) fn read(&self, reading: &Reading) -> Tally {
        let mut tally = self.part(reading, &self.head, self.tail.is_empty());
        if !self.tail.is_empty() {
            // The tail begins in the middle of a line.
            let begin = memchr::memchr(b'\n', &self.tail).map_or(0, |at| at + 1);
            tally.add(self.part(reading, &self.tail[begin..], true));
        }
        tally
    }

    /// Reads a part of the sample; its last line is left out unless `whole` says that it is complete.
    fn part(&self, reading: &Reading, bytes: &[u8], whole: bool) -> Tally {
        let end = if whole {
            bytes.len()
        } else {
            memchr::memrchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
        };
        let mut all = Tally::default();
        let known = (Catalogue::new(Vec::new()), SigningKeys::default());
        let pool: Arc<Pool> = Arc::default();
        let parse = |block: Block| -> Result<()> {
            let parsed =
                BlockParser::new(reading, (&known.0, &known.1), 1, block.lines)?.parse(&block)?;
            all.add(parsed.tally);
            Ok(())
        };
        let framing = if self.parquet {
            Framing::Lines
        } else {
            reading.framing
        };
        // Lines that cannot be cut or encoded are left out here; intake reports them.
        let _ = framing::cut(&mut &bytes[..end], framing, HEAD, &pool, parse);
        all
    }
}

/// Reads the last bytes of a file, which has at least as many.
fn end_of(path: &Path, tail: &mut Vec<u8>) -> std::io::Result<()> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::End(-(TAIL as i64)))?;
    file.read_to_end(tail).map(drop)
}
