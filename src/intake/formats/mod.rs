//! The log formats, one file each. [`list::ALL`] names them all.
//!
//! A parser takes a line apart into [`Fields`]: text, one piece for each column of the frame. What the
//! text means (a time, an address, a number) is decided once for all formats, in `intake::rows`, which has
//! its own reasons for rejects, such as `bad_time`.
//!
//! Most formats are only a table of names for one of four engines:
//!
//! | engine | reads | a format to copy |
//! |---|---|---|
//! | [`json`] | JSON objects, by dotted paths | `traefik.rs` |
//! | [`template`] | lines that a server's own `log_format` describes | `common.rs`, `nginx.rs` |
//! | [`words`] | words and quoted words, each known by its place | `alb.rs` |
//! | [`columns`] | tables whose columns a header names | `w3c.rs`, `csv.rs` |
//!
//! # How to add a format
//!
//! 1. Write `NAME.rs` in this folder: a module doc (product, link, what is special, the reasons for its
//!    rejects), a [`LogFormat`] with every field filled in, an example line among them, and tests that
//!    read one good line and refuse one bad line.
//! 2. Declare it with `mod NAME;` below, and add `&NAME::FORMAT` to [`list::ALL`]. Order matters there:
//!    `detect` takes the first format that reads a file, so a format with a mark of its own stands early.
//! 3. Put a sample with good and damaged lines into `tests/samples/NAME/`, and write into
//!    `tests/samples/expected.toml` by hand what it holds: the counts of lines, rows, rejects and blanks,
//!    the first and the last time, and some rows in full. `tests/integration/samples.rs` compares them.
//! 4. Add a `[[bin]]` named `NAME` to `tests/fuzz/Cargo.toml`. A test of
//!    `tests/integration/differential.rs` fails until it is there, and feeds the parser mutated lines of
//!    the sample.

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
mod elb_classic;
mod entra;
mod envoy;
mod envoy_json;
mod haproxy;
mod issuance;
mod jsonl;
mod keycloak;
mod keycloak_text;
mod kong;
pub mod list;
mod nginx;
mod okta;
mod parquet;
mod parser;
mod s3;
mod traefik;
mod traefik_text;
mod tsv;
mod vhost_combined;
pub(crate) mod vocabulary;
mod w3c;

use crate::case::{SourceKind, TimeFormat};
pub use crate::intake::blocks::fields::{Fields, SLOTS, slot};
pub use crate::intake::blocks::framing::Framing;
pub use crate::intake::blocks::line_set::LineSet;
pub use crate::intake::blocks::records::{Quotes, Shape};
pub use crate::intake::blocks::stretch::Stretch;
pub use crate::intake::reject::{Reason, Reject};
pub use parser::{Header, LineParser, MakeParser, Wanted};

/// A log format, as data.
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
    /// How a file is cut into lines or records.
    pub framing: Framing,
    /// What is known without the case file: columns or parts of columns, each with the log's own name
    /// for the field. Of several fields for one column the first is the best source.
    pub fields: &'static [(&'static str, &'static str)],
    /// Columns with the same value in every row, unless the case file says otherwise.
    pub constants: &'static [(&'static str, &'static str)],
    /// How times are written; `None` if only the case file or a `log_format` can say.
    pub time: Option<TimeFormat>,
    /// Whether the case file may, or must, give the server's own `log_format`.
    pub log_format: Takes,
    /// Columns that every row of this format must have, beyond those that the frame itself demands.
    pub needs: &'static [&'static str],
    /// Whether a line bears this format's own mark; `detect` tries the format only on a file with such a line.
    pub mark: fn(&str) -> bool,
    /// Makes the parser.
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

/// Whether the case file gives the server's own description of its lines (`log_format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// It must not.
    No,
    /// It may; without one the product's default is meant.
    May,
    /// It must, because the format has no default.
    Must,
}

/// The kinds of source for logs that see requests.
const REQUESTS: &[SourceKind] = &[SourceKind::Edge, SourceKind::Gateway];
/// The kind of source for logs of tokens handed out.
const ISSUANCES: &[SourceKind] = &[SourceKind::Issuance];
/// How many kinds of source a format with no fields of its own can be.
pub const ANY_KINDS: usize = ANY.len();
/// The kinds of source for formats whose fields the case file names: all of them.
const ANY: &[SourceKind] = &[
    SourceKind::Edge,
    SourceKind::Gateway,
    SourceKind::Application,
    SourceKind::Issuance,
    SourceKind::Login,
];

/// The mark of a format that has none: such a format is never guessed from its lines alone.
fn never(_line: &str) -> bool {
    false
}

/// Whether a line begins as a JSON object and has all of these keys somewhere.
///
/// The keys may stand at any depth, or in text: this is cheap, and enough before the line is parsed.
fn has_keys(line: &str, keys: &[&str]) -> bool {
    line.starts_with('{') && keys.iter().all(|key| line.contains(&format!("\"{key}\"")))
}

#[cfg(test)]
pub(crate) mod testing;
