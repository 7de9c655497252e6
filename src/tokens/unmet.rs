//! Issuers whose records meet no token, because two logs write the ids of tokens in two ways.

use std::collections::BTreeMap;
use std::path::Path;

use super::coverage::Coverage;
use crate::error::Result;
use crate::frames::{self, Frame, Texts, part_files, pieces};
use crate::identity::canonical;

/// An issuer whose records meet no token, with an id of either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The issuer.
    pub issuer: String,
    /// The id of one of its tokens, as the gateway's log has it.
    pub of_a_token: String,
    /// The id that one of its records has.
    pub of_a_record: String,
}

/// Finds the issuers whose tokens and records are there and never meet.
pub fn unmet(coverage: &Coverage, frames_dir: &Path) -> Result<Vec<Unmet>> {
    let apart = coverage
        .issuers
        .iter()
        .filter(|(_, log)| log.meeting.apart());
    let apart: Vec<&str> = apart.map(|(issuer, _)| issuer.as_str()).collect();
    if apart.is_empty() {
        return Ok(Vec::new());
    }
    let tokens = first_ids(&frames::REQUESTS, "token_issuer", &apart, frames_dir)?;
    let records = first_ids(&frames::ISSUANCES, "issuer", &apart, frames_dir)?;
    let both = apart.into_iter().filter_map(|issuer| {
        Some(Unmet {
            issuer: issuer.to_string(),
            of_a_token: tokens.get(issuer)?.clone(),
            of_a_record: records.get(issuer)?.clone(),
        })
    });
    Ok(both.collect())
}

/// The first token id that a frame has of each issuer.
fn first_ids(
    frame: &'static Frame,
    issuer_column: &'static str,
    issuers: &[&str],
    frames_dir: &Path,
) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for piece in pieces(&part_files(frames_dir, frame)?)? {
        let batch = piece.read(&[issuer_column, "token_id"])?;
        let (of, ids) = (
            Texts::of(&batch, issuer_column)?,
            Texts::of(&batch, "token_id")?,
        );
        for row in 0..batch.height() {
            let (Some(issuer), Some(id)) = (of.get(row), ids.get(row)) else {
                continue;
            };
            let issuer = canonical(issuer);
            if issuers.contains(&&*issuer) && !found.contains_key(&*issuer) {
                found.insert(issuer.into_owned(), id.to_string());
            }
            if found.len() == issuers.len() {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
