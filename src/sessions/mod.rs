//! Forged requests -> crawl runs and phases.
//!
//! A *run* is a period of forged requests without a pause longer than `policy.run_pause_hours`; a *phase*
//! is one without a pause longer than `policy.phase_pause_days`. The phase with the most requests is the
//! harvest; phases before it are tests, and phases after it are aftermaths.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::case::Policy;
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// Forged requests by minute.
///
/// Its size depends on the time that the requests span, not on how many they are.
#[derive(Debug, Default)]
pub struct Activity {
    minutes: BTreeMap<i64, Period>,
}

/// A period of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// Time of the first request, in microseconds since 1970 UTC.
    pub first: i64,
    /// Time of the last request, in microseconds since 1970 UTC.
    pub last: i64,
    /// How many requests there were.
    pub requests: u64,
}

impl Period {
    fn join(&mut self, other: Period) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.requests += other.requests;
    }
}

/// A phase and its runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// `test`, `harvest` or `aftermath`.
    pub name: &'static str,
    /// The phase from its first request to its last.
    #[serde(flatten)]
    pub whole: Period,
    /// The runs of the phase, in order of time.
    #[serde(skip)]
    pub runs: Vec<Period>,
}

impl Activity {
    /// Counts a forged request at the time `at`.
    pub fn add(&mut self, at: i64) {
        self.join(Period {
            first: at,
            last: at,
            requests: 1,
        });
    }

    fn join(&mut self, period: Period) {
        let minute = period.first.div_euclid(MINUTE);
        self.minutes
            .entry(minute)
            .and_modify(|known| known.join(period))
            .or_insert(period);
    }

    /// Adds what another part of the evidence showed.
    pub fn merge(&mut self, other: Activity) {
        other
            .minutes
            .into_values()
            .for_each(|period| self.join(period));
    }

    /// Splits the requests into phases, in order of time.
    pub fn phases(&self, policy: &Policy) -> Vec<Phase> {
        let hour = 60 * MINUTE;
        let runs = split(
            self.minutes.values(),
            i64::from(policy.run_pause_hours) * hour,
        );
        let phases = split(
            self.minutes.values(),
            i64::from(policy.phase_pause_days) * 24 * hour,
        );
        // Of several with the most requests the first, so that a tie has one answer. `max_by_key` gives the
        // last, hence the reverse order.
        let harvest = phases
            .iter()
            .rev()
            .max_by_key(|phase| phase.requests)
            .copied();
        let named = phases.into_iter().map(|whole| Phase {
            name: match harvest {
                Some(harvest) if whole.first < harvest.first => "test",
                Some(harvest) if whole.first > harvest.first => "aftermath",
                _ => "harvest",
            },
            whole,
            runs: runs
                .iter()
                .filter(|r| r.first >= whole.first && r.last <= whole.last)
                .copied()
                .collect(),
        });
        named.collect()
    }
}

/// Joins minutes to periods that no pause longer than `pause` microseconds interrupts.
fn split<'a>(minutes: impl Iterator<Item = &'a Period>, pause: i64) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    for minute in minutes {
        match periods.last_mut() {
            Some(open) if minute.first - open.last <= pause => open.join(*minute),
            _ => periods.push(*minute),
        }
    }
    periods
}

/// Writes the `runs` frame.
pub fn write_runs(phases: &[Phase], frames_dir: &Path) -> Result<()> {
    let mut writer = FrameWriter::create(frames_dir, &frames::RUNS, 0)?;
    let runs = phases
        .iter()
        .flat_map(|phase| phase.runs.iter().map(move |run| (phase.name, run)));
    for (number, (phase, run)) in (1..).zip(runs) {
        writer.push(&[
            Value::Number(number),
            Value::Text(phase),
            Value::Time(run.first),
            Value::Time(run.last),
            Value::Number(run.requests),
        ])?;
    }
    writer.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_split_runs_and_phases() {
        let policy = Policy {
            run_pause_hours: 2,
            phase_pause_days: 10,
            ..crate::case::testing::policy()
        };
        let hour = 60 * MINUTE;
        let mut activity = Activity::default();
        for at in [
            0,
            hour,
            4 * hour,
            400 * hour,
            401 * hour,
            402 * hour,
            403 * hour,
            800 * hour,
        ] {
            activity.add(at);
        }
        let phases = activity.phases(&policy);
        let seen: Vec<_> = phases
            .iter()
            .map(|p| (p.name, p.whole.requests, p.runs.len()))
            .collect();
        assert_eq!(
            seen,
            [("test", 3, 2), ("harvest", 4, 1), ("aftermath", 1, 1)]
        );
        assert_eq!(
            (phases[1].whole.first, phases[1].whole.last),
            (400 * hour, 403 * hour)
        );
        assert_eq!(Activity::default().phases(&policy), []);
    }
}
