//! What Trunk built, as the shipments take it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::script::{self, Glue};
use crate::reader;

/// The program: its JavaScript as one text, and its WebAssembly.
#[derive(Debug)]
pub struct Program {
    /// The JavaScript.
    pub glue: Glue,
    /// The WebAssembly.
    pub wasm: Vec<u8>,
    /// What reads captures: the script of a worker and its WebAssembly, loaded when a capture is opened.
    pub reader: Reader,
}

/// A worker beside the program.
#[derive(Debug, Default)]
pub struct Reader {
    /// A script of the old kind.
    pub script: Vec<u8>,
    /// The WebAssembly.
    pub wasm: Vec<u8>,
}

impl Program {
    /// Reads the program `name` from the folder of Trunk's output.
    pub fn read(built: &Path, name: &str) -> Result<Self> {
        let bytes = |file: &str| {
            fs::read(built.join(file)).with_context(|| format!("cannot read {file} of the built page"))
        };
        let text =
            |file: &str| String::from_utf8(bytes(file)?).with_context(|| format!("{file} is not UTF-8"));
        Ok(Self {
            glue: script::merge(&text(&format!("{name}.js"))?, text)?,
            wasm: bytes(&format!("{name}_bg.wasm"))?,
            reader: Reader { script: bytes(reader::FILES[0])?, wasm: bytes(reader::FILES[1])? },
        })
    }
}
