//! The canonical frames: what each is called, its columns, and how it is written and read.
//!
//! A frame is a folder `frames/<name>/` of Parquet parts. Those of event frames bear the number of their
//! evidence file, its `evidence_id`; those of derived frames that of a partition. What is long has several:
//! `000007.parquet`, `000007_0002.parquet` and so on. The parts are written in a fixed order of rows, so
//! the same evidence gives the same bytes.

mod columns;
mod encode;
mod pages;
mod reader;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod texts;
mod views;
mod writer;

pub use columns::{Batch, RowGroup, Value};
pub use reader::{Piece, Texts, code, part_files, pieces, small, text, time, unsigned};
pub use schema::*;
pub use shape::{Column, Frame, Kind};
pub use texts::Looked;
pub use views::{ALL as VIEWS, View};
pub use writer::{FrameWriter, Part, numbered_parts};
