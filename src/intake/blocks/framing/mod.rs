//! Bytes -> blocks of whole lines, or of whole records for formats whose records are no lines.
//!
//! A block ends where a line or record ends, so blocks can be parsed apart, on any thread; where one
//! ends follows from the bytes alone. Memory is a few blocks: a line longer than [`LONGEST`] comes in
//! pieces, each of which is a reject.

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::sync::Arc;

use crate::bytes::{quote_end, without_bom};
use crate::intake::blocks::buffers::{Buffer, Pool};
use crate::intake::blocks::records::{Cut, Named, Shape, quoted};

/// How the bytes of a file are cut into what a parser reads at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A line each.
    Lines,
    /// A line each, and lines that begin with `#` say what the others hold.
    Directives,
    /// A record of RFC 4180 or its kin each, whose quoted fields may hold line ends; the first names the columns.
    Records(Shape),
    /// A JSON object each: a line each, or the elements of one array, bare or in an envelope.
    Objects,
    /// Rows of a Parquet file.
    Parquet,
}

/// Bytes of the longest line that is read as one.
pub(crate) const LONGEST: usize = 64 << 20;

/// A stretch of a log, of whole lines or records.
#[derive(Debug)]
pub(crate) struct Block {
    /// Its place among the blocks of its log, from 0.
    pub(crate) index: u64,
    /// The number of its first line, from 1.
    pub(crate) first_line: u64,
    /// How many lines it has.
    pub(crate) lines: u64,
    /// Offset of its first byte in the unpacked log.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) buffer: Buffer,
    /// Where its records are, where they are no lines.
    pub(crate) spans: Option<Vec<(u32, u32)>>,
    /// Which of its records are headers, where records have them.
    pub(crate) headers: Vec<usize>,
    /// The header line in force at its beginning.
    pub(crate) header: Option<Arc<[u8]>>,
    /// Whether it is a piece of a line that is too long to be read.
    pub(crate) oversized: bool,
    /// Whether the log ends with it.
    pub(crate) last: bool,
    /// Whether damage cut its last line or record short.
    pub(crate) cut: bool,
}

impl Block {
    /// One that is empty yet.
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
}

/// How a log ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Bytes, unpacked.
    pub(crate) size: u64,
    /// What cut reading short.
    pub(crate) damage: Option<String>,
}

/// Cuts `content` into blocks of about `size` bytes and hands each to `emit`.
pub(crate) fn cut<E>(
    content: &mut dyn Read,
    framing: Framing,
    size: usize,
    pool: &Arc<Pool>,
    mut emit: impl FnMut(Block) -> Result<(), E>,
) -> Result<Ended, E> {
    let mut ended = Ended::default();
    let mut buffer = pool.take(size * 2);
    let mut target = size;
    let mut records: Option<Records> = None;
    let mut header: Option<Arc<[u8]>> = None;
    let mut next = Block::begin(pool, 0, 1, 0);
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
        let mut spans = None;
        let mut headers = Vec::new();
        let whole = match &mut records {
            Some(records) => {
                let cut = records.find(buffer.filled(), next.index == 0, at_end);
                (spans, headers) = (Some(cut.spans), cut.headers);
                Some(cut.end).filter(|end| *end > 0)
            }
            None if continuing => buffer.line_ends().first().map(|at| *at as usize + 1),
            None => buffer.line_ends().last().map(|at| *at as usize + 1),
        };
        // Continuations end where their line does; otherwise the end takes all that is left.
        let end = match whole {
            Some(end) if !at_end || (continuing && end < buffer.filled().len()) => end,
            _ if at_end => buffer.filled().len(),
            _ if buffer.filled().len() < LONGEST => {
                target = (buffer.filled().len() * 2).min(LONGEST);
                continue;
            }
            _ => buffer.filled().len(),
        };
        let last = at_end && end == buffer.filled().len();
        let oversized = continuing || (whole.is_none() && !at_end);
        let rest = buffer.split_off(end, pool.take(size * 2));
        let lines = match &spans {
            _ if oversized => u64::from(end > 0),
            Some(spans) => spans.len() as u64,
            None => {
                let open = buffer.filled().last().is_some_and(|byte| *byte != b'\n');
                buffer.line_ends().len() as u64 + u64::from(open)
            }
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
            header = last_header(block.buffer.filled()).or(header);
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

/// Reads until `target` bytes are there or nothing comes any more; tells whether that is so.
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

/// The last `#Fields:` line of a block.
fn last_header(bytes: &[u8]) -> Option<Arc<[u8]>> {
    let mark = memchr::memmem::rfind(bytes, b"\n#Fields:").map(|at| at + 1);
    let start = mark.or_else(|| {
        without_bom(bytes)
            .starts_with(b"#Fields:")
            .then_some(bytes.len() - without_bom(bytes).len())
    })?;
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
    Some(bytes[start..end].trim_ascii_end().into())
}

/// What is said of UTF-16.
pub(crate) const UTF16: &str =
    "it is UTF-16 text: convert a copy to UTF-8 and name both in your notes";

/// Whether text begins with a byte-order mark of UTF-16, as some programs of Windows write it.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Finds records that are no lines.
#[derive(Debug)]
enum Records {
    /// Objects of an array that is this deep in the document.
    Objects { base: usize },
    /// CSV records, in which quotes may hold line ends, and the header in force.
    Quoted { shape: Shape, header: Option<Named> },
}

impl Records {
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

    /// The records of a block and where the last of them ends. At the end of the log all is taken.
    fn find(&mut self, bytes: &[u8], first: bool, at_end: bool) -> Cut {
        match self {
            Records::Objects { base } => {
                let (spans, end) = objects(bytes, *base, at_end);
                Cut::without_headers(spans, end)
            }
            Records::Quoted { shape, header } => {
                let mut then = header.clone();
                let cut = quoted(bytes, *shape, &mut then, first, at_end);
                // What is not whole is looked at again.
                if cut.end > 0 {
                    *header = then;
                }
                cut
            }
        }
    }
}

/// Whether a document is an array of objects, bare (1) or in an envelope (2). An envelope is an object
/// whose member `Records` or `value` is that array, with nothing but plain members before.
fn array_depth(head: &[u8]) -> Option<usize> {
    let mut at = 0;
    let white = |at: &mut usize| {
        while head.get(*at).is_some_and(u8::is_ascii_whitespace) {
            *at += 1;
        }
    };
    white(&mut at);
    match head.get(at)? {
        b'[' => return Some(1),
        b'{' => at += 1,
        _ => return None,
    }
    loop {
        white(&mut at);
        let end = quote_end(head, at + 1).filter(|_| head.get(at) == Some(&b'"'))?;
        let key = &head[at + 1..end];
        at = end + 1;
        white(&mut at);
        if head.get(at) != Some(&b':') {
            return None;
        }
        at += 1;
        white(&mut at);
        match head.get(at)? {
            b'[' if matches!(key, b"Records" | b"value") => {
                at += 1;
                white(&mut at);
                return (matches!(head.get(at), Some(b'{' | b']'))).then_some(2);
            }
            b'"' => at = quote_end(head, at + 1)? + 1,
            b'[' | b'{' => return None,
            _ => at += memchr::memchr3(b',', b'}', b'\n', &head[at..])?,
        }
        white(&mut at);
        if head.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
}

/// The objects of an array `base` deep. What lies between them is their document's; anything else that
/// stands there is a record of its own, for a reject. A line end inside a string is no JSON: the string
/// was never closed, and the walk begins anew with the next line.
fn objects(bytes: &[u8], base: usize, at_end: bool) -> (Vec<(u32, u32)>, usize) {
    let mut spans = Vec::new();
    // A block after the first begins inside the array.
    let mut depth = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => 0,
        Some(b'{') if base == 2 && array_depth(without_bom(bytes)) == Some(2) => 0,
        _ if without_bom(bytes).len() < bytes.len() => 0,
        _ => base,
    };
    let mut begin: Option<usize> = None;
    let mut stray: Option<usize> = None;
    let mut whole = 0;
    let mut in_string = false;
    let mut at = if depth == 0 {
        bytes.len() - without_bom(bytes).len()
    } else {
        0
    };
    while at < bytes.len() {
        if in_string {
            let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) else {
                break;
            };
            at += found;
            match bytes[at] {
                b'\\' => at += 1,
                b'"' => in_string = false,
                _ => {
                    in_string = false;
                    if let Some(start) = begin.take() {
                        spans.push((start as u32, at as u32));
                        whole = at;
                        depth = base;
                    }
                }
            }
            at += 1;
            continue;
        }
        let byte = bytes[at];
        if depth == base
            && begin.is_none()
            && !matches!(byte, b'{' | b']' | b',')
            && !byte.is_ascii_whitespace()
        {
            stray.get_or_insert(at);
        } else if depth == base
            && matches!(byte, b'{' | b']' | b',' | b'\n')
            && let Some(start) = stray.take()
        {
            spans.push((start as u32, at as u32));
            whole = at;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                if byte == b'{' && depth == base && begin.is_none() {
                    begin = Some(at);
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth <= base
                    && let Some(start) = begin.take_if(|_| depth == base)
                {
                    spans.push((start as u32, at as u32 + 1));
                    whole = at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if at_end {
        if let Some(start) = begin.or(stray) {
            let cut = bytes[start..].trim_ascii_end().len();
            spans.push((start as u32, (start + cut) as u32));
        }
        whole = bytes.len();
    }
    (spans, whole)
}
