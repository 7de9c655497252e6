//! Lets a stage report how far it is, without knowing the terminal.

/// Receives what the stages report. `cli` draws it on the terminal.
pub trait Progress: Sync {
    /// A stage begins; `total` is its length in a unit of its own, such as bytes or steps.
    fn begin(&self, stage: &'static str, total: u64);
    /// The stage has come `amount` further.
    fn advance(&self, amount: u64);
    /// The stage has ended.
    fn end(&self);
}

/// Ignores all reports.
#[derive(Debug)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _stage: &'static str, _total: u64) {}
    fn advance(&self, _amount: u64) {}
    fn end(&self) {}
}
