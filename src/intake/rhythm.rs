//! Silences: stretches in which a source logged nothing although its own rhythm lets expect events.
//!
//! A source's rhythm is the median number of events in each hour of the week (where it logged for four
//! weeks or more), else in each hour of the day (four days or more); a shorter log has no rhythm. A
//! pause is a silence if the rhythm lets expect at least [`LEAST`] events in it. So neither a quiet
//! night nor a source that logs now and then is called silent.

use std::collections::BTreeMap;

use super::block::{Pulse, STRETCH};

/// Events that must be expected in a silence: with fewer, a pause may be chance.
const LEAST: f64 = 30.0;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// A stretch without events: microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pause {
    /// The last event before.
    pub(super) from: i64,
    /// The first event after.
    pub(super) to: i64,
    /// Events that the rhythm lets expect.
    pub(super) expected: u64,
    /// Which rhythm.
    pub(super) basis: &'static str,
}

/// The silences of a source whose events came as `pulses`, by stretch of [`STRETCH`].
pub(super) fn silences(pulses: &BTreeMap<i64, Pulse>) -> Vec<Pause> {
    let (Some(first), Some(last)) = (pulses.values().next(), pulses.values().next_back()) else {
        return Vec::new();
    };
    let (first, last) = (first.first, last.last);
    let Some((cycle, basis)) = (match last - first {
        span if span >= 4 * WEEK => Some((WEEK, "the median of the same hour of the week")),
        span if span >= 4 * DAY => Some((DAY, "the median of the same hour of the day")),
        _ => None,
    }) else {
        return Vec::new();
    };
    let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
    for (stretch, pulse) in pulses {
        *hours
            .entry((stretch * STRETCH).div_euclid(HOUR))
            .or_default() += pulse.count;
    }
    let median = medians(
        &hours,
        first.div_euclid(HOUR) + 1,
        last.div_euclid(HOUR),
        cycle / HOUR,
    );
    let mut found = Vec::new();
    let mut before: Option<&Pulse> = None;
    for pulse in pulses.values() {
        if let Some(before) = before
            && pulse.first - before.last > STRETCH
        {
            let (from, to) = (before.last, pulse.first);
            let expected = expected(&median, from, to);
            if expected >= LEAST {
                found.push(Pause {
                    from,
                    to,
                    expected: expected as u64,
                    basis,
                });
            }
        }
        before = Some(pulse);
    }
    found
}

/// By hour of the cycle, the median count over whole hours from `first` up to `last`.
fn medians(hours: &BTreeMap<i64, u64>, first: i64, last: i64, cycle: i64) -> Vec<f64> {
    let mut of = vec![Vec::new(); usize::try_from(cycle).expect("a positive cycle")];
    for hour in first..last {
        let slot = usize::try_from(hour.rem_euclid(cycle)).expect("a slot of the cycle");
        of[slot].push(hours.get(&hour).copied().unwrap_or_default());
    }
    of.into_iter()
        .map(|mut counts| {
            counts.sort_unstable();
            // Of an even number the lower: a rhythm is claimed only where most weeks or days have it.
            let middle = counts.len().saturating_sub(1) / 2;
            counts.get(middle).map_or(0.0, |count| *count as f64)
        })
        .collect()
}

/// Events that the rhythm lets expect between two moments.
fn expected(median: &[f64], from: i64, to: i64) -> f64 {
    let cycle = median.len() as i64;
    let mut sum = 0.0;
    let mut at = from;
    while at < to {
        let hour = at.div_euclid(HOUR);
        let end = ((hour + 1) * HOUR).min(to);
        let slot = usize::try_from(hour.rem_euclid(cycle)).expect("a slot of the cycle");
        sum += median[slot] * (end - at) as f64 / HOUR as f64;
        at = end;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pulses of a source with so many events in each hour.
    fn source(hours: i64, count: impl Fn(i64) -> u64) -> BTreeMap<i64, Pulse> {
        let mut pulses = BTreeMap::new();
        for hour in 0..hours {
            let each = HOUR / count(hour).max(1) as i64;
            for event in 0..count(hour) {
                let time = hour * HOUR + event as i64 * each;
                let pulse = Pulse {
                    count: 1,
                    first: time,
                    last: time,
                };
                pulses
                    .entry(time.div_euclid(STRETCH))
                    .and_modify(|known: &mut Pulse| known.add(pulse))
                    .or_insert(pulse);
            }
        }
        pulses
    }

    #[test]
    fn an_outage_is_a_silence() {
        let found = silences(&source(24 * 10, |hour| {
            if (100..104).contains(&hour) { 0 } else { 60 }
        }));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].to, found[0].expected), (104 * HOUR, 241));
    }

    #[test]
    fn quiet_nights_and_weekends_are_none() {
        let office = |hour: i64| {
            if (9..17).contains(&(hour % 24)) && hour / 24 % 7 < 5 {
                50
            } else {
                0
            }
        };
        assert_eq!(silences(&source(24 * 42, office)), []);
        // The same outage on a working day is one.
        let outage = |hour: i64| if hour / 24 == 21 { 0 } else { office(hour) };
        let found = silences(&source(24 * 42, outage));
        assert_eq!(found.len(), 1);
        assert!(found[0].expected >= 400, "{found:?}");
    }

    #[test]
    fn sources_that_log_now_and_then_and_short_logs_have_no_rhythm() {
        assert_eq!(
            silences(&source(24 * 60, |hour| u64::from(hour % 37 == 0))),
            []
        );
        assert_eq!(
            silences(&source(24 * 3, |hour| if hour == 30 { 0 } else { 500 })),
            []
        );
        assert_eq!(
            silences(&source(24 * 10, |hour| if hour == 100 { 0 } else { 20 })),
            [],
            "too few to tell"
        );
    }
}
