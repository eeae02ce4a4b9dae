//! `bench responder`: the program as its users build it, first alone and then beside nginx.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{process, setup};

/// The package of the responder, and its program.
const RESPONDER: &str = "connector-check-responder";

/// What users run, too.
const BUILD_STATIC: &str = "deploy/build-static";

/// Builds the program that needs no other file, shows that it needs none, and measures it over the same TLS as nginx in
/// the same run. Where it cannot be built, the one for this system's libraries is measured.
pub fn run(workspace: &Workspace) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("SKIPPED the responder beside nginx: only Linux tells what memory and time servers take");
        return Ok(());
    }
    setup::for_responder_bench()?;
    let program = match build_static(workspace) {
        Ok(program) => {
            println!("the program: {}", workspace.display(&program));
            alone(workspace, &program)?;
            Some(program)
        }
        Err(error) => {
            println!("SKIPPED the static program: {error:#}; measuring one for this system's libraries");
            None
        }
    };
    let mut command = process::cargo(workspace);
    command.args(["bench", "--profile", "server", "--package", RESPONDER, "--bench", "against_nginx"]);
    if let Some(program) = program {
        command.args([OsStr::new("--"), OsStr::new("--responder"), program.as_os_str()]);
    }
    process::run(&mut command).context("the responder misses a limit, or could not be measured")
}

fn build_static(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = Command::new(workspace.root.join(BUILD_STATIC));
    let said = process::output(command.env("CARGO_TARGET_DIR", &workspace.target))?;
    let file = said.lines().last().with_context(|| format!("{BUILD_STATIC} named no file"))?;
    Ok(PathBuf::from(file))
}

/// Lets the program make its certificates and check everything in a folder in which nothing else is.
fn alone(workspace: &Workspace, program: &Path) -> Result<()> {
    const NAMESPACE: [&str; 3] = ["--user", "--map-root-user", "--"];
    let permitted =
        Command::new("unshare").args(NAMESPACE).args(["chroot", "/", "true"]).stderr(Stdio::null()).status();
    if !permitted.is_ok_and(|status| status.success()) {
        println!("SKIPPED the program alone in a folder: the system permits no namespace");
        return Ok(());
    }
    let folder = workspace.target.join("tmp").join("responder-alone");
    let copy = folder.join(RESPONDER);
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(program, &copy))
        .with_context(|| format!("cannot write {}", copy.display()))?;
    let mut command = Command::new("unshare");
    command.args(NAMESPACE).arg("chroot").arg(&folder).arg(format!("/{RESPONDER}"));
    process::output(command.args(["--check-config", "--self-signed"]))
        .context("the program needs more than itself")?;
    println!("alone in a folder: it needs no other file");
    Ok(())
}
