//! What a reader looks up: log formats, fields, frames and settings, from the tables that the code uses.
//!
//! Nothing here is a second copy. [`formats`] asks each format and its parser, [`fields`] and [`schema`] read
//! the frames' own definitions, [`settings`] the structs that the case file is read with. Each makes a [`Page`],
//! which is printed as text for the terminal, as Markdown, or as JSON.

mod fields;
mod formats;
mod page;
mod schema;
mod settings;

pub use fields::fields;
pub use formats::formats;
pub use page::{Entry, Page, Part};
pub use schema::schema;
pub use settings::{case_schema, settings};

use crate::error::{Error, closest};

/// Says that `given` is none of `known`, and which was probably meant.
fn unknown(given: &str, what: &str, known: &[&str]) -> Error {
    let error = Error::user(format!("`{given}` is no {what}"));
    match closest(given, known.iter().copied()) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None => error.hint(format!("known are {}", known.join(", "))),
    }
}
