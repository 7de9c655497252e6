//! A case file.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| breachscope_fuzz::case(data));
