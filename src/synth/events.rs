//! What happens in the world, and the agenda that it is put on.

use std::fmt;
use std::net::IpAddr;

use super::keys::Key;
use super::pages::PageId;
use super::truth::{Planted, Truth};
use super::world::{Customer, HOUR, Millis, World};

/// How long a token lives, unless a scenario says otherwise.
pub(super) const LIFETIME: Millis = HOUR;

// Where the ids of each kind of token begin. Those of customers are four for each honest session, and
// lie below all of these.
/// The first id of the load test's tokens.
pub(super) const LOAD_TOKENS: u64 = 1 << 60;
/// The first id of tokens that their owners never use.
pub(super) const UNUSED_TOKENS: u64 = 3 << 59;
/// The first id of the services' tokens.
pub(super) const SERVICE_TOKENS: u64 = 1 << 61;
/// The first id that the attacker makes up.
pub(super) const FORGED_TOKENS: u64 = 1 << 62;

/// Whom a token names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    Customer(Customer),
    /// The company's stock service.
    Stock,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Customer(customer) => write!(f, "{customer}"),
            Subject::Stock => f.write_str("service-stock"),
        }
    }
}

/// An access token, with what it claims.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) id: u64,
    pub(super) key: Key,
    pub(super) subject: Subject,
    pub(super) issued_at: Millis,
    pub(super) lifetime: Millis,
    /// The verdict that it deserves.
    pub(super) planted: Planted,
}

impl Token {
    /// When it expires.
    pub(super) fn expires_at(&self) -> Millis {
        self.issued_at + self.lifetime
    }

    /// The customer that it names, if it names one.
    pub(super) fn customer(&self) -> Option<Customer> {
        match self.subject {
            Subject::Customer(customer) => Some(customer),
            Subject::Stock => None,
        }
    }
}

/// Who sends a request, as a server sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) address: IpAddr,
    /// Its place in `logs::AGENTS`.
    pub(super) agent: usize,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// A page that shows an account's data.
    Page(PageId),
    Home,
    Product(u64),
    Login,
    /// The stock of an item, which only services ask for and no edge sees.
    Stock(u64),
}

/// What goes wrong when a request is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    None,
    GatewayLineCut,
    EdgeLineCut,
    ApplicationLineCut,
    GatewayLineTwice,
}

/// A request and its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) client: Client,
    pub(super) target: Target,
    pub(super) token: Option<Token>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    /// The account that the application served, and how many items of it.
    pub(super) served: Option<(Customer, u64)>,
    pub(super) flaw: Flaw,
    /// Whether the attacker makes it.
    pub(super) forged: bool,
}

impl Request {
    /// A request with no answer yet: status 200, an empty body, nothing served.
    pub(super) fn new(client: Client, target: Target, token: Option<Token>) -> Self {
        Request {
            client,
            target,
            token,
            status: 200,
            bytes: 0,
            served: None,
            flaw: Flaw::None,
            forged: false,
        }
    }

    /// The same request, to which the application serves `items` of `account`.
    pub(super) fn serving(self, account: Customer, items: u64, bytes: u64) -> Self {
        Request {
            served: Some((account, items)),
            bytes,
            ..self
        }
    }

    /// The same request with this answer; what the application serves stays the same.
    pub(super) fn answered(self, status: u16, bytes: u64) -> Self {
        Request {
            status,
            bytes,
            ..self
        }
    }
}

/// How a customer gets a token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Grant {
    Login,
    Refresh,
}

impl Grant {
    /// The word for it in the issuance log and the login log.
    pub(super) fn event(self) -> &'static str {
        match self {
            Grant::Login => "login",
            Grant::Refresh => "refresh",
        }
    }
}

/// Something that logs may record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A request reaches the shop.
    Request(Request),
    /// The issuer hands out a token.
    Issued { token: Token, grant: Grant },
    /// The application lets a customer in, or renews their token.
    Login {
        customer: Customer,
        address: IpAddr,
        grant: Grant,
    },
}

/// What is going to happen, and the truth about all of it.
///
/// Whoever acts puts events on the agenda, of any later time, and counts the tokens that are used.
/// Requests are counted when they are logged, for what the logs show decides.
pub(super) struct Agenda<'w> {
    pub(super) world: &'w World,
    pub(super) truth: Truth<'w>,
    events: Vec<(Millis, Event)>,
}

impl<'w> Agenda<'w> {
    /// An empty agenda.
    pub(super) fn new(world: &'w World) -> Self {
        Agenda {
            world,
            truth: Truth::new(world),
            events: Vec::new(),
        }
    }

    /// Puts an event on the agenda.
    pub(super) fn add(&mut self, at: Millis, event: Event) {
        self.events.push((at, event));
    }

    /// Puts a request on the agenda.
    pub(super) fn request(&mut self, at: Millis, request: Request) {
        self.add(at, Event::Request(request));
    }

    /// Takes off the agenda what happens before `end`, in order of time.
    pub(super) fn take_until(&mut self, end: Millis) -> Vec<(Millis, Event)> {
        // Stable, so that events of one moment keep the order they were added in.
        self.events.sort_by_key(|(at, _)| *at);
        let due = self.events.partition_point(|(at, _)| *at < end);
        self.events.drain(..due).collect()
    }
}
