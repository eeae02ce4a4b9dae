//! A browser with a fresh profile, and one window for each run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::Client;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::process::Process;
use crate::scenario::{Kind, Network, Proxy};
use crate::{driver, profile, proxy};

/// How often the windows are looked through that have no verdict yet. Each look takes a browser some milliseconds.
const LOOK: Duration = Duration::from_millis(250);

/// How often the others.
const LATER_LOOK: Duration = Duration::from_millis(1500);

/// How long one run may take: 10 s, a closer look of 35 s from its beginning, and room for a busy machine.
const RUN: Duration = Duration::from_secs(100);

/// How long a screen may take to start.
const SCREEN_START: Duration = Duration::from_secs(30);

/// How many runs may go on at a time in one browser: most of them wait for what is silent.
const AT_A_TIME: usize = 12;

/// Browsers that start and pages before their first verdict, in all networks: each keeps a core busy, and too many make
/// requests so slow that the machine looks like a slow network.
static STARTING: Semaphore = Semaphore::const_new(3);

/// A browser. It ends when this is dropped.
pub struct Session {
    client: Client,
    /// The window that the browser came with; a driver needs one that is open.
    first: WindowHandle,
    _driver: Process,
    _screen: Option<Process>,
    _scratch: tempfile::TempDir,
}

/// What a window is opened for.
pub struct Visit {
    /// The page's address.
    pub url: String,
    /// Where logs and the report go.
    pub dir: PathBuf,
}

/// What came of a visit, or what went wrong.
pub type Visited = Result<Reports, String>;

/// What a page has said.
pub struct Reports {
    /// At its first verdict.
    pub quick: Value,
    /// When nothing refined it any more.
    pub last: Value,
}

struct Open {
    at: usize,
    window: WindowHandle,
    begun: Instant,
    /// As long as it has no verdict.
    starting: Option<SemaphorePermit<'static>>,
    /// Its first report.
    quick: Value,
    /// When it is looked at next.
    next: Instant,
}

impl Session {
    /// Starts a browser that trusts the authority in this file.
    ///
    /// # Panics
    /// Where it does not start; with what the driver said.
    pub async fn start(kind: Kind, network: &Network, authority: &Path, dir: &Path) -> Self {
        let _starting = STARTING.acquire().await.expect("it is never closed");
        // Paths of sockets must be short; a target folder may be anywhere.
        let scratch =
            tempfile::Builder::new().prefix("cc-").tempdir_in("/tmp").expect("/tmp can be written to");
        let home = scratch.path().display().to_string();
        let mut environment = vec![("HOME", home.as_str()), ("TMPDIR", home.as_str())];
        let (screen, display) = if network.headed {
            let (screen, display) = screen(dir).await;
            (Some(screen), display)
        } else {
            (None, String::new())
        };
        if screen.is_some() {
            environment.push(("DISPLAY", &display));
        }
        let (command, mut options) = match kind {
            Kind::Chromium => chromium(scratch.path(), network, authority),
            Kind::Firefox => firefox(scratch.path(), network, authority).await,
        };
        if network.proxy != Proxy::None {
            let at = format!("{}:{}", proxy::ADDRESS.0, proxy::ADDRESS.1);
            options["proxy"] = json!({ "proxyType": "manual", "httpProxy": at, "sslProxy": at });
        }
        options["unhandledPromptBehavior"] = json!("ignore");
        let Value::Object(capabilities) = options else { unreachable!("made as an object") };
        let (driver, client) =
            driver::start(&command, &environment, &dir.join("driver.log"), capabilities).await;
        let first = client.window().await.expect("a browser starts with a window");
        Self { client, first, _driver: driver, _screen: screen, _scratch: scratch }
    }

    /// Opens each page in a window of its own, several at a time, and waits until nothing refines their reports any
    /// more.
    pub async fn visit(&self, visits: &[Visit]) -> Vec<Visited> {
        let mut results: Vec<Option<Visited>> = visits.iter().map(|_| None).collect();
        let mut waiting = 0..visits.len();
        let mut open: Vec<Open> = Vec::new();
        loop {
            while open.len() < AT_A_TIME && !waiting.is_empty() {
                let Ok(permit) = STARTING.try_acquire() else { break };
                let Some(at) = waiting.next() else { break };
                match self.open(&visits[at].url).await {
                    Ok(window) => open.push(Open {
                        at,
                        window,
                        begun: Instant::now(),
                        starting: Some(permit),
                        quick: Value::Null,
                        next: Instant::now() + LOOK,
                    }),
                    Err(error) => results[at] = Some(Err(format!("{}: {error}", visits[at].url))),
                }
            }
            let mut going_on = Vec::new();
            for mut run in open {
                if Instant::now() < run.next {
                    going_on.push(run);
                    continue;
                }
                let dir = &visits[run.at].dir;
                match self.look(&mut run, dir).await {
                    None => going_on.push(run),
                    Some(visited) => results[run.at] = Some(visited),
                }
            }
            open = going_on;
            if open.is_empty() && waiting.is_empty() {
                let told = results.into_iter().map(|result| result.expect("every visit has ended"));
                return told.collect();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn open(&self, url: &str) -> Result<WindowHandle, CmdError> {
        self.client.switch_to_window(self.first.clone()).await?;
        let window = self.client.new_window(false).await?.handle;
        self.client.switch_to_window(window.clone()).await?;
        self.client.goto(url).await?;
        Ok(window)
    }

    /// What has come of a run; `None` while it goes on. Closes its window then.
    async fn look(&self, run: &mut Open, dir: &Path) -> Option<Visited> {
        // A report is long: the first is wanted, and the last.
        let script = "const page = document.querySelector('connector-check');
             if (!page) return null;
             const [state, closer] = [page.state, page.hasAttribute('data-closer')];
             const report = state === 'done' && (arguments[0] || !closer) ? page.report : null;
             return { state, closer, report, hidden: document.hidden };";
        let looked = async {
            self.client.switch_to_window(run.window.clone()).await?;
            self.client.execute(script, vec![run.quick.is_null().into()]).await
        };
        let visited = match looked.await {
            Err(error) => Err(error.to_string()),
            Ok(page) if page["state"] == "done" && page["closer"] == false => {
                let last = page["report"].clone();
                let quick = if run.quick.is_null() { last.clone() } else { run.quick.take() };
                Ok(Reports { quick, last })
            }
            Ok(page) if page["state"] == "failed" => Err("the page has failed".to_owned()),
            Ok(page) if run.begun.elapsed() > RUN => Err(format!("after {RUN:?} the page is {page}")),
            Ok(page) => {
                if page["state"] == "done" && run.quick.is_null() {
                    run.quick = page["report"].clone();
                    run.starting = None;
                }
                run.next = Instant::now() + if run.quick.is_null() { LOOK } else { LATER_LOOK };
                return None;
            }
        };
        match &visited {
            Ok(reports) => {
                let text = serde_json::to_string_pretty(&reports.last).expect("it came as JSON");
                fs::write(dir.join("report.json"), text).expect("the lab's folder is there");
            }
            Err(_) => {
                if let Ok(png) = self.client.screenshot().await {
                    fs::write(dir.join("window.png"), png).expect("the lab's folder is there");
                }
            }
        }
        let _gone = self.client.close_window().await;
        Some(visited)
    }
}

/// A screen that nobody sees, and its name. It takes a number that is free, and tells it once it can be used.
async fn screen(dir: &Path) -> (Process, String) {
    let command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24"];
    let screen = Process::spawn(&command, &[], &dir.join("screen.log"));
    let begun = Instant::now();
    loop {
        if let Some(number) = screen.log().lines().find_map(|line| line.trim().parse::<u16>().ok()) {
            return (screen, format!(":{number}"));
        }
        assert!(begun.elapsed() < SCREEN_START, "Xvfb does not start:\n{}", screen.log());
        tokio::time::sleep(LOOK).await;
    }
}

fn chromium(scratch: &Path, network: &Network, authority: &Path) -> (Vec<String>, Value) {
    profile::chromium(scratch, authority);
    let without: &[&str] = if network.local_network_free { &["LocalNetworkAccessChecks"] } else { &[] };
    let mut flags = profile::chromium_flags(without);
    flags.retain(|flag| !(network.headed && flag == "--headless"));
    flags.push(format!("--user-data-dir={}", scratch.join("data").display()));
    if network.proxy == Proxy::None {
        // Whatever the desktop is set to.
        flags.push("--no-proxy-server".to_owned());
    }
    let options = json!({ "goog:chromeOptions": { "binary": driver::chromium(), "args": flags } });
    (driver::chromedriver(), options)
}

async fn firefox(scratch: &Path, network: &Network, authority: &Path) -> (Vec<String>, Value) {
    let folder = scratch.join("profile");
    fs::create_dir_all(&folder).expect("/tmp can be written to");
    profile::firefox(&folder, authority).await;
    let mut arguments = vec!["-profile".to_owned(), folder.display().to_string()];
    if !network.headed {
        arguments.push("-headless".to_owned());
    }
    let preferences = json!({ "network.lna.enabled": !network.local_network_free });
    let options = json!({ "moz:firefoxOptions": {
        "binary": driver::firefox(), "args": arguments,
        "prefs": if network.local_network_free { preferences } else { json!({}) },
    }});
    (driver::geckodriver(), options)
}
