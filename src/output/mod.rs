//! The disclosure as text for the terminal, Markdown and JSON. Values from logs are escaped here.

mod evidence;
mod explained;
mod markdown;
mod terminal;

pub use evidence::{detected, evidence, rejects};
pub use explained::{explained, verdict_rules};
pub use markdown::markdown;
pub use terminal::{plain, terminal};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Indented JSON with a line end.
pub fn json<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain values become JSON");
    text.push('\n');
    text
}

/// A count with its thousands apart: `33,673,817`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A UTC moment as the report's zone shows it, to the second.
fn local(utc: &str, zone: &TimeZone) -> String {
    match utc.parse::<Timestamp>() {
        Ok(time) => time
            .to_zoned_datetime(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S %Z")
            .to_string(),
        Err(_) => utc.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (33_673_817, "33,673,817"),
        ] {
            assert_eq!(thousands(count), text);
        }
    }
}
