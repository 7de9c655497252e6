//! The attacker's addresses, by the forged and the issued tokens that were used from them.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use super::facts::TokenFacts;
use super::logins::folded;

/// How many forged tokens make an address the attacker's: fewer may have passed through it.
const FORGED_ON_ONE: u64 = 5;
/// How many forged tokens it takes beside each issued one: where many customers pass, the address is shared.
const FORGED_FOR_EACH: u64 = 4;

/// The attacker's addresses, once all tokens are judged.
pub(super) struct Suspects<'a> {
    /// The addresses from which forged tokens were used.
    pub(super) forged: &'a HashSet<u128>,
    /// Forged tokens by address.
    pub(super) on: &'a HashMap<u128, u64, FixedState>,
    /// Addresses on which an issued token lives alone, [folded].
    pub(super) homes: &'a HashSet<u64, FixedState>,
    /// Issued tokens that moved between addresses, by address.
    pub(super) visited: &'a HashMap<u128, u64, FixedState>,
}

impl Suspects<'_> {
    /// Whether an address is the attacker's own: it carried several forged tokens, far more than issued
    /// ones, and no issued token lives on it alone.
    pub(super) fn own(&self, address: u128) -> bool {
        let visited = self.visited.get(&address).copied().unwrap_or_default();
        let least = FORGED_ON_ONE.max(visited.saturating_mul(FORGED_FOR_EACH));
        self.on.get(&address).is_some_and(|count| *count >= least)
            && !self.homes.contains(&folded(address))
    }

    /// Whether an issued token was used from an address of the attacker's own, away from where it was
    /// issued or used else.
    pub(super) fn led_astray(&self, issued_to: &IssuedTo, addresses: &[u128]) -> bool {
        let elsewhere = || addresses.iter().any(|other| !self.forged.contains(other));
        addresses
            .iter()
            .any(|address| self.own(*address) && (issued_to.is_away(address) || elsewhere()))
    }
}

/// The addresses to which records hand a token out; none where no record has that of a holder.
pub(super) struct IssuedTo(SmallVec<[u128; 4]>);

impl IssuedTo {
    pub(super) fn of(facts: &TokenFacts<'_>) -> Self {
        IssuedTo(facts.own().filter_map(|record| record.source_ip).collect())
    }

    /// That of a token whose issuer logs other addresses than those of holders.
    pub(super) fn unknown() -> Self {
        IssuedTo(SmallVec::new())
    }

    /// Whether any of the addresses that used the token is one of these; `None` if none is known.
    pub(super) fn is_home_to(&self, used: &[u128]) -> Option<bool> {
        let at_home = || used.iter().any(|address| self.0.contains(address));
        (!self.0.is_empty()).then(at_home)
    }

    /// Whether an address is known to be another than those that the token was issued to.
    pub(super) fn is_away(&self, address: &u128) -> bool {
        !self.0.is_empty() && !self.0.contains(address)
    }
}
