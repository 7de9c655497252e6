//! What the application served -> whether a request that other lines tell of explains it.

use std::collections::{BTreeSet, HashMap};

use crate::case::AccountKey;
use crate::requests::{Line, Tier};
use crate::tokens::Verdict;

/// The records of the application that are of a request which other lines tell of.
pub(super) struct Explained {
    /// Whom something was served, what, and when; without an account, anybody.
    served: HashMap<(Option<AccountKey>, Option<u16>), BTreeSet<i64>>,
    /// Whom the one request of the id was for: what is done for it later is of it too.
    own: Option<AccountKey>,
    farthest: i64,
}

impl Explained {
    /// By lines of the gateway: one request may have the application serve several pages of one account. If the id
    /// was not sent again and the request is not suspect, of any: a shop's own people see the pages of many.
    pub(super) fn by(gateway: &[&Line], sent_again: bool, farthest: i64) -> Self {
        let mut explained = Explained {
            served: HashMap::new(),
            own: gateway
                .first()
                .and_then(|line| line.account)
                .filter(|_| !sent_again),
            farthest,
        };
        for line in gateway {
            let whom = match line.account {
                _ if !sent_again && !is_suspect(line.tier) => (None, None),
                Some(account) => (Some(account), None),
                None => (None, line.page),
            };
            explained.insert(whom, line.event_time);
        }
        explained
    }

    /// Whether no line explains anything.
    pub(super) fn nothing(&self) -> bool {
        self.served.is_empty()
    }

    /// By a record: further ones for the account and the page are of the same.
    pub(super) fn add(&mut self, record: &Line) {
        self.insert((record.account, record.page), record.event_time);
    }

    fn insert(&mut self, whom: (Option<AccountKey>, Option<u16>), time: i64) {
        self.served.entry(whom).or_default().insert(time);
    }

    /// Whether a record is of such a request.
    pub(super) fn has(&self, record: &Line) -> bool {
        let time = record.event_time;
        let near = time - self.farthest..=time + self.farthest;
        let whom = [
            (record.account, record.page),
            (record.account, None),
            (None, record.page),
            (None, None),
        ];
        let own = self.own.is_some() && record.account == self.own;
        own || whom
            .iter()
            .filter_map(|whom| self.served.get(whom))
            .any(|times| times.range(near.clone()).next().is_some())
    }
}

/// Whether a line of the gateway may be the attacker's.
fn is_suspect(tier: Tier) -> bool {
    !matches!(tier, Tier::NoToken | Tier::Judged(Verdict::Legitimate, _))
}
