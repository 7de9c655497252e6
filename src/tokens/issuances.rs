//! Issuance records, sent to where the uses of their tokens are.

use polars::prelude::StaticArray;

use super::claimed::scope;
use super::facts::Record;
use crate::case::{Context, Meaning};
use crate::digest::id_fingerprint;
use crate::error::Result;
use crate::frames::{self, Texts, part_files, pieces, small, time, unsigned};
use crate::identity::canonical;
use crate::intake::{TIME_TWICE, has_problem};
use crate::lines::{LONGEST_FOLD, address_bits};
use crate::shuffle::{Encoder, Shuffle, each_partition};

/// Sends the issuance records of the case to where the uses of their ids are.
///
/// Records of events that did neither are left out; those of unknown meaning come along, marked as such.
pub fn spread_issuances(context: &Context<'_>, by_token: &Shuffle) -> Result<()> {
    let interner = context.interner;
    let batches = pieces(&part_files(context.frames_dir, &frames::ISSUANCES)?)?;
    let names = [
        "issuer",
        "token_id",
        "subject",
        "key_id",
        "scope",
        "source_ip",
        "meaning",
        "evidence_id",
        "line_no",
        "event_time",
        "issued_at",
        "expires_at",
        "row_problem",
    ];
    each_partition(batches.len(), context.threads, |index| {
        let mut encoder = Encoder::default();
        let batch = batches[index].read(&names)?;
        let column = |index: usize| Texts::of(&batch, names[index]);
        let key = |text: Option<&str>| text.map(|text| interner.key(text));
        let (issuers, token_ids) = (column(0)?, column(1)?);
        let mut subjects = column(2)?.once(key);
        let mut keys = column(3)?.once(key);
        let mut scopes = column(4)?.once(|text| scope(text, interner));
        let mut addresses = column(5)?.once(|text| text.and_then(address_bits));
        let mut meanings = column(6)?.once(|name| name.and_then(Meaning::from_name));
        let mut twice = column(12)?.once(|problem| has_problem(problem, TIME_TWICE));
        let ids = small(&batch, names[7])?.downcast_as_array();
        let numbers = unsigned(&batch, names[8])?.downcast_as_array();
        let mut times = Vec::new();
        for name in &names[9..12] {
            times.push(time(&batch, name)?.downcast_as_array());
        }
        for row in 0..batch.height() {
            let (Some(issuer), Some(token_id)) = (issuers.get(row), token_ids.get(row)) else {
                continue;
            };
            let required = "the intake writes every required column";
            let meaning = meanings(row).expect(required);
            if matches!(meaning, Meaning::Refused | Meaning::Other) {
                continue;
            }
            let record = Record {
                subject: subjects(row),
                key_id: keys(row),
                // A token may have been good until the later of two times at which it may have been taken back.
                event_time: times[0].get(row).expect(required)
                    + if twice(row) { LONGEST_FOLD } else { 0 },
                issued_at: times[1].get(row),
                expires_at: times[2].get(row),
                scope: scopes(row),
                source_ip: addresses(row),
                meaning,
                place: (
                    ids.get(row).expect(required),
                    numbers.get(row).expect(required),
                ),
            };
            let id = id_fingerprint(&canonical(issuer), &canonical(token_id));
            record.encode_for(id, &mut encoder);
            by_token.push(id, &encoder.0)?;
        }
        Ok(())
    })
    .map(drop)
}
