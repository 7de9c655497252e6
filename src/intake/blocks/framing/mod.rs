//! Cuts the bytes of a log into blocks of whole lines, or of whole records where those are no lines.
//!
//! A block ends where a line or record ends, so that any thread can parse it apart from the others.
//! Where it ends follows from the bytes alone. Memory stays at a few blocks: a line longer than
//! [`LONGEST`] comes in pieces, each of which is a reject.

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use crate::bytes::without_bom;
use crate::intake::blocks::buffers::{Buffer, Pool};
use crate::intake::blocks::objects::{array_depth, find_objects};
use crate::intake::blocks::prefixes;
use crate::intake::blocks::records::{Cut, Shape, TableHeader, find_records};

/// What the bytes of a log are made of: lines, records or objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// An event on each line.
    Lines,
    /// An event on each line; lines that begin with `#` say what the others hold.
    Directives,
    /// Records of RFC 4180 or its kin, whose quoted fields may hold line ends; the first names the columns.
    Records(Shape),
    /// JSON objects: one on each line, or the elements of one array, bare or in an envelope.
    Objects,
    /// Rows of a Parquet file.
    Parquet,
}

/// Bytes of the longest line that is read as one.
pub(crate) const LONGEST: usize = 64 << 20;

/// A part of a log that consists of whole lines or records.
#[derive(Debug)]
pub(crate) struct Block {
    /// Its place among the blocks of its log, from 0.
    pub(crate) index: u64,
    /// The number of its first line in the log, from 1.
    pub(crate) first_line: u64,
    /// How many lines or records it has.
    pub(crate) lines: u64,
    /// Where its first byte stands in the unpacked log.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) buffer: Buffer,
    /// Where its records begin and end in the buffer; `None` if they are lines.
    pub(crate) spans: Option<Vec<(u32, u32)>>,
    /// Which of its records are headers, by their places in `spans`, in order.
    pub(crate) headers: Vec<usize>,
    /// The header that holds for its first line, if one came in an earlier block.
    pub(crate) header: Option<Arc<[u8]>>,
    /// Whether it is a piece of a line that is too long to be read.
    pub(crate) oversized: bool,
    /// Whether it is the last block of the log.
    pub(crate) last: bool,
    /// Whether damage to the log cut its last line or record short.
    pub(crate) cut: bool,
}

impl Block {
    /// A block without bytes.
    fn begin(pool: &Arc<Pool>, index: u64, first_line: u64, offset: u64) -> Self {
        Block {
            index,
            first_line,
            lines: 0,
            offset,
            buffer: pool.take(0),
            spans: None,
            headers: Vec::new(),
            header: None,
            oversized: false,
            last: false,
            cut: false,
        }
    }

    /// Where the line or record at place `index` lies in the block.
    #[inline]
    pub(crate) fn line_range(&self, index: usize) -> Range<usize> {
        match &self.spans {
            Some(spans) => spans[index].0 as usize..spans[index].1 as usize,
            None => {
                let ends = self.buffer.line_ends();
                let start = index
                    .checked_sub(1)
                    .map_or(0, |before| ends[before] as usize + 1);
                // The last line of a log may have no line end.
                let end = ends.get(index).map(|end| *end as usize);
                start..end.unwrap_or(self.buffer.filled().len())
            }
        }
    }

    /// The line or record at place `index`, without a CR at its end.
    pub(crate) fn line(&self, index: usize) -> &[u8] {
        let line = &self.buffer.filled()[self.line_range(index)];
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// How many lines or records it has.
    pub(crate) fn count(&self) -> usize {
        usize::try_from(self.lines).expect("fewer than the block has bytes")
    }

    /// The same block with other lines: those of `bytes` that lie at `spans`.
    pub(crate) fn with_lines(&self, bytes: Vec<u8>, spans: Vec<(u32, u32)>) -> Block {
        Block {
            lines: spans.len() as u64,
            buffer: Buffer::of(bytes),
            spans: Some(spans),
            headers: Vec::new(),
            header: self.header.clone(),
            ..*self
        }
    }
}

/// How a log ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How many bytes it has, unpacked.
    pub(crate) size: u64,
    /// What kept it from being read to its end, or from being read as what it is.
    pub(crate) damage: Option<String>,
}

/// Cuts `content` into blocks of about `size` bytes and hands each to `emit`.
///
/// Errors are those of `emit`. Where `content` cannot be read on, the log ends, and [`Ended`] says why.
pub(crate) fn cut<E>(
    content: &mut dyn Read,
    framing: Framing,
    size: usize,
    pool: &Arc<Pool>,
    mut emit: impl FnMut(Block) -> Result<(), E>,
) -> Result<Ended, E> {
    let mut ended = Ended::default();
    // Room for a block and the line that goes beyond it.
    let mut buffer = pool.take(size * 2);
    let mut target = size;
    let mut records: Option<Records> = None;
    let mut header: Option<Arc<[u8]>> = None;
    let mut next = Block::begin(pool, 0, 1, 0);
    // Whether the next bytes go on with a line of which a piece is emitted already.
    let mut continuing = false;
    let mut utf16 = None;
    loop {
        let at_end = fill(content, &mut buffer, target, &mut ended);
        let first = next.index == 0;
        if first && is_utf16(buffer.filled()) && framing != Framing::Parquet {
            utf16 = Some(UTF16.to_string());
        }
        if first && records.is_none() {
            records = Records::of(framing, buffer.filled());
        }
        let (mut spans, mut headers) = (None, Vec::new());
        // Where the last whole line or record ends.
        let whole = match &mut records {
            Some(records) => {
                let cut = records.find(buffer.filled(), first, at_end);
                (spans, headers) = (Some(cut.spans), cut.headers);
                Some(cut.end).filter(|end| *end > 0)
            }
            // The rest of a line that is too long is a block by itself.
            None if continuing => buffer.line_ends().first().map(|at| *at as usize + 1),
            None => last_whole(&buffer),
        };
        let filled = buffer.filled().len();
        let end = match whole {
            Some(end) if !at_end || (continuing && end < filled) => end,
            // At its end the log has no more lines; beyond `LONGEST` a line is cut into pieces.
            _ if at_end || filled >= LONGEST => filled,
            _ => {
                target = (filled * 2).min(LONGEST);
                continue;
            }
        };
        let last = at_end && end == filled;
        let oversized = continuing || (whole.is_none() && !at_end);
        let rest = buffer.split_off(end, pool.take(size * 2));
        let ends_open = buffer.filled().last().is_some_and(|byte| *byte != b'\n');
        let lines = match &spans {
            _ if oversized => u64::from(end > 0),
            Some(spans) => spans.len() as u64,
            None => buffer.line_ends().len() as u64 + u64::from(ends_open),
        };
        let block = Block {
            lines,
            spans: if oversized { None } else { spans },
            headers,
            header: header.clone(),
            oversized,
            last,
            cut: last && ended.damage.is_some() && buffer.filled().last() != Some(&b'\n'),
            buffer: std::mem::replace(&mut buffer, rest),
            ..next
        };
        continuing = records.is_none() && oversized && block.buffer.filled().last() != Some(&b'\n');
        if framing == Framing::Directives {
            header = last_directives(block.buffer.filled(), header.as_deref());
        } else if let Some(Records::Quoted { header: named, .. }) = &records {
            header = named.as_ref().map(|named| named.header.clone());
        }
        let (first_line, offset) = (block.first_line + lines, block.offset + end as u64);
        next = Block::begin(pool, block.index + 1, first_line, offset);
        target = size;
        emit(block)?;
        if last {
            ended.damage = ended.damage.or(utf16);
            return Ok(ended);
        }
    }
}

/// Where the last line ends that is whole, and no part of a longer one.
///
/// Container runtimes cut long lines into parts, which are put together block by block.
fn last_whole(buffer: &Buffer) -> Option<usize> {
    let ends = buffer.line_ends();
    let goes_on = |place: &usize| {
        let start = place
            .checked_sub(1)
            .map_or(0, |before| ends[before] as usize + 1);
        prefixes::goes_on(&buffer.filled()[start..ends[*place] as usize])
    };
    let whole = (0..ends.len()).rev().find(|place| !goes_on(place));
    let last = whole.or(ends.len().checked_sub(1));
    last.map(|place| ends[place] as usize + 1)
}

/// Reads until `target` bytes are filled; returns whether the content ended before.
///
/// An error of reading ends the content, and is noted in `ended`.
fn fill(content: &mut dyn Read, buffer: &mut Buffer, target: usize, ended: &mut Ended) -> bool {
    if ended.damage.is_some() {
        return true;
    }
    while buffer.filled().len() < target {
        match buffer.read(content, target) {
            Ok(0) => return true,
            Ok(length) => ended.size += length as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                ended.damage = Some(format!(
                    "reading stopped after {} bytes: {error}",
                    ended.size
                ));
                return true;
            }
        }
    }
    false
}

/// The last `#Date:` and `#Fields:` lines of a block or else of those before it, which hold for the next block.
fn last_directives(bytes: &[u8], before: Option<&[u8]>) -> Option<Arc<[u8]>> {
    let last = |name: &[u8]| {
        let known = last_line(bytes, name).or_else(|| last_line(before?, name));
        known.map(<[u8]>::trim_ascii_end)
    };
    let lines: Vec<&[u8]> = [b"#Date:".as_slice(), b"#Fields:"]
        .into_iter()
        .filter_map(last)
        .collect();
    (!lines.is_empty()).then(|| lines.join(&b'\n').into())
}

/// The last line that begins with `name`.
fn last_line<'b>(bytes: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
    let begins_line = |at: &usize| *at == 0 || bytes[at - 1] == b'\n';
    let at = memchr::memmem::rfind_iter(bytes, name).find(begins_line);
    let is_first = without_bom(bytes).starts_with(name);
    let start = at.or_else(|| is_first.then_some(bytes.len() - without_bom(bytes).len()))?;
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
    Some(&bytes[start..end])
}

/// The damage note of a log in UTF-16.
pub(crate) const UTF16: &str =
    "it is UTF-16 text: convert a copy to UTF-8 and name both in your notes";

/// Whether text begins with a byte-order mark of UTF-16, as some programs of Windows write it.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Finds the records of a log whose records are no lines.
#[derive(Debug)]
enum Records {
    /// Objects of an array that is this deep in the document.
    Objects { base: usize },
    /// Records whose quotes may hold line ends, and the header that holds for the next one.
    Quoted {
        shape: Shape,
        header: Option<TableHeader>,
    },
}

impl Records {
    /// How to find the records of a log that begins with `head`; `None` if they are lines.
    fn of(framing: Framing, head: &[u8]) -> Option<Self> {
        match framing {
            Framing::Objects => {
                array_depth(without_bom(head)).map(|base| Records::Objects { base })
            }
            Framing::Records(shape) => Some(Records::Quoted {
                shape,
                header: None,
            }),
            Framing::Lines | Framing::Directives | Framing::Parquet => None,
        }
    }

    /// Finds the whole records at the beginning of `bytes`; with `at_end` all of them.
    ///
    /// `first` says whether `bytes` begin the log. What is behind the last whole record is looked at
    /// again, with more bytes behind it.
    fn find(&mut self, bytes: &[u8], first: bool, at_end: bool) -> Cut {
        match self {
            Records::Objects { base } => {
                let (spans, end) = find_objects(bytes, *base, at_end);
                Cut::without_headers(spans, end)
            }
            Records::Quoted { shape, header } => {
                let mut then = header.clone();
                let cut = find_records(bytes, *shape, &mut then, first, at_end);
                // Without a whole record the same bytes come again, and the same header must hold for them.
                if cut.end > 0 {
                    *header = then;
                }
                cut
            }
        }
    }
}
