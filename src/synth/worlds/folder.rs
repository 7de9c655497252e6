//! The folder of a world's case: its registries, its case file and its logs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::events::Person;
use crate::error::{Error, Result};
use crate::synth::clocks::utc;
use crate::synth::logs::Log;
use crate::synth::networks::networks;
use crate::synth::pages::{Page, catalogue};
use crate::synth::world::{DAY, Millis};

/// A key of the key inventory; times are empty where nothing is known.
pub(super) struct ListedKey {
    pub(super) id: String,
    pub(super) issuer: &'static str,
    pub(super) created: Option<Millis>,
    pub(super) rotated: Option<Millis>,
    pub(super) retired: Option<Millis>,
    pub(super) custodian: &'static str,
}

/// The folder of a case.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, which is there and empty.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let registry = path.join("registry");
        fs::create_dir_all(&registry).map_err(|e| Error::io("create the folder", &registry, e))?;
        Ok(Folder {
            path: path.to_path_buf(),
        })
    }

    /// Writes a file of this text.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(|e| Error::io("write the file", &path, e))
    }

    /// Begins a log of one gzip file below `evidence/`.
    pub(super) fn log(&self, name: &'static str, extension: &'static str) -> Result<Log> {
        Log::new(&self.path.join("evidence"), name, extension, u64::MAX)
    }

    /// Writes page catalogue, network database and the registry of so many people.
    ///
    /// `account` spells a person's account; `person_of` says who holds it.
    pub(super) fn registries(
        &self,
        pages: &[Page],
        people: u64,
        begin: Millis,
        account: impl Fn(Person) -> String,
        person_of: impl Fn(Person) -> u64,
    ) -> Result<()> {
        let mut text = String::from("account,person,region,opened_at,closed_at\n");
        for person in 0..people {
            let region = ["KR-11", "DE-BE", "PL-14", "ES-MD"][(person % 4) as usize];
            let opened = utc(begin - DAY * (40 + (person * 37 % 900) as i64));
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},P{:05},{region},{opened},",
                account(person),
                person_of(person)
            );
        }
        self.write("registry/accounts.csv", &text)?;
        self.pages(pages)
    }

    /// Writes page catalogue and network database.
    pub(super) fn pages(&self, pages: &[Page]) -> Result<()> {
        self.write("registry/pages.toml", &catalogue(pages))?;
        networks(&self.path.join("registry/networks.mmdb"))
    }

    /// Writes the key inventory.
    pub(super) fn keys(&self, keys: &[ListedKey]) -> Result<()> {
        let mut text = String::from(
            "key_id,issuer,created_at,rotated_at,retired_at,custodian,custodian_left_at,stored_in\n",
        );
        let time = |at: Option<Millis>| at.map(utc).unwrap_or_default();
        for key in keys {
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},,key management system",
                key.id,
                key.issuer,
                time(key.created),
                time(key.rotated),
                time(key.retired),
                key.custodian
            );
        }
        self.write("registry/keys.csv", &text)
    }

    /// Writes a set of public keys.
    pub(super) fn jwks(&self, keys: &[Value]) -> Result<()> {
        self.jwks_of("registry", keys)
    }

    /// Writes a set of public keys as `jwks.json` into a folder of this name.
    pub(super) fn jwks_of(&self, folder: &str, keys: &[Value]) -> Result<()> {
        let path = self.path.join(folder);
        fs::create_dir_all(&path).map_err(|e| Error::io("create the folder", &path, e))?;
        let text = format!("{:#}\n", json!({ "keys": keys }));
        self.write(&format!("{folder}/jwks.json"), &text)
    }
}

/// The beginning of a case file, up to its policy.
pub(super) fn head(id: &str, title: &str, collected: Millis) -> String {
    format!(
        r#"# A world of its own, with invented customers and documentation addresses.

[case]
id = "{id}"
title = "{title}"
report_zone = "UTC"
collected_by = "Example Response Team"
collected_at = "{}"

[policy]
clock_tolerance_seconds = 5
run_pause_hours = 24
phase_pause_days = 30
"#,
        utc(collected)
    )
}

/// The registries of a case file, which all worlds have.
pub(super) const REGISTRIES: &str = r#"
[registry]
keys = "registry/keys.csv"
accounts = "registry/accounts.csv"
pages = "registry/pages.toml"
networks = "registry/networks.mmdb"
"#;
