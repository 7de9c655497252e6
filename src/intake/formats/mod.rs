//! The log formats, one file each, and the one list of them.
//!
//! A parser takes a line apart into [`Slots`], one a canonical column, as text; what the text means
//! (a time, an address, a number) is decided once for all formats in `rows`. To add a format: a file
//! here with its parser, failure reasons and tests, a variant of `case::Format`, and a line in
//! [`parser`] and [`provides`].

pub mod combined;
pub mod json_lines;

use std::borrow::Cow;

use crate::case::{Format, Source};

/// As many columns as any frame has, and some.
pub const MAX_COLUMNS: usize = 24;

/// The text of each canonical column, as far as a line has it.
pub type Slots<'a> = [Option<Cow<'a, str>>; MAX_COLUMNS];

/// Why a line is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// One of a small set of reasons, for grouping.
    pub reason: &'static str,
    /// What exactly, and where in the line.
    pub detail: String,
}

impl Reject {
    /// A reject for `reason`.
    pub fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Reject {
            reason,
            detail: detail.into(),
        }
    }
}

/// Takes lines of one format apart.
pub trait LineParser: Send + Sync {
    /// Fills `slots` from `line`, which has no line end.
    fn parse<'a>(&self, line: &'a str, slots: &mut Slots<'a>) -> Result<(), Reject>;

    /// The names of the fields that `line` has, for an error about one that is missing.
    fn field_names(&self, line: &str) -> Vec<String>;
}

/// Canonical columns that a format fills from fixed places, so that they take no mapping.
pub fn provides(format: Format) -> &'static [&'static str] {
    match format {
        Format::Jsonl => &[],
        Format::Combined => combined::PROVIDES,
    }
}

/// The parser for a source.
pub fn parser(source: &Source) -> Box<dyn LineParser> {
    let frame = source.kind.frame();
    let mapping: Vec<(usize, &str)> = source
        .fields
        .iter()
        .filter_map(|(column, field)| {
            Some((frame.index(column.get_ref())?, field.get_ref().as_str()))
        })
        .collect();
    match source.format {
        Format::Jsonl => Box::new(json_lines::JsonLines::new(&mapping)),
        Format::Combined => Box::new(combined::Combined::new(frame, &mapping)),
    }
}
