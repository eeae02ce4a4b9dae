//! Building the page with Trunk.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::reader;
use crate::setup::{BINARYEN, Tools, WASM_TARGET};
use crate::workspace::Workspace;

/// The name that Trunk derives all file names from.
pub const PACKAGE: &str = "connector-check";

/// A page that was built.
#[derive(Debug)]
pub struct Page {
    /// Trunk's output, ready to be served.
    pub folder: PathBuf,
    /// While it is held, no other task replaces the folder.
    _lock: File,
}

/// Builds the page. Cargo decides what has to be compiled again.
pub fn build(workspace: &Workspace, tools: &Tools) -> Result<Page> {
    if !workspace.root.join("index.html").is_file() {
        bail!(
            "{} is not there: this is not a complete repository",
            workspace.root.join("index.html").display()
        );
    }
    eprintln!("building the page …");
    // Trunk may not use the network, so what the page depends on is fetched and compiled here, in plain sight.
    compile(workspace)?;
    let lock = lock(workspace)?;
    // Trunk copies this folder whole; without this, modules of earlier builds would be shipped as well.
    let snippets = workspace.target.join("wasm-bindgen").join("release").join("snippets");
    if snippets.exists() {
        fs::remove_dir_all(&snippets).with_context(|| format!("cannot remove {}", snippets.display()))?;
    }
    let folder = workspace.target.join("page");
    let mut trunk = Command::new(tools.file("trunk")?);
    trunk.args(["build", "--release", "--skip-version-check", "--log", "warn", "--dist"]).arg(&folder);
    let has_wasm_opt = tools.has(BINARYEN);
    if has_wasm_opt {
        trunk.arg("--offline");
    }
    trunk.current_dir(&workspace.root).env("PATH", tools.path()?).envs(path_remapping(workspace));
    if env::var_os("NO_COLOR").is_some() {
        // Trunk takes only these two words for it and stops at the usual "1".
        trunk.env("NO_COLOR", "true");
    }
    process::run(&mut trunk).with_context(|| {
        let hint = "; without npm, Trunk had to download wasm-opt from GitHub: where that was refused, install Node.js";
        format!("Trunk could not build the page{}", if has_wasm_opt { "" } else { hint })
    })?;
    reader::build(workspace, tools, path_remapping(workspace), &folder)?;
    Ok(Page { folder, _lock: lock })
}

/// Compiles what [`build`] makes the page of, which takes most of its time and uses one core for much of it.
pub fn compile(workspace: &Workspace) -> Result<()> {
    process::run(
        process::cargo(workspace)
            .args(["build", "--release", "--lib", "--target", WASM_TARGET, "--package", PACKAGE])
            .envs(path_remapping(workspace)),
    )
}

/// Waits for another task that builds the page: Trunk empties the folder that both would write to.
fn lock(workspace: &Workspace) -> Result<File> {
    let name = workspace.target.join("page.lock");
    let cannot_lock = || format!("cannot lock {}", name.display());
    let file = File::create(&name).with_context(cannot_lock)?;
    if file.try_lock().is_err() {
        eprintln!("waiting for another task that builds the page …");
        file.lock().with_context(cannot_lock)?;
    }
    Ok(file)
}

/// Compiler flags that keep this machine's folders, and with them the user's name, out of the page's panic messages,
/// so that the same source gives the same bytes in every clone.
fn path_remapping(workspace: &Workspace) -> Option<(&'static str, String)> {
    const VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";
    let home =
        env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")))?;
    let (home, root) = (home.to_str()?, workspace.root.to_str()?);
    // Cargo splits the variable at spaces and offers no way to quote one.
    if home.contains(' ') || root.contains(' ') {
        return None;
    }
    let given = env::var(VARIABLE).unwrap_or_default();
    let flags =
        format!("{given} --remap-path-prefix={home}=/cargo --remap-path-prefix={root}=/connector-check");
    Some((VARIABLE, flags.trim_start().to_owned()))
}
