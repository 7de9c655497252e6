//! What single scenarios do that takes more than a few lines; which they are, `scenario.rs` says.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};

use super::chance::Chance;
use super::honest::{self, ISSUED_AFTER, Session};
use super::scenario::{LOAD_HOLE, LOAD_TEST};
use super::truth::{Planted, Truth};
use super::world::{BEGIN, Customer, DAY, Fate, HARVEST, HOUR, Issuance, Millis, SECOND, World};
use super::{Event, LIFETIME, Subject, Token};

/// Token ids of tokens that only scenarios have: above customers', below services'.
const LOAD_TOKENS: u64 = 2 << 59;
const UNUSED_TOKENS: u64 = 3 << 59;

// Kinds of chance; those of `scenario.rs` have smaller numbers.
const LOAD: u64 = 201;
const DAILY: u64 = 202;

/// Sessions that began before the logs: one for ten of the logs' first twelve hours.
pub(super) fn chains(world: &World, events: &mut Vec<(Millis, Event)>, truth: &mut Truth<'_>) {
    const MINUTE: Millis = 60 * SECOND;
    for chain in 0..(world.sessions_before(12) / 10).max(24) {
        // A session has room for four tokens, a chain for as many as eight sessions.
        let number = world.sessions + 1_000 + chain * 8;
        let mut session = Session::at(world, number, |chance| {
            BEGIN - MINUTE - chance.below((12 * HOUR - 2 * MINUTE) as u64) as i64
        });
        let customer = session.customer;
        let (address, client) = (session.address, (session.address, session.agent));
        let token = Token {
            id: session.token(),
            key: usize::from(session.chance.one_in(3)),
            subject: Subject::Customer(customer),
            issued_at: session.issued(),
            lifetime: 13 * HOUR,
            planted: Planted::Indeterminate,
        };
        let login = Event::Login {
            customer,
            address,
            refresh: false,
        };
        events.push((session.begin, login));
        truth.token(Planted::Indeterminate);
        let chance = &mut session.chance;
        let first = BEGIN + SECOND + chance.below((10 * MINUTE) as u64) as i64;
        let count = 1 + chance.below(3);
        let request = honest::request(client, Some(token));
        honest::uses(chance, customer, request, first, count, events);
        let mut renewed = BEGIN + 15 * MINUTE + chance.below((35 * MINUTE) as u64) as i64;
        let links = 2 + chance.below(6);
        for link in 1..=links {
            honest::device(&mut session, link, renewed, client, true, events, truth);
            renewed += 50 * MINUTE;
        }
    }
}

/// The load test, as far as it falls into the hour.
pub(super) fn load_test(
    world: &World,
    (from, to): (Millis, Millis),
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    let mut accounts = BTreeSet::new();
    let mut chance = Chance::of(world.seed, LOAD, 0);
    while accounts.len() < 50 {
        accounts.insert(world.honest_customer(&mut chance, LOAD_TEST.0));
    }
    let accounts: Vec<Customer> = accounts.into_iter().collect();
    let address = Ipv6Addr::new(0x2001, 0xdb8, 0xe000, 0, 0, 0, 0, 0x99);
    let client = (IpAddr::from(address), 0);
    let tokens = (world.sessions / 5).max(300);
    let length = (LOAD_TEST.1 - LOAD_TEST.0) as u64;
    for number in 0..tokens {
        let begin = LOAD_TEST.0 + (length * number / tokens) as i64;
        if !(from..to).contains(&begin) {
            continue;
        }
        let mut chance = Chance::of(world.seed, LOAD, 1 + number);
        let customer = accounts[(number % 50) as usize];
        let issued_at = begin + ISSUED_AFTER;
        let planted = if (LOAD_HOLE.0..LOAD_HOLE.1).contains(&issued_at) {
            Planted::Indeterminate
        } else {
            Planted::Legitimate
        };
        let token = Token {
            id: LOAD_TOKENS | number,
            key: usize::from(chance.one_in(3)),
            subject: Subject::Customer(customer),
            issued_at,
            lifetime: LIFETIME,
            planted,
        };
        honest::login(world, begin, client, token, false, true, events);
        truth.token(planted);
        let request = honest::request(client, Some(token));
        honest::uses(
            &mut chance,
            customer,
            request,
            issued_at + SECOND,
            3,
            events,
        );
    }
}

/// A token that is issued to a customer one or two days before `at`, and never used by its owner:
/// were it used, one id, subject and key would be of an honest and of a forged token.
pub(super) fn issued_before(
    world: &World,
    at: Millis,
    pass: u64,
    chance: &mut Chance,
    events: &mut Vec<(Millis, Event)>,
) -> (Customer, u64) {
    let begin = loop {
        let begin = at - 25 * HOUR - chance.below((20 * HOUR) as u64) as i64;
        if World::issuance(begin + ISSUED_AFTER) == Issuance::Logged {
            break begin;
        }
    };
    let customer = loop {
        let customer = world.honest_customer(chance, begin);
        if world.open_at(customer, at) {
            break customer;
        }
    };
    let token = Token {
        id: UNUSED_TOKENS | pass,
        key: 1,
        subject: Subject::Customer(customer),
        issued_at: begin + ISSUED_AFTER,
        lifetime: LIFETIME,
        planted: Planted::Legitimate,
    };
    let client = (honest::home(world, customer), chance.below(4) as usize);
    honest::login(world, begin, client, token, false, true, events);
    (customer, token.id)
}

/// An account that is closed before `at`.
pub(super) fn closed_before(world: &World, at: Millis, chance: &mut Chance) -> Customer {
    loop {
        let customer = 1 + chance.below(world.range());
        if let Some(fate @ Fate::Shut) = world.fate(customer)
            && let (_, Some(closed)) = world.life(customer, fate)
            && closed < at
        {
            return customer;
        }
    }
}

/// The request of this day of the harvest: when, for whom, and from which address.
pub(super) fn daily(world: &World, day: u64) -> Option<(Millis, Customer, IpAddr)> {
    let mut chance = Chance::of(world.seed, DAILY, day);
    let at = HARVEST.0 + day as i64 * DAY + chance.below(DAY as u64) as i64;
    if at >= HARVEST.1 {
        return None;
    }
    let customer = world.honest_customer(&mut chance, at);
    loop {
        let session = Session::numbered(world, chance.below(world.sessions));
        if session.address.is_ipv4() {
            return Some((at, customer, session.address));
        }
    }
}
