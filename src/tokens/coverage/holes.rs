//! Stretches in which a log lacks records.

use super::Basis;

/// A stretch in which records are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// Time of the last record before.
    pub from: i64,
    /// Time of the first record after.
    pub to: i64,
    /// How many records are missing; `None` where only the range is known.
    pub missing: Option<u64>,
    /// How the hole is known.
    pub basis: Basis,
}

/// The holes of a log, by time. They may overlap.
#[derive(Debug, Clone, Default)]
pub struct Holes {
    sorted: Vec<Hole>,
    /// For each hole, the latest end of it and those before.
    reach: Vec<i64>,
    /// Where holes begin and end.
    edges: Vec<i64>,
}

impl Holes {
    /// Each hole.
    pub fn iter(&self) -> impl Iterator<Item = &Hole> {
        self.sorted.iter()
    }

    /// The first hole, widened by `wide` on both sides, that a moment lies in.
    pub fn at(&self, at: i64, wide: i64) -> Option<&Hole> {
        let first = self.reach.partition_point(|end| *end < at - wide);
        self.sorted.get(first).filter(|hole| hole.from - wide <= at)
    }

    /// Where holes begin or end, from a moment to another, both included.
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
