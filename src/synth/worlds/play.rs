//! Plays a world: its customers' sessions, and the attack.
//!
//! What differs between worlds is in [`Shape`]; how their products log what happens is in a file for each.
//! All of it fits into memory.

use super::events::{Client, Event, FORGED, Grant, Holder, Person, Request, Target, Token};
use crate::synth::addresses;
use crate::synth::chance::{Chance, Kind};
use crate::synth::world::{HOUR, Millis, SECOND, Span, within};

/// Chance decides at which hour of the day a session begins; of 13 tries each hour gets so many.
const WEIGHTS: [u64; 24] = [
    3, 2, 2, 2, 2, 3, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 11, 12, 13, 13, 12, 9, 5,
];

/// How large a world is, and what happens in it.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Customers, each with an account.
    pub(super) people: u64,
    /// The logs' first moment and the first after them.
    pub(super) span: Span,
    /// Honest sessions.
    pub(super) sessions: u64,
    /// How often a session renews its token, at most.
    pub(super) renewals: u64,
    pub(super) lifetime: Millis,
    /// Addresses of a carrier, each shared by many customers.
    pub(super) carriers: u64,
    /// Which key signs the token of a session that is issued at a moment.
    pub(super) key_of: fn(u64, Millis) -> usize,
    /// Pages in the catalogue.
    pub(super) pages: usize,
    /// Stretches whose issuance records are lost.
    pub(super) lost: Vec<Span>,
    /// The attack, if there is one.
    pub(super) attack: Option<Attack>,
}

/// What the attacker does with a stolen key.
#[derive(Debug, Clone)]
pub(super) struct Attack {
    /// The first moment and the first after the last.
    pub(super) span: Span,
    /// Tokens forged, one for each account that is tried.
    pub(super) tokens: u64,
    /// The key that signs them.
    pub(super) key: usize,
    /// Rented addresses.
    pub(super) rented: u64,
    /// How many of the carrier's addresses the attacker uses too.
    pub(super) shared: u64,
}

/// Everything that happens in a world of this shape, in order of time.
pub(super) fn play(seed: u64, shape: &Shape) -> Vec<(Millis, Event)> {
    let mut stage = Stage {
        seed,
        shape,
        events: Vec::new(),
        requests: 0,
    };
    for session in 0..shape.sessions {
        stage.session(session);
    }
    if let Some(attack) = &shape.attack {
        for number in 0..attack.tokens {
            stage.forge(attack, number);
        }
    }
    let mut events = stage.events;
    events.retain(|(at, _)| within(shape.span, *at));
    // Stable, so that events of one moment keep the order they were added in.
    events.sort_by_key(|(at, _)| *at);
    events
}

/// What has been planned so far.
struct Stage<'s> {
    seed: u64,
    shape: &'s Shape,
    events: Vec<(Millis, Event)>,
    requests: u64,
}

impl Stage<'_> {
    fn add(&mut self, at: Millis, event: Event) {
        self.events.push((at, event));
    }

    /// Draws when a session begins: more begin by day than by night, and some before the logs do.
    fn beginning(&self, chance: &mut Chance) -> Millis {
        let (begin, end) = self.shape.span;
        let before = self.shape.lifetime * (self.shape.renewals as i64 + 1);
        loop {
            let at = begin - before + chance.time_below(end - begin + before);
            let hour = at.div_euclid(HOUR).rem_euclid(24) as usize;
            if chance.below(13) < WEIGHTS[hour] {
                return at;
            }
        }
    }

    /// Whether the evidence has no records of a moment: it is before the logs, or they are lost.
    fn is_lost(&self, at: Millis) -> bool {
        at < self.shape.span.0 || self.shape.lost.iter().any(|lost| within(*lost, at))
    }

    /// Plans an honest session: a login, its token, and the tokens that replace it.
    fn session(&mut self, number: u64) {
        let shape = self.shape;
        let mut chance = Chance::of(self.seed, Kind::WorldSession, number);
        let begin = self.beginning(&mut chance);
        let person = chance.below(shape.people);
        let on_the_road = Client {
            address: addresses::carrier(chance.below(shape.carriers)),
            agent: 2,
        };
        let at_home = Client {
            address: addresses::home(self.seed, person),
            agent: chance.below(2) as usize,
        };
        let client = if chance.below(10) < 3 {
            on_the_road
        } else {
            at_home
        };
        if chance.one_in(12) {
            self.add(begin - 9 * SECOND, Event::Refused { person, client });
        }
        let login = Event::Login {
            session: number,
            person,
            client,
        };
        self.add(begin, login);
        let mut issued_at = begin + 300 + chance.time_below(1_200);
        for nth in 0..=chance.below(shape.renewals + 1) {
            let token = Token {
                number: number * 64 + nth,
                holder: Holder::Person(person),
                session: number,
                grant: if nth == 0 {
                    Grant::Login
                } else {
                    Grant::Refresh
                },
                issued_at,
                lifetime: shape.lifetime,
                key: (shape.key_of)(number, issued_at),
                in_hole: self.is_lost(issued_at),
            };
            self.add(issued_at, Event::Issued { token, client });
            // Some leave home with a token in their pocket.
            let later = if chance.one_in(12) {
                on_the_road
            } else {
                client
            };
            self.uses(&mut chance, token, client, later);
            issued_at += shape.lifetime - 20 * SECOND - chance.time_below(40 * SECOND);
        }
    }

    /// Plans the uses of an honest token; those after the first come from the client `later`.
    fn uses(&mut self, chance: &mut Chance, token: Token, first: Client, later: Client) {
        let mut at = token.issued_at + 200 + chance.time_below(2 * SECOND);
        for nth in 0..1 + chance.below(5) {
            if at >= token.expires_at() {
                break;
            }
            let target = match chance.below(10) {
                0..6 => Target::Article(chance.below(900)),
                page => Target::Page(page as usize % self.shape.pages),
            };
            let client = if nth == 0 { first } else { later };
            self.request(chance, at, client, token, target);
            at += 2 * SECOND + chance.time_below(token.lifetime / 5);
        }
    }

    /// Plans a forged token and its uses.
    fn forge(&mut self, attack: &Attack, number: u64) {
        let mut chance = Chance::of(self.seed, Kind::WorldForgery, number);
        let step = (attack.span.1 - attack.span.0) / attack.tokens as i64;
        let mut at = attack.span.0 + step * number as i64 + chance.time_below(step / 2);
        let holder = if number % 20 == 7 {
            Holder::Nobody(number)
        } else {
            Holder::Person(victim(self.shape.people, number))
        };
        let issued_at = at - 2 * SECOND;
        let token = Token {
            number: FORGED | number,
            holder,
            session: FORGED | number,
            grant: Grant::Login,
            issued_at,
            lifetime: self.shape.lifetime,
            key: attack.key,
            in_hole: self.is_lost(issued_at),
        };
        let address = if attack.shared > 0 && chance.one_in(10) {
            addresses::carrier(chance.below(attack.shared))
        } else {
            addresses::rented(chance.below(attack.rented))
        };
        let client = Client { address, agent: 3 };
        for nth in 0..1 + chance.below(4) {
            let page = nth as usize % self.shape.pages;
            self.request(&mut chance, at, client, token, Target::Page(page));
            at += 300 + chance.time_below(900);
        }
    }

    /// Plans a request, and draws its answer.
    fn request(
        &mut self,
        chance: &mut Chance,
        at: Millis,
        client: Client,
        token: Token,
        target: Target,
    ) {
        self.requests += 1;
        let (status, bytes, items) = match (target, token.holder) {
            _ if chance.one_in(80) => (503, 112, None),
            (Target::Article(_), _) => (200, 5_000 + chance.below(9_000), None),
            (Target::Page(_), Holder::Nobody(_)) => (404, 41, None),
            (Target::Page(_), Holder::Person(_)) => match chance.below(9) {
                0 => (200, 27, Some(0)),
                items => (200, 400 + items * 180, Some(items)),
            },
        };
        self.add(
            at,
            Event::Request(Request {
                number: self.requests,
                client,
                token,
                target,
                status,
                bytes,
                items,
                by_attacker: token.is_forged(),
            }),
        );
    }
}

/// The person whom the attacker's `number`-th token names: each one once before any comes twice.
fn victim(people: u64, number: u64) -> Person {
    // A step that shares no divisor with the number of people visits all of them.
    let step = (people / 3..people)
        .find(|step| divisor(*step, people) == 1)
        .unwrap_or(1);
    (number % people) * step % people
}

/// The greatest common divisor.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        people: 40,
        span: (0, 48 * HOUR),
        sessions: 200,
        renewals: 2,
        lifetime: HOUR,
        carriers: 2,
        key_of: |_, _| 0,
        pages: 2,
        lost: Vec::new(),
        attack: None,
    };

    #[test]
    fn an_attack_comes_on_top_and_nothing_is_outside_the_logs() {
        let attack = Attack {
            span: (20 * HOUR, 30 * HOUR),
            tokens: 50,
            key: 0,
            rented: 3,
            shared: 1,
        };
        let all = |attack| {
            let shape = Shape { attack, ..SHAPE };
            play(7, &shape)
        };
        let forged = |(_, event): &(Millis, Event)| matches!(event, Event::Request(request) if request.token.is_forged());
        let (honest, attacked) = (all(None), all(Some(attack)));
        assert!(!honest.iter().any(forged));
        let rest: Vec<_> = attacked.iter().filter(|event| !forged(event)).collect();
        assert_eq!(rest.len(), honest.len());
        assert!(attacked.len() > honest.len() + 50);
        for (one, other) in honest.iter().zip(rest) {
            assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
        assert!(attacked.is_sorted_by_key(|(at, _)| *at));
        assert!(attacked.iter().all(|(at, _)| within(SHAPE.span, *at)));
    }

    #[test]
    fn the_attacker_tries_each_account_once_before_any_twice() {
        for people in [1, 2, 200, 3_001] {
            let mut all: Vec<Person> = (0..people).map(|number| victim(people, number)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..people).collect::<Vec<_>>());
        }
    }
}
