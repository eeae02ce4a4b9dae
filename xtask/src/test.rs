//! `test`: every check of the project, and one line at the end that says how many passed.
//!
//! A step that fails does not stop the steps that do not depend on it.

mod isolation;
mod package;
mod tally;

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, anyhow};

use crate::process::Executable;
use crate::run::RANGE_PACKAGE;
use crate::setup::{Tools, WASM_TARGET};
use crate::workspace::Workspace;
use crate::{bundle, page, process, setup};
use isolation::Isolation;
use tally::Tally;

/// The layout of the practice range whose fixed addresses the probe tests know.
const PROBE_LAYOUT: &str = "probe-test";

/// The test target of the fault lab.
const LAB: &str = "lab";

/// The test targets that need browsers and the built page, with their names for readers.
const BROWSER_TESTS: [(&str, &str); 2] = [("browser", "browser tests"), (LAB, "fault lab")];

/// Compiles everything natively, at once: for each package alone, much of what they share would be compiled again, with
/// other features.
const PROGRAMS: &[&str] = &["test", "--no-run", "--workspace"];

/// Compiles the probe tests.
const PROBES: &[&str] =
    &["test", "--no-run", "--package", page::PACKAGE, "--target", WASM_TARGET, "--test", "probe"];

/// Browsers at a time: each takes most of a core, and on two cores a third one makes deadlines slip.
const BROWSER_TEST_THREADS: &str = "2";

/// Seconds that all probe tests of one browser may take together. They run one after the other and wait for deadlines;
/// the runner's own limit of 20 seconds is meant for tests that do not wait.
const PROBE_TESTS_TIMEOUT: &str = "180";

/// Runs everything, or with a filter only the browser tests whose names contain it.
pub fn run(workspace: &Workspace, filter: Option<&str>) -> Result<ExitCode> {
    setup::system_for_tests(workspace)?;
    let isolation = Isolation::find();
    let mut tally = Tally::new(&workspace.root.join("target/test-output"));
    match filter {
        Some(filter) => some(workspace, &isolation, filter, &mut tally)?,
        None => all(workspace, &isolation, &mut tally)?,
    }
    print!("{}", tally.report());
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every check. What keeps one core busy goes on beside what keeps the other busy, or waits for deadlines.
fn all(workspace: &Workspace, isolation: &Isolation, tally: &mut Tally) -> Result<()> {
    let (tools, programs, probe_test) = thread::scope(|scope| {
        let tools = scope.spawn(|| setup::for_tests(workspace));
        // Whatever is wrong with the page is told when it is built.
        scope.spawn(|| page::compile(workspace));
        source(workspace, tally);
        let programs = tally.needed("building the tests", process::build(workspace, PROGRAMS));
        let probe_test =
            tally.needed("building the probe tests", process::build_executable(workspace, PROBES));
        (joined(tools), programs, probe_test)
    });
    let tools = tools?;
    let programs = programs.unwrap_or_default();
    let mut of_bundle = tally.another();
    let shipped = thread::scope(|scope| {
        let packing = scope.spawn(|| shipped(workspace, &tools, None, &mut of_bundle));
        native(workspace, &programs, tally);
        joined(packing)
    });
    tally.append(&of_bundle);
    if let Some(test) = probe_test {
        probes(workspace, &tools, isolation, &test, &programs, tally);
    }
    if shipped.is_some() {
        browsers(workspace, &tools, isolation, None, &programs, tally);
    }
    Ok(())
}

/// The browser tests whose names contain the filter.
fn some(workspace: &Workspace, isolation: &Isolation, filter: &str, tally: &mut Tally) -> Result<()> {
    let tools = setup::for_tests(workspace)?;
    let targets = BROWSER_TESTS.iter().flat_map(|(target, _)| ["--test", target]);
    let arguments: Vec<&str> = PROGRAMS.iter().copied().chain(targets).collect();
    let programs = thread::scope(|scope| {
        // Packing the bundle keeps one core busy.
        let build = scope.spawn(|| process::build(workspace, &arguments));
        shipped(workspace, &tools, Some(filter), tally).map(|()| joined(build))
    });
    if let Some(programs) = programs.and_then(|programs| tally.needed("building the browser tests", programs))
    {
        browsers(workspace, &tools, isolation, Some(filter), &programs, tally);
    }
    Ok(())
}

/// What a thread has made; its panic goes on here.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// What needs no running: formatting, and the compiler's and clippy's opinion.
fn source(workspace: &Workspace, tally: &mut Tally) {
    let steps: [(&str, &[&str]); 3] = [
        ("formatting", &["fmt", "--all", "--check"]),
        ("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        (
            "clippy of the page",
            &["clippy", "--package", page::PACKAGE, "--target", WASM_TARGET, "--", "-D", "warnings"],
        ),
    ];
    for (name, arguments) in steps {
        tally.check(name, process::cargo(workspace).args(arguments));
    }
}

/// The tests that run without a browser.
fn native(workspace: &Workspace, programs: &[Executable], tally: &mut Tally) {
    // The page's integration tests need a browser each; its unit tests do not.
    let wanted = |test: &&Executable| test.is_test && (test.folder != workspace.root || test.is_library);
    for test in programs.iter().filter(wanted) {
        if count_tests(&test.file, None) == Some(0) {
            continue;
        }
        let package = test.folder.strip_prefix(&workspace.root).unwrap_or(&test.folder).display();
        let name = format!("tests of {} in {package}", test.name);
        let mut command = Command::new(&test.file);
        // As Cargo runs them. Tests say that they were skipped, and why, in output that is otherwise kept back.
        command.current_dir(&test.folder).env("CARGO_MANIFEST_DIR", &test.folder).arg("--show-output");
        tally.tests(&name, &mut command);
    }
    tally.tests(
        "examples in the documentation",
        process::cargo(workspace).args(["test", "--workspace", "--doc"]),
    );
}

/// The probe module in real browsers, against the practice range.
fn probes(
    workspace: &Workspace,
    tools: &Tools,
    isolation: &Isolation,
    test: &Path,
    programs: &[Executable],
    tally: &mut Tally,
) {
    for browser in Browser::ALL {
        let name = format!("probe tests in {}", browser.name());
        if let Some(reason) = isolation.reason_against() {
            tally.skip(1, &name, reason);
            continue;
        }
        let range = programs.iter().find(|program| program.name == RANGE_PACKAGE && !program.is_test);
        let prepared = range
            .context("the practice range was not built")
            .and_then(|range| probe_command(workspace, tools, isolation, browser, test, &range.file));
        if let Some(mut command) = tally.needed(&name, prepared) {
            tally.tests(&name, &mut command);
        }
    }
}

fn probe_command(
    workspace: &Workspace,
    tools: &Tools,
    isolation: &Isolation,
    browser: Browser,
    test: &Path,
    range: &Path,
) -> Result<Command> {
    // Beside the program itself, as the runner takes its name from its path.
    let runner = tools.file("wasm-bindgen-cli")?.with_file_name("wasm-bindgen-test-runner");
    let mut command = isolation.command_with_range(workspace, range, PROBE_LAYOUT, &runner);
    command.arg(test).current_dir(&workspace.root).env("PATH", tools.path()?);
    command.env("WASM_BINDGEN_TEST_TIMEOUT", PROBE_TESTS_TIMEOUT);
    // With the isolation headers that the runner sends by default, the browser itself would stop most of the requests.
    command.env("WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION", "1");
    // The runner takes the first driver that it is told of.
    for other in Browser::ALL {
        command.env_remove(other.driver_variable());
    }
    command.env(browser.driver_variable(), browser.driver(tools)?);
    Ok(command)
}

/// The whole page in real browsers.
fn browsers(
    workspace: &Workspace,
    tools: &Tools,
    isolation: &Isolation,
    filter: Option<&str>,
    programs: &[Executable],
    tally: &mut Tally,
) {
    let mut any = false;
    for (target, name) in BROWSER_TESTS {
        let test = programs.iter().find(|test| test.folder == workspace.root && test.name == target);
        let Some(test) = tally.needed(name, test.context("it was not built")) else {
            continue;
        };
        let count = count_tests(&test.file, filter);
        // A name is a test of one of the two, mostly.
        if filter.is_some() && count == Some(0) {
            continue;
        }
        any = true;
        // The lab says itself which scenarios it skips, where there are tools to start it with.
        let tells = target == LAB && cfg!(target_os = "linux");
        if let Some(reason) = isolation.reason_against().filter(|_| !tells) {
            tally.skip(count.unwrap_or(1), name, reason);
            continue;
        }
        let command = browser_command(workspace, tools, isolation, &test.file);
        if let Some(mut command) = tally.needed(name, command) {
            command.args(filter).args(["--test-threads", BROWSER_TEST_THREADS, "--show-output"]);
            tally.tests(name, &mut command);
        }
    }
    if !any && tally.failed == 0 {
        tally.needed::<()>("browser tests", Err(anyhow!("no test has such a name")));
    }
}

/// Everything that is handed to others; `None` where something of it could not be made.
fn shipped(workspace: &Workspace, tools: &Tools, filter: Option<&str>, tally: &mut Tally) -> Option<()> {
    let page = tally.needed("page", page::build(workspace, tools))?;
    tally.needed("bundle", bundle::write(workspace, &page, &bundle::Baked::default()))?;
    tally.needed("bundle with an organisation's own", bundle::write_sample(workspace, &page))?;
    drop(page);
    if filter.is_none() {
        sums(workspace, tally);
    }
    if package::is_wanted(filter) {
        package::check(workspace, tools, tally);
    }
    Some(())
}

/// The list of sums, as the guide for handing out says to check it.
fn sums(workspace: &Workspace, tally: &mut Tally) {
    let Some(program) = process::find("sha256sum") else {
        tally.skip(1, "sums of the bundle", "sha256sum is not installed");
        return;
    };
    let mut command = Command::new(program);
    command.args(["--check", "--quiet", "--ignore-missing", "SHA256SUMS"]).current_dir(&workspace.dist);
    tally.check("sums of the bundle", &mut command);
}

/// The fault lab's own benchmarks, in a network of their own.
pub fn bench(workspace: &Workspace, tools: &Tools) -> Result<()> {
    measure(workspace, tools, "time of the page", ["--test", LAB], &["--bench".to_owned()])
        .context("a time of the page is beyond its limit")
}

/// How fast and in what memory captures are read, in networks of their own. `tshark` is its own time, in seconds.
pub fn bench_captures(workspace: &Workspace, tools: &Tools, file: &Path, tshark: f64) -> Result<()> {
    let arguments = [file.display().to_string(), tshark.to_string()];
    measure(workspace, tools, "reading captures", ["--bench", "capture"], &arguments)
        .context("reading a capture is beyond its limits")
}

/// In how many runs inspection is proven and a clean path is not accused, in networks of their own.
pub fn bench_inspection(workspace: &Workspace, tools: &Tools, runs: Option<u32>) -> Result<()> {
    let arguments: Vec<_> = runs.iter().map(u32::to_string).collect();
    measure(workspace, tools, "proving inspection", ["--bench", "inspection"], &arguments)
        .context("not every run was right")
}

/// Builds a test target of the page and runs it isolated, or says why `what` is skipped.
fn measure(
    workspace: &Workspace,
    tools: &Tools,
    what: &str,
    target: [&str; 2],
    arguments: &[String],
) -> Result<()> {
    let isolation = Isolation::find();
    if let Some(reason) = isolation.reason_against() {
        println!("SKIPPED {what}: {reason}");
        return Ok(());
    }
    let build = [&["test", "--no-run", "--package", page::PACKAGE], &target[..]].concat();
    let program = process::build_executable(workspace, &build)?;
    process::run(browser_command(workspace, tools, &isolation, &program)?.args(arguments))
}

fn browser_command(
    workspace: &Workspace,
    tools: &Tools,
    isolation: &Isolation,
    test: &Path,
) -> Result<Command> {
    let mut command = isolation.command_that_isolates_itself(test);
    command.current_dir(&workspace.root).env("PATH", tools.path()?);
    command
        .env("CONNECTOR_CHECK_DIST", &workspace.dist)
        .env("CONNECTOR_CHECK_BAKED", bundle::sample_folder(workspace))
        .env("CONNECTOR_CHECK_EMBEDDERS", package::built(workspace))
        .env("CONNECTOR_CHECK_AXE", tools.file("axe-core")?);
    for browser in Browser::ALL {
        command.env(browser.driver_variable(), browser.driver(tools)?);
    }
    Ok(command)
}

fn count_tests(test: &Path, filter: Option<&str>) -> Option<usize> {
    let list = process::output(Command::new(test).args(filter).arg("--list")).ok()?;
    Some(list.lines().filter(|line| line.ends_with(": test")).count())
}

/// The browsers that everything is tested in.
#[derive(Debug, Clone, Copy)]
enum Browser {
    Chromium,
    Firefox,
}

impl Browser {
    const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
        }
    }

    /// The environment variable that names its driver, to wasm-bindgen's runner as to the browser tests.
    fn driver_variable(self) -> &'static str {
        match self {
            Self::Chromium => "CHROMEDRIVER",
            Self::Firefox => "GECKODRIVER",
        }
    }

    fn driver(self, tools: &Tools) -> Result<PathBuf> {
        match self {
            Self::Chromium => process::find("chromedriver").context("chromedriver is not on PATH"),
            Self::Firefox => tools.file("geckodriver").map(Path::to_path_buf),
        }
    }
}
