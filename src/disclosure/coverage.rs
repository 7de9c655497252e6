//! What the issuance logs can say, in hours of each issuer, key and status.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::case::Interner;
use crate::tokens::coverage::{Basis, Coverage, Status};

/// The hours of one issuer's log and one key that have the same status.
#[derive(Debug, Serialize)]
pub struct CoverageRow {
    /// The issuer.
    pub issuer: String,
    /// The key; `None` where the log names no key.
    pub key_id: Option<String>,
    /// What the log can say about these hours.
    pub status: &'static str,
    /// What the status rests on.
    pub basis: &'static str,
    /// The number of hours.
    pub hour_count: u64,
    /// Issuance records in these hours.
    pub record_count: u64,
    /// Tokens that were certainly issued in these hours.
    pub witness_count: u64,
    /// Those of them without a record.
    pub unrecorded_witness_count: u64,
}

/// Sums the hours of each issuer's log by key, status and basis.
pub(super) fn rows(coverage: &Coverage, interner: &Interner) -> Vec<CoverageRow> {
    let mut rows = Vec::new();
    for (issuer, log) in &coverage.issuers {
        let mut sums: BTreeMap<(Option<String>, Status, Basis), [u64; 4]> = BTreeMap::new();
        for hour in coverage.hours(issuer, log) {
            let key = hour.key.map(|key| interner.text(key));
            let kind = (key, hour.cover.status, hour.cover.basis);
            let more = [1, hour.records, hour.witnesses, hour.unrecorded];
            let sums = sums.entry(kind).or_default().iter_mut();
            sums.zip(more).for_each(|(sum, more)| *sum += more);
        }
        let row = |((key_id, status, basis), sum): ((_, Status, Basis), [u64; 4])| CoverageRow {
            issuer: issuer.clone(),
            key_id,
            status: status.name(),
            basis: basis.name(),
            hour_count: sum[0],
            record_count: sum[1],
            witness_count: sum[2],
            unrecorded_witness_count: sum[3],
        };
        rows.extend(sums.into_iter().map(row));
    }
    rows
}
