//! Prints what a capture tells as JSON: `cargo run -p connector-check-capture --example facts -- FILE`.

use std::env;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::ExitCode;

use connector_check_capture::{CHUNK, Reader};

fn main() -> ExitCode {
    let Some(name) = env::args_os().nth(1) else {
        eprintln!("usage: cargo run -p connector-check-capture --example facts -- FILE");
        return ExitCode::FAILURE;
    };
    match facts(Path::new(&name)) {
        // Who reads only the beginning, as `head` does, has had enough.
        Ok(json) => {
            let _ = writeln!(std::io::stdout(), "{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cannot read {}: {error}", Path::new(&name).display());
            ExitCode::FAILURE
        }
    }
}

fn facts(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut reader = Reader::new(&path.to_string_lossy(), Some(size));
    let mut chunk = vec![0; CHUNK];
    while let Some(at) = reader.wants() {
        file.seek(SeekFrom::Start(at))?;
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        reader.push(&chunk[..count]);
    }
    let (facts, warnings) = reader.finish();
    Ok(serde_json::to_string_pretty(&serde_json::json!({ "facts": facts, "warnings": warnings }))?)
}
