//! What people and programs get of a run: tables for the terminal, `report.md`, `disclosure.json`.
//!
//! Findings and gaps come as data and become sentences here. Values from logs are escaped here.

mod evidence;
mod markdown;
mod misfits;
mod problems;
mod sentences;
mod summary;

pub use evidence::evidence;
pub use markdown::markdown;
pub use summary::summary;

/// Writes `value` as indented JSON that ends with a newline.
pub fn json<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain values become JSON");
    text.push('\n');
    text
}
