//! Engine for JSON objects (RFC 8259), with dotted paths to the wanted fields.
//!
//! In a path, `a.b` leads to the member `b` of `a`, or to a member whose name is `a.b`. A number leads to an
//! element of an array, counted from 0, and `[type=user]` to those elements, or to that object itself, whose
//! member `type` is the text `user`. Where a path goes on below a text that holds a JSON object, it leads into that object: programs
//! log JSON, and what collects their lines puts those into a text of its own.
//!
//! Two readers share the work:
//!
//! * `scanner` walks a line once and copies only strings with escapes. It checks the whole line, so every
//!   row is valid JSON. It recurses only as deep as the wanted paths, so deep lines need no stack.
//! * `layout` reads lines that look like one that was walked before: it knows where their values are.
//!
//! **Invariant: both give every line the same fields.** `tests/integration/differential.rs` holds it:
//! `lines_read_together_are_what_they_are_one_by_one` compares the two readers with one another, and
//! `the_json_engine_agrees_with_a_dom_parser` the scanner with `serde_json`.
//!
//! Rejects:
//!
//! * `json_syntax`: the line is no JSON object;
//! * `duplicate_field`: a wanted field is there twice, and nothing says which one counts;
//! * `field_type`: a wanted field is neither a text, a number nor an array of them.
//!
//! If the field is a claim of a token, and the frame has a column for what is wrong with tokens, the line
//! stays a row and says there what is wrong. Two doubts never make a reject by themselves:
//!
//! * `joined`: a text was put together from an array, as no claim of a token ever is;
//! * `no_claims`: something stands beside or in place of a token's claims, but no claim that is known.

mod cursor;
mod engine;
mod escapes;
mod layout;
mod layouts;
mod names;
mod paths;
mod scanner;
mod watched;

#[cfg(test)]
mod testing;

pub use engine::{Finish, finished, plain};
pub use names::names;
