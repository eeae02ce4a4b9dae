//! Compressed forms of a file, the same for the same input.

use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};

/// Brotli's slowest and best, as a server would use once and for all.
const BROTLI_QUALITY: u32 = 11;

/// Brotli's largest window that every browser takes, as a power of two.
const BROTLI_WINDOW: u32 = 22;

/// Compresses without a name or date.
pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Compresses as well as Brotli can.
pub fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut compressed, 4096, BROTLI_QUALITY, BROTLI_WINDOW);
    encoder.write_all(bytes)?;
    drop(encoder);
    Ok(compressed)
}
