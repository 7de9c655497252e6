//! How logs write times.

use super::world::Millis;

/// A moment as year, month, day, hour, minute, second and millisecond.
///
/// `offset` is the zone's distance from UTC in milliseconds, positive in the east.
fn civil(at: Millis, offset: Millis) -> [i64; 7] {
    let local = at + offset;
    let (days, rest) = (local.div_euclid(86_400_000), local.rem_euclid(86_400_000));
    // Counting years from 1 March puts the leap day at a year's end; eras are of 400 years.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    [
        year,
        month,
        day,
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000,
    ]
}

/// A moment in UTC to the second, as nginx writes `$time_iso8601`.
pub(super) fn iso(at: Millis) -> String {
    let [year, month, day, hour, minute, second, _] = civil(at, 0);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
}

/// A moment on a clock that is `offset` from UTC, to the second and without its zone.
pub(super) fn wall(at: Millis, offset: Millis) -> String {
    let [year, month, day, hour, minute, second, _] = civil(at, offset);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Korean time's distance from UTC.
pub(super) const KOREA: Millis = 9 * 3_600_000;

/// A moment in UTC, as RFC 3339 writes it.
pub(super) fn utc(at: Millis) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(at, 0);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// A moment in Korean time, as RFC 3339 writes it.
pub(super) fn korean(at: Millis) -> String {
    let [year, month, day, hour, minute, second, milli] = civil(at, KOREA);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}+09:00")
}

/// A moment as the common log format writes it, in a zone that is `offset` from UTC.
///
/// The offset is one of whole hours, not west of UTC.
pub(super) fn common(at: Millis, offset: Millis) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let [year, month, day, hour, minute, second, _] = civil(at, offset);
    let hours = offset / 3_600_000;
    let month = MONTHS[(month - 1) as usize];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +{hours:02}00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_agree_with_jiff() {
        for at in (-2_000_000_000_000..4_000_000_000_000).step_by(86_399_999 * 7) {
            let expected = jiff::Timestamp::from_millisecond(at).expect("a time");
            assert_eq!(
                utc(at).parse::<jiff::Timestamp>().expect("a time"),
                expected
            );
            assert_eq!(
                korean(at).parse::<jiff::Timestamp>().expect("a time"),
                expected
            );
        }
        assert_eq!(
            common(1_744_556_400_000, KOREA),
            "14/Apr/2025:00:00:00 +0900"
        );
        assert_eq!(common(1_744_556_400_000, 0), "13/Apr/2025:15:00:00 +0000");
    }
}
