//! Writes the seeds of every target into `corpus/`: `cargo run --example seed`, in this folder. `cargo xtask fuzz` does.

use std::path::Path;
use std::{fs, io};

use connector_check_capture_fuzz::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let captures = seeds::golden(&here.join("../tests/golden"))?;
    for (target, _) in TARGETS {
        let folder = here.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds::of(target, &captures).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(())
}
