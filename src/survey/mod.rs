//! First contact with a folder of logs: what each log is, and a first case file for them.
//!
//! | file | what it does |
//! |---|---|
//! | [`detect`] | looks at the first and last lines of each log and says what it is |
//! | `guess` | which column a field fills, by its name |
//! | [`init`] | writes a first case file |
//! | [`text`] | what was detected, for the terminal |

pub mod detect;
mod guess;
pub mod init;
pub mod text;
