//! A set of lines of one stretch, as the bits of one machine word.

use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, Not, Sub, SubAssign};

/// The most lines that a stretch has.
///
/// A set of them fits into one machine word, and the places of their fields stay in the processor's
/// nearest caches.
pub(crate) const MOST_LINES: usize = 64;

/// A set of lines of one stretch, each known by its place in it.
///
/// Bit `n` stands for the line at place `n`, from 0. Operators work as on sets: `a & b` has the lines of
/// both, `a | b` those of either, `a - b` those of `a` without those of `b`. `!a` has every other place,
/// also those behind the last line of the stretch, so it only makes sense together with an `&`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineSet(u64);

const _: () = assert!(MOST_LINES == u64::BITS as usize, "a bit for each line");

impl LineSet {
    /// No line.
    pub const EMPTY: LineSet = LineSet(0);
    /// Every place of a stretch.
    pub const ALL: LineSet = LineSet(u64::MAX);

    /// The first `count` lines of a stretch.
    #[inline]
    pub fn first(count: usize) -> Self {
        // For no line the shift would be by all 64 bits, which Rust does not allow; the set is empty then.
        let unused = (MOST_LINES - count) as u32;
        LineSet(u64::MAX.checked_shr(unused).unwrap_or(0))
    }

    /// Whether the set has `line`.
    #[inline(always)]
    pub fn contains(self, line: usize) -> bool {
        self.0 >> line & 1 == 1
    }

    /// Whether the set has no line.
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many lines the set has.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Adds `line`.
    #[inline(always)]
    pub fn insert(&mut self, line: usize) {
        self.0 |= 1 << line;
    }

    /// Takes `line` out.
    #[inline(always)]
    pub fn remove(&mut self, line: usize) {
        self.0 &= !(1 << line);
    }

    /// Adds `line` if `holds` is true, without a branch: loops over all lines of a stretch call it.
    #[inline(always)]
    pub(crate) fn insert_if(&mut self, line: usize, holds: bool) {
        self.0 |= u64::from(holds) << line;
    }

    /// Takes `line` out if `holds` is true, without a branch.
    #[inline(always)]
    pub(crate) fn remove_if(&mut self, line: usize, holds: bool) {
        self.0 &= !(u64::from(holds) << line);
    }

    /// The lines, in order.
    #[inline(always)]
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let line = rest.trailing_zeros() as usize;
            // Clears the lowest bit that is set. With none set, `line` is 64 and the loop ends.
            rest &= rest.wrapping_sub(1);
            (line < MOST_LINES).then_some(line)
        })
    }

    /// The set as bits, as the columns of a batch take it.
    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// The set of the lines whose bits are set.
    #[inline(always)]
    pub(crate) fn of_bits(bits: u64) -> Self {
        LineSet(bits)
    }

    /// The lines of this set that stay when only `kept` lines do, by their new places.
    ///
    /// The lines of `kept` then stand at the places from 0 on, in their order.
    pub(crate) fn compacted(self, kept: LineSet) -> Self {
        let places = kept.iter().enumerate();
        let still = places.filter(|(_, from)| self.contains(*from));
        still.map(|(to, _)| to).collect()
    }
}

impl FromIterator<usize> for LineSet {
    #[inline(always)]
    fn from_iter<I: IntoIterator<Item = usize>>(lines: I) -> Self {
        let mut set = LineSet::EMPTY;
        lines.into_iter().for_each(|line| set.insert(line));
        set
    }
}

impl BitAnd for LineSet {
    type Output = LineSet;

    #[inline(always)]
    fn bitand(self, other: LineSet) -> LineSet {
        LineSet(self.0 & other.0)
    }
}

impl BitAndAssign for LineSet {
    #[inline(always)]
    fn bitand_assign(&mut self, other: LineSet) {
        self.0 &= other.0;
    }
}

impl BitOr for LineSet {
    type Output = LineSet;

    #[inline(always)]
    fn bitor(self, other: LineSet) -> LineSet {
        LineSet(self.0 | other.0)
    }
}

impl BitOrAssign for LineSet {
    #[inline(always)]
    fn bitor_assign(&mut self, other: LineSet) {
        self.0 |= other.0;
    }
}

impl Sub for LineSet {
    type Output = LineSet;

    #[inline(always)]
    fn sub(self, other: LineSet) -> LineSet {
        LineSet(self.0 & !other.0)
    }
}

impl SubAssign for LineSet {
    #[inline(always)]
    fn sub_assign(&mut self, other: LineSet) {
        self.0 &= !other.0;
    }
}

impl Not for LineSet {
    type Output = LineSet;

    #[inline(always)]
    fn not(self) -> LineSet {
        LineSet(!self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_lines_are_sets() {
        let set: LineSet = [0, 5, 63].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 63]);
        assert_eq!(
            (set.len(), set.contains(5), set.contains(6)),
            (3, true, false)
        );
        assert_eq!(LineSet::first(0), LineSet::EMPTY);
        assert_eq!(LineSet::first(64), LineSet::ALL);
        assert_eq!((set - LineSet::first(6)).iter().collect::<Vec<_>>(), [63]);
        let kept: LineSet = [5, 6, 63].into_iter().collect();
        assert_eq!(set.compacted(kept).iter().collect::<Vec<_>>(), [0, 2]);
        let mut one = set;
        one.remove(0);
        one.remove_if(5, false);
        one.insert_if(7, true);
        assert_eq!(one.iter().collect::<Vec<_>>(), [5, 7, 63]);
    }
}
