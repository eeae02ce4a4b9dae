//! Any file as a whole: every container, by its magic.
#![no_main]

use connector_check_capture::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let (facts, _) = read("fuzz", file);
    assert!(facts.totals.packets <= file.len() as u64);
});
