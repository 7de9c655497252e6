//! A server's own description of its lines, and lines read by it: the target's name is the format's
//! with `_log_format` after it.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    breachscope_fuzz::log_format(env!("CARGO_BIN_NAME").trim_end_matches("_log_format"), data)
});
