//! Reads what the texts of fields mean, one file for each kind of value.
//!
//! | file | what it reads |
//! |---|---|
//! | `assembler` | columns that are put together from parts, such as a request line |
//! | `clock` | times, as microseconds since 1970 UTC |
//! | `numbers` | whole numbers and status codes |
//! | `addresses` | IP addresses, in the one spelling of each |
//! | `token` | tokens: their id, their claims, and what their signature says |

pub(crate) mod addresses;
pub(crate) mod assembler;
pub(crate) mod clock;
pub(crate) mod numbers;
pub(crate) mod token;
