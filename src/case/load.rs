//! Loads a case: reads `case.toml`, checks it, and reads the registries that it names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::catalogue::Catalogue;
use super::keys::Keys;
use super::read::{read_text, read_toml};
use super::suggest::{named_zone, suggest, suggest_file};
use super::{CASE_FILE, Case, CaseFile, Deleted, KeyFile, KeyFileKind, Source};
use crate::digest::hash_file;
use crate::error::{Error, Position, Result};
use crate::jws::SigningKeys;

impl Case {
    /// Reads the case in `dir` (or the case file itself), and checks all of it but the evidence.
    ///
    /// Fails on the first mistake, with its line and column: a setting that is missing or unknown, a
    /// name that stands for nothing, a file that does not exist, a registry that cannot be read.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = case_file(dir)?;
        let text = read_text(&path)?;
        let file: CaseFile = read_toml(&path, &text)?;
        let zone = named_zone(&file.case.report_zone, &path, &text)?;
        let loader = Loader {
            dir: path.parent().unwrap_or(Path::new(".")),
            path: &path,
            text: &text,
        };
        let sources = loader.source_ids(&file.source)?;
        loader.check_deleted(&file.deleted, &sources)?;
        let (catalogue, keys) = loader.registries(&file)?;
        let (signing_keys, signing_key_files) = loader.signing_keys(&file.signing_key)?;
        // These two are read later, by the stages that use them.
        loader.optional(&file.registry.accounts, "account registry")?;
        loader.optional(&file.registry.networks, "network database")?;
        Ok(Case {
            dir: loader.dir.to_path_buf(),
            file,
            zone,
            catalogue,
            keys,
            signing_keys,
            signing_key_files,
            text,
            path,
        })
    }
}

/// The path of the case file that `dir` is or holds.
fn case_file(dir: &Path) -> Result<PathBuf> {
    let path = if dir.is_file() {
        dir.to_path_buf()
    } else {
        dir.join(CASE_FILE)
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(
        Error::user(format!("there is no case file at {}", path.display()))
            .hint("name a folder that holds a case.toml, such as sample-data/replica"),
    )
}

/// The case file being loaded: where it lies, and its text for places in errors.
struct Loader<'a> {
    dir: &'a Path,
    path: &'a Path,
    text: &'a str,
}

impl Loader<'_> {
    fn error_at<T>(&self, setting: &Spanned<T>, message: impl Into<String>) -> Error {
        Error::case(self.path, message).at(Position::of(self.text, setting.span().start))
    }

    /// The ids of all sources, each of which may be there once.
    fn source_ids<'s>(&self, sources: &'s [Source]) -> Result<BTreeSet<&'s str>> {
        let mut ids = BTreeSet::new();
        for source in sources {
            let id = source.id.get_ref();
            if !ids.insert(id.as_str()) {
                return Err(self.error_at(&source.id, format!("source `{id}` is there twice")));
            }
        }
        Ok(ids)
    }

    /// Checks that each deleted range is of a known source and ends after it begins.
    fn check_deleted(&self, ranges: &[Deleted], sources: &BTreeSet<&str>) -> Result<()> {
        for range in ranges {
            let id = range.source.get_ref();
            if !sources.contains(id.as_str()) {
                let error =
                    self.error_at(&range.source, format!("`{id}` is no source of this case"));
                return Err(suggest(error, id, sources.iter().copied()));
            }
            if range.to <= range.from {
                return Err(self.error_at(&range.source, "a deleted range ends before it begins"));
            }
        }
        Ok(())
    }

    /// The page catalogue and the key inventory; a registry that the case does not name is empty.
    fn registries(&self, file: &CaseFile) -> Result<(Catalogue, Keys)> {
        let catalogue = match self.optional(&file.registry.pages, "page catalogue")? {
            Some(pages) => Catalogue::load(&pages)?,
            None => Catalogue::new(Vec::new()),
        };
        let keys = match self.optional(&file.registry.keys, "key inventory")? {
            Some(keys) => Keys::load(&keys)?,
            None => Keys { keys: Vec::new() },
        };
        Ok((catalogue, keys))
    }

    /// The keys that signatures are checked with, and the path and SHA-256 of each of their files.
    fn signing_keys(&self, files: &[KeyFile]) -> Result<(SigningKeys, Vec<(PathBuf, String)>)> {
        let mut signing_keys = SigningKeys::default();
        let mut hashes = Vec::new();
        for key in files {
            let found = self.existing(&key.file, "key file")?;
            let (issuer, algorithm) = (key.issuer.as_deref(), key.algorithm.as_deref());
            let key_id = || {
                key.key_id.as_deref().ok_or_else(|| {
                    self.error_at(&key.file, "a key in PEM and a secret need a key_id")
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
            let hash = hash_file(&found).map_err(|e| Error::io("read the key file", &found, e))?;
            hashes.push((key.file.get_ref().clone(), hash));
        }
        Ok((signing_keys, hashes))
    }

    /// The file that a setting names, if the case has the setting.
    fn optional(&self, name: &Option<Spanned<PathBuf>>, what: &str) -> Result<Option<PathBuf>> {
        let name = name.as_ref();
        name.map(|name| self.existing(name, what)).transpose()
    }

    /// The file that a setting names, which must exist; `what` says what it is.
    fn existing(&self, name: &Spanned<PathBuf>, what: &str) -> Result<PathBuf> {
        let file = self.dir.join(name.get_ref());
        if file.is_file() {
            return Ok(file);
        }
        let shown = name.get_ref().display();
        let error = self.error_at(name, format!("the {what} `{shown}` does not exist"));
        Err(suggest_file(error, &file))
    }
}
