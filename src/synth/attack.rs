//! The attacker: tests in January, the crawl from April to November, and what it meets.

use std::net::IpAddr;

use super::chance::Chance;
use super::honest::Session;
use super::pages::PageId;
use super::truth::{Planted, Truth};
use super::world::{BEGIN, Customer, DAY, Fate, HOUR, Issuance, LOST, Millis, TEST, World};
use super::{Event, Flaw, LIFETIME, Request, Subject, Target, Token, fleet, scenario, scenes};

const VISIT: u64 = 2;
/// Token ids of forged passes begin here.
const FORGED_TOKENS: u64 = 1 << 62;

/// How far the attacker has come.
pub(super) struct Crawl<'w> {
    world: &'w World,
    tests: u64,
    next: Customer,
    later: u64,
    /// Days on which one request was made, in the scenario that has only these.
    days: u64,
    passes: u64,
}

impl<'w> Crawl<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        Crawl {
            world,
            tests: 0,
            next: 1,
            later: 0,
            days: 0,
            passes: 0,
        }
    }

    /// What the attacker does before `end`.
    pub(super) fn until(
        &mut self,
        end: Millis,
        events: &mut Vec<(Millis, Event)>,
        truth: &mut Truth<'_>,
    ) {
        let world = self.world;
        if scenario::one_a_day(world) {
            while let Some((at, customer, address)) = scenes::daily(world, self.days)
                && at < end
            {
                self.single(at, customer, address, events, truth);
                self.days += 1;
            }
            return;
        }
        while self.tests < world.tests {
            let at = TEST + self.tests as i64 * (17 * DAY / world.tests as i64);
            if at >= end {
                break;
            }
            self.test(at, events, truth);
            self.tests += 1;
        }
        while self.next <= world.range() && world.visit(self.next) < end {
            self.visit(self.next, events, truth);
            self.next += 1;
        }
        while self.later < world.later {
            let step = (5 * HOUR) as u64 / world.later.max(1);
            let at = LOST.0 + HOUR / 2 + (self.later * step) as i64;
            if at >= end {
                break;
            }
            self.hidden(at, world.first_later() + self.later, events, truth);
            self.later += 1;
        }
    }

    /// A pass for a customer number, and whom it names.
    fn forge(
        &mut self,
        number: Customer,
        at: Millis,
        events: &mut Vec<(Millis, Event)>,
    ) -> (Customer, Token) {
        self.passes += 1;
        let guise = scenario::guise(self.world, number, at, self.passes, events);
        let token = Token {
            id: guise.id.unwrap_or(FORGED_TOKENS | self.passes),
            // The standby key: the one that left with the engineer.
            key: 1,
            subject: Subject::Customer(guise.customer),
            issued_at: guise.issued_at,
            lifetime: LIFETIME,
            planted: Planted::Forged,
        };
        (guise.customer, token)
    }

    fn request(&self, token: Token, address: u64, page: PageId) -> Request {
        Request {
            address: fleet(self.world, address),
            target: Target::Page(page),
            status: 200,
            bytes: 0,
            agent: (address % 2) as usize,
            token: Some(token),
            served: None,
            flaw: Flaw::None,
            forged: true,
        }
    }

    /// A test in January: the my-information page of a few customers, some of whom do not exist.
    fn test(&mut self, at: Millis, events: &mut Vec<(Millis, Event)>, truth: &mut Truth<'_>) {
        let world = self.world;
        let start = 1 + self.tests * 7_919 % world.range();
        let wanted = |customer: &Customer| match world.fate(*customer) {
            None => self.tests % 3 == 2,
            Some(Fate::Open(_)) => self.tests % 3 != 2,
            Some(Fate::Shut) => false,
        };
        let Some(customer) = (start..=world.range()).chain(1..start).find(wanted) else {
            return;
        };
        let (customer, token) = self.forge(customer, at, events);
        truth.token(Planted::Forged);
        // Two rented addresses.
        let request = self.request(
            token,
            world.carriers - 1 + self.tests % 2,
            PageId::MyInformation,
        );
        let answer = if self.open(customer, truth) {
            Request {
                bytes: 480,
                served: Some((customer, 1)),
                ..request
            }
        } else {
            not_found(request)
        };
        events.push((at, Event::Request(answer)));
    }

    /// Whether the account was open when the crawl came; if not, the truth is told why.
    fn open(&self, customer: Customer, truth: &mut Truth<'_>) -> bool {
        match self.world.fate(customer) {
            Some(Fate::Open(_)) => return true,
            Some(Fate::Shut) => truth.not_open(customer),
            None => truth.nonexistent(customer),
        }
        false
    }

    /// One request and no more, from this address.
    fn single(
        &mut self,
        at: Millis,
        customer: Customer,
        address: IpAddr,
        events: &mut Vec<(Millis, Event)>,
        truth: &mut Truth<'_>,
    ) {
        let (customer, token) = self.forge(customer, at, events);
        truth.token(Planted::Forged);
        let request = Request {
            address,
            bytes: 480,
            served: Some((customer, 1)),
            ..self.request(token, customer, PageId::MyInformation)
        };
        events.push((at, Event::Request(request)));
    }

    /// The crawl comes to a customer number.
    fn visit(
        &mut self,
        customer: Customer,
        events: &mut Vec<(Millis, Event)>,
        truth: &mut Truth<'_>,
    ) {
        let world = self.world;
        let mut at = world.visit(customer);
        let mut chance = Chance::of(world.seed, VISIT, customer);
        let (customer, mut token) = self.forge(customer, at, events);
        truth.token(Planted::Forged);
        let Some(Fate::Open(rank)) = world.fate(customer) else {
            self.open(customer, truth);
            let request = self.request(token, customer, PageId::MyInformation);
            events.push((at, Event::Request(not_found(request))));
            return;
        };
        if rank % 97 == 5
            && token.id >= FORGED_TOKENS
            && let Some(id) = self.real_token(customer, at)
        {
            token.id = id;
        }
        let request = self.request(token, customer, PageId::MyInformation);
        let mut push = |request: Request, chance: &mut Chance| {
            events.push((at, Event::Request(request)));
            at += 100 + chance.below(300) as i64;
        };
        // What stands in the crawl's way; the account gives in on the next try.
        let refused = |status, bytes| Request {
            status,
            bytes,
            ..request
        };
        if chance.one_in(40) {
            push(refused(302, 0), &mut chance);
        }
        if chance.one_in(50) {
            push(refused(429, 35), &mut chance);
        }
        if chance.one_in(60) {
            push(refused(503, 112), &mut chance);
        }
        if chance.one_in(70) {
            push(
                Request {
                    bytes: 2,
                    served: Some((customer, 0)),
                    ..request
                },
                &mut chance,
            );
        }
        if chance.one_in(150) {
            push(
                Request {
                    status: 504,
                    bytes: 160,
                    served: Some((customer, 1)),
                    ..request
                },
                &mut chance,
            );
        }
        let flaw = match rank % 307 {
            100 => Flaw::ApplicationLineCut,
            200 => Flaw::EdgeLineCut,
            300 => Flaw::GatewayLineTwice,
            _ => Flaw::None,
        };
        let bytes = 400 + chance.below(200);
        push(
            Request {
                bytes,
                served: Some((customer, 1)),
                flaw,
                ..request
            },
            &mut chance,
        );
        let [list, edit, orders] = world.wanted(rank);
        let list_request = Request {
            target: Target::Page(PageId::AddressList),
            ..request
        };
        if list == 0 {
            push(
                Request {
                    bytes: 31,
                    served: Some((customer, 0)),
                    ..list_request
                },
                &mut chance,
            );
        }
        for _ in 0..list {
            let items = 1 + chance.below(6);
            push(
                Request {
                    bytes: 300 + items * 180,
                    served: Some((customer, items)),
                    ..list_request
                },
                &mut chance,
            );
        }
        if rank % 211 == 50 {
            let flaw = Flaw::GatewayLineCut;
            push(
                Request {
                    bytes: 480,
                    served: Some((customer, 1)),
                    flaw,
                    ..list_request
                },
                &mut chance,
            );
        }
        for (views, page, bytes) in [
            (edit, PageId::AddressEdit, 700),
            (orders, PageId::OrderList, 2_400),
        ] {
            for _ in 0..views {
                let target = Target::Page(page);
                push(
                    Request {
                        target,
                        bytes,
                        served: Some((customer, 1)),
                        ..request
                    },
                    &mut chance,
                );
            }
        }
    }

    /// The id of a token that was really issued, a day or more before, to somebody else.
    fn real_token(&self, customer: Customer, at: Millis) -> Option<u64> {
        let hour = ((at - BEGIN) / HOUR) as u64;
        let hour = (0..hour - 30)
            .rev()
            .find(|h| self.world.sessions_before(*h) < self.world.sessions_before(h + 1))?;
        let session = Session::in_hour(self.world, self.world.sessions_before(hour), hour);
        let logged = World::issuance(session.issued()) == Issuance::Logged;
        (logged && session.customer != customer).then(|| session.token())
    }

    /// A pass used while the issuance log was lost: nothing can show that it was not issued.
    fn hidden(
        &mut self,
        at: Millis,
        customer: Customer,
        events: &mut Vec<(Millis, Event)>,
        truth: &mut Truth<'_>,
    ) {
        let (customer, forged) = self.forge(customer, at, events);
        let token = Token {
            planted: Planted::Indeterminate,
            ..forged
        };
        truth.token(Planted::Indeterminate);
        let request = self.request(token, customer, PageId::MyInformation);
        if !matches!(self.world.fate(customer), Some(Fate::Open(_))) {
            events.push((at, Event::Request(not_found(request))));
            return;
        }
        events.push((
            at,
            Event::Request(Request {
                bytes: 450,
                served: Some((customer, 1)),
                ..request
            }),
        ));
        for nth in 1..=2 {
            let list = Request {
                target: Target::Page(PageId::AddressList),
                ..request
            };
            let answer = Request {
                bytes: 840,
                served: Some((customer, 3)),
                ..list
            };
            events.push((at + nth * 250, Event::Request(answer)));
        }
    }
}

/// The answer for an account that does not exist or is not open.
fn not_found(request: Request) -> Request {
    Request {
        status: 404,
        bytes: 21,
        ..request
    }
}
