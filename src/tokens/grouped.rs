//! The records of a partition -> tokens with their uses, and the issuance records of their ids.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::facts::Record;
use super::{RECORD, Use};
use crate::requests::Line;
use crate::shuffle::{Decoder, Records};

/// All uses of one token.
pub(super) struct Token<'r> {
    /// The first of them.
    pub(super) first_use: Use<'r>,
    /// All of them.
    pub(super) uses: Vec<Line>,
}

impl Token<'_> {
    /// The addresses it was used from, each once.
    pub(super) fn addresses(&self) -> Vec<u128> {
        let mut all: Vec<u128> = self.uses.iter().map(|line| line.source_ip).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The tokens and the issuance records of one partition.
pub(super) struct Grouped<'r> {
    tokens: Vec<Token<'r>>,
    /// The tokens' indices, by first use.
    order: Vec<u32>,
    issued: HashMap<u128, Vec<Record>, FixedState>,
}

impl<'r> Grouped<'r> {
    /// Groups the records of a partition.
    pub(super) fn of(records: &'r Records) -> Self {
        let mut issued: HashMap<u128, Vec<Record>, FixedState> = HashMap::default();
        let mut tokens: Vec<Token<'_>> = Vec::new();
        let mut known: HashTable<u32> = HashTable::new();
        let hasher = FixedState::default();
        for record in records.iter() {
            let mut decoder = Decoder(record);
            let (kind, id) = (decoder.u8(), decoder.u128());
            if kind == RECORD {
                let record = Record::decode(&mut decoder);
                let known = issued.entry(id).or_default();
                match known.iter_mut().find(|other| other.same(&record)) {
                    Some(other) => other.place = other.place.min(record.place),
                    None => known.push(record),
                }
                continue;
            }
            let one = Use::decode(id, decoder);
            let line = one.line;
            let same = |index: &u32| {
                let first = &tokens[*index as usize].first_use;
                first.id == id && first.claims == one.claims
            };
            let hash = hasher.hash_one((id, &one.claims));
            match known.find(hash, same) {
                Some(index) => {
                    let token = &mut tokens[*index as usize];
                    if place(&line) < place(&token.first_use.line) {
                        token.first_use = one;
                    }
                    token.uses.push(line);
                }
                None => {
                    let index = u32::try_from(tokens.len()).expect("a partition has fewer tokens");
                    tokens.push(Token {
                        first_use: one,
                        uses: vec![line],
                    });
                    known.insert_unique(hash, index, |index| {
                        let first = &tokens[*index as usize].first_use;
                        hasher.hash_one((first.id, &first.claims))
                    });
                }
            }
        }
        for records in issued.values_mut() {
            records.sort_unstable_by_key(|record| record.place);
        }
        let mut order: Vec<u32> = known.into_iter().collect();
        order.sort_unstable_by_key(|index| place(&tokens[*index as usize].first_use.line));
        Grouped {
            tokens,
            order,
            issued,
        }
    }

    /// The tokens by first use, so that what is written has one order.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Token<'r>> {
        self.order.iter().map(|index| &self.tokens[*index as usize])
    }

    /// The issuance records of a token's id.
    pub(super) fn records(&self, token: &Token<'_>) -> &[Record] {
        self.issued
            .get(&token.first_use.id)
            .map_or(&[], Vec::as_slice)
    }
}

fn place(line: &Line) -> (i64, u32, u64) {
    (line.event_time, line.evidence_id, line.line_no)
}
