//! What a frame is: its name and its columns, each with its type and meaning.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text whose values repeat.
    Text,
    /// UTF-8 text of which nearly every value is another, such as a request id.
    Identifier,
    /// Raw bytes.
    Bytes,
    /// Unsigned 64-bit count or number.
    Unsigned,
    /// Unsigned 32-bit identifier.
    Small,
    /// Unsigned 16-bit code, such as an HTTP status.
    Code,
    /// Microseconds since 1970-01-01 UTC.
    Time,
    /// An IP address as text in its canonical form; IPv4-mapped IPv6 is written as IPv4.
    Address,
}

impl Kind {
    /// The type of such a column in `query`, where all whole numbers are signed.
    pub fn sql(self) -> &'static str {
        match self {
            Kind::Text | Kind::Identifier | Kind::Address => "VARCHAR",
            Kind::Bytes => "BLOB",
            Kind::Unsigned | Kind::Small | Kind::Code => "BIGINT",
            Kind::Time => "TIMESTAMP",
        }
    }
}

/// A column of a frame.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name, as in SQL.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What one of its numbers counts, such as `byte`.
    pub unit: Option<&'static str>,
    /// Whether every row has it; a line of the evidence without it is a reject.
    pub required: bool,
    /// Whether every log must have it, though a row may lack it.
    pub needed: bool,
    /// What it means, and in event frames what it decides.
    pub what: &'static str,
}

impl Column {
    /// The unit of its numbers and times.
    pub fn unit(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Time => Some("UTC; in Parquet microseconds since 1970-01-01"),
            _ => self.unit,
        }
    }
}

/// A frame: its name and columns. Event frames begin with `evidence_id` and `line_no`.
#[derive(Debug)]
pub struct Frame {
    /// Name, as in SQL and as the folder's name.
    pub name: &'static str,
    /// What one row is.
    pub what: &'static str,
    /// Columns, in order.
    pub columns: &'static [Column],
}

impl Frame {
    /// The index of a column.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}
