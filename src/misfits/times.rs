//! Clocks that are a whole number of quarter hours apart, as those of two time zones are.

use std::collections::BTreeMap;

use super::handed_out::HandedOut;
use super::misfit::{FEW, MANY, Misfit};
use super::seen::{Seen, Token};

/// Microseconds of a quarter of an hour: all zones are so many of these from each other.
const QUARTER: i64 = 900_000_000;
/// How far from a whole number of quarter hours the times may lie, in microseconds: two minutes.
const SLACK: i64 = 120_000_000;

/// The issuers whose records lie so far from the issue times of their tokens.
///
/// Nearly all tokens must show the same shift: a log that is merely late shows many.
pub(super) fn records_shifted(seen: &Seen, found: &HandedOut) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for ((_, issuer), met) in &found.met {
        let mut shifts: BTreeMap<i64, u64> = BTreeMap::new();
        let mut all = 0;
        for (id, at) in &met.records {
            let token = seen.tokens.get(id);
            let Some(issued_at) = token.and_then(|token| token.issued_at) else {
                continue;
            };
            all += 1;
            let shift = at.saturating_sub(issued_at);
            let quarters = shift.saturating_add(QUARTER / 2).div_euclid(QUARTER);
            if (shift - quarters * QUARTER).abs() <= SLACK {
                *shifts.entry(quarters).or_default() += 1;
            }
        }
        let most = shifts.into_iter().max_by_key(|(_, count)| *count);
        let Some((quarters, count)) = most.filter(|(quarters, _)| *quarters != 0) else {
            continue;
        };
        if count >= FEW && count * 10 >= all * 9 {
            misfits.push(Misfit::RecordTimesShifted {
                subject: issuer.clone(),
                shift_seconds: quarters * QUARTER / 1_000_000,
                count,
                example: met.example.clone(),
            });
        }
    }
    misfits
}

/// The gateways at which nearly all tokens with a record are used before they were issued, or after they expired.
pub(super) fn uses_shifted(seen: &Seen, found: &HandedOut) -> Vec<Misfit> {
    let ids = found.met.values().flat_map(|met| met.records.keys());
    let tokens: Vec<&Token> = ids.filter_map(|id| seen.tokens.get(id)).collect();
    let mut misfits = Vec::new();
    for (place, gateway) in seen.gateways.iter().enumerate() {
        let here = || tokens.iter().filter(|token| token.gateway == place);
        let all = here().count() as u64;
        let early = here().filter(|token| token.early).count() as u64;
        let late = here().filter(|token| token.late).count() as u64;
        for (count, is_early) in [(early, true), (late, false)] {
            if all >= MANY && count * 10 >= all * 9 {
                misfits.push(Misfit::UseTimesShifted {
                    subject: gateway.clone(),
                    count,
                    token_count: all,
                    early: is_early,
                });
            }
        }
    }
    misfits
}

#[cfg(test)]
mod tests {
    use super::super::seen::Issuer;
    use super::*;

    /// The shift that is found where records lie so many seconds from the issue times of their tokens.
    fn shift(seconds: &[i64]) -> Option<i64> {
        let (mut seen, mut found) = (Seen::default(), HandedOut::default());
        seen.issuers.push(Issuer::default());
        let met = found.met.entry((0, "shop".to_string())).or_default();
        for (id, seconds) in (0..).zip(seconds) {
            let token = Token {
                issuer: 0,
                subject: None,
                issued_at: Some(1_744_556_400_000_000),
                gateway: 0,
                early: false,
                late: false,
            };
            seen.tokens.insert(id, token);
            let at = 1_744_556_400_000_000 + seconds * 1_000_000;
            met.records.insert(id, at);
        }
        match records_shifted(&seen, &found).first() {
            Some(Misfit::RecordTimesShifted { shift_seconds, .. }) => Some(*shift_seconds),
            _ => None,
        }
    }

    #[test]
    fn a_shift_is_the_same_for_nearly_all_tokens() {
        assert_eq!(
            shift(&[32_400, 32_401, 32_390, 32_400, 32_402]),
            Some(32_400)
        );
        assert_eq!(shift(&[-20_700; 5]), Some(-20_700), "Nepal is at 5:45");
        for near in [
            &[0, 1, 2, 0, 1][..],
            // Too few to say so.
            &[32_400; 4],
            // A clock that is wrong, yet not of another zone.
            &[400; 5],
            // A log that is written late, a quarter of an hour now and then.
            &[900, 0, 1_800, 900, 30],
        ] {
            assert_eq!(shift(near), None, "{near:?}");
        }
    }
}
