//! Notes what is wrong with values of the lines of a stretch, and counts it by name.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::details::excerpt;
use crate::intake::blocks::fields::{FORWARDED_FOR, REQUEST_LINE, columns_filled_by};
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;
use crate::intake::problem::{self, Found};

/// What is wrong with one value.
#[derive(Debug)]
struct Note {
    line: usize,
    name: Cow<'static, str>,
    value: String,
}

/// The problems of the rows of one block.
#[derive(Debug)]
pub(super) struct Notes {
    /// The column `row_problem`.
    column: usize,
    /// Those of the stretch at hand, whose lines may still become rejects.
    pending: Vec<Note>,
    /// By name: how many rows have the problem, and where the first is.
    pub(super) found: BTreeMap<String, Found>,
    /// How many rows have a problem at all.
    pub(super) row_count: u64,
    /// The place in its stretch of the first line that lacks a value which its log must have.
    pub(super) incomplete: Option<usize>,
}

impl Notes {
    /// No problems yet, for a frame whose column `row_problem` is `column`.
    pub(super) fn new(column: usize) -> Self {
        Notes {
            column,
            pending: Vec::new(),
            found: BTreeMap::new(),
            row_count: 0,
            incomplete: None,
        }
    }

    /// Notes that `value` of a line has the problem `name`.
    #[cold]
    pub(super) fn add(&mut self, line: usize, name: impl Into<Cow<'static, str>>, value: &[u8]) {
        let name = name.into();
        let value = excerpt(&String::from_utf8_lossy(value));
        self.pending.push(Note { line, name, value });
    }

    /// Whether a problem of the line already says why it has no value for `column`.
    pub(super) fn explains(&self, line: usize, column: &str) -> bool {
        let of_line = self.pending.iter().filter(|note| note.line == line);
        of_line.map(|note| &*note.name).any(|name| match name {
            problem::REQUEST_LINE => matches!(column, "method" | "path"),
            problem::FORWARDED_FOR_LIST => column == "source_ip",
            name => {
                let of = name.split_once('_').map(|(_, of)| of);
                of.is_some_and(|of| of == column || columns_filled_by(of).contains(&column))
            }
        })
    }

    /// Takes over what was found wrong while the fields of each line were put together.
    pub(super) fn take_from(&mut self, stretch: &mut Stretch<'_>) {
        if stretch.lines_with(self.column).is_empty() {
            return;
        }
        for line in stretch.lines_with(self.column).iter() {
            let cell = stretch.get(line, self.column).unwrap_or_default();
            for name in cell.split(' ') {
                let slot = match name {
                    problem::REQUEST_LINE => Some(REQUEST_LINE),
                    problem::FORWARDED_FOR_LIST => Some(FORWARDED_FOR),
                    _ => None,
                };
                let value = slot.and_then(|slot| stretch.get(line, slot));
                let value = excerpt(value.unwrap_or_default());
                let name = name.to_string().into();
                self.pending.push(Note { line, name, value });
            }
        }
        stretch.set_lines_with(self.column, LineSet::EMPTY);
    }

    /// Writes the problems of all lines but those `rejected` into the stretch, and counts them.
    #[inline]
    pub(super) fn commit(&mut self, stretch: &mut Stretch<'_>, rejected: LineSet) {
        self.incomplete = None;
        if !self.pending.is_empty() {
            self.commit_pending(stretch, rejected);
        }
    }

    #[cold]
    fn commit_pending(&mut self, stretch: &mut Stretch<'_>, rejected: LineSet) {
        let pending = std::mem::take(&mut self.pending);
        for note in pending {
            if rejected.contains(note.line) {
                continue;
            }
            if note.name.starts_with("no_") {
                self.incomplete.get_or_insert(note.line);
            }
            let cell = match stretch.get(note.line, self.column) {
                Some(cell) => format!("{cell} {}", note.name),
                None => note.name.to_string(),
            };
            stretch.set_copy(note.line, self.column, &cell);
            let line_no = stretch.line_numbers()[note.line];
            let found = self.found.entry(note.name.into_owned());
            let found = found.or_insert(Found {
                count: 0,
                line_no,
                value: note.value,
            });
            found.count += 1;
        }
        self.row_count += stretch.lines_with(self.column).iter().count() as u64;
    }
}
