//! Requests that lines of one id tell of -> whether a record of the application is of one of them.

use std::collections::{BTreeSet, HashMap};

use crate::case::AccountKey;
use crate::lines::{Line, Tier, Verdict};

/// The account that something was served for, and the page; `None` stands for any.
type Whom = (Option<AccountKey>, Option<u16>);

/// The requests that other lines of an id tell of: a record of theirs tells of no further one.
///
/// *Near* is within the time that two tiers may be apart.
///
/// | lines of the id at the gateway | records that they explain |
/// |---|---|
/// | all with legitimate tokens | all: a shop's own people see the pages of many accounts, and jobs go on long after |
/// | one that may be the attacker's | further ones for its account and page, near to it |
/// | one without a token | those for its account, and those near to it or to another that it explains |
/// | several, of which some may be the attacker's | none: each record is of a request of its own |
/// | several, without tokens | those near to a line for their account, or to one for their page that names nobody |
/// | none | further ones for the account and page of one that shows something, near to it |
pub(super) struct KnownRequests {
    reach: Reach,
    /// The times at which something was served, by whom and what it was for.
    served: HashMap<Whom, BTreeSet<i64>>,
    farthest: i64,
}

/// Which records the known requests explain.
enum Reach {
    /// All.
    All,
    /// None.
    Nothing,
    /// Those near to what is explained already, for the same account and page.
    Near,
    /// Those near to what is explained already, whomever they are for, and those for this account.
    NearAnybody(Option<AccountKey>),
}

impl KnownRequests {
    /// What the lines of the gateway explain; `sent_again` says that a tier has several lines of the id.
    pub(super) fn of(gateway: &[&Line], sent_again: bool, farthest: i64) -> Self {
        let suspect = gateway.iter().any(|line| is_suspect(line.tier));
        let reach = match gateway {
            [_, ..] if gateway.iter().all(|line| is_legitimate(line.tier)) => Reach::All,
            [..] if suspect && sent_again => Reach::Nothing,
            [first, ..] if !suspect && !sent_again => Reach::NearAnybody(first.account),
            _ => Reach::Near,
        };
        let mut known = KnownRequests {
            reach,
            served: HashMap::new(),
            farthest,
        };
        for line in gateway {
            let whom = match (&known.reach, line.account) {
                (Reach::NearAnybody(_), _) => (None, None),
                (_, Some(account)) if sent_again => (Some(account), None),
                (_, None) if sent_again => (None, line.page),
                (_, Some(account)) if line.page.is_some() => (Some(account), line.page),
                _ => continue,
            };
            known.insert(whom, line.event_time);
        }
        known
    }

    /// Adds the request of a record: further records for its account and page, near to it, are of the same.
    pub(super) fn add(&mut self, record: &Line) {
        self.insert((record.account, record.page), record.event_time);
    }

    fn insert(&mut self, whom: Whom, time: i64) {
        self.served.entry(whom).or_default().insert(time);
    }

    /// Whether a record is of a known request; if not, it tells of one itself.
    ///
    /// What is explained may in turn explain further records, so the order of the calls counts.
    pub(super) fn explains(&mut self, record: &Line) -> bool {
        let time = record.event_time;
        let near = time - self.farthest..=time + self.farthest;
        let whom = [
            (record.account, record.page),
            (record.account, None),
            (None, record.page),
            (None, None),
        ];
        let mut near = whom
            .iter()
            .filter_map(|whom| self.served.get(whom))
            .map(|times| times.range(near.clone()).next().is_some());
        match self.reach {
            Reach::All => true,
            Reach::Nothing => false,
            Reach::NearAnybody(own) => {
                let known = near.any(|near| near);
                if known {
                    self.insert((None, None), time);
                }
                known || (own.is_some() && own == record.account)
            }
            Reach::Near => {
                let known = near.any(|near| near);
                if record.items > 0 {
                    self.add(record);
                }
                known
            }
        }
    }
}

/// Whether a line of the gateway carried a legitimate token.
fn is_legitimate(tier: Tier) -> bool {
    matches!(tier, Tier::Judged(Verdict::Legitimate, _))
}

/// Whether a line of the gateway may be the attacker's.
fn is_suspect(tier: Tier) -> bool {
    tier != Tier::NoToken && !is_legitimate(tier)
}
