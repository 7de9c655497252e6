//! The records of a partition -> tokens with their uses, and the issuance records of their ids.
//!
//! A partition is large, so only the place of each record is kept; it is decoded again when its token is
//! judged.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use smallvec::SmallVec;

use super::facts::Record;
use super::uses::{RECORD, Use};
use crate::lines::Line;
use crate::shuffle::{Decoder, Records};

/// All uses of one token.
pub(super) struct UsedToken<'r> {
    /// The first use by time, and of one time by place.
    pub(super) first_use: Use<'r>,
    /// All uses.
    pub(super) uses: SmallVec<[Line; 2]>,
}

impl UsedToken<'_> {
    /// The known addresses from which it was used, each once, in order.
    pub(super) fn addresses(&self) -> SmallVec<[u128; 4]> {
        let mut all: SmallVec<[u128; 4]> =
            self.uses.iter().filter_map(|line| line.source_ip).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Stands for the next record where a chain ends.
const END: u32 = u32::MAX;

/// A record, and the number of the next one of its token or id.
struct Link<'r> {
    record: &'r [u8],
    next: u32,
}

/// The uses of one token.
struct TokenChain {
    /// Where the first use stands.
    place: LinePlace,
    /// The number of the record that was found last.
    link: u32,
}

/// Where a line stands in the order of uses: time, evidence file, line.
type LinePlace = (i64, u32, u64);

/// The issuance records of one id.
struct RecordChain {
    id: u128,
    /// The number of the record that was found last.
    link: u32,
    count: u32,
}

/// How many records of an id are decoded for each of its tokens anew.
///
/// An id with more records may have many tokens too, so its records are decoded once and kept.
const FEW: u32 = 16;

/// The issuance records of an id, by place; of those that say the same, only the first.
pub(super) enum RecordsOfId<'g> {
    Few(SmallVec<[Record; 1]>),
    Many(&'g [Record]),
}

impl std::ops::Deref for RecordsOfId<'_> {
    type Target = [Record];

    fn deref(&self) -> &[Record] {
        match self {
            RecordsOfId::Few(records) => records,
            RecordsOfId::Many(records) => records,
        }
    }
}

/// The tokens and the issuance records of one partition.
pub(super) struct Grouped<'r> {
    tokens: Vec<TokenChain>,
    links: Vec<Link<'r>>,
    issued: HashTable<RecordChain>,
    /// The decoded records of ids that have more than [`FEW`].
    many: HashMap<u128, SmallVec<[Record; 1]>>,
}

impl<'r> Grouped<'r> {
    /// Groups the records of a partition.
    pub(super) fn of(records: &'r Records) -> Self {
        let mut links: Vec<Link<'_>> = Vec::new();
        let mut issued: HashTable<RecordChain> = HashTable::new();
        let mut tokens: Vec<TokenChain> = Vec::new();
        let mut known: HashTable<(u64, u32)> = HashTable::new();
        let hasher = FixedState::default();
        for record in records.iter() {
            let at = number(links.len());
            let mut next = END;
            let mut decoder = Decoder(record);
            let (kind, id) = (decoder.u8(), decoder.u128());
            if kind == RECORD {
                match issued.entry(id as u64, |of| of.id == id, |of| of.id as u64) {
                    Entry::Occupied(mut entry) => {
                        let of = entry.get_mut();
                        of.count += 1;
                        next = std::mem::replace(&mut of.link, at);
                    }
                    Entry::Vacant(entry) => drop(entry.insert(RecordChain {
                        id,
                        link: at,
                        count: 1,
                    })),
                }
            } else {
                let one = Use::decode(id, decoder);
                let place = place(&one.line);
                // The hash covers all that a token says, for one id may have very many tokens.
                let hash = hasher.hash_one((id, &one.claims));
                let same = |(_, index): &(u64, u32)| {
                    let first = use_of(links[tokens[*index as usize].link as usize].record);
                    first.id == id && first.claims == one.claims
                };
                match known.entry(hash, same, |(hash, _)| *hash) {
                    Entry::Occupied(entry) => {
                        let token = &mut tokens[entry.get().1 as usize];
                        token.place = token.place.min(place);
                        next = std::mem::replace(&mut token.link, at);
                    }
                    Entry::Vacant(entry) => {
                        entry.insert((hash, number(tokens.len())));
                        tokens.push(TokenChain { place, link: at });
                    }
                }
            }
            links.push(Link { record, next });
        }
        tokens.sort_unstable_by_key(|token| token.place);
        let mut grouped = Grouped {
            tokens,
            links,
            issued,
            many: HashMap::new(),
        };
        let many = grouped.issued.iter().filter(|of| of.count > FEW);
        grouped.many = many.map(|of| (of.id, grouped.decoded(of.link))).collect();
        grouped
    }

    /// The records of a chain, the one found last first.
    fn chain(&self, from: u32) -> impl Iterator<Item = &'r [u8]> {
        let mut at = from;
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.next;
            Some(link.record)
        })
    }

    /// The tokens in the order of their first uses, so that the same evidence gives the same frames.
    pub(super) fn in_order(&self) -> impl Iterator<Item = UsedToken<'r>> {
        self.tokens.iter().map(|head| {
            let mut first_use = None;
            let decoded = self.chain(head.link).map(|record| {
                let one = use_of(record);
                let line = one.line;
                if place(&line) == head.place {
                    first_use = Some(one);
                }
                line
            });
            let uses = decoded.collect();
            UsedToken {
                first_use: first_use.expect("a place is that of a use"),
                uses,
            }
        })
    }

    /// The issuance records of a token's id.
    pub(super) fn records(&self, token: &UsedToken<'_>) -> RecordsOfId<'_> {
        let id = token.first_use.id;
        match self.issued.find(id as u64, |of| of.id == id) {
            None => RecordsOfId::Many(&[]),
            Some(of) if of.count > FEW => RecordsOfId::Many(&self.many[&id]),
            Some(of) => RecordsOfId::Few(self.decoded(of.link)),
        }
    }

    /// Decodes a chain of issuance records.
    fn decoded(&self, link: u32) -> SmallVec<[Record; 1]> {
        let records = self.chain(link).map(|record| {
            let mut decoder = Decoder(record);
            decoder.u8();
            decoder.u128();
            Record::decode(&mut decoder)
        });
        let mut all: SmallVec<[Record; 1]> = records.collect();
        if all.len() > 1 {
            all.sort_unstable();
            all.dedup_by(|next, first| next.same(first));
            all.sort_unstable_by_key(|record| record.place);
        }
        all
    }
}

/// Decodes a use.
fn use_of(record: &[u8]) -> Use<'_> {
    let mut decoder = Decoder(record);
    let (_, id) = (decoder.u8(), decoder.u128());
    Use::decode(id, decoder)
}

/// The number of a record in its partition.
fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a partition has fewer records")
}

/// Where a line stands in the order of uses.
fn place(line: &Line) -> LinePlace {
    (line.event_time, line.evidence_id, line.line_no)
}
