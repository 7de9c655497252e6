//! Conditions that put verdicts in doubt, and what each changes in the replica.
//!
//! To add one: a variant of [`Scenario`] that says what it plants, what that looks like and what an
//! analyzer must make of it; its line in [`Scenario::ALL`], in the same order; and its arm in those of
//! the functions below that it needs. The generator calls these and names no scenario itself; what takes
//! more than a few lines is in `scenes.rs`.

use super::chance::Chance;
use super::pages::PageId;
use super::scenes;
use super::truth::Truth;
use super::world::{
    BEGIN, Customer, END, HARVEST, HOUR, Issuance, LOST, Millis, SECOND, World, day,
};
use super::{Event, KEYS, Request, Subject, Target, Token};

/// A condition under which the replica is logged or attacked.
///
/// The first fourteen are honest: tokens that look wrong, and are not. In the last four the forged
/// tokens hide. In all of them the attack runs beside, unless nobody forges, and the application's
/// login log is there and complete: the attacker never logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Nothing is changed but that the login log is there. The verdicts are those of the replica.
    Baseline,
    /// The issuer has two instances behind one sequence, and one's clock is four minutes fast: half of
    /// the honest tokens claim, and their records say, a time after their login and first uses. Order
    /// of numbers and of times disagree, which is neither a hole nor a sign of forgery.
    ClockSkew,
    /// One rotated file of the issuance log, from the middle of the harvest, is missing; it lies in
    /// `late/`. The sequence has a hole of some days: without the file the tokens of these days are in
    /// doubt, with it they are not.
    LateFile,
    /// The issuance records of one whole day of the harvest are lost. The sequence goes on, so that the
    /// hole shows; the honest tokens of the day look as unissued as the forged ones.
    LostDay,
    /// Two customers in five get their tokens from a second data centre of the same issuer, with the
    /// same keys. Its log is not in the evidence and its issuances take no number of the first log's
    /// sequence, which therefore looks complete: many honest tokens have no record.
    SecondDataCentre,
    /// The same, but the second data centre signs with a key of its own: it is in the key inventory,
    /// and no record names it. The log says nothing about tokens of that key.
    SecondDataCentreOwnKey,
    /// Customers who logged in up to twelve hours before the logs begin, with a first token that lives
    /// thirteen hours, use it after that and renew it every fifty minutes. The first tokens have no
    /// record because there was no log yet; their logins are in the login log, which goes back as far.
    RefreshChain,
    /// One honest token in eight is used once more, hours or a day after its expiry, from the same
    /// address: a client kept it, and the gateway does not check. Such a use is no forgery.
    CachedToken,
    /// All honest customers are behind a carrier's addresses, and so is the whole fleet: an address
    /// tells nothing about who uses it.
    CarrierNat,
    /// The company tests itself: within two hours some hundred logins of fifty accounts from one
    /// address of its own, each recorded. For ten minutes of it the issuance log lost its records. That
    /// looks like a crawl with a hole, and is honest.
    LoadTest,
    /// The issuance log has no sequence, and one record in twenty is lost at random. Nothing shows
    /// which are missing: absence of a record means little.
    Unnumbered,
    /// The issuance log has no sequence, and lacks nothing but the replica's lost hours. Nothing but
    /// the honest tokens' own records shows that it is complete.
    UnnumberedComplete,
    /// Three issuance records in five were never written, and the sequence counts only the written
    /// ones: it shows no hole, and is worth nothing.
    BrokenLog,
    /// The attack outnumbers the customers by far: a twentieth of the honest sessions, though at least
    /// two hundred. Whatever is rare is not for that reason forged, nor the usual honest.
    Outnumbered,
    /// The crawl's tokens all claim an issue time within the hours for which the issuance log is lost,
    /// months before or after their use. That no record is there proves nothing; the use's time does.
    HiddenInGap,
    /// Every forged token has the id, the subject and the key of a token that was issued and recorded
    /// one or two days before, and never used by its owner at these gateways; only its issue and expiry
    /// times are its own. A record is there, and it is not this token's.
    RealIds,
    /// Every forged token names an account that was closed before: in part before the logs begin.
    /// Nobody can have logged in to it.
    ClosedAccounts,
    /// One request a day, each with a new forged token for an open account, from a carrier's address
    /// that a customer uses too. Neither numbers nor addresses give the attacker away.
    OneADay,
}

impl Scenario {
    /// All of them, each with its name and what it is.
    pub const ALL: [(Scenario, &'static str, &'static str); 18] = [
        (
            Scenario::Baseline,
            "baseline",
            "The replica with a login log",
        ),
        (
            Scenario::ClockSkew,
            "clock-skew",
            "One of the issuer's two instances is four minutes fast",
        ),
        (
            Scenario::LateFile,
            "late-file",
            "A file of the issuance log is missing; it lies in late/",
        ),
        (
            Scenario::LostDay,
            "lost-day",
            "The issuance records of a whole day are lost",
        ),
        (
            Scenario::SecondDataCentre,
            "second-data-centre",
            "Two customers in five get tokens from a data centre whose log is not there",
        ),
        (
            Scenario::SecondDataCentreOwnKey,
            "second-data-centre-own-key",
            "The same, and that data centre has its own key",
        ),
        (
            Scenario::RefreshChain,
            "refresh-chain",
            "Customers logged in before the logs begin and renew their tokens",
        ),
        (
            Scenario::CachedToken,
            "cached-token",
            "Honest tokens are used again long after their expiry",
        ),
        (
            Scenario::CarrierNat,
            "carrier-nat",
            "Customers and fleet share a carrier's addresses",
        ),
        (
            Scenario::LoadTest,
            "load-test",
            "The company's own load test, and ten minutes of it not recorded",
        ),
        (
            Scenario::Unnumbered,
            "unnumbered",
            "The issuance log has no sequence and lost one record in twenty",
        ),
        (
            Scenario::UnnumberedComplete,
            "unnumbered-complete",
            "The issuance log has no sequence and is complete but for some hours",
        ),
        (
            Scenario::BrokenLog,
            "broken-log",
            "Three records in five were never written, and the sequence hides it",
        ),
        (
            Scenario::Outnumbered,
            "outnumbered",
            "A twentieth of the honest sessions",
        ),
        (
            Scenario::HiddenInGap,
            "hidden-in-gap",
            "Forged tokens claim to be issued while the issuance log was lost",
        ),
        (
            Scenario::RealIds,
            "real-ids",
            "Forged tokens have id and subject of tokens that were issued",
        ),
        (
            Scenario::ClosedAccounts,
            "closed-accounts",
            "Forged tokens name accounts that were closed before",
        ),
        (
            Scenario::OneADay,
            "one-a-day",
            "One forged token and one request a day, from addresses of customers",
        ),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Scenario::ALL[self as usize].1
    }

    /// What it is, in a line.
    pub fn what(self) -> &'static str {
        Scenario::ALL[self as usize].2
    }

    /// The scenario of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Scenario::ALL.into_iter();
        all.find(|(_, other, _)| *other == name)
            .map(|(scenario, ..)| scenario)
    }
}

// Kinds of chance; the replica's own have smaller numbers, those of `scenes.rs` greater ones.
const INSTANCE: u64 = 101;
const ELSEWHERE: u64 = 102;
const LOSS: u64 = 103;
const CACHED: u64 = 104;
const GUISE: u64 = 105;

/// How fast the second instance's clock is.
const SKEW: Millis = 240 * SECOND;
/// The first issuance file written to after this moment is the one that is late.
const LATE: Millis = day(208) + 12 * HOUR;
/// The day without issuance records.
const LOST_DAY: (Millis, Millis) = (day(190), day(191));
/// The load test, and the minutes of it without issuance records.
pub(super) const LOAD_TEST: (Millis, Millis) = (day(200) + 10 * HOUR, day(200) + 12 * HOUR);
pub(super) const LOAD_HOLE: (Millis, Millis) = (
    LOAD_TEST.0 + 55 * 60 * SECOND,
    LOAD_TEST.0 + 65 * 60 * SECOND,
);

/// Changes how much of everything there is.
pub(super) fn resize(world: &mut World) {
    match world.scenario {
        Some(Scenario::CarrierNat) => {
            // One carrier's address more than the fleet has: so all of these are carriers'.
            world.fleet = world.fleet.min(200);
            world.carriers = world.fleet + 1;
        }
        Some(Scenario::OneADay) => world.carriers = 200,
        Some(Scenario::ClosedAccounts) => world.shut = (world.accounts / 10).max(60),
        Some(Scenario::Outnumbered) => world.sessions = (world.sessions / 20).max(200),
        _ => {}
    }
}

/// Whether accounts that are not open when the crawl comes were all closed, none opened later.
pub(super) fn none_opens_late(world: &World) -> bool {
    world.scenario == Some(Scenario::ClosedAccounts)
}

/// Whether every customer is behind a carrier's address.
pub(super) fn all_behind_carriers(world: &World) -> bool {
    world.scenario == Some(Scenario::CarrierNat)
}

/// A key of the inventory that the replica does not have.
pub(super) fn further_key(world: &World) -> Option<&'static str> {
    (world.scenario == Some(Scenario::SecondDataCentreOwnKey)).then_some(KEYS[3])
}

/// Whether issuance records have a number.
pub(super) fn numbered(world: &World) -> bool {
    !matches!(
        world.scenario,
        Some(Scenario::Unnumbered | Scenario::UnnumberedComplete)
    )
}

/// After how many lines the issuance log is rotated, where other logs are after `usual`.
pub(super) fn issuance_rotation(world: &World, usual: u64) -> u64 {
    match world.scenario {
        Some(Scenario::LateFile) => (world.sessions / 20).clamp(20, usual),
        _ => usual,
    }
}

/// Whether the first file with a record of `at` or later is put aside.
pub(super) fn arrives_late(world: &World, at: Millis) -> bool {
    world.scenario == Some(Scenario::LateFile) && at >= LATE
}

/// An honest token as it is really issued, and whether the issuance log of the evidence hears of it.
pub(super) fn minted(world: &World, token: Token) -> (Token, bool) {
    let elsewhere = || match token.subject {
        Subject::Customer(customer) => Chance::of(world.seed, ELSEWHERE, customer).below(100) < 40,
        Subject::Stock => false,
    };
    match world.scenario {
        Some(Scenario::ClockSkew) if Chance::of(world.seed, INSTANCE, token.id).one_in(2) => {
            let issued_at = token.issued_at + SKEW;
            (Token { issued_at, ..token }, true)
        }
        Some(Scenario::SecondDataCentre) if elsewhere() => (token, false),
        Some(Scenario::SecondDataCentreOwnKey) if elsewhere() => (Token { key: 3, ..token }, false),
        _ => (token, true),
    }
}

/// What becomes of the record of a token issued at `at`.
pub(super) fn record(world: &World, at: Millis, token: &Token) -> Issuance {
    let usual = World::issuance(at);
    let within = |(from, to): (Millis, Millis)| (from..to).contains(&at);
    let drawn = |percent| Chance::of(world.seed, LOSS, token.id).below(100) < percent;
    match world.scenario {
        Some(Scenario::LostDay) if within(LOST_DAY) => Issuance::Lost,
        Some(Scenario::LoadTest) if within(LOAD_HOLE) => Issuance::Lost,
        Some(Scenario::Unnumbered) if drawn(5) => Issuance::Lost,
        Some(Scenario::UnnumberedComplete) if usual == Issuance::Damaged => Issuance::Logged,
        Some(Scenario::BrokenLog) if usual == Issuance::Lost || drawn(60) => Issuance::Unwritten,
        // A damaged line would be a hole of the sequence.
        Some(Scenario::BrokenLog) => Issuance::Logged,
        _ => usual,
    }
}

/// An honest token may be used once more when it has long expired.
pub(super) fn used_again(
    world: &World,
    token: Token,
    request: Request,
    events: &mut Vec<(Millis, Event)>,
) {
    let Subject::Customer(customer) = token.subject else {
        return;
    };
    let mut chance = Chance::of(world.seed, CACHED, token.id);
    if world.scenario != Some(Scenario::CachedToken) || !chance.one_in(8) {
        return;
    }
    let expired = token.issued_at + token.lifetime;
    let at = expired + 2 * HOUR + chance.below((28 * HOUR) as u64) as i64;
    if at < END && world.open_at(customer, at) {
        let again = Request {
            target: Target::Page(PageId::MyInformation),
            status: 200,
            bytes: 480,
            served: Some((customer, 1)),
            ..request
        };
        events.push((at, Event::Request(again)));
    }
}

/// Moments at which somebody logs in for certain, beside the replica's own.
pub(super) fn certain_logins(world: &World) -> Vec<Millis> {
    if world.scenario != Some(Scenario::LostDay) {
        return Vec::new();
    }
    let mut logins = vec![LOST_DAY.0 - 30 * SECOND];
    logins.extend((0..24).map(|hour| LOST_DAY.0 + hour * HOUR + HOUR / 2));
    logins.push(LOST_DAY.1 + 30 * SECOND);
    logins
}

/// Honest activity of the hour that the replica does not have.
pub(super) fn hour(
    world: &World,
    hour: (Millis, Millis),
    events: &mut Vec<(Millis, Event)>,
    truth: &mut Truth<'_>,
) {
    match world.scenario {
        Some(Scenario::RefreshChain) if hour.0 == BEGIN => scenes::chains(world, events, truth),
        Some(Scenario::LoadTest) if hour.0 < LOAD_TEST.1 && hour.1 > LOAD_TEST.0 => {
            scenes::load_test(world, hour, events, truth);
        }
        _ => {}
    }
}

/// How far ahead of the logs the attack is made up, so that it can lay out what comes before it.
pub(super) fn ahead(world: &World) -> Millis {
    match world.scenario {
        Some(Scenario::RealIds) => 48 * HOUR,
        _ => 0,
    }
}

/// What a forged token says.
pub(super) struct Guise {
    pub(super) customer: Customer,
    /// The id, if it is not the attacker's invention.
    pub(super) id: Option<u64>,
    pub(super) issued_at: Millis,
}

/// What the `pass`-th forged token says, made to reach the account `number` at `at`.
pub(super) fn guise(
    world: &World,
    number: Customer,
    at: Millis,
    pass: u64,
    events: &mut Vec<(Millis, Event)>,
) -> Guise {
    let plain = Guise {
        customer: number,
        id: None,
        issued_at: at - 2 * SECOND,
    };
    let mut chance = Chance::of(world.seed, GUISE, pass);
    match world.scenario {
        Some(Scenario::HiddenInGap) if at >= HARVEST.0 => Guise {
            issued_at: LOST.0 + chance.below((LOST.1 - LOST.0) as u64) as i64,
            ..plain
        },
        Some(Scenario::RealIds) => {
            let (customer, id) = scenes::issued_before(world, at, pass, &mut chance, events);
            Guise {
                customer,
                id: Some(id),
                ..plain
            }
        }
        Some(Scenario::ClosedAccounts) => Guise {
            customer: scenes::closed_before(world, at, &mut chance),
            ..plain
        },
        _ => plain,
    }
}

/// Whether the attacker makes one request a day, and nothing else.
pub(super) fn one_a_day(world: &World) -> bool {
    world.scenario == Some(Scenario::OneADay)
}
