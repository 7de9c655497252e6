//! Honest customers and the company's own services.

use std::net::{IpAddr, Ipv6Addr};

use super::chance::{Chance, mix};
use super::pages::PageId;
use super::scenario;
use super::truth::{Planted, Truth};
use super::world::{BEGIN, Customer, END, HOUR, Issuance, Millis, SECOND, STANDBY_KEY, World};
use super::{Event, Flaw, LIFETIME, Request, Subject, Target, Token, carrier};

const SESSION: u64 = 1;
/// Token ids of services begin here; customers' are below, the attacker's above.
const SERVICE_TOKENS: u64 = 1 << 61;

/// From a login to the issue of its token.
pub(super) const ISSUED_AFTER: Millis = 40;

/// An honest session, as far as its beginning.
pub(super) struct Session<'w> {
    world: &'w World,
    pub(super) number: u64,
    pub(super) begin: Millis,
    pub(super) customer: Customer,
    pub(super) address: IpAddr,
    pub(super) agent: usize,
    pub(super) chance: Chance,
}

impl<'w> Session<'w> {
    pub(super) fn at(
        world: &'w World,
        number: u64,
        begin: impl FnOnce(&mut Chance) -> Millis,
    ) -> Self {
        let mut chance = Chance::of(world.seed, SESSION, number);
        let begin = begin(&mut chance);
        let customer = world.honest_customer(&mut chance, begin);
        let at_carrier = chance.below(10) < 3 || scenario::all_behind_carriers(world);
        let address = if at_carrier {
            carrier(chance.below(world.carriers))
        } else {
            home(world, customer)
        };
        let agent = chance.below(4) as usize;
        Session {
            world,
            number,
            begin,
            customer,
            address,
            agent,
            chance,
        }
    }

    /// The `number`-th session, which begins in `hour`.
    pub(super) fn in_hour(world: &'w World, number: u64, hour: u64) -> Self {
        Session::at(world, number, |chance| {
            BEGIN + hour as i64 * HOUR + chance.below(HOUR as u64) as i64
        })
    }

    /// The `number`-th session, whenever it begins.
    pub(super) fn numbered(world: &'w World, number: u64) -> Self {
        // The last hour that no more sessions begin before than this one's number.
        let (mut hour, mut after) = (0, ((END - BEGIN) / HOUR) as u64);
        while after - hour > 1 {
            let middle = hour + (after - hour) / 2;
            if world.sessions_before(middle) <= number {
                hour = middle;
            } else {
                after = middle;
            }
        }
        Session::in_hour(world, number, hour)
    }

    /// The token that its login gives.
    pub(super) fn token(&self) -> u64 {
        self.number * 4
    }

    /// When that token is issued.
    pub(super) fn issued(&self) -> Millis {
        self.begin + ISSUED_AFTER
    }
}

/// A customer's own address.
pub(super) fn home(world: &World, customer: Customer) -> IpAddr {
    let home = mix(world.seed ^ mix(customer));
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
}

/// Everything honest that begins in `hour`.
pub(super) fn hour(
    world: &World,
    hour: u64,
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    for number in world.sessions_before(hour)..world.sessions_before(hour + 1) {
        session(Session::in_hour(world, number, hour), events, truth);
    }
    let (from, to) = (BEGIN + hour as i64 * HOUR, BEGIN + (hour as i64 + 1) * HOUR);
    let certain = World::certain_logins().into_iter();
    for (index, login) in (0..).zip(certain.chain(scenario::certain_logins(world))) {
        if (from..to).contains(&login) {
            let begin = login - ISSUED_AFTER;
            session(
                Session::at(world, world.sessions + index, |_| begin),
                events,
                truth,
            );
        }
    }
    scenario::hour(world, (from, to), events, truth);
    if hour.is_multiple_of(12) {
        service(hour / 12, from + 17 * SECOND, events, truth);
    }
}

fn session(mut session: Session<'_>, events: &mut Vec<(Millis, Event)>, truth: &mut Truth<'_>) {
    let (login, client) = (session.begin, (session.address, session.agent));
    device(&mut session, 0, login, client, false, events, truth);
    if session.chance.one_in(4) {
        let begin = login + 40 * 60 * SECOND;
        device(&mut session, 1, begin, client, true, events, truth);
    }
    if session.chance.one_in(10) {
        let other = carrier(session.chance.below(session.world.carriers));
        let client = (other, (session.agent + 1) % 4);
        let begin = login + 90 * SECOND;
        device(&mut session, 2, begin, client, false, events, truth);
    }
}

/// What all requests of a customer have in common; as it is, a login.
pub(super) fn request((address, agent): (IpAddr, usize), token: Option<Token>) -> Request {
    Request {
        address,
        target: Target::Login,
        status: 302,
        bytes: 0,
        agent,
        token,
        served: None,
        flaw: Flaw::None,
        forged: false,
    }
}

/// A customer logs in, or renews a token, at `begin`; `recorded` says whether the issuance log of the
/// evidence hears of the token.
pub(super) fn login(
    world: &World,
    begin: Millis,
    client: (IpAddr, usize),
    token: Token,
    refresh: bool,
    recorded: bool,
    events: &mut Vec<(Millis, Event)>,
) {
    events.push((begin, Event::Request(request(client, None))));
    if let Subject::Customer(customer) = token.subject
        && world.scenario.is_some()
    {
        let address = client.0;
        let login = Event::Login {
            customer,
            address,
            refresh,
        };
        events.push((begin, login));
    }
    if recorded {
        events.push((begin + ISSUED_AFTER, Event::Issued { token, refresh }));
    }
}

/// One token's life: it is issued and used a few times.
pub(super) fn device(
    session: &mut Session<'_>,
    nth: u64,
    begin: Millis,
    client: (IpAddr, usize),
    refresh: bool,
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    let (world, customer) = (session.world, session.customer);
    let id = session.token() + nth;
    let chance = &mut session.chance;
    let issued_at = begin + ISSUED_AFTER;
    let planted = match World::issuance(issued_at) {
        Issuance::Logged => Planted::Legitimate,
        Issuance::Lost | Issuance::Damaged | Issuance::Unwritten => Planted::Indeterminate,
    };
    let standby = chance.one_in(3) && issued_at < STANDBY_KEY.1;
    let (token, recorded) = scenario::minted(
        world,
        Token {
            id,
            key: usize::from(standby),
            subject: Subject::Customer(customer),
            issued_at,
            lifetime: LIFETIME,
            planted,
        },
    );
    login(world, begin, client, token, refresh, recorded, events);
    truth.token(planted);
    let request = request(client, Some(token));
    let count = 2 + chance.below(5);
    uses(chance, customer, request, issued_at + SECOND, count, events);
    scenario::used_again(world, token, request, events);
}

/// A token is used `count` times from `at` on.
pub(super) fn uses(
    chance: &mut Chance,
    customer: Customer,
    request: Request,
    mut at: Millis,
    count: u64,
    events: &mut Vec<(Millis, Event)>,
) {
    for nth in 0..count {
        let flaw = match chance.below(600) {
            // The first use of a token can always be read, so that the token is seen.
            0 if nth > 0 => Flaw::GatewayLineCut,
            1 => Flaw::EdgeLineCut,
            2 => Flaw::ApplicationLineCut,
            3 => Flaw::GatewayLineTwice,
            _ => Flaw::None,
        };
        events.push((
            at,
            Event::Request(Request {
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
        lifetime: LIFETIME,
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
