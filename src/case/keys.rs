//! The inventory of signing keys: the life of each key, and who held it.

use std::path::Path;

use super::key_scope::{KeyScope, ScopeLimit};
use super::table::Table;
use crate::error::Result;
use crate::frames::{self, FrameWriter, Value};

/// The columns that the inventory must have.
const COLUMNS: [&str; 7] = [
    "key_id",
    "issuer",
    "created_at",
    "retired_at",
    "custodian",
    "custodian_left_at",
    "stored_in",
];

/// The columns with the times of a key's life, in the order of [`Key::life`]. Those that are not
/// among [`COLUMNS`] may be missing.
const TIMES: [&str; 5] = [
    "created_at",
    "activated_at",
    "rotated_at",
    "retired_at",
    "revoked_at",
];

/// A signing key of the inventory. Times are microseconds since 1970 UTC.
#[derive(Debug, Clone)]
pub struct Key {
    /// The `kid`.
    pub id: String,
    /// The issuer whose tokens it signs.
    pub issuer: String,
    /// When it was created.
    pub created: Option<i64>,
    /// When it began to sign.
    pub activated: Option<i64>,
    /// When another key took its place for new tokens.
    pub rotated: Option<i64>,
    /// When it was withdrawn.
    pub retired: Option<i64>,
    /// When it was declared compromised.
    pub revoked: Option<i64>,
    /// Everybody who held it.
    pub custodians: Vec<Custodian>,
    /// What it is for, by [`ScopeLimit`]; an empty list states nothing.
    pub scope: [Vec<String>; 4],
}

/// Somebody who held a key.
#[derive(Debug, Clone)]
pub struct Custodian {
    /// Their name or role.
    pub name: String,
    /// When they left, in microseconds since 1970 UTC.
    pub left: Option<i64>,
    /// Where they kept the key.
    pub stored_in: Option<String>,
}

impl Key {
    /// Its times in order: created, activated, rotated, retired, revoked.
    pub fn life(&self) -> [Option<i64>; 5] {
        [
            self.created,
            self.activated,
            self.rotated,
            self.retired,
            self.revoked,
        ]
    }
}

/// The key inventory.
#[derive(Debug)]
pub struct Keys {
    /// The keys, in the order of the file.
    pub keys: Vec<Key>,
}

impl Keys {
    /// Reads the inventory, which has one row for each custodian of each key.
    ///
    /// Fails if two rows of one key give it different times.
    pub fn load(path: &Path) -> Result<Self> {
        let mut table = Table::open(path, &COLUMNS)?;
        let limits = ScopeLimit::ALL.map(ScopeLimit::name);
        table.refuse_misspelt(&[&TIMES[..], &limits[..]].concat())?;
        let times = TIMES.map(|name| table.optional_column(name));
        let limits = limits.map(|name| table.optional_column(name));
        let mut keys: Vec<Key> = Vec::new();
        while let Some(row) = table.next()? {
            let (id, issuer) = (row.text(0)?, row.text(1)?);
            let custodian = match row.optional(4) {
                Some(name) => Some(Custodian {
                    name: name.to_string(),
                    left: row.time(5)?,
                    stored_in: row.optional(6).map(str::to_string),
                }),
                None => None,
            };
            let mut life = [None; 5];
            for (time, column) in life.iter_mut().zip(times) {
                if let Some(column) = column {
                    *time = row.time(column)?;
                }
            }
            let stated = limits.map(|column| {
                let cell = column.and_then(|column| row.optional(column));
                cell.map_or_else(Vec::new, KeyScope::values)
            });
            let known = keys
                .iter_mut()
                .find(|key| key.id == id && key.issuer == issuer);
            match known {
                Some(key) if key.life() != life => {
                    return Err(row.error(format!(
                        "key `{id}` has other times here than in an earlier row"
                    )));
                }
                Some(key) => {
                    key.custodians.extend(custodian);
                    for (list, more) in key.scope.iter_mut().zip(stated) {
                        list.extend(more);
                    }
                }
                None => keys.push(Key {
                    id: id.to_string(),
                    issuer: issuer.to_string(),
                    created: life[0],
                    activated: life[1],
                    rotated: life[2],
                    retired: life[3],
                    revoked: life[4],
                    custodians: custodian.into_iter().collect(),
                    scope: stated,
                }),
            }
        }
        Ok(Keys { keys })
    }

    /// What each key is for.
    pub(super) fn scopes(&self) -> impl Iterator<Item = KeyScope> {
        self.keys.iter().map(|key| KeyScope {
            issuer: Some(key.issuer.clone()),
            key_id: key.id.clone(),
            lists: key.scope.clone(),
            may_be_another: false,
        })
    }

    /// The key `id` of `issuer`.
    pub fn find(&self, issuer: &str, id: &str) -> Option<&Key> {
        self.keys
            .iter()
            .find(|key| key.id == id && key.issuer == issuer)
    }

    /// Writes the `keys` frame below `frames_dir`: one row for each custodian of each key.
    ///
    /// A key without custodians gets one row, too.
    pub fn write(&self, frames_dir: &Path) -> Result<()> {
        let mut writer = FrameWriter::create(frames_dir, &frames::KEYS, 0)?;
        for key in &self.keys {
            let nobody = Custodian {
                name: String::new(),
                left: None,
                stored_in: None,
            };
            let custodians = if key.custodians.is_empty() {
                std::slice::from_ref(&nobody)
            } else {
                &key.custodians
            };
            for custodian in custodians {
                writer.push(&[
                    Value::Text(&key.id),
                    Value::Text(&key.issuer),
                    key.created.into(),
                    key.activated.into(),
                    key.rotated.into(),
                    key.retired.into(),
                    key.revoked.into(),
                    Some(custodian.name.as_str())
                        .filter(|name| !name.is_empty())
                        .into(),
                    custodian.left.into(),
                    custodian.stored_in.as_deref().into(),
                ])?;
            }
        }
        writer.finish().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_key_is_for_may_stand_in_several_rows() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("keys.csv");
        let text = "key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in,audiences,algorithms\n\
                    k,i,,,a,,,shop-api;shop web,RS256\n\
                    k,i,,,b,,,mail-api,\n\
                    l,i,,,,,,,\n";
        std::fs::write(&path, text).expect("written");
        let keys = Keys::load(&path).expect("two keys");
        let lists = [
            vec![],
            vec!["shop-api", "shop web", "mail-api"],
            vec![],
            vec!["RS256"],
        ];
        assert_eq!(keys.keys[0].scope.to_vec(), lists);
        assert!(keys.keys[1].scope.iter().all(Vec::is_empty));
    }

    #[test]
    fn a_misspelt_or_doubled_column_of_the_key_inventory_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let load = |more: &str| {
            let path = dir.path().join("keys.csv");
            let head = "key_id,issuer,created_at,retired_at,custodian,custodian_left_at,stored_in";
            std::fs::write(
                &path,
                format!("{head},{more}\nk,i,,,,,,2025-01-01T00:00:00Z\n"),
            )
            .expect("written");
            Keys::load(&path).map_err(|error| error.to_string())
        };
        let keys = load("revoked_at").expect("a key");
        assert!(keys.keys[0].revoked.is_some());
        for own in ["remark", "updated_at", "revoked_by"] {
            assert!(load(own).is_ok(), "columns of the company's own");
        }
        let typo = load("audience").expect_err("a typo");
        assert!(typo.contains("did you mean `audiences`?"), "{typo}");
        let typo = load("revokd_at").expect_err("a typo");
        assert!(typo.contains("did you mean `revoked_at`?"), "{typo}");
        let twice = load("issuer").expect_err("a column twice");
        assert!(twice.contains("`issuer` is there twice"), "{twice}");
    }
}
