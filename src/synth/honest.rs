//! Everything honest: the customers' sessions and the company's services.

use super::addresses;
use super::changes;
use super::events::{
    Agenda, Client, Grant, LIFETIME, Request, SERVICE_TOKENS, Subject, Target, Token,
};
use super::keys::Key;
use super::people::{ISSUED_AFTER, Session};
use super::scenes;
use super::truth::Planted;
use super::world::{self, BEGIN, HOUR, Millis, SECOND, World, within};

/// Puts everything honest on the agenda that begins in one hour of the logs.
///
/// `number` counts the hours from 0.
pub(super) fn hour(agenda: &mut Agenda<'_>, number: u64) {
    let world = agenda.world;
    for session in world.sessions_before(number)..world.sessions_before(number + 1) {
        play(agenda, Session::in_hour(world, session, number));
    }
    let span = world::hour(number);
    let certain = World::certain_logins().into_iter();
    for (index, login) in (0..).zip(certain.chain(changes::certain_logins(world))) {
        if within(span, login) {
            let begin = login - ISSUED_AFTER;
            let session = Session::at(world, world.sessions + index, |_| begin);
            play(agenda, session);
        }
    }
    scenes::hour(agenda, span);
    if number.is_multiple_of(12) {
        service(agenda, number / 12, span.0 + 17 * SECOND);
    }
}

/// Plays a session: a login, and at times a renewal or a second device's login.
fn play(agenda: &mut Agenda<'_>, mut session: Session<'_>) {
    let (login, client) = (session.begin, session.client);
    session.obtain_and_use(agenda, 0, login, client, Grant::Login);
    if session.chance.one_in(4) {
        let begin = login + 40 * 60 * SECOND;
        session.obtain_and_use(agenda, 1, begin, client, Grant::Refresh);
    }
    if session.chance.one_in(10) {
        let other = Client {
            address: addresses::carrier(session.chance.below(agenda.world.carriers)),
            agent: (client.agent + 1) % 4,
        };
        let begin = login + 90 * SECOND;
        session.obtain_and_use(agenda, 2, begin, other, Grant::Login);
    }
}

/// A service asks for stock, for the `nth` time.
///
/// Nobody logs the issuance of its tokens. It takes a new token for every twentieth request, which is
/// every 240 hours.
fn service(agenda: &mut Agenda<'_>, nth: u64, at: Millis) {
    let (number, use_of_it) = (nth / 20, nth % 20);
    if use_of_it == 0 {
        agenda.truth.token(Planted::Indeterminate);
    }
    let token = Token {
        id: SERVICE_TOKENS | number,
        key: Key::Services,
        subject: Subject::Stock,
        issued_at: BEGIN + (number * 240) as i64 * HOUR,
        lifetime: LIFETIME,
        planted: Planted::Indeterminate,
    };
    let client = Client {
        address: addresses::SERVICES.into(),
        agent: 4,
    };
    let request = Request::new(client, Target::Stock(nth % 97), Some(token));
    agenda.request(at, request.answered(200, 64));
}
