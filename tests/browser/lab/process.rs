//! Programs that cannot outlive the test that started them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// How often something that is starting is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// How long a server may take to start listening, on a machine with other things to do.
const START: Duration = Duration::from_secs(30);

/// A program in a process namespace of its own: when it is dropped, or the test's thread ends in whatever way,
/// the kernel ends everything that the program has started.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `arguments`, the first of which is the program, with nothing in its environment but `environment`
    /// and a `PATH`; everything it writes goes to the file `log`.
    pub fn spawn(arguments: &[&str], environment: &[(&str, &str)], log: &Path) -> Self {
        let name = arguments[0].to_owned();
        let output = std::fs::File::create(log).expect("the lab's folder is there");
        let errors = output.try_clone().expect("a file handle can be doubled");
        // `setpriv` ties `unshare` to this thread, and `--kill-child` ties the shell to `unshare`. The shell is
        // the first process of its namespace and takes the others with it; it cannot be the program itself,
        // for one that changes its rights, as dnsmasq does, unties itself (prctl(2), PR_SET_PDEATHSIG).
        let child = Command::new("setpriv")
            .args([
                "--pdeathsig",
                "KILL",
                "unshare",
                "--pid",
                "--fork",
                "--kill-child=KILL",
                "--mount-proc",
                "--",
            ])
            .args(["sh", "-c", "\"$@\"; exit $?", "sh"])
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LANG", "C.UTF-8")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("setpriv of util-linux, to start {name}: {error}"));
        Self { name, child, log: log.to_owned() }
    }

    /// Waits until something listens on this port of 127.0.0.1.
    pub async fn listening(&mut self, port: u16) {
        let begun = std::time::Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended ({status}) before it listened:\n{}", self.name, self.log());
            }
            assert!(begun.elapsed() < START, "{} does not listen on {port}:\n{}", self.name, self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it has written so far.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

/// Runs a program to its end, within the test's network, and hands back what it wrote.
///
/// # Panics
/// Where it is missing or fails.
pub fn run(arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let line = arguments.join(" ");
    let mut child = std::process::Command::new(arguments[0])
        .args(&arguments[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{line}: {error}; `cargo xtask test` says what to install"));
    let mut stdin = child.stdin.take().expect("piped above");
    stdin.write_all(input.as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"));
    drop(stdin);
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("{line}: {error}"));
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
