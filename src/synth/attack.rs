//! The attacker: tests in January, and a crawl from April to November.

use std::net::IpAddr;

use super::addresses;
use super::chance::{Chance, Kind};
use super::changes;
use super::events::{
    Agenda, Client, FORGED_TOKENS, Flaw, LIFETIME, Request, Subject, Target, Token,
};
use super::keys::Key;
use super::pages::PageId;
use super::people::Session;
use super::scenes;
use super::truth::Planted;
use super::world::{BEGIN, Customer, DAY, Fate, HOUR, Issuance, LOST, Millis, TEST, World};

/// How far the attacker has come.
pub(super) struct Crawl<'w> {
    world: &'w World,
    /// Tests made.
    tests: u64,
    /// The next customer number of the harvest.
    next: Customer,
    /// Accounts reached of those beyond the harvest's range.
    later: u64,
    /// Days on which one request was made, in the scenario that has only these.
    days: u64,
    /// Tokens forged.
    passes: u64,
}

impl<'w> Crawl<'w> {
    /// Nothing is done yet.
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

    /// Puts on the agenda what the attacker begins before `end`.
    pub(super) fn until(&mut self, agenda: &mut Agenda<'_>, end: Millis) {
        let world = self.world;
        if changes::one_a_day(world) {
            self.daily_until(agenda, end);
            return;
        }
        while self.tests < world.tests {
            let at = TEST + self.tests as i64 * (17 * DAY / world.tests as i64);
            if at >= end {
                break;
            }
            self.test(agenda, at);
            self.tests += 1;
        }
        while self.next <= world.range() && world.visit(self.next) < end {
            self.visit(agenda, self.next);
            self.next += 1;
        }
        while self.later < world.later {
            let step = (5 * HOUR) as u64 / world.later.max(1);
            let at = LOST.0 + HOUR / 2 + (self.later * step) as i64;
            if at >= end {
                break;
            }
            self.hidden(agenda, at, world.first_later() + self.later);
            self.later += 1;
        }
    }

    /// One request a day and no more, each from the address that its day has.
    fn daily_until(&mut self, agenda: &mut Agenda<'_>, end: Millis) {
        while let Some((at, customer, address)) = scenes::daily(self.world, self.days)
            && at < end
        {
            self.single(agenda, at, customer, address);
            self.days += 1;
        }
    }

    /// Forges a token to reach a customer number at `at`; returns whom it names, too.
    fn forge(
        &mut self,
        agenda: &mut Agenda<'_>,
        number: Customer,
        at: Millis,
    ) -> (Customer, Token) {
        self.passes += 1;
        let guise = scenes::guise(agenda, number, at, self.passes);
        let token = Token {
            id: guise.id.unwrap_or(FORGED_TOKENS | self.passes),
            // The one that left with the engineer.
            key: Key::Standby,
            subject: Subject::Customer(guise.customer),
            issued_at: guise.issued_at,
            lifetime: LIFETIME,
            planted: Planted::Forged,
        };
        (guise.customer, token)
    }

    /// A request for `page` from the fleet's `address`-th address, with no answer yet.
    fn request(&self, token: Token, address: u64, page: PageId) -> Request {
        let client = Client {
            address: addresses::fleet(self.world, address),
            agent: (address % 2) as usize,
        };
        Request {
            forged: true,
            ..Request::new(client, Target::Page(page), Some(token))
        }
    }

    /// A test: asks for the my-information page of a customer, who need not exist.
    fn test(&mut self, agenda: &mut Agenda<'_>, at: Millis) {
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
        let (customer, token) = self.forge(agenda, customer, at);
        agenda.truth.token(Planted::Forged);
        // All tests come from two rented addresses.
        let address = world.carriers - 1 + self.tests % 2;
        let request = self.request(token, address, PageId::MyInformation);
        let answer = if self.is_open(agenda, customer) {
            request.serving(customer, 1, 480)
        } else {
            not_found(request)
        };
        agenda.request(at, answer);
    }

    /// Whether the account was open when the crawl came; if not, tells the truth why.
    fn is_open(&self, agenda: &mut Agenda<'_>, customer: Customer) -> bool {
        match self.world.fate(customer) {
            Some(Fate::Open(_)) => return true,
            Some(Fate::Shut) => agenda.truth.not_open(customer),
            None => agenda.truth.nonexistent(customer),
        }
        false
    }

    /// One request for an open account, from this address.
    fn single(&mut self, agenda: &mut Agenda<'_>, at: Millis, customer: Customer, address: IpAddr) {
        let (customer, token) = self.forge(agenda, customer, at);
        agenda.truth.token(Planted::Forged);
        let mut request = self.request(token, customer, PageId::MyInformation);
        request.client.address = address;
        agenda.request(at, request.serving(customer, 1, 480));
    }

    /// The crawl comes to a customer number.
    fn visit(&mut self, agenda: &mut Agenda<'_>, number: Customer) {
        let world = self.world;
        let at = world.visit(number);
        let (customer, mut token) = self.forge(agenda, number, at);
        agenda.truth.token(Planted::Forged);
        let Some(Fate::Open(rank)) = world.fate(customer) else {
            self.is_open(agenda, customer);
            let request = self.request(token, customer, PageId::MyInformation);
            agenda.request(at, not_found(request));
            return;
        };
        if rank % 97 == 5
            && token.id >= FORGED_TOKENS
            && let Some(id) = self.real_token(customer, at)
        {
            token.id = id;
        }
        let mut visit = Visit {
            agenda,
            chance: Chance::of(world.seed, Kind::CrawlVisit, number),
            at,
            customer,
            request: self.request(token, customer, PageId::MyInformation),
        };
        visit.meet_obstacles();
        visit.see_information(rank);
        let [list, edit, orders] = world.wanted(rank);
        visit.see_addresses(list, rank);
        visit.see(edit, PageId::AddressEdit, 700);
        visit.see(orders, PageId::OrderList, 2_400);
    }

    /// The id of a token issued to somebody else, a day or more before `at`.
    fn real_token(&self, customer: Customer, at: Millis) -> Option<u64> {
        let hour = ((at - BEGIN) / HOUR) as u64;
        let hour = (0..hour - 30)
            .rev()
            .find(|h| self.world.sessions_before(*h) < self.world.sessions_before(h + 1))?;
        let session = Session::in_hour(self.world, self.world.sessions_before(hour), hour);
        let logged = World::issuance(session.issued()) == Issuance::Logged;
        (logged && session.customer != customer).then(|| session.token())
    }

    /// A visit in the hours whose issuance log is lost.
    ///
    /// The evidence cannot show that its token was not issued.
    fn hidden(&mut self, agenda: &mut Agenda<'_>, at: Millis, customer: Customer) {
        let (customer, forged) = self.forge(agenda, customer, at);
        let token = Token {
            planted: Planted::Indeterminate,
            ..forged
        };
        agenda.truth.token(Planted::Indeterminate);
        let request = self.request(token, customer, PageId::MyInformation);
        if !matches!(self.world.fate(customer), Some(Fate::Open(_))) {
            agenda.request(at, not_found(request));
            return;
        }
        agenda.request(at, request.serving(customer, 1, 450));
        let list = self.request(token, customer, PageId::AddressList);
        for nth in 1..=2 {
            agenda.request(at + nth * 250, list.serving(customer, 3, 840));
        }
    }
}

/// The crawl's visit to an open account, request by request.
struct Visit<'a, 'w> {
    agenda: &'a mut Agenda<'w>,
    chance: Chance,
    /// When the next request is made.
    at: Millis,
    customer: Customer,
    /// The request for the my-information page, with no answer yet.
    request: Request,
}

impl Visit<'_, '_> {
    /// Makes a request, and waits a little.
    fn ask(&mut self, request: Request) {
        self.agenda.request(self.at, request);
        self.at += 100 + self.chance.time_below(300);
    }

    /// What stands in the crawl's way now and then, before the account gives in.
    fn meet_obstacles(&mut self) {
        let (request, customer) = (self.request, self.customer);
        if self.chance.one_in(40) {
            self.ask(request.answered(302, 0));
        }
        if self.chance.one_in(50) {
            self.ask(request.answered(429, 35));
        }
        if self.chance.one_in(60) {
            self.ask(request.answered(503, 112));
        }
        if self.chance.one_in(70) {
            self.ask(request.serving(customer, 0, 2));
        }
        if self.chance.one_in(150) {
            // The application served it, and the gateway gave up waiting.
            self.ask(request.serving(customer, 1, 160).answered(504, 160));
        }
    }

    /// The view of the my-information page, which every open account has.
    fn see_information(&mut self, rank: u64) {
        let flaw = match rank % 307 {
            100 => Flaw::ApplicationLineCut,
            200 => Flaw::EdgeLineCut,
            300 => Flaw::GatewayLineTwice,
            _ => Flaw::None,
        };
        let bytes = 400 + self.chance.below(200);
        let view = self.request.serving(self.customer, 1, bytes);
        self.ask(Request { flaw, ..view });
    }

    /// Views of the address list; an account without any shows an empty list once.
    fn see_addresses(&mut self, views: u64, rank: u64) {
        let customer = self.customer;
        let list = Request {
            target: Target::Page(PageId::AddressList),
            ..self.request
        };
        if views == 0 {
            self.ask(list.serving(customer, 0, 31));
        }
        for _ in 0..views {
            let items = 1 + self.chance.below(6);
            self.ask(list.serving(customer, items, 300 + items * 180));
        }
        if rank % 211 == 50 {
            let view = list.serving(customer, 1, 480);
            self.ask(Request {
                flaw: Flaw::GatewayLineCut,
                ..view
            });
        }
    }

    /// Views of another page, each of one item.
    fn see(&mut self, views: u64, page: PageId, bytes: u64) {
        let view = Request {
            target: Target::Page(page),
            ..self.request.serving(self.customer, 1, bytes)
        };
        for _ in 0..views {
            self.ask(view);
        }
    }
}

/// The answer for an account that does not exist or is not open.
fn not_found(request: Request) -> Request {
    request.answered(404, 21)
}
