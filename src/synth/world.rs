//! The world of the replica: who exists, when, and how much of everything there is.
//!
//! All of it is a function of plan and identifier, so that nothing is held in memory: customer numbers
//! run from 1; which of them exist is decided by rank, exactly as many as planned.

use super::Plan;
use super::chance::{Chance, mix};
use super::scenario::{self, Scenario};

/// Milliseconds since 1970 UTC.
pub(super) type Millis = i64;

pub(super) const SECOND: Millis = 1_000;
pub(super) const HOUR: Millis = 3_600 * SECOND;
pub(super) const DAY: Millis = 24 * HOUR;

/// Midnight in Korea of a day of 2025, counted from 1 January.
pub(super) const fn day(of_year: i64) -> Millis {
    1_735_657_200_000 + (of_year - 1) * DAY
}

/// The logs begin on 1 January and end with 19 November, when the key was withdrawn.
pub(super) const BEGIN: Millis = day(1);
pub(super) const END: Millis = day(324);
/// The tests: from 6 January on, for 18 days.
pub(super) const TEST: Millis = day(6) + 10 * HOUR;
/// The harvest: 14 April to 8 November.
pub(super) const HARVEST: (Millis, Millis) = (day(104), day(313));
/// Application logs deleted: 23 May to 2 June.
pub(super) const APP_HOLE: (Millis, Millis) = (day(143), day(154));
/// Web logs deleted, before the attack: July to November 2024.
pub(super) const EARLY_HOLE: (Millis, Millis) = (day(1) - 184 * DAY, day(1) - 31 * DAY);
/// The engineer who had held the standby key left.
pub(super) const DEPARTURE: Millis = day(1);
/// The standby key was made, and withdrawn.
pub(super) const STANDBY_KEY: (Millis, Millis) = (day(1) - 240 * DAY, day(323));
/// Six hours of issuance log lost: 19 August, 02:00 to 08:00.
pub(super) const LOST: (Millis, Millis) = (day(231) + 2 * HOUR, day(231) + 8 * HOUR);
/// Minutes in which issuance lines were damaged.
pub(super) const SCARS: [Millis; 3] = [
    day(130) + 14 * HOUR,
    day(183) + 20 * HOUR + HOUR / 2,
    day(294) + 9 * HOUR,
];
pub(super) const SCAR: Millis = 60 * SECOND;
/// The crawl rests this long around a stretch of lost issuances, so that the planted truth does not
/// depend on where exactly an analyzer draws the hole's edges.
const REST: Millis = 120 * SECOND;

/// A customer number.
pub(super) type Customer = u64;

/// What happened to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Open when the crawl came; the rank among these.
    Open(u64),
    /// Closed before the crawl came, or opened after it.
    Shut,
}

/// How much of everything there is.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) attack: bool,
    pub(super) scenario: Option<Scenario>,
    /// Accounts the harvest reaches.
    pub(super) accounts: u64,
    /// Accounts in its range that were not open.
    pub(super) shut: u64,
    /// Customer numbers in its range that nobody has.
    pub(super) nonexistent: u64,
    /// Accounts reached only while the issuance log was lost.
    pub(super) later: u64,
    /// Accounts the attacker never reached.
    untouched: u64,
    pub(super) list_views: u64,
    pub(super) edit_views: u64,
    edit_accounts: u64,
    pub(super) order_views: u64,
    order_accounts: u64,
    pub(super) tests: u64,
    pub(super) fleet: u64,
    pub(super) carriers: u64,
    pub(super) sessions: u64,
}

/// `parts` spread evenly over `whole` places: how many fall before `place`.
pub(super) fn spread(parts: u64, whole: u64, place: u64) -> u64 {
    u64::try_from(u128::from(parts) * u128::from(place) / u128::from(whole))
        .expect("no more than the parts")
}

impl World {
    pub(super) fn new(plan: &Plan) -> Self {
        let scaled = |published: u64, least: u64| {
            ((published as f64 * plan.scale).round() as u64).max(least)
        };
        let accounts = scaled(33_673_817, 60);
        let edit_views = scaled(50_474, 12);
        let edit_accounts = scaled(2_609, 3).min(edit_views);
        let order_views = scaled(102_682, 12);
        let mut world = World {
            seed: plan.seed,
            attack: plan.attack,
            scenario: plan.scenario,
            accounts,
            shut: (accounts / 500).max(6),
            nonexistent: scaled(44_000_000, 60),
            later: scaled(165_455, 3),
            untouched: (accounts / 100).max(20),
            list_views: scaled(148_056_502, 260),
            edit_views,
            edit_accounts,
            order_views,
            order_accounts: (order_views / 2).max(1),
            tests: 12 + scaled(2_000, 0),
            fleet: scaled(2_313, 24),
            carriers: 0,
            sessions: 0,
        };
        world.carriers = 3 + world.fleet / 200;
        let attack_requests =
            world.range() + world.list_views + world.edit_views + world.order_views + world.tests;
        // A session makes some six requests: honest traffic is a little more than the attack.
        world.sessions = (attack_requests / 5).max(400);
        scenario::resize(&mut world);
        world
    }

    /// Customer numbers that the harvest walks: 1 to this.
    pub(super) fn range(&self) -> u64 {
        self.accounts + self.shut + self.nonexistent
    }

    /// The highest customer number.
    pub(super) fn highest(&self) -> Customer {
        self.range() + self.later + self.untouched
    }

    /// The first of the accounts reached only while the issuance log was lost.
    pub(super) fn first_later(&self) -> Customer {
        self.range() + 1
    }

    /// What happened to `customer`; `None` for a number that nobody has.
    pub(super) fn fate(&self, customer: Customer) -> Option<Fate> {
        if customer == 0 || customer > self.highest() {
            return None;
        }
        let range = self.range();
        if customer > range {
            return Some(Fate::Open(self.accounts + customer - range - 1));
        }
        // Within a block of 64 numbers a permutation, so that the holes lie irregularly.
        let (block, place) = ((customer - 1) / 64, (customer - 1) % 64);
        let number = if (block + 1) * 64 <= range {
            let odd = mix(self.seed ^ block) | 1;
            block * 64 + (place.wrapping_mul(odd).wrapping_add(odd >> 32)) % 64
        } else {
            customer - 1
        };
        let existing = self.accounts + self.shut;
        let rank = spread(existing, range, number);
        if spread(existing, range, number + 1) == rank {
            return None;
        }
        let shut = spread(self.shut, existing, rank);
        if spread(self.shut, existing, rank + 1) > shut {
            Some(Fate::Shut)
        } else {
            Some(Fate::Open(rank - shut))
        }
    }

    /// When the harvest comes to `customer`.
    pub(super) fn visit(&self, customer: Customer) -> Millis {
        let rests = rests();
        let resting: Millis = rests.iter().map(|(from, to)| to - from).sum();
        let active = HARVEST.1 - HARVEST.0 - resting - 60 * SECOND;
        let mut at = HARVEST.0
            + Millis::try_from(spread(active as u64, self.range(), customer - 1))
                .expect("a time of this century");
        for (from, to) in rests {
            if at >= from {
                at += to - from;
            }
        }
        at
    }

    /// How often the harvest asks for the address list, the address edit and the order list of the
    /// open account of this rank.
    pub(super) fn wanted(&self, rank: u64) -> [u64; 3] {
        let among = |parts: u64, whole: u64, index: u64| {
            spread(parts, whole, index + 1) - spread(parts, whole, index)
        };
        // One account in ten has an empty list.
        let empty_before = |rank: u64| (rank + 6) / 10;
        let with_list = self.accounts - empty_before(self.accounts);
        let list = if rank % 10 == 3 {
            0
        } else {
            among(self.list_views, with_list, rank - empty_before(rank))
        };
        let chosen = |accounts: u64, views: u64| {
            if among(accounts, self.accounts, rank) == 0 {
                return 0;
            }
            among(views, accounts, spread(accounts, self.accounts, rank))
        };
        [
            list,
            chosen(self.edit_accounts, self.edit_views),
            chosen(self.order_accounts, self.order_views),
        ]
    }

    /// When the account was opened and closed.
    pub(super) fn life(&self, customer: Customer, fate: Fate) -> (Millis, Option<Millis>) {
        let chance = mix(self.seed ^ mix(customer));
        let opened = BEGIN - DAY * (31 + (chance % 3_000) as i64);
        let visit = if customer <= self.range() {
            self.visit(customer)
        } else {
            LOST.0
        };
        match fate {
            Fate::Shut => match customer % 3 {
                0 => (opened - 400 * DAY, Some(BEGIN - 20 * DAY)),
                1 => (opened, Some(visit - 5 * DAY)),
                _ if scenario::none_opens_late(self) => {
                    (opened - 400 * DAY, Some(BEGIN - 20 * DAY))
                }
                _ => (END - 8 * DAY, None),
            },
            Fate::Open(rank) => match rank % 53 {
                7 => (opened, Some(visit + 10 * DAY)),
                11 => (opened, Some(END + 16 * DAY)),
                _ => (opened, None),
            },
        }
    }

    /// The person who holds the account: some hold the one before it too.
    pub(super) fn person(&self, customer: Customer) -> u64 {
        let mut holder = customer;
        while mix(self.seed ^ 0x7065_7273 ^ holder).is_multiple_of(75) {
            let before = (1..holder).rev().find(|other| self.fate(*other).is_some());
            match before {
                Some(before) => holder = before,
                None => break,
            }
        }
        holder
    }

    /// Honest sessions that begin before hour `hour` of the logs: more by day than by night.
    pub(super) fn sessions_before(&self, hour: u64) -> u64 {
        const WEIGHTS: [u64; 24] = [
            4, 2, 2, 2, 2, 3, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 11, 12, 13, 13, 12, 9, 6,
        ];
        let all: u64 = WEIGHTS.iter().sum();
        let hours = ((END - BEGIN) / HOUR) as u64;
        let (days, rest) = (hour / 24, (hour % 24) as usize);
        let before = days * all + WEIGHTS[..rest].iter().sum::<u64>();
        spread(self.sessions, hours / 24 * all, before)
    }

    /// An honest customer who is open all the time around `at`.
    pub(super) fn honest_customer(&self, chance: &mut Chance, at: Millis) -> Customer {
        loop {
            let customer = 1 + chance.below(self.highest());
            if let Some(fate @ Fate::Open(_)) = self.fate(customer) {
                let (opened, closed) = self.life(customer, fate);
                if opened < at && closed.is_none_or(|closed| closed > at + 6 * HOUR) {
                    return customer;
                }
            }
        }
    }

    /// Whether `customer` exists and is open at `at`.
    pub(super) fn open_at(&self, customer: Customer, at: Millis) -> bool {
        self.fate(customer).is_some_and(|fate| {
            let (opened, closed) = self.life(customer, fate);
            opened < at && closed.is_none_or(|closed| closed > at)
        })
    }

    /// Whether a record of a token issued at `at` is lost with the log, or its line damaged.
    pub(super) fn issuance(at: Millis) -> Issuance {
        if (LOST.0..LOST.1).contains(&at) {
            Issuance::Lost
        } else if SCARS.iter().any(|scar| (*scar..scar + SCAR).contains(&at)) {
            Issuance::Damaged
        } else {
            Issuance::Logged
        }
    }

    /// Moments at which somebody logs in for certain: beside and within every lost stretch, and at both
    /// ends of the log.
    pub(super) fn certain_logins() -> Vec<Millis> {
        let mut logins = vec![BEGIN + SECOND, END - HOUR];
        logins.extend([LOST.0 - 30 * SECOND, LOST.1 + 30 * SECOND]);
        logins.extend((1..=6).map(|n| LOST.0 + n * 50 * 60 * SECOND));
        for scar in SCARS {
            logins.extend([
                scar - 30 * SECOND,
                scar + SCAR / 2,
                scar + SCAR + 30 * SECOND,
            ]);
        }
        logins.sort_unstable();
        logins
    }
}

/// When the crawl rests, in time order. A visit takes less than the minute left free before.
fn rests() -> [(Millis, Millis); 4] {
    let around = |from, to| (from - REST - 60 * SECOND, to + REST);
    let [first, second, third] = SCARS.map(|scar| around(scar, scar + SCAR));
    [first, second, around(LOST.0, LOST.1), third]
}

/// What became of an issuance record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Issuance {
    Logged,
    Damaged,
    Lost,
    /// Never made: it takes no number of the log's sequence.
    Unwritten,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_of_each_kind_as_planned() {
        for (scale, seed) in [(0.00001, 1), (0.0003, 7), (0.001, 99)] {
            let world = World::new(&Plan {
                scale,
                seed,
                attack: true,
                scenario: None,
            });
            let mut ranks = std::collections::BTreeSet::new();
            let (mut shut, mut nobody) = (0, 0);
            let mut wanted = [0; 3];
            for customer in 1..=world.range() {
                match world.fate(customer) {
                    Some(Fate::Open(rank)) => {
                        assert!(ranks.insert(rank));
                        for (sum, more) in wanted.iter_mut().zip(world.wanted(rank)) {
                            *sum += more;
                        }
                    }
                    Some(Fate::Shut) => shut += 1,
                    None => nobody += 1,
                }
            }
            assert_eq!(ranks.len() as u64, world.accounts);
            assert_eq!(ranks.last(), Some(&(world.accounts - 1)));
            assert_eq!((shut, nobody), (world.shut, world.nonexistent));
            assert_eq!(
                wanted,
                [world.list_views, world.edit_views, world.order_views]
            );
        }
    }

    #[test]
    fn at_full_scale_the_figures_are_the_published_ones() {
        let world = World::new(&Plan {
            scale: 1.0,
            seed: 1,
            attack: true,
            scenario: None,
        });
        assert_eq!(world.accounts, 33_673_817);
        assert_eq!(
            (world.list_views, world.edit_views, world.order_views),
            (148_056_502, 50_474, 102_682)
        );
        assert_eq!(
            (world.fleet, world.nonexistent, world.later),
            (2_313, 44_000_000, 165_455)
        );
        assert_eq!(world.edit_accounts, 2_609);
    }

    #[test]
    fn the_crawl_walks_upwards_and_rests_where_issuances_are_lost() {
        let world = World::new(&Plan {
            scale: 0.0001,
            seed: 3,
            attack: true,
            scenario: None,
        });
        let mut before = 0;
        for customer in 1..=world.range() {
            let visit = world.visit(customer);
            assert!(visit >= before && visit >= HARVEST.0 && visit < HARVEST.1 - 30 * SECOND);
            for at in [visit, visit + 60 * SECOND] {
                assert_eq!(World::issuance(at), Issuance::Logged);
                assert_eq!(World::issuance(at + 35 * SECOND), Issuance::Logged);
                assert_eq!(World::issuance(at - 65 * SECOND), Issuance::Logged);
            }
            before = visit;
        }
    }
}
