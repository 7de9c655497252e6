//! The account registry: which accounts exist, who holds each, and when it was open.

use std::collections::HashMap;
use std::path::Path;

use super::interner::{AccountKey, Interner};
use super::table::Table;
use crate::error::{Error, Result};
use crate::frames::{self, FrameWriter, Value};
use crate::identity::canonical;

/// The columns that the registry must have.
const COLUMNS: [&str; 5] = ["account", "person", "region", "opened_at", "closed_at"];

/// An account of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The account.
    pub key: AccountKey,
    /// The person who holds it.
    pub person: AccountKey,
    /// When it was opened, in microseconds since 1970 UTC; `i64::MIN` if unknown.
    pub opened: i64,
    /// When it was closed, in microseconds since 1970 UTC; `i64::MAX` if it is still open.
    pub closed: i64,
}

/// The account registry, for look-ups by account.
#[derive(Debug)]
pub struct Accounts {
    /// The accounts by key, each once.
    sorted: Vec<Account>,
    /// Accounts whose spelling is not its own folded form, by the key of that form; `None` where several
    /// accounts have one.
    folded: HashMap<AccountKey, Option<AccountKey>>,
    /// Whether the case has a registry: only then does an account that it lacks not exist.
    pub known: bool,
}

impl Accounts {
    /// Reads the registry at `path` and writes the `accounts` frame below `frames_dir`.
    ///
    /// Fails if the registry is empty or has two rows for one account.
    pub fn load(path: &Path, interner: &Interner, frames_dir: &Path) -> Result<Self> {
        let mut table = Table::open(path, &COLUMNS)?;
        let mut writer = FrameWriter::create(frames_dir, &frames::ACCOUNTS, 0)?;
        let mut sorted = Vec::new();
        while let Some(row) = table.next()? {
            let (opened, closed) = (row.time(3)?, row.time(4)?);
            let (account, person) = (canonical(row.text(0)?), canonical(row.text(1)?));
            writer.push(&[
                Value::Text(&account),
                Value::Text(&person),
                row.optional(2).into(),
                opened.into(),
                closed.into(),
            ])?;
            sorted.push(Account {
                key: interner.key(&account),
                person: interner.key(&person),
                opened: opened.unwrap_or(i64::MIN),
                closed: closed.unwrap_or(i64::MAX),
            });
        }
        writer.finish()?;
        if sorted.is_empty() {
            let message =
                "the account registry is empty, so every account would seem to be an invented one";
            let columns = COLUMNS.join(",");
            let hint = format!("export all accounts, closed ones too, as {columns}");
            return Err(Error::case(path, message).hint(hint));
        }
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0].key == pair[1].key) {
            let account = interner.text(pair[0].key);
            return Err(
                Error::case(path, format!("account `{account}` is there twice"))
                    .hint("the registry has one row for each account; merge these rows"),
            );
        }
        let mut folded: HashMap<AccountKey, Option<AccountKey>> = HashMap::new();
        for account in &sorted {
            let form = interner.folded(account.key);
            if form != account.key {
                let of_form = folded.entry(form).or_insert(Some(account.key));
                *of_form = of_form.filter(|known| *known == account.key);
            }
        }
        Ok(Accounts {
            sorted,
            folded,
            known: true,
        })
    }

    /// The registry of a case that has none: of no account is it known whether it exists.
    pub fn unknown() -> Self {
        Accounts {
            sorted: Vec::new(),
            folded: HashMap::new(),
            known: false,
        }
    }

    /// The account `key`, if the registry has it.
    pub fn find(&self, key: AccountKey) -> Option<&Account> {
        let index = self
            .sorted
            .binary_search_by_key(&key, |account| account.key)
            .ok()?;
        Some(&self.sorted[index])
    }

    /// The account that `key` stands for: the one of this spelling, or else the only one that is the same when
    /// both are folded.
    pub fn meet(&self, key: AccountKey, interner: &Interner) -> Option<&Account> {
        self.find(key).or_else(|| {
            let form = interner.folded(key);
            let of_form = self.find(form);
            match (of_form, self.folded.get(&form)) {
                (None, Some(other)) => self.find((*other)?),
                (of_form, None) => of_form,
                (Some(_), Some(_)) => None,
            }
        })
    }
}
