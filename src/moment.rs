//! Moments, as microseconds since 1970-01-01 UTC, and how they are written.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment in RFC 3339, UTC.
pub fn utc(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |time| time.to_string())
}

/// The microseconds of a moment that [`utc`] wrote.
pub fn micros(utc: &str) -> Option<i64> {
    let time = utc.parse::<Timestamp>().map(Timestamp::as_microsecond);
    time.ok().or_else(|| utc.parse().ok())
}

/// A moment as `zone` shows it, to the second, with the zone's name.
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
