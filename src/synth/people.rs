//! What a person does: begins a session, logs in, and looks at the shop.

use super::addresses;
use super::chance::{Chance, Kind};
use super::changes::{self, Minted};
use super::events::{
    Agenda, Client, Event, Flaw, Grant, LIFETIME, Request, Subject, Target, Token,
};
use super::keys::Key;
use super::pages::PageId;
use super::truth::Planted;
use super::world::{self, Customer, HOURS, Issuance, Millis, SECOND, STANDBY_KEY_LIFE, World};

/// From a login to the issue of its token.
pub(super) const ISSUED_AFTER: Millis = 40;

/// An honest session: who begins it, when and from where.
///
/// All of it follows from the session's number, so that any session can be looked up.
pub(super) struct Session<'w> {
    world: &'w World,
    number: u64,
    pub(super) begin: Millis,
    pub(super) customer: Customer,
    pub(super) client: Client,
    /// Decides what else happens in it.
    pub(super) chance: Chance,
}

impl<'w> Session<'w> {
    /// The `number`-th session; `begin` draws or says when it begins.
    pub(super) fn at(
        world: &'w World,
        number: u64,
        begin: impl FnOnce(&mut Chance) -> Millis,
    ) -> Self {
        let mut chance = Chance::of(world.seed, Kind::Session, number);
        let begin = begin(&mut chance);
        let customer = world.honest_customer(&mut chance, begin);
        let at_carrier = chance.below(10) < 3 || changes::all_behind_carriers(world);
        let address = if at_carrier {
            addresses::carrier(chance.below(world.carriers))
        } else {
            addresses::home(world.seed, customer)
        };
        let agent = chance.below(4) as usize;
        Session {
            world,
            number,
            begin,
            customer,
            client: Client { address, agent },
            chance,
        }
    }

    /// The `number`-th session, which begins in the `hour`-th hour of the logs.
    pub(super) fn in_hour(world: &'w World, number: u64, hour: u64) -> Self {
        let (from, to) = world::hour(hour);
        Session::at(world, number, |chance| from + chance.time_below(to - from))
    }

    /// The `number`-th session, in whichever hour it begins.
    pub(super) fn numbered(world: &'w World, number: u64) -> Self {
        // The last hour before which no more sessions begin than this one's number.
        let (mut hour, mut after) = (0, HOURS);
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

    /// The id of the token that the session's login gives.
    pub(super) fn token(&self) -> u64 {
        self.number * 4
    }

    /// When that token is issued.
    pub(super) fn issued(&self) -> Millis {
        self.begin + ISSUED_AFTER
    }

    /// The customer gets the session's `nth` token at `begin` and uses it a few times.
    pub(super) fn obtain_and_use(
        &mut self,
        agenda: &mut Agenda<'_>,
        nth: u64,
        begin: Millis,
        client: Client,
        grant: Grant,
    ) {
        let world = self.world;
        let id = self.token() + nth;
        let chance = &mut self.chance;
        let issued_at = begin + ISSUED_AFTER;
        let planted = match World::issuance(issued_at) {
            Issuance::Logged => Planted::Legitimate,
            Issuance::Lost | Issuance::Damaged | Issuance::Unwritten => Planted::Indeterminate,
        };
        let standby = chance.one_in(3) && issued_at < STANDBY_KEY_LIFE.1;
        let minted = changes::minted(
            world,
            Token {
                id,
                key: if standby { Key::Standby } else { Key::Primary },
                subject: Subject::Customer(self.customer),
                issued_at,
                lifetime: LIFETIME,
                planted,
            },
        );
        login(agenda, begin, client, &minted, grant);
        agenda.truth.token(planted);
        let count = 2 + chance.below(5);
        let request = Request::new(client, Target::Home, Some(minted.token));
        uses(
            agenda,
            chance,
            self.customer,
            request,
            issued_at + SECOND,
            count,
        );
        if let Some((at, again)) = changes::used_again(world, &minted.token, request) {
            agenda.request(at, again);
        }
    }
}

/// A customer logs in, or renews a token, at `begin`, and is handed the token.
pub(super) fn login(
    agenda: &mut Agenda<'_>,
    begin: Millis,
    client: Client,
    minted: &Minted,
    grant: Grant,
) {
    let token = minted.token;
    let request = Request::new(client, Target::Login, None).answered(302, 0);
    agenda.request(begin, request);
    if let Some(customer) = token.customer()
        && changes::logs_logins(agenda.world)
    {
        let address = client.address;
        let login = Event::Login {
            customer,
            address,
            grant,
        };
        agenda.add(begin, login);
    }
    if minted.here {
        agenda.add(begin + ISSUED_AFTER, Event::Issued { token, grant });
    }
}

/// A customer makes `count` requests from `at` on.
///
/// They have client and token of `request`, and each is for whatever the customer looks at.
pub(super) fn uses(
    agenda: &mut Agenda<'_>,
    chance: &mut Chance,
    customer: Customer,
    request: Request,
    mut at: Millis,
    count: u64,
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
        let seen = look(chance, customer, request);
        agenda.request(at, Request { flaw, ..seen });
        at += 5 * SECOND + chance.time_below(90 * SECOND);
    }
}

/// A customer looks at something: a page of theirs, the home page or a product.
fn look(chance: &mut Chance, customer: Customer, request: Request) -> Request {
    let failed = chance.one_in(90);
    let (target, bytes, items) = match chance.below(20) {
        0..4 => {
            let bytes = 400 + chance.below(200);
            (Target::Page(PageId::MyInformation), bytes, 1)
        }
        4..7 => match chance.below(8) {
            0 => (Target::Page(PageId::AddressList), 31, 0),
            items => (Target::Page(PageId::AddressList), 300 + items * 180, items),
        },
        7 => {
            let bytes = 500 + chance.below(300);
            (Target::Page(PageId::AddressEdit), bytes, 1)
        }
        8..11 => {
            let bytes = 900 + chance.below(3_000);
            (Target::Page(PageId::OrderList), bytes, 1 + chance.below(5))
        }
        11..14 => (Target::Home, 12_000 + chance.below(900), 0),
        _ => {
            let product = chance.below(5_000);
            (Target::Product(product), 6_000 + chance.below(4_000), 0)
        }
    };
    let request = Request { target, ..request };
    if failed {
        return request.answered(503, 112);
    }
    match target {
        Target::Page(_) => request.serving(customer, items, bytes),
        _ => request.answered(200, bytes),
    }
}
