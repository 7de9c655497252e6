//! Reads times as logged into microseconds since 1970-01-01 UTC.
//!
//! Each line has a time, so the shapes that fill most logs are read by hand, in `shapes`; anything else
//! is left to `jiff`. Where clocks are changed, a local time may happen twice or never: one that
//! never happened is a reject, and of one that happened twice the row has the earlier.

mod shapes;

use std::borrow::Cow;

use jiff::tz::{AmbiguousOffset, TimeZone};

pub(crate) use shapes::LastDate;
use shapes::{civil_text, common, common_local, rfc3339};

use crate::bytes;
use crate::case::TimeFormat;
use crate::intake::reject::{Reason, Reject};
use crate::jws;

/// How one source writes its times, and how far its clock is wrong.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// How times are written.
    pub format: TimeFormat,
    /// The zone of times without an offset.
    pub zone: Option<TimeZone>,
    /// Microseconds to add to a logged time.
    pub correction: i64,
}

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

impl Clock {
    /// The true time of `text`; what it writes below a microsecond is cut off.
    #[cfg(test)]
    fn read(&self, text: &str) -> Result<i64, Reject> {
        self.read_next(&mut LastDate::default(), text.as_bytes())
    }

    /// The true time of `text`, in microseconds since 1970 UTC.
    ///
    /// `last` is the date of the time read before, which most times repeat.
    #[inline]
    pub(crate) fn read_next(&self, last: &mut LastDate, text: &[u8]) -> Result<i64, Reject> {
        let quick = match self.format {
            TimeFormat::Common => common(last, text),
            TimeFormat::Rfc3339 => rfc3339(last, text),
            TimeFormat::EpochSeconds => whole(text, MICROS),
            TimeFormat::EpochMilliseconds => whole(text, 1000),
            TimeFormat::EpochMicroseconds => whole(text, 1),
            TimeFormat::Epoch => match text.len() {
                ..=10 => whole(text, MICROS),
                11..=13 => whole(text, 1000),
                _ => whole(text, 1),
            },
            _ => None,
        };
        match quick.and_then(|time| time.checked_add(self.correction)) {
            Some(time) => Ok(time),
            None => self.read_any(text),
        }
    }

    /// Reads a time that the quick way does not know.
    fn read_any(&self, text: &[u8]) -> Result<i64, Reject> {
        let Ok(text) = std::str::from_utf8(text) else {
            return Err(self.bad_time(&String::from_utf8_lossy(text)));
        };
        let logged = match self.format {
            TimeFormat::Common => common(&mut LastDate::default(), text.as_bytes()),
            TimeFormat::Rfc3339 => match rfc3339(&mut LastDate::default(), text.as_bytes()) {
                Some(time) => Some(time),
                None => self.read_with_jiff(text)?,
            },
            TimeFormat::EpochSeconds => decimal(text, MICROS).or_else(|| exponential(text)),
            TimeFormat::EpochMilliseconds => decimal(text, 1000),
            TimeFormat::EpochMicroseconds => decimal(text, 1),
            TimeFormat::EpochNanoseconds => nanoseconds(text),
            TimeFormat::Epoch => match by_digits(text).or_else(|| exponential(text)) {
                Some(time) => Some(time),
                None => self.read_with_jiff(text)?,
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
            None => Err(self.bad_time(text)),
        }
    }

    /// Reads a time that a token claims: seconds since 1970 (RFC 7519), or as this source writes times.
    ///
    /// The claim is by the issuer's clock, so this source's correction does not apply.
    #[inline]
    pub(crate) fn read_claim(&self, text: &[u8]) -> Result<i64, Reject> {
        match whole(text, MICROS) {
            Some(time) => Ok(time),
            None => self.read_other_claim(text),
        }
    }

    #[cold]
    fn read_other_claim(&self, text: &[u8]) -> Result<i64, Reject> {
        let seconds = std::str::from_utf8(text).ok();
        let read = |text: &str| decimal(text, MICROS).or_else(|| exponential(text));
        match seconds.and_then(read) {
            Some(time) => Ok(time),
            None => Clock {
                correction: 0,
                ..self.clone()
            }
            .read_any(text),
        }
    }

    /// The earlier of the two moments at which the local time `text` happened; `None` if it did not.
    #[cold]
    pub(crate) fn read_earlier(&self, text: &[u8]) -> Option<i64> {
        let as_if_utc = Clock {
            zone: Some(TimeZone::UTC),
            correction: 0,
            ..self.clone()
        };
        let local = jiff::Timestamp::from_microsecond(as_if_utc.read_any(text).ok()?).ok()?;
        let zone = self.zone.as_ref()?;
        let ambiguous = zone.to_ambiguous_timestamp(TimeZone::UTC.to_datetime(local));
        let twice = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
        let earlier = ambiguous.earlier().ok().filter(|_| twice)?;
        earlier.as_microsecond().checked_add(self.correction)
    }

    /// Reads a time of RFC 3339 in a form that the quick way does not know, or without an offset.
    #[cold]
    fn read_with_jiff(&self, text: &str) -> Result<Option<i64>, Reject> {
        if !is_of_calendar(text) {
            return Ok(None);
        }
        let text = &*without_far_digits(text);
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Some(time.as_microsecond()));
        }
        match civil_text(text.as_bytes()) {
            Some(local) => self.local(text, local).map(Some),
            None => Ok(None),
        }
    }

    /// The reject of a line whose time is `text`.
    #[cold]
    fn bad_time(&self, text: &str) -> Reject {
        let shown: String = text.chars().take(60).collect();
        let example = match self.format {
            TimeFormat::Rfc3339 => "2025-04-14T00:00:00+09:00",
            TimeFormat::EpochSeconds | TimeFormat::Epoch => "1744556400",
            TimeFormat::EpochMilliseconds => "1744556400000",
            TimeFormat::EpochMicroseconds => "1744556400000000",
            TimeFormat::EpochNanoseconds => "1744556400000000000",
            TimeFormat::Common => "14/Apr/2025:00:00:00 +0900",
            TimeFormat::Utc | TimeFormat::LocalIso => "2025-04-14 00:00:00",
            TimeFormat::LocalClf => "14/Apr/2025:00:00:00",
        };
        let detail = format!("`{shown}` is no time like `{example}`");
        Reject::new(Reason::BadTime, detail)
    }

    /// The moment at which a wall clock in this source's zone showed `local`, a time given as if in UTC.
    fn local(&self, text: &str, local: i64) -> Result<i64, Reject> {
        let Some(zone) = &self.zone else {
            return Err(Reject::new(
                Reason::TimeWithoutZone,
                format!("`{text}` has no offset: add `zone` to its source in the case file"),
            ));
        };
        let as_utc = jiff::Timestamp::from_microsecond(local).map_err(|_| self.bad_time(text))?;
        let civil = TimeZone::UTC.to_datetime(as_utc);
        let unambiguous = zone.to_ambiguous_timestamp(civil).unambiguous();
        unambiguous
            .map(jiff::Timestamp::as_microsecond)
            .map_err(|_| {
                Reject::new(
                    Reason::TimeInGap,
                    format!("`{text}` never happened: clocks were changed in this zone then"),
                )
            })
    }
}

/// Whether a time has no leap second, no year 0 and no offset of a day or more.
///
/// No format has those, but `jiff` would read them.
fn is_of_calendar(text: &str) -> bool {
    let clock = text.get(11..).unwrap_or_default();
    let hours = clock
        .rfind(['+', '-'])
        .and_then(|sign| clock.get(sign + 1..sign + 3)?.parse().ok());
    !text.contains(":60") && !text.starts_with("0000") && hours.is_none_or(|hours: u8| hours < 24)
}

/// Cuts off the digits of a fraction behind its ninth, which `jiff` does not read.
fn without_far_digits(text: &str) -> Cow<'_, str> {
    let Some(point) = text.find(['.', ',']) else {
        return text.into();
    };
    let digits = text[point + 1..].bytes().take_while(u8::is_ascii_digit);
    match digits.count() {
        digits @ 10.. => [&text[..point + 10], &text[point + 1 + digits..]]
            .concat()
            .into(),
        _ => text.into(),
    }
}

/// Reads seconds, milliseconds, microseconds or nanoseconds since 1970.
///
/// The number of digits tells them apart for any time from 2001 to 2286.
fn by_digits(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    match whole.len() {
        ..=10 => decimal(text, MICROS),
        11..=13 => decimal(text, 1000),
        14..=16 => decimal(text, 1),
        _ => nanoseconds(text),
    }
}

/// Reads nanoseconds since 1970.
fn nanoseconds(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse::<i64>()
        .ok()
        .filter(|_| plain)
        .map(|nanos| nanos / 1000)
}

/// The end of the year 9999 in microseconds since 1970 UTC.
///
/// No log is younger, and sums with times up to it do not overflow.
const LATEST: i64 = 253_402_300_799_999_999;

/// Reads a whole number of at most sixteen digits, in units of `unit` microseconds.
#[inline]
fn whole(text: &[u8], unit: i64) -> Option<i64> {
    let whole = i64::try_from(bytes::decimal(text)?).ok()?;
    whole.checked_mul(unit).filter(|micros| *micros <= LATEST)
}

/// Reads a decimal number in units of `unit` microseconds, which is a power of ten.
///
/// What is below a microsecond is cut off: behind as many digits as `unit` has zeros it becomes 0.
fn decimal(text: &str, mut unit: i64) -> Option<i64> {
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
    Some(micros).filter(|micros| *micros <= LATEST)
}

/// Reads a number of seconds as JSON may write it: `1.7445888e9`.
fn exponential(text: &str) -> Option<i64> {
    let digits = |c: char| c.is_ascii_digit();
    let bare = text.starts_with(digits) && text.ends_with(digits);
    let is_number = bare && text.contains(['e', 'E']) && serde_json::from_str::<f64>(text).is_ok();
    let time = is_number.then(|| jws::microseconds(text)).flatten();
    time.filter(|micros| (0..=LATEST).contains(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_may_have_an_exponent() {
        let clock = clock(TimeFormat::Rfc3339, None);
        for (text, expected) in [
            ("1.7445888E9", Some(1_744_588_800_000_000)),
            ("17445888005e-1", Some(1_744_588_800_500_000)),
            ("1e400", None),
            ("-1e9", None),
            ("1e", None),
            ("1e12", None),
            (" 1e9", None),
        ] {
            assert_eq!(clock.read_claim(text.as_bytes()).ok(), expected, "{text}");
        }
    }

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
                clock.read(text).map_err(|reject| reject.reason.name()),
                Err("bad_time"),
                "{text}"
            );
        }
    }

    #[test]
    fn digits_below_a_nanosecond_change_nothing() {
        let clock = clock(TimeFormat::Rfc3339, None);
        for text in [
            "2025-04-14T00:00:00.1234567890Z",
            "2025-04-14T09:00:00.123456999999999+09:00",
        ] {
            assert_eq!(clock.read(text), Ok(1_744_588_800_123_456), "{text}");
        }
        assert!(clock.read("2025-04-14T00:00:00.1234567890x").is_err());
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
        assert_eq!(
            clock(TimeFormat::EpochSeconds, None).read("1.7445564005e9"),
            Ok(1_744_556_400_500_000)
        );
        assert!(
            clock(TimeFormat::EpochMilliseconds, None)
                .read("1e12")
                .is_err()
        );
    }

    #[test]
    fn a_local_time_needs_a_zone_and_one_meaning() {
        let format = TimeFormat::Rfc3339;
        let reason = |zone, text| {
            clock(format, zone)
                .read(text)
                .map_err(|reject| reject.reason.name())
        };
        assert_eq!(
            reason(None, "2025-10-26T02:30:00"),
            Err("time_without_zone")
        );
        assert_eq!(
            reason(Some("Europe/Berlin"), "2025-10-26T02:30:00"),
            Err("time_in_gap")
        );
        assert_eq!(
            reason(Some("Europe/Berlin"), "2025-03-30T02:30:00"),
            Err("time_in_gap")
        );
        let earlier = |zone, text: &str| clock(format, Some(zone)).read_earlier(text.as_bytes());
        let utc = |text: &str| {
            Some(
                text.parse::<jiff::Timestamp>()
                    .expect("a time")
                    .as_microsecond(),
            )
        };
        for (zone, text, expected) in [
            (
                "Europe/Berlin",
                "2025-10-26T02:30:00",
                utc("2025-10-26T00:30:00Z"),
            ),
            (
                "America/New_York",
                "2025-11-02T01:30:00",
                utc("2025-11-02T05:30:00Z"),
            ),
            // Clocks there change by half an hour.
            (
                "Australia/Lord_Howe",
                "2025-04-06T01:45:00",
                utc("2025-04-05T14:45:00Z"),
            ),
            ("Europe/Berlin", "2025-03-30T02:30:00", None),
            ("Europe/Berlin", "2025-10-26T03:30:00", None),
        ] {
            assert_eq!(earlier(zone, text), expected, "{zone} {text}");
        }
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
            let read = common.read_next(&mut last, text.as_bytes());
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
        let reason =
            |format, zone, text| read(format, zone, text).map_err(|reject| reject.reason.name());
        let berlin = Some("Europe/Berlin");
        assert_eq!(
            reason(TimeFormat::LocalClf, berlin, "26/Oct/2025:02:30:00"),
            Err("time_in_gap")
        );
        assert_eq!(
            reason(TimeFormat::LocalClf, None, "26/Oct/2025:02:30:00"),
            Err("time_without_zone")
        );
        for text in [
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.5Z",
            "0000-01-01T00:00:00Z",
            "2025-04-14T00:00:00+25:00",
            "2025-04-14T00:00:00.123456789-24:00",
        ] {
            assert_eq!(
                reason(TimeFormat::Rfc3339, None, text),
                Err("bad_time"),
                "{text}"
            );
        }
        let late = reason(
            TimeFormat::Rfc3339,
            None,
            "2025-04-14T00:00:00.123456789-23:59",
        );
        assert!(late.is_ok(), "{late:?}");
        for text in ["01/Jan/0000:00:00:00 +0000", "31/Dec/2016:23:59:60 +0000"] {
            assert_eq!(
                reason(TimeFormat::Common, None, text),
                Err("bad_time"),
                "{text}"
            );
        }
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
