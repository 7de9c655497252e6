//! Reads JSON objects member by member.
//!
//! A map would keep only the last of two members of one name, and a parsed number only some digits. Here
//! both are seen.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value};

/// The members of a JSON object, in order; a name may be there more than once.
pub(super) struct Members<'a>(Vec<Member<'a>>);

/// A member of a JSON object.
pub(super) struct Member<'a> {
    name: String,
    pub(super) value: Value,
    /// The value as it is written, so that a number has all its digits.
    pub(super) raw: &'a str,
}

/// The white space of JSON (RFC 8259 section 2).
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

impl<'a> Members<'a> {
    /// Reads an object; `None` if `text` is none, or is nested more than 128 levels deep.
    ///
    /// At that depth the parser gives an error, so that no text makes the stack overflow.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let space = |text: &'a str| text.trim_start_matches(SPACE);
        let mut members = Vec::new();
        let mut rest = space(space(text).strip_prefix('{')?);
        if let Some(after) = rest.strip_prefix('}') {
            return space(after).is_empty().then_some(Members(members));
        }
        loop {
            let (name, _, after) = first::<String>(rest)?;
            let (value, raw, after) = first::<Value>(space(after).strip_prefix(':')?)?;
            members.push(Member { name, value, raw });
            rest = space(after);
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        space(rest.strip_prefix('}')?)
            .is_empty()
            .then_some(Members(members))
    }

    /// The member of that name, if there is exactly one.
    pub(super) fn get(&self, name: &str) -> Option<&Member<'a>> {
        let mut found = self.0.iter().filter(|member| member.name == name);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// Whether there is a member of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|member| member.name == name)
    }

    /// Whether any name is there twice.
    pub(super) fn twice(&self) -> bool {
        let mut seen = HashSet::new();
        !self.0.iter().all(|member| seen.insert(&member.name))
    }
}

/// The JSON value at the beginning of `text`, its own text, and the text after it.
fn first<T: DeserializeOwned>(text: &str) -> Option<(T, &str, &str)> {
    let mut values = Deserializer::from_str(text).into_iter::<T>();
    let value = values.next()?.ok()?;
    let (raw, after) = text.split_at_checked(values.byte_offset())?;
    Some((value, raw.trim_start_matches(SPACE), after))
}

/// A JSON number of seconds as microseconds, computed digit by digit and therefore exact.
///
/// Digits beyond microseconds are cut off towards the past. A time that no calendar shows is `None`.
pub(crate) fn microseconds(number: &str) -> Option<i64> {
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // A power that no `i32` holds means the same here as the largest one: far too much, or nothing at all.
    let power: i64 = match power.parse::<i32>() {
        Ok(power) => power.into(),
        Err(_) if power.starts_with('-') => i32::MIN.into(),
        Err(_) => i32::MAX.into(),
    };
    // Six more places make microseconds of seconds; the digits of the fraction are among `digits`.
    let places = power + 6 - i64::try_from(fraction.len()).ok()?;
    let length = i64::try_from(digits.len()).ok()?;
    // The latest time of any calendar has 18 digits. This keeps the zeros below within an `i128`.
    if length + places > 30 {
        return None;
    }
    let kept = usize::try_from((length + places.min(0)).max(0)).ok()?;
    let (kept, cut) = digits.split_at(kept);
    let zeros = usize::try_from(places.max(0)).ok()?;
    let mut value: i128 = format!("0{kept}{}", "0".repeat(zeros)).parse().ok()?;
    if negative {
        // Before 1970, what is cut off lies further in the past.
        let finer = cut.bytes().any(|digit| digit != b'0');
        value = -value - i128::from(finer);
    }
    let value = i64::try_from(value).ok()?;
    Timestamp::from_microsecond(value).ok().map(|_| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_each_member_as_it_is_written() {
        let members =
            Members::of(" { \"a\" : 1.50 , \"b\":[ {} ],\"c\":\"}\"}\n").expect("an object");
        let raw = |name: &str| members.get(name).map(|member| member.raw);
        assert_eq!(raw("a"), Some("1.50"));
        assert_eq!(raw("b"), Some("[ {} ]"));
        assert_eq!(raw("c"), Some("\"}\""));
        assert_eq!(raw("d"), None);
        assert!(!members.twice());

        let members = Members::of(r#"{"a":1,"b":2,"a":3}"#).expect("an object");
        assert!(members.twice() && members.has("a"));
        assert!(members.get("a").is_none() && members.get("b").is_some());
    }

    #[test]
    fn times_are_exact() {
        for (number, wanted) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("1", Some(1_000_000)),
            ("1e2", Some(100_000_000)),
            ("12E-1", Some(1_200_000)),
            ("1.0000001", Some(1_000_000)),
            ("-1.0000001", Some(-1_000_001)),
            ("-0.0000001", Some(-1)),
            ("1e-99999999999999999999", Some(0)),
            ("4503599627.370497", Some(4_503_599_627_370_497)),
            ("253402207200", Some(253_402_207_200_000_000)),
            ("253402207201", None),
            ("1700000000000", None),
            ("1e30", None),
            ("9223372036854775808000", None),
        ] {
            assert_eq!(microseconds(number), wanted, "{number}");
        }
    }
}
