//! The layouts of the latest lines of a block, and whether looking for more of them still pays.

use super::layout::Layout;
use super::watched::Watched;
use crate::intake::blocks::fields::Fields;
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;

/// How many layouts are known at once. Logs mix few kinds of lines, and each layout costs a look.
const MOST_KNOWN: usize = 4;
/// What a line that no layout fits costs; a line that one fits earns 1. A layout thus pays off if more
/// than four in five lines fit.
const MISS_COST: u32 = 4;
/// The most credit that is saved up, so that a log whose lines begin to differ is noticed soon.
const MOST_CREDIT: u32 = 64;

/// The layouts that are known, the latest first.
#[derive(Debug)]
pub(super) struct Layouts {
    known: Vec<Layout>,
    credit: u32,
}

impl Default for Layouts {
    fn default() -> Self {
        Layouts {
            known: Vec::new(),
            credit: MOST_CREDIT,
        }
    }
}

impl Layouts {
    /// Reads those of `lines` that a known layout fits, and returns which they are.
    pub(super) fn read(&mut self, stretch: &mut Stretch<'_>, lines: LineSet) -> LineSet {
        let mut left = lines;
        for index in 0..self.known.len() {
            if left.is_empty() {
                break;
            }
            left -= self.known[index].read(stretch, left);
            if left.is_empty() {
                // The layout that fitted the last lines is likely to fit the next ones.
                self.known.swap(0, index);
            }
        }
        self.earn(lines - left);
        lines - left
    }

    /// Reads those of `lines` that the layout learned last fits, and returns which they are.
    pub(super) fn read_by_newest(&mut self, stretch: &mut Stretch<'_>, lines: LineSet) -> LineSet {
        let newest = self.known.first().filter(|_| !lines.is_empty());
        let read = newest.map_or(LineSet::EMPTY, |layout| layout.read(stretch, lines));
        self.earn(read);
        read
    }

    fn earn(&mut self, read: LineSet) {
        // A set has 64 lines at most.
        self.credit = MOST_CREDIT.min(self.credit + read.len() as u32);
    }

    /// Whether a line that no layout fits is worth walking here, so that its layout can be learned.
    pub(super) fn may_learn(&self) -> bool {
        self.credit > 0
    }

    /// Learns the layout of `line`, from which the scanner has just filled `fields`. Tells whether the
    /// line has a layout and the credit sufficed.
    pub(super) fn learn(&mut self, line: &str, fields: &Fields<'_>, watched: &[Watched]) -> bool {
        self.pay_for_miss();
        if !self.may_learn() {
            return false;
        }
        let Some(layout) = Layout::of(line, fields, watched) else {
            return false;
        };
        self.known.truncate(MOST_KNOWN - 1);
        self.known.insert(0, layout);
        true
    }

    /// Pays for a line that no layout fits. When the credit is used up, lines of this block are rarely
    /// alike: the layouts are forgotten, and no more are learned.
    pub(super) fn pay_for_miss(&mut self) {
        self.credit = self.credit.saturating_sub(MISS_COST);
        if self.credit == 0 {
            self.known.clear();
        }
    }
}
