//! Buffers that blocks of a log are read into and that are used again, with the places of line ends.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use crate::bytes::find_all;

/// Bytes that are read before a block is cut off; its last line may then make it longer.
pub(crate) const BLOCK: usize = 8 << 20;
/// Bytes of the largest buffer that goes back to its pool.
///
/// A larger one had to hold a very long line; keeping it would keep that memory to the end of the run.
const MOST_POOLED: usize = 2 * BLOCK;

/// Buffers that wait to be used again.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<(Vec<u8>, Vec<u32>)>>);

impl Pool {
    /// Takes an empty buffer with room for `size` bytes out of the pool, or makes one.
    pub(crate) fn take(self: &Arc<Self>, size: usize) -> Buffer {
        let pooled = self.0.lock().expect("no panic while pooling").pop();
        let (bytes, mut line_ends) = pooled
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

/// Bytes of a log and the places of their line ends; goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// How many of `bytes` are filled.
    length: usize,
    line_ends: Vec<u32>,
    pool: Arc<Pool>,
}

impl Buffer {
    /// A buffer of these bytes, whose line ends nobody looks for.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Buffer {
            length: bytes.len(),
            bytes,
            line_ends: Vec::new(),
            pool: Arc::default(),
        }
    }

    /// The bytes that were read.
    pub(crate) fn filled(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The places of the line ends among them, in order.
    pub(crate) fn line_ends(&self) -> &[u32] {
        &self.line_ends
    }

    /// Reads once, so that at most `target` bytes are filled; returns how many were added.
    pub(crate) fn read(&mut self, content: &mut dyn Read, target: usize) -> io::Result<usize> {
        if self.bytes.len() < target {
            self.bytes.resize(target, 0);
        }
        let from = self.length;
        let length = content.read(&mut self.bytes[from..target])?;
        self.length += length;
        // Now, because what was just read is still in the processor's cache.
        self.find_line_ends(from);
        Ok(length)
    }

    /// Moves what is filled from `end` on into the empty buffer `rest`, and returns that.
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

    /// Adds the line ends among the bytes filled from `from` on.
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
