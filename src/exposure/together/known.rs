//! What the application served -> whether a request that other lines tell of explains it.

use std::collections::{BTreeSet, HashMap};

use crate::case::AccountKey;
use crate::lines::Verdict;
use crate::lines::{Line, Tier};

/// Whom something was served, and what; `None` is anybody, and anything.
type Whom = (Option<AccountKey>, Option<u16>);

/// The records of the application that are of a request which other lines tell of.
///
/// | lines of the id at the gateway | explain |
/// |---|---|
/// | all with legitimate tokens | all records: a shop's own people see the pages of many, and jobs go on long after |
/// | one, which may be the attacker's | further records for its account and page near to it |
/// | one without a token | records near to it or to another that it explains, and those for its account |
/// | sent again, some of which may be the attacker's | nothing: each record is of a request of its own |
/// | sent again, without tokens | records near to one that is for their account, or for their page and anybody |
/// | none | further records for the account and page of one, near to it |
pub(super) struct KnownRequests {
    rule: Reach,
    served: HashMap<Whom, BTreeSet<i64>>,
    farthest: i64,
}

enum Reach {
    All,
    Nothing,
    /// What is near to what is explained already, and for it.
    Near,
    /// What is near to what is explained already, or for this account.
    NearAnybody(Option<AccountKey>),
}

impl KnownRequests {
    /// By lines of the gateway.
    pub(super) fn by(gateway: &[&Line], sent_again: bool, farthest: i64) -> Self {
        let suspect = gateway.iter().any(|line| is_suspect(line.tier));
        let rule = match gateway {
            [_, ..] if gateway.iter().all(|line| is_legitimate(line.tier)) => Reach::All,
            [..] if suspect && sent_again => Reach::Nothing,
            [first, ..] if !suspect && !sent_again => Reach::NearAnybody(first.account),
            _ => Reach::Near,
        };
        let mut explained = KnownRequests {
            rule,
            served: HashMap::new(),
            farthest,
        };
        for line in gateway {
            let whom = match (&explained.rule, line.account) {
                (Reach::NearAnybody(_), _) => (None, None),
                (_, Some(account)) if sent_again => (Some(account), None),
                (_, None) if sent_again => (None, line.page),
                (_, Some(account)) if line.page.is_some() => (Some(account), line.page),
                _ => continue,
            };
            explained.insert(whom, line.event_time);
        }
        explained
    }

    /// By a record: further ones for the account and the page are of the same.
    pub(super) fn add(&mut self, record: &Line) {
        self.insert((record.account, record.page), record.event_time);
    }

    fn insert(&mut self, whom: Whom, time: i64) {
        self.served.entry(whom).or_default().insert(time);
    }

    /// Whether a record is of a request that is told of; if not, it tells of one itself.
    pub(super) fn takes(&mut self, record: &Line) -> bool {
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
        match self.rule {
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

fn is_legitimate(tier: Tier) -> bool {
    matches!(tier, Tier::Judged(Verdict::Legitimate, _))
}

/// Whether a line of the gateway may be the attacker's.
fn is_suspect(tier: Tier) -> bool {
    tier != Tier::NoToken && !is_legitimate(tier)
}
