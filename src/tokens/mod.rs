//! Requests and issuance records -> a verdict for every token seen in use.
//!
//! A token is an issuer, a key, an id and a subject: the same id with another subject is another
//! token. Uses and records of one id are brought together by [`crate::shuffle`], judged, written to
//! the `tokens` frame, and each use is handed on with its token's verdict.

pub mod coverage;
pub mod rules;
mod verdict;

pub use verdict::{Judgement, TokenFacts, Verdict, judge};

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use roaring::RoaringTreemap;
use sha2::{Digest, Sha256};

use crate::case::{AccountKey, Accounts, Case, Interner, Subjects};
use crate::error::Result;
use crate::frames::{self, Batches, FrameWriter, Value, part_files, text, time};
use crate::requests::{Line, Lines, Tier};
use crate::shuffle::{Decoder, Encoder, Records, Shuffle, each_partition};
use coverage::{At, Coverage};

/// An issuance record, as far as verdicts need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// To whom the token was issued.
    pub subject: AccountKey,
    /// The key that signed it, interned, where the log says so.
    pub key_id: Option<AccountKey>,
}

/// What the token stage found.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Distinct forged tokens.
    pub forged: u64,
    /// Distinct indeterminate tokens, by reason.
    pub indeterminate: BTreeMap<&'static str, u64>,
    /// Distinct legitimate tokens.
    pub legitimate: u64,
    /// Distinct forged tokens, by deciding rule.
    pub forged_by: BTreeMap<&'static str, u64>,
    /// Forged tokens that name no account of the registry.
    pub forged_unknown_subject: u64,
    /// Indeterminate tokens that name no account of the registry.
    pub doubtful_unknown_subject: u64,
    /// Subjects that are no account, named by forged tokens.
    pub unknown_subjects: RoaringTreemap,
    /// The same, named by indeterminate tokens.
    pub doubtful_unknown_subjects: RoaringTreemap,
    /// Accounts not open when a forged token naming them was first used.
    pub closed_accounts: RoaringTreemap,
    /// Keys that tokens name and the inventory lacks, with their issuer, and how many tokens do.
    pub unlisted_keys: BTreeMap<(String, String), u64>,
    /// Addresses that carried a forged token.
    pub forged_addresses: HashSet<u128>,
    /// Addresses that carried an indeterminate token.
    pub doubtful_addresses: HashSet<u128>,
}

impl Tokens {
    /// Distinct indeterminate tokens.
    pub fn indeterminate_count(&self) -> u64 {
        self.indeterminate.values().sum()
    }

    fn merge(&mut self, other: Tokens) {
        self.forged += other.forged;
        self.legitimate += other.legitimate;
        for (reason, count) in other.indeterminate {
            *self.indeterminate.entry(reason).or_default() += count;
        }
        for (rule, count) in other.forged_by {
            *self.forged_by.entry(rule).or_default() += count;
        }
        for (key, count) in other.unlisted_keys {
            *self.unlisted_keys.entry(key).or_default() += count;
        }
        self.forged_unknown_subject += other.forged_unknown_subject;
        self.doubtful_unknown_subject += other.doubtful_unknown_subject;
        self.unknown_subjects |= other.unknown_subjects;
        self.doubtful_unknown_subjects |= other.doubtful_unknown_subjects;
        self.closed_accounts |= other.closed_accounts;
        self.forged_addresses.extend(other.forged_addresses);
        self.doubtful_addresses.extend(other.doubtful_addresses);
    }
}

/// The first 128 bits of SHA-256 over `parts`, each with its length: the same only for the same parts,
/// whatever an attacker writes into them.
pub fn fingerprint(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

/// Where issuance records and token uses of one id meet.
pub fn id_fingerprint(issuer: &str, token_id: &str) -> u128 {
    fingerprint(&[issuer.as_bytes(), token_id.as_bytes()])
}

/// A use of a token: a gateway line and the claims it logged.
pub struct Use<'a> {
    /// The fingerprint of issuer and token id.
    pub id: u128,
    /// The line.
    pub line: Line,
    /// Issuer, interned.
    pub issuer: Option<AccountKey>,
    /// Key id, interned.
    pub key_id: Option<AccountKey>,
    /// Claimed issue time.
    pub issued_at: Option<i64>,
    /// The token id.
    pub token_id: &'a str,
}

const RECORD: u8 = 0;
const USE: u8 = 1;

impl Use<'_> {
    /// Writes the use as a record of the token shuffle.
    pub fn encode(&self, into: &mut Encoder) {
        into.0.clear();
        into.u8(USE).u128(self.id);
        self.line.encode(into);
        into.maybe(self.issuer.map(|key| key.0))
            .maybe(self.key_id.map(|key| key.0))
            .maybe_time(self.issued_at)
            .0
            .extend_from_slice(self.token_id.as_bytes());
    }

    fn decode<'r>(id: u128, mut from: Decoder<'r>) -> Use<'r> {
        Use {
            id,
            line: Line::decode(&mut from),
            issuer: from.maybe().map(AccountKey),
            key_id: from.maybe().map(AccountKey),
            issued_at: from.maybe_time(),
            token_id: from.text(),
        }
    }
}

/// Sends the issuance records to where the uses of their ids are.
pub fn spread_issuances(
    frames_dir: &Path,
    threads: usize,
    interner: &Interner,
    by_token: &Shuffle,
) -> Result<()> {
    let parts = part_files(frames_dir, &frames::ISSUANCES)?;
    each_partition(parts.len(), threads, |index| {
        let mut record = Encoder::default();
        for batch in Batches::open(&parts[index], &["issuer", "token_id", "subject", "key_id"])? {
            let batch = batch?;
            let ids = text(&batch, "issuer")?
                .iter()
                .zip(text(&batch, "token_id")?.iter());
            let whose = text(&batch, "subject")?
                .iter()
                .zip(text(&batch, "key_id")?.iter());
            for ((issuer, token_id), (subject, key_id)) in ids.zip(whose) {
                let (Some(issuer), Some(token_id), Some(subject)) = (issuer, token_id, subject)
                else {
                    continue;
                };
                let id = id_fingerprint(issuer, token_id);
                record.0.clear();
                record.u8(RECORD).u128(id).u64(interner.key(subject).0);
                record.maybe(key_id.map(|key| interner.key(key).0));
                by_token.push(id, &record.0)?;
            }
        }
        Ok(())
    })
    .map(drop)
}

/// What judging needs beside the records.
pub struct Judge<'a> {
    /// The case.
    pub case: &'a Case,
    /// The account registry.
    pub accounts: &'a Accounts,
    /// Spellings of identifiers.
    pub interner: &'a Interner,
    /// The coverage of the issuance log.
    pub coverage: &'a Coverage,
    /// Where frames are written.
    pub frames_dir: &'a Path,
}

struct Token<'r> {
    first_use: Use<'r>,
    uses: Vec<Line>,
}

impl Judge<'_> {
    /// Judges every token of the shuffle; each use goes on to `onward` with its verdict.
    pub fn run(&self, by_token: &Shuffle, threads: usize, onward: &Lines<'_>) -> Result<Tokens> {
        let found = each_partition(by_token.count(), threads, |index| {
            self.partition(&by_token.take(index)?, index, onward)
        })?;
        let mut all = Tokens::default();
        for tokens in found {
            all.merge(tokens);
        }
        Ok(all)
    }

    fn partition(&self, records: &Records, index: usize, onward: &Lines<'_>) -> Result<Tokens> {
        let mut issued: HashMap<u128, Vec<Record>, foldhash::fast::FixedState> = HashMap::default();
        type Identity = (u128, Option<AccountKey>, Option<AccountKey>);
        let mut tokens: HashMap<Identity, Token<'_>, foldhash::fast::FixedState> =
            HashMap::default();
        for record in records.iter() {
            let mut decoder = Decoder(record);
            let (kind, id) = (decoder.u8(), decoder.u128());
            if kind == RECORD {
                let record = Record {
                    subject: AccountKey(decoder.u64()),
                    key_id: decoder.maybe().map(AccountKey),
                };
                let known = issued.entry(id).or_default();
                if !known.contains(&record) {
                    known.push(record);
                }
                continue;
            }
            let one = Use::decode(id, decoder);
            let identity = (id, one.key_id, one.line.account);
            let line = one.line;
            match tokens.entry(identity) {
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(Token {
                        first_use: one,
                        uses: vec![line],
                    });
                }
                std::collections::hash_map::Entry::Occupied(mut entry) => {
                    let token = entry.get_mut();
                    let place = |line: &Line| (line.event_time, line.evidence_id, line.line_no);
                    if place(&line) < place(&token.first_use.line) {
                        token.first_use = one;
                    }
                    token.uses.push(line);
                }
            }
        }
        let mut tokens: Vec<Token<'_>> = tokens.into_values().collect();
        tokens.sort_unstable_by_key(|token| {
            let line = &token.first_use.line;
            (line.event_time, line.evidence_id, line.line_no)
        });
        let part = u32::try_from(index).expect("few partitions");
        let mut writers = [
            FrameWriter::create(self.frames_dir, &frames::TOKENS, part)?,
            FrameWriter::create(self.frames_dir, &frames::SESSIONS, part)?,
        ];
        let mut found = Tokens::default();
        for token in &tokens {
            let records = issued
                .get(&token.first_use.id)
                .map_or(&[][..], Vec::as_slice);
            let judgement = self.token(token, records, &mut found, &mut writers)?;
            for line in &token.uses {
                onward.push(&Line {
                    tier: Tier::Judged(judgement.verdict),
                    ..*line
                })?;
            }
        }
        let [tokens, sessions] = writers;
        tokens.finish()?;
        sessions.finish()?;
        Ok(found)
    }

    fn token(
        &self,
        token: &Token<'_>,
        records: &[Record],
        found: &mut Tokens,
        [tokens, sessions]: &mut [FrameWriter; 2],
    ) -> Result<Judgement> {
        let Use {
            line,
            issuer,
            key_id,
            issued_at,
            token_id,
            ..
        } = &token.first_use;
        let spelling = |key: &Option<AccountKey>| key.map(|key| self.interner.text(key));
        let (issuer, key_text, subject) =
            (spelling(issuer), spelling(key_id), spelling(&line.account));
        let issuer_text = issuer.as_deref().unwrap_or_default();
        let key = key_text
            .as_deref()
            .and_then(|key| self.case.keys.find(issuer_text, key));
        let account = line.account.and_then(|subject| self.accounts.find(subject));
        let of_accounts = self
            .case
            .issuer(issuer_text)
            .is_some_and(|issuer| issuer.subjects == Subjects::Accounts);
        let coverage = match issued_at {
            Some(at) => self.coverage.at(issuer_text, *at),
            None if self.coverage.issuers.contains_key(issuer_text) => At::OutsideLog,
            None => At::NotLogged,
        };
        let judgement = judge(&TokenFacts {
            subject: line.account,
            key_id: *key_id,
            issued_at: *issued_at,
            records,
            coverage,
            key,
            account,
            subject_is_account: of_accounts && self.accounts.known,
        });
        let addresses: HashSet<u128> = token.uses.iter().map(|line| line.source_ip).collect();
        let unknown = line
            .account
            .filter(|_| of_accounts && self.accounts.known && account.is_none());
        match judgement.verdict {
            Verdict::Forged => {
                found.forged += 1;
                *found.forged_by.entry(judgement.reason).or_default() += 1;
                found.forged_addresses.extend(&addresses);
                if let Some(subject) = unknown {
                    found.forged_unknown_subject += 1;
                    found.unknown_subjects.insert(subject.0);
                }
                if let Some(account) = account.filter(|account| {
                    line.event_time < account.opened || line.event_time >= account.closed
                }) {
                    found.closed_accounts.insert(account.key.0);
                }
            }
            Verdict::Indeterminate => {
                *found.indeterminate.entry(judgement.reason).or_default() += 1;
                found.doubtful_addresses.extend(&addresses);
                if let Some(subject) = unknown {
                    found.doubtful_unknown_subject += 1;
                    found.doubtful_unknown_subjects.insert(subject.0);
                }
            }
            Verdict::Legitimate => found.legitimate += 1,
        }
        if let (None, Some(key)) = (key, &key_text) {
            *found
                .unlisted_keys
                .entry((issuer_text.to_string(), key.clone()))
                .or_default() += 1;
        }
        let parts = [
            Some(*token_id),
            issuer.as_deref(),
            key_text.as_deref(),
            subject.as_deref(),
        ];
        let parts = parts.map(|part| part.unwrap_or_default().as_bytes());
        let shown = format!("{:032x}", fingerprint(&parts));
        let first = token
            .uses
            .iter()
            .map(|line| line.event_time)
            .min()
            .unwrap_or_default();
        let last = token
            .uses
            .iter()
            .map(|line| line.event_time)
            .max()
            .unwrap_or_default();
        let supporting = judgement.supporting.join(",");
        tokens.push(&[
            Value::Text(&shown),
            Value::Text(token_id),
            issuer.as_deref().into(),
            key_text.as_deref().into(),
            subject.as_deref().into(),
            (*issued_at).into(),
            Value::Text(judgement.verdict.name()),
            Value::Text(judgement.reason),
            Some(supporting.as_str())
                .filter(|text| !text.is_empty())
                .into(),
            Value::Number(token.uses.len() as u64),
            Value::Time(first),
            Value::Time(last),
            Value::Number(u64::from(line.evidence_id)),
            Value::Number(line.line_no),
        ])?;
        if judgement.verdict == Verdict::Forged {
            sessions.push(&[
                Value::Text(&shown),
                subject.as_deref().into(),
                Value::Time(first),
                Value::Time(last),
                Value::Number(token.uses.len() as u64),
                Value::Number(addresses.len() as u64),
            ])?;
        }
        Ok(judgement)
    }
}

/// The claims columns of a batch of requests, row by row.
pub(crate) struct Claims<'a> {
    /// Token id, issuer, key id, subject.
    pub(crate) text: [Option<&'a str>; 4],
    /// Claimed issue time.
    pub(crate) issued_at: Option<i64>,
}

/// Columns of [`frames::REQUESTS`] that hold claims.
pub(crate) const CLAIMS: [&str; 5] = [
    "token_id",
    "token_issuer",
    "key_id",
    "token_subject",
    "token_issued_at",
];

/// The claims of each row of a batch.
pub(crate) fn claims(
    batch: &polars::prelude::DataFrame,
) -> Result<impl Iterator<Item = Claims<'_>>> {
    let (ids, issuers) = (text(batch, CLAIMS[0])?, text(batch, CLAIMS[1])?);
    let (keys, subjects) = (text(batch, CLAIMS[2])?, text(batch, CLAIMS[3])?);
    let texts = ids
        .iter()
        .zip(issuers.iter())
        .zip(keys.iter())
        .zip(subjects.iter());
    let rows = texts.zip(time(batch, CLAIMS[4])?.iter());
    Ok(
        rows.map(|((((id, issuer), key), subject), issued_at)| Claims {
            text: [id, issuer, key, subject],
            issued_at,
        }),
    )
}
