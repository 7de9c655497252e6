//! What only scenarios have: the application's login log, and what every token really is.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::logs::{Log, Pass, korean};
use super::truth::LineCounts;
use super::world::{Customer, Millis};
use super::{Subject, Token};
use crate::error::{Error, Result};

/// Both, being written.
pub(super) struct Ledger {
    logins: Log,
    path: PathBuf,
    truth: BufWriter<File>,
    /// Id, key and customer of the tokens that have their row.
    seen: HashSet<(u64, usize, Customer)>,
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

    /// A gateway line that can be read names this token.
    pub(super) fn token(&mut self, token: &Token, pass: &Pass<'_>, forged: bool) -> Result<()> {
        let customer = match token.subject {
            Subject::Customer(customer) => customer,
            // No customer has this number.
            Subject::Stock => 0,
        };
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

    /// A customer logs in or renews a token.
    pub(super) fn login(
        &mut self,
        at: Millis,
        customer: Customer,
        address: IpAddr,
        refresh: bool,
        lines: &mut LineCounts,
    ) -> Result<()> {
        let line = format!(
            "{{\"at\":\"{}\",\"member\":\"{customer}\",\"client\":\"{address}\",\"event\":\"{}\",\"ok\":true}}",
            korean(at),
            if refresh { "refresh" } else { "login" },
        );
        self.logins.line(line.as_bytes(), true, lines)
    }

    /// Ends both.
    pub(super) fn finish(&mut self, lines: &mut LineCounts) -> Result<()> {
        self.logins.rotate(lines)?;
        self.truth
            .flush()
            .map_err(|e| Error::io("write the truth", &self.path, e))
    }
}
