//! What happens in a world, as its logs are told of it.

use std::net::IpAddr;

use crate::synth::world::Millis;

/// A person of a world, from 0; each holds one account.
pub(super) type Person = u64;

/// The first number that the attacker gives a token; honest tokens lie below it.
pub(super) const FORGED: u64 = 1 << 40;

/// Whom a token names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// A customer.
    Person(Person),
    /// An account that nobody has, by a number of its own.
    Nobody(u64),
}

/// How a token came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// A login gave it.
    Login,
    /// It replaced the one before it in its session.
    Refresh,
}

/// An access token, with what it claims.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// Its number, different for each token of a world.
    pub(super) number: u64,
    pub(super) holder: Holder,
    /// The number of its session.
    pub(super) session: u64,
    pub(super) grant: Grant,
    pub(super) issued_at: Millis,
    pub(super) lifetime: Millis,
    /// Which of the world's keys signs it, from 0.
    pub(super) key: usize,
    /// Whether an honest issuance at this time would have no record.
    pub(super) in_hole: bool,
}

impl Token {
    /// When it expires.
    pub(super) fn expires_at(&self) -> Millis {
        self.issued_at + self.lifetime
    }

    /// Whether the attacker made it.
    pub(super) fn is_forged(&self) -> bool {
        self.number >= FORGED
    }
}

/// Who sends a request, as a server sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) address: IpAddr,
    /// Its place in [`AGENTS`].
    pub(super) agent: usize,
}

/// What clients call themselves; the last one is the attacker's.
pub(super) static AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/131.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) ExampleBrowser/18.1",
    "ExampleApp/3.2.0 (Android 15)",
    "Mozilla/5.0 (X11; Linux x86_64) ExampleBrowser/130.0",
];

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// A page of the world's catalogue, by its place.
    Page(usize),
    /// Something that shows no account's data.
    Article(u64),
}

/// A request with a token, and its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// Its number, different for each request of a world.
    pub(super) number: u64,
    pub(super) client: Client,
    pub(super) token: Token,
    pub(super) target: Target,
    pub(super) status: u16,
    pub(super) bytes: u64,
    /// How many items of its holder's account the application served.
    pub(super) items: Option<u64>,
    /// Whether the attacker sends it.
    pub(super) by_attacker: bool,
}

/// Something that logs may record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A person logs in, and so begins a session.
    Login {
        session: u64,
        person: Person,
        client: Client,
    },
    /// A login or a grant that fails.
    Refused { person: Person, client: Client },
    /// The issuer hands out a token to a client.
    Issued { token: Token, client: Client },
    /// A request reaches the service.
    Request(Request),
}
