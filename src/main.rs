//! The `breachscope` program: parses, runs, and maps an error to an exit code.

mod cli;

use std::process::ExitCode;

/// Memory that was freed is kept for a second: batches of columns are made and dropped all the time, and
/// the system would have to clear their pages each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
