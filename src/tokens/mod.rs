//! Requests and issuance records -> a verdict for every token seen in use.
//!
//! A token is what it says of itself: the same id with another subject, key, issue time or expiry is
//! another token. The [shuffle](crate::shuffle) brings uses and records of one id together, and up to three
//! passes go over them. The first hears the honest tokens, which show where the log is complete
//! ([`coverage`]); the second judges each token; the third judges issued tokens that moved between
//! addresses, once the attacker's addresses are known ([`passes`]).
//!
//! | file | what it does |
//! |---|---|
//! | `uses` | lines of all tiers, sent to where they meet: uses by token, others by request |
//! | `issuances` | issuance records, sent to the uses of their tokens |
//! | `claimed` | what tokens say of themselves, read from the frame `requests` |
//! | `grouped` | tokens with their uses and records, from what the shuffle brought together |
//! | [`claims`] | what a token says of itself |
//! | [`facts`] | what is known of a token |
//! | `aliases` | subjects that the issuance log and the tokens call by two names |
//! | [`scopes`] | how tokens lie to what their keys are for |
//! | `signers` | what the case knows of the issuers and keys that tokens name |
//! | [`rules`] | the verdict rules, one file each |
//! | `reason` | what a verdict rests on: its name and its sentence |
//! | `verdict` | the table of precedence and confidence |
//! | [`coverage`] | whether the issuance log is complete |
//! | [`logins`] | proof, apart from the issuer, that a customer was there |
//! | [`profile`] | what the issued tokens of a key look like |
//! | [`losses`] | how many tokens without a record could be honest |
//! | `gathered` | what is known of a token, gathered for the rules |
//! | `hearing` | what all tokens together show before any is judged |
//! | `suspects` | the attacker's addresses |
//! | [`passes`] | the passes over all tokens, partition by partition |
//! | `tally` | what judging found over all tokens |
//! | `written` | the rows of judged tokens, written to frames |
//! | [`timeline`] | each signing key's life by the inventory against its use |
//! | `unmet` | issuers whose records meet no token |
//! | [`antijoin`] | uses without a record, counted a second way |

mod aliases;
pub mod antijoin;
pub(crate) mod claimed;
pub mod claims;
pub mod coverage;
pub mod facts;
mod gathered;
mod grouped;
mod hearing;
mod issuances;
pub mod logins;
pub mod losses;
pub mod passes;
pub mod profile;
mod reason;
pub mod rules;
pub mod scopes;
mod signers;
mod suspects;
mod tally;
pub mod timeline;
mod unmet;
mod uses;
mod verdict;
mod written;

pub use claims::Claims;
pub use facts::{ProvenKeys, Record, TokenFacts};
pub use gathered::Judge;
pub use issuances::spread_issuances;
pub use reason::{Doubt, VerdictReason};
pub use tally::Tokens;
pub use unmet::{Unmet, unmet};
pub use uses::{Spread, Use, spread};
pub use verdict::{Judgement, judge};

use crate::case::Case;
use crate::error::Result;

/// Checks what the policy of `case` says of coverage and rules, before any evidence is read.
///
/// It is an error of the case if the policy asks for no witnesses or too many, or switches off what is no
/// rule.
pub fn check(case: &Case) -> Result<()> {
    coverage::check(case)?;
    rules::list::check(case)
}
