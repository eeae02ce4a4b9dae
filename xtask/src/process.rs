//! Running other programs, with errors that name the command.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

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

/// Builds with Cargo, whose arguments are `arguments`, and returns the executable that it made.
pub fn build_executable(workspace: &Workspace, arguments: &[&str]) -> Result<PathBuf> {
    let mut command = cargo(workspace);
    command.args(arguments).arg("--message-format=json-render-diagnostics");
    let messages = output(&mut command)?;
    executable_of(&messages).with_context(|| format!("`{}` made no executable", line(&command)))
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

/// The last executable among Cargo's JSON messages. Of a wasm test, this is the .wasm file.
fn executable_of(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|message| serde_json::from_str::<serde_json::Value>(message).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_other_messages() {
        let messages = "\
            {\"reason\":\"compiler-artifact\",\"executable\":null}\n\
            not json\n\
            {\"reason\":\"compiler-artifact\",\"executable\":\"/target/debug/deps/browser-1\"}\n\
            {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable_of(messages), Some("/target/debug/deps/browser-1".into()));
        assert_eq!(executable_of(""), None);
    }

    #[test]
    fn a_command_is_named_as_typed() {
        assert_eq!(line(Command::new("cargo").args(["test", "-p", "x"])), "cargo test -p x");
    }
}
