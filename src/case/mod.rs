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
//! | `key_scope` | what each signing key is for |
//! | `keys` | the inventory of signing keys |
//! | `load` | loads a case |
//! | `mapping` | kinds of sources, ways to write times |
//! | `policy` | thresholds, and the rules that are switched off |
//! | `registry_columns` | what each column of the registries says |
//! | `read` | reads TOML with a place for each mistake |
//! | `suggest` | hints for names that stand for nothing |
//! | `table` | reads CSV by column name |
//! | `words` | what the words of identity logs mean |

mod accounts;
mod catalogue;
mod interner;
mod key_scope;
mod keys;
mod load;
mod mapping;
mod policy;
mod read;
mod registry_columns;
mod suggest;
mod table;
mod words;

pub use accounts::{Account, Accounts};
pub use catalogue::{Catalogue, CatalogueFile, Field, Page};
pub use interner::{AccountKey, Interner};
pub use key_scope::{KeyScope, KeyScopes, ScopeLimit};
pub use keys::{Custodian, Key, Keys};
pub use mapping::{SourceKind, TimeFormat};
pub use policy::Policy;
#[cfg(test)]
pub(crate) use policy::testing;
pub use registry_columns::{ACCOUNT_REGISTRY, KEY_INVENTORY, RegistryColumn};
pub(crate) use suggest::{named_zone, suggest, suggest_file, zone_of};
pub use words::{FormatWords, Meaning, Words};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::error::{Error, Position};
use crate::jws::SigningKeys;
use crate::progress::Progress;

/// The file name inside a case folder.
pub const CASE_FILE: &str = "case.toml";

/// `case.toml`: the settings of one case.
///
/// Nothing is guessed: what the analysis needs and the case does not say is an error that names the line.
/// Paths are relative to the folder of the case file. Evidence is opened read-only.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// What the case is.
    pub case: Head,
    /// Times at which somebody became aware, each with its source.
    ///
    /// The report lists them all: the time limits of regulators run from one of them.
    #[serde(default)]
    pub awareness: Vec<Awareness>,
    /// Thresholds of the analysis; every report prints them and says which you set.
    pub policy: Policy,
    /// Who issues tokens, one table an issuer.
    #[serde(default)]
    pub issuer: Vec<Issuer>,
    /// The lists that the analysis needs beside the logs, each a file.
    #[serde(default)]
    pub registry: Registries,
    /// Keys that signatures are checked with, where a log holds whole tokens.
    ///
    /// RS, PS and ES 256 to 512, EdDSA (Ed25519) and HS 256 to 512 are checked. A key that verifies no token
    /// at all is taken for the wrong file and makes no token forged.
    #[serde(default)]
    pub signing_key: Vec<KeyFile>,
    /// The logs, one table a log: its files and how to read them.
    pub source: Vec<Source>,
    /// Ranges of a source known to be deleted; the report names the figures that they touch.
    #[serde(default)]
    pub deleted: Vec<Deleted>,
}

/// What the case is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// A short identifier; outputs and the folder of results bear it.
    #[schemars(example = &"shop-2025-11")]
    pub id: String,
    /// One line for people, the title of the report.
    #[schemars(example = &"Forged access passes at an online shop")]
    pub title: String,
    /// The IANA time zone in which reports show times.
    #[schemars(with = "String", example = &"Asia/Seoul")]
    pub report_zone: Spanned<String>,
    /// Who collected the evidence; the manifest says it.
    #[schemars(example = &"Example Response Team")]
    pub collected_by: String,
    /// When it was collected, RFC 3339 with an offset.
    #[schemars(with = "String", example = &"2025-11-20T10:00:00+09:00")]
    pub collected_at: Timestamp,
}

/// A time at which somebody became aware.
#[derive(Debug, Clone, Deserialize, serde::Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Awareness {
    /// When, RFC 3339 with an offset.
    #[schemars(with = "String", example = &"2025-11-18T22:52:00+09:00")]
    pub time: Timestamp,
    /// Who says so.
    #[schemars(example = &"the company's own report")]
    pub source: String,
}

/// Who issues tokens.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The `iss` claim of its tokens.
    #[schemars(example = &"https://login.shop.example")]
    pub id: String,
    /// What its tokens' subjects are: accounts of customers, or services of the company itself.
    #[schemars(example = &"accounts")]
    pub subjects: Subjects,
    /// Keys whose issuances its log would hold, although no record of the evidence names them.
    ///
    /// Without this, the log is not taken to be complete for a key that it never names, so a token under
    /// that key stays indeterminate.
    #[serde(default)]
    #[schemars(example = ["standby-2024-05"])]
    pub keys_logged: Vec<String>,
}

/// What the subjects of an issuer's tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Subjects {
    /// Accounts of the account registry.
    Accounts,
    /// Services of the company itself.
    Services,
}

/// The lists that the analysis needs beside the logs, each a file.
///
/// What a missing list would decide stays undecided, and the report says so.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registries {
    /// The key inventory, CSV; without it no token is `forged` for want of a record.
    #[schemars(with = "Option<String>", example = &"registry/keys.csv")]
    pub keys: Option<Spanned<PathBuf>>,
    /// The account registry, CSV: all accounts, closed ones too.
    ///
    /// Without it no account is told from an invented one, and views that only the gateway shows are
    /// `possible`.
    #[schemars(with = "Option<String>", example = &"registry/accounts.csv")]
    pub accounts: Option<Spanned<PathBuf>>,
    /// The page catalogue, TOML; without it no view is counted.
    #[schemars(with = "Option<String>", example = &"registry/pages.toml")]
    pub pages: Option<Spanned<PathBuf>>,
    /// The address-to-network database, MMDB with the names of GeoLite2.
    ///
    /// Without it the fleet's addresses have no network.
    #[schemars(with = "Option<String>", example = &"registry/networks.mmdb")]
    pub networks: Option<Spanned<PathBuf>>,
}

/// A file with public keys, or a shared secret, that tokens are checked with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    /// The file.
    #[schemars(with = "String", example = &"registry/jwks.json")]
    pub file: Spanned<PathBuf>,
    /// What is in it.
    #[schemars(example = &"jwks")]
    pub kind: KeyFileKind,
    /// The issuer whose keys these are; without it, any issuer's.
    #[schemars(example = &"https://login.shop.example")]
    pub issuer: Option<String>,
    /// The key's `kid`; a PEM file and a secret need it, a JWK set has its own.
    #[schemars(example = &"primary-2023-05")]
    pub key_id: Option<String>,
    /// The one algorithm that the key is for; without it, those that fit the key.
    #[schemars(example = &"RS256")]
    pub algorithm: Option<String>,
    /// The issuers whose tokens the keys may sign, beside `issuer`; if it is empty, nothing is known.
    ///
    /// A token outside of what its key is for is `forged`, here as in the next three settings and in the columns
    /// of the key inventory that have their names; what both state holds together. If tokens of a key that the
    /// issuance log recorded lie outside as well, the setting decides nothing, and the report says so.
    #[serde(default)]
    #[schemars(example = ["https://login.shop.example"])]
    pub issuers: Vec<String>,
    /// The audiences (`aud`) for which the keys may sign; of several in a token, one must be listed.
    #[serde(default)]
    #[schemars(example = ["shop-api"])]
    pub audiences: Vec<String>,
    /// The kinds of customers for whom the keys may sign, as `token_customer_kind` has them.
    ///
    /// `customer_kind` in the `token_claims` of a source says which claim of a token that is.
    #[serde(default)]
    #[schemars(example = ["consumer"])]
    pub customer_kinds: Vec<String>,
    /// The algorithms (`alg`) that the keys may sign with.
    #[serde(default)]
    #[schemars(example = ["RS256"])]
    pub algorithms: Vec<String>,
}

/// What a key file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyFileKind {
    /// A JWK set or a JWK.
    Jwks,
    /// A public key or a certificate, PEM.
    Pem,
    /// The bytes of a shared secret.
    Secret,
}

/// Which claims of a token are its id, its subject and its kind of customer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenClaims {
    /// The claim with the token's id; `jti` if it is not given.
    #[schemars(example = &"uti")]
    pub id: Option<String>,
    /// The claim with the token's subject; `sub` if it is not given.
    #[schemars(example = &"oid")]
    pub subject: Option<String>,
    /// The claim that tells the kind of customer, for `customer_kinds` of keys; without it, none is read.
    ///
    /// In Entra's tokens it is `tid`: all private accounts are of one tenant, and those of a company of another.
    /// Name it for each source that logs the same tokens, or a token with it and one without it are two.
    #[schemars(example = &"tid")]
    pub customer_kind: Option<String>,
}

/// A log: its files and how to read them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A short name, unique in the case.
    #[schemars(with = "String", example = &"gateway-a")]
    pub id: Spanned<String>,
    /// What it logs; `breachscope fields` says which columns each kind needs.
    #[schemars(example = &"gateway")]
    pub kind: SourceKind,
    /// Files, patterns or folders; `logs.tar.gz!*/access*` names members of an archive.
    ///
    /// Logs may be packed in gzip, zstd, bzip2, xz, zip and tar, in any nesting. Copies of one
    /// log count once, whatever their line ends, and so do lines that a rotation repeats. Sources of different
    /// kinds may name one file: an identity log can hold both issuances and logins.
    #[schemars(with = "Vec<String>", example = ["evidence/gateway-a/*.jsonl.gz"])]
    pub paths: Vec<Spanned<String>>,
    /// The log format; `breachscope formats` lists them.
    #[schemars(with = "String", example = &"jsonl")]
    pub format: Spanned<String>,
    /// The server's own description of its lines, for the formats that take one.
    #[schemars(
        with = "Option<String>",
        example = &"$remote_addr [$time_iso8601] \"$request\" $status"
    )]
    pub log_format: Option<Spanned<String>>,
    /// How its times are written; a format that fixes this does not take it.
    #[schemars(example = &"rfc3339")]
    pub time: Option<TimeFormat>,
    /// The IANA zone of times that carry none.
    ///
    /// `local_iso` and `local_clf` need it. So does RFC 3339 without an offset, unless only a few of a log's
    /// times lack one: then those lines are rejects. A local time that happened twice, or never, because
    /// clocks were changed is a reject.
    #[schemars(with = "Option<String>", example = &"Asia/Seoul")]
    pub zone: Option<Spanned<String>>,
    /// Seconds to add to a logged time to get the true one; 0 for a clock that was right.
    #[schemars(example = -90)]
    pub clock_correction_seconds: i64,
    /// How many of your own proxies stand between the client and this log.
    ///
    /// In a forwarding list (`forwarded_for`) the client is this many places from the right, or first in a
    /// shorter list.
    #[schemars(example = 1)]
    pub forwarded_hops: Option<u32>,
    /// The cookie that holds the token; needed where a field `cookie` is mapped.
    ///
    /// A long token that was split over `access_pass.0`, `access_pass.1`, or `access_pass_0`, or
    /// `access_passC1`, is put together.
    #[schemars(example = &"access_pass")]
    pub token_cookie: Option<String>,
    /// Which claims of a token are its id and its subject, where they are not `jti` and `sub`.
    ///
    /// They must be what the issuance log and the registry have: Entra's sign-in log, for one, has `uti` and
    /// `oid`, and `sub` is another one for each application.
    #[schemars(example = serde_json::json!({ "id": "uti", "subject": "oid" }))]
    pub token_claims: Option<TokenClaims>,
    /// What this log writes before the ids of tokens and other logs do not, one text or several.
    ///
    /// Keycloak, for one, logs `onrtna:` before the id of a refreshed token, and the token has the id alone. It is
    /// taken off each id that begins with it.
    #[schemars(example = &"onrtna:")]
    pub id_prefix: Option<Texts>,
    /// What this log writes behind the ids of tokens and other logs do not, one text or several.
    #[schemars(example = &"@shop")]
    pub id_suffix: Option<Texts>,
    /// Texts of `event` or `outcome` that say that a token was handed out, or a login succeeded.
    ///
    /// Letter case does not matter. Formats of products know their own words, and common words of several
    /// languages are known for all others. A text that is on no list is named in a note, and what it tells of is
    /// never taken for an issuance or a login.
    #[serde(default)]
    #[schemars(example = vec!["ausgegeben"])]
    pub granted: Vec<String>,
    /// Texts of `event` or `outcome` that say that nothing was handed out, and nobody let in.
    #[serde(default)]
    #[schemars(example = vec!["abgewiesen"])]
    pub refused: Vec<String>,
    /// Texts of `event` that say that a token was taken back, or a session ended.
    #[serde(default)]
    #[schemars(example = vec!["eingezogen"])]
    pub revoked: Vec<String>,
    /// Texts of `event` that say neither, and are no news.
    #[serde(default)]
    #[schemars(example = vec!["heartbeat"])]
    pub ignored: Vec<String>,
    /// Only lines whose field has this text, or one of these, are taken from its files: `field = "text"`.
    ///
    /// The names are the log's own, in JSON dotted paths; of several fields each must match. Letter case
    /// matters. All other lines are counted apart, and are no rejects. So one file can feed sources of
    /// different kinds.
    #[serde(default, rename = "where")]
    #[schemars(with = "BTreeMap<String, Texts>", example = BTreeMap::from([("type", "LOGIN")]))]
    pub filter: BTreeMap<Spanned<String>, Texts>,
    /// Which field of the log fills which column, as `column = "field"`.
    ///
    /// `breachscope fields` lists the columns, `breachscope formats NAME` what a format fills by itself. An
    /// empty value and `-` are none in any format, but in a method or path.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>", example = BTreeMap::from([("token_id", "pass.jti")]))]
    pub fields: BTreeMap<Spanned<String>, Spanned<String>>,
    /// A value that a column has in every row, as `column = "value"`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>", example = BTreeMap::from([("issuer", "https://login.shop.example")]))]
    pub constants: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// One text, or several of which one will do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Texts {
    /// The one text.
    One(String),
    /// The texts.
    Any(Vec<String>),
}

impl Texts {
    /// All texts.
    pub fn all(&self) -> &[String] {
        match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Any(texts) => texts,
        }
    }
}

/// A range of a source known to be deleted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    /// The `id` of the source.
    #[schemars(with = "String", example = &"application")]
    pub source: Spanned<String>,
    /// The first moment that is missing, RFC 3339 with an offset.
    #[schemars(with = "String", example = &"2025-05-23T00:00:00+09:00")]
    pub from: Timestamp,
    /// The first moment that is there again, RFC 3339 with an offset.
    #[schemars(with = "String", example = &"2025-06-03T00:00:00+09:00")]
    pub to: Timestamp,
    /// Who says so, or why it was deleted.
    #[schemars(example = &"deleted by the retention job")]
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
    /// What keys are for, by the inventory and the case file.
    pub key_scopes: KeyScopes,
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

    /// What the key `key_id` is for that signs a token of `issuer`, if anything states it.
    ///
    /// A key that other issuers sign with is meant where nothing lists one of this id for `issuer` itself.
    pub fn key_scope(&self, issuer: &str, key_id: &str) -> Option<KeyScope> {
        let own = self.key_scopes.of(issuer, key_id);
        own.or_else(|| {
            let mut checked = self.signing_keys.supported();
            let named = (Some(issuer), Some(key_id));
            if self.keys.find(issuer, key_id).is_some() || checked.any(|key| key == named) {
                return None;
            }
            let mut foreign = self.key_scopes.of_others(issuer, key_id)?;
            // Where the inventory has the issuer's keys, it lacks none of them.
            foreign.may_be_another = !self.keys.keys.iter().any(|key| key.issuer == issuer);
            Some(foreign)
        })
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
