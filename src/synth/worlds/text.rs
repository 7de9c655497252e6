//! Ids and names of a world, each from its number: no two of a kind are the same.

use super::events::Person;
use crate::synth::chance::{Chance, Kind, mix};

/// What an id or a name is of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Person = 1,
    Session = 2,
    Token = 3,
    Request = 4,
    Event = 5,
    Nobody = 6,
    Key = 7,
}

/// 128 bits for the `number`-th thing of a kind.
fn bits(seed: u64, of: Of, number: u64) -> u128 {
    let high = mix(seed ^ mix(of as u64 ^ 0x1d00) ^ mix(number));
    u128::from(high) << 64 | u128::from(mix(high ^ number))
}

/// The first `length` digits of an id in hexadecimal, at most 32.
pub(super) fn hex(seed: u64, of: Of, number: u64, length: usize) -> String {
    let mut text = format!("{:032x}", bits(seed, of, number));
    text.truncate(length);
    text
}

/// An id in letters and digits, as of Okta, Entra and AWS; `alphabet` has 32 to 64 signs.
pub(super) fn code(seed: u64, of: Of, number: u64, length: usize, alphabet: &[u8]) -> String {
    let mut rest = bits(seed, of, number);
    let base = alphabet.len() as u128;
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        text.push(char::from(alphabet[(rest % base) as usize]));
        rest /= base;
    }
    text
}

/// A random UUID, of version 4.
pub(super) fn uuid(seed: u64, of: Of, number: u64) -> String {
    let hex = hex(seed, of, number, 32);
    let variant = ["8", "9", "a", "b"][(number % 4) as usize];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// A person's invented e-mail address, in small letters.
pub(super) fn email(seed: u64, person: Person, domain: &str) -> String {
    const FIRST: [&str; 12] = [
        "mina", "jonas", "aiko", "lena", "tariq", "ewa", "pablo", "ines", "olu", "signe", "marek",
        "yuna",
    ];
    const LAST: [&str; 12] = [
        "arden", "birk", "castel", "doran", "elm", "farrow", "gale", "holt", "irving", "juno",
        "kestrel", "lund",
    ];
    let mut chance = Chance::of(seed, Kind::WorldText, person);
    let first = FIRST[chance.below(12) as usize];
    let last = LAST[chance.below(12) as usize];
    format!("{first}.{last}{person}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_look_as_they_should_and_differ() {
        let one = uuid(1, Of::Token, 7);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        let all: std::collections::BTreeSet<String> = (0..10_000)
            .map(|number| uuid(1, Of::Token, number))
            .collect();
        assert_eq!(all.len(), 10_000);
        assert_ne!(one, uuid(1, Of::Session, 7));
        assert_eq!(
            code(1, Of::Key, 1, 20, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").len(),
            20
        );
        assert_eq!(hex(1, Of::Request, 1, 16).len(), 16);
    }
}
