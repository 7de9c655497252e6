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
    found.misfits.iter().cloned().chain(unmet).collect()
}
