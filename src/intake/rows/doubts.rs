//! Whether a field in doubt makes its line a reject.
//!
//! A format's parser notes what is wrong with single fields; only here is it known which columns they
//! would fill. A doubt about a claim is a problem of the token and keeps the line: clients choose what
//! their tokens claim, and must not be able to take a request out of the counts. Any other doubt makes
//! the line a reject.

use crate::frames::Frame;
use crate::intake::blocks::fields::{FROM_TOKEN, Fields, slots};
use crate::intake::reject::{Reason, Reject};
use crate::intake::values::token::TOKEN_ID_ABSENT;

/// The columns of one frame that doubts are about.
#[derive(Debug)]
pub(super) struct Doubts {
    /// The columns that a token's claims fill, as bits.
    claims: u64,
    /// The column for what is wrong with a token.
    problem: Option<usize>,
    /// The column of a token's id, where the log has a field for it.
    token_id: Option<usize>,
}

impl Doubts {
    /// Doubts about the columns of `frame`.
    pub(super) fn new(frame: &Frame, problem: Option<usize>, token_id: Option<usize>) -> Self {
        // A frame has fewer than 64 columns: see `FIRST_PART` of `blocks::fields`.
        let claims = FROM_TOKEN.iter().filter_map(|name| frame.index(name));
        Doubts {
            claims: claims.fold(0, |claims, column| claims | 1 << column),
            problem,
            token_id,
        }
    }

    /// Settles the doubts about a line: an error if they make it a reject.
    ///
    /// Otherwise empties the columns of claims in doubt, and notes the token's problem.
    pub(super) fn settle(&self, fields: &mut Fields<'_>) -> Result<(), Reject> {
        if fields.doubts().is_empty() {
            return Ok(());
        }
        // A frame without a column for problems cannot keep a line in doubt.
        let harmless = self.problem.map_or(0, |_| self.claims);
        let (mut in_doubt, mut problem, mut no_claims) = (0, None, false);
        for (columns, reject) in fields.doubts() {
            if reject.reason == Reason::NoClaims {
                no_claims = true;
                continue;
            }
            let joined = reject.reason == Reason::Joined;
            // Any column but a claim may be put together from the texts of an array.
            if joined && columns & self.claims == 0 {
                continue;
            }
            if columns & !harmless != 0 {
                let reason = match joined {
                    true => Reason::FieldType,
                    false => reject.reason,
                };
                return Err(Reject::new(reason, reject.detail.clone()));
            }
            in_doubt |= columns;
            problem.get_or_insert(match reject.reason {
                Reason::DuplicateField => "claim_twice",
                _ => "claim_type",
            });
        }
        let has_id = self.token_id.is_none_or(|column| fields.has_value(column));
        if no_claims && !has_id {
            problem.get_or_insert(TOKEN_ID_ABSENT);
        }
        for column in slots(in_doubt) {
            fields.clear(column);
        }
        if let (Some(column), Some(problem)) = (self.problem, problem) {
            fields.copy(column, problem);
        }
        Ok(())
    }
}
