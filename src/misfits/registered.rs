//! Subjects and accounts that the account registry never has, as they are written in another way there.

use std::collections::{BTreeSet, HashSet};

use super::handed_out::HandedOut;
use super::misfit::{FEW, Misfit};
use super::seen::{Seen, hash};
use super::sources::by_source;
use crate::case::{Context, SourceKind, Subjects};
use crate::error::Result;
use crate::frames::Texts;
use crate::results::Manifest;

/// Distinct subjects that are looked up for one issuer or source.
const MOST: usize = 5_000;

/// The issuers and the logs whose subjects are hardly ever in the account registry.
pub(super) fn unregistered(
    context: &Context<'_>,
    manifest: &Manifest,
    seen: &Seen,
    found: &HandedOut,
) -> Result<Vec<Misfit>> {
    if !context.accounts.known {
        return Ok(Vec::new());
    }
    let mut misfits = of_tokens(context, seen, found);
    for logs in by_source(manifest) {
        let (kind, column) = match logs.kind {
            kind if kind == SourceKind::Application.name() => (SourceKind::Application, "account"),
            kind if kind == SourceKind::Login.name() => (SourceKind::Login, "subject"),
            _ => continue,
        };
        let mut subjects = BTreeSet::new();
        for piece in logs.sample(kind.frame(), context.frames_dir)? {
            let batch = piece.read(&[column])?;
            let texts = Texts::of(&batch, column)?;
            for row in 0..texts.rows() {
                if let Some(text) = texts.get(row)
                    && subjects.len() < MOST
                    && !subjects.contains(text)
                {
                    subjects.insert(text.to_string());
                }
            }
        }
        misfits.extend(lookup(context, logs.source, column, &subjects, 10));
    }
    Ok(misfits)
}

/// The issuers of accounts whose subjects the registry lacks.
///
/// An attacker can invent subjects, so the records of the issuer are asked first. Where there are none, the issuer
/// must be one of the case file's, and a single subject that is registered speaks for the spelling of all. Records
/// may name people otherwise than tokens do, which is no misfit where those of the tokens are registered.
fn of_tokens(context: &Context<'_>, seen: &Seen, found: &HandedOut) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for (place, issuer) in seen.issuers.iter().enumerate() {
        let told = context.case.issuer(&issuer.name);
        if told.is_some_and(|issuer| issuer.subjects == Subjects::Services) {
            continue;
        }
        let recorded = found.issuers.get(&issuer.name);
        let recorded = recorded.filter(|issued| !issued.subjects.is_empty());
        let misfit = match recorded {
            Some(issued) => lookup(context, &issuer.name, "subject", &issued.subjects, 10)
                .filter(|_| !issued_are_registered(context, seen, found, place)),
            None if told.is_none() => None,
            None => {
                let column = "token_subject";
                lookup(context, &issuer.name, column, &issuer.subjects, u64::MAX)
            }
        };
        misfits.extend(misfit);
    }
    misfits
}

/// Whether the registry has the subjects of those tokens of an issuer that have a record.
fn issued_are_registered(
    context: &Context<'_>,
    seen: &Seen,
    found: &HandedOut,
    place: usize,
) -> bool {
    let registered = seen.issuers[place].subjects.iter();
    let registered = registered.filter(|text| is_registered(context, text));
    let registered: HashSet<u64> = registered.map(|text| hash(text)).collect();
    let ids = found.met.values().flat_map(|met| met.records.keys());
    let tokens = ids.filter_map(|id| seen.tokens.get(id));
    let of_issuer = tokens.filter(|token| token.issuer == place);
    let subjects: HashSet<u64> = of_issuer.filter_map(|token| token.subject).collect();
    let known = subjects.intersection(&registered).count();
    known * 10 >= subjects.len() && known > 0
}

/// Whether the registry has an account with this id.
fn is_registered(context: &Context<'_>, text: &str) -> bool {
    let key = context.interner.key(text);
    context.accounts.meet(key, context.interner).is_some()
}

/// Looks `subjects` up; a misfit if less than one in `one_in` is in the registry.
fn lookup(
    context: &Context<'_>,
    subject: &str,
    column: &'static str,
    subjects: &BTreeSet<String>,
    one_in: u64,
) -> Option<Misfit> {
    let registered = |text: &&String| is_registered(context, text);
    let looked = || subjects.iter().take(MOST);
    let all = looked().count() as u64;
    let lacking = looked().filter(|text| !registered(text)).count() as u64;
    let example = looked().find(|text| !registered(text))?;
    let few = (all - lacking).saturating_mul(one_in) < all;
    (all >= FEW && few).then(|| Misfit::SubjectsUnregistered {
        subject: subject.to_string(),
        column,
        count: lacking,
        subject_count: all,
        example: example.clone(),
    })
}
