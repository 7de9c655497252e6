//! Whether the holders of issued tokens are found in the login log, hour by hour.

use std::collections::BTreeMap;

use super::HOUR;

/// How many issued tokens around a moment show that a token of that time has a login.
///
/// If none of 300 lacks one, at most 2.3 % do, with a confidence of 99.9 %.
const ENOUGH: u64 = 300;

/// How many issued tokens there are with and without a login, by the hour of their issue.
#[derive(Debug, Clone, Default)]
pub struct WithLogin {
    hours: BTreeMap<i64, [u64; 2]>,
    /// The hours in order, each with the counts up to its end.
    sums: Vec<(i64, [u64; 2])>,
}

impl WithLogin {
    /// Counts an issued token of the time `at`.
    pub fn count(&mut self, at: i64, has_login: bool) {
        let counts = self.hours.entry(at.div_euclid(HOUR)).or_default();
        counts[usize::from(!has_login)] += 1;
    }

    /// Takes other counts in.
    pub fn merge(&mut self, other: WithLogin) {
        for (hour, more) in other.hours {
            let counts = self.hours.entry(hour).or_default();
            counts.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
        }
    }

    /// Makes ready to be asked, once all is counted.
    pub fn sum_up(&mut self) {
        let mut sum = [0; 2];
        let up_to = self.hours.iter().map(|(hour, counts)| {
            sum.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
            (*hour, sum)
        });
        self.sums = up_to.collect();
    }

    /// Whether many issued tokens are near a moment, and each of them has a login.
    ///
    /// The nearest hours are looked at that have enough of them.
    pub fn shown(&self, at: i64) -> bool {
        let all = self.sums.last().map_or([0; 2], |(_, all)| *all);
        let hour = at.div_euclid(HOUR);
        let mut width = 1;
        loop {
            let [with, without] = self.between(hour - width, hour + width);
            if without > 0 || [with, without] == all && with < ENOUGH {
                return false;
            }
            if with >= ENOUGH {
                return true;
            }
            width *= 2;
        }
    }

    /// The counts of the hours from one to another, both included.
    fn between(&self, from: i64, to: i64) -> [u64; 2] {
        let before = |hour: i64| {
            let count = self.sums.partition_point(|(known, _)| *known < hour);
            count
                .checked_sub(1)
                .map_or([0; 2], |last| self.sums[last].1)
        };
        let (begin, end) = (before(from), before(to + 1));
        [end[0] - begin[0], end[1] - begin[1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_issued_tokens_near_by_and_none_without_a_login() {
        let log = |hours: std::ops::Range<i64>, without: Option<i64>| {
            let mut log = WithLogin::default();
            hours.for_each(|hour| log.count(hour * HOUR, true));
            without
                .into_iter()
                .for_each(|hour| log.count(hour * HOUR, false));
            let mut all = WithLogin::default();
            all.merge(log);
            all.sum_up();
            all
        };
        let shown = |log: &WithLogin, hour: i64| log.shown(hour * HOUR + 5);
        assert!(!shown(&WithLogin::default(), 5));
        assert!(!shown(&log(0..299, None), 5), "too few");
        assert!(shown(&log(0..300, None), 5));
        assert!(!shown(&log(0..300, Some(200)), 5), "one has no login");
        let long = log(0..3000, Some(2500));
        assert!(shown(&long, 100), "it is far away");
        assert!(!shown(&long, 2400), "it is near");
    }
}
