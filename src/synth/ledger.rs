//! What only scenarios have: the application's login log, and `truth.csv`.
//!
//! `truth.csv` has a row for each token that a readable gateway line names: whether it is honest or
//! forged, whatever the evidence can show. So that each token has one row, the ledger holds the
//! identities of all tokens in memory.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::clocks::korean;
use super::events::{Grant, Token};
use super::keys::Key;
use super::logs::{Log, Pass, PlantedLines};
use super::world::{Customer, Millis};
use crate::error::{Error, Result};

/// The login log and `truth.csv`, being written.
pub(super) struct Ledger {
    logins: Log,
    path: PathBuf,
    truth: BufWriter<File>,
    /// Id, key and customer of each token that has its row; services count as 0.
    seen: HashSet<(u64, Key, Customer)>,
}

impl Ledger {
    /// Begins `truth.csv` at `path`.
    pub(super) fn new(path: &Path, logins: Log) -> Result<Self> {
        let file =
            File::create_new(path).map_err(|e| Error::io("create the truth's file", path, e))?;
        let mut ledger = Ledger {
            logins,
            path: path.to_path_buf(),
            truth: BufWriter::new(file),
            seen: HashSet::new(),
        };
        ledger.row("token_id,subject,issuer,key_id,truth\n")?;
        Ok(ledger)
    }

    fn row(&mut self, row: &str) -> Result<()> {
        self.truth
            .write_all(row.as_bytes())
            .map_err(|e| Error::io("write the truth", &self.path, e))
    }

    /// Writes a token's row, unless it has one: a readable gateway line names it.
    pub(super) fn token(&mut self, token: &Token, pass: &Pass<'_>, forged: bool) -> Result<()> {
        let customer = token.customer().unwrap_or(0);
        if !self.seen.insert((token.id, token.key, customer)) {
            return Ok(());
        }
        self.row(&format!(
            "{},{},{},{},{}\n",
            pass.id,
            pass.subject,
            pass.issuer,
            pass.key,
            if forged { "forged" } else { "honest" }
        ))
    }

    /// Logs that a customer logs in or renews a token.
    pub(super) fn login(
        &mut self,
        at: Millis,
        customer: Customer,
        address: IpAddr,
        grant: Grant,
    ) -> Result<()> {
        self.logins.line(&format!(
            "{{\"at\":\"{}\",\"member\":\"{customer}\",\"client\":\"{address}\",\"event\":\"{}\",\"ok\":true}}",
            korean(at),
            grant.event(),
        ))
    }

    /// Ends both, and says what was planted in the login log.
    pub(super) fn finish(&mut self) -> Result<PlantedLines> {
        self.truth
            .flush()
            .map_err(|e| Error::io("write the truth", &self.path, e))?;
        self.logins.finish()
    }
}
