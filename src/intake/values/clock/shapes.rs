//! Reads by hand the few shapes of times that most logs write.

use crate::bytes;
use crate::intake::values::clock::MICROS;

/// The date and the offset of the time read last.
///
/// Most lines of a log are of the same day as the line before, so each date is worked out once.
#[derive(Debug, Default)]
pub(crate) struct LastDate {
    day: Last<11>,
    offset: Last<6>,
}

/// The text read last, and the seconds that it stands for.
#[derive(Debug)]
struct Last<const MOST: usize> {
    text: [u8; MOST],
    length: usize,
    seconds: i64,
}

impl<const MOST: usize> Default for Last<MOST> {
    fn default() -> Self {
        Last {
            text: [0; MOST],
            length: 0,
            seconds: 0,
        }
    }
}

impl<const MOST: usize> Last<MOST> {
    /// The seconds that `text` stands for; calls `read` only if it is not the last text again.
    #[inline(always)]
    fn seconds<const N: usize>(
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

/// The number that `digits` write; two and four are the usual cases.
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

/// Reads `14/Apr/2025:00:00:00 +0900`.
#[inline(always)]
pub(crate) fn common(last: &mut LastDate, text: &[u8]) -> Option<i64> {
    let text: &[u8; 26] = text.try_into().ok()?;
    let (clock, offset) = text.split_first_chunk::<20>()?;
    let seconds = common_seconds(&mut last.day, clock)?;
    let east = last.offset.seconds(offset.first_chunk()?, common_offset)?;
    Some((seconds - east) * MICROS)
}

/// Reads the offset in ` +0900`, in seconds.
fn common_offset(text: &[u8; 6]) -> Option<i64> {
    let [b' ', sign, h1, h2, m1, m2] = *text else {
        return None;
    };
    offset(sign, &[h1, h2], &[m1, m2])
}

/// Reads `14/Apr/2025:00:00:00[.fraction]` as if in UTC.
pub(crate) fn common_local(text: &[u8]) -> Option<i64> {
    let (clock, rest) = text.split_first_chunk::<20>()?;
    let micros = match rest {
        [] => 0,
        [b'.', digits @ ..] => fraction(digits)?,
        _ => return None,
    };
    Some(common_seconds(&mut Last::default(), clock)? * MICROS + micros)
}

/// Reads `14/Apr/2025:00:00:00` as if in UTC, in seconds.
#[inline(always)]
fn common_seconds(last: &mut Last<11>, text: &[u8; 20]) -> Option<i64> {
    let (date, [b':', clock @ ..]) = text.split_first_chunk()? else {
        return None;
    };
    Some(last.seconds(date, common_date)? + time_of_day(clock.first_chunk()?)?)
}

/// Reads `14/Apr/2025`, in seconds since 1970.
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

/// Reads `2025-04-14`, in seconds since 1970.
fn iso_date(text: &[u8; 10]) -> Option<i64> {
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let (year, month) = (number(&text[0..4])?, number(&text[5..7])?);
    date(year, month, number(&text[8..10])?)
}

/// Reads the digits of a fraction of a second, in microseconds; those behind the sixth are cut off.
fn fraction(digits: &[u8]) -> Option<i64> {
    // No clock is finer than 18 digits; more are a mistake.
    if digits.is_empty() || digits.len() > 18 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = &digits[..digits.len().min(6)];
    // At most six digits are kept, so the power is not below zero.
    Some(number(kept)? * 10i64.pow(6 - kept.len() as u32))
}

/// Reads `2025-04-14 00:00:00`, with a fraction behind `.` or `,` or none, as if in UTC.
pub(crate) fn civil_text(text: &[u8]) -> Option<i64> {
    let (seconds, rest) = iso_seconds(&mut LastDate::default(), text)?;
    let micros = match rest {
        [] => 0,
        [b'.' | b',', digits @ ..] => fraction(digits)?,
        _ => return None,
    };
    Some(seconds * MICROS + micros)
}

/// Reads `2025-04-14T00:00:00` as if in UTC, in seconds; returns also what stands behind it.
#[inline]
fn iso_seconds<'t>(last: &mut LastDate, text: &'t [u8]) -> Option<(i64, &'t [u8])> {
    let (text, rest) = text.split_first_chunk::<19>()?;
    let (day, [b'T' | b't' | b' ', clock @ ..]) = text.split_first_chunk::<10>()? else {
        return None;
    };
    let seconds = last.day.seconds(day, iso_date)? + time_of_day(clock.first_chunk()?)?;
    Some((seconds, rest))
}

/// Reads `2025-04-14T00:00:00[.fraction]` with `Z` or an offset such as `+09:00` behind.
#[inline]
pub(crate) fn rfc3339(last: &mut LastDate, text: &[u8]) -> Option<i64> {
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

/// The seconds that a time with this offset is ahead of UTC.
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

/// Reads `HH:MM:SS`, in seconds since midnight; a leap second is no time here.
#[inline(always)]
fn time_of_day(text: &[u8; 8]) -> Option<i64> {
    let [hour, minute, second] = bytes::two_digits_thrice(text)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((hour * 60 + minute) * 60 + second)
}

/// Seconds from the beginning of 1970 to that of a date, both in UTC.
fn date(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1 || !(1..=longest).contains(&day) {
        return None;
    }
    // The year is counted from 1 March, so that the leap day is its last. Then 153 days make each five
    // months, and 719,468 days lie between 1 March of the year 0 and 1 January 1970.
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
