//! Writes the seeds of every target into `corpus/`: `cargo run --example seed`, in this folder. `cargo xtask fuzz` does.

use std::path::Path;
use std::{fs, io};

use connector_check_responder_fuzz::{TARGETS, seeds};

fn main() -> io::Result<()> {
    for (target, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds().into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(())
}
