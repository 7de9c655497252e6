//! What counting needs to know of a line of the evidence: who wrote it, which request it tells of, and
//! what the verdict on its token is.
//!
//! A request is logged at the edge, at the gateway and by the application; its request id brings the
//! lines together, and it is counted once.

mod address;
mod line;
mod verdict;

pub use address::{address_bits, address_of};
pub use line::{ByRequest, Line, Tier, of_page_and_time};
pub use verdict::{Confidence, Verdict};
