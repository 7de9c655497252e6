//! Proof, apart from a token's issuance record, that its holder was there.
//!
//! Such proof is a login at the service, or an older record of the token's session. A log that names no
//! sessions shows one by an older record of the same subject, from an address that then used the token. All
//! are held in memory: a login takes 24 bytes, a session 48, and so does a record without a session 24.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use foldhash::fast::FixedState;
use polars::prelude::StaticArray;

use super::facts::Login;
use crate::case::{AccountKey, Interner, Meaning, Policy};
use crate::digest::session_fingerprint;
use crate::error::Result;
use crate::frames::{self, Texts, part_files, pieces, text, time, unsigned};
use crate::identity::canonical;
use crate::intake::{TIME_TWICE, has_problem};
use crate::lines::{LONGEST_FOLD, address_bits};

/// A login: subject, time, and its address [folded] to 64 bits, or 0 if none was logged.
type Entry = (AccountKey, i64, u64);

/// The first record of a session: time, subject, and its address [folded], or 0 if none was logged.
type Begin = (i64, Option<AccountKey>, u64);

/// All logins of the evidence, and the sessions that the issuance log names.
#[derive(Debug, Default)]
pub struct Logins {
    /// Successful logins by subject and time.
    sorted: Vec<Entry>,
    /// Times of the first and the last login, successful or not.
    span: Option<(i64, i64)>,
    /// The first record of each session, by [fingerprint](session_fingerprint).
    sessions: HashMap<u128, Begin, FixedState>,
    /// Records with a subject and an address, of logs that name no sessions and number no records, by
    /// subject and time.
    ///
    /// Where records are numbered, the numbers tell more.
    records: Vec<Entry>,
}

/// How many subjects are at home at one address, at most.
const MOST_AT_HOME: usize = 10;

/// Who holds a token and since when, by its own word.
#[derive(Debug, Clone, Copy)]
pub struct Holder {
    /// The subject that the token names.
    pub subject: AccountKey,
    /// Its claimed issue time, in microseconds since 1970 UTC.
    pub issued_at: i64,
    /// The fingerprint of its session, if it names one.
    pub session: Option<u128>,
}

/// Folds an address to 64 bits to save memory; the result is never 0, which stands for no address.
///
/// It is rare that two addresses fold to one number.
pub(super) fn folded(address: u128) -> u64 {
    ((address >> 64) as u64 ^ (address as u64).rotate_left(17)).max(1)
}

/// A logged address, folded; 0 if there is none.
fn folded_text(address: Option<&str>) -> u64 {
    address.and_then(address_bits).map_or(0, folded)
}

impl Logins {
    /// Reads logins from the frame `logins` and sessions from the frame `issuances`.
    pub fn load(interner: &Interner, frames_dir: &Path) -> Result<Self> {
        let mut logins = Logins::default();
        let names = [
            "subject",
            "event_time",
            "source_ip",
            "meaning",
            "row_problem",
        ];
        for piece in pieces(&part_files(frames_dir, &frames::LOGINS)?)? {
            let batch = piece.read(&names)?;
            let column = |index: usize| Texts::of(&batch, names[index]);
            let subjects = column(0)?;
            let times = time(&batch, names[1])?.downcast_as_array();
            let mut addresses = column(2)?.once(folded_text);
            let mut granted = column(3)?.once(|name| name == Some(Meaning::Granted.name()));
            let mut twice = column(4)?.once(|problem| has_problem(problem, TIME_TWICE));
            for row in 0..batch.height() {
                let (Some(subject), Some(at)) = (subjects.get(row), times.get(row)) else {
                    continue;
                };
                let (first, last) = logins.span.get_or_insert((at, at));
                (*first, *last) = ((*first).min(at), (*last).max(at));
                if granted(row) {
                    let subject = interner.folded(interner.key(subject));
                    let entry = (subject, at, addresses(row));
                    logins.sorted.push(entry);
                    // A login whose local time happened twice may have been at either.
                    if twice(row) {
                        logins
                            .sorted
                            .push((subject, at + LONGEST_FOLD, addresses(row)));
                    }
                }
            }
        }
        logins.sorted.sort_unstable();
        logins.load_records(interner, frames_dir)?;
        logins.forget_shared_addresses();
        logins.records.sort_unstable();
        Ok(logins)
    }

    /// Reads the first record of each session, and the records of logs that name none.
    fn load_records(&mut self, interner: &Interner, frames_dir: &Path) -> Result<()> {
        let names = [
            "session_id",
            "sequence",
            "event_time",
            "subject",
            "source_ip",
            "meaning",
        ];
        for piece in pieces(&part_files(frames_dir, &frames::ISSUANCES)?)? {
            // Many logs number their records and name no session, and then the rest need not be read.
            let named = piece.read(&names[..2])?;
            let nameless = text(&named, names[0])?.null_count() == named.height();
            let numbered = unsigned(&named, names[1])?.null_count() == 0;
            if nameless && numbered {
                continue;
            }
            let batch = piece.read(&names)?;
            let column = |index: usize| Texts::of(&batch, names[index]);
            let sessions = column(0)?;
            let times = time(&batch, names[2])?.downcast_as_array();
            let mut subjects =
                column(3)?.once(|text| text.map(|text| interner.folded(interner.key(text))));
            let mut addresses = column(4)?.once(folded_text);
            let mut granted = column(5)?.once(|name| name == Some(Meaning::Granted.name()));
            for row in 0..batch.height() {
                let Some(at) = times.get(row).filter(|_| granted(row)) else {
                    continue;
                };
                let (subject, address) = (subjects(row), addresses(row));
                if let Some(session) = sessions.get(row) {
                    let begin = (at, subject, address);
                    self.sessions
                        .entry(session_fingerprint(&canonical(session)))
                        .and_modify(|known| *known = (*known).min(begin))
                        .or_insert(begin);
                } else if let Some(subject) = subject
                    && nameless
                    && !numbered
                    && address != 0
                {
                    self.records.push((subject, at, address));
                }
            }
        }
        Ok(())
    }

    /// Leaves out records from addresses that many subjects share, such as a carrier's.
    ///
    /// There an older record of a subject does not tell its holder from an attacker behind the same address.
    fn forget_shared_addresses(&mut self) {
        let pairs = self.records.iter();
        let mut pairs: Vec<(u64, AccountKey)> = pairs
            .map(|(subject, _, address)| (*address, *subject))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let by_address = pairs.chunk_by(|a, b| a.0 == b.0);
        let shared: HashSet<u64, FixedState> = by_address
            .filter(|subjects| subjects.len() > MOST_AT_HOME)
            .map(|subjects| subjects[0].0)
            .collect();
        self.records
            .retain(|(_, _, address)| !shared.contains(address));
    }

    /// Whether the evidence has nothing that could be behind a token.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty() && self.sessions.is_empty() && self.records.is_empty()
    }

    /// Whether a record that is older than the token by more than `older` shows its session alive.
    ///
    /// The record must be of the token's subject and have an address that the token is used from: anybody
    /// who knows a session's id could put it into a token.
    fn of_session(&self, holder: Holder, used_from: impl Fn(u64) -> bool, older: i64) -> bool {
        let begin = holder
            .session
            .and_then(|session| self.sessions.get(&session));
        begin.is_some_and(|(at, subject, address)| {
            *at < holder.issued_at - older
                && *subject == Some(holder.subject)
                && *address != 0
                && used_from(*address)
        })
    }

    /// Whether a record of the subject, older than the token by more than `older` and by `session` at most,
    /// is from an address that the token is used from.
    ///
    /// Such a record shows the holder alive, as a session's does where the log names sessions.
    fn of_records(
        &self,
        holder: Holder,
        used_from: impl Fn(u64) -> bool,
        older: i64,
        session: i64,
    ) -> bool {
        let from = (holder.subject, holder.issued_at - session, 0);
        let begin = self.records.partition_point(|entry| *entry < from);
        let before = holder.issued_at - older;
        self.records[begin..]
            .iter()
            .take_while(|(of, at, _)| *of == holder.subject && *at < before)
            .any(|(_, _, address)| used_from(*address))
    }

    /// Whether a login, or an older record of its session, is behind a token that was used from `addresses`.
    pub fn behind(
        &self,
        holder: Holder,
        addresses: impl Iterator<Item = u128> + Clone,
        policy: &Policy,
    ) -> Login {
        let (subject, at) = (holder.subject, holder.issued_at);
        let used_from = |address: u64| addresses.clone().any(|used| folded(used) == address);
        let window = i64::from(policy.login_window_seconds) * 1_000_000;
        let session = i64::from(policy.session_hours) * 3_600_000_000;
        let older = policy.tolerance();
        if self.of_session(holder, used_from, older)
            || self.of_records(holder, used_from, older, session)
        {
            return Login::Behind;
        }
        let from = at - session.max(window);
        let begin = self
            .sorted
            .partition_point(|entry| *entry < (subject, from, 0));
        let near = |(of, then, _): &&(AccountKey, i64, u64)| *of == subject && *then <= at + window;
        let found = match self.sorted.get(begin).filter(near) {
            Some(_) => Login::Earlier,
            None => Login::Absent,
        };
        let just = self
            .sorted
            .partition_point(|entry| *entry < (subject, at - window, 0));
        let mut now = self.sorted[just..].iter().take_while(near);
        if now.any(|(_, _, address)| *address == 0 || used_from(*address)) {
            return Login::Behind;
        }
        match (found, self.span) {
            (Login::Absent, Some((first, last))) if from >= first && at <= last => Login::Absent,
            (Login::Absent, _) => Login::NotLogged,
            (found, _) => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_counts_near_the_issue_time_and_from_an_address_of_use() {
        let minute = 60_000_000;
        let day = 1440 * minute;
        let logins = Logins {
            sorted: vec![
                (AccountKey(1), 10 * day, folded(5)),
                (AccountKey(2), 10 * day, 0),
            ],
            span: Some((0, 20 * day)),
            ..Logins::default()
        };
        let policy = crate::case::testing::policy();
        let behind = |subject, at, address: u128| {
            let holder = Holder {
                subject: AccountKey(subject),
                issued_at: at,
                session: None,
            };
            logins.behind(holder, std::iter::once(address), &policy)
        };
        assert_eq!(behind(1, 10 * day + 10 * minute, 5), Login::Behind);
        assert_eq!(
            behind(1, 10 * day - 10 * minute, 5),
            Login::Behind,
            "a clock that is behind"
        );
        assert_eq!(behind(1, 10 * day + 11 * minute, 5), Login::Earlier);
        assert_eq!(
            behind(1, 10 * day, 6),
            Login::Earlier,
            "from somewhere else"
        );
        assert_eq!(
            behind(2, 10 * day, 6),
            Login::Behind,
            "its address was not logged"
        );
        assert_eq!(behind(1, 12 * day, 5), Login::Absent);
        assert_eq!(behind(3, 10 * day, 5), Login::Absent);
        assert_eq!(behind(3, 21 * day, 5), Login::NotLogged);
        assert_eq!(
            behind(3, day / 2, 5),
            Login::NotLogged,
            "the session hours reach back before the log"
        );
    }

    #[test]
    fn an_older_record_counts_where_no_sessions_are_named() {
        let second = 1_000_000;
        let policy = crate::case::testing::policy();
        let session = i64::from(policy.session_hours) * 3600;
        let logins = Logins {
            records: vec![(AccountKey(1), 100_000 * second, folded(5))],
            ..Logins::default()
        };
        let behind = |subject, at: i64, address: u128| {
            let holder = Holder {
                subject: AccountKey(subject),
                issued_at: (100_000 + at) * second,
                session: None,
            };
            logins.behind(holder, std::iter::once(address), &policy)
        };
        assert_eq!(behind(1, 60, 5), Login::Behind);
        assert_eq!(behind(1, 0, 5), Login::NotLogged, "its own record");
        assert_eq!(behind(2, 60, 5), Login::NotLogged, "somebody else's");
        assert_eq!(behind(1, 60, 6), Login::NotLogged, "from somewhere else");
        assert_eq!(behind(1, session, 5), Login::Behind);
        assert_eq!(behind(1, session + 1, 5), Login::NotLogged, "long ago");
    }

    #[test]
    fn an_address_that_many_share_is_nobodys_home() {
        let of = |address: u128, subjects: u64| {
            (0..subjects).map(move |subject| (AccountKey(subject), 5, folded(address)))
        };
        let mut logins = Logins {
            records: of(1, 10).chain(of(1, 10)).chain(of(2, 11)).collect(),
            ..Logins::default()
        };
        logins.forget_shared_addresses();
        assert_eq!(logins.records.len(), 20);
        assert!(
            logins
                .records
                .iter()
                .all(|(.., address)| *address == folded(1))
        );
    }

    #[test]
    fn an_older_record_of_the_session_counts_for_its_subject_and_address() {
        let second = 1_000_000;
        let begin = (100 * second, Some(AccountKey(1)), folded(5));
        let nowhere = (100 * second, Some(AccountKey(1)), 0);
        let logins = Logins {
            sessions: [
                (session_fingerprint("s"), begin),
                (session_fingerprint("n"), nowhere),
            ]
            .into_iter()
            .collect(),
            ..Logins::default()
        };
        let policy = crate::case::testing::policy();
        let behind = |session, subject, at: i64, address: u128| {
            let holder = Holder {
                subject: AccountKey(subject),
                issued_at: at * second,
                session: Some(session_fingerprint(session)),
            };
            logins.behind(holder, std::iter::once(address), &policy)
        };
        assert_eq!(behind("s", 1, 106, 5), Login::Behind);
        assert_eq!(behind("s", 1, 105, 5), Login::NotLogged, "its own record");
        assert_eq!(
            behind("s", 2, 106, 5),
            Login::NotLogged,
            "somebody else's session"
        );
        assert_eq!(
            behind("s", 1, 106, 6),
            Login::NotLogged,
            "from somewhere else"
        );
        assert_eq!(
            behind("n", 1, 106, 5),
            Login::NotLogged,
            "no address was logged"
        );
        assert_eq!(behind("x", 1, 106, 5), Login::NotLogged);
    }
}
