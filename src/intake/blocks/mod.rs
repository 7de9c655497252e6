//! The bytes of a log, cut into blocks of whole lines, and those into stretches of at most 64 lines.
//!
//! | file | what it does |
//! |---|---|
//! | `buffers` | reused memory that blocks are read into, with the places of its line ends |
//! | `framing` | a log -> blocks, each of whole lines, records or objects |
//! | `records` | where the records of a table end whose quoted fields may hold line ends |
//! | `stretch` | the lines that are read together, and where the text of each field is |
//! | `line_set` | some of the lines of a stretch |
//! | `fields` | the slots that a line can fill |

pub(crate) mod buffers;
pub(crate) mod fields;
pub(crate) mod framing;
pub(crate) mod line_set;
pub(crate) mod records;
pub(crate) mod stretch;
