//! Scenes that only a scenario has: more activity, and what forged tokens claim.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::addresses;
use super::chance::{Chance, Kind};
use super::changes::{LOAD_HOLE, LOAD_TEST, Minted};
use super::events::{
    Agenda, Client, Event, Grant, LIFETIME, LOAD_TOKENS, Request, Subject, Target, Token,
    UNUSED_TOKENS,
};
use super::keys::Key;
use super::people::{self, ISSUED_AFTER, Session};
use super::scenario::Scenario;
use super::truth::Planted;
use super::world::{
    BEGIN, Customer, DAY, Fate, HARVEST, HOUR, Issuance, LOST, Millis, SECOND, Span, World, within,
};

const MINUTE: Millis = 60 * SECOND;

/// Puts the scenario's own honest activity on the agenda that begins in `hour`.
pub(super) fn hour(agenda: &mut Agenda<'_>, hour: Span) {
    match agenda.world.scenario {
        Some(Scenario::RefreshChain) if hour.0 == BEGIN => chains(agenda),
        Some(Scenario::LoadTest) if hour.0 < LOAD_TEST.1 && hour.1 > LOAD_TEST.0 => {
            load_test(agenda, hour);
        }
        _ => {}
    }
}

/// Sessions that began before the logs, and renew their tokens within them.
///
/// There is one for every ten sessions of the logs' first twelve hours, and at least 24.
fn chains(agenda: &mut Agenda<'_>) {
    let world = agenda.world;
    for chain in 0..(world.sessions_before(12) / 10).max(24) {
        // A session has ids for four tokens; a chain takes those of eight sessions.
        let number = world.sessions + 1_000 + chain * 8;
        let session = Session::at(world, number, |chance| {
            BEGIN - MINUTE - chance.time_below(12 * HOUR - 2 * MINUTE)
        });
        play_chain(agenda, session);
    }
}

/// Plays a session that began before the logs, with two to seven renewals.
fn play_chain(agenda: &mut Agenda<'_>, mut session: Session<'_>) {
    let (customer, client) = (session.customer, session.client);
    let chance = &mut session.chance;
    let standby = chance.one_in(3);
    let token = Token {
        id: session.token(),
        key: if standby { Key::Standby } else { Key::Primary },
        subject: Subject::Customer(customer),
        issued_at: session.issued(),
        lifetime: 13 * HOUR,
        planted: Planted::Indeterminate,
    };
    // Neither the gateways nor the issuance log had begun; the login log goes back as far.
    let login = Event::Login {
        customer,
        address: client.address,
        grant: Grant::Login,
    };
    agenda.add(session.begin, login);
    agenda.truth.token(token.planted);
    let chance = &mut session.chance;
    let first = BEGIN + SECOND + chance.time_below(10 * MINUTE);
    let count = 1 + chance.below(3);
    let request = Request::new(client, Target::Home, Some(token));
    people::uses(agenda, chance, customer, request, first, count);
    let mut renewed = BEGIN + 15 * MINUTE + chance.time_below(35 * MINUTE);
    let renewals = 2 + chance.below(6);
    for nth in 1..=renewals {
        session.obtain_and_use(agenda, nth, renewed, client, Grant::Refresh);
        renewed += 50 * MINUTE;
    }
}

/// Plays the part of the load test that falls into `hour`.
fn load_test(agenda: &mut Agenda<'_>, hour: Span) {
    let world = agenda.world;
    let accounts = test_accounts(world);
    let tokens = (world.sessions / 5).max(300);
    let length = (LOAD_TEST.1 - LOAD_TEST.0) as u64;
    for number in 0..tokens {
        let begin = LOAD_TEST.0 + (length * number / tokens) as i64;
        if within(hour, begin) {
            let customer = accounts[number as usize % accounts.len()];
            play_test(agenda, number, begin, customer);
        }
    }
}

/// The fifty accounts that the load test logs in to.
fn test_accounts(world: &World) -> Vec<Customer> {
    let mut accounts = BTreeSet::new();
    let mut chance = Chance::of(world.seed, Kind::LoadTest, 0);
    while accounts.len() < 50 {
        accounts.insert(world.honest_customer(&mut chance, LOAD_TEST.0));
    }
    accounts.into_iter().collect()
}

/// Plays the load test's `number`-th login and the uses of its token.
fn play_test(agenda: &mut Agenda<'_>, number: u64, begin: Millis, customer: Customer) {
    let mut chance = Chance::of(agenda.world.seed, Kind::LoadTest, 1 + number);
    let issued_at = begin + ISSUED_AFTER;
    let planted = if within(LOAD_HOLE, issued_at) {
        Planted::Indeterminate
    } else {
        Planted::Legitimate
    };
    let standby = chance.one_in(3);
    let token = Token {
        id: LOAD_TOKENS | number,
        key: if standby { Key::Standby } else { Key::Primary },
        subject: Subject::Customer(customer),
        issued_at,
        lifetime: LIFETIME,
        planted,
    };
    let client = Client {
        address: addresses::LOAD_TEST.into(),
        agent: 0,
    };
    let minted = Minted { token, here: true };
    people::login(agenda, begin, client, &minted, Grant::Login);
    agenda.truth.token(planted);
    let request = Request::new(client, Target::Home, Some(token));
    let first = issued_at + SECOND;
    people::uses(agenda, &mut chance, customer, request, first, 3);
}

/// What a forged token claims.
pub(super) struct Guise {
    pub(super) customer: Customer,
    /// The id, if the attacker did not make it up.
    pub(super) id: Option<u64>,
    pub(super) issued_at: Millis,
}

/// What the attacker's `pass`-th token claims, to reach account `number` at `at`.
pub(super) fn guise(agenda: &mut Agenda<'_>, number: Customer, at: Millis, pass: u64) -> Guise {
    let world = agenda.world;
    let plain = Guise {
        customer: number,
        id: None,
        issued_at: at - 2 * SECOND,
    };
    let mut chance = Chance::of(world.seed, Kind::Guise, pass);
    match world.scenario {
        Some(Scenario::HiddenInGap) if at >= HARVEST.0 => Guise {
            issued_at: LOST.0 + chance.time_below(LOST.1 - LOST.0),
            ..plain
        },
        Some(Scenario::RealIds) => {
            let (customer, id) = issued_before(agenda, at, pass, &mut chance);
            Guise {
                customer,
                id: Some(id),
                ..plain
            }
        }
        Some(Scenario::ClosedAccounts) => Guise {
            customer: closed_before(world, at, &mut chance),
            ..plain
        },
        _ => plain,
    }
}

/// Issues a token to a customer one or two days before `at`.
///
/// Returns the customer and the token's id. Its owner never uses it. Otherwise an honest and a forged
/// token would have the same id, subject and key, and no single truth.
fn issued_before(
    agenda: &mut Agenda<'_>,
    at: Millis,
    pass: u64,
    chance: &mut Chance,
) -> (Customer, u64) {
    let world = agenda.world;
    let begin = loop {
        let begin = at - 25 * HOUR - chance.time_below(20 * HOUR);
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
        key: Key::Standby,
        subject: Subject::Customer(customer),
        issued_at: begin + ISSUED_AFTER,
        lifetime: LIFETIME,
        planted: Planted::Legitimate,
    };
    let client = Client {
        address: addresses::home(world.seed, customer),
        agent: chance.below(4) as usize,
    };
    let minted = Minted { token, here: true };
    people::login(agenda, begin, client, &minted, Grant::Login);
    (customer, token.id)
}

/// Draws an account that is closed before `at`.
fn closed_before(world: &World, at: Millis, chance: &mut Chance) -> Customer {
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

/// The one forged request of the `day`-th day of the harvest.
///
/// Returns when, for whom and from which address it is made; `None` after the harvest.
pub(super) fn daily(world: &World, day: u64) -> Option<(Millis, Customer, IpAddr)> {
    let mut chance = Chance::of(world.seed, Kind::OneADay, day);
    let at = HARVEST.0 + day as i64 * DAY + chance.time_below(DAY);
    if at >= HARVEST.1 {
        return None;
    }
    let customer = world.honest_customer(&mut chance, at);
    loop {
        let session = Session::numbered(world, chance.below(world.sessions));
        if session.client.address.is_ipv4() {
            return Some((at, customer, session.client.address));
        }
    }
}
