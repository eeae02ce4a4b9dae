//! See `connector_check_capture_fuzz::dns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| connector_check_capture_fuzz::dns(input));
