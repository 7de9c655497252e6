//! Issuance records -> what each issuer's log is: its span, record numbers, holes, keys and clocks.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::mpsc::sync_channel;

use foldhash::fast::FixedState;
use polars::prelude::StaticArray;
use roaring::RoaringTreemap;

use super::{Basis, Coverage, HOUR, Hole, IssuerLog};
use crate::case::{AccountKey, Case, Interner, SourceKind};
use crate::error::Result;
use crate::frames::{self, Texts, part_files, pieces, time, unsigned};
use crate::results::Silence;
use crate::tokens::claims::IdKind;

/// The most seconds by which instances of an issuer may disagree and still write one log.
const MOST_SKEW: usize = 900;
/// [`MOST_SKEW`] in microseconds.
const MOST_SKEW_TIME: i64 = 900_000_000;
/// How many record numbers are remembered with their time before only one in 64 of them is.
const MOST_SAMPLED: usize = 1 << 20;
/// A number that is lower by more than this than the one before, though later in time, begins a new count.
const RESET: u64 = 10_000;

/// What the records of one issuer showed so far.
#[derive(Default)]
struct LogTally {
    log: IssuerLog,
    numbers: RoaringTreemap,
    /// For each number of seconds, how many records are that much earlier than the record numbered before.
    back: Vec<u64>,
    /// Number and time of the last record that has a number.
    last: Option<(u64, i64)>,
    /// The time of some records, by number.
    sampled: HashMap<u64, i64, FixedState>,
    /// Records whose number another record had before.
    repeated: u64,
    /// Records that have a number.
    numbered: u64,
    /// Records whose number is lower than that of the one before, though they are not earlier.
    unordered: u64,
    /// Whether the numbers begin anew somewhere.
    renumbered: bool,
}

impl LogTally {
    /// An empty tally of a log whose first record is of the time `at`.
    fn begin(at: i64) -> Self {
        let log = IssuerLog {
            first: at,
            last: at,
            ..IssuerLog::default()
        };
        LogTally {
            log,
            back: vec![0; MOST_SKEW + 1],
            ..LogTally::default()
        }
    }

    /// Counts a record.
    fn add(&mut self, key: Option<AccountKey>, kind: Option<IdKind>, at: i64) {
        let log = &mut self.log;
        (log.first, log.last) = (log.first.min(at), log.last.max(at));
        log.records += 1;
        *log.hours.entry((key, at.div_euclid(HOUR))).or_default() += 1;
        if let Some(key) = key
            && log.keys.last() != Some(&key)
        {
            log.keys.insert(key);
        }
        log.names_keys |= key.is_some();
        if let Some(kind) = kind
            && log.kinds.last() != Some(&kind)
        {
            log.kinds.insert(kind);
        }
    }

    /// Notes the number of a record, and what it shows of clocks and order.
    fn add_number(&mut self, number: u64, at: i64) {
        self.numbered += 1;
        if !self.numbers.insert(number) {
            self.repeated += 1;
        }
        // A number at two times is two records. To save memory only one number in eight is looked at, and
        // one in 512 in a very long log.
        if number.is_multiple_of(8) {
            if let Some(first) = self.sampled.get(&number) {
                self.renumbered |= first.abs_diff(at) > 5_000_000;
            } else if self.sampled.len() < MOST_SAMPLED || number.is_multiple_of(512) {
                self.sampled.insert(number, at);
            }
        }
        if let Some((before, then)) = self.last {
            if before + 1 == number && at < then {
                let seconds = usize::try_from((then - at) / 1_000_000 + 1);
                self.back[seconds.unwrap_or(MOST_SKEW).min(MOST_SKEW)] += 1;
            }
            if number < before && at >= then {
                self.unordered += 1;
                self.renumbered |= before - number > RESET || at - then > MOST_SKEW_TIME;
            }
        }
        self.last = Some((number, at));
    }

    /// Draws the conclusions: whether numbers show gaps, how far clocks disagree, where records are missing.
    ///
    /// `deleted` are holes by the case file, `silent` those by silences; the latter count only in a log
    /// without record numbers.
    fn into_log(self, issuer: &str, deleted: &[Hole], silent: &[Hole], edges: &Edges) -> IssuerLog {
        let mut log = self.log;
        // Only one counter for all records can show what is missing. One that begins anew, or that some
        // records lack, hides it.
        let once = self.repeated * 3 < self.numbered * 2;
        log.numbered = self.numbered * 1000 >= log.records * 999 && once && !self.renumbered;
        // In an export that is sorted by time, neighbours do not show how far clocks disagree.
        log.skew = match self.unordered * 100 > log.records {
            true => MOST_SKEW_TIME,
            false => skew(&self.back),
        };
        log.forget_strays();
        let mut holes = deleted.to_vec();
        if log.numbered {
            holes.extend(gaps(&self.numbers).map(|(before, after)| {
                let edge = |number| edges[&(issuer.to_string(), number)];
                let (a, b) = (edge(before), edge(after));
                Hole {
                    from: a.0.min(b.0),
                    to: a.1.max(b.1),
                    missing: Some(after - before - 1),
                    basis: Basis::Sequence,
                }
            }));
        } else {
            holes.extend_from_slice(silent);
        }
        log.holes = holes.into();
        log
    }
}

impl Coverage {
    /// Finds out from the frame `issuances` where each issuer's log lacks records.
    ///
    /// Adds the ranges that the case file says were deleted, and the silences of logs without record
    /// numbers.
    pub fn measure(
        case: &Case,
        silences: &[Silence],
        interner: &Interner,
        frames_dir: &Path,
    ) -> Result<Self> {
        let mut tallies: BTreeMap<String, LogTally> = BTreeMap::new();
        each_record(frames_dir, |issuer, key, token_id, number, at| {
            if !tallies.contains_key(issuer) {
                tallies.insert(issuer.to_string(), LogTally::begin(at));
            }
            let Some(tally) = tallies.get_mut(issuer) else {
                return;
            };
            let key = key.map(|key| interner.key(key));
            tally.add(key, token_id.map(IdKind::of), at);
            if let Some(number) = number.filter(|number| *number < NO_NEXT) {
                tally.add_number(number, at);
            }
        })?;
        let edges = edges(&tallies, frames_dir)?;
        let (deleted, silent) = (deleted(case), silent(case, silences));
        let mut issuers = BTreeMap::new();
        for (issuer, tally) in tallies {
            let mut log = tally.into_log(&issuer, &deleted, &silent, &edges);
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

/// The greatest number: no record can follow it, so it is not counted.
const NO_NEXT: u64 = u64::MAX;

/// The ranges of issuance logs that the case file says were deleted.
fn deleted(case: &Case) -> Vec<Hole> {
    let ranges = case.deleted(SourceKind::Issuance);
    let holes = ranges.iter().map(|(from, to, _)| Hole {
        from: *from,
        to: *to,
        missing: None,
        basis: Basis::CaseFile,
    });
    holes.collect()
}

/// The silences of issuance logs.
fn silent(case: &Case, silences: &[Silence]) -> Vec<Hole> {
    let of_issuances = |silence: &&Silence| {
        let mut sources = case.file.source.iter();
        sources.any(|source| {
            *source.id.get_ref() == silence.source && source.kind == SourceKind::Issuance
        })
    };
    let time = |text: &str| {
        let parsed = text.parse::<jiff::Timestamp>().ok();
        parsed.map(jiff::Timestamp::as_microsecond)
    };
    let holes = silences.iter().filter(of_issuances).filter_map(|silence| {
        Some(Hole {
            from: time(&silence.from)?,
            to: time(&silence.to)?,
            missing: None,
            basis: Basis::Silence,
        })
    });
    holes.collect()
}

impl IssuerLog {
    /// Moves the log's first and last time inwards, past records whose time is wrong.
    ///
    /// A few records that lie more than a week away from all others have a wrong time; with them the log
    /// would seem to cover what it does not. The new ends are whole hours.
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

/// By how many microseconds the clocks of one log disagree.
///
/// Of the records that are earlier than the record numbered before, 99 in 100 are so by no more than this.
/// The most would be too much: one wild line would widen every hole.
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

/// The two numbers on either side of each gap, ascending.
fn gaps(numbers: &RoaringTreemap) -> impl Iterator<Item = (u64, u64)> {
    let pairs = numbers.iter().zip(numbers.iter().skip(1));
    pairs.filter(|(before, after)| before + 1 < *after)
}

/// Issuer and record number beside a gap -> the first and last time of the records with that number.
type Edges = HashMap<(String, u64), (i64, i64)>;

/// Finds the times of the records beside each gap, in a second pass over the records if there is a gap.
fn edges(tallies: &BTreeMap<String, LogTally>, frames_dir: &Path) -> Result<Edges> {
    let mut edges = Edges::new();
    for (issuer, tally) in tallies {
        for (before, after) in gaps(&tally.numbers) {
            for edge in [before, after] {
                edges.insert((issuer.clone(), edge), (i64::MAX, i64::MIN));
            }
        }
    }
    if edges.is_empty() {
        return Ok(edges);
    }
    each_record(frames_dir, |issuer, _, _, number, at| {
        let Some(number) = number.filter(|number| *number < NO_NEXT) else {
            return;
        };
        let beside_a_gap = tallies.get(issuer).is_some_and(|LogTally { numbers, .. }| {
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

/// Calls `visit` for each record in order: issuer, key, token id, record number, time.
///
/// A second thread reads the next batch meanwhile.
fn each_record(
    frames_dir: &Path,
    mut visit: impl FnMut(&str, Option<&str>, Option<&str>, Option<u64>, i64),
) -> Result<()> {
    let batches = pieces(&part_files(frames_dir, &frames::ISSUANCES)?)?;
    let names = ["issuer", "key_id", "token_id", "sequence", "event_time"];
    std::thread::scope(|scope| {
        let (send, received) = sync_channel(1);
        scope.spawn(move || {
            // Sending fails once the receiver has returned, because a batch could not be read.
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
