//! What a column of a frame holds, and its values for the lines of one stretch.

use crate::frames::{Column, Kind};
use crate::intake::blocks::line_set::{LineSet, MOST_LINES};
use crate::intake::blocks::stretch::{Stretch, compact};
use crate::intake::reject::Reject;

/// What a column of a row holds, which decides how its value is found and checked.
#[derive(Debug, Clone, Copy)]
pub(super) enum ColumnRole {
    /// The number of the evidence file.
    EvidenceId,
    /// The number of the line in it.
    LineNo,
    /// The kind of the source.
    Tier,
    /// The page of the catalogue that the request asks for.
    Page,
    /// What the event did.
    Meaning,
    /// Text, as logged.
    Text,
    /// An account or a subject: text in which a whole number has one spelling.
    Identity,
    /// The id of a token, without what the log writes around it.
    TokenId,
    /// Bytes, as logged.
    Bytes,
    /// A whole number from 0 to this one.
    Number(u64),
    /// A status code.
    StatusCode,
    /// The time of the event, by the source's clock.
    EventTime,
    /// A time that a token claims, by its issuer's clock.
    ClaimTime,
    /// An IP address, in its canonical spelling.
    Address,
}

impl ColumnRole {
    /// The role of `column` in an event frame.
    pub(super) fn of(column: &Column) -> Self {
        match (column.name, column.kind) {
            ("evidence_id", _) => ColumnRole::EvidenceId,
            ("line_no", _) => ColumnRole::LineNo,
            ("tier", _) => ColumnRole::Tier,
            ("page", _) => ColumnRole::Page,
            ("meaning", _) => ColumnRole::Meaning,
            ("account" | "subject" | "token_subject", _) => ColumnRole::Identity,
            ("token_id", _) => ColumnRole::TokenId,
            (_, Kind::Text | Kind::Identifier) => ColumnRole::Text,
            (_, Kind::Bytes) => ColumnRole::Bytes,
            (_, Kind::Unsigned) => ColumnRole::Number(u64::MAX),
            (_, Kind::Small) => ColumnRole::Number(u64::from(u32::MAX)),
            (_, Kind::Code) => ColumnRole::StatusCode,
            ("event_time", Kind::Time) => ColumnRole::EventTime,
            (_, Kind::Time) => ColumnRole::ClaimTime,
            (_, Kind::Address) => ColumnRole::Address,
        }
    }
}

/// The lines of a stretch that are rejects, and why.
#[derive(Debug, Default)]
pub(super) struct RejectedLines {
    /// The lines.
    pub(super) lines: LineSet,
    /// Each line with its reject, in the order in which they were found.
    pub(super) rejects: Vec<(usize, Reject)>,
}

impl RejectedLines {
    /// Makes `line` a reject; if it is one already, its first reason stays.
    #[cold]
    pub(super) fn add(&mut self, line: usize, reject: Reject) {
        if !self.lines.contains(line) {
            self.lines.insert(line);
            self.rejects.push((line, reject));
        }
    }
}

/// The numbers or times of one column for the lines of a stretch.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypedColumn<T> {
    /// The values; those of lines without one are left from earlier stretches.
    pub(super) values: [T; MOST_LINES],
    /// The lines that have a value.
    pub(super) lines: LineSet,
}

impl<T: Copy + Default> Default for TypedColumn<T> {
    fn default() -> Self {
        TypedColumn {
            values: [T::default(); MOST_LINES],
            lines: LineSet::EMPTY,
        }
    }
}

impl<T: Copy> TypedColumn<T> {
    /// Reads the value of each line that has a text for `column`, or else `constant`.
    ///
    /// `read` returns `None` for a text that stands for no value; its errors go to `rejected`.
    #[inline(always)]
    pub(super) fn read_texts(
        &mut self,
        column: usize,
        constant: Option<&str>,
        stretch: &Stretch<'_>,
        rejected: &mut RejectedLines,
        mut read: impl FnMut(usize, &[u8]) -> Result<Option<T>, Reject>,
    ) {
        self.lines = LineSet::EMPTY;
        stretch.each_text(column, constant, |line, text| match read(line, text) {
            Ok(Some(value)) => {
                self.values[line] = value;
                self.lines.insert(line);
            }
            Ok(None) => {}
            Err(reject) => rejected.add(line, reject),
        });
    }

    /// Keeps the values of the lines `kept` alone, and moves them to the places from 0 on.
    pub(super) fn retain_lines(&mut self, kept: LineSet) {
        compact(&mut self.values, kept);
        self.lines = self.lines.compacted(kept);
    }
}
