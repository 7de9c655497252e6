//! Issuance records, sent to where the uses of their tokens are.

use polars::prelude::StaticArray;

use super::claimed::scope;
use super::facts::Record;
use super::logins;
use crate::case::Context;
use crate::digest::id_fingerprint;
use crate::error::Result;
use crate::frames::{self, Texts, part_files, pieces, small, time, unsigned};
use crate::identity::canonical;
use crate::lines::address_bits;
use crate::shuffle::{Encoder, Shuffle, each_partition};

/// Whether an event of an issuer takes a token back.
fn revokes(event: Option<&str>) -> bool {
    event.is_some_and(|event| {
        let event = event.to_ascii_lowercase();
        event.contains("revoke") || event.contains("logout")
    })
}

/// Whether an event of an issuer hands a token out: it takes none back, and it did not fail.
pub(super) fn hands_out(event: Option<&str>, outcome: Option<&str>) -> bool {
    !revokes(event) && !logins::failed(event) && !logins::failed(outcome)
}

/// Sends the issuance records of the case to where the uses of their ids are.
///
/// Records of events that failed are left out, for those handed nothing out and took nothing back.
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
        "event",
        "outcome",
        "evidence_id",
        "line_no",
        "event_time",
        "issued_at",
        "expires_at",
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
        let mut events = column(6)?.once(|event| (revokes(event), logins::failed(event)));
        let mut failures = column(7)?.once(logins::failed);
        let ids = small(&batch, names[8])?.downcast_as_array();
        let numbers = unsigned(&batch, names[9])?.downcast_as_array();
        let mut times = Vec::new();
        for name in &names[10..] {
            times.push(time(&batch, name)?.downcast_as_array());
        }
        for row in 0..batch.height() {
            let (Some(issuer), Some(token_id)) = (issuers.get(row), token_ids.get(row)) else {
                continue;
            };
            let (revokes, failed) = events(row);
            // A failure in `outcome` is the event's. In `event` it may be the reason of a revocation.
            if failures(row) || (failed && !revokes) {
                continue;
            }
            let required = "the intake writes every required column";
            let record = Record {
                subject: subjects(row),
                key_id: keys(row),
                event_time: times[0].get(row).expect(required),
                issued_at: times[1].get(row),
                expires_at: times[2].get(row),
                scope: scopes(row),
                source_ip: addresses(row),
                revokes,
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
