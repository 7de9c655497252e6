//! Chance that is the same on every machine.
//!
//! It is SplitMix64 (Steele, Lea and Flood, 2014), written by hand, so that no library's next version
//! changes the replica's bytes.

/// A bijection of 64-bit numbers that looks random.
pub(super) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a stream of chance decides.
///
/// Each kind has its own numbers, so that a scenario's draws leave the replica's as they are. Changing
/// a value changes every replica.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Who begins an honest session, from where, and what they do.
    Session = 1,
    /// What the crawl meets at one customer number.
    CrawlVisit = 2,
    /// Which of the issuer's two instances issues a token.
    Instance = 101,
    /// Whether a customer belongs to the second data centre.
    DataCentre = 102,
    /// Whether the record of a token is lost.
    RecordLoss = 103,
    /// Whether a client keeps an expired token and uses it again.
    CachedToken = 104,
    /// What a forged token claims.
    Guise = 105,
    /// Who takes part in the load test (index 0), and the test's tokens.
    LoadTest = 201,
    /// The one forged request of a day.
    OneADay = 202,
    /// A session in a world beside the replica.
    WorldSession = 301,
    /// A forged token in such a world.
    WorldForgery = 302,
    /// Texts of such a world that are ids and names.
    WorldText = 303,
}

/// A stream of numbers that decides one thing of the world.
pub(super) struct Chance(u64);

impl Chance {
    /// The stream for the `index`-th thing of a kind.
    pub(super) fn of(seed: u64, kind: Kind, index: u64) -> Self {
        Chance(mix(mix(seed ^ mix(kind as u64)) ^ index))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A time from 0 to just below `end`, in milliseconds.
    pub(super) fn time_below(&mut self, end: i64) -> i64 {
        self.below(end as u64) as i64
    }

    /// Draws once, and is true for one draw in `n`.
    pub(super) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
