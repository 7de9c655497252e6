//! Results, looked at again: why a token has its verdict, what was rejected, what changed since.
//!
//! | file | what it does |
//! |---|---|
//! | [`explain`] | a token's verdict, and the lines that prove it |
//! | [`rejects`] | the lines that could not be read, by reason |
//! | [`verify`] | whether evidence and results are still what the manifest says |
//! | [`text`] | all of these for the terminal |

pub mod explain;
pub mod rejects;
pub mod text;
pub mod verify;
