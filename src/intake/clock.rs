//! Times as logged -> microseconds since 1970-01-01 UTC.
//!
//! The two shapes that fill most logs are read by hand, because each line has one; anything else is
//! left to `jiff`. A local time that a daylight-saving change makes ambiguous or impossible is a
//! reject, not a guess.

use jiff::tz::TimeZone;

use super::formats::Reject;
use crate::bytes;
use crate::case::TimeFormat;

/// How one source writes its times.
#[derive(Debug, Clone)]
pub struct Clock {
    /// The way times are written.
    pub format: TimeFormat,
    /// Zone of times without an offset.
    pub zone: Option<TimeZone>,
    /// Microseconds to add to a logged time.
    pub correction: i64,
}

const MICROS: i64 = 1_000_000;

/// A moment in RFC 3339, UTC.
pub fn utc(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| micros.to_string(), |time| time.to_string())
}

/// Serializes a moment as RFC 3339, UTC.
pub fn serialize_utc<S: serde::Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&utc(*micros))
}

/// A moment that may be unknown, for `serde(serialize_with)`.
pub fn serialize_some_utc<S: serde::Serializer>(
    micros: &Option<i64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match micros {
        Some(micros) => serialize_utc(micros, serializer),
        None => serializer.serialize_none(),
    }
}

impl Clock {
    /// The true time behind `text`. What a log writes below a microsecond is cut off.
    pub fn read(&self, text: &str) -> Result<i64, Reject> {
        self.read_next(&mut LastDate::default(), text)
    }

    /// The true time behind `text`, which often has the date of the time before it.
    #[inline]
    pub(super) fn read_next(&self, last: &mut LastDate, text: &str) -> Result<i64, Reject> {
        let logged = match self.format {
            TimeFormat::Common => common(last, text.as_bytes()),
            TimeFormat::Rfc3339 => match rfc3339(last, text.as_bytes()) {
                Some(time) => Some(time),
                None => self.unusual(text)?,
            },
            TimeFormat::EpochSeconds => decimal(text, MICROS),
            TimeFormat::EpochMilliseconds => decimal(text, 1000),
            TimeFormat::EpochMicroseconds => decimal(text, 1),
            TimeFormat::EpochNanoseconds => nanoseconds(text),
            TimeFormat::Epoch => match by_digits(text) {
                Some(time) => Some(time),
                None => self.unusual(text)?,
            },
            TimeFormat::Utc => civil_text(text.as_bytes()),
            TimeFormat::LocalIso => match civil_text(text.as_bytes()) {
                Some(local) => Some(self.local(text, local)?),
                None => None,
            },
            TimeFormat::LocalClf => match common_local(text.as_bytes()) {
                Some(local) => Some(self.local(text, local)?),
                None => None,
            },
        };
        match logged.and_then(|time| time.checked_add(self.correction)) {
            Some(time) => Ok(time),
            None => Err(bad_time(text)),
        }
    }

    /// A number of seconds (`iat`, `exp` of RFC 7519) or a time as this source writes it. Claims come
    /// from the issuer's clock, so this source's correction does not apply.
    #[inline]
    pub fn read_claim(&self, text: &str) -> Result<i64, Reject> {
        match decimal(text, MICROS) {
            Some(time) => Ok(time),
            None => Clock {
                correction: 0,
                ..self.clone()
            }
            .read(text),
        }
    }

    #[cold]
    fn unusual(&self, text: &str) -> Result<Option<i64>, Reject> {
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Some(time.as_microsecond()));
        }
        match civil_text(text.as_bytes()) {
            Some(local) => self.local(text, local).map(Some),
            None => Ok(None),
        }
    }

    /// The moment at which this source's wall clock showed `local`, given as if it were UTC.
    fn local(&self, text: &str, local: i64) -> Result<i64, Reject> {
        let Some(zone) = &self.zone else {
            return Err(Reject::new(
                "time_without_zone",
                format!("`{text}` has no offset and the source no zone"),
            ));
        };
        let as_utc = jiff::Timestamp::from_microsecond(local).map_err(|_| bad_time(text))?;
        let civil = TimeZone::UTC.to_datetime(as_utc);
        let unambiguous = zone.to_ambiguous_timestamp(civil).unambiguous();
        unambiguous
            .map(jiff::Timestamp::as_microsecond)
            .map_err(|_| {
                Reject::new(
                    "time_in_fold",
                    format!("`{text}` happened twice or never in this zone"),
                )
            })
    }
}

/// The date of the time read last: logs have one line after another of one day.
#[derive(Debug, Default)]
pub(super) struct LastDate {
    text: [u8; 11],
    length: usize,
    seconds: i64,
}

impl LastDate {
    /// Seconds since 1970 at which the day that `text` names begins, read by `read` if it is another.
    #[inline]
    fn begin<const N: usize>(
        &mut self,
        text: &[u8; N],
        read: impl Fn(&[u8; N]) -> Option<i64>,
    ) -> Option<i64> {
        if self.length != N || self.text.first_chunk() != Some(text) {
            let seconds = read(text)?;
            self.text[..N].copy_from_slice(text);
            (self.length, self.seconds) = (N, seconds);
        }
        Some(self.seconds)
    }
}

#[cold]
fn bad_time(text: &str) -> Reject {
    let shown: String = text.chars().take(60).collect();
    Reject::new(
        "bad_time",
        format!("`{shown}` is no time of this source's kind"),
    )
}

/// Seconds, milli-, micro- or nanoseconds since 1970, told apart by the number of digits, as it is
/// for any time from 2001 to 2286.
fn by_digits(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    match whole.len() {
        ..=10 => decimal(text, MICROS),
        11..=13 => decimal(text, 1000),
        14..=16 => decimal(text, 1),
        _ => nanoseconds(text),
    }
}

fn nanoseconds(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<i64>()
        .ok()
        .filter(|_| plain)
        .map(|nanos| nanos / 1000)
}

/// The end of the year 9999 in microseconds: no log is younger, and sums with times do not overflow.
const LATEST: i64 = 253_402_300_799_999_999;

/// A decimal number of units of so many microseconds, a power of ten, as microseconds; what is below a
/// microsecond is cut off.
#[inline]
fn decimal(text: &str, unit: i64) -> Option<i64> {
    let micros = match bytes::decimal(text.as_bytes()) {
        Some(whole) => i64::try_from(whole).ok()?.checked_mul(unit),
        None => decimal_fraction(text, unit),
    };
    micros.filter(|micros| *micros <= LATEST)
}

fn decimal_fraction(text: &str, mut unit: i64) -> Option<i64> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(digits) {
        return None;
    }
    let mut micros = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    for digit in digits.bytes() {
        unit /= 10;
        micros = micros.checked_add(i64::from(digit - b'0') * unit)?;
    }
    Some(micros)
}

/// The number that some digits write.
#[inline(always)]
fn number(digits: &[u8]) -> Option<i64> {
    let two = |tens: u8, ones: u8| {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        (tens <= 9 && ones <= 9).then(|| i64::from(tens) * 10 + i64::from(ones))
    };
    match *digits {
        [a, b] => two(a, b),
        [a, b, c, d] => Some(two(a, b)? * 100 + two(c, d)?),
        _ => i64::try_from(bytes::decimal(digits)?).ok(),
    }
}

/// `14/Apr/2025:00:00:00 +0900`
#[inline]
fn common(last: &mut LastDate, text: &[u8]) -> Option<i64> {
    let (clock, [b' ', sign, offset @ ..]) = text.split_first_chunk::<20>()? else {
        return None;
    };
    let [h1, h2, m1, m2] = offset else {
        return None;
    };
    let offset = self::offset(*sign, &[*h1, *h2], &[*m1, *m2])?;
    Some((common_seconds(last, clock)? - offset) * MICROS)
}

/// `14/Apr/2025:00:00:00[.fraction]`, as if in UTC.
fn common_local(text: &[u8]) -> Option<i64> {
    let (clock, rest) = text.split_first_chunk::<20>()?;
    let micros = match rest {
        [] => 0,
        [b'.', digits @ ..] => fraction(digits)?,
        _ => return None,
    };
    Some(common_seconds(&mut LastDate::default(), clock)? * MICROS + micros)
}

#[inline]
fn common_seconds(last: &mut LastDate, text: &[u8; 20]) -> Option<i64> {
    let (date, [b':', clock @ ..]) = text.split_first_chunk::<11>()? else {
        return None;
    };
    Some(last.begin(date, common_date)? + time_of_day(clock.first_chunk()?)?)
}

/// `14/Apr/2025`
fn common_date(text: &[u8; 11]) -> Option<i64> {
    if text[2] != b'/' || text[6] != b'/' {
        return None;
    }
    let month = match &text[3..6] {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    date(number(&text[7..11])?, month, number(&text[0..2])?)
}

/// `2025-04-14`
fn iso_date(text: &[u8; 10]) -> Option<i64> {
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (year, month) = (number(&text[0..4])?, number(&text[5..7])?);
    date(year, month, number(&text[8..10])?)
}

/// The digits of a fraction of a second, as microseconds.
fn fraction(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &digits[..digits.len().min(6)];
    Some(number(kept)? * 10i64.pow(6 - kept.len() as u32))
}

/// `2025-04-14 00:00:00[.fraction|,fraction]`, as if in UTC.
fn civil_text(text: &[u8]) -> Option<i64> {
    let (seconds, rest) = iso_seconds(&mut LastDate::default(), text)?;
    let micros = match rest {
        [] => 0,
        [b'.' | b',', digits @ ..] => fraction(digits)?,
        _ => return None,
    };
    Some(seconds * MICROS + micros)
}

/// `2025-04-14T00:00:00`, as if in UTC, and what follows.
#[inline]
fn iso_seconds<'t>(last: &mut LastDate, text: &'t [u8]) -> Option<(i64, &'t [u8])> {
    let (text, rest) = text.split_first_chunk::<19>()?;
    let (day, [b'T' | b't' | b' ', clock @ ..]) = text.split_first_chunk::<10>()? else {
        return None;
    };
    let seconds = last.begin(day, iso_date)? + time_of_day(clock.first_chunk()?)?;
    Some((seconds, rest))
}

/// `2025-04-14T00:00:00[.fraction](Z|+09:00)`
#[inline]
fn rfc3339(last: &mut LastDate, text: &[u8]) -> Option<i64> {
    let (seconds, mut rest) = iso_seconds(last, text)?;
    let mut micros = 0;
    if let [b'.', after @ ..] = rest {
        let digits = after
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits > 6 {
            return None;
        }
        micros = fraction(&after[..digits])?;
        rest = &after[digits..];
    }
    let offset = match rest {
        [b'Z' | b'z'] => 0,
        [sign, h1, h2, b':', m1, m2] => offset(*sign, &[*h1, *h2], &[*m1, *m2])?,
        _ => return None,
    };
    Some((seconds - offset) * MICROS + micros)
}

fn offset(sign: u8, hours: &[u8], minutes: &[u8]) -> Option<i64> {
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// Seconds since midnight of `HH:MM:SS`. A leap second is no time of this clock.
#[inline]
fn time_of_day(text: &[u8; 8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *text else {
        return None;
    };
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    (hour <= 23 && minute <= 59 && second <= 59).then(|| (hour * 60 + minute) * 60 + second)
}

/// Seconds since 1970 at which a date begins, as if in UTC.
fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    // Days from civil: count from 1 March, so that the leap day is the year's last.
    let shifted = if month > 2 { year } else { year - 1 };
    let month_from_march = (month + 9) % 12;
    let days = 365 * shifted + shifted.div_euclid(4) - shifted.div_euclid(100)
        + shifted.div_euclid(400)
        + (153 * month_from_march + 2) / 5
        + day
        - 1
        - 719_468;
    Some(days * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(format: TimeFormat, zone: Option<&str>) -> Clock {
        Clock {
            format,
            zone: zone.map(|name| TimeZone::get(name).expect("a zone")),
            correction: 0,
        }
    }

    #[test]
    fn agrees_with_jiff_on_every_day_of_eight_centuries() {
        let clock = clock(TimeFormat::Rfc3339, None);
        let mut day = jiff::civil::date(1600, 1, 1);
        while day.year() < 2400 {
            let text = format!("{day}T23:59:58.25+09:30");
            let expected: jiff::Timestamp = text.parse().expect("a time");
            assert_eq!(clock.read(&text), Ok(expected.as_microsecond()), "{text}");
            day = day.tomorrow().expect("a day");
        }
        for text in [
            "2025-02-29T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "nonsense",
        ] {
            assert_eq!(
                clock.read(text).map_err(|reject| reject.reason),
                Err("bad_time"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_common_log_carries_its_offset() {
        assert_eq!(
            clock(TimeFormat::Common, None).read("14/Apr/2025:00:00:00 +0900"),
            Ok(1_744_556_400_000_000)
        );
        assert!(
            clock(TimeFormat::Common, None)
                .read("14/Foo/2025:00:00:00 +0900")
                .is_err()
        );
    }

    #[test]
    fn epochs_are_exact() {
        assert_eq!(
            clock(TimeFormat::EpochSeconds, None).read("1744556400.5"),
            Ok(1_744_556_400_500_000)
        );
        assert_eq!(
            clock(TimeFormat::EpochMilliseconds, None).read("1744556400001"),
            Ok(1_744_556_400_001_000)
        );
        assert!(clock(TimeFormat::EpochSeconds, None).read("1e9").is_err());
    }

    #[test]
    fn a_local_time_needs_a_zone_and_one_meaning() {
        let format = TimeFormat::Rfc3339;
        let reason = |zone, text| {
            clock(format, zone)
                .read(text)
                .map_err(|reject| reject.reason)
        };
        assert_eq!(
            reason(None, "2025-10-26T02:30:00"),
            Err("time_without_zone")
        );
        assert_eq!(
            reason(Some("Europe/Berlin"), "2025-10-26T02:30:00"),
            Err("time_in_fold")
        );
        assert_eq!(
            reason(Some("Europe/Berlin"), "2025-03-30T02:30:00"),
            Err("time_in_fold")
        );
        assert_eq!(
            reason(Some("Asia/Seoul"), "2025-04-14T00:00:00"),
            Ok(1_744_556_400_000_000)
        );
    }

    #[test]
    fn the_date_of_the_time_before_changes_nothing() {
        let common = clock(TimeFormat::Common, None);
        let mut last = LastDate::default();
        for (text, expected) in [
            ("\0\0\0\0\0\0\0\0\0\0\0:00:00:00 +0000", None),
            ("01/Jan/1970:00:00:00 +0000", Some(0)),
            ("01/Jan/1970:00:00:07 +0000", Some(7_000_000)),
            ("32/Jan/1970:00:00:00 +0000", None),
            ("02/Jan/1970:00:00:00 +0000", Some(86_400_000_000)),
            ("01/Jan/1970:00:00:00 +0000", Some(0)),
            ("01/Jan/1970:24:00:00 +0000", None),
            ("01/Jan/1970:00:00:00-+0000", None),
        ] {
            let read = common.read_next(&mut last, text);
            assert_eq!(read.ok(), expected, "{text}");
            assert_eq!(common.read(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn other_ways_to_write_a_time() {
        let read = |format, zone, text| clock(format, zone).read(text);
        let noon = 1_744_556_400_123_456;
        for (format, zone, text) in [
            (TimeFormat::EpochMicroseconds, None, "1744556400123456"),
            (TimeFormat::EpochNanoseconds, None, "1744556400123456789"),
            (TimeFormat::Epoch, None, "1744556400.1234567"),
            (TimeFormat::Epoch, None, "1744556400123456789"),
            (TimeFormat::Epoch, None, "2025-04-13T15:00:00.123456789Z"),
            (TimeFormat::Utc, None, "2025-04-13 15:00:00.123456"),
            (
                TimeFormat::LocalIso,
                Some("Asia/Seoul"),
                "2025-04-14 00:00:00,123456",
            ),
            (
                TimeFormat::LocalClf,
                Some("Asia/Seoul"),
                "14/Apr/2025:00:00:00.123456",
            ),
        ] {
            assert_eq!(read(format, zone, text), Ok(noon), "{text}");
        }
        let reason = |format, zone, text| read(format, zone, text).map_err(|reject| reject.reason);
        let berlin = Some("Europe/Berlin");
        assert_eq!(
            reason(TimeFormat::LocalClf, berlin, "26/Oct/2025:02:30:00"),
            Err("time_in_fold")
        );
        assert_eq!(
            reason(TimeFormat::LocalClf, None, "26/Oct/2025:02:30:00"),
            Err("time_without_zone")
        );
        for text in [
            "",
            "26/Oct/2025",
            "26/Oct/2025:02:30:00.",
            "2025-10-26 02:30:00Z",
        ] {
            assert_eq!(
                reason(TimeFormat::LocalClf, berlin, text),
                Err("bad_time"),
                "{text}"
            );
            assert_eq!(
                reason(TimeFormat::Utc, berlin, text),
                Err("bad_time"),
                "{text}"
            );
        }
    }
}
