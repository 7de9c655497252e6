//! What the parser of every format does: it takes a line apart into fields.

use crate::case::TimeFormat;
use crate::frames::Frame;
use crate::intake::blocks::fields::Fields;
use crate::intake::blocks::line_set::LineSet;
use crate::intake::blocks::stretch::Stretch;
use crate::intake::reject::Reject;

/// What header lines say of the lines behind them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The columns that they name, in order, each with the slots that it fills.
    ///
    /// A column that nobody wants fills none; one that several columns of the frame are mapped to fills
    /// several.
    pub columns: Vec<Vec<usize>>,
    /// The day of the lines, if a header says it and no column does.
    pub date: Option<String>,
}

impl Header {
    /// A header that names these columns.
    pub fn of(columns: Vec<Vec<usize>>) -> Self {
        Header {
            columns,
            date: None,
        }
    }

    /// What holds once this header came behind the one `before`: a date leaves the columns as they were.
    pub(in crate::intake) fn after(self, before: Header) -> Header {
        match self.date {
            Some(date) => Header {
                date: Some(date),
                ..before
            },
            None => Header {
                columns: self.columns,
                date: before.date,
            },
        }
    }

    /// Whether the header names no column that is wanted.
    pub(in crate::intake) fn is_empty(&self) -> bool {
        self.columns.iter().all(Vec::is_empty)
    }
}

/// Takes lines of one format apart.
///
/// A parser remembers nothing from line to line, so the blocks of a file can be read in any order and
/// on any number of threads. What it learns within a block it keeps in the [`Stretch`].
pub trait LineParser: std::fmt::Debug + Send + Sync {
    /// Fills `fields` from `line`, which has no line end.
    ///
    /// The error says why the fields of the line cannot be told apart. What is wrong with a single field
    /// is a doubt in `fields` instead; what it means for the row is decided in `intake::rows`.
    fn parse<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject>;

    /// Reads those lines of a stretch that look as most lines do, and returns which they are.
    ///
    /// A returned line must have exactly the fields that [`LineParser::parse`] would give it, and no
    /// doubts. Every other line is parsed alone afterwards, so a parser may leave out whatever is rare.
    fn parse_many(&self, _stretch: &mut Stretch<'_>) -> LineSet {
        LineSet::EMPTY
    }

    /// Returns the slots that this parser can fill.
    fn fills(&self) -> Vec<usize>;

    /// Returns the names of the fields in `line`, for an error about a field that is missing.
    fn field_names(&self, line: &str) -> Vec<String>;

    /// Reads a header line; `None` if `line` names no columns, or the format has no headers.
    fn header(&self, _line: &str) -> Option<Header> {
        None
    }

    /// Returns how times are written, if the format or its template says so.
    fn time(&self) -> Option<TimeFormat> {
        None
    }
}

/// The fields that a parser is to look for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Each slot with the log's own name for its field; of several for one slot the first is the best.
    pub fields: Vec<(usize, String)>,
    /// A bit for each slot by which a token is known. It is 0 if the frame has no column that tells of
    /// tokens that cannot be read.
    pub claims: u64,
    /// The description of the lines that the server itself is set up with, such as nginx's `log_format`.
    pub log_format: Option<String>,
}

/// Makes a parser for a frame. The error says what is wrong with the case file's settings.
pub type MakeParser = fn(&'static Frame, &Wanted) -> Result<Box<dyn LineParser>, String>;
