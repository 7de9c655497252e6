//! Engine for text lines that a template describes: literals, and variables between them.
//!
//! A variable's value ends where the next literal begins. Between double quotes a backslash keeps the
//! character behind it from ending the value, and escapes (`\"`, `\\`, `\xHH`) are undone. A value of `-`
//! is no value.
//!
//! Two readers share the work:
//!
//! * the walk (`engine`, `variable`) takes a line apart, variable by variable, and knows every rule;
//! * `quick` reads the lines of a stretch together, those without escapes. It leaves every line that does
//!   not fit to the walk, so it needs to know only the common case.
//!
//! **Invariant: both give every line the same fields.**
//! `tests/integration/differential.rs` holds it, on mutated lines of several templates:
//! `lines_read_together_are_what_they_are_one_by_one` compares the two readers with one another, and
//! `the_template_engine_agrees_with_a_walk_by_character` the walk with a slow, obvious reading.
//!
//! Rejects: `log_syntax`, for a line that is not as the template says, or in which another line stands;
//! `duplicate_field`, for a wanted field of the tail that is there twice, so that nothing says which one
//! counts. A claim of a token that is there twice leaves the line a row, if the frame has a column for what
//! is wrong with tokens.

mod any_of;
mod build;
mod engine;
mod joined;
mod pieces;
mod quick;
mod tail;
mod value;
mod variable;

pub use any_of::AnyOf;
pub use engine::parser;
pub use pieces::{Meaning, Piece, Style, at, is};
pub(crate) use value::put;
