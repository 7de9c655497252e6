//! Reads single lines of the evidence again, where it lies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::intake::blocks::buffers::{BLOCK, Pool};
use crate::intake::blocks::framing::{self, Block, Framing};
use crate::intake::evidence::parquet_rows::ParquetRows;
use crate::intake::evidence::{containers, names};
use crate::intake::formats::list;
use crate::results::EvidenceFile;

/// Reads the lines of `file` again that have the numbers `wanted`.
///
/// `file` lies below `case_dir`; `spool` is a folder for what must be set aside. It is an error if the
/// file is not what was read before.
pub fn lines(
    case_dir: &Path,
    file: &EvidenceFile,
    wanted: &BTreeSet<u64>,
    spool: &Path,
) -> Result<BTreeMap<u64, Vec<u8>>> {
    let path = names::find(case_dir, &file.path);
    let framing = list::find(&file.format).map_or(Framing::Lines, |format| format.framing);
    let mut found = BTreeMap::new();
    let pool: Arc<Pool> = Arc::default();
    let mut keep_wanted = |block: Block| -> Result<()> {
        let numbers = block.first_line..block.first_line + block.lines;
        if wanted.range(numbers.clone()).next().is_none() {
            return Ok(());
        }
        let bytes = block.buffer.filled();
        let mut keep_line = |number: u64, start: usize, end: usize| {
            if wanted.contains(&number) {
                found.insert(number, bytes[start..end].trim_ascii_end().to_vec());
            }
        };
        if let Some(spans) = &block.spans {
            for (number, (start, end)) in numbers.zip(spans) {
                keep_line(number, *start as usize, *end as usize);
            }
            return Ok(());
        }
        let mut start = 0;
        for number in numbers {
            let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
            keep_line(number, start, end);
            start = (end + 1).min(bytes.len());
        }
        Ok(())
    };
    let whole = containers::read(&path, spool, &|_| {}, &mut |content| {
        if content.member != file.member {
            return Ok(());
        }
        if framing == Framing::Parquet {
            if let Ok(mut rows) = ParquetRows::set_aside(content.content, spool)? {
                framing::cut(&mut rows, framing, BLOCK, &pool, &mut keep_wanted)?;
            }
            return Ok(());
        }
        framing::cut(content.content, framing, BLOCK, &pool, &mut keep_wanted).map(drop)
    })
    .map_err(|error| Error::user(format!("the evidence cannot be read again: {error}")))?;
    if whole.sha256 != file.sha256 {
        return Err(Error::user("the evidence is no longer what was read")
            .in_file(&path)
            .hint("bring back the file as it was, or run again on what is there now"));
    }
    Ok(found)
}
