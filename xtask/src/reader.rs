//! The capture reader's worker: a program of its own beside the page, loaded only when a capture is opened.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::setup::{BINARYEN, Tools, WASM_TARGET};
use crate::workspace::Workspace;

/// The package of the worker.
const PACKAGE: &str = "connector-check-capture-worker";

/// What the page looks for beside its own program.
pub const FILES: [&str; 2] = ["capture-worker.js", "capture-worker.wasm"];

/// The part of the worker's script that is written by hand.
const LOOP: &str = "crates/capture-worker/src/worker.js";

/// For speed first: the worker reads gigabytes, and is loaded by those who have them.
const OPTIMISE: [&str; 3] = ["-O3", "--strip-debug", "--strip-producers"];

/// Builds the worker into the page's folder.
pub fn build(
    workspace: &Workspace,
    tools: &Tools,
    environment: Option<(&str, String)>,
    page: &Path,
) -> Result<()> {
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--release", "--target", WASM_TARGET, "--package", PACKAGE]).envs(environment);
    process::run(&mut cargo)?;
    let program = workspace
        .target
        .join(WASM_TARGET)
        .join("release")
        .join(format!("{}.wasm", PACKAGE.replace('-', "_")));
    let bound = workspace.target.join("capture-worker");
    // A script of the old kind, because workers that are modules cannot be started from a file in every browser.
    let mut bindgen = Command::new(tools.file("wasm-bindgen-cli")?);
    bindgen.args(["--target", "no-modules", "--no-typescript", "--out-name", "worker", "--out-dir"]);
    process::run(bindgen.arg(&bound).arg(&program))?;
    let compiled = bound.join("worker_bg.wasm");
    // Without npm there is no wasm-opt, and the worker is a little larger and slower.
    if tools.has(BINARYEN) {
        let mut optimise = Command::new(tools.file(BINARYEN)?);
        process::run(optimise.args(OPTIMISE).arg(&compiled).arg("-o").arg(&compiled))?;
    }
    let read = |file: &Path| fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    let mut script = read(&bound.join("worker.js"))?;
    script.extend(read(&workspace.root.join(LOOP))?);
    let [script_name, program_name] = FILES;
    for (name, bytes) in [(script_name, script), (program_name, read(&compiled)?)] {
        let file = page.join(name);
        fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
