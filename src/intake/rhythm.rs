//! Finds silences: pauses in which a source logged nothing although its own rhythm says it should have.
//!
//! A source that logged for four weeks or more has a rhythm by the hour of the week: the median number
//! of events in each such hour. With four days or more it has one by the hour of the day; a shorter log
//! has none. A pause is a silence if the rhythm expects at least [`LEAST`] events in it. So neither a
//! quiet night nor a source that logs now and then is called silent.
//!
//! Events are counted in *pulses*, one for each interval of five minutes that has any. Times are in
//! microseconds since 1970 UTC.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds of the intervals in which events are counted.
pub(crate) const INTERVAL: i64 = 300 * 1_000_000;

/// The events of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pulse {
    /// When the interval begins.
    begin: i64,
    /// How many events it has.
    count: u64,
    /// The time of the first of them.
    first: i64,
    /// The time of the last of them.
    last: i64,
}

impl Pulse {
    fn covers(&self, time: i64) -> bool {
        (self.begin..self.begin + INTERVAL).contains(&time)
    }

    fn add(&mut self, other: Pulse) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// The events of some part of the evidence, interval by interval.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulses {
    all: Vec<Pulse>,
    /// How many there were when they were last merged.
    merged: usize,
}

impl Pulses {
    /// Counts the events at `times`. Lines are nearly in order, so most belong to the last interval.
    pub(crate) fn count(&mut self, times: &[i64]) {
        let mut rest = times;
        while let Some(time) = rest.first() {
            if !self.all.last().is_some_and(|pulse| pulse.covers(*time)) {
                self.all.push(Pulse {
                    begin: time.div_euclid(INTERVAL) * INTERVAL,
                    count: 0,
                    first: *time,
                    last: *time,
                });
            }
            let pulse = self.all.last_mut().expect("it covers the time");
            let other = rest.iter().position(|time| !pulse.covers(*time));
            let (run, others) = rest.split_at(other.unwrap_or(rest.len()));
            pulse.count += run.len() as u64;
            for time in run {
                pulse.first = pulse.first.min(*time);
                pulse.last = pulse.last.max(*time);
            }
            rest = others;
        }
        self.merge_if_long();
    }

    /// Adds the events of another part of the evidence.
    pub(crate) fn append(&mut self, mut other: Pulses) {
        self.all.append(&mut other.all);
        self.merge_if_long();
    }

    /// The first and the last event.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let first = self.all.iter().map(|pulse| pulse.first).min();
        first.zip(self.all.iter().map(|pulse| pulse.last).max())
    }

    /// Puts the pulses in order and adds up those of one interval.
    fn merge(&mut self) {
        self.all.sort_by_key(|pulse| pulse.begin);
        self.all.dedup_by(|later, kept| {
            let same = later.begin == kept.begin;
            if same {
                kept.add(*later);
            }
            same
        });
        self.merged = self.all.len();
    }

    /// Merges when there are many more pulses than after the last time.
    ///
    /// A log may go back in time as often as it likes; without this, each time would add a pulse.
    fn merge_if_long(&mut self) {
        if self.all.len() > 2 * self.merged + 4096 {
            self.merge();
        }
    }
}

/// A pulse is four numbers: its interval, its count, and where in it the first and the last event are.
impl Serialize for Pulses {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let row = |pulse: &Pulse| {
            let begin = pulse.begin;
            let count = i64::try_from(pulse.count).expect("fewer events than microseconds");
            [
                begin / INTERVAL,
                count,
                pulse.first - begin,
                pulse.last - begin,
            ]
        };
        to.collect_seq(self.all.iter().map(row))
    }
}

impl<'de> Deserialize<'de> for Pulses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let rows = Vec::<[i64; 4]>::deserialize(from)?;
        let pulse = |[interval, count, first, last]: [i64; 4]| {
            let begin = interval.checked_mul(INTERVAL)?;
            Some(Pulse {
                begin,
                count: u64::try_from(count).ok()?,
                first: begin.checked_add(first)?,
                last: begin.checked_add(last)?,
            })
        };
        let all: Option<Vec<Pulse>> = rows.into_iter().map(pulse).collect();
        let all = all.ok_or_else(|| serde::de::Error::custom("intervals beyond any time"))?;
        Ok(Pulses { all, merged: 0 })
    }
}

/// How many events the rhythm must expect in a silence: with fewer, a pause may be chance.
const LEAST: f64 = 30.0;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// A time without events, in microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pause {
    /// The last event before.
    pub(crate) from: i64,
    /// The first event after.
    pub(crate) to: i64,
    /// How many events the rhythm expects in it.
    pub(crate) expected: u64,
    /// Which rhythm, in words.
    pub(crate) basis: &'static str,
}

/// Finds the silences of a source with these events.
pub(crate) fn silences(mut pulses: Pulses) -> Vec<Pause> {
    pulses.merge();
    let pulses = without_strays(&pulses.all);
    let (Some(first), Some(last)) = (pulses.first(), pulses.last()) else {
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
    let median = medians(
        &pulses,
        first.div_euclid(HOUR) + 1,
        last.div_euclid(HOUR),
        cycle / HOUR,
    );
    let mut found = Vec::new();
    for pair in pulses.windows(2) {
        let (from, to) = (pair[0].last, pair[1].first);
        if to - from <= INTERVAL {
            continue;
        }
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
    found
}

/// Leaves out events that are few and far from all others, as of a clock that was not set yet.
///
/// A rhythm that reached as far as those would have nothing but empty hours.
fn without_strays(pulses: &[Pulse]) -> Vec<Pulse> {
    let together = pulses.chunk_by(|a, b| b.first - a.last <= 4 * WEEK);
    let events = |part: &&[Pulse]| part.iter().map(|pulse| pulse.count).sum::<u64>() as f64;
    together
        .filter(|part| events(part) >= LEAST)
        .flatten()
        .copied()
        .collect()
}

/// The median count of each hour of the cycle, over the whole hours from `first` up to `last`.
fn medians(pulses: &[Pulse], first: i64, last: i64, cycle: i64) -> Vec<f64> {
    let hour = |pulse: &Pulse| pulse.begin.div_euclid(HOUR);
    let mut of = vec![Vec::new(); usize::try_from(cycle).expect("a positive cycle")];
    for events in pulses.chunk_by(|a, b| hour(a) == hour(b)) {
        let hour = hour(&events[0]);
        if (first..last).contains(&hour) {
            let count: u64 = events.iter().map(|pulse| pulse.count).sum();
            of[hour_in_cycle(hour, cycle)].push(count);
        }
    }
    let median = |(place, counts): (usize, &mut Vec<u64>)| {
        // A log with one time that is far off has very many hours without events. They are counted, not kept.
        let from_here = last - first - (place as i64 - first).rem_euclid(cycle);
        let hours = (from_here.max(0) + cycle - 1) / cycle;
        let silent = usize::try_from(hours).expect("not below zero") - counts.len();
        counts.sort_unstable();
        // Of an even number of hours the lower median: most weeks or days must have the rhythm.
        let middle = (silent + counts.len()).saturating_sub(1) / 2;
        let count = middle.checked_sub(silent).and_then(|at| counts.get(at));
        count.map_or(0.0, |count| *count as f64)
    };
    of.iter_mut().enumerate().map(median).collect()
}

/// The place of an hour in its cycle.
fn hour_in_cycle(hour: i64, cycle: i64) -> usize {
    usize::try_from(hour.rem_euclid(cycle)).expect("an hour of the cycle")
}

/// How many events the rhythm expects between two moments.
fn expected(median: &[f64], from: i64, to: i64) -> f64 {
    let cycle = median.len() as i64;
    let whole = (to - from) / (cycle * HOUR);
    let mut sum = median.iter().sum::<f64>() * whole as f64;
    let mut at = from + whole * cycle * HOUR;
    while at < to {
        let hour = at.div_euclid(HOUR);
        let end = ((hour + 1) * HOUR).min(to);
        sum += median[hour_in_cycle(hour, cycle)] * (end - at) as f64 / HOUR as f64;
        at = end;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pulses of a source with so many events in each hour.
    fn source(hours: i64, count: impl Fn(i64) -> u64) -> Pulses {
        let mut pulses = Pulses::default();
        for hour in 0..hours {
            let each = HOUR / count(hour).max(1) as i64;
            let events = 0..count(hour) as i64;
            let times: Vec<i64> = events.map(|event| hour * HOUR + event * each).collect();
            times.chunks(64).for_each(|times| pulses.count(times));
        }
        pulses
    }

    #[test]
    fn pulses_are_the_same_in_any_order_and_after_they_were_written() {
        let times: Vec<i64> = (0..20_000)
            .map(|n| n * 7_919 % 20_011 * 10_000_000)
            .collect();
        let mut sorted = times.clone();
        sorted.sort_unstable();
        let [mixed, ordered] = [times, sorted].map(|times| {
            let mut pulses = Pulses::default();
            for some in times.chunks(300) {
                let mut part = Pulses::default();
                some.chunks(64).for_each(|times| part.count(times));
                pulses.append(part);
            }
            pulses.merge();
            assert_eq!(pulses.span(), Some((0, 200_100_000_000)));
            pulses
        });
        assert_eq!(mixed.all, ordered.all);
        assert_eq!(
            ordered.all.iter().map(|pulse| pulse.count).sum::<u64>(),
            20_000
        );
        assert_eq!(ordered.all.len(), 668);
        let text = serde_json::to_string(&mixed).expect("written");
        let read: Pulses = serde_json::from_str(&text).expect("read");
        assert_eq!(read.all, mixed.all);
        let bad = serde_json::from_str::<Pulses>("[[9223372036854775807,1,0,0]]");
        assert!(bad.is_err());
    }

    #[test]
    fn an_outage_is_a_silence() {
        let found = silences(source(24 * 10, |hour| {
            if (100..104).contains(&hour) { 0 } else { 60 }
        }));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].to, found[0].expected), (104 * HOUR, 241));
    }

    #[test]
    fn times_that_are_far_off_hide_no_outage_and_are_none() {
        let mut pulses = source(
            24 * 10,
            |hour| if (100..104).contains(&hour) { 0 } else { 60 },
        );
        pulses.count(&[-1_700_000_000_000_000, 250_000_000_000_000_000]);
        let found = silences(pulses);
        assert_eq!(found.len(), 1, "{found:?}");
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
        assert_eq!(silences(source(24 * 42, office)), []);
        // The same outage on a working day is one.
        let outage = |hour: i64| if hour / 24 == 21 { 0 } else { office(hour) };
        let found = silences(source(24 * 42, outage));
        assert_eq!(found.len(), 1);
        assert!(found[0].expected >= 400, "{found:?}");
    }

    #[test]
    fn sources_that_log_now_and_then_and_short_logs_have_no_rhythm() {
        assert_eq!(
            silences(source(24 * 60, |hour| u64::from(hour % 37 == 0))),
            []
        );
        assert_eq!(
            silences(source(24 * 3, |hour| if hour == 30 { 0 } else { 500 })),
            []
        );
        assert_eq!(
            silences(source(24 * 10, |hour| if hour == 100 { 0 } else { 20 })),
            [],
            "too few to tell"
        );
    }
}
