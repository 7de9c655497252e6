//! The case: what the responder brought, how to read it, and what is known about it.
//!
//! [`Case::load`] reads `case.toml` and checks it as far as the file alone allows: every path must exist
//! and every name must be unique. What only a stage knows (the log formats, the rules) that stage
//! checks, before any evidence is read. Nothing is guessed: a setting that the analysis needs and the
//! case does not have is an error with a line and a column.
//!
//! | file | what it does |
//! |---|---|
//! | `accounts` | the account registry |
//! | `catalogue` | the page catalogue |
//! | `interner` | a number for each spelling of an identifier |
//! | `keys` | the inventory of signing keys |
//! | `load` | loads a case |
//! | `mapping` | kinds of sources, ways to write times |
//! | `policy` | thresholds, and the rules that are switched off |
//! | `read` | reads TOML with a place for each mistake |
//! | `suggest` | hints for names that stand for nothing |
//! | `table` | reads CSV by column name |

mod accounts;
mod catalogue;
mod interner;
mod keys;
mod load;
mod mapping;
mod policy;
mod read;
mod suggest;
mod table;

pub use accounts::{Account, Accounts};
pub use catalogue::{Catalogue, Field, Page};
pub use interner::{AccountKey, Interner};
pub use keys::{Custodian, Key, Keys};
pub use mapping::{SourceKind, TimeFormat};
pub use policy::Policy;
#[cfg(test)]
pub(crate) use policy::testing;
pub(crate) use suggest::{named_zone, suggest, suggest_file, zone_of};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use crate::error::{Error, Position};
use crate::jws::SigningKeys;
use crate::progress::Progress;

/// The file name inside a case folder.
pub const CASE_FILE: &str = "case.toml";

/// `case.toml` as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// What the case is.
    pub case: Head,
    /// Times at which somebody became aware, each with its source.
    #[serde(default)]
    pub awareness: Vec<Awareness>,
    /// Thresholds of the analysis.
    pub policy: Policy,
    /// Who issues tokens.
    #[serde(default)]
    pub issuer: Vec<Issuer>,
    /// The lists that the analysis needs beside the logs.
    #[serde(default)]
    pub registry: Registries,
    /// Keys that signatures are checked with.
    #[serde(default)]
    pub signing_key: Vec<KeyFile>,
    /// The logs.
    pub source: Vec<Source>,
    /// Ranges of a source known to be deleted.
    #[serde(default)]
    pub deleted: Vec<Deleted>,
}

/// What the case is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// A short identifier, used in outputs.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// IANA time zone in which reports show times.
    pub report_zone: Spanned<String>,
    /// Who collected the evidence.
    pub collected_by: String,
    /// When it was collected.
    pub collected_at: Timestamp,
}

/// A time at which somebody became aware.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Awareness {
    /// When.
    pub time: Timestamp,
    /// Who says so.
    pub source: String,
}

/// Who issues tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The `iss` claim.
    pub id: String,
    /// What its tokens' subjects are.
    pub subjects: Subjects,
    /// Keys whose issuances its log would hold, although no record of the evidence names them: without
    /// this the log is not taken to be complete for a key that it never names.
    #[serde(default)]
    pub keys_logged: Vec<String>,
}

/// What the subjects of an issuer's tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subjects {
    /// Accounts of the account registry.
    Accounts,
    /// Services of the company itself.
    Services,
}

/// The lists that the analysis needs beside the logs, each a file. What a missing one would decide
/// stays undecided, and the report says so.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registries {
    /// Key inventory, CSV.
    pub keys: Option<Spanned<PathBuf>>,
    /// Account registry, CSV.
    pub accounts: Option<Spanned<PathBuf>>,
    /// Page catalogue, TOML.
    pub pages: Option<Spanned<PathBuf>>,
    /// Address-to-network database, MMDB.
    pub networks: Option<Spanned<PathBuf>>,
}

/// A file with public keys, or a shared secret, that tokens are checked with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// The file, relative to the case folder.
    pub file: Spanned<PathBuf>,
    /// What is in it.
    pub kind: KeyFileKind,
    /// The issuer whose keys these are; any, if not given.
    pub issuer: Option<String>,
    /// The key's id; a JWK set has its own.
    pub key_id: Option<String>,
    /// The one algorithm that the key is for.
    pub algorithm: Option<String>,
}

/// What a key file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyFileKind {
    /// A JWK set or a JWK.
    Jwks,
    /// A public key or a certificate, PEM.
    Pem,
    /// The bytes of a shared secret.
    Secret,
}

/// A log: its files and how to read them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A short name, unique in the case.
    pub id: Spanned<String>,
    /// What it logs.
    pub kind: SourceKind,
    /// Files or glob patterns, relative to the case folder.
    pub paths: Vec<Spanned<String>>,
    /// Its format: a name of the list of log formats.
    pub format: Spanned<String>,
    /// The server's own description of its lines, for formats that take one.
    pub log_format: Option<Spanned<String>>,
    /// How its times are written; formats that fix this do not take it.
    pub time: Option<TimeFormat>,
    /// Zone of times that carry none.
    pub zone: Option<Spanned<String>>,
    /// Seconds to add to a logged time to get the true one.
    pub clock_correction_seconds: i64,
    /// How many of your own proxies stand between the client and this log: in a forwarding list the
    /// client is so many places from the right.
    pub forwarded_hops: Option<u32>,
    /// The cookie that holds the token, where a field `cookie` is mapped.
    pub token_cookie: Option<String>,
    /// Canonical column -> the log's own field.
    #[serde(default)]
    pub fields: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Canonical column -> the value that all rows have.
    #[serde(default)]
    pub constants: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// A range of a source known to be deleted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    /// The source's id.
    pub source: Spanned<String>,
    /// First moment missing.
    pub from: Timestamp,
    /// First moment present again.
    pub to: Timestamp,
    /// Who says so, or why.
    pub reason: String,
}

/// A case: checked, with its registries loaded.
#[derive(Debug)]
pub struct Case {
    /// The case folder.
    pub dir: PathBuf,
    /// The case file's path.
    pub path: PathBuf,
    /// The case file's text, for its hash and for places in errors.
    pub text: String,
    /// The case file, parsed.
    pub file: CaseFile,
    /// The report's time zone.
    pub zone: jiff::tz::TimeZone,
    /// The page catalogue.
    pub catalogue: Catalogue,
    /// The inventory of signing keys.
    pub keys: Keys,
    /// Keys that signatures are checked with.
    pub signing_keys: SigningKeys,
    /// The path and the SHA-256 of each file with such keys.
    pub signing_key_files: Vec<(PathBuf, String)>,
}

impl Case {
    /// A path that the case file names, resolved against the case folder.
    pub fn resolve(&self, name: &Option<Spanned<PathBuf>>) -> Option<PathBuf> {
        name.as_ref().map(|name| self.dir.join(name.get_ref()))
    }

    /// An error at a place in the case file.
    pub fn error_at(&self, span: std::ops::Range<usize>, message: impl Into<String>) -> Error {
        Error::case(&self.path, message).at(Position::of(&self.text, span.start))
    }

    /// The issuer with this `iss` claim.
    pub fn issuer(&self, id: &str) -> Option<&Issuer> {
        self.file.issuer.iter().find(|issuer| issuer.id == id)
    }

    /// The ranges of all sources of `kind` that are known to be deleted.
    ///
    /// Each has its first moment and the first moment after it, in microseconds since 1970 UTC.
    pub fn deleted(&self, kind: SourceKind) -> Vec<(i64, i64, &Deleted)> {
        let of_kind = |id: &str| {
            self.file
                .source
                .iter()
                .any(|source| source.id.get_ref() == id && source.kind == kind)
        };
        let ranges = self
            .file
            .deleted
            .iter()
            .filter(|range| of_kind(range.source.get_ref()));
        ranges
            .map(|range| {
                (
                    range.from.as_microsecond(),
                    range.to.as_microsecond(),
                    range,
                )
            })
            .collect()
    }
}

/// The run, as the stages after intake share it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The case.
    pub case: &'a Case,
    /// The account registry.
    pub accounts: &'a Accounts,
    /// Gives each spelling of an identifier its number.
    pub interner: &'a Interner,
    /// The folder that frames are read from and written to.
    pub frames_dir: &'a Path,
    /// Threads to use.
    pub threads: usize,
    /// Where stages tell how far they are.
    pub progress: &'a dyn Progress,
}
