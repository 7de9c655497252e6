//! Honest customers and the company's own services.

use std::net::{IpAddr, Ipv6Addr};

use super::chance::{Chance, mix};
use super::pages::PageId;
use super::truth::{Planted, Truth};
use super::world::{BEGIN, Customer, HOUR, Issuance, Millis, SECOND, STANDBY_KEY, World};
use super::{Event, Flaw, Request, Subject, Target, Token, carrier};

const SESSION: u64 = 1;
/// Token ids of services begin here; customers' are below, the attacker's above.
const SERVICE_TOKENS: u64 = 1 << 61;

/// An honest session, as far as its beginning.
pub(super) struct Session {
    pub(super) number: u64,
    pub(super) begin: Millis,
    pub(super) customer: Customer,
    chance: Chance,
}

impl Session {
    fn at(world: &World, number: u64, begin: impl FnOnce(&mut Chance) -> Millis) -> Self {
        let mut chance = Chance::of(world.seed, SESSION, number);
        let begin = begin(&mut chance);
        let customer = world.honest_customer(&mut chance, begin);
        Session {
            number,
            begin,
            customer,
            chance,
        }
    }

    /// The `number`-th session, which begins in `hour`.
    pub(super) fn in_hour(world: &World, number: u64, hour: u64) -> Self {
        Session::at(world, number, |chance| {
            BEGIN + hour as i64 * HOUR + chance.below(HOUR as u64) as i64
        })
    }

    /// The token that its login gives.
    pub(super) fn token(&self) -> u64 {
        self.number * 4
    }

    /// When that token is issued.
    pub(super) fn issued(&self) -> Millis {
        self.begin + 40
    }
}

/// Everything honest that begins in `hour`.
pub(super) fn hour(
    world: &World,
    hour: u64,
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    for number in world.sessions_before(hour)..world.sessions_before(hour + 1) {
        session(world, Session::in_hour(world, number, hour), events, truth);
    }
    let (from, to) = (BEGIN + hour as i64 * HOUR, BEGIN + (hour as i64 + 1) * HOUR);
    for (index, login) in (0..).zip(World::certain_logins()) {
        if (from..to).contains(&login) {
            let begin = login - 40;
            session(
                world,
                Session::at(world, world.sessions + index, |_| begin),
                events,
                truth,
            );
        }
    }
    if hour.is_multiple_of(12) {
        service(hour / 12, from + 17 * SECOND, events, truth);
    }
}

fn session(
    world: &World,
    mut session: Session,
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    let chance = &mut session.chance;
    let at_carrier = chance.below(10) < 3;
    let home = mix(world.seed ^ mix(session.customer));
    let address: IpAddr = if at_carrier {
        carrier(chance.below(world.carriers))
    } else {
        Ipv6Addr::new(
            0x2001,
            0xdb8,
            0x1000 | (home >> 52) as u16,
            home as u16,
            0,
            0,
            0,
            1,
        )
        .into()
    };
    let agent = chance.below(4) as usize;
    let login = session.begin;
    device(
        &mut session,
        0,
        login,
        (address, agent),
        false,
        events,
        truth,
    );
    if session.chance.one_in(4) {
        device(
            &mut session,
            1,
            login + 40 * 60 * SECOND,
            (address, agent),
            true,
            events,
            truth,
        );
    }
    if session.chance.one_in(10) {
        let other = carrier(session.chance.below(world.carriers));
        device(
            &mut session,
            2,
            login + 90 * SECOND,
            (other, (agent + 1) % 4),
            false,
            events,
            truth,
        );
    }
}

/// One token's life: it is issued and used a few times.
fn device(
    session: &mut Session,
    nth: u64,
    begin: Millis,
    (address, agent): (IpAddr, usize),
    refresh: bool,
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    let (id, customer) = (session.token() + nth, session.customer);
    let chance = &mut session.chance;
    let issued_at = begin + 40;
    let planted = match World::issuance(issued_at) {
        Issuance::Logged => Planted::Legitimate,
        Issuance::Lost | Issuance::Damaged => Planted::Indeterminate,
    };
    let standby = chance.one_in(3) && issued_at < STANDBY_KEY.1;
    let token = Token {
        id,
        key: usize::from(standby),
        subject: Subject::Customer(customer),
        issued_at,
        planted,
    };
    let request = Request {
        address,
        target: Target::Login,
        status: 302,
        bytes: 0,
        agent,
        token: None,
        served: None,
        flaw: Flaw::None,
        forged: false,
    };
    events.push((begin, Event::Request(request)));
    events.push((issued_at, Event::Issued { token, refresh }));
    truth.token(planted);
    let mut at = issued_at + SECOND;
    for nth in 0..2 + chance.below(5) {
        let flaw = match chance.below(600) {
            // The first use of a token can always be read, so that the token is seen.
            0 if nth > 0 => Flaw::GatewayLineCut,
            1 => Flaw::EdgeLineCut,
            2 => Flaw::ApplicationLineCut,
            3 => Flaw::GatewayLineTwice,
            _ => Flaw::None,
        };
        let token = Some(token);
        events.push((
            at,
            Event::Request(Request {
                token,
                flaw,
                ..visit(chance, customer, request)
            }),
        ));
        at += 5 * SECOND + chance.below(90_000) as i64;
    }
}

/// A customer looks at something.
fn visit(chance: &mut Chance, customer: Customer, request: Request) -> Request {
    let failed = chance.one_in(90);
    let (target, bytes, items) = match chance.below(20) {
        0..4 => (
            Target::Page(PageId::MyInformation),
            400 + chance.below(200),
            1,
        ),
        4..7 => match chance.below(8) {
            0 => (Target::Page(PageId::AddressList), 31, 0),
            items => (Target::Page(PageId::AddressList), 300 + items * 180, items),
        },
        7 => (
            Target::Page(PageId::AddressEdit),
            500 + chance.below(300),
            1,
        ),
        8..11 => (
            Target::Page(PageId::OrderList),
            900 + chance.below(3_000),
            1 + chance.below(5),
        ),
        11..14 => (Target::Home, 12_000 + chance.below(900), 0),
        _ => (
            Target::Product(chance.below(5_000)),
            6_000 + chance.below(4_000),
            0,
        ),
    };
    let served = match target {
        Target::Page(_) if !failed => Some((customer, items)),
        _ => None,
    };
    let (status, bytes) = if failed { (503, 112) } else { (200, bytes) };
    Request {
        target,
        status,
        bytes,
        served,
        ..request
    }
}

/// A service asks for stock, with a token whose issuance nobody logs.
fn service(nth: u64, at: Millis, events: &mut Vec<(Millis, Event)>, truth: &mut Truth<'_>) {
    let (number, use_of_it) = (nth / 20, nth % 20);
    if use_of_it == 0 {
        truth.token(Planted::Indeterminate);
    }
    let issued_at = BEGIN + (number * 240) as i64 * HOUR;
    let token = Token {
        id: SERVICE_TOKENS | number,
        key: 2,
        subject: Subject::Stock,
        issued_at,
        planted: Planted::Indeterminate,
    };
    let request = Request {
        address: Ipv6Addr::new(0x2001, 0xdb8, 0xe000, 0, 0, 0, 0, 7).into(),
        target: Target::Stock(nth % 97),
        status: 200,
        bytes: 64,
        agent: 4,
        token: Some(token),
        served: None,
        flaw: Flaw::None,
        forged: false,
    };
    events.push((at, Event::Request(request)));
}
