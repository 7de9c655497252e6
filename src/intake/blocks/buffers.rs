//! Buffers for blocks of a log, used again and again, with the places where lines end.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use crate::bytes::find_all;

/// Bytes of a block, before its last line is whole.
pub(crate) const BLOCK: usize = 8 << 20;
/// Bytes of the largest buffer that is kept: one that had to hold a very long line is not.
const MOST_POOLED: usize = 2 * BLOCK;

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<(Vec<u8>, Vec<u32>)>>);

impl Pool {
    /// A buffer with room for so many bytes.
    pub(crate) fn take(self: &Arc<Self>, size: usize) -> Buffer {
        let known = self.0.lock().expect("no panic while pooling").pop();
        let (bytes, mut line_ends) = known
            .filter(|(bytes, _)| bytes.len() >= size)
            .unwrap_or_else(|| (vec![0; size], Vec::new()));
        line_ends.clear();
        Buffer {
            bytes,
            length: 0,
            line_ends,
            pool: Arc::clone(self),
        }
    }
}

/// A buffer of a pool, to which it goes back.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    /// Where lines end among them.
    line_ends: Vec<u32>,
    pool: Arc<Pool>,
}

impl Buffer {
    /// The bytes that are filled.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Where lines end among them.
    pub(crate) fn line_ends(&self) -> &[u32] {
        &self.line_ends
    }

    /// Reads once, up to `target` bytes in all.
    pub(crate) fn read(&mut self, content: &mut dyn Read, target: usize) -> io::Result<usize> {
        if self.bytes.len() < target {
            self.bytes.resize(target, 0);
        }
        let from = self.length;
        let length = content.read(&mut self.bytes[from..target])?;
        self.length += length;
        // At once, for what was just read is at hand.
        self.find_line_ends(from);
        Ok(length)
    }

    /// Moves what is filled from `end` on into `rest`, which is empty.
    pub(crate) fn split_off(&mut self, end: usize, mut rest: Buffer) -> Buffer {
        let left = self.length - end;
        if rest.bytes.len() < left {
            rest.bytes.resize(left, 0);
        }
        rest.bytes[..left].copy_from_slice(&self.bytes[end..self.length]);
        rest.length = left;
        rest.find_line_ends(0);
        self.length = end;
        let ends = self.line_ends.len() - rest.line_ends.len();
        self.line_ends.truncate(ends);
        rest
    }

    /// Notes the line ends of what was filled from `from` on.
    fn find_line_ends(&mut self, from: usize) {
        let new = &self.bytes[from..self.length];
        find_all(new, b'\n', from, &mut self.line_ends);
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.bytes.len() <= MOST_POOLED {
            let mut pool = self.pool.0.lock().expect("no panic while pooling");
            pool.push((
                std::mem::take(&mut self.bytes),
                std::mem::take(&mut self.line_ends),
            ));
        }
    }
}
