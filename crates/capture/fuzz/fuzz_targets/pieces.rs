//! Any file in pieces, the length of which is its first byte: the pieces must not matter.
#![no_main]

use connector_check_capture::{Reader, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [size, file @ ..] = input else { return };
    let mut reader = Reader::new("fuzz", Some(file.len() as u64));
    while let Some(rest) = reader.wants().and_then(|at| file.get(usize::try_from(at).ok()?..)) {
        if rest.is_empty() {
            break;
        }
        reader.push(&rest[..rest.len().min(usize::from(*size) + 1)]);
    }
    let facts = reader.finish().0;
    // Damaged gzip loses different tails, as the pieces end.
    if !file.starts_with(&[0x1f, 0x8b]) {
        assert_eq!(facts, read("fuzz", file).0);
    }
});
