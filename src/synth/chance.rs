//! Chance that is the same on every machine: SplitMix64 (Steele, Lea and Flood, 2014), by hand so that
//! no library's next version changes the replica's bytes.

/// A bijection of 64-bit numbers that looks random.
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of numbers for one thing of the world.
pub(super) struct Chance(u64);

impl Chance {
    /// The stream for the `index`-th thing of a kind.
    pub(super) fn of(seed: u64, kind: u64, index: u64) -> Self {
        Chance(mix(mix(seed ^ mix(kind)) ^ index))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Whether one of `n` equal chances comes up.
    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
