//! Reads a catalogue as strictly as the page does and writes it in one line; `cargo xtask bundle` runs it.
//!
//! An example, because its dependencies are not those of `xtask` itself: what stands in the way of compiling the
//! diagnosis must not stand in the way of every task.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use connector_check_diagnosis::catalogue::Catalogue;

fn main() -> ExitCode {
    let Some(file) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: read_catalogue FILE");
        return ExitCode::FAILURE;
    };
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("cannot read {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    };
    match Catalogue::parse(&text) {
        Ok(catalogue) => {
            println!(
                "{}",
                serde_json::to_string(&catalogue).expect("a catalogue holds nothing that JSON cannot")
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{} is no catalogue that the page would take: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}
