//! Running other programs, with errors that name the command.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

/// Runs a command whose output the user sees; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status}); its own message stands above", line(command));
    }
    Ok(())
}

/// Runs a command and returns what it wrote to standard output; anything but success is an error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", line(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same Cargo that started this program, in the repository.
pub fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&workspace.root);
    command
}

/// A program that Cargo made.
#[derive(Debug, PartialEq, Eq)]
pub struct Executable {
    /// Of the target it was made of.
    pub name: String,
    /// The folder of its package.
    pub folder: PathBuf,
    /// The program; of a wasm test, this is the .wasm file.
    pub file: PathBuf,
    /// Whether it runs tests or benchmarks.
    pub is_test: bool,
    /// Whether it is made of a package's library.
    pub is_library: bool,
}

/// Builds with Cargo, whose arguments are `arguments`, and returns what it made, in that order.
pub fn build(workspace: &Workspace, arguments: &[&str]) -> Result<Vec<Executable>> {
    let mut command = cargo(workspace);
    command.args(arguments).arg("--message-format=json-render-diagnostics");
    let messages = output(&mut command)?;
    let made = executables_of(&messages);
    if made.is_empty() {
        bail!("`{}` made no executable", line(&command));
    }
    Ok(made)
}

/// As [`build`], where one is wanted: the last one.
pub fn build_executable(workspace: &Workspace, arguments: &[&str]) -> Result<PathBuf> {
    let last = build(workspace, arguments)?.pop();
    last.map(|executable| executable.file).context("nothing was built")
}

/// The path of an executable of this name on PATH or in the system's folders.
pub fn find(name: &str) -> Option<PathBuf> {
    search_path().find_map(|folder| find_in(&folder, name))
}

/// The path of an executable of this name in `folder`.
pub fn find_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let endings: &[&str] = if cfg!(windows) { &[".exe", ".cmd", ".bat"] } else { &[""] };
    endings.iter().map(|ending| folder.join(format!("{name}{ending}"))).find(|file| file.is_file())
}

/// PATH, extended as in [`find`], with `folders` before everything else.
pub fn path_with(folders: &[PathBuf]) -> Result<OsString> {
    env::join_paths(folders.iter().cloned().chain(search_path()))
        .context("the tool cache lies in a folder whose name cannot stand in PATH")
}

/// The command as one would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program.file_stem().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        write!(line, " {}", argument.to_string_lossy()).expect("a String takes everything");
    }
    line
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    // Debian leaves these out of an ordinary user's PATH, and dnsmasq and nft live there.
    let system: &[&str] = if cfg!(unix) { &["/usr/local/sbin", "/usr/sbin", "/sbin"] } else { &[] };
    let path: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    path.into_iter().chain(system.iter().map(PathBuf::from))
}

/// The programs among Cargo's JSON messages.
fn executables_of(messages: &str) -> Vec<Executable> {
    let messages = messages.lines().filter_map(|message| serde_json::from_str::<Value>(message).ok());
    messages
        .filter_map(|message| {
            let (target, manifest) = (&message["target"], message["manifest_path"].as_str()?);
            let kinds = target["kind"].as_array()?;
            Some(Executable {
                name: target["name"].as_str()?.to_owned(),
                folder: Path::new(manifest).parent()?.to_path_buf(),
                file: message["executable"].as_str()?.into(),
                is_test: message["profile"]["test"].as_bool()?,
                is_library: kinds.iter().any(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("lib"))),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_among_other_messages() {
        let messages = r#"
            {"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","target":{"kind":["rlib"],"name":"a"},"profile":{"test":false},"executable":null}
            not json
            {"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","target":{"kind":["cdylib","rlib"],"name":"a"},"profile":{"test":true},"executable":"/target/debug/deps/a-1"}
            {"reason":"compiler-artifact","manifest_path":"/b/Cargo.toml","target":{"kind":["bin"],"name":"b"},"profile":{"test":false},"executable":"/target/debug/b"}
            {"reason":"build-finished","success":true}"#;
        let executable = |name: &str, file: &str, is_test| Executable {
            name: name.to_owned(),
            folder: Path::new("/").join(name),
            file: file.into(),
            is_test,
            is_library: is_test,
        };
        let expected =
            [executable("a", "/target/debug/deps/a-1", true), executable("b", "/target/debug/b", false)];
        assert_eq!(executables_of(messages), expected);
        assert_eq!(executables_of(""), []);
    }

    #[test]
    fn a_command_is_named_as_typed() {
        assert_eq!(line(Command::new("cargo").args(["test", "-p", "x"])), "cargo test -p x");
    }
}
