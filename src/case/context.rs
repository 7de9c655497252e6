//! What every stage after intake needs to know.

use std::path::Path;

use super::{Accounts, Case, Interner};
use crate::progress::Progress;

/// The run, as the stages share it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The case.
    pub case: &'a Case,
    /// The account registry.
    pub accounts: &'a Accounts,
    /// Spellings of identifiers, each with its number.
    pub interner: &'a Interner,
    /// The folder that frames are read from and written to.
    pub frames_dir: &'a Path,
    /// Threads to use.
    pub threads: usize,
    /// Where stages tell how far they are.
    pub progress: &'a dyn Progress,
}
