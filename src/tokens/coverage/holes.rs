//! Holes: stretches of time in which a log lacks records.

use super::Basis;

/// A stretch of time in which records are missing; times are microseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Time of the last record before the hole.
    pub from: i64,
    /// Time of the first record after the hole.
    pub to: i64,
    /// How many records are missing; `None` if only the range is known.
    pub missing: Option<u64>,
    /// What shows the hole.
    pub basis: Basis,
}

/// The holes of a log by time; they may overlap.
#[derive(Debug, Clone, Default)]
pub struct Holes {
    sorted: Vec<Hole>,
    /// For each hole, the latest end of this hole and those before it.
    reach: Vec<i64>,
    /// All times at which a hole begins or ends, in order, each once.
    edges: Vec<i64>,
}

impl Holes {
    /// Each hole, in order of its begin.
    pub fn iter(&self) -> impl Iterator<Item = &Hole> {
        self.sorted.iter()
    }

    /// The first hole that the moment `at` lies in, when each hole is widened by `wide` on both sides.
    pub fn at(&self, at: i64, wide: i64) -> Option<&Hole> {
        let first = self.reach.partition_point(|end| *end < at - wide);
        self.sorted.get(first).filter(|hole| hole.from - wide <= at)
    }

    /// The times from `from` to `to`, both included, at which a hole begins or ends.
    pub fn edges(&self, from: i64, to: i64) -> &[i64] {
        let begin = self.edges.partition_point(|edge| *edge < from);
        let end = self.edges.partition_point(|edge| *edge <= to);
        &self.edges[begin..end]
    }
}

impl From<Vec<Hole>> for Holes {
    fn from(mut sorted: Vec<Hole>) -> Self {
        sorted.sort_by_key(|hole| (hole.from, hole.to));
        let mut end = i64::MIN;
        let reach = sorted.iter().map(|hole| {
            end = end.max(hole.to);
            end
        });
        let reach = reach.collect();
        let mut edges: Vec<i64> = sorted
            .iter()
            .flat_map(|hole| [hole.from, hole.to])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        Holes {
            sorted,
            reach,
            edges,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_found_in_the_first_hole_that_has_it() {
        let hole = |from, to| Hole {
            from,
            to,
            missing: None,
            basis: Basis::Sequence,
        };
        let all = [(40, 50), (10, 100), (20, 30), (200, 210), (205, 220)];
        let holes = Holes::from(all.map(|(from, to)| hole(from, to)).to_vec());
        for wide in [0, 3] {
            for at in 0..240 {
                let inside = |hole: &&Hole| hole.from - wide <= at && at <= hole.to + wide;
                assert_eq!(holes.at(at, wide), holes.iter().find(inside), "{at} {wide}");
            }
        }
        assert_eq!(holes.edges(20, 50), [20, 30, 40, 50]);
        assert_eq!(holes.edges(101, 199), [0; 0]);
        assert_eq!(Holes::default().at(5, 1), None);
    }
}
