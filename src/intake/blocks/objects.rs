//! Where the objects of a JSON array begin and end, for logs that are one document.
//!
//! The walk looks at quotes and brackets alone, so that it also finds the objects of a document that is
//! damaged; whether each is valid JSON is up to the parser.

use crate::bytes::{quote_end, without_bom};

/// How deep in a document its objects are: 1 in a bare array, 2 in an array in an envelope.
///
/// An envelope is an object whose member `Records` or `value` is the array, with only texts, numbers and
/// the like before. Returns `None` for anything else, as for a log with an object on each line.
pub(crate) fn array_depth(head: &[u8]) -> Option<usize> {
    let mut at = 0;
    let skip_blanks = |at: &mut usize| {
        while head.get(*at).is_some_and(u8::is_ascii_whitespace) {
            *at += 1;
        }
    };
    skip_blanks(&mut at);
    match head.get(at)? {
        b'[' => return Some(1),
        b'{' => at += 1,
        _ => return None,
    }
    loop {
        skip_blanks(&mut at);
        let end = quote_end(head, at + 1).filter(|_| head.get(at) == Some(&b'"'))?;
        let key = &head[at + 1..end];
        at = end + 1;
        skip_blanks(&mut at);
        if head.get(at) != Some(&b':') {
            return None;
        }
        at += 1;
        skip_blanks(&mut at);
        match head.get(at)? {
            b'[' if matches!(key, b"Records" | b"value") => {
                at += 1;
                skip_blanks(&mut at);
                return (matches!(head.get(at), Some(b'{' | b']'))).then_some(2);
            }
            b'"' => at = quote_end(head, at + 1)? + 1,
            b'[' | b'{' => return None,
            _ => at += memchr::memchr3(b',', b'}', b'\n', &head[at..])?,
        }
        skip_blanks(&mut at);
        if head.get(at) != Some(&b',') {
            return None;
        }
        at += 1;
    }
}

/// Finds the objects of an array that is `base` deep in its document.
///
/// Returns where each begins and ends, and where the last whole one ends. Commas and blanks between
/// objects belong to the document; anything else there is a record of its own, which becomes a reject.
/// With `at_end` all bytes are taken, and what is left of an object that was cut short is a record too.
pub(crate) fn find_objects(bytes: &[u8], base: usize, at_end: bool) -> (Vec<(u32, u32)>, usize) {
    let bom = bytes.len() - without_bom(bytes).len();
    let begins_document = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => true,
        Some(b'{') => base == 2 && array_depth(bytes) == Some(2),
        _ => bom > 0,
    };
    let mut walk = Walk {
        bytes,
        base,
        // A block after the first begins inside the array.
        depth: if begins_document { 0 } else { base },
        begin: None,
        stray: None,
        spans: Vec::new(),
        whole: 0,
    };
    walk.go(bom);
    if at_end {
        if let Some(start) = walk.begin.or(walk.stray) {
            let length = bytes[start..].trim_ascii_end().len();
            walk.end_record(start, start + length);
        }
        walk.whole = bytes.len();
    }
    (walk.spans, walk.whole)
}

/// A walk through the bytes of an array.
struct Walk<'b> {
    bytes: &'b [u8],
    /// How deep the array's objects are.
    base: usize,
    /// How many brackets are open.
    depth: usize,
    /// Where the object that is not closed yet begins.
    begin: Option<usize>,
    /// Where text between objects begins that does not belong there.
    stray: Option<usize>,
    /// Where the records found are. A block is far below 4 GiB, so 32 bits are enough.
    spans: Vec<(u32, u32)>,
    /// Where the last of them ends.
    whole: usize,
}

impl Walk<'_> {
    fn go(&mut self, mut at: usize) {
        while at < self.bytes.len() {
            let byte = self.bytes[at];
            self.look_for_stray(byte, at);
            match byte {
                b'"' => match self.skip_string(at + 1) {
                    Some(behind) => {
                        at = behind;
                        continue;
                    }
                    None => return,
                },
                b'{' | b'[' => self.open(byte, at),
                b'}' | b']' => self.close(at),
                _ => {}
            }
            at += 1;
        }
    }

    fn look_for_stray(&mut self, byte: u8, at: usize) {
        if self.depth != self.base {
            return;
        }
        let between = matches!(byte, b'{' | b']' | b',') || byte.is_ascii_whitespace();
        if self.begin.is_none() && !between {
            self.stray.get_or_insert(at);
        } else if matches!(byte, b'{' | b']' | b',' | b'\n')
            && let Some(start) = self.stray.take()
        {
            self.end_record(start, at);
        }
    }

    fn open(&mut self, byte: u8, at: usize) {
        if byte == b'{' && self.depth == self.base && self.begin.is_none() {
            self.begin = Some(at);
        }
        self.depth += 1;
    }

    fn close(&mut self, at: usize) {
        // A damaged document may close more than it opened.
        self.depth = self.depth.saturating_sub(1);
        if self.depth == self.base
            && let Some(start) = self.begin.take()
        {
            self.end_record(start, at + 1);
        }
    }

    /// Goes behind the string whose text begins at `at`; `None` if the bytes end within it.
    ///
    /// JSON has no line end inside a string. Where there is one, the string was never closed: the
    /// object ends there, and the next line begins outside of any object.
    fn skip_string(&mut self, mut at: usize) -> Option<usize> {
        loop {
            let text = self.bytes.get(at..)?;
            let found = at + memchr::memchr3(b'"', b'\\', b'\n', text)?;
            at = found + 1;
            match self.bytes[found] {
                b'\\' => at += 1,
                b'"' => return Some(at),
                _ => {
                    if let Some(start) = self.begin.take() {
                        self.end_record(start, found);
                        self.depth = self.base;
                    }
                    return Some(at);
                }
            }
        }
    }

    fn end_record(&mut self, start: usize, end: usize) {
        self.spans.push((start as u32, end as u32));
        self.whole = end;
    }
}
