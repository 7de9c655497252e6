//! What each scenario changes in the replica.
//!
//! The generator asks these functions and names no scenario itself. How much of everything there is
//! changes in `world.rs`; scenes that only a scenario has are in `scenes.rs`.

use super::chance::{Chance, Kind};
use super::events::{Request, Target, Token};
use super::keys::Key;
use super::pages::PageId;
use super::scenario::Scenario;
use super::world::{END, HOUR, Issuance, Millis, SECOND, Span, World, day, within};

/// How fast the second instance's clock is.
const SKEW: Millis = 240 * SECOND;
/// The first issuance file with a record from this moment on arrives late.
const LATE: Millis = day(208) + 12 * HOUR;
/// The day without issuance records.
const LOST_DAY: Span = (day(190), day(191));
/// The load test.
pub(super) const LOAD_TEST: Span = (day(200) + 10 * HOUR, day(200) + 12 * HOUR);
/// The minutes of the load test that have no issuance records.
pub(super) const LOAD_HOLE: Span = (
    LOAD_TEST.0 + 55 * 60 * SECOND,
    LOAD_TEST.0 + 65 * 60 * SECOND,
);

/// Whether every customer is behind one of the carrier's addresses.
pub(super) fn all_behind_carriers(world: &World) -> bool {
    world.scenario == Some(Scenario::CarrierNat)
}

/// A key of the key inventory that the replica does not have.
pub(super) fn further_key(world: &World) -> Option<Key> {
    (world.scenario == Some(Scenario::SecondDataCentreOwnKey)).then_some(Key::SecondDataCentre)
}

/// Whether there is a login log.
pub(super) fn logs_logins(world: &World) -> bool {
    world.scenario.is_some()
}

/// Whether issuance records have sequence numbers.
pub(super) fn numbered(world: &World) -> bool {
    !matches!(
        world.scenario,
        Some(Scenario::Unnumbered | Scenario::UnnumberedComplete)
    )
}

/// Lines after which the issuance log is rotated; other logs are after `usual`.
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

/// A token as its issuer hands it out.
pub(super) struct Minted {
    pub(super) token: Token,
    /// Whether it is issued where the issuance log of the evidence is kept.
    pub(super) here: bool,
}

/// Changes an honest token to what the issuer hands out.
pub(super) fn minted(world: &World, token: Token) -> Minted {
    let elsewhere = || {
        token.customer().is_some_and(|customer| {
            Chance::of(world.seed, Kind::DataCentre, customer).below(100) < 40
        })
    };
    let here = |token| Minted { token, here: true };
    let there = |token| Minted { token, here: false };
    match world.scenario {
        Some(Scenario::ClockSkew) if Chance::of(world.seed, Kind::Instance, token.id).one_in(2) => {
            let issued_at = token.issued_at + SKEW;
            here(Token { issued_at, ..token })
        }
        Some(Scenario::SecondDataCentre) if elsewhere() => there(token),
        Some(Scenario::SecondDataCentreOwnKey) if elsewhere() => {
            let key = Key::SecondDataCentre;
            there(Token { key, ..token })
        }
        _ => here(token),
    }
}

/// What becomes of the record of a token issued at `at`.
pub(super) fn record(world: &World, at: Millis, token: &Token) -> Issuance {
    let usual = World::issuance(at);
    let drawn = |percent| Chance::of(world.seed, Kind::RecordLoss, token.id).below(100) < percent;
    match world.scenario {
        Some(Scenario::LostDay) if within(LOST_DAY, at) => Issuance::Lost,
        Some(Scenario::LoadTest) if within(LOAD_HOLE, at) => Issuance::Lost,
        Some(Scenario::Unnumbered) if drawn(5) => Issuance::Lost,
        Some(Scenario::UnnumberedComplete) if usual == Issuance::Damaged => Issuance::Logged,
        Some(Scenario::BrokenLog) if usual == Issuance::Lost || drawn(60) => Issuance::Unwritten,
        // A damaged line would leave a hole in the sequence.
        Some(Scenario::BrokenLog) => Issuance::Logged,
        _ => usual,
    }
}

/// The use of an honest token after its expiry, if its client kept it.
///
/// `request` is one of its earlier uses.
pub(super) fn used_again(
    world: &World,
    token: &Token,
    request: Request,
) -> Option<(Millis, Request)> {
    let customer = token.customer()?;
    let mut chance = Chance::of(world.seed, Kind::CachedToken, token.id);
    if world.scenario != Some(Scenario::CachedToken) || !chance.one_in(8) {
        return None;
    }
    let at = token.expires_at() + 2 * HOUR + chance.time_below(28 * HOUR);
    let again = Request {
        target: Target::Page(PageId::MyInformation),
        ..request
    };
    (at < END && world.open_at(customer, at)).then(|| (at, again.serving(customer, 1, 480)))
}

/// Moments at which a customer gets a token whatever chance says.
///
/// They come on top of the replica's.
pub(super) fn certain_logins(world: &World) -> Vec<Millis> {
    if world.scenario != Some(Scenario::LostDay) {
        return Vec::new();
    }
    let mut logins = vec![LOST_DAY.0 - 30 * SECOND];
    logins.extend((0..24).map(|hour| LOST_DAY.0 + hour * HOUR + HOUR / 2));
    logins.push(LOST_DAY.1 + 30 * SECOND);
    logins
}

/// How far ahead of the logs the attack is planned.
///
/// A forged token may borrow from a token that is issued up to two days before its use; that issuance
/// must be on the agenda before the logs come to it.
pub(super) fn ahead(world: &World) -> Millis {
    match world.scenario {
        Some(Scenario::RealIds) => 48 * HOUR,
        _ => 0,
    }
}

/// Whether the attacker makes one request a day, and nothing else.
pub(super) fn one_a_day(world: &World) -> bool {
    world.scenario == Some(Scenario::OneADay)
}
