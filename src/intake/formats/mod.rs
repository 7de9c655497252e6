//! The log formats, one file each, and the one list of them.
//!
//! A parser takes a line apart into [`Fields`], one a canonical column, as text; what the text means
//! (a time, an address, a number) is decided once for all formats in `rows`. To add a format: a file
//! here with a [`LogFormat`], its reject reasons and tests, a line in [`list::ALL`], and a sample with pinned
//! counts in `tests/samples`.
//!
//! Most formats are a table of names for one of the engines: [`json`] (objects with dotted paths),
//! [`template`] (what a server's `log_format` describes), [`words`] (words and quoted words between
//! spaces), [`columns`] (a header names the columns).

pub mod columns;
pub mod json;
pub mod template;
pub mod words;

mod akamai;
mod alb;
mod apache;
mod api_gateway;
mod auth0;
mod caddy;
mod cloudflare;
mod cloudfront;
mod cloudtrail;
mod combined;
mod common;
mod csv;
mod entra;
mod envoy;
mod envoy_json;
mod haproxy;
mod jsonl;
mod keycloak;
mod keycloak_text;
mod kong;
pub mod list;
mod nginx;
mod okta;
mod parquet;
mod traefik;
mod traefik_text;
mod tsv;
mod w3c;

use crate::case::{SourceKind, TimeFormat};
use crate::frames::Frame;
pub use crate::intake::blocks::fields::{Fields, SLOTS, slot};
pub use crate::intake::blocks::framing::Framing;
pub use crate::intake::blocks::line_set::LineSet;
pub use crate::intake::blocks::records::{Quotes, Shape};
pub use crate::intake::blocks::stretch::Stretch;
pub use crate::intake::reject::{Reason, Reject};

/// The columns that a header names: a slot each, or none where the column is not wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header(pub Vec<Vec<usize>>);

impl Header {
    /// Whether no column is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

/// Takes lines of one format apart: each by itself, and those that look as most do many at once.
pub trait LineParser: std::fmt::Debug + Send + Sync {
    /// Fills `fields` from `line`, which has no line end.
    fn parse<'l>(
        &self,
        line: &'l str,
        header: &Header,
        fields: &mut Fields<'l>,
    ) -> Result<(), Reject>;

    /// Takes apart, all at once, those lines of a stretch that look as most do, and tells which; of them
    /// nothing is left for [`LineParser::parse`].
    fn parse_many(&self, _stretch: &mut Stretch<'_>) -> LineSet {
        LineSet::EMPTY
    }

    /// The slots that this parser can fill.
    fn fills(&self) -> Vec<usize>;

    /// The names of the fields that `line` has, for an error about one that is missing.
    fn field_names(&self, line: &str) -> Vec<String>;

    /// What a header line says, for formats that have them; `None` where it says nothing of columns.
    fn header(&self, _line: &str) -> Option<Header> {
        None
    }

    /// How times are written, where the format or the template says so.
    fn time(&self) -> Option<TimeFormat> {
        None
    }
}

/// What a parser is made for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Slot and the log's own field, the best first where several fill one slot.
    pub fields: Vec<(usize, String)>,
    /// The slots that tell of a token, bit by bit, where a token that cannot be read has a column.
    pub claims: u64,
    /// The server's own description of its lines.
    pub log_format: Option<String>,
}

/// A log format.
#[derive(Debug)]
pub struct LogFormat {
    /// Its name in the case file.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Where it is described.
    pub documentation: &'static str,
    /// What a reader must know of it beside what the code needs.
    pub about: About,
    /// What a source of this format can be; the first is what `init` writes.
    pub kinds: &'static [SourceKind],
    /// How files are cut.
    pub framing: Framing,
    /// Columns, or parts of one, and the log's own field: what is known without the case file.
    pub fields: &'static [(&'static str, &'static str)],
    /// Columns that have the same value in every row unless the case file says otherwise.
    pub constants: &'static [(&'static str, &'static str)],
    /// How times are written; `None` where the case file or a `log_format` says.
    pub time: Option<TimeFormat>,
    /// Whether the case file may, or must, give the server's own `log_format`.
    pub log_format: Takes,
    /// Columns of the frame that every row of this format must have, beyond those the frame asks for.
    pub needs: &'static [&'static str],
    /// Whether a line bears this format's own mark: looked at before a line is parsed to detect it.
    pub mark: fn(&str) -> bool,
    /// Makes the parser; the error is about the case file's settings.
    pub parser: MakeParser,
}

/// What a reader must know of a format; `breachscope formats` prints it.
#[derive(Debug)]
pub struct About {
    /// The products and logs that it reads.
    pub products: &'static str,
    /// How `detect` knows such a log.
    pub detected_by: &'static str,
    /// What to know before the rows are trusted.
    pub note: &'static str,
    /// For formats that take a `log_format`: what its variables mean.
    pub variables: &'static [template::Meaning],
    /// A line that it reads as a row, with invented values; a table's header stands before it.
    pub example: &'static str,
    /// What a source of the example must set beside the settings that every source has, as TOML.
    pub settings: &'static str,
}

/// Makes a parser for a frame, or says what is wrong with the case file's settings.
pub type MakeParser = fn(&'static Frame, &Wanted) -> Result<Box<dyn LineParser>, String>;

/// Whether a setting may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// It may not.
    No,
    /// It may.
    May,
    /// It must.
    Must,
}

/// Sources that see requests, and not tokens unless the case file says where.
const REQUESTS: &[SourceKind] = &[SourceKind::Edge, SourceKind::Gateway];
/// Sources that tell of tokens handed out.
const ISSUANCES: &[SourceKind] = &[SourceKind::Issuance];
/// How many kinds a format has whose fields the case file names.
pub const ANY_KINDS: usize = ANY.len();
/// Formats whose fields the case file names.
const ANY: &[SourceKind] = &[
    SourceKind::Edge,
    SourceKind::Gateway,
    SourceKind::Application,
    SourceKind::Issuance,
    SourceKind::Login,
];

/// No format has a mark that a stray line could not have; those without one are never guessed.
fn never(_line: &str) -> bool {
    false
}

/// Whether a line is a JSON object with all of these keys somewhere: cheap, and enough before parsing.
fn has_keys(line: &str, keys: &[&str]) -> bool {
    line.starts_with('{') && keys.iter().all(|key| line.contains(&format!("\"{key}\"")))
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use crate::intake::values::parts::Parts;

    /// A parser of `format` for its first kind, with these further fields.
    pub(crate) fn parser(format: &LogFormat, more: &[(&str, &str)]) -> Box<dyn LineParser> {
        let frame = format.kinds[0].frame();
        let fields = format
            .fields
            .iter()
            .chain(more)
            .map(|(column, own)| (slot(frame, column).expect("a slot"), own.to_string()))
            .collect();
        let wanted = Wanted {
            fields,
            ..Wanted::default()
        };
        (format.parser)(frame, &wanted).expect("a parser")
    }

    /// The wanted columns of one line, or the reason why it is no row.
    pub(crate) fn read(
        format: &LogFormat,
        parser: &dyn LineParser,
        line: &str,
        columns: &[&str],
    ) -> Result<Vec<Option<String>>, &'static str> {
        let frame = format.kinds[0].frame();
        let mut fields = Fields::default();
        fields.begin(line);
        parser
            .parse(line, &Header::default(), &mut fields)
            .and_then(|()| Parts::new(frame, None).assemble(&mut fields))
            .map_err(|reject| reject.reason.name())?;
        if let Some((_, reject)) = fields.doubts().first() {
            return Err(reject.reason.name());
        }
        let of = |name: &&str| {
            fields
                .get(slot(frame, name).expect("a slot"))
                .map(str::to_string)
        };
        Ok(columns.iter().map(of).collect())
    }
}
