//! Moments, as microseconds since 1970-01-01 UTC, and how they are written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment in RFC 3339, UTC.
pub fn utc(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |time| time.to_string())
}

/// A moment as clocks in `zone` show it, to the second, with the zone's abbreviation.
pub fn local(micros: i64, zone: &TimeZone) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(time) => time
            .to_zoned_datetime(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S %Z")
            .to_string(),
        Err(_) => micros.to_string(),
    }
}

/// Serializes a moment as RFC 3339, UTC.
pub fn serialize_utc<S: serde::Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&utc(*micros))
}

/// Serializes a moment that may be unknown as RFC 3339, UTC, or as nothing.
pub fn serialize_some_utc<S: serde::Serializer>(
    micros: &Option<i64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match micros {
        Some(micros) => serialize_utc(micros, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads a moment that [`utc`] wrote; `None` for any other text.
pub fn micros(utc: &str) -> Option<i64> {
    let time = utc.parse::<Timestamp>().map(Timestamp::as_microsecond);
    time.ok().or_else(|| utc.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        for micros_before in [0, -1, 1_744_588_800_123_456, i64::MAX, i64::MIN] {
            assert_eq!(micros(&utc(micros_before)), Some(micros_before));
        }
        assert_eq!(micros("yesterday"), None);
    }
}
