//! Network namespaces, in which the tests can do what they like and out of which nothing leaves.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::process;
use crate::setup::is_root;
use crate::workspace::Workspace;

/// What a namespace of one's own needs as an ordinary user: to be root in it.
const AS_USER: &[&str] = &["--user", "--map-root-user"];

/// A network and mounts of one's own.
const OWN_NETWORK: &[&str] = &["--net", "--mount"];

/// Brings loopback up, starts the practice range, waits until it listens, runs the arguments and ends the range.
const WITH_RANGE: &str = "xtask/src/test/with_range.sh";

/// How tests are kept apart from the network here.
#[derive(Debug)]
pub enum Isolation {
    /// This process may make network namespaces.
    AsRoot,
    /// It may do so within a user namespace.
    AsUser,
    /// It may not, for this reason.
    Impossible(String),
}

impl Isolation {
    /// Tries what this system permits.
    pub fn find() -> Self {
        if !cfg!(target_os = "linux") {
            return Self::Impossible("it needs network namespaces, which only Linux has".to_owned());
        }
        let isolation = if is_root() { Self::AsRoot } else { Self::AsUser };
        let mut trial = isolation.unshare();
        trial.args(["ip", "link", "set", "lo", "up"]).stdin(Stdio::null());
        match trial.output() {
            Ok(output) if output.status.success() => isolation,
            Ok(output) => {
                let message = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
                Self::Impossible(format!("the system refuses a network namespace ({message})"))
            }
            Err(error) => Self::Impossible(format!("`unshare` of util-linux cannot be started ({error})")),
        }
    }

    /// Why tests cannot be isolated, where they cannot.
    pub fn reason_against(&self) -> Option<&str> {
        match self {
            Self::AsRoot | Self::AsUser => None,
            Self::Impossible(reason) => Some(reason),
        }
    }

    /// A program that makes its own network namespaces and needs no more than the right to.
    pub fn command_that_isolates_itself(&self, program: &Path) -> Command {
        match self {
            Self::AsRoot | Self::Impossible(_) => Command::new(program),
            Self::AsUser => {
                let mut command = self.unshare();
                command.arg(program);
                command
            }
        }
    }

    /// A program in a network namespace in which the practice range `range` runs with a layout.
    pub fn command_with_range(
        &self,
        workspace: &Workspace,
        range: &Path,
        layout: &str,
        program: &Path,
    ) -> Command {
        let log = workspace.target.join(format!("range-{layout}.log"));
        let mut command = self.unshare();
        command.arg("sh").arg(workspace.root.join(WITH_RANGE)).arg(range).arg(layout).arg(log).arg(program);
        command
    }

    fn unshare(&self) -> Command {
        let mut command = Command::new(process::find("unshare").unwrap_or_else(|| "unshare".into()));
        if matches!(self, Self::AsUser) {
            command.args(AS_USER);
        }
        command.args(OWN_NETWORK).arg("--");
        command
    }
}
