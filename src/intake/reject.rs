//! Why a line of the evidence is no row, as data: a reason of a fixed list, and what exactly is wrong.

/// Why a line is no row, or why one of its fields is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// `bad_address`: the text where the client's address should be is no address.
    BadAddress,
    /// `bad_number`: a column for numbers has something else.
    BadNumber,
    /// `bad_time`: the time of the event cannot be read.
    BadTime,
    /// `cut_off`: the log is damaged within this line.
    CutOff,
    /// `duplicate_field`: a field is there twice, and which one counts cannot be known.
    DuplicateField,
    /// `field_count`: the record has more or fewer fields than its header names.
    FieldCount,
    /// `field_missing`: a column that every row must have is not there.
    FieldMissing,
    /// `field_type`: a field of JSON is an object, an array or a truth value where a text or a number should be.
    FieldType,
    /// `forwarded_for_list`: the forwarding list has no address in the place that `forwarded_hops` names.
    ForwardedForList,
    /// `joined`: a text was put together from those of an array, as no claim of a token ever is.
    Joined,
    /// `json_syntax`: the line is no JSON object.
    JsonSyntax,
    /// `line_too_long`: the line is longer than a line can be.
    LineTooLong,
    /// `log_syntax`: the line does not look as its format says.
    LogSyntax,
    /// `no_claims`: where claims of a token should be there is something else.
    NoClaims,
    /// `no_header`: no header says what the columns are.
    NoHeader,
    /// `open_quote`: a quote is never closed.
    OpenQuote,
    /// `request_line`: the request is not `METHOD target HTTP/x`, and the server answered it all the same.
    RequestLine,
    /// `stray_quote`: a quote stands where none may stand.
    StrayQuote,
    /// `time_in_fold`: the local time happened twice or never, because clocks were changed.
    TimeInFold,
    /// `time_without_zone`: the time carries no zone, and the case file names none.
    TimeWithoutZone,
}

impl Reason {
    /// The name in the frame `rejects` and in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::BadAddress => "bad_address",
            Reason::BadNumber => "bad_number",
            Reason::BadTime => "bad_time",
            Reason::CutOff => "cut_off",
            Reason::DuplicateField => "duplicate_field",
            Reason::FieldCount => "field_count",
            Reason::FieldMissing => "field_missing",
            Reason::FieldType => "field_type",
            Reason::ForwardedForList => "forwarded_for_list",
            Reason::Joined => "joined",
            Reason::JsonSyntax => "json_syntax",
            Reason::LineTooLong => "line_too_long",
            Reason::LogSyntax => "log_syntax",
            Reason::NoClaims => "no_claims",
            Reason::NoHeader => "no_header",
            Reason::OpenQuote => "open_quote",
            Reason::RequestLine => "request_line",
            Reason::StrayQuote => "stray_quote",
            Reason::TimeInFold => "time_in_fold",
            Reason::TimeWithoutZone => "time_without_zone",
        }
    }
}

/// A line that is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// What exactly, and where in the line.
    pub detail: String,
}

impl Reject {
    /// A reject for `reason`.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Reject {
            reason,
            detail: detail.into(),
        }
    }
}
