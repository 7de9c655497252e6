//! A sample of the tokens that gateways saw: whose they are, and when they were issued and used.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::path::Path;

use foldhash::fast::FixedState;
use polars::prelude::StaticArray;

use super::sources::by_source;
use crate::case::SourceKind;
use crate::error::Result;
use crate::frames::{self, Piece, Texts, code, time};
use crate::identity::canonical;
use crate::results::Manifest;

/// Tokens that are kept of one batch of lines, for each issuer.
const MOST_TOKENS: u64 = 10_000;
/// Issuers that are kept: a client can invent any number.
const MOST_ISSUERS: usize = 200;
/// By how much a use may lie outside of a token's life without being strange, in microseconds: five minutes.
const SLACK: i64 = 300_000_000;

/// A token that a gateway saw.
pub(super) struct Token {
    /// The place of its issuer in [`Seen::issuers`].
    pub(super) issuer: usize,
    /// A hash of its subject.
    pub(super) subject: Option<u64>,
    /// When it says that it was issued.
    pub(super) issued_at: Option<i64>,
    /// The place in [`Seen::gateways`] of the source that saw it first.
    pub(super) gateway: usize,
    /// Whether it was let in before it was issued.
    pub(super) early: bool,
    /// Whether it was let in after it had expired.
    pub(super) late: bool,
}

/// What tokens of one issuer name.
#[derive(Default)]
pub(super) struct Issuer {
    /// The issuer, as tokens name it.
    pub(super) name: String,
    /// Tokens that are kept.
    pub(super) tokens: u64,
    /// How many of them are of the batch that is being read.
    of_batch: u64,
    /// The keys that they name.
    pub(super) keys: BTreeSet<String>,
    /// The subjects that they name.
    pub(super) subjects: BTreeSet<String>,
}

/// The tokens that were seen.
#[derive(Default)]
pub(super) struct Seen {
    /// The sources of kind gateway.
    pub(super) gateways: Vec<String>,
    /// The issuers that tokens name.
    pub(super) issuers: Vec<Issuer>,
    /// The tokens, by the hash of their id.
    pub(super) tokens: HashMap<u64, Token, FixedState>,
    by_name: BTreeMap<String, usize>,
}

/// The hash of an identifier in its canonical form; the same in every run.
pub(super) fn hash(text: &str) -> u64 {
    FixedState::default().hash_one(canonical(text).as_bytes())
}

/// Takes a sample of the tokens that gateways saw.
pub(super) fn seen(manifest: &Manifest, frames_dir: &Path) -> Result<Seen> {
    let mut seen = Seen::default();
    let logs = by_source(manifest).into_iter();
    for logs in logs.filter(|logs| logs.kind == SourceKind::Gateway.name()) {
        seen.gateways.push(logs.source.to_string());
        for piece in logs.sample(&frames::REQUESTS, frames_dir)? {
            seen.add(&piece)?;
        }
    }
    Ok(seen)
}

impl Seen {
    /// Adds the tokens of some lines of the last gateway.
    fn add(&mut self, piece: &Piece) -> Result<()> {
        let names = [
            "token_id",
            "token_issuer",
            "token_subject",
            "key_id",
            "event_time",
            "token_issued_at",
            "token_expires_at",
            "status",
        ];
        let batch = piece.read(&names)?;
        let column = |index: usize| Texts::of(&batch, names[index]);
        let (ids, issuers, subjects, keys) = (column(0)?, column(1)?, column(2)?, column(3)?);
        let mut times = Vec::new();
        for name in &names[4..7] {
            times.push(time(&batch, name)?.downcast_as_array());
        }
        for issuer in &mut self.issuers {
            issuer.of_batch = 0;
        }
        let statuses = code(&batch, names[7])?.downcast_as_array();
        for row in 0..batch.height() {
            let (Some(id), Some(issuer)) = (ids.get(row), issuers.get(row)) else {
                continue;
            };
            let subject = subjects.get(row);
            let issued_at = times[1].get(row);
            let Some(token) = self.token(hash(id), issuer, subject, keys.get(row), issued_at)
            else {
                continue;
            };
            let let_in = statuses
                .get(row)
                .is_some_and(|status| (200..300).contains(&status));
            if let (true, Some(at)) = (let_in, times[0].get(row)) {
                token.early |= issued_at.is_some_and(|issued| at.saturating_add(SLACK) < issued);
                let expires_at = times[2].get(row);
                token.late |= expires_at.is_some_and(|end| at > end.saturating_add(SLACK));
            }
        }
        Ok(())
    }

    /// The token with this id, which is noted if it is new; none if enough of its issuer are known.
    fn token(
        &mut self,
        id: u64,
        issuer: &str,
        subject: Option<&str>,
        key: Option<&str>,
        issued_at: Option<i64>,
    ) -> Option<&mut Token> {
        if self.tokens.contains_key(&id) {
            return self.tokens.get_mut(&id);
        }
        let name = canonical(issuer);
        let place = match self.by_name.get(&*name) {
            Some(place) => *place,
            None if self.issuers.len() >= MOST_ISSUERS => return None,
            None => {
                let place = self.issuers.len();
                self.by_name.insert(name.to_string(), place);
                self.issuers.push(Issuer {
                    name: name.into_owned(),
                    ..Issuer::default()
                });
                place
            }
        };
        let known = &mut self.issuers[place];
        if known.of_batch >= MOST_TOKENS {
            return None;
        }
        known.of_batch += 1;
        known.tokens += 1;
        known.keys.extend(key.map(str::to_string));
        known.subjects.extend(subject.map(str::to_string));
        let token = Token {
            issuer: place,
            subject: subject.map(hash),
            issued_at,
            gateway: self.gateways.len() - 1,
            early: false,
            late: false,
        };
        Some(self.tokens.entry(id).or_insert(token))
    }
}
