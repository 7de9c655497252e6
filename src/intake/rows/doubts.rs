//! What a field in doubt does to its line.
//!
//! A format's parser notes what is wrong with single fields; only here is it known which columns they
//! would fill. A doubt about a claim is a problem of the token, and one about another column a problem of
//! the row: either value is null, and the line stays, for clients choose what they send, and must not be
//! able to take a request out of the counts. A line is a reject only if each row must have the column.

use crate::frames::Frame;
use crate::intake::blocks::fields::{
    DATE, FIRST_PART, FROM_TOKEN, Fields, PARTS, TIME_OF_DAY, slots,
};
use crate::intake::reject::{Reason, Reject};
use crate::intake::values::token::TOKEN_ID_ABSENT;

/// The columns of one frame that doubts are about.
#[derive(Debug)]
pub(super) struct Doubts {
    /// The columns that a token's claims fill, as bits.
    claims: u64,
    /// The claims that may be a list of texts, as bits.
    lists: u64,
    /// The column for what is wrong with a token.
    problem: Option<usize>,
    /// The columns and parts without which a line is no row, as bits.
    fixed: u64,
    /// The parts that hold a token, as bits.
    tokens: u64,
    /// The column `row_problem`, and the name of each slot before the parts.
    row_problem: usize,
    names: Vec<&'static str>,
    /// The column of a token's id, where the log has a field for it.
    token_id: Option<usize>,
}

impl Doubts {
    /// Doubts about the columns of `frame`.
    pub(super) fn new(frame: &Frame, problem: Option<usize>, token_id: Option<usize>) -> Self {
        // A frame has fewer than 64 columns: see `FIRST_PART` of `blocks::fields`.
        let columns = frame.columns.iter().enumerate();
        let required = columns.filter(|(_, column)| column.required);
        let parts = PARTS.iter().enumerate();
        let tokens = parts.filter(|(_, part)| part.holds.is_some());
        let claims = FROM_TOKEN.iter().filter_map(|name| frame.index(name));
        Doubts {
            claims: claims.fold(0, |claims, column| claims | 1 << column),
            lists: frame
                .index("token_audience")
                .map_or(0, |column| 1 << column),
            problem,
            fixed: required.fold(1 << DATE | 1 << TIME_OF_DAY, |fixed, (column, _)| {
                fixed | 1 << column
            }),
            tokens: tokens.fold(0, |tokens, (part, _)| tokens | 1 << (FIRST_PART + part)),
            row_problem: frame
                .index("row_problem")
                .expect("every event frame has problems"),
            names: frame.columns.iter().map(|column| column.name).collect(),
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
        let mut of_row: Vec<String> = Vec::new();
        for (columns, reject) in fields.doubts() {
            if reject.reason == Reason::NoClaims {
                no_claims = true;
                continue;
            }
            let joined = reject.reason == Reason::Joined;
            // Any column but a claim may be put together from the texts of an array, and so may an audience.
            if joined && columns & (self.claims & !self.lists) == 0 {
                continue;
            }
            let others = columns & !harmless;
            if others & self.fixed != 0 {
                let reason = match joined {
                    true => Reason::FieldType,
                    false => reject.reason,
                };
                return Err(Reject::new(reason, reject.detail.clone()));
            }
            let (what, of_token) = match reject.reason {
                Reason::DuplicateField => ("twice", ["claim_twice", "token_twice"]),
                _ => ("type", ["claim_type", "token_type"]),
            };
            of_row.extend(slots(others).map(|slot| format!("{what}_{}", self.name(slot))));
            in_doubt |= columns;
            if columns & harmless != 0 {
                problem.get_or_insert(of_token[0]);
            } else if others & self.tokens != 0 {
                problem.get_or_insert(of_token[1]);
            }
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
        if !of_row.is_empty() {
            of_row.sort_unstable();
            of_row.dedup();
            fields.copy(self.row_problem, &of_row.join(" "));
        }
        Ok(())
    }

    /// The name of a column or part.
    fn name(&self, slot: usize) -> &'static str {
        match slot.checked_sub(FIRST_PART) {
            Some(part) => PARTS[part].name,
            None => self.names[slot],
        }
    }
}
