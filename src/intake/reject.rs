//! Why a line of the evidence is no row, as data: a reason of a fixed list, and what exactly is wrong.

/// Why a line is no row, or why one of its fields is in doubt.
///
/// [`Reason::sentence`] says what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// A column for numbers has something else.
    BadNumber,
    /// The time of the event cannot be read.
    BadTime,
    /// The log is damaged within this line.
    CutOff,
    /// A field is there twice.
    DuplicateField,
    /// The record has more or fewer fields than its header names.
    FieldCount,
    /// A column that every row must have has no value.
    FieldMissing,
    /// A field of JSON is of a type that its column cannot have.
    FieldType,
    /// A run of zero bytes stands where lines were.
    Hole,
    /// A text was put together from those of an array.
    Joined,
    /// The line is no JSON object.
    JsonSyntax,
    /// The line is longer than a line can be.
    LineTooLong,
    /// The line does not look as its format says.
    LogSyntax,
    /// Where the claims of a token should be there is something else.
    NoClaims,
    /// No header says what the columns are.
    NoHeader,
    /// A quote is never closed.
    OpenQuote,
    /// The line is a part of a longer one whose end is missing.
    PartOfLine,
    /// A quote stands where none may stand.
    StrayQuote,
    /// The local time never happened.
    TimeInGap,
    /// The time carries no zone, and the case file names none.
    TimeWithoutZone,
}

impl Reason {
    /// All reasons, in the order of their names.
    pub const ALL: [Reason; 19] = [
        Reason::BadNumber,
        Reason::BadTime,
        Reason::CutOff,
        Reason::DuplicateField,
        Reason::FieldCount,
        Reason::FieldMissing,
        Reason::FieldType,
        Reason::Hole,
        Reason::Joined,
        Reason::JsonSyntax,
        Reason::LineTooLong,
        Reason::LogSyntax,
        Reason::NoClaims,
        Reason::NoHeader,
        Reason::OpenQuote,
        Reason::PartOfLine,
        Reason::StrayQuote,
        Reason::TimeInGap,
        Reason::TimeWithoutZone,
    ];

    /// The reason with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// The name in the frame `rejects` and in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::BadNumber => "bad_number",
            Reason::BadTime => "bad_time",
            Reason::CutOff => "cut_off",
            Reason::DuplicateField => "duplicate_field",
            Reason::FieldCount => "field_count",
            Reason::FieldMissing => "field_missing",
            Reason::FieldType => "field_type",
            Reason::Hole => "hole",
            Reason::Joined => "joined",
            Reason::JsonSyntax => "json_syntax",
            Reason::LineTooLong => "line_too_long",
            Reason::LogSyntax => "log_syntax",
            Reason::NoClaims => "no_claims",
            Reason::NoHeader => "no_header",
            Reason::OpenQuote => "open_quote",
            Reason::PartOfLine => "part_of_line",
            Reason::StrayQuote => "stray_quote",
            Reason::TimeInGap => "time_in_gap",
            Reason::TimeWithoutZone => "time_without_zone",
        }
    }

    /// What the reason means, and what a responder can do.
    pub const fn sentence(self) -> &'static str {
        match self {
            Reason::BadNumber => {
                "A column for numbers has something else, or a number that is too large. See \
                 whether it is mapped to the right field."
            }
            Reason::BadTime => {
                "The time of the event cannot be read. If many lines have this reason, `time` or \
                 the format in the case file is wrong."
            }
            Reason::CutOff => {
                "The log is damaged within this line, and what is left of a value may look like \
                 another one. Collect the log again."
            }
            Reason::DuplicateField => {
                "A field is there twice, and no one can know which one counts. Two writers may \
                 share the log, or a client may have sent the field."
            }
            Reason::FieldCount => {
                "The record has more or fewer fields than its header names. See whether the \
                 format, its delimiter and its quotes are right."
            }
            Reason::FieldMissing => {
                "The line has no value for a column that every row must have. Messages of the \
                 server itself look so; if most lines do, a field is mapped wrongly."
            }
            Reason::FieldType => {
                "A field of JSON is an object, an array or a truth value where a text or a number \
                 should be. Map the field inside of it."
            }
            Reason::Hole => {
                "A run of zero bytes stands where lines were: the log was cut off under its writer, or \
                 the power went before a write. Look for an older copy of it."
            }
            Reason::Joined => {
                "A text was put together from those of an array, as no claim of a token ever is."
            }
            Reason::JsonSyntax => {
                "The line is no JSON object. It may be cut short, two writers may have mixed \
                 their lines, or it is a message of the server itself."
            }
            Reason::LineTooLong => {
                "The line is longer than a line can be. The file may be binary, or its line ends \
                 may be lost."
            }
            Reason::LogSyntax => {
                "The line does not look as its format says. If many lines have this reason, try \
                 `breachscope detect` to find the format."
            }
            Reason::NoClaims => "Where the claims of a token should be there is something else.",
            Reason::NoHeader => {
                "No header says what the columns are. Map the columns by the header of an earlier \
                 file of the log, or put it in a copy."
            }
            Reason::OpenQuote => {
                "A quote is never closed, so no one can say where the record ends. See whether \
                 the writer escapes quotes in another way."
            }
            Reason::PartOfLine => {
                "The container runtime cut a long line into parts, and its end is missing. It may \
                 stand in the next file of the log: put both together in a copy."
            }
            Reason::StrayQuote => {
                "A quote stands where none may stand. See whether the writer escapes quotes in \
                 another way."
            }
            Reason::TimeInGap => {
                "The local time never happened, because clocks were changed. See whether `zone` is \
                 the zone that the log's clock showed."
            }
            Reason::TimeWithoutZone => {
                "The time carries no zone, and the case file names none. Add `zone` to the \
                 source."
            }
        }
    }
}

/// Why one line is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The reason.
    pub reason: Reason,
    /// What exactly is wrong, and where in the line.
    pub detail: String,
}

impl Reject {
    /// A reject for `reason`, with `detail`.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Reject {
            reason,
            detail: detail.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_in_the_order_of_their_names_and_found_by_them() {
        assert!(Reason::ALL.is_sorted_by(|a, b| a.name() < b.name()));
        for reason in Reason::ALL {
            assert_eq!(Reason::of_name(reason.name()), Some(reason));
            let sentence = reason.sentence();
            assert!(sentence.ends_with('.'), "{sentence}");
        }
        assert_eq!(Reason::of_name("none"), None);
    }
}
