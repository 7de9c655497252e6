//! The issuance log -> its span, record numbers, holes, keys and clocks.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::mpsc::sync_channel;

use foldhash::fast::FixedState;
use polars::prelude::StaticArray;
use roaring::RoaringTreemap;

use super::{Basis, Coverage, HOUR, Hole, IdKind, IssuerLog};
use crate::case::{Case, Interner, SourceKind};
use crate::error::Result;
use crate::frames::{self, Texts, part_files, pieces, time, unsigned};
use crate::results::Silence;

/// Seconds by which instances of an issuer may disagree and still be one log.
const MOST_SKEW: usize = 900;
/// The same in microseconds.
const MOST_SKEW_TIME: i64 = 900_000_000;
/// Numbers whose time is remembered before fewer are.
const MOST_SAMPLED: usize = 1 << 20;
/// A number so far below the one before, later in time, begins a count anew.
const RESET: u64 = 10_000;

#[derive(Default)]
struct LogTally {
    log: IssuerLog,
    numbers: RoaringTreemap,
    /// By how many seconds a record's time lies before that of the number before.
    back: Vec<u64>,
    last: Option<(u64, i64)>,
    /// By number, the time of some records.
    sampled: HashMap<u64, i64, FixedState>,
    /// Records whose number was there before.
    repeated: u64,
    /// Records with a number.
    numbered: u64,
    /// Records whose number is below the one before, though they are not earlier.
    unordered: u64,
    /// Whether numbers begin anew.
    renumbered: bool,
}

impl Coverage {
    /// Finds the holes in the `issuances` frame; adds the case file's deleted ranges, and the silences
    /// of logs without record numbers.
    pub fn measure(
        case: &Case,
        silences: &[Silence],
        interner: &Interner,
        frames_dir: &Path,
    ) -> Result<Self> {
        let mut seen: BTreeMap<String, LogTally> = BTreeMap::new();
        each_record(frames_dir, |issuer, key, token_id, number, at| {
            if !seen.contains_key(issuer) {
                let log = IssuerLog {
                    first: at,
                    last: at,
                    ..IssuerLog::default()
                };
                let back = vec![0; MOST_SKEW + 1];
                seen.insert(
                    issuer.to_string(),
                    LogTally {
                        log,
                        back,
                        ..LogTally::default()
                    },
                );
            }
            let Some(seen) = seen.get_mut(issuer) else {
                return;
            };
            let key = key.map(|key| interner.key(key));
            let log = &mut seen.log;
            (log.first, log.last) = (log.first.min(at), log.last.max(at));
            log.records += 1;
            *log.hours.entry((key, at.div_euclid(HOUR))).or_default() += 1;
            if let Some(key) = key
                && log.keys.last() != Some(&key)
            {
                log.keys.insert(key);
            }
            log.names_keys |= key.is_some();
            if let Some(kind) = token_id.map(IdKind::of)
                && log.kinds.last() != Some(&kind)
            {
                log.kinds.insert(kind);
            }
            // The greatest number has no next one.
            let Some(number) = number.filter(|number| *number < u64::MAX) else {
                return;
            };
            seen.numbered += 1;
            if !seen.numbers.insert(number) {
                seen.repeated += 1;
            }
            // A number at two times is two records; one in eight is looked at, and of a large log fewer.
            if number.is_multiple_of(8) {
                if let Some(first) = seen.sampled.get(&number) {
                    seen.renumbered |= first.abs_diff(at) > 5_000_000;
                } else if seen.sampled.len() < MOST_SAMPLED || number.is_multiple_of(512) {
                    seen.sampled.insert(number, at);
                }
            }
            if let Some((before, then)) = seen.last {
                if before + 1 == number && at < then {
                    let seconds = usize::try_from((then - at) / 1_000_000 + 1);
                    seen.back[seconds.unwrap_or(MOST_SKEW).min(MOST_SKEW)] += 1;
                }
                if number < before && at >= then {
                    seen.unordered += 1;
                    seen.renumbered |= before - number > RESET || at - then > MOST_SKEW_TIME;
                }
            }
            seen.last = Some((number, at));
        })?;
        let edges = edges(&seen, frames_dir)?;
        let deleted = case.deleted(SourceKind::Issuance);
        let issuance_source = |id: &str| {
            case.file
                .source
                .iter()
                .any(|source| source.id.get_ref() == id && source.kind == SourceKind::Issuance)
        };
        let mut issuers = BTreeMap::new();
        for (
            issuer,
            LogTally {
                mut log,
                numbers,
                numbered,
                repeated,
                unordered,
                renumbered,
                back,
                ..
            },
        ) in seen
        {
            // One counter for all records, or none: one that begins anew, or that some records lack,
            // hides what is missing.
            let once = repeated * 3 < numbered * 2;
            log.numbered = numbered * 1000 >= log.records * 999 && once && !renumbered;
            log.skew = skew(&back);
            // In an export sorted by time neighbours say nothing of how far clocks disagree.
            if unordered * 100 > log.records {
                log.skew = MOST_SKEW_TIME;
            }
            log.forget_strays();
            let known = deleted.iter().map(|(from, to, _)| Hole {
                from: *from,
                to: *to,
                missing: None,
                basis: Basis::CaseFile,
            });
            let mut holes: Vec<Hole> = known.collect();
            if !log.numbered {
                let silent = silences
                    .iter()
                    .filter(|silence| issuance_source(&silence.source));
                holes.extend(silent.filter_map(|silence| {
                    Some(Hole {
                        from: silence
                            .from
                            .parse::<jiff::Timestamp>()
                            .ok()?
                            .as_microsecond(),
                        to: silence.to.parse::<jiff::Timestamp>().ok()?.as_microsecond(),
                        missing: None,
                        basis: Basis::Silence,
                    })
                }));
            }
            for (before, after) in gaps(&numbers).filter(|_| log.numbered) {
                let edge = |number| edges[&(issuer.clone(), number)];
                let (a, b) = (edge(before), edge(after));
                holes.push(Hole {
                    from: a.0.min(b.0),
                    to: a.1.max(b.1),
                    missing: Some(after - before - 1),
                    basis: Basis::Sequence,
                });
            }
            log.holes = holes.into();
            if let Some(known) = case.issuer(&issuer) {
                log.keys
                    .extend(known.keys_logged.iter().map(|key| interner.key(key)));
            }
            issuers.insert(issuer, log);
        }
        Ok(Coverage {
            issuers,
            tolerance: case.file.policy.tolerance(),
            witnesses_wanted: *case.file.policy.coverage_witnesses.get_ref() as usize,
        })
    }
}

impl IssuerLog {
    /// Draws the log's ends in, to whole hours, to where it really begins and ends: a few records that lie more than a
    /// week away from all others have a wrong time, and would have the log cover what it does not.
    fn forget_strays(&mut self) {
        const WEEK: i64 = 7 * 24;
        let mut hours: BTreeMap<i64, u64> = BTreeMap::new();
        for ((_, hour), count) in &self.hours {
            *hours.entry(*hour).or_default() += count;
        }
        let hours: Vec<(i64, u64)> = hours.into_iter().collect();
        let few = |part: &[(i64, u64)]| {
            let count: u64 = part.iter().map(|(_, count)| count).sum();
            count * 1000 <= self.records || (count == 1 && self.records >= 20)
        };
        let apart = (1..hours.len()).filter(|at| hours[*at].0 - hours[at - 1].0 > WEEK);
        let mut kept = 0..hours.len();
        for at in apart {
            if few(&hours[..at]) {
                kept.start = at;
            }
            if few(&hours[at..]) {
                kept.end = kept.end.min(at);
            }
        }
        let count = |part: &[(i64, u64)]| part.iter().map(|(_, count)| count).sum::<u64>();
        if kept.start < kept.end {
            self.strays = count(&hours[..kept.start]) + count(&hours[kept.end..]);
        }
        if kept.start > 0 && kept.start < kept.end {
            self.first = (hours[kept.start].0 + 1) * HOUR;
        }
        if kept.end < hours.len() && kept.start < kept.end {
            self.last = hours[kept.end - 1].0 * HOUR;
        }
    }
}

/// By how much clocks of one log disagree: what 99 of 100 records that lie before their neighbour stay
/// below, so that one wild line does not widen every hole.
fn skew(back: &[u64]) -> i64 {
    let all: u64 = back.iter().sum();
    let mut beyond = all;
    for (seconds, count) in back.iter().enumerate() {
        beyond -= count;
        if beyond * 100 <= all {
            return seconds as i64 * 1_000_000;
        }
    }
    0
}

/// The neighbours of missing numbers.
fn gaps(numbers: &RoaringTreemap) -> impl Iterator<Item = (u64, u64)> {
    let pairs = numbers.iter().zip(numbers.iter().skip(1));
    pairs.filter(|(before, after)| before + 1 < *after)
}

/// Issuer and number beside a gap -> its first and last time.
type Edges = HashMap<(String, u64), (i64, i64)>;

fn edges(seen: &BTreeMap<String, LogTally>, frames_dir: &Path) -> Result<Edges> {
    let mut edges = Edges::new();
    for (issuer, seen) in seen {
        for (before, after) in gaps(&seen.numbers) {
            for edge in [before, after] {
                edges.insert((issuer.clone(), edge), (i64::MAX, i64::MIN));
            }
        }
    }
    if edges.is_empty() {
        return Ok(edges);
    }
    each_record(frames_dir, |issuer, _, _, number, at| {
        let Some(number) = number.filter(|number| *number < u64::MAX) else {
            return;
        };
        let beside_a_gap = seen.get(issuer).is_some_and(|LogTally { numbers, .. }| {
            !(numbers.contains(number.wrapping_sub(1)) && numbers.contains(number + 1))
        });
        if !beside_a_gap {
            return;
        }
        if let Some((first, last)) = edges.get_mut(&(issuer.to_string(), number)) {
            (*first, *last) = ((*first).min(at), (*last).max(at));
        }
    })?;
    Ok(edges)
}

/// Visits each record in order; the next batch is read meanwhile.
fn each_record(
    frames_dir: &Path,
    mut visit: impl FnMut(&str, Option<&str>, Option<&str>, Option<u64>, i64),
) -> Result<()> {
    let batches = pieces(&part_files(frames_dir, &frames::ISSUANCES)?)?;
    let names = ["issuer", "key_id", "token_id", "sequence", "event_time"];
    std::thread::scope(|scope| {
        let (send, received) = sync_channel(1);
        scope.spawn(move || {
            // Nobody listens any more once a batch could not be read.
            batches
                .iter()
                .all(|piece| send.send(piece.read(&names)).is_ok())
        });
        for batch in received {
            let batch = batch?;
            let column = |index: usize| Texts::of(&batch, names[index]);
            let (issuers, keys, ids) = (column(0)?, column(1)?, column(2)?);
            let numbers = unsigned(&batch, names[3])?.downcast_as_array();
            let times = time(&batch, names[4])?.downcast_as_array();
            for row in 0..batch.height() {
                if let (Some(issuer), Some(at)) = (issuers.get(row), times.get(row)) {
                    visit(issuer, keys.get(row), ids.get(row), numbers.get(row), at);
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_another_century_does_not_stretch_the_log() {
        let with = |strays: &[(i64, u64)]| {
            let mut log = IssuerLog::default();
            let all = (1000..1100)
                .map(|hour| (hour, 10))
                .chain(strays.iter().copied());
            for (hour, count) in all {
                log.hours.insert((None, hour), count);
                log.records += count;
            }
            let ends = log.hours.keys().map(|(_, hour)| *hour);
            log.first = ends.clone().min().unwrap_or_default() * HOUR;
            log.last = ends.max().unwrap_or_default() * HOUR + 5;
            log.forget_strays();
            (log.first / HOUR, log.last / HOUR)
        };
        assert_eq!(with(&[]), (1000, 1099));
        assert_eq!(with(&[(600_000, 1)]), (1000, 1099));
        assert_eq!(with(&[(0, 1), (600_000, 1)]), (1001, 1099));
        assert_eq!(with(&[(1099 + 169, 1)]), (1000, 1099), "over a week away");
        assert_eq!(with(&[(1099 + 168, 1)]), (1000, 1267), "a week away");
        assert_eq!(with(&[(2000, 50)]), (1000, 2000), "too many to be strays");
    }

    #[test]
    fn one_wild_line_does_not_widen_every_hole() {
        let mut back = vec![0; MOST_SKEW + 1];
        (back[240], back[900]) = (500, 1);
        assert_eq!(skew(&back), 240_000_000);
        assert_eq!(skew(&vec![0; MOST_SKEW + 1]), 0);
    }
}
