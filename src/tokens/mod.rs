//! Requests and issuance records -> a verdict for every token seen in use.
//!
//! A token is what it says of itself: the same id with another subject, key, issue time or expiry is
//! another token. Uses and records of one id are brought together by [`crate::shuffle`] and judged in
//! up to three passes: the honest population is heard ([`coverage`]), tokens are judged, and issued
//! tokens that moved between addresses are judged again once the fleet is known ([`passes`]).
//!
//! | file | what it does |
//! |---|---|
//! | `claimed` | what tokens say of themselves |
//! | [`facts`] | what is known of a token |
//! | `signers` | what the case knows of their issuers and keys |
//! | [`rules`] | the verdict rules, one file each |
//! | `verdict` | the table of precedence and confidence |
//! | [`coverage`] | whether the issuance log is complete |
//! | [`logins`] | proof, apart from the issuer, that a customer was there |
//! | [`passes`] | tokens by partition, judged |
//! | `written` | the rows of judged tokens |
//! | [`timeline`] | each signing key's life against its use |
//! | [`antijoin`] | uses without a record, counted a second way |

pub mod antijoin;
pub(crate) mod claimed;
pub mod coverage;
pub mod facts;
mod grouped;
pub mod logins;
pub mod passes;
pub mod rules;
mod signers;
pub mod timeline;
mod verdict;
mod written;

pub use facts::{Claims, Record, TokenFacts};
pub use passes::{Judge, Tokens};
pub use verdict::{Confidence, ISSUED, Judgement, Verdict, judge};

use std::path::Path;

use polars::prelude::StaticArray;
use sha2::{Digest, Sha256};

use crate::case::{AccountKey, Interner};
use crate::error::Result;
use crate::frames::{self, Texts, part_files, pieces, small, time, unsigned};
use crate::requests::{Line, address_bits};
use crate::shuffle::{Decoder, Encoder, Shuffle, each_partition};

/// The first 128 bits of SHA-256 over `parts`, each with its length: the same only for the same parts,
/// whatever an attacker writes into them.
pub fn fingerprint(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

/// What stands for a session id.
pub fn session_fingerprint(session: &str) -> u128 {
    fingerprint(&[session.as_bytes()])
}

/// Where issuance records and token uses of one id meet.
pub fn id_fingerprint(issuer: &str, token_id: &str) -> u128 {
    fingerprint(&[issuer.as_bytes(), token_id.as_bytes()])
}

/// A use of a token: a gateway line and the claims it logged.
pub struct Use<'a> {
    /// The fingerprint of issuer and token id.
    pub id: u128,
    /// The line.
    pub line: Line,
    /// What the token says of itself.
    pub claims: Claims,
    /// The token id.
    pub token_id: &'a str,
    /// The session id.
    pub session: Option<&'a str>,
}

const RECORD: u8 = 0;
const USE: u8 = 1;

impl<'a> Use<'a> {
    /// Writes the use as a record of the token shuffle.
    pub fn encode(&self, into: &mut Encoder) {
        into.0.clear();
        into.u8(USE).u128(self.id);
        self.line.encode(into);
        self.claims.encode(into);
        into.maybe_text(self.session);
        into.0.extend_from_slice(self.token_id.as_bytes());
    }

    fn decode(id: u128, mut from: Decoder<'a>) -> Self {
        Use {
            id,
            line: Line::decode(&mut from),
            claims: Claims::decode(&mut from),
            session: from.maybe_text(),
            token_id: from.text(),
        }
    }
}

impl Record {
    fn encode_for(&self, id: u128, into: &mut Encoder) {
        into.0.clear();
        into.u8(RECORD).u128(id);
        self.encode(into);
    }
}

/// A scope, whatever the order of its words (RFC 6749 section 3.3), interned.
fn scope(text: Option<&str>, interner: &Interner) -> Option<AccountKey> {
    let text = text?;
    if !text.contains(' ') {
        return Some(interner.key(text));
    }
    let mut words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.sort_unstable();
    words.dedup();
    Some(interner.key(&words.join(" ")))
}

/// Whether an issuer's event takes a token back.
fn revokes(event: Option<&str>) -> bool {
    event.is_some_and(|event| {
        let event = event.to_ascii_lowercase();
        event.contains("revoke") || event.contains("logout")
    })
}

/// Whether an issuer's event hands a token out: it does not take one back, and did not fail.
fn hands_out(event: Option<&str>, outcome: Option<&str>) -> bool {
    !revokes(event) && !logins::failed(event) && !logins::failed(outcome)
}

/// Sends the issuance records to where the uses of their ids are. An event that failed handed nothing
/// out.
pub fn spread_issuances(
    frames_dir: &Path,
    threads: usize,
    interner: &Interner,
    by_token: &Shuffle,
) -> Result<()> {
    let batches = pieces(&part_files(frames_dir, &frames::ISSUANCES)?)?;
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
    each_partition(batches.len(), threads, |index| {
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
            // A revocation that failed took nothing back, an event that failed handed nothing out.
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
            let id = id_fingerprint(issuer, token_id);
            record.encode_for(id, &mut encoder);
            by_token.push(id, &encoder.0)?;
        }
        Ok(())
    })
    .map(drop)
}
