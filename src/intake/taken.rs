//! A block as it is parsed, and its cut into stretches.

use std::ops::Range;

use super::wrapping::Places;
use crate::intake::blocks::framing::Block;
use crate::intake::blocks::line_set::MOST_LINES;
use crate::intake::blocks::stretch::MOST_BYTES;

/// A block as it is parsed.
pub(super) struct Taken<'t> {
    /// Its lines, without what may have been wrapped around them.
    pub(super) block: &'t Block,
    /// The block as it stands in the log, if its lines were wrapped, and where they stand in it.
    pub(super) wrapped: Option<(&'t Block, &'t Places)>,
}

impl Taken<'_> {
    /// The place in the log of the line `number`, which lies at `range` of the block, and its bytes there.
    pub(super) fn in_log(&self, number: u64, range: Range<usize>) -> (u64, &[u8]) {
        let (found, range) = match self.wrapped {
            None => (self.block, range),
            Some((found, places)) => {
                let index = self.index_of(number);
                let start = found.line_range(places.first_of(index)).start;
                (found, start..start.max(found.line_range(index).end))
            }
        };
        let bytes = &found.buffer.filled()[range.clone()];
        (found.offset + range.start as u64, bytes)
    }

    /// The place in the block of the line `number`.
    fn index_of(&self, number: u64) -> usize {
        usize::try_from(number - self.block.first_line).expect("a line of the block")
    }

    /// Whether the line at `index` is a part of a line whose end is missing.
    pub(super) fn is_endless(&self, index: usize) -> bool {
        self.wrapped
            .is_some_and(|(_, places)| places.is_endless(index))
    }
}

/// The lines of the stretch that begins with the line `first`; `None` behind the last line.
///
/// A stretch has at least one line. Its last may go beyond [`MOST_BYTES`].
pub(super) fn next_stretch(block: &Block, first: usize) -> Option<Range<usize>> {
    let count = usize::try_from(block.lines).expect("fewer than the block has bytes");
    let start = (first < count).then(|| block.line_range(first).start)?;
    let mut end = count.min(first + MOST_LINES);
    while end > first + 1 && block.line_range(end - 2).end - start >= MOST_BYTES {
        end -= 1;
    }
    Some(first..end)
}
