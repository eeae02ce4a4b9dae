//! The command `connector-check-responder`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use connector_check_responder::options::{HELP, Task, parse};
use connector_check_responder::{Config, Kind, Loaded, PortMap, Server};
use time::OffsetDateTime;

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What `--check-config` ends with where something is wrong, and every start that fails.
const FAILURE: u8 = 2;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connector-check-responder: {error}");
            ExitCode::from(FAILURE)
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    match parse(std::env::args_os().skip(1))? {
        Task::Help => print!("{HELP}"),
        Task::Version => println!("connector-check-responder {}", env!("CARGO_PKG_VERSION")),
        Task::Check(config) => {
            let loaded = Loaded::of(&config)?;
            describe(&config, &loaded);
            println!("The configuration is good.");
        }
        Task::Serve(config) => {
            let loaded = Loaded::of(&config)?;
            raise_descriptor_limit(&config);
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?
                .block_on(serve(config, loaded))?;
        }
    }
    Ok(())
}

async fn serve(config: Config, loaded: Loaded) -> Result<(), Box<dyn std::error::Error>> {
    describe(&config, &loaded);
    let server = Server::start(&config, loaded)?;
    println!("Ready.");
    wait(&server).await?;
    println!("Stopping …");
    match server.stop().await {
        0 => println!("Stopped."),
        left => println!("Stopped; connections cut off: {left}."),
    }
    Ok(())
}

/// Until the system says stop. A hang-up, by custom, says: look at your files.
#[cfg(unix)]
async fn wait(server: &Server) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => return interrupted,
            _ = terminate.recv() => return Ok(()),
            _ = hangup.recv() => server.renew_certificates(),
        }
    }
}

#[cfg(not(unix))]
async fn wait(_server: &Server) -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn describe(config: &Config, loaded: &Loaded) {
    let mut kinds: BTreeMap<Kind, Vec<u16>> = BTreeMap::new();
    for (port, kind) in config.ports.iter() {
        kinds.entry(kind).or_default().push(port);
    }
    for (kind, ports) in kinds {
        let certificate = loaded.description_of(kind).map_or_else(String::new, |certificate| {
            let passed =
                if certificate.not_after < OffsetDateTime::now_utc() { ", which has passed" } else { "" };
            format!(
                "   {}; {}; until {}{passed}",
                certificate.names.join(", "),
                certificate.signature,
                certificate.not_after.date()
            )
        });
        println!("--{:<20} {}{certificate}", kind.option(), PortMap::written(&ports));
    }
    if let Some(pem) = loaded.authority_pem() {
        println!(
            "The trial authority{} is trusted nowhere until its certificate is imported:\n{pem}",
            if loaded.authority_is_new { ", made just now," } else { "" }
        );
    }
}

/// Every connection takes a descriptor; a few more are for files and listeners.
#[cfg(unix)]
fn raise_descriptor_limit(config: &Config) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    const OTHERS: u64 = 256;
    let wanted = config.limits.connections as u64 + OTHERS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
    let raised = setrlimit(Resource::Nofile, limit);
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if raised.is_err() || now < wanted {
        eprintln!(
            "only {now} files may be open at once, so fewer than --max-connections {} can be; raise the limit \
             (LimitNOFILE, ulimit -n)",
            config.limits.connections
        );
    }
}

#[cfg(not(unix))]
fn raise_descriptor_limit(_config: &Config) {}
