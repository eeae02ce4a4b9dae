//! `fuzz`: every fuzz target of the workspace, one after the other, for some time each.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{process, setup};

/// How long each target is fed where `--minutes` says nothing.
pub const MINUTES: u32 = 10;

/// What no input may exceed, in the words of libFuzzer: seconds, megabytes. Inputs that are longer find no more and
/// take longer.
const LIMITS: [&str; 4] = ["-timeout=20", "-rss_limit_mb=1024", "-max_len=16384", "-print_final_stats=1"];

/// One program that takes any bytes.
struct Target {
    /// The folder of its package.
    folder: PathBuf,
    name: String,
}

/// Runs every target, or those whose names contain `filter`, and says for each what came of it.
pub fn run(workspace: &Workspace, minutes: u32, filter: Option<&str>) -> Result<ExitCode> {
    let tools = setup::for_fuzzing(workspace)?;
    let targets: Vec<Target> =
        targets(workspace)?.into_iter().filter(|t| filter.is_none_or(|f| t.name.contains(f))).collect();
    if targets.is_empty() {
        bail!("no fuzz target has such a name; they are in crates/*/fuzz/fuzz_targets");
    }
    let logs = workspace.target.join("fuzz");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let mut seeded = None;
    let mut found = false;
    for target in &targets {
        if seeded != Some(&target.folder) {
            seed(workspace, &target.folder)?;
            seeded = Some(&target.folder);
        }
        let cargo = |word: &str| {
            let mut command = process::cargo(workspace);
            // The pinned compiler can do what fuzzing needs, and keeps it for those who ask.
            command.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", word, "--fuzz-dir"]).arg(&target.folder);
            tools.path().map(|path| {
                command.env("PATH", path).arg(&target.name);
                command
            })
        };
        process::run(&mut cargo("build")?)?;
        let name = format!("{}::{}", crate_of(&target.folder), target.name);
        let log = logs.join(format!("{}.log", name.replace("::", "-")));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        eprintln!("{name}: {minutes} min …");
        let mut command = cargo("run")?;
        command.arg("--").args(LIMITS).arg(format!("-max_total_time={}", u64::from(minutes) * 60));
        let status = command.stderr(file).status().context("cannot start cargo fuzz")?;
        let executed = executions(&fs::read_to_string(&log).unwrap_or_default());
        let executed = executed.map_or_else(|| "no".to_owned(), |count| count.to_string());
        let log = workspace.display(&log);
        if status.success() {
            println!("fuzz {name} ... ok, {executed} executions");
        } else {
            found = true;
            println!(
                "fuzz {name} ... FAILED after {executed} executions; {log} says why, and names the input"
            );
        }
    }
    Ok(if found { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Every file in every `crates/*/fuzz/fuzz_targets`, in the order of the alphabet.
fn targets(workspace: &Workspace) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for folder in entries(&workspace.root.join("crates"))? {
        let folder = folder.join("fuzz");
        let programs = folder.join("fuzz_targets");
        if !programs.is_dir() {
            continue;
        }
        for file in entries(&programs)? {
            let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
            if let Some(name) = name.filter(|_| file.extension().is_some_and(|ending| ending == "rs")) {
                targets.push(Target { folder: folder.clone(), name });
            }
        }
    }
    Ok(targets)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", folder.display());
    let mut entries = fs::read_dir(folder)
        .with_context(cannot)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .with_context(cannot)?;
    entries.sort();
    Ok(entries)
}

/// Fills the corpora, where a package has a program for it.
fn seed(workspace: &Workspace, folder: &Path) -> Result<()> {
    if !folder.join("examples").join("seed.rs").is_file() {
        return Ok(());
    }
    let mut command = process::cargo(workspace);
    command.args(["run", "--quiet", "--example", "seed", "--manifest-path"]).arg(folder.join("Cargo.toml"));
    process::run(&mut command)
}

/// The crate that a fuzz package belongs to.
fn crate_of(folder: &Path) -> String {
    let parent = folder.parent().and_then(Path::file_name);
    parent.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What libFuzzer says at its end.
fn executions(log: &str) -> Option<u64> {
    let line = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_read_from_the_end_of_a_log() {
        let log = "#2 INITED\nstat::number_of_executed_units: 1234\nstat::average_exec_per_sec:     9\n";
        assert_eq!(executions(log), Some(1234));
        assert_eq!(executions("==1== ERROR: libFuzzer: deadly signal"), None);
    }

    #[test]
    fn every_target_is_found_and_declared() {
        let workspace = Workspace::find().expect("the repository");
        let targets = targets(&workspace).expect("the folders can be read");
        assert!(targets.iter().any(|target| target.name == "pcapng"));
        for target in targets {
            let manifest = target.folder.join("Cargo.toml");
            let text = fs::read_to_string(&manifest).expect("a fuzz package has one");
            assert!(
                text.contains(&format!("name = \"{}\"", target.name)),
                "{}: {}",
                manifest.display(),
                target.name
            );
        }
    }
}
