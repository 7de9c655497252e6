//! First contact with a folder of logs: what each log is, and a first case file for them.
//!
//! | file | what it does |
//! |---|---|
//! | [`detect`] | finds the logs in files and folders, and says what each is |
//! | `detected` | what a log was found to be |
//! | `guess` | guesses the column that a field fills from its name |
//! | [`init`] | writes a first case file |
//! | `recognize` | recognizes the format of a log from a sample |
//! | `requests` | tells a log of requests, which is no issuance log |
//! | `sample` | takes the first and last bytes of a log |
//! | `sources` | groups like logs into sources |
//! | [`text`] | shows what was detected on the terminal |

pub mod detect;
mod detected;
mod guess;
pub mod init;
mod recognize;
mod requests;
mod sample;
mod sources;
pub mod text;

pub use detected::Detected;
pub use requests::refuse_requests_as_issuances;
