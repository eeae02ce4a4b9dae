//! See `connector_check_responder_fuzz::hello`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| connector_check_responder_fuzz::hello(input));
