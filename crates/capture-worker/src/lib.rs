//! The capture reader for a worker. What surrounds it, messages and the reading of the file, is `worker.js`.

use connector_check_capture::Reader;
use connector_check_capture::facts::{CaptureFacts, Warning};
use serde::Serialize;
use wasm_bindgen::prelude::*;

/// Reads one capture.
#[wasm_bindgen]
#[derive(Debug)]
pub struct CaptureReader {
    reader: Option<Reader>,
}

#[wasm_bindgen]
impl CaptureReader {
    /// A reader of a file of this name and length in bytes.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str, size: f64) -> Self {
        // Files are shorter than 2^53 bytes.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "said above")]
        let size = size as u64;
        Self { reader: Some(Reader::new(name, Some(size))) }
    }

    /// The place from which bytes are wanted next; -1 if no more are.
    #[expect(clippy::cast_precision_loss, reason = "files are shorter than 2^53 bytes")]
    pub fn wants(&self) -> f64 {
        self.reader.as_ref().and_then(Reader::wants).map_or(-1.0, |at| at as f64)
    }

    /// Takes the bytes at that place.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(reader) = &mut self.reader {
            reader.push(bytes);
        }
    }

    /// Packets that were read so far.
    #[expect(clippy::cast_precision_loss, reason = "a file of 2^53 bytes has fewer packets")]
    pub fn packets(&self) -> f64 {
        self.reader.as_ref().map_or(0.0, |reader| reader.packets() as f64)
    }

    /// `{facts, warnings}` as JSON; the reader is used up by it.
    ///
    /// # Errors
    /// Never: it is plain data with text keys.
    pub fn finish(&mut self) -> Result<String, String> {
        let (facts, warnings) = self.reader.take().map(Reader::finish).unwrap_or_default();
        // Straight to text: a tree in between would take several times as much memory.
        serde_json::to_string(&Told { facts, warnings }).map_err(|error| error.to_string())
    }
}

#[derive(Serialize)]
struct Told {
    facts: CaptureFacts,
    warnings: Vec<Warning>,
}
