//! Issuers whose names differ from log to log, so that no token finds its records, its key or its accounts.

use super::handed_out::HandedOut;
use super::misfit::{FEW, Misfit, Named};
use super::seen::{Issuer, Seen};
use crate::case::Case;
use crate::identity::canonical;

/// The issuers of tokens that records, the key inventory or the case file name otherwise.
pub(super) fn named_otherwise(case: &Case, seen: &Seen, found: &HandedOut) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for (place, issuer) in seen.issuers.iter().enumerate() {
        misfits.extend(in_the_log(place, seen, found));
        misfits.extend(in_the_inventory(case, issuer, seen));
        misfits.extend(in_the_case_file(case, issuer, seen, found));
    }
    misfits
}

/// Records of another issuer hand out the tokens of `issuer`, which has no records of its own.
///
/// Two issuers may number their tokens alike, so most of these tokens must name their record's subject as well.
/// An attacker may put another issuer into a copy of a token, so it must be the lesser part of these records'
/// tokens that names the other issuer rightly.
fn in_the_log(place: usize, seen: &Seen, found: &HandedOut) -> Option<Misfit> {
    let issuer = &seen.issuers[place];
    if found.issuers.contains_key(&issuer.name) {
        return None;
    }
    let of_this = found.met.iter().filter(|((of, _), _)| *of == place);
    let most = of_this.rev().max_by_key(|(_, met)| met.records.len())?;
    let ((_, other), met) = most;
    let itself = seen.issuers.iter().position(|one| one.name == *other);
    let rightly = itself.and_then(|itself| found.met.get(&(itself, other.clone())));
    if rightly.is_some_and(|rightly| rightly.records.len() >= met.records.len()) {
        return None;
    }
    let count = met.records.len() as u64;
    let agree = met.same_subject * 10 >= count * 9;
    (count >= FEW && agree).then(|| Misfit::IssuerNamedOtherwise {
        subject: issuer.name.clone(),
        other: other.clone(),
        place: Named::IssuanceLog,
        count,
        example: Some(met.example.clone()),
    })
}

/// The inventory has keys that tokens of `issuer` name, all of them under an issuer that no token names.
fn in_the_inventory(case: &Case, issuer: &Issuer, seen: &Seen) -> Option<Misfit> {
    let of = |name: &str| case.keys.keys.iter().any(|key| key.issuer == name);
    let unnamed = |name: &str| seen.issuers.iter().all(|one| one.name != canonical(name));
    if of(&issuer.name) {
        return None;
    }
    let keys = case.keys.keys.iter();
    let mut keys = keys.filter(|key| issuer.keys.contains(&key.id) && unnamed(&key.issuer));
    let first = keys.next()?;
    let more = keys.filter(|key| key.issuer == first.issuer).count() as u64;
    Some(Misfit::IssuerNamedOtherwise {
        subject: issuer.name.clone(),
        other: first.issuer.clone(),
        place: Named::KeyInventory,
        count: more + 1,
        example: Some(first.id.clone()),
    })
}

/// The case file has no `[[issuer]]` for `issuer`, and one that nothing names.
fn in_the_case_file(
    case: &Case,
    issuer: &Issuer,
    seen: &Seen,
    found: &HandedOut,
) -> Option<Misfit> {
    // A client can invent an issuer, but hardly that of most tokens.
    let all: u64 = seen.issuers.iter().map(|one| one.tokens).sum();
    let is_most = issuer.tokens >= FEW && issuer.tokens * 2 > all;
    if !is_most || case.issuer(&issuer.name).is_some() {
        return None;
    }
    let idle = |name: &str| {
        seen.issuers.iter().all(|one| one.name != canonical(name))
            && !found.issuers.contains_key(&*canonical(name))
    };
    let mut named = case.file.issuer.iter();
    let other = named.find(|other| idle(&other.id))?;
    Some(Misfit::IssuerNamedOtherwise {
        subject: issuer.name.clone(),
        other: other.id.clone(),
        place: Named::CaseFile,
        count: issuer.tokens,
        example: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens of two issuers: of `met` each, so many meet a record of `shop`, and `same` name its subject.
    fn other_name(met: [u64; 2], same: u64) -> Option<Misfit> {
        let (mut seen, mut found) = (Seen::default(), HandedOut::default());
        for name in ["other", "shop"] {
            let mut issuer = Issuer::default();
            issuer.name = name.to_string();
            seen.issuers.push(issuer);
        }
        found.issuers.entry("shop".to_string()).or_default();
        for (place, count) in met.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let met = found.met.entry((place, "shop".to_string())).or_default();
            met.records.extend((0..count).map(|id| (id, 0)));
            met.same_subject = same;
        }
        in_the_log(0, &seen, &found)
    }

    #[test]
    fn one_issuer_of_two_names_has_records_under_the_other() {
        assert!(other_name([10, 0], 10).is_some());
        assert!(other_name([10, 0], 5).is_none(), "ids that meet by chance");
        assert!(other_name([4, 0], 4).is_none(), "too few");
        assert!(
            other_name([10, 20], 10).is_none(),
            "tokens of `shop` that somebody copied under another name"
        );
    }
}
