//! Cuts the bytes of a table into records, and tells which of them are headers.
//!
//! `shape` knows where one record ends and which values it has; this file decides what is one record
//! in bytes where quotes may be wrong.

mod shape;

use std::sync::Arc;

pub use shape::{Quotes, Shape};
pub(crate) use shape::{Walked, spelled};

use crate::bytes::without_bom;

/// Bytes of the longest record: in a longer one a quote was opened by mistake.
pub(crate) const LONGEST_RECORD: usize = 1 << 20;

/// The records found in some bytes of a log.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Cut {
    /// Where each begins and ends. A block is far below 4 GiB, so 32 bits are enough.
    pub(crate) spans: Vec<(u32, u32)>,
    /// Which of them are headers, by their places in `spans`.
    pub(crate) headers: Vec<usize>,
    /// Where the last whole record ends.
    pub(crate) end: usize,
}

impl Cut {
    /// Records of a log that has no headers.
    pub(crate) fn without_headers(spans: Vec<(u32, u32)>, end: usize) -> Self {
        let headers = Vec::new();
        Cut {
            spans,
            headers,
            end,
        }
    }
}

/// Whether a record has as many digits as a time, which no header has.
fn has_time(record: &[u8]) -> bool {
    record.iter().filter(|byte| byte.is_ascii_digit()).count() >= 10
}

/// The header that holds for the next record.
#[derive(Debug, Clone)]
pub(crate) struct TableHeader {
    shape: Shape,
    /// Its bytes, without the line end.
    pub(crate) header: Arc<[u8]>,
    /// The columns that it names.
    names: Vec<String>,
    /// Whether the next lines may be those of one record that was taken apart.
    wary: bool,
}

impl TableHeader {
    /// The header with these bytes, which have no line end.
    pub(crate) fn new(shape: Shape, header: &[u8]) -> Self {
        TableHeader {
            shape,
            header: header.into(),
            names: shape.names(header),
            wary: false,
        }
    }

    /// Whether `record` looks like a row: it has a time, and as many values as there are columns.
    fn is_row(&self, record: &[u8]) -> bool {
        has_time(record) && self.shape.columns_of(record) == self.names.len()
    }

    /// Whether `record` is a header too, with at least half of these columns in any order and spelling.
    ///
    /// Files that were put together have a header each. No client can make a header of its request:
    /// the line of a request has a time, which begins with a digit and is no name.
    pub(crate) fn is_repeated_by(&self, record: &[u8]) -> bool {
        if record == &*self.header {
            return true;
        }
        if has_time(record) {
            return false;
        }
        let mut names = self.shape.names(record);
        let is_name = |name: &String| {
            let first = name.trim_start_matches(['[', '+', '-']).bytes().next();
            first.is_none_or(|byte| !byte.is_ascii_digit())
        };
        let all_names = names.iter().all(is_name);
        names.sort_unstable();
        names.dedup();
        let known = names.iter().filter(|name| self.names.contains(name));
        // At least two columns must be known, however few there are.
        all_names && known.count() * 2 >= self.names.len().max(3)
    }
}

/// Finds the whole records at the beginning of `bytes`, and which of them are headers.
///
/// `first` says whether `bytes` begin the log, `at_end` whether they end it. `header` is what holds for
/// the first record, and becomes what holds behind the last.
///
/// A quote may be opened or closed by mistake: nothing closes it before the log ends or within
/// [`LONGEST_RECORD`] bytes, or text stands behind the closing one. Then no one can say where the record
/// ends, and its first line becomes a record by itself, for a reject. Lines of a record that was taken
/// apart, and those behind a wrong quote, are headers only if they repeat the one in force to the byte:
/// what a client sent may stand there.
pub(crate) fn find_records(
    bytes: &[u8],
    shape: Shape,
    header: &mut Option<TableHeader>,
    first: bool,
    at_end: bool,
) -> Cut {
    let mut cut = Cut::default();
    let mut search = Search {
        bytes,
        shape,
        at_end,
        far: (0, Walked::End),
        alone: 0,
    };
    let mut begin = 0;
    while begin < bytes.len() {
        let bom = match first && begin == 0 {
            true => bytes.len() - without_bom(bytes).len(),
            false => 0,
        };
        let columns = header.as_ref().map(|header| header.names.len());
        let Some((end, is_clean)) = search.record_at(begin, bom, columns) else {
            break;
        };
        let record = &bytes[begin..end];
        let record = without_bom(record.strip_suffix(b"\r").unwrap_or(record));
        let is_header = match header {
            Some(header) if is_clean && !header.wary => header.is_repeated_by(record),
            Some(header) => record == &*header.header,
            None => shape.is_first_header(record),
        };
        if is_header {
            cut.headers.push(cut.spans.len());
            *header = Some(TableHeader::new(shape, record));
        }
        if let Some(header) = header {
            // A row shows that the quotes are right again.
            header.wary = !is_clean || (header.wary && !header.is_row(record));
        }
        cut.spans.push((begin as u32, end as u32));
        begin = (end + 1).min(bytes.len());
    }
    cut.end = begin;
    cut
}

/// Looks for the ends of records, and remembers what it found behind them.
struct Search<'b> {
    bytes: &'b [u8],
    shape: Shape,
    at_end: bool,
    /// Where the last walk over several lines came to, as a place and as what is there.
    ///
    /// A walk that is inside quotes at any line end before that place comes to the same. So no byte is
    /// walked over again for each line before it.
    far: (usize, Walked),
    /// Lines up to here are records by themselves, although one record seemed to hold them.
    alone: usize,
}

impl Search<'_> {
    /// Where the record ends that begins at `begin`, and whether its quotes are right.
    ///
    /// The record has `bom` bytes of a byte-order mark, and as many `columns` as the header, if there is
    /// one. Returns `None` if more bytes are needed to tell.
    fn record_at(
        &mut self,
        begin: usize,
        bom: usize,
        columns: Option<usize>,
    ) -> Option<(usize, bool)> {
        let Search { bytes, shape, .. } = *self;
        let line = memchr::memchr(b'\n', &bytes[begin..]).map(|at| begin + at);
        let line_end = line.map_or(bytes.len(), |at| at + 1);
        let mut walked = shape.walk(&bytes[..line_end], begin + bom);
        if walked == Walked::Open && line_end < bytes.len() && begin >= self.alone {
            if self.far.0 < line_end {
                let end = shape.walk(bytes, begin + bom);
                self.far = (end.place().unwrap_or(bytes.len()), end);
            }
            walked = self.far.1;
        }
        let until = walked.place().unwrap_or(bytes.len());
        let several = until > line_end;
        let too_long = several && until - begin > LONGEST_RECORD;
        let whole = matches!(walked, Walked::LineEnd(_)) || (walked == Walked::End && self.at_end);
        if several
            && whole
            && !too_long
            && let Some(columns) = columns
            && !shape.is_one(&bytes[begin..until], columns)
        {
            self.alone = until;
        }
        let end = match walked {
            _ if begin < self.alone => line,
            Walked::LineEnd(end) if !too_long => Some(end),
            Walked::End if !too_long => None,
            Walked::Open if !too_long && !self.at_end => None,
            _ => line,
        };
        let end = end.or(self.at_end.then_some(bytes.len()))?;
        let is_clean =
            begin >= self.alone && !too_long && matches!(walked, Walked::LineEnd(_) | Walked::End);
        Some((end, is_clean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Shape = Shape {
        delimiter: b',',
        quotes: Quotes::Doubled,
    };

    #[test]
    fn a_header_names_columns_in_any_order_and_spelling() {
        let named = TableHeader::new(CSV, b"id,\"when\",ip,path");
        for (record, expected) in [
            ("id,\"when\",ip,path", true),
            ("ip,path,id,\"when\"", true),
            ("ip, Path ,id,WHEN", true),
            ("ip,path,status", true),
            ("host,path,status,when,ip,agent", true),
            ("host,ip,path,agent", true),
            ("host,path,agent,status", false),
            ("id,when,ip,path,20250414000000", false),
            ("id,status,bytes,ip,agent", true),
            ("id,status,bytes,agent", false),
            // A client's line: its id, path and agent are what it likes.
            ("id,2025-04-14T00:00:00Z,ip,path", false),
            ("id,1744588800,ip,path,when", false),
            ("id,[14/Apr/2025:00:00:00 +0000],ip,path", false),
            ("ip,ip,ip,ip", false),
            ("", false),
        ] {
            assert_eq!(
                named.is_repeated_by(record.as_bytes()),
                expected,
                "{record}"
            );
        }
    }
}
