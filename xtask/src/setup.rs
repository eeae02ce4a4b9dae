//! Finding what a command needs, and installing what is missing.
//!
//! A tool is taken from the project's cache folder, else from PATH where exactly the pinned version stands there, else
//! it is installed into the cache folder. Where nothing is missing, this costs some hundredths of a second.

mod lock;
mod system;
mod tool;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;
use system::Package;
pub use system::is_root;
pub use tool::BINARYEN;
use tool::{Source, Tool};

/// The only target that the page is compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// How tools are compiled; Trunk itself asks for what takes longest.
const QUICKLY_COMPILED: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
];

/// The tools that were found or installed.
#[derive(Debug)]
pub struct Tools {
    found: Vec<(&'static str, PathBuf)>,
}

impl Tools {
    /// PATH with the folders of these tools before everything else.
    pub fn path(&self) -> Result<OsString> {
        let folders: Vec<PathBuf> =
            self.found.iter().filter_map(|(_, file)| file.parent()).map(Path::to_path_buf).collect();
        process::path_with(&folders)
    }

    /// The main file of a tool, by the name of its entry in [`tool`].
    pub fn file(&self, name: &str) -> Result<&Path> {
        let found = self.found.iter().find(|(tool, _)| *tool == name);
        found
            .map(|(_, file)| file.as_path())
            .with_context(|| format!("{name} is not among the tools of this command"))
    }

    /// Whether a tool is there.
    pub fn has(&self, name: &str) -> bool {
        self.found.iter().any(|(tool, _)| *tool == name)
    }
}

/// What building the page needs.
pub fn for_page(workspace: &Workspace) -> Result<Tools> {
    provide(workspace, &tool::of_page(&lock_version(workspace)?), &[])
}

/// What the tests need of the system, which is there soon; [`for_tests`] compiles tools.
pub fn system_for_tests(workspace: &Workspace) -> Result<()> {
    let packages = if cfg!(target_os = "linux") { system::PACKAGES } else { &[] };
    provide(workspace, &[], packages).map(|_none| ())
}

/// What the tests need: the page's tools, and on Linux the browsers, their drivers and the network programs.
pub fn for_tests(workspace: &Workspace) -> Result<Tools> {
    let mut tools = tool::of_page(&lock_version(workspace)?);
    if cfg!(target_os = "linux") {
        tools.extend(tool::of_tests());
        provide(workspace, &tools, system::PACKAGES)
    } else {
        provide(workspace, &tools, &[])
    }
}

/// What fuzzing needs.
pub fn for_fuzzing(workspace: &Workspace) -> Result<Tools> {
    provide(workspace, &tool::of_fuzzing(), &[])
}

/// What measuring the responder needs.
pub fn for_responder_bench() -> Result<()> {
    let missing = system::missing(system::OF_RESPONDER_BENCH);
    if missing.is_empty() { Ok(()) } else { system::install(&missing, "[1/1]") }
}

fn lock_version(workspace: &Workspace) -> Result<String> {
    let file = workspace.root.join("Cargo.lock");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let version = lock::version_of(&text, "wasm-bindgen");
    Ok(version.with_context(|| format!("{} has no package wasm-bindgen", file.display()))?.to_owned())
}

/// One thing that is missing.
enum Step<'a> {
    Packages(Vec<&'a Package>),
    WasmTarget,
    Tool(&'a Tool),
}

fn provide(workspace: &Workspace, tools: &[Tool], packages: &'static [Package]) -> Result<Tools> {
    let mut steps = Vec::new();
    let missing = system::missing(packages);
    if !missing.is_empty() {
        steps.push(Step::Packages(missing));
    }
    if !has_wasm_target()? {
        steps.push(Step::WasmTarget);
    }
    let mut found = Vec::new();
    let mut compiled = Vec::new();
    for tool in tools {
        match (tool.find(&workspace.tools), &tool.source) {
            (Some(file), _) => found.push((tool.name, file)),
            // These wait for the network, while other tasks compile.
            (None, Source::Npm { .. }) => steps.push(Step::Tool(tool)),
            (None, Source::Crate { .. }) => compiled.push(Step::Tool(tool)),
        }
    }
    steps.append(&mut compiled);
    let count = steps.len();
    for (step, number) in steps.into_iter().zip(1..) {
        let progress = format!("[{number}/{count}]");
        match step {
            Step::Packages(missing) => system::install(&missing, &progress)?,
            Step::WasmTarget => {
                eprintln!("{progress} adding the target {WASM_TARGET} (some seconds) …");
                process::run(Command::new("rustup").args(["target", "add", WASM_TARGET])).context(
                    "the WASM target is missing; install rustup from https://rustup.rs and try again",
                )?;
            }
            Step::Tool(tool) => {
                if let Some(file) = install(tool, workspace, &progress)? {
                    found.push((tool.name, file));
                }
            }
        }
    }
    Ok(Tools { found })
}

/// Looks below the compiler's own folder: asking rustup would take longer than everything else here together.
fn has_wasm_target() -> Result<bool> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim()).join("lib").join("rustlib").join(WASM_TARGET).join("lib").is_dir())
}

/// Installs a tool into the cache folder. `None`: the tool is left to Trunk.
fn install(tool: &Tool, workspace: &Workspace, progress: &str) -> Result<Option<PathBuf>> {
    let folder = tool.folder(&workspace.tools);
    let announce = || {
        eprintln!("{progress} installing {} {} ({}) …", tool.name, tool.version, tool.duration);
    };
    match tool.source {
        Source::Crate { optimised } => {
            announce();
            let mut command = process::cargo(workspace);
            command.args(["install", "--locked", "--root"]).arg(&folder).envs(QUICKLY_COMPILED);
            for package in optimised {
                command.arg("--config").arg(format!("profile.release.package.{package}.opt-level = 2"));
            }
            command.arg(format!("{}@{}", tool.name, tool.version));
            process::run(&mut command)?;
        }
        Source::Npm { packages } => {
            if process::find("npm").is_none() {
                system::install_npm(progress)?;
            }
            let Some(npm) = process::find("npm") else {
                if tool.name == BINARYEN {
                    eprintln!("{progress} npm is not installed: leaving the download of wasm-opt to Trunk");
                    return Ok(None);
                }
                bail!(
                    "{} comes from npm, which is not installed: install Node.js from https://nodejs.org",
                    tool.name
                );
            };
            announce();
            npm_install(&npm, packages, &folder)?;
        }
    }
    match tool.find(&workspace.tools) {
        Some(file) => Ok(Some(file)),
        None => {
            bail!("{} was installed, but {} is not there", tool.name, folder.join(tool.files[0]).display())
        }
    }
}

/// npm fills the folder file by file, so it works on a folder of another name until everything is there.
fn npm_install(npm: &Path, packages: &[&str], folder: &Path) -> Result<()> {
    let mut partial = folder.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    for leftover in [&partial, folder] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).with_context(|| format!("cannot remove {}", leftover.display()))?;
        }
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    let mut command = Command::new(npm);
    command.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
    // A connection that hangs is given up after five minutes otherwise.
    command.args(["--fetch-timeout", "20000", "--fetch-retries", "5", "--prefix"]);
    // npm installs into the nearest folder above the current one that has a package.json.
    process::run(command.arg(&partial).args(packages).current_dir(&partial))?;
    fs::rename(&partial, folder)
        .with_context(|| format!("cannot rename {} to {}", partial.display(), folder.display()))
}
