//! What the rest of a run must know of some lines beside their rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::line_filter::FilterTally;
use super::problem::Found;
use super::rhythm::Pulses;
use crate::results::{LineCounts, OtherLine};

/// Counts and facts about some lines of a log.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Tally {
    /// How many lines are rows, rejects, blanks and others.
    pub(crate) lines: LineCounts,
    /// The times of the first and the last event, in microseconds since 1970 UTC.
    pub(crate) span: Option<(i64, i64)>,
    /// The columns that any line had, as bits.
    pub(crate) present: u32,
    /// The first line that lacked a required column, or the header above it; for a message.
    pub(crate) incomplete: Option<String>,
    /// The number of the first line whose time needs a zone, and what is wrong with it.
    pub(crate) without_zone: Option<(u64, String)>,
    /// How many lines have a time that needs a zone.
    pub(crate) zoneless: u64,
    /// What was wrapped around the lines, for people, if anything was.
    #[serde(default)]
    pub(crate) wrapped: Option<String>,
    /// The first line with zero bytes before it, and how many; the log has a hole there.
    #[serde(default)]
    pub(crate) hole: Option<(u64, u64)>,
    /// The first other line.
    #[serde(default)]
    pub(crate) first_other: Option<OtherLine>,
    /// What the setting `where` made of the lines.
    #[serde(default)]
    pub(crate) filtered: FilterTally,
    /// The line number and the time of the first row.
    pub(crate) first_row: Option<(u64, i64)>,
    /// By column, texts of events and outcomes that are on no list, and how many lines have each.
    pub(crate) unknown_words: BTreeMap<String, BTreeMap<String, u64>>,
    /// By problem: how many rows have a value that could not be read.
    #[serde(default)]
    pub(crate) row_problems: BTreeMap<String, Found>,
    /// How many rows have such a value.
    #[serde(default)]
    pub(crate) doubtful_rows: u64,
    /// How many events there are in each interval.
    pub(crate) pulses: Pulses,
}

impl Tally {
    /// Notes that `zeros` zero bytes stand before the line `number`.
    pub(crate) fn note_hole(&mut self, number: u64, zeros: u64) {
        self.hole.get_or_insert((number, zeros));
    }

    /// What is wrong with the log, if it has a hole before a line.
    pub(crate) fn damage(&self) -> Option<String> {
        let (line, zeros) = self.hole?;
        Some(format!(
            "it has {zeros} zero bytes before what is left of line {line}, where lines of the log may have been"
        ))
    }

    /// How many rows have no value that could not be read.
    pub(crate) fn sound_rows(&self) -> u64 {
        self.lines.rows - self.doubtful_rows
    }

    /// Adds the tally of the lines behind these.
    pub(crate) fn add(&mut self, other: Tally) {
        self.lines.add(other.lines);
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.present |= other.present;
        if self.incomplete.is_none() {
            self.incomplete = other.incomplete;
        }
        if self.without_zone.is_none() {
            self.without_zone = other.without_zone;
        }
        self.zoneless += other.zoneless;
        self.wrapped = self.wrapped.take().or(other.wrapped);
        self.hole = self.hole.or(other.hole);
        self.first_other = self.first_other.take().or(other.first_other);
        self.filtered.add(other.filtered);
        self.first_row = self.first_row.or(other.first_row);
        for (column, words) in other.unknown_words {
            let known = self.unknown_words.entry(column).or_default();
            for (word, count) in words {
                *known.entry(word).or_default() += count;
            }
        }
        for (name, found) in other.row_problems {
            match self.row_problems.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(found);
                }
                Entry::Occupied(mut entry) => entry.get_mut().count += found.count,
            }
        }
        self.doubtful_rows += other.doubtful_rows;
        self.pulses.append(other.pulses);
    }
}
