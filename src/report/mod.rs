//! What people and programs get of a run: a summary for the terminal, `report.md`, `disclosure.json`.
//!
//! Values from logs are escaped here.

mod evidence;
mod markdown;
mod summary;

pub use evidence::evidence;
pub use markdown::markdown;
pub use summary::summary;

/// Indented JSON with a line end.
pub fn json<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("plain values become JSON");
    text.push('\n');
    text
}
