//! The issuance records, held against a sample of the tokens that gateways saw.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;
use polars::prelude::StaticArray;

use super::misfit::{MANY, Misfit};
use super::seen::{Seen, hash};
use crate::case::{Context, Meaning};
use crate::error::Result;
use crate::frames::{self, Piece, Texts, part_files, pieces, time};
use crate::identity::canonical;
use crate::shuffle::each_partition;

/// Subjects that are kept of one batch of records, for each issuer.
const MOST_SUBJECTS: usize = 2_000;
/// Of the ids of tokens, one in so many is counted to see whether records repeat them.
const ONE_IN: u64 = 16;

/// Tokens that an issuer's records hand out, and that name an issuer: itself or another.
#[derive(Default)]
pub(super) struct Met {
    /// The tokens, each with the time of its record.
    pub(super) records: BTreeMap<u64, i64>,
    /// Tokens that name the subject of their record.
    pub(super) same_subject: u64,
    /// The id of the first.
    pub(super) example: String,
}

/// What the records of one issuer hand out.
#[derive(Default)]
pub(super) struct Issued {
    /// All records that name a token.
    pub(super) records: u64,
    /// Subjects that they name.
    pub(super) subjects: BTreeSet<String>,
    /// How often each of some tokens is handed out, by the hash of its id.
    repeats: HashMap<u64, u64, FixedState>,
}

/// What the records of all issuers hand out.
#[derive(Default)]
pub(super) struct HandedOut {
    /// By the issuer that records name.
    pub(super) issuers: BTreeMap<String, Issued>,
    /// By the place of the issuer that tokens name, and the issuer that their records name.
    pub(super) met: BTreeMap<(usize, String), Met>,
}

/// Goes over all issuance records once.
pub(super) fn hold_against(context: &Context<'_>, seen: &Seen) -> Result<HandedOut> {
    let batches = pieces(&part_files(context.frames_dir, &frames::ISSUANCES)?)?;
    let found = each_partition(batches.len(), context.threads, |index| {
        one_batch(&batches[index], seen)
    })?;
    let mut all = HandedOut::default();
    for one in found {
        all.merge(one);
    }
    Ok(all)
}

fn one_batch(piece: &Piece, seen: &Seen) -> Result<HandedOut> {
    let mut found = HandedOut::default();
    let batch = piece.read(&["issuer", "token_id", "subject", "meaning", "event_time"])?;
    let issuers = Texts::of(&batch, "issuer")?;
    let ids = Texts::of(&batch, "token_id")?;
    let subjects = Texts::of(&batch, "subject")?;
    let mut meanings = Texts::of(&batch, "meaning")?.once(|name| name.and_then(Meaning::from_name));
    let times = time(&batch, "event_time")?.downcast_as_array();
    for row in 0..batch.height() {
        let (Some(issuer), Some(id)) = (issuers.get(row), ids.get(row)) else {
            continue;
        };
        if meanings(row) != Some(Meaning::Granted) {
            continue;
        }
        let issuer = canonical(issuer);
        if !found.issuers.contains_key(&*issuer) {
            found.issuers.insert(issuer.to_string(), Issued::default());
        }
        let Some(issued) = found.issuers.get_mut(&*issuer) else {
            continue;
        };
        let (subject, key) = (subjects.get(row), hash(id));
        issued.records += 1;
        if issued.subjects.len() < MOST_SUBJECTS {
            issued.subjects.extend(subject.map(str::to_string));
        }
        if key % ONE_IN == 0 {
            *issued.repeats.entry(key).or_default() += 1;
        }
        let Some(token) = seen.tokens.get(&key) else {
            continue;
        };
        let met = found.met.entry((token.issuer, issuer.into_owned()));
        let met = met.or_default();
        if met.example.is_empty() {
            met.example = id.to_string();
        }
        if let (None, Some(at)) = (met.records.get(&key), times.get(row)) {
            met.records.insert(key, at);
            let same = subject
                .map(hash)
                .is_some_and(|one| token.subject == Some(one));
            met.same_subject += u64::from(same);
        }
    }
    Ok(found)
}

impl HandedOut {
    /// Adds what a later batch has.
    fn merge(&mut self, other: HandedOut) {
        for (issuer, issued) in other.issuers {
            let known = self.issuers.entry(issuer).or_default();
            known.records += issued.records;
            known.subjects.extend(issued.subjects);
            for (id, count) in issued.repeats {
                *known.repeats.entry(id).or_default() += count;
            }
        }
        for (pair, met) in other.met {
            let known = self.met.entry(pair).or_default();
            if known.example.is_empty() {
                known.example = met.example;
            }
            // A token with records in two batches counts its subject twice, which changes no share by much.
            known.same_subject += met.same_subject;
            for (id, at) in met.records {
                known.records.entry(id).or_insert(at);
            }
        }
    }
}

/// The issuers whose records hand out each token twice or more, as a log of requests names them.
pub(super) fn repeated(found: &HandedOut) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for (issuer, issued) in &found.issuers {
        let tokens = issued.repeats.len() as u64;
        let records: u64 = issued.repeats.values().sum();
        if records >= MANY && records >= tokens * 2 {
            misfits.push(Misfit::RecordsRepeat {
                subject: issuer.clone(),
                count: records,
                token_count: tokens,
            });
        }
    }
    misfits
}
