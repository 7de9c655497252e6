//! All misfits: those that the frames of intake show, and those that only the verdicts show.

use super::found::Found;
use crate::misfits::Misfit;

/// All misfits, those of intake first.
pub(super) fn misfits(found: &Found<'_>) -> Vec<Misfit> {
    let unmet = found.unmet.iter().map(|unmet| Misfit::IdsNeverMeet {
        subject: unmet.issuer.clone(),
        of_a_token: unmet.of_a_token.clone(),
        of_a_record: unmet.of_a_record.clone(),
    });
    let scopes = found.tokens.scopes.0.iter();
    let contradicted = scopes.filter(|(_, held)| held.issued_outside > 0);
    let contradicted = contradicted.map(|((key, limit), held)| Misfit::KeyScopeContradicted {
        subject: key.clone(),
        setting: limit.name(),
        count: held.issued_outside,
        other_count: held.others_outside,
        example: held.examples[1].clone().unwrap_or_default(),
    });
    let of_intake = found.misfits.iter().cloned();
    of_intake.chain(unmet).chain(contradicted).collect()
}
