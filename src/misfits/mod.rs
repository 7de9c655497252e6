//! A case that is set wrongly: what does not fit together in what intake read, before anything is counted.
//!
//! A wrong setting looks like no breach: where no token meets its record, no gateway line has a token or no
//! subject is in the registry, nothing is forged and every figure is 0. So [`look`] holds the frames of intake
//! against each other and against the case file. Each misfit is data; `report` shows it above the figures, with
//! the setting to change.
//!
//! Nothing here decides a verdict or moves a figure. Large frames are sampled in a fixed way, so the same
//! evidence always gives the same misfits.
//!
//! | file | what it does |
//! |---|---|
//! | `misfit` | what does not fit together, as data |
//! | `sources` | sources that are missing, unread or without a token |
//! | `seen` | a sample of the tokens that gateways saw |
//! | `handed_out` | the issuance records, held against that sample |
//! | `names` | issuers whose names differ from log to log |
//! | `times` | clocks that are a whole number of quarter hours apart |
//! | `registered` | subjects and accounts that the registry never has |

mod handed_out;
mod misfit;
mod names;
mod registered;
mod seen;
mod sources;
mod times;

pub use misfit::{Misfit, Named};

use crate::case::Context;
use crate::error::Result;
use crate::results::Manifest;

/// Looks for what does not fit together in the frames that intake wrote, and in the case file.
pub fn look(context: &Context<'_>, manifest: &Manifest) -> Result<Vec<Misfit>> {
    let mut misfits = Vec::from_iter(sources::missing(context.case));
    misfits.extend(sources::unread(manifest, context.frames_dir)?);
    misfits.extend(sources::without_token(manifest, context.frames_dir)?);
    let seen = seen::seen(manifest, context.frames_dir)?;
    let found = handed_out::hold_against(context, &seen)?;
    misfits.extend(names::named_otherwise(context.case, &seen, &found));
    misfits.extend(times::records_shifted(&seen, &found));
    misfits.extend(times::uses_shifted(&seen, &found));
    misfits.extend(handed_out::repeated(&found));
    misfits.extend(registered::unregistered(context, manifest, &seen, &found)?);
    Ok(misfits)
}
