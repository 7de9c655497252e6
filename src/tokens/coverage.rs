//! Where the issuance log is shown complete, so that the absence of a record means something.
//!
//! An issuer numbers its records. Between the first record and the last, a stretch without a missing
//! number is complete: no record was lost there. A missing number opens a hole between its
//! neighbours' times, and so does a range that the case file calls deleted. Outside the log, inside a
//! hole, or for an issuer that numbers nothing, absence means nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use roaring::RoaringTreemap;

use crate::case::{Case, SourceKind};
use crate::error::Result;
use crate::frames::{self, Batches, FrameWriter, Value, part_files, text, time, unsigned};

/// What the issuance log can say about a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Complete: a token issued then has a record.
    Complete,
    /// Records are missing around then.
    Hole,
    /// Before the first record or after the last.
    OutsideLog,
    /// The issuer's issuances are not in the evidence.
    NotLogged,
}

/// A stretch in which records are missing.
#[derive(Debug, Clone)]
pub struct Hole {
    /// Time of the last record before.
    pub from: i64,
    /// Time of the first record after.
    pub to: i64,
    /// How many records are missing; `None` where only the range is known.
    pub missing: Option<u64>,
    /// How the hole is known.
    pub basis: &'static str,
}

/// What is known of one issuer's log.
#[derive(Debug, Clone)]
pub struct IssuerLog {
    /// Time of the first record.
    pub first: i64,
    /// Time of the last record.
    pub last: i64,
    /// Numbered records.
    pub records: u64,
    /// Holes, by time.
    pub holes: Vec<Hole>,
}

/// The coverage of all issuers.
#[derive(Debug)]
pub struct Coverage {
    /// By issuer.
    pub issuers: BTreeMap<String, IssuerLog>,
    tolerance: i64,
}

impl Coverage {
    /// Finds the holes in the `issuances` frame and adds the deleted ranges of the case.
    pub fn measure(case: &Case, frames_dir: &Path) -> Result<Self> {
        let mut seen: HashMap<String, (RoaringTreemap, i64, i64)> = HashMap::new();
        each_number(frames_dir, |issuer, number, at| {
            if !seen.contains_key(issuer) {
                seen.insert(issuer.to_string(), (RoaringTreemap::new(), at, at));
            }
            if let Some((numbers, first, last)) = seen.get_mut(issuer) {
                numbers.insert(number);
                (*first, *last) = ((*first).min(at), (*last).max(at));
            }
        })?;
        // (issuer, number beside a gap) -> its times; filled by a second walk.
        let mut edges: HashMap<(String, u64), (i64, i64)> = HashMap::new();
        let mut gaps: Vec<(String, u64, u64)> = Vec::new();
        for (issuer, (numbers, ..)) in &seen {
            let mut previous: Option<u64> = None;
            for number in numbers {
                if let Some(before) = previous.filter(|before| before + 1 < number) {
                    gaps.push((issuer.clone(), before, number));
                    for edge in [before, number] {
                        edges.insert((issuer.clone(), edge), (i64::MAX, i64::MIN));
                    }
                }
                previous = Some(number);
            }
        }
        if !edges.is_empty() {
            each_number(frames_dir, |issuer, number, at| {
                let known = seen.get(issuer).is_some_and(|(numbers, ..)| {
                    !(numbers.contains(number.wrapping_sub(1)) && numbers.contains(number + 1))
                });
                if !known {
                    return;
                }
                if let Some((first, last)) = edges.get_mut(&(issuer.to_string(), number)) {
                    (*first, *last) = ((*first).min(at), (*last).max(at));
                }
            })?;
        }
        let deleted = case.deleted(SourceKind::Issuance);
        let mut issuers = BTreeMap::new();
        for (issuer, (numbers, first, last)) in &seen {
            let mut holes: Vec<Hole> = deleted
                .iter()
                .map(|(from, to, _)| Hole {
                    from: *from,
                    to: *to,
                    missing: None,
                    basis: "case_file",
                })
                .collect();
            for (_, before, after) in gaps.iter().filter(|(of, ..)| of == issuer) {
                let (a, b) = (
                    edges[&(issuer.clone(), *before)],
                    edges[&(issuer.clone(), *after)],
                );
                holes.push(Hole {
                    from: a.0.min(b.0),
                    to: a.1.max(b.1),
                    missing: Some(after - before - 1),
                    basis: "sequence",
                });
            }
            holes.sort_by_key(|hole| (hole.from, hole.to));
            let log = IssuerLog {
                first: *first,
                last: *last,
                records: numbers.len(),
                holes,
            };
            issuers.insert(issuer.clone(), log);
        }
        let tolerance = i64::from(case.file.policy.clock_tolerance_seconds) * 1_000_000;
        Ok(Coverage { issuers, tolerance })
    }

    /// What the log can say about a token of `issuer` issued at `at`.
    pub fn at(&self, issuer: &str, at: i64) -> At {
        let Some(log) = self.issuers.get(issuer) else {
            return At::NotLogged;
        };
        if at < log.first || at > log.last {
            return At::OutsideLog;
        }
        let inside =
            |hole: &Hole| at >= hole.from - self.tolerance && at <= hole.to + self.tolerance;
        if log.holes.iter().any(inside) {
            At::Hole
        } else {
            At::Complete
        }
    }

    /// Writes the `coverage` frame: complete stretches and holes in turn.
    pub fn write(&self, frames_dir: &Path) -> Result<()> {
        let mut writer = FrameWriter::create(frames_dir, &frames::COVERAGE, 0)?;
        for (issuer, log) in &self.issuers {
            writer.push(&[
                Value::Text(issuer),
                Value::Text("log"),
                Value::Text("sequence"),
                Value::Time(log.first),
                Value::Time(log.last),
                Value::Number(log.records),
                Value::Number(log.holes.iter().filter_map(|hole| hole.missing).sum()),
            ])?;
            for hole in &log.holes {
                writer.push(&[
                    Value::Text(issuer),
                    Value::Text("hole"),
                    Value::Text(hole.basis),
                    Value::Time(hole.from),
                    Value::Time(hole.to),
                    Value::Number(0),
                    Value::Number(hole.missing.unwrap_or_default()),
                ])?;
            }
        }
        writer.finish().map(drop)
    }
}

fn each_number(frames_dir: &Path, mut visit: impl FnMut(&str, u64, i64)) -> Result<()> {
    for part in part_files(frames_dir, &frames::ISSUANCES)? {
        for batch in Batches::open(&part, &["issuer", "sequence", "event_time"])? {
            let batch = batch?;
            let rows = text(&batch, "issuer")?
                .iter()
                .zip(unsigned(&batch, "sequence")?.iter());
            for ((issuer, number), at) in rows.zip(time(&batch, "event_time")?.iter()) {
                if let (Some(issuer), Some(number), Some(at)) = (issuer, number, at) {
                    visit(issuer, number, at);
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_means_something_only_where_the_log_is_complete() {
        let hole = Hole {
            from: 100,
            to: 200,
            missing: Some(3),
            basis: "sequence",
        };
        let log = IssuerLog {
            first: 0,
            last: 1000,
            records: 9,
            holes: vec![hole],
        };
        let coverage = Coverage {
            issuers: BTreeMap::from([("a".to_string(), log)]),
            tolerance: 5,
        };
        assert_eq!(coverage.at("a", 50), At::Complete);
        assert_eq!(coverage.at("a", 94), At::Complete);
        assert_eq!(coverage.at("a", 96), At::Hole);
        assert_eq!(coverage.at("a", 205), At::Hole);
        assert_eq!(coverage.at("a", 206), At::Complete);
        assert_eq!(coverage.at("a", -1), At::OutsideLog);
        assert_eq!(coverage.at("a", 1001), At::OutsideLog);
        assert_eq!(coverage.at("b", 50), At::NotLogged);
    }
}
