//! Results, looked at again: why a token has its verdict, what was rejected, what changed since.
//!
//! | file | what it does |
//! |---|---|
//! | [`explain`] | a token's verdict and what it rests on |
//! | `proof` | the lines that prove a verdict, read from the evidence again |
//! | `rows` | rows of a frame as text |
//! | [`rejects`] | the lines that could not be read, by reason |
//! | [`verify`] | whether evidence and results are still what the manifest says |
//! | [`text`] | all of these for the terminal |

pub mod explain;
mod proof;
pub mod rejects;
mod rows;
pub mod text;
pub mod verify;

pub use proof::Proof;
