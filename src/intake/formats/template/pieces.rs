//! How a server's lines look: the pieces of a template, and what its variables mean.

use crate::case::TimeFormat;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text that stands in each line as it is.
    Literal(String),
    /// A variable, by its name as the server's documentation spells it.
    Variable(String),
}

/// What a variable of a server means.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// The variable.
    pub variable: &'static str,
    /// The column, or part of one, that it fills.
    pub column: &'static str,
    /// How it writes a time, if it does.
    pub time: Option<TimeFormat>,
}

/// The meaning of a variable that fills a column.
pub const fn is(variable: &'static str, column: &'static str) -> Meaning {
    Meaning {
        variable,
        column,
        time: None,
    }
}

/// The meaning of a variable that writes the time of the event.
pub const fn at(variable: &'static str, time: TimeFormat) -> Meaning {
    Meaning {
        variable,
        column: "event_time",
        time: Some(time),
    }
}

/// How a server writes its lines.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// What its variables mean, the best source of a column first.
    pub meanings: &'static [Meaning],
    /// Whether more fields may follow what the template describes.
    pub tail: bool,
    /// Whether it escapes a quote inside quotes, so that a quote without a backslash ends the value.
    pub escapes: bool,
    /// Variables whose values have no blank.
    pub words: &'static [&'static str],
}
