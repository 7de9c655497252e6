//! Silences: stretches in which a source logged nothing although its own rhythm lets expect events.
//!
//! A source's rhythm is the median number of events by hour of the week (four weeks of log or more) or of the
//! day (four days or more; a shorter log has none), times the level of the days before or after, whichever
//! is lower. A pause is as long as the number of events to be expected in it. Events come in bursts, since one
//! visit makes many, so how long pauses are by chance is learned from the log: the lengths of the longest
//! fiftieth tell which length chance reaches once in [`YEARS`] years. Nights are burstier than days, so a pause
//! in the quietest hours, in which a quarter of all pauses fall, must also be too long among its like.
//! If at least [`LEAST`] events were to be expected in it, it is a silence.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds of the stretches in which events are counted to find a source's rhythm.
pub(crate) const STRETCH: i64 = 300 * 1_000_000;

/// Events of one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pulse {
    /// When the stretch begins.
    begin: i64,
    count: u64,
    first: i64,
    last: i64,
}

impl Pulse {
    fn covers(&self, time: i64) -> bool {
        (self.begin..self.begin + STRETCH).contains(&time)
    }

    fn add(&mut self, other: Pulse) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Events by stretch of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pulses {
    all: Vec<Pulse>,
    /// How many were left when they were last put in order.
    settled: usize,
}

impl Pulses {
    /// Counts events. Log lines come nearly in order, so most belong to the last stretch.
    pub(crate) fn count(&mut self, times: &[i64]) {
        let mut rest = times;
        while let Some(time) = rest.first() {
            if !self.all.last().is_some_and(|pulse| pulse.covers(*time)) {
                self.all.push(Pulse {
                    begin: time.div_euclid(STRETCH) * STRETCH,
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
        self.settle_if_long();
    }

    /// Adds the events of another part of the evidence.
    pub(crate) fn append(&mut self, mut other: Pulses) {
        self.all.append(&mut other.all);
        self.settle_if_long();
    }

    /// The first and the last event.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let first = self.all.iter().map(|pulse| pulse.first).min();
        first.zip(self.all.iter().map(|pulse| pulse.last).max())
    }

    /// Puts stretches in order, each once.
    fn settle(&mut self) {
        self.all.sort_by_key(|pulse| pulse.begin);
        self.all.dedup_by(|later, kept| {
            let same = later.begin == kept.begin;
            if same {
                kept.add(*later);
            }
            same
        });
        self.settled = self.all.len();
    }

    /// However often a log goes back in time, there are not many more than it has stretches.
    fn settle_if_long(&mut self) {
        if self.all.len() > 2 * self.settled + 4096 {
            self.settle();
        }
    }
}

/// As rows of numbers: the stretch, how many events, and when the first and the last were in it.
impl Serialize for Pulses {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let row = |pulse: &Pulse| {
            let begin = pulse.begin;
            let count = i64::try_from(pulse.count).expect("fewer events than microseconds");
            [
                begin / STRETCH,
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
        let pulse = |[stretch, count, first, last]: [i64; 4]| {
            let begin = stretch.checked_mul(STRETCH)?;
            Some(Pulse {
                begin,
                count: u64::try_from(count).ok()?,
                first: begin.checked_add(first)?,
                last: begin.checked_add(last)?,
            })
        };
        let all: Option<Vec<Pulse>> = rows.into_iter().map(pulse).collect();
        let all = all.ok_or_else(|| serde::de::Error::custom("stretches of no time"))?;
        Ok(Pulses { all, settled: 0 })
    }
}

/// Events that must be expected in a silence: with fewer, a pause may be chance in any log.
const LEAST: f64 = 15.0;
/// Years of such a log in which chance makes one pause of the length from which on a pause is a silence.
const YEARS: f64 = 100.0;
/// One in so many pauses falls in what counts as the quietest hours.
const QUIETEST: usize = 4;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const HOURS_A_DAY: i64 = DAY / HOUR;
/// Days before and after one whose level is that of the source.
const DAYS_AROUND: i64 = 3;
const YEAR: i64 = 365 * DAY;

/// A stretch without events: microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pause {
    /// The last event before.
    pub(crate) from: i64,
    /// The first event after.
    pub(crate) to: i64,
    /// Events that the rhythm lets expect.
    pub(crate) expected: u64,
    /// Which rhythm.
    pub(crate) basis: &'static str,
}

/// The silences of a source whose events these are. Ranges that are known to be `deleted`, from their first
/// moment to the first one after, are none; a pause goes on before and behind them.
pub(crate) fn silences(mut pulses: Pulses, deleted: &[(i64, i64)]) -> Vec<Pause> {
    pulses.settle();
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
    let rhythm = Rhythm::of(&pulses, first, last, cycle);
    let pauses = pulses
        .windows(2)
        .flat_map(|pair| without(pair[0].last, pair[1].first, deleted));
    let pauses = pauses.map(|(from, to)| Length {
        from,
        to,
        expected: rhythm.expected(from, to),
    });
    let mut found: Vec<Pause> = beyond_chance(pauses.collect(), last - first)
        .into_iter()
        .map(|pause| Pause {
            from: pause.from,
            to: pause.to,
            expected: pause.expected as u64,
            basis,
        })
        .collect();
    found.sort_by_key(|pause| pause.from);
    found
}

/// A pause between two events, and the events to be expected in it.
struct Length {
    from: i64,
    to: i64,
    expected: f64,
}

impl Length {
    /// How busy its hours are: events to be expected in a microsecond.
    fn rate(&self) -> f64 {
        self.expected / (self.to - self.from).max(1) as f64
    }
}

/// The pauses that are longer than chance makes them; those of quiet hours, also among each other.
fn beyond_chance(mut pauses: Vec<Length>, span: i64) -> Vec<Length> {
    let least = longest_by_chance(&pauses, span).max(LEAST);
    pauses.retain(|pause| pause.expected > 0.0);
    pauses.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
    let quiet = pauses.len().div_ceil(QUIETEST);
    let least_quiet = least.max(longest_by_chance(&pauses[..quiet], span));
    let is_silent = |(at, pause): &(usize, Length)| {
        let least = if *at < quiet { least_quiet } else { least };
        pause.to - pause.from > STRETCH && pause.expected >= least
    };
    let silent = pauses.into_iter().enumerate().filter(is_silent);
    silent.map(|(_, pause)| pause).collect()
}

/// The parts of the pause from `from` to `to` that lie in no deleted range.
fn without(from: i64, to: i64, deleted: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut parts = vec![(from, to)];
    for (begin, end) in deleted {
        let cut = |(from, to): (i64, i64)| [(from, to.min(*begin)), (from.max(*end), to)];
        let apart = |(from, to): &(i64, i64)| to <= begin || end <= from;
        parts = parts
            .into_iter()
            .flat_map(|part| match apart(&part) {
                true => vec![part],
                false => cut(part).to_vec(),
            })
            .filter(|(from, to)| from < to)
            .collect();
    }
    parts
}

/// The length from which on a pause is to be expected less than once in [`YEARS`] years of the log.
fn longest_by_chance(pauses: &[Length], span: i64) -> f64 {
    let mut lengths: Vec<f64> = pauses.iter().map(|pause| pause.expected).collect();
    lengths.sort_by(f64::total_cmp);
    // How the lengths fall is read off between the fiftieth and the two hundredth part: the longest of all
    // may be the silences that are looked for. The very longest fall a little slower.
    let many = lengths.len() as f64;
    let of_share = |share: f64| lengths.get(((1.0 - share) * many) as usize);
    let (Some(least), Some(longer)) = (of_share(0.02), of_share(0.005)) else {
        return f64::INFINITY;
    };
    let mean = 1.05 * (longer - least) / 4_f64.ln();
    let years = (span as f64 / YEAR as f64).min(1.0);
    let by_chance = 0.02 * many * YEARS / years;
    least + mean * by_chance.max(1.0).ln()
}

/// Leaves out events that are few and far from all others, as of a clock that was not set yet: a rhythm that
/// reached as far would have nothing but empty hours.
fn without_strays(pulses: &[Pulse]) -> Vec<Pulse> {
    let together = pulses.chunk_by(|a, b| b.first - a.last <= 4 * WEEK);
    let events = |part: &&[Pulse]| part.iter().map(|pulse| pulse.count).sum::<u64>() as f64;
    together
        .filter(|part| events(part) >= LEAST)
        .flatten()
        .copied()
        .collect()
}

/// By hour of the cycle, the median count over whole hours from `first` up to `last`.
fn medians(pulses: &[Pulse], first: i64, last: i64, cycle: i64) -> Vec<f64> {
    let hour = |pulse: &Pulse| pulse.begin.div_euclid(HOUR);
    let mut of = vec![Vec::new(); usize::try_from(cycle).expect("a positive cycle")];
    for events in pulses.chunk_by(|a, b| hour(a) == hour(b)) {
        let hour = hour(&events[0]);
        if (first..last).contains(&hour) {
            let count: u64 = events.iter().map(|pulse| pulse.count).sum();
            of[slot(hour, cycle)].push(count);
        }
    }
    let median = |(place, counts): (usize, &mut Vec<u64>)| {
        // Hours without events are many in a log with one time that is far off; they need no room.
        let from_here = last - first - (place as i64 - first).rem_euclid(cycle);
        let hours = (from_here.max(0) + cycle - 1) / cycle;
        let silent = usize::try_from(hours).expect("not below zero") - counts.len();
        counts.sort_unstable();
        // Of an even number the lower: a rhythm is claimed only where most weeks or days have it.
        let middle = (silent + counts.len()).saturating_sub(1) / 2;
        let count = middle.checked_sub(silent).and_then(|at| counts.get(at));
        count.map_or(0.0, |count| *count as f64)
    };
    of.iter_mut().enumerate().map(median).collect()
}

/// The hour's place in its cycle.
fn slot(hour: i64, cycle: i64) -> usize {
    usize::try_from(hour.rem_euclid(cycle)).expect("a slot of the cycle")
}

/// How many events a source logs at which time.
struct Rhythm {
    /// By hour of the cycle, the events of an hour.
    median: Vec<f64>,
    /// By day on which anything was logged, the source's level around it. It holds until the next.
    level: BTreeMap<i64, f64>,
}

impl Rhythm {
    /// The rhythm of a source that logged these events from `first` to `last`.
    fn of(pulses: &[Pulse], first: i64, last: i64, cycle: i64) -> Self {
        let (first, last) = (first.div_euclid(HOUR) + 1, last.div_euclid(HOUR));
        let median = medians(pulses, first, last, cycle / HOUR);
        let day = |pulse: &Pulse| pulse.begin.div_euclid(DAY);
        let mut shares = Vec::new();
        for events in pulses.chunk_by(|a, b| day(a) == day(b)) {
            let day = day(&events[0]);
            let hours = first.max(day * HOURS_A_DAY)..last.min((day + 1) * HOURS_A_DAY);
            let logged = events
                .iter()
                .filter(|pulse| hours.contains(&pulse.begin.div_euclid(HOUR)));
            let logged: u64 = logged.map(|pulse| pulse.count).sum();
            let expected: f64 = hours.map(|hour| median[slot(hour, cycle / HOUR)]).sum();
            if logged > 0 && expected > 0.0 {
                shares.push((day, logged as f64 / expected));
            }
        }
        let median_of = |days: RangeInclusive<i64>| {
            let begin = shares.partition_point(|(day, _)| day < days.start());
            let end = shares.partition_point(|(day, _)| day <= days.end());
            let mut near: Vec<f64> = shares[begin..end].iter().map(|(_, share)| *share).collect();
            near.sort_by(f64::total_cmp);
            near[near.len() / 2]
        };
        // On the day on which a slow month begins, the slow one counts already.
        let around = |(day, _): &(i64, f64)| {
            let before = median_of(day - DAYS_AROUND..=*day);
            let after = median_of(*day..=day + DAYS_AROUND);
            (*day, before.min(after))
        };
        let level = shares.iter().map(around).collect();
        Rhythm { median, level }
    }

    /// The level at a moment: that of the last day on which anything was logged.
    fn level(&self, time: i64) -> f64 {
        let mut until = self.level.range(..=time.div_euclid(DAY));
        until.next_back().map_or(1.0, |(_, level)| *level)
    }

    /// Events to be expected between two moments.
    fn expected(&self, from: i64, to: i64) -> f64 {
        let cycle = self.median.len() as i64;
        let whole = (to - from) / (cycle * HOUR);
        let mut sum = self.median.iter().sum::<f64>() * whole as f64 * self.level(from);
        let mut at = from + whole * cycle * HOUR;
        while at < to {
            let hour = at.div_euclid(HOUR);
            let end = ((hour + 1) * HOUR).min(to);
            let share = (end - at) as f64 / HOUR as f64;
            sum += self.level(at) * self.median[slot(hour, cycle)] * share;
            at = end;
        }
        sum
    }
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

    fn silences_of(pulses: Pulses) -> Vec<Pause> {
        silences(pulses, &[])
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
            pulses.settle();
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
        let found = silences_of(source(24 * 10, |hour| {
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
        let found = silences(pulses, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].to, found[0].expected), (104 * HOUR, 241));
    }

    #[test]
    fn a_busy_month_does_not_hide_the_outage_of_a_slow_one() {
        let of = |outage: i64| {
            source(24 * 84, move |hour| match hour / 24 {
                _ if (outage..outage + 2).contains(&hour) => 0,
                day if day < 28 => 15,
                _ => 120,
            })
        };
        assert_eq!(silences_of(of(i64::MAX - 2)), []);
        for outage in [24 * 10 + 12, 24 * 50 + 12] {
            let found = silences_of(of(outage));
            assert_eq!(found.len(), 1, "{found:?}");
            let expected = if outage < 24 * 28 { 30 } else { 240 };
            assert!(found[0].expected.abs_diff(expected) <= 6, "{found:?}");
        }
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
        assert_eq!(silences_of(source(24 * 42, office)), []);
        // The same outage on a working day is one.
        let outage = |hour: i64| if hour / 24 == 21 { 0 } else { office(hour) };
        let found = silences_of(source(24 * 42, outage));
        assert_eq!(found.len(), 1);
        assert!(found[0].expected >= 400, "{found:?}");
    }

    #[test]
    fn sources_that_log_now_and_then_and_short_logs_have_no_rhythm() {
        assert_eq!(
            silences_of(source(24 * 60, |hour| u64::from(hour % 37 == 0))),
            []
        );
        assert_eq!(
            silences_of(source(24 * 3, |hour| if hour == 30 { 0 } else { 500 })),
            []
        );
        assert_eq!(
            silences_of(source(24 * 10, |hour| if hour == 100 { 0 } else { 12 })),
            [],
            "too few to tell"
        );
    }
}
