//! Logins at the service, which show apart from the issuer's log that a customer was there.
//!
//! They are held in memory, 24 bytes each, sorted by subject.

use std::path::Path;

use super::facts::Login;
use crate::case::{AccountKey, Interner, Policy};
use crate::error::Result;
use crate::frames::{self, Batches, part_files, text, time};
use crate::requests::address_bits;

/// A login, with its address folded to 64 bits; 0 where none was logged.
type Entry = (AccountKey, i64, u64);

/// All logins of the evidence.
#[derive(Debug, Default)]
pub struct Logins {
    sorted: Vec<Entry>,
    span: Option<(i64, i64)>,
}

/// An address in 64 bits: equal addresses are equal.
fn folded(address: u128) -> u64 {
    ((address >> 64) as u64 ^ (address as u64).rotate_left(17)) | 1
}

/// Whether an outcome as logged says that nothing was given.
pub(super) fn failed(outcome: Option<&str>) -> bool {
    let Some(outcome) = outcome else { return false };
    let outcome = outcome.to_ascii_lowercase();
    outcome == "false"
        || ["fail", "error", "den", "reject"]
            .iter()
            .any(|word| outcome.contains(word))
}

impl Logins {
    /// Reads the `logins` frame.
    pub fn load(interner: &Interner, frames_dir: &Path) -> Result<Self> {
        let mut logins = Logins::default();
        for part in part_files(frames_dir, &frames::LOGINS)? {
            let names = ["subject", "event_time", "source_ip", "outcome"];
            for batch in Batches::open(&part, &names)? {
                let batch = batch?;
                let who = text(&batch, names[0])?
                    .iter()
                    .zip(time(&batch, names[1])?.iter());
                let how = text(&batch, names[2])?
                    .iter()
                    .zip(text(&batch, names[3])?.iter());
                for ((subject, at), (address, outcome)) in who.zip(how) {
                    let (Some(subject), Some(at)) = (subject, at) else {
                        continue;
                    };
                    let (first, last) = logins.span.get_or_insert((at, at));
                    (*first, *last) = ((*first).min(at), (*last).max(at));
                    if !failed(outcome) {
                        let address = address.and_then(address_bits).map_or(0, folded);
                        logins.sorted.push((interner.key(subject), at, address));
                    }
                }
            }
        }
        logins.sorted.sort_unstable();
        Ok(logins)
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Whether a login of `subject` is behind a token issued at `at` and used from `addresses`.
    pub fn behind(
        &self,
        subject: AccountKey,
        at: i64,
        addresses: impl Iterator<Item = u128> + Clone,
        policy: &Policy,
    ) -> Login {
        let window = i64::from(policy.login_window_seconds) * 1_000_000;
        let session = i64::from(policy.session_hours) * 3_600_000_000;
        let from = at - session.max(window);
        let begin = self
            .sorted
            .partition_point(|entry| *entry < (subject, from, 0));
        let near = self.sorted[begin..]
            .iter()
            .take_while(|(of, then, _)| *of == subject && *then <= at + window);
        let mut found = Login::Absent;
        for (_, then, address) in near {
            let here = *address == 0 || addresses.clone().any(|used| folded(used) == *address);
            if *then >= at - window && here {
                return Login::Behind;
            }
            found = Login::Earlier;
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
        };
        let policy = crate::case::testing::policy();
        let behind = |subject, at, address: u128| {
            logins.behind(AccountKey(subject), at, std::iter::once(address), &policy)
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
    fn outcomes_that_give_nothing() {
        assert!(
            [
                Some("FAILURE"),
                Some("error"),
                Some("denied"),
                Some("false")
            ]
            .iter()
            .all(|o| failed(*o))
        );
        assert!(
            [None, Some("SUCCESS"), Some("true"), Some("0")]
                .iter()
                .all(|o| !failed(*o))
        );
    }
}
