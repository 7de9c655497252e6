//! Lines of one format: the target's name is the format's.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| breachscope_fuzz::line(env!("CARGO_BIN_NAME"), data));
