//! The responder beside nginx: how fast both answer with the same bytes over the same kind of TLS, in turns within one run,
//! and what thousands of idle connections cost. Bounded, and on loopback. `cargo xtask bench responder` runs it.
//!
//! `--responder FILE` measures that program instead of the one that Cargo has just built, a static one for example.

mod client;
mod servers;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use client::{Client, Protocol, Work};
use servers::{PORTS, Place, Serving};

/// Turns of each server; the median counts, because other programs disturb single ones.
const TURNS: usize = 5;

/// How long a turn lasts.
const TURN: Duration = Duration::from_secs(3);

/// Connections that ask at a time.
const ASKING: usize = 32;

/// Connections that are held without a request.
const IDLE: usize = 10_000;

/// MiB that the responder may take for these.
const IDLE_LIMIT: f64 = 200.0;

/// The least that the responder must reach of nginx' rate of answers.
const RATE_LIMIT: f64 = 0.5;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(measure())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("a figure of the responder is beyond its limit");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("the responder could not be measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints every figure; `false` where one of the two with a limit is beyond it.
async fn measure() -> Result<bool, Failure> {
    let Some(nginx) = servers::nginx() else {
        println!("SKIPPED the responder beside nginx: nginx is not installed");
        return Ok(true);
    };
    raise_descriptor_limit()?;
    let responder =
        named_responder().unwrap_or_else(|| env!("CARGO_BIN_EXE_connector-check-responder").into());
    let folder = tempfile::tempdir()?;
    let place = Place::furnish(folder.path())?;
    let client = Client::new(&place.root)?;

    let (rate, handshakes) = {
        let ours = Serving::responder(&responder, &place, PORTS[0]).await?;
        let body = client.body(ours.port).await?;
        fs::write(place.body(), &body)?;
        let theirs = Serving::nginx(&nginx, &place, PORTS[1]).await?;
        println!(
            "{} bytes of JSON, TLS 1.3, TLS_AES_128_GCM_SHA256, X25519, ECDSA P-256; both on loopback",
            body.len()
        );
        let rate = turns(&client, &ours, &theirs, Work::Requests).await?;
        (rate, turns(&client, &ours, &theirs, Work::Handshakes).await?)
    };
    println!("\n{:<44} {:>10} {:>10} {:>7} {:>7}", "speed", "responder", "nginx", "ratio", "limit");
    rate.print("answers per second, kept connections", "answers", Some(RATE_LIMIT));
    handshakes.print("answers per second, a connection each", "handshakes", None);

    let mut within = rate.ratio() >= RATE_LIMIT;
    println!(
        "\n{:<44} {:>10} {:>10} {:>7}",
        format!("MiB for {IDLE} idle TLS connections"),
        "responder",
        "nginx",
        "limit"
    );
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let ours = Serving::responder(&responder, &place, PORTS[0]).await?;
        let taken = idle(&client, &ours, protocol).await?;
        // HTTP/2 is spoken only where it is asked for, and hyper gives nothing of it back.
        let limit = match protocol {
            Protocol::Http1 => {
                within &= taken < IDLE_LIMIT;
                format!("{IDLE_LIMIT:.0}")
            }
            Protocol::Http2 => String::new(),
        };
        drop(ours);
        let theirs = Serving::nginx(&nginx, &place, PORTS[1]).await?;
        let theirs = idle(&client, &theirs, protocol).await?;
        println!(
            "{:<44} {taken:>10.1} {theirs:>10.1} {limit:>7}",
            format!("{}, each asked once", protocol.name())
        );
    }
    Ok(within)
}

/// Lets this program and the servers that it starts have a descriptor for every connection that is held.
#[cfg(unix)]
fn raise_descriptor_limit() -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    /// More than connections: what programs open besides.
    const WANTED: u64 = IDLE as u64 + 2000;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    match limit.maximum {
        Some(maximum) if maximum < WANTED => {
            Err(format!("only {maximum} files may be open at once, and {WANTED} are needed (ulimit -n)")
                .into())
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn raise_descriptor_limit() -> Result<(), Failure> {
    Ok(())
}

/// The program behind `--responder`; Cargo adds an option of its own.
fn named_responder() -> Option<PathBuf> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != "--responder").skip(1);
    arguments.next().map(PathBuf::from)
}

/// What two servers reached in the same work.
struct Pair {
    /// Answers per second, medians.
    rates: [f64; 2],
    /// Microseconds of processor time of the server for each answer, medians.
    costs: [f64; 2],
    /// The median of the turns' own ratios.
    ratio: f64,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.ratio
    }

    fn print(&self, what: &str, of: &str, limit: Option<f64>) {
        let [ours, theirs] = self.rates;
        let limit = limit.map_or_else(String::new, |limit| format!("{limit:.2}"));
        println!("{what:<44} {ours:>10.0} {theirs:>10.0} {:>7.2} {limit:>7}", self.ratio);
        let [ours, theirs] = self.costs;
        let what = format!("  processor time per answer, µs ({of})");
        println!("{what:<44} {ours:>10.1} {theirs:>10.1} {:>7.2}", theirs / ours);
    }
}

/// Lets both work in turns, so that whatever else the machine does meets both.
async fn turns(client: &Client, ours: &Serving, theirs: &Serving, work: Work) -> Result<Pair, Failure> {
    let (mut rates, mut costs, mut ratios) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()], Vec::new());
    for _ in 0..TURNS {
        for (index, serving) in [ours, theirs].into_iter().enumerate() {
            let before = serving.processor_time()?;
            let begun = Instant::now();
            let answers = client.work(serving.port, work, ASKING, TURN).await?;
            let seconds = begun.elapsed().as_secs_f64();
            let spent = serving.processor_time()?.saturating_sub(before);
            rates[index].push(f64::from(answers) / seconds);
            costs[index].push(spent.as_secs_f64() * 1e6 / f64::from(answers.max(1)));
        }
        if let ([.., ours], [.., theirs]) = (&rates[0][..], &rates[1][..]) {
            ratios.push(ours / theirs);
        }
    }
    Ok(Pair { rates: rates.map(median), costs: costs.map(median), ratio: median(ratios) })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// MiB of a server that holds [`IDLE`] connections, each of which has been answered once.
async fn idle(client: &Client, serving: &Serving, protocol: Protocol) -> Result<f64, Failure> {
    let mut held = client.hold(serving.port, protocol, IDLE).await?;
    // What a server frees only after a while is not held for idle connections.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let taken = serving.memory()?;
    for connection in held.iter_mut().step_by(IDLE / 100) {
        connection.ask().await?;
    }
    Ok(taken)
}

/// Reads a file of the system; the error names it.
fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()).into())
}
