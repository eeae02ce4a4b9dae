//! Every task of the project, started as `cargo xtask …`.
//!
//! One module per command, and the parts that several of them use: [`setup`] finds or installs the tools, [`page`]
//! builds the page, [`process`] runs other programs, [`workspace`] knows the folders.

mod bench;
mod bundle;
mod fuzz;
mod page;
mod process;
mod reader;
mod run;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use workspace::Workspace;

const HELP: &str = "\
Every task of Connector Check.

Usage: cargo xtask <COMMAND>

Commands:
  run [--no-open] [--port N]  Build the page, start it with the practice range, open the browser
  test [FILTER]               Run every test; with FILTER only the browser tests whose names contain it
  bundle                      Write dist/site/ (to host), dist/connector-check.html (a single file) and dist/embed/
                              (the element for other pages). Baked into the first two, where they are given:
      --catalogue FILE        a catalogue, as their default
      --site FILE             a site file: name, contact, links, extra steps, languages, origins of frames
      --logo FILE             a picture for the site file
  bench [page|capture|responder|inspection [N]]
                              Measure against the yardsticks: the page's size and time, how it reads captures, the
                              responder beside nginx, in how many of N runs (10) of each kind inspection is told from
                              a clean path; by itself the page and the responder
  fuzz [--minutes N] [TARGET] Feed every fuzz target, or those whose names contain TARGET, for N minutes each (10)
  range                       Start the practice range alone
  help                        Show this text

What a command needs and this machine lacks is installed first, in pinned versions, into a cache folder of its own.
";

/// The port of the page where `--port` names none.
const DEFAULT_PORT: u16 = 8787;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Run { open: bool, port: u16 },
    Test { filter: Option<String> },
    Bundle(bundle::Inputs),
    Bench(bench::What),
    Fuzz { minutes: u32, filter: Option<String> },
    Range,
    Help,
}

fn main() -> ExitCode {
    match parse(lexopt::Parser::from_env()).and_then(perform) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Run { open, port } => run::run(&workspace, open, port),
        Task::Test { filter } => test::run(&workspace, filter.as_deref()),
        Task::Bundle(inputs) => bundle::run(&workspace, &inputs).map(|()| ExitCode::SUCCESS),
        Task::Bench(what) => bench::run(&workspace, what).map(|()| ExitCode::SUCCESS),
        Task::Fuzz { minutes, filter } => fuzz::run(&workspace, minutes, filter.as_deref()),
        Task::Range => run::range(&workspace),
        Task::Help => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn parse(mut arguments: lexopt::Parser) -> Result<Task> {
    let mut task = match arguments.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Task::Help),
        Some(Value(command)) => match command.to_string_lossy().as_ref() {
            "run" => Task::Run { open: true, port: DEFAULT_PORT },
            "test" => Task::Test { filter: None },
            "bundle" => Task::Bundle(bundle::Inputs::default()),
            "bench" => Task::Bench(bench::What::Everything),
            "fuzz" => Task::Fuzz { minutes: fuzz::MINUTES, filter: None },
            "range" => Task::Range,
            "help" => return Ok(Task::Help),
            other => bail!("there is no command \"{other}\"; `cargo xtask help` lists them"),
        },
        Some(option) => return Err(option.unexpected().into()),
    };
    while let Some(argument) = arguments.next()? {
        match (argument, &mut task) {
            (Short('h') | Long("help"), _) => return Ok(Task::Help),
            (Long("no-open"), Task::Run { open, .. }) => *open = false,
            (Long("port"), Task::Run { port, .. }) => {
                *port = arguments.value()?.parse().context("--port takes a number up to 65535")?;
            }
            (Long("catalogue"), Task::Bundle(inputs)) => inputs.catalogue = Some(arguments.value()?.into()),
            (Long("site"), Task::Bundle(inputs)) => inputs.site = Some(arguments.value()?.into()),
            (Long("logo"), Task::Bundle(inputs)) => inputs.logo = Some(arguments.value()?.into()),
            (Long("minutes"), Task::Fuzz { minutes, .. }) => {
                *minutes = arguments.value()?.parse().context("--minutes takes a whole number")?;
            }
            (Value(name), Task::Bench(what @ bench::What::Everything)) => *what = bench::What::named(&name)?,
            (Value(runs), Task::Bench(bench::What::Inspection(count @ None))) => {
                *count = Some(runs.parse().context("bench inspection takes a whole number of runs")?);
            }
            (
                Value(name),
                Task::Test { filter: filter @ None } | Task::Fuzz { filter: filter @ None, .. },
            ) => *filter = Some(name.string()?),
            (other, _) => return Err(other.unexpected().into()),
        }
    }
    Ok(task)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn check(line: &str, expected: &Task) {
        let parsed = parse(lexopt::Parser::from_args(line.split_whitespace()));
        assert_eq!(&parsed.expect("a valid line"), expected, "{line}");
    }

    #[test]
    fn what_the_documents_say_to_type_is_understood() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
        let mut seen = 0;
        for name in ["README.md", "CONTRIBUTING.md", "docs/host.md", "docs/hand-out.md", "docs/catalogues.md"]
        {
            let text = std::fs::read_to_string(root.join(name)).expect(name);
            for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("cargo xtask ")) {
                let line = line.split(['#', '[']).next().unwrap_or_default();
                // What follows two spaces is said about the command.
                let line = line.split("  ").next().unwrap_or_default();
                let parsed = parse(lexopt::Parser::from_args(line.split_whitespace()));
                assert!(parsed.is_ok_and(|task| task != Task::Help), "{name}: cargo xtask {line}");
                seen += 1;
            }
        }
        assert!(seen >= 8, "only {seen} commands were found");
    }

    #[test]
    fn commands_and_their_options() {
        check("", &Task::Help);
        check("run", &Task::Run { open: true, port: 8787 });
        check("run --no-open --port 9000", &Task::Run { open: false, port: 9000 });
        check("test", &Task::Test { filter: None });
        check("test one_region", &Task::Test { filter: Some("one_region".to_owned()) });
        let file = |name: &str| Some(PathBuf::from(name));
        let inputs =
            bundle::Inputs { catalogue: file("my.json"), site: file("site.json"), logo: file("a.svg") };
        check("bundle --catalogue my.json --site site.json --logo a.svg", &Task::Bundle(inputs));
        check("bench capture", &Task::Bench(bench::What::Capture));
        check("fuzz", &Task::Fuzz { minutes: 10, filter: None });
        check("fuzz --minutes 2 pcap", &Task::Fuzz { minutes: 2, filter: Some("pcap".to_owned()) });
        check("range --help", &Task::Help);
        check("bench", &Task::Bench(bench::What::Everything));
        check("bench responder", &Task::Bench(bench::What::Responder));
        check("bench inspection", &Task::Bench(bench::What::Inspection(None)));
        check("bench inspection 50", &Task::Bench(bench::What::Inspection(Some(50))));
    }

    #[test]
    fn what_no_command_takes_is_refused() {
        for line in [
            "walk",
            "run --catalogue x",
            "run --port 70000",
            "test a b",
            "--port 1",
            "bench x",
            "fuzz --minutes x",
            "bench page page",
            "bench inspection many",
            "bench inspection 1 2",
        ] {
            assert!(parse(lexopt::Parser::from_args(line.split_whitespace())).is_err(), "{line}");
        }
    }
}
