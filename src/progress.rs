//! How a stage tells how far it is, without knowing the terminal.

/// Told by the stages; `cli` draws it.
pub trait Progress: Sync {
    /// A stage begins; `total` is its length in its own unit.
    fn begin(&self, stage: &'static str, total: u64);
    /// The stage has come `amount` further.
    fn advance(&self, amount: u64);
    /// The stage has ended.
    fn end(&self);
}

/// Draws nothing.
#[derive(Debug)]
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _stage: &'static str, _total: u64) {}
    fn advance(&self, _amount: u64) {}
    fn end(&self) {}
}
