//! Evidence files as they lie on disk: found, opened read-only, hashed, unpacked.
//!
//! | file | what it does |
//! |---|---|
//! | `jobs` | the files that the sources of a case name |
//! | `containers` | compressed files and archives, opened however deep they are packed |
//! | `parquet_rows` | the rows of a Parquet file, as lines of JSON |
//! | `raw` | single lines, read again as proof |

pub(crate) mod containers;
pub(crate) mod jobs;
pub(crate) mod parquet_rows;
pub mod raw;
