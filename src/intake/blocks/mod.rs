//! Cuts the bytes of a log into blocks of whole lines, and those into stretches of at most 64 lines.
//!
//! | file | what it holds |
//! |---|---|
//! | `buffers` | memory that blocks are read into and that is used again, with the places of line ends |
//! | `framing` | a log -> blocks, each of whole lines, records or objects |
//! | `prefixes` | what container runtimes, syslog and the like put before each line |
//! | `objects` | where the objects of a JSON array begin and end |
//! | `records` | where the records of a table end, and which of them are headers |
//! | `stretch` | lines that are read together, and where the text of each of their fields is |
//! | `line_set` | a set of lines of one stretch |
//! | `fields` | the slots that a line can fill, and the fields of one line |

pub(crate) mod buffers;
pub(crate) mod fields;
pub(crate) mod framing;
pub(crate) mod line_set;
mod objects;
pub(crate) mod prefixes;
pub(crate) mod records;
pub(crate) mod stretch;
