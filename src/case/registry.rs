//! The registries beside the logs: accounts and signing keys, read from CSV.

use std::fs::File;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::RwLock;

use csv::StringRecord;
use hashbrown::HashTable;
use jiff::Timestamp;

use super::suggest;
use crate::error::{Error, Position, Result};
use crate::frames::{self, FrameWriter, Value};

/// An account's identifier as a number: its own where it is a plain decimal, else an interned one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(pub u64);

const INTERNED: u64 = 1 << 63;

impl AccountKey {
    /// A number that is small where the key is of a short decimal or was interned early.
    pub fn packed(self) -> u64 {
        self.0.rotate_left(1)
    }

    /// The key behind such a number.
    pub fn unpacked(packed: u64) -> Self {
        AccountKey(packed.rotate_right(1))
    }
}

/// Gives identifiers of any spelling a number, and the spelling back.
#[derive(Debug, Default)]
pub struct Interner {
    spellings: RwLock<Spellings>,
}

#[derive(Debug, Default)]
struct Spellings {
    /// Numbers, by the hash of their text.
    by_text: HashTable<u64>,
    by_number: Vec<Box<str>>,
    hasher: foldhash::quality::RandomState,
}

impl Spellings {
    fn find(&self, text: &str) -> Option<AccountKey> {
        let hash = self.hasher.hash_one(text);
        let same = |number: &u64| &*self.by_number[*number as usize] == text;
        self.by_text
            .find(hash, same)
            .map(|number| AccountKey(INTERNED | number))
    }
}

impl Interner {
    /// The key of `text`. Plain decimals without leading zeros stand for themselves.
    pub fn key(&self, text: &str) -> AccountKey {
        let plain = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text.len() == 1 || !text.starts_with('0'));
        if let Some(number) = text.parse::<u64>().ok().filter(|n| plain && *n < INTERNED) {
            return AccountKey(number);
        }
        let known = self.spellings.read().expect("no panic while interning");
        if let Some(key) = known.find(text) {
            return key;
        }
        drop(known);
        let mut spellings = self.spellings.write().expect("no panic while interning");
        if let Some(key) = spellings.find(text) {
            return key;
        }
        let Spellings {
            by_text,
            by_number,
            hasher,
        } = &mut *spellings;
        let number = by_number.len() as u64;
        by_number.push(text.into());
        by_text.insert_unique(hasher.hash_one(text), number, |number| {
            hasher.hash_one(&*by_number[*number as usize])
        });
        AccountKey(INTERNED | number)
    }

    /// The spelling behind a key of this interner.
    pub fn text(&self, key: AccountKey) -> String {
        if key.0 & INTERNED == 0 {
            return key.0.to_string();
        }
        let index = usize::try_from(key.0 & !INTERNED).expect("an index of this interner");
        self.spellings
            .read()
            .expect("no panic while interning")
            .by_number[index]
            .to_string()
    }
}

/// An account of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The account.
    pub key: AccountKey,
    /// The person who holds it.
    pub person: AccountKey,
    /// When it was opened, microseconds since 1970 UTC; the least value where unknown.
    pub opened: i64,
    /// When it was closed; the greatest value where it is open.
    pub closed: i64,
}

/// The account registry, for look-ups.
#[derive(Debug)]
pub struct Accounts {
    sorted: Vec<Account>,
    /// Whether there is a registry, so that an account it lacks is known not to exist.
    pub known: bool,
}

impl Accounts {
    /// Reads the registry at `path` and writes the `accounts` frame below `frames_dir`.
    pub fn load(path: &Path, interner: &Interner, frames_dir: &Path) -> Result<Self> {
        let mut table = Table::open(
            path,
            &["account", "person", "region", "opened_at", "closed_at"],
        )?;
        let mut writer = FrameWriter::create(frames_dir, &frames::ACCOUNTS, 0)?;
        let mut sorted = Vec::new();
        while let Some(row) = table.next()? {
            let (opened, closed) = (row.time(3)?, row.time(4)?);
            writer.push(&[
                Value::Text(row.text(0)?),
                Value::Text(row.text(1)?),
                row.optional(2).into(),
                opened.into(),
                closed.into(),
            ])?;
            sorted.push(Account {
                key: interner.key(row.text(0)?),
                person: interner.key(row.text(1)?),
                opened: opened.unwrap_or(i64::MIN),
                closed: closed.unwrap_or(i64::MAX),
            });
        }
        writer.finish()?;
        if sorted.is_empty() {
            return Err(Error::case(path, "the account registry is empty, so no account could be told from an invented one")
                .hint("export all accounts, closed ones too, as account,person,region,opened_at,closed_at"));
        }
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0].key == pair[1].key) {
            let account = interner.text(pair[0].key);
            return Err(
                Error::case(path, format!("account `{account}` is there twice"))
                    .hint("the registry holds one row an account; merge its rows"),
            );
        }
        Ok(Accounts {
            sorted,
            known: true,
        })
    }

    /// No registry: of no account it is known whether it exists.
    pub fn unknown() -> Self {
        Accounts {
            sorted: Vec::new(),
            known: false,
        }
    }

    /// The registry's row for `key`.
    pub fn find(&self, key: AccountKey) -> Option<&Account> {
        let index = self
            .sorted
            .binary_search_by_key(&key, |account| account.key)
            .ok()?;
        Some(&self.sorted[index])
    }
}

/// A signing key.
#[derive(Debug, Clone)]
pub struct Key {
    /// The `kid`.
    pub id: String,
    /// The issuer whose tokens it signs.
    pub issuer: String,
    /// When it was made.
    pub created: Option<i64>,
    /// When it began to sign.
    pub activated: Option<i64>,
    /// When another took its place for new tokens.
    pub rotated: Option<i64>,
    /// When it was withdrawn.
    pub retired: Option<i64>,
    /// When it was declared compromised.
    pub revoked: Option<i64>,
    /// Who held it, when they left, and where it was stored.
    pub custodians: Vec<Custodian>,
}

/// Somebody who held a key.
#[derive(Debug, Clone)]
pub struct Custodian {
    /// A name or a role.
    pub name: String,
    /// When they left.
    pub left: Option<i64>,
    /// Where they kept the key.
    pub stored_in: Option<String>,
}

impl Key {
    /// Its times: created, activated, rotated, retired, revoked.
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
    /// Reads the inventory: one row a key and custodian.
    pub fn load(path: &Path) -> Result<Self> {
        let columns = [
            "key_id",
            "issuer",
            "created_at",
            "retired_at",
            "custodian",
            "custodian_left_at",
            "stored_in",
        ];
        let times = [
            "created_at",
            "activated_at",
            "rotated_at",
            "retired_at",
            "revoked_at",
        ];
        let mut table = Table::open(path, &columns)?;
        table.no_typo(&times)?;
        let times = times.map(|name| table.optional_column(name));
        let mut keys: Vec<Key> = Vec::new();
        while let Some(row) = table.next()? {
            let (id, issuer) = (row.text(0)?, row.text(1)?);
            let custodian = row.optional(4).map(|name| -> Result<Custodian> {
                let stored_in = row.optional(6).map(str::to_string);
                Ok(Custodian {
                    name: name.to_string(),
                    left: row.time(5)?,
                    stored_in,
                })
            });
            let custodian = custodian.transpose()?;
            let mut life = [None; 5];
            for (time, column) in life.iter_mut().zip(times) {
                if let Some(column) = column {
                    *time = row.time(column)?;
                }
            }
            let known = keys
                .iter_mut()
                .find(|key| key.id == id && key.issuer == issuer);
            match known {
                Some(key) if key.life() != life => {
                    return Err(row.error(format!(
                        "key `{id}` has other times here than in an earlier row"
                    )));
                }
                Some(key) => key.custodians.extend(custodian),
                None => keys.push(Key {
                    id: id.to_string(),
                    issuer: issuer.to_string(),
                    created: life[0],
                    activated: life[1],
                    rotated: life[2],
                    retired: life[3],
                    revoked: life[4],
                    custodians: custodian.into_iter().collect(),
                }),
            }
        }
        Ok(Keys { keys })
    }

    /// The key `id` of `issuer`.
    pub fn find(&self, issuer: &str, id: &str) -> Option<&Key> {
        self.keys
            .iter()
            .find(|key| key.id == id && key.issuer == issuer)
    }

    /// Writes the `keys` frame below `frames_dir`.
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

/// A CSV file read by column name.
struct Table {
    path: std::path::PathBuf,
    reader: csv::Reader<File>,
    columns: Vec<&'static str>,
    indices: Vec<usize>,
    record: StringRecord,
}

struct Row<'a> {
    table: &'a Table,
}

impl Table {
    fn open<const N: usize>(path: &Path, columns: &[&'static str; N]) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path).map_err(|e| csv_error(path, &e))?;
        let headers = reader.headers().map_err(|e| csv_error(path, &e))?.clone();
        let mut indices = Vec::new();
        for name in columns {
            let found = headers
                .iter()
                .position(|header| header.trim_start_matches('\u{feff}') == *name);
            let Some(index) = found else {
                let there: Vec<&str> = headers.iter().collect();
                let error = Error::case(path, format!("there is no column `{name}`"))
                    .at(Position { line: 1, column: 1 });
                return Err(suggest(error, name, there.iter().copied())
                    .hint(format!("the columns are {}", columns.join(","))));
            };
            indices.push(index);
        }
        Ok(Table {
            path: path.to_path_buf(),
            reader,
            columns: columns.to_vec(),
            indices,
            record: StringRecord::new(),
        })
    }

    /// A column whose name is nearly one of `optional`, or that is there twice, is a mistake that would
    /// go unnoticed.
    fn no_typo(&mut self, optional: &[&'static str]) -> Result<()> {
        let headers = self
            .reader
            .headers()
            .map_err(|e| csv_error(&self.path, &e))?;
        let headers: Vec<&str> = headers
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'))
            .collect();
        let place = Position { line: 1, column: 1 };
        for (index, name) in headers.iter().enumerate() {
            if headers[..index].contains(name) {
                let message = format!("the column `{name}` is there twice");
                return Err(Error::case(&self.path, message).at(place));
            }
            let known = self.columns.contains(name) || optional.contains(name);
            // One letter apart: `revoked_by` is a column of the company's own.
            let near = |column: &&&str| {
                !headers.contains(*column) && strsim::damerau_levenshtein(name, column) == 1
            };
            if let (false, Some(meant)) = (known, optional.iter().find(near)) {
                let error = Error::case(&self.path, format!("`{name}` is no column of this table"));
                return Err(error.at(place).hint(format!("did you mean `{meant}`?")));
            }
        }
        Ok(())
    }

    /// The number of a column that need not be there, for the methods of [`Row`].
    fn optional_column(&mut self, name: &'static str) -> Option<usize> {
        if let Some(known) = self.columns.iter().position(|column| *column == name) {
            return Some(known);
        }
        let headers = self.reader.headers().ok()?;
        self.indices
            .push(headers.iter().position(|header| header == name)?);
        self.columns.push(name);
        Some(self.columns.len() - 1)
    }

    fn next(&mut self) -> Result<Option<Row<'_>>> {
        let more = self
            .reader
            .read_record(&mut self.record)
            .map_err(|e| csv_error(&self.path, &e))?;
        Ok(more.then_some(Row { table: self }))
    }
}

impl Row<'_> {
    fn optional(&self, column: usize) -> Option<&str> {
        self.table
            .record
            .get(self.table.indices[column])
            .filter(|text| !text.is_empty())
    }

    fn text(&self, column: usize) -> Result<&str> {
        self.optional(column)
            .ok_or_else(|| self.error(format!("`{}` is empty", self.table.columns[column])))
    }

    fn time(&self, column: usize) -> Result<Option<i64>> {
        let Some(text) = self.optional(column) else {
            return Ok(None);
        };
        let time: Timestamp = text.parse().map_err(|_| {
            self.error(format!(
                "`{}` is `{text}`, which is no time with an offset",
                self.table.columns[column]
            ))
            .hint("write times as 2025-01-01T00:00:00+09:00")
        })?;
        Ok(Some(time.as_microsecond()))
    }

    fn error(&self, message: String) -> Error {
        let line = self
            .table
            .record
            .position()
            .map_or(0, |position| position.line());
        Error::case(&self.table.path, message).at(Position {
            line: usize::try_from(line).unwrap_or(usize::MAX),
            column: 1,
        })
    }
}

fn csv_error(path: &Path, source: &csv::Error) -> Error {
    let error = Error::case(path, format!("cannot read the table: {source}"));
    match source.position() {
        Some(position) => error.at(Position {
            line: usize::try_from(position.line()).unwrap_or(usize::MAX),
            column: 1,
        }),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let typo = load("revokd_at").expect_err("a typo");
        assert!(typo.contains("did you mean `revoked_at`?"), "{typo}");
        let twice = load("issuer").expect_err("a column twice");
        assert!(twice.contains("`issuer` is there twice"), "{twice}");
    }

    #[test]
    fn identifiers_keep_their_spelling() {
        let interner = Interner::default();
        for text in ["0", "42", "007", "", "member-9", "9223372036854775808", "٣"] {
            assert_eq!(interner.text(interner.key(text)), text);
        }
        assert_eq!(interner.key("42"), AccountKey(42));
        assert_ne!(interner.key("007"), interner.key("7"));
    }
}
