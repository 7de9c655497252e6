//! What counting needs to know of a line: who wrote it, for which request, and the verdict on its token.
//!
//! The edge, the gateway and the application each log a request. Its request id brings their lines
//! together, so that it is counted once.

mod address;
mod line;
mod verdict;

pub use address::{address_bits, address_of};
pub use line::{ByRequest, LONGEST_FOLD, Line, Tier, of_page_and_time};
pub use verdict::{Confidence, Verdict};
