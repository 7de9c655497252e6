//! The case: what the responder brought, how to read it, and what is known about it.
//!
//! [`Case::load`] reads `case.toml` and checks it as far as it can be checked by itself: every path and
//! every name that it gives twice. What only a stage knows (the formats, the rules) the stage checks,
//! before any evidence is touched. Nothing is guessed: what the analysis needs and the case does not say
//! is an error with a line and a column.

mod catalogue;
mod context;
mod mapping;
mod policy;
mod registry;

pub use catalogue::{Catalogue, Field, Page};
pub use context::Context;
pub use mapping::{SourceKind, TimeFormat};
pub use policy::Policy;
#[cfg(test)]
pub(crate) use policy::testing;
pub use registry::{Account, AccountKey, Accounts, Custodian, Interner, Key, Keys};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;

use crate::digest::hash_file;
use crate::error::{Error, Position, Result, closest};
use crate::jws::SigningKeys;

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

/// A case, checked, with its registries loaded.
#[derive(Debug)]
pub struct Case {
    /// The case folder.
    pub dir: PathBuf,
    /// The case file's path.
    pub path: PathBuf,
    /// The case file's text, for its hash and for places in errors.
    pub text: String,
    /// What it says.
    pub file: CaseFile,
    /// The report's time zone.
    pub zone: jiff::tz::TimeZone,
    /// Pages and their fields.
    pub catalogue: Catalogue,
    /// The inventory of signing keys.
    pub keys: Keys,
    /// Keys that signatures are checked with.
    pub signing_keys: SigningKeys,
    /// The files that these are from: path and SHA-256.
    pub signing_key_files: Vec<(PathBuf, String)>,
}

impl Case {
    /// Reads the case in `dir` (or the case file itself), and checks all of it but the evidence.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = if dir.is_file() {
            dir.to_path_buf()
        } else {
            dir.join(CASE_FILE)
        };
        if !path.is_file() {
            return Err(
                Error::user(format!("there is no case file at {}", path.display()))
                    .hint("name a folder that holds a case.toml, such as sample-data/replica"),
            );
        }
        let dir = path.parent().unwrap_or(Path::new(".")).to_path_buf();
        let text = read_text(&path)?;
        let file: CaseFile = read_toml(&path, &text)?;
        let place = |offset: usize| Position::of(&text, offset);
        let zone = named_zone(&file.case.report_zone, &path, &text)?;
        let mut seen = BTreeMap::new();
        for source in &file.source {
            if seen.insert(source.id.get_ref().clone(), ()).is_some() {
                return Err(Error::case(
                    &path,
                    format!("source `{}` is there twice", source.id.get_ref()),
                )
                .at(place(source.id.span().start)));
            }
        }
        for deleted in &file.deleted {
            let id = deleted.source.get_ref();
            if !seen.contains_key(id) {
                let error = Error::case(&path, format!("`{id}` is no source of this case"))
                    .at(place(deleted.source.span().start));
                return Err(suggest(error, id, seen.keys().map(String::as_str)));
            }
            if deleted.to <= deleted.from {
                return Err(Error::case(&path, "a deleted range ends before it begins")
                    .at(place(deleted.source.span().start)));
            }
        }
        let resolve = |name: &Option<Spanned<PathBuf>>, what: &str| -> Result<Option<PathBuf>> {
            let Some(name) = name else { return Ok(None) };
            let resolved = dir.join(name.get_ref());
            if resolved.is_file() {
                return Ok(Some(resolved));
            }
            let error = Error::case(
                &path,
                format!("the {what} `{}` does not exist", name.get_ref().display()),
            )
            .at(place(name.span().start));
            Err(suggest_file(error, &resolved))
        };
        let catalogue = match resolve(&file.registry.pages, "page catalogue")? {
            Some(pages) => Catalogue::load(&pages)?,
            None => Catalogue::new(Vec::new()),
        };
        let keys = match resolve(&file.registry.keys, "key inventory")? {
            Some(keys) => Keys::load(&keys)?,
            None => Keys { keys: Vec::new() },
        };
        let mut signing_keys = SigningKeys::default();
        let mut signing_key_files = Vec::new();
        for key in &file.signing_key {
            let found = resolve(&Some(key.file.clone()), "key file")?.unwrap_or_default();
            let (issuer, algorithm) = (key.issuer.as_deref(), key.algorithm.as_deref());
            let key_id = || {
                key.key_id.as_deref().ok_or_else(|| {
                    Error::case(&path, "a key in PEM and a secret need a key_id")
                        .at(place(key.file.span().start))
                        .hint("add key_id = \"<the kid of its tokens>\"")
                })
            };
            match key.kind {
                KeyFileKind::Jwks => signing_keys.load_jwks(issuer, &found)?,
                KeyFileKind::Pem => signing_keys.load_pem(issuer, key_id()?, algorithm, &found)?,
                KeyFileKind::Secret => {
                    signing_keys.load_secret(issuer, key_id()?, algorithm, &found)?;
                }
            }
            let hash = hash_file(&found).map_err(|e| Error::io("read the key file", &found, &e))?;
            signing_key_files.push((key.file.get_ref().clone(), hash));
        }
        resolve(&file.registry.accounts, "account registry")?;
        resolve(&file.registry.networks, "network database")?;
        Ok(Case {
            dir,
            path,
            file,
            zone,
            catalogue,
            keys,
            signing_keys,
            signing_key_files,
            text,
        })
    }

    /// A path of the case file, resolved against the case folder.
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

    /// The ranges of all sources of `kind` known to be deleted, as microseconds since 1970 UTC.
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

/// Reads TOML with a place for each mistake and a suggestion for a misspelt name.
pub(crate) fn read_toml<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|source| {
        let message = source.message().trim().to_string();
        let mut quoted = message.split('`').skip(1).step_by(2);
        let given = quoted.next().map(str::to_string);
        let expected: Vec<String> = quoted.map(str::to_string).collect();
        let mut error = Error::case(path, message.clone());
        if let Some(span) = source.span() {
            error = error.at(Position::of(text, span.start));
        }
        match given {
            Some(given) if message.starts_with("unknown") => {
                suggest(error, &given, expected.iter().map(String::as_str))
            }
            Some(given)
                if message.starts_with("invalid type: ") && message.ends_with("a string") =>
            {
                error.hint(format!("write it between quotes: \"{given}\""))
            }
            Some(_) if message.starts_with("missing field") => error
                .hint("`breachscope init EVIDENCE_DIR` writes a case file with all that is needed"),
            _ => error,
        }
    })
}

/// The text of a case file.
fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("read the case file", path, &e))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        Error::case(path, "the case file is no UTF-8 text")
            .at(Position::of(&text, valid))
            .hint("save it as UTF-8")
    })
}

pub(crate) fn suggest<'a>(
    error: Error,
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Error {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match closest(given, candidates.iter().copied()) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None => error.hint(format!("known here: {}", candidates.join(", "))),
    }
}

/// Suggests a file that is there for one that is not.
pub(crate) fn suggest_file(error: Error, missing: &Path) -> Error {
    let (Some(folder), Some(name)) = (missing.parent(), missing.file_name()) else {
        return error;
    };
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return error.hint(format!(
            "the folder {} does not exist either",
            folder.display()
        ));
    };
    let mut there: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    let name = name.to_string_lossy();
    match closest(&name, there.iter().map(String::as_str)) {
        Some(meant) => error.hint(format!("did you mean `{meant}`, in {}?", folder.display())),
        None => error.hint(format!(
            "paths are relative to the case folder; looked in {}",
            folder.display()
        )),
    }
}

/// The IANA zone named in the case file.
pub(crate) fn named_zone(
    name: &Spanned<String>,
    path: &Path,
    text: &str,
) -> Result<jiff::tz::TimeZone> {
    jiff::tz::TimeZone::get(name.get_ref()).map_err(|_| {
        let error = Error::case(path, format!("`{}` is no time zone", name.get_ref()))
            .at(Position::of(text, name.span().start));
        let known: Vec<String> = jiff::tz::db()
            .available()
            .map(|zone| zone.to_string())
            .collect();
        match closest(name.get_ref(), known.iter().map(String::as_str)) {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint("use an IANA name such as UTC, Asia/Seoul or Europe/Berlin"),
        }
    })
}
