//! Finds evidence files on disk, opens them read-only, hashes and unpacks them.
//!
//! | file | what it does |
//! |---|---|
//! | `jobs` | finds the files that the sources of a case name, and the logs in them |
//! | `files` | lists the files that a path or pattern stands for |
//! | `names` | names in any bytes, as text |
//! | `containers` | opens compressed files and archives, however deep they are packed |
//! | `readers` | readers that hash, look ahead, unpack gzip, and fail |
//! | `parquet_rows` | gives the rows of a Parquet file as lines of JSON |
//! | `raw` | reads single lines again, as proof |

pub(crate) mod containers;
mod files;
pub(crate) mod jobs;
pub(crate) mod names;
pub(crate) mod parquet_rows;
pub(crate) mod plain_lines;
pub mod raw;
pub(crate) mod readers;
