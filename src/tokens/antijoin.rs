//! Uses of tokens whose id no issuance record hands out, counted apart from the verdicts.
//!
//! This is the check that responders make first: an anti-join of the gateway's log with the issuer's. It
//! needs only the ids. The verdicts must come to the same number by their own way, or the run ends; see
//! [`passes`](super::passes).

use std::path::Path;

use hashbrown::HashTable;
use siphasher::sip128::{Hasher128, SipHasher13};
use std::hash::{BuildHasher, Hasher, RandomState};

use crate::case::Meaning;
use crate::error::Result;
use crate::frames::{self, Piece, Texts, part_files, pieces};
use crate::identity::canonical;
use crate::shuffle::{Shuffle, each_partition, partitions};

/// Makes fingerprints of issuer and token id, under a key that is drawn for each run.
///
/// So no attacker can find two ids that have the same fingerprint.
#[derive(Clone, Copy)]
struct Fingerprints(SipHasher13);

impl Fingerprints {
    fn new() -> Self {
        let [a, b] = [0, 1].map(|part| RandomState::new().hash_one(part));
        Fingerprints(SipHasher13::new_with_keys(a, b))
    }

    /// The fingerprints of the rows that have an id and that are `wanted`.
    fn of(
        self,
        issuers: Texts<'_>,
        ids: Texts<'_>,
        mut wanted: impl FnMut(usize) -> bool,
    ) -> Vec<u128> {
        let mut begun = issuers.once(|issuer| {
            let mut hash = self.0;
            let issuer = canonical(issuer.unwrap_or_default());
            hash.write_usize(issuer.len());
            hash.write(issuer.as_bytes());
            hash
        });
        let each = (0..ids.rows()).filter_map(|row| {
            let id = ids.get(row).filter(|_| wanted(row))?;
            let mut hash = begun(row);
            hash.write(canonical(id).as_bytes());
            Some(hash.finish128().as_u128())
        });
        each.collect()
    }
}

/// Counts the gateway's uses of tokens that no issuance record hands out.
///
/// `rows` is the number of rows of all frames, from which the number of partitions follows. Ids that do
/// not fit into memory are kept in the folder `work` meanwhile.
pub fn uses_without_record(
    frames_dir: &Path,
    work: &Path,
    threads: usize,
    rows: u64,
) -> Result<u64> {
    let fingerprints = Fingerprints::new();
    let count = partitions(rows);
    let [records, uses] = ["issued", "used"].map(|name| Shuffle::of_keys(work, name, count));
    let each = |frame, read: &(dyn Fn(&Piece) -> Result<Vec<u128>> + Sync), into: &Shuffle| {
        let batches = pieces(&part_files(frames_dir, frame)?)?;
        each_partition(batches.len(), threads, |index| {
            into.push_keys(&read(&batches[index])?)
        })
    };
    let issued = |piece: &Piece| {
        let names = ["issuer", "token_id", "meaning"];
        let batch = piece.read(&names)?;
        let column = |index: usize| Texts::of(&batch, names[index]);
        let (issuers, ids, meanings) = (column(0)?, column(1)?, column(2)?);
        let mut named = issuers.once(|issuer| issuer.is_some());
        let mut granted = meanings.once(|name| name == Some(Meaning::Granted.name()));
        let wanted = |row| named(row) && granted(row);
        Ok(fingerprints.of(issuers, ids, wanted))
    };
    let used = |piece: &Piece| {
        let batch = piece.read(&["token_issuer", "token_id", "tier"])?;
        let mut at_gateway = Texts::of(&batch, "tier")?.once(|tier| tier != Some("edge"));
        let (issuers, ids) = (
            Texts::of(&batch, "token_issuer")?,
            Texts::of(&batch, "token_id")?,
        );
        Ok(fingerprints.of(issuers, ids, &mut at_gateway))
    };
    each(&frames::ISSUANCES, &issued, &records)?;
    each(&frames::REQUESTS, &used, &uses)?;
    let found = each_partition(count, threads, |index| {
        let (records, uses) = (records.take(index)?, uses.take(index)?);
        let mut known: HashTable<u128> = HashTable::with_capacity(records.keys().len());
        for key in records.keys() {
            known
                .entry(key as u64, |other| *other == key, |other| *other as u64)
                .or_insert(key);
        }
        let unknown = |key: &u128| known.find(*key as u64, |other| other == key).is_none();
        Ok(uses.keys().filter(unknown).count() as u64)
    })?;
    Ok(found.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{Frame, FrameWriter, Kind, Value};

    fn write<const N: usize>(
        dir: &Path,
        frame: &'static Frame,
        part: u32,
        names: [&str; N],
        rows: &[[Option<&str>; N]],
    ) {
        let mut writer = FrameWriter::create(dir, frame, part).expect("created");
        for row in rows {
            let value = |column: &crate::frames::Column| {
                let given = names.iter().position(|name| *name == column.name);
                match (given, column.kind) {
                    (Some(index), _) => row[index].into(),
                    (None, _) if !column.required => Value::Null,
                    (None, Kind::Text | Kind::Address) => Value::Text("x"),
                    (None, Kind::Time) => Value::Time(0),
                    (None, _) => Value::Number(0),
                }
            };
            let values: Vec<Value<'_>> = frame.columns.iter().map(value).collect();
            writer.push(&values).expect("pushed");
        }
        writer.finish().expect("finished");
    }

    #[test]
    fn a_use_has_a_record_of_its_issuer_and_id_that_hands_it_out() {
        let dir = tempfile::tempdir().expect("a folder");
        let record = |issuer, id, meaning| [Some(issuer), id, Some(meaning)];
        let issued = [
            record("a", Some("1"), "granted"),
            record("a", Some("1"), "granted"),
            record("a", Some("2"), "refused"),
            record("a", Some("3"), "unknown"),
            record("a", Some("4"), "revoked"),
            record("a", None, "granted"),
            record("ab", Some("5"), "granted"),
        ];
        let [first, second] = [&issued[..3], &issued[3..]];
        let names = ["issuer", "token_id", "meaning"];
        write(dir.path(), &frames::ISSUANCES, 1, names, first);
        write(dir.path(), &frames::ISSUANCES, 2, names, second);
        let with = |uses: &[[Option<&str>; 3]]| {
            let names = ["tier", "token_issuer", "token_id"];
            write(dir.path(), &frames::REQUESTS, 3, names, uses);
            uses_without_record(dir.path(), &dir.path().join("work"), 2, 10).expect("counted")
        };
        let a = |id| [Some("gateway"), Some("a"), Some(id)];
        assert_eq!(with(&[a("1"), a("1")]), 0);
        assert_eq!(with(&[a("2")]), 1, "its event failed");
        assert_eq!(with(&[a("3")]), 1, "nobody knows what its event did");
        assert_eq!(with(&[a("4")]), 1, "its event took it back");
        assert_eq!(with(&[a("9"), a("9"), a("1")]), 2, "each use counts");
        assert_eq!(with(&[[Some("gateway"), Some("ab"), Some("5")]]), 0);
        assert_eq!(with(&[a("b5")]), 1, "where one ends and the other begins");
        assert_eq!(with(&[[Some("gateway"), None, Some("1")]]), 1, "no issuer");
        assert_eq!(with(&[[Some("edge"), Some("a"), Some("9")]]), 0, "an edge");
        assert_eq!(with(&[[Some("gateway"), Some("a"), None]]), 0, "no token");
    }
}
