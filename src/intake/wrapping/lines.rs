//! The lines of a block without what was wrapped around them, and where each stands in the log.

use std::collections::BTreeMap;

use crate::intake::blocks::framing::Block;

/// Lines of a block, in the place of those that it has.
///
/// Each line keeps its number. Of a line that came in parts the last part has all of it, and the others are
/// empty.
#[derive(Debug)]
pub(crate) struct BlockLines {
    bytes: Vec<u8>,
    spans: Vec<(u32, u32)>,
    /// The last part of each line that came in several, with the first one.
    joined: BTreeMap<usize, usize>,
    /// The parts of lines whose end is missing.
    endless: Vec<usize>,
    /// By stream: the parts of the line that is not whole yet.
    open: [Vec<usize>; 2],
}

impl BlockLines {
    /// No lines yet, with room for those of `block`.
    pub(crate) fn begin(block: &Block) -> Self {
        BlockLines {
            bytes: Vec::with_capacity(block.buffer.filled().len()),
            spans: Vec::with_capacity(block.count()),
            joined: BTreeMap::new(),
            endless: Vec::new(),
            open: [Vec::new(), Vec::new()],
        }
    }

    /// Adds the next line.
    pub(crate) fn add(&mut self, line: &[u8]) {
        // A block is far shorter than 4 GiB, and the lines inside are shorter than those around them.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(line);
        self.spans.push((start, self.bytes.len() as u32));
        self.bytes.push(b'\n');
    }

    /// Adds a line that is a part of one of a stream.
    pub(crate) fn add_part(&mut self, stream: usize) {
        self.open[stream].push(self.spans.len());
        self.add(b"");
    }

    /// Says that the next line has all parts of the line of a stream.
    pub(crate) fn close_parts(&mut self, stream: usize) {
        if let Some(first) = self.open[stream].first() {
            self.joined.insert(self.spans.len(), *first);
        }
        self.open[stream].clear();
    }

    /// Notes that no more lines come.
    pub(crate) fn finish(&mut self) {
        for open in &mut self.open {
            self.endless.append(open);
        }
        self.endless.sort_unstable();
    }

    /// The block with these lines instead of its own, and the places of its own.
    pub(crate) fn into_block(mut self, block: &Block) -> (Block, Places) {
        let bytes = std::mem::take(&mut self.bytes);
        let spans = std::mem::take(&mut self.spans);
        let places = Places {
            joined: self.joined,
            endless: self.endless,
        };
        (block.with_lines(bytes, spans), places)
    }
}

/// Which lines of a block stand for several lines of the log, and which for none.
#[derive(Debug, Default)]
pub(crate) struct Places {
    joined: BTreeMap<usize, usize>,
    endless: Vec<usize>,
}

impl Places {
    /// The first line of those in the log of which the line at `index` consists.
    pub(crate) fn first_of(&self, index: usize) -> usize {
        self.joined.get(&index).copied().unwrap_or(index)
    }

    /// Whether the line at `index` is a part of one whose end is missing.
    pub(crate) fn is_endless(&self, index: usize) -> bool {
        self.endless.binary_search(&index).is_ok()
    }
}
