//! What the texts of fields mean: times, numbers, addresses, tokens; one file for each kind of value.

pub(crate) mod addresses;
pub(crate) mod clock;
pub(crate) mod numbers;
pub(crate) mod parts;
pub(crate) mod token;
