//! Loads a case: reads `case.toml`, checks it, and reads the registries that it names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::catalogue::Catalogue;
use super::keys::Keys;
use super::read::{read_text, read_toml};
use super::suggest::{named_zone, suggest, suggest_file};
use super::{
    CASE_FILE, Case, CaseFile, Deleted, KeyFile, KeyFileKind, KeyScope, KeyScopes, Source,
};
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
        let mut key_scopes = KeyScopes::default();
        keys.scopes().for_each(|scope| key_scopes.add(scope));
        let (signing_keys, signing_key_files) =
            loader.signing_keys(&file.signing_key, &mut key_scopes)?;
        // These two are read later, by the stages that use them.
        loader.optional(&file.registry.accounts, "account registry")?;
        loader.optional(&file.registry.networks, "network database")?;
        Ok(Case {
            dir: loader.dir.to_path_buf(),
            file,
            zone,
            catalogue,
            keys,
            key_scopes,
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
    ///
    /// What the case file says that they are for is added to `scopes`.
    fn signing_keys(
        &self,
        files: &[KeyFile],
        scopes: &mut KeyScopes,
    ) -> Result<(SigningKeys, Vec<(PathBuf, String)>)> {
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
            let load = |into: &mut SigningKeys| match key.kind {
                KeyFileKind::Jwks => into.load_jwks(issuer, &found),
                KeyFileKind::Pem => into.load_pem(issuer, key_id()?, algorithm, &found),
                KeyFileKind::Secret => into.load_secret(issuer, key_id()?, algorithm, &found),
            };
            load(&mut signing_keys)?;
            let limits = [
                &key.issuers,
                &key.audiences,
                &key.customer_kinds,
                &key.algorithms,
            ];
            if limits.iter().any(|list| !list.is_empty()) {
                // Another file may have had these keys already, so they are looked for in this one alone.
                let mut of_file = SigningKeys::default();
                load(&mut of_file)?;
                self.add_scopes(key, limits.map(Clone::clone), &of_file, scopes)?;
            }
            let hash = hash_file(&found).map_err(|e| Error::io("read the key file", &found, e))?;
            hashes.push((key.file.get_ref().clone(), hash));
        }
        Ok((signing_keys, hashes))
    }

    /// Adds what the keys of a file are for to `scopes`.
    fn add_scopes(
        &self,
        file: &KeyFile,
        lists: [Vec<String>; 4],
        keys: &SigningKeys,
        scopes: &mut KeyScopes,
    ) -> Result<()> {
        if lists.iter().flatten().any(|value| value.trim().is_empty()) {
            let what = "what the keys of this file are for has an empty text";
            return Err(self
                .error_at(&file.file, what)
                .hint("leave it out; an empty list limits nothing"));
        }
        for id in keys.ids() {
            let Some(id) = id else {
                let what = "a key of this file has no `kid`, so no token names it";
                return Err(self
                    .error_at(&file.file, what)
                    .hint("say what keys are for only of files whose keys all have an id"));
            };
            scopes.add(KeyScope {
                issuer: file.issuer.clone(),
                key_id: id.to_string(),
                lists: lists.clone(),
                may_be_another: false,
            });
        }
        Ok(())
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
