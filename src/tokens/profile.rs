//! What the tokens of a key that were issued for certain look like, and how another token departs from it.
//!
//! A forger writes tokens with a program of his own: with a lifetime, an id and claims that he chose. A
//! profile says something only where the tokens of the key are alike and many; a service with many kinds of
//! client has many lifetimes, and then none is told to depart.

use smallvec::SmallVec;

use super::claims::{Claims, IdKind};

/// How many tokens make a profile.
const MANY: u64 = 100;
/// How many lifetimes, or lengths of ids, are a habit; where there are more, any is possible.
const FEW: usize = 8;

/// The tokens of one key that were issued for certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The earliest and the latest claimed issue time, in microseconds since 1970 UTC.
    pub used: (i64, i64),
    /// How many tokens they are.
    tokens: u64,
    /// Their lifetimes in seconds, in order, no more than one over [`FEW`].
    lifetimes: SmallVec<[i64; 4]>,
    /// The lengths of their own ids, in order, no more than one over [`FEW`].
    lengths: SmallVec<[usize; 4]>,
    /// The kinds of characters that their own ids have.
    signs: u16,
    /// The claims that all of them have, and those that any has.
    claims: [u8; 2],
}

/// How a token departs from the profile of its key; `None` where there is none, or nothing to compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Departures {
    /// No token has its lifetime.
    pub lifetime: Option<bool>,
    /// No id has its length, or no id has characters of a kind that its own has.
    pub id: Option<bool>,
    /// It lacks a claim that all have, or has one that none has.
    pub claims: Option<bool>,
}

impl Departures {
    /// In how many ways it departs.
    pub fn count(&self) -> usize {
        let all = [self.lifetime, self.id, self.claims];
        all.into_iter().filter(|one| *one == Some(true)).count()
    }
}

impl Profile {
    /// The profile of one token.
    pub fn of(claims: &Claims, token_id: &str, issued_at: i64) -> Self {
        let own = is_own(token_id);
        let there = there(claims);
        Profile {
            used: (issued_at, issued_at),
            tokens: 1,
            lifetimes: lifetime(claims).into_iter().collect(),
            lengths: own.then_some(token_id.len()).into_iter().collect(),
            signs: if own { signs(token_id) } else { 0 },
            claims: [there, there],
        }
    }

    /// Takes other tokens in.
    pub fn merge(&mut self, other: &Profile) {
        self.used = (self.used.0.min(other.used.0), self.used.1.max(other.used.1));
        self.tokens += other.tokens;
        merge(&mut self.lifetimes, &other.lifetimes);
        merge(&mut self.lengths, &other.lengths);
        self.signs |= other.signs;
        self.claims = [
            self.claims[0] & other.claims[0],
            self.claims[1] | other.claims[1],
        ];
    }

    /// How a token departs; times that differ by `tolerance` microseconds are one.
    pub fn departures(&self, claims: &Claims, token_id: &str, tolerance: i64) -> Departures {
        if self.tokens < MANY {
            return Departures::default();
        }
        let is_habit = |known: usize| (1..=FEW).contains(&known);
        let near =
            |known: &i64, own: i64| known.abs_diff(own) <= (tolerance / SECOND).unsigned_abs();
        let lifetime = lifetime(claims)
            .filter(|_| is_habit(self.lifetimes.len()))
            .map(|own| !self.lifetimes.iter().any(|known| near(known, own)));
        let own = signs(token_id);
        // Numbers grow longer as they count up.
        let of_any_length = self.signs == DIGITS || !is_habit(self.lengths.len());
        let id = (is_own(token_id) && !self.lengths.is_empty()).then(|| {
            own & !self.signs != 0 || !(of_any_length || self.lengths.contains(&token_id.len()))
        });
        let there = there(claims);
        let [all, any] = self.claims;
        Departures {
            lifetime,
            id,
            claims: Some(all & !there != 0 || there & !any != 0),
        }
    }
}

const SECOND: i64 = 1_000_000;

/// The lifetime that a token claims, in seconds.
fn lifetime(claims: &Claims) -> Option<i64> {
    let (from, to) = claims.issued_at.zip(claims.expires_at)?;
    Some(to.saturating_sub(from).div_euclid(SECOND))
}

/// Whether an id is one that the issuer chose: a hash says nothing of who made it.
fn is_own(token_id: &str) -> bool {
    IdKind::of(token_id) == IdKind::Own && !token_id.is_empty()
}

/// The optional claims that a token has.
fn there(claims: &Claims) -> u8 {
    let has = [
        claims.expires_at.is_some(),
        claims.scope.is_some(),
        claims.session.is_some(),
        claims.subject.is_some(),
    ];
    has.into_iter().fold(0, |all, has| all << 1 | u8::from(has))
}

/// The kind of characters that numbers have.
const DIGITS: u16 = 1;

/// The kinds of characters that an id has, each a bit.
fn signs(id: &str) -> u16 {
    let bit = |byte: u8| match byte {
        b'0'..=b'9' => DIGITS,
        b'a'..=b'f' => 2,
        b'g'..=b'z' => 4,
        b'A'..=b'F' => 8,
        b'G'..=b'Z' => 16,
        b'-' => 32,
        b'_' => 64,
        b'.' => 128,
        b':' => 256,
        b'+' | b'/' | b'=' => 512,
        _ => 1024,
    };
    id.bytes().fold(0, |all, byte| all | bit(byte))
}

/// Adds values that are not there yet, until they are too many to be a habit.
fn merge<T: Ord + Copy>(into: &mut SmallVec<[T; 4]>, more: &[T]) {
    for value in more {
        if into.len() <= FEW
            && let Err(at) = into.binary_search(value)
        {
            into.insert(at, *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::testing::{account, facts, key};
    use super::*;

    fn claims(lifetime: i64) -> Claims {
        let mut claims = facts(&key(), &account(), &[]).claims;
        claims.issued_at = Some(0);
        claims.expires_at = Some(lifetime * SECOND);
        claims
    }

    fn profile(tokens: usize, lifetimes: &[i64], id: impl Fn(usize) -> String) -> Profile {
        let of = |number: usize| {
            let claims = claims(lifetimes[number % lifetimes.len()]);
            Profile::of(&claims, &id(number), number as i64)
        };
        let mut all = of(0);
        (1..tokens).for_each(|number| all.merge(&of(number)));
        all
    }

    #[test]
    fn a_token_departs_by_what_no_other_has() {
        let uuid = |number: usize| format!("{number:08x}-0000-4000-8000-0123456789ab");
        let known = profile(100, &[3600, 900], uuid);
        assert_eq!(known.used, (0, 99));
        let of = |lifetime, id: &str| known.departures(&claims(lifetime), id, 5 * SECOND);
        let alike = of(3604, &uuid(777));
        assert_eq!(
            (alike.lifetime, alike.id, alike.count()),
            (Some(false), Some(false), 0)
        );
        assert_eq!(of(7200, &uuid(777)).count(), 1);
        assert_eq!(of(3600, "0badcafe").id, Some(true), "another length");
        assert_eq!(
            of(3600, &uuid(7).to_uppercase()).id,
            Some(true),
            "other signs"
        );
        assert_eq!(of(7200, "0badcafe").count(), 2);
        assert_eq!(of(900, &format!("sha256:{:064x}", 7)).id, None, "a hash");
        let mut session = claims(900);
        session.session = Some(7);
        let departs = known.departures(&session, &uuid(7), 0);
        assert_eq!(departs.claims, Some(true), "nobody has a session");
    }

    #[test]
    fn few_tokens_and_many_habits_say_nothing() {
        let few = profile(99, &[3600], |number| number.to_string());
        assert_eq!(few.departures(&claims(1), "x", 0), Departures::default());
        let lifetimes: Vec<i64> = (1..=9).map(|hours| hours * 3600).collect();
        let many = profile(900, &lifetimes, |number| number.to_string());
        let departs = many.departures(&claims(1), "1000", 0);
        assert_eq!(departs.lifetime, None, "each client has its own");
        assert_eq!(departs.id, Some(false), "a number that counts up");
    }
}
