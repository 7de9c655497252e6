//! The world of the replica: its calendar, its accounts and its sizes.
//!
//! Each answer is computed from the plan and a customer number, so that nothing is held in memory.
//! Customer numbers run from 1, and as many of them exist as planned, exactly.

use super::chance::{Chance, mix};
use super::scenario::Scenario;

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The size, above 0: 1 is the published incident.
    pub scale: f64,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Whether anybody forges tokens.
    pub attack: bool,
    /// The condition of logs or attack; `None` is the replica itself.
    pub scenario: Option<Scenario>,
}

/// Milliseconds since 1970 UTC.
pub(super) type Millis = i64;

pub(super) const SECOND: Millis = 1_000;
pub(super) const HOUR: Millis = 3_600 * SECOND;
pub(super) const DAY: Millis = 24 * HOUR;

/// Midnight in Korea at the start of a day of 2025; 1 January is day 1.
pub(super) const fn day(of_year: i64) -> Millis {
    1_735_657_200_000 + (of_year - 1) * DAY
}

/// A stretch of time: its first moment, and the first one after it.
pub(super) type Span = (Millis, Millis);

/// Whether `at` is within `span`.
pub(super) fn within(span: Span, at: Millis) -> bool {
    (span.0..span.1).contains(&at)
}

/// When the logs begin: with 1 January.
pub(super) const BEGIN: Millis = day(1);
/// When the logs end: with 19 November, when the standby key was withdrawn.
pub(super) const END: Millis = day(324);
/// Hours that the logs cover.
pub(super) const HOURS: u64 = ((END - BEGIN) / HOUR) as u64;
/// When the attacker's tests begin: on 6 January. They last 17 days.
pub(super) const TEST: Millis = day(6) + 10 * HOUR;
/// The harvest: 14 April to 8 November.
pub(super) const HARVEST: Span = (day(104), day(313));
/// The application logs that were deleted: 23 May to 2 June.
pub(super) const APP_HOLE: Span = (day(143), day(154));
/// The web logs deleted, all from before the attack: July to November 2024.
pub(super) const EARLY_HOLE: Span = (day(1) - 184 * DAY, day(1) - 31 * DAY);
/// When the engineer who had held the standby key left the company.
pub(super) const DEPARTURE: Millis = day(1);
/// From the making of the standby key to its withdrawal.
pub(super) const STANDBY_KEY_LIFE: Span = (day(1) - 240 * DAY, day(323));
/// The six hours whose issuance log is lost: 19 August, 02:00 to 08:00.
pub(super) const LOST: Span = (day(231) + 2 * HOUR, day(231) + 8 * HOUR);
/// When the minutes begin in which issuance lines were damaged.
const SCARS: [Millis; 3] = [
    day(130) + 14 * HOUR,
    day(183) + 20 * HOUR + HOUR / 2,
    day(294) + 9 * HOUR,
];
const SCAR: Millis = 60 * SECOND;
/// How long the crawl rests before and after a hole in the issuance log.
///
/// So the planted truth does not depend on where exactly an analyzer draws the edges of the hole.
const REST: Millis = 120 * SECOND;

/// The `number`-th hour of the logs, from 0.
pub(super) fn hour(number: u64) -> Span {
    let begin = BEGIN + number as i64 * HOUR;
    (begin, begin + HOUR)
}

/// A customer number.
pub(super) type Customer = u64;

/// Whether an account was open when the crawl came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was; with its rank among all that were, from 0.
    Open(u64),
    /// It was closed before, or opened after.
    Shut,
}

/// The plan, and how much of everything there is under it.
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) attack: bool,
    pub(super) scenario: Option<Scenario>,
    /// Open accounts in the range of customer numbers that the harvest walks.
    pub(super) accounts: u64,
    /// Accounts in that range that were not open.
    pub(super) shut: u64,
    /// Customer numbers in that range that nobody has.
    pub(super) nonexistent: u64,
    /// Accounts beyond the range, reached only while the issuance log was lost.
    pub(super) later: u64,
    /// Accounts beyond these, which the attacker never reached.
    untouched: u64,
    /// The harvest's views of the delivery address list.
    pub(super) list_views: u64,
    /// The harvest's views of the delivery address edit page.
    pub(super) edit_views: u64,
    /// Accounts with such a view.
    edit_accounts: u64,
    /// The harvest's views of the order list.
    pub(super) order_views: u64,
    /// Accounts with such a view.
    order_accounts: u64,
    /// The attacker's test requests.
    pub(super) tests: u64,
    /// Addresses of the attacker's fleet.
    pub(super) fleet: u64,
    /// Addresses of the carrier; all but the last may be the fleet's too.
    pub(super) carriers: u64,
    /// Honest sessions.
    pub(super) sessions: u64,
}

/// How many of `parts`, spread evenly over `whole` places, fall before `place`.
fn spread(parts: u64, whole: u64, place: u64) -> u64 {
    u64::try_from(u128::from(parts) * u128::from(place) / u128::from(whole))
        .expect("no more than the parts")
}

impl World {
    /// The world of a plan: its figures are the published ones times the scale.
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
        world.resize();
        world
    }

    /// Changes how much there is of what the scenario wants more or less of.
    fn resize(&mut self) {
        match self.scenario {
            Some(Scenario::CarrierNat) => {
                // With one address fewer than the carrier, the whole fleet is behind the carrier.
                self.fleet = self.fleet.min(200);
                self.carriers = self.fleet + 1;
            }
            Some(Scenario::OneADay) => self.carriers = 200,
            Some(Scenario::ClosedAccounts) => self.shut = (self.accounts / 10).max(60),
            Some(Scenario::Outnumbered) => self.sessions = (self.sessions / 20).max(200),
            _ => {}
        }
    }

    /// Whether all accounts that the crawl does not find open were closed before.
    ///
    /// Otherwise some of them are opened after it.
    fn none_opens_late(&self) -> bool {
        self.scenario == Some(Scenario::ClosedAccounts)
    }

    /// The highest customer number that the harvest walks to, from 1.
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
        // Each whole block of 64 numbers is permuted, so that the holes lie irregularly.
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

    /// When the harvest comes to `customer`, a number in its range.
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

    /// How often the harvest asks for each page of the open account of this rank.
    ///
    /// The pages are the address list, the address edit page and the order list.
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

    /// When the account was opened and, if ever, closed.
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
                _ if self.none_opens_late() => (opened - 400 * DAY, Some(BEGIN - 20 * DAY)),
                _ => (END - 8 * DAY, None),
            },
            Fate::Open(rank) => match rank % 53 {
                7 => (opened, Some(visit + 10 * DAY)),
                11 => (opened, Some(END + 16 * DAY)),
                _ => (opened, None),
            },
        }
    }

    /// The person who holds the account.
    ///
    /// About one account in 75 is held by whoever holds the account before it.
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

    /// How many honest sessions begin before the `hour`-th hour of the logs.
    ///
    /// More begin by day than by night.
    pub(super) fn sessions_before(&self, hour: u64) -> u64 {
        const WEIGHTS: [u64; 24] = [
            4, 2, 2, 2, 2, 3, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 11, 12, 13, 13, 12, 9, 6,
        ];
        let all: u64 = WEIGHTS.iter().sum();
        let (days, rest) = (hour / 24, (hour % 24) as usize);
        let before = days * all + WEIGHTS[..rest].iter().sum::<u64>();
        spread(self.sessions, HOURS / 24 * all, before)
    }

    /// Draws a customer whose account is open at `at` and for six hours after.
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

    /// Whether there is an account `customer` and it is open at `at`.
    pub(super) fn open_at(&self, customer: Customer, at: Millis) -> bool {
        self.fate(customer).is_some_and(|fate| {
            let (opened, closed) = self.life(customer, fate);
            opened < at && closed.is_none_or(|closed| closed > at)
        })
    }

    /// What becomes of the record of a token issued at `at`, if no scenario changes it.
    pub(super) fn issuance(at: Millis) -> Issuance {
        if within(LOST, at) {
            Issuance::Lost
        } else if SCARS.iter().any(|scar| within((*scar, scar + SCAR), at)) {
            Issuance::Damaged
        } else {
            Issuance::Logged
        }
    }

    /// Moments at which a customer gets a token whatever chance says.
    ///
    /// They lie right before, within and right after every stretch of lost or damaged records, and at
    /// both ends of the log, so that the edges of each hole show even in the smallest replica.
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

/// When the crawl rests, in time order.
///
/// Each rest begins a minute early, because a visit that began just before it takes up to a minute.
fn rests() -> [Span; 4] {
    let around = |from, to| (from - REST - 60 * SECOND, to + REST);
    let [first, second, third] = SCARS.map(|scar| around(scar, scar + SCAR));
    [first, second, around(LOST.0, LOST.1), third]
}

/// What becomes of the record of an issuance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Issuance {
    /// It is in the log, and can be read.
    Logged,
    /// Half of its line is in the log.
    Damaged,
    /// It was written, and is not in the evidence: the log's sequence goes on.
    Lost,
    /// It was never written, and takes no number of the log's sequence.
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
                let rank = match world.fate(customer) {
                    Some(Fate::Open(rank)) => rank,
                    Some(Fate::Shut) => {
                        shut += 1;
                        continue;
                    }
                    None => {
                        nobody += 1;
                        continue;
                    }
                };
                assert!(ranks.insert(rank));
                for (sum, more) in wanted.iter_mut().zip(world.wanted(rank)) {
                    *sum += more;
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
