//! A browser with a driver of its own and a fresh profile.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use hyper::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::process::Process;
use super::{Lab, driver, profile};

/// How often a page is asked whether it is done.
const LOOK: Duration = Duration::from_millis(100);

/// Longer than any run of the page may take: the longest deadline of a probe, a stage before it, and room for
/// a busy machine.
const RUN: Duration = Duration::from_mins(1);

/// Longer than any script of a test may take, and than whatever it waits for itself: then that is what is told.
const SCRIPT: Duration = Duration::from_mins(2);

/// Which browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium of the system.
    Chromium,
    /// Firefox ESR of the system.
    Firefox,
}

/// How a browser gets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Directly.
    Direct,
    /// Through an HTTP proxy on this port of 127.0.0.1; addresses of loopback are asked directly.
    Local(u16),
}

/// What a browser says of itself.
#[derive(Debug)]
pub struct Agent {
    /// `navigator.userAgent`.
    pub text: &'static str,
    /// The version that Chromium's family tells of Windows, where it tells one.
    pub windows: &'static str,
}

impl Agent {
    fn for_chromium(&self) -> Value {
        json!({ "userAgent": self.text, "userAgentMetadata": {
            "platform": "Windows", "platformVersion": self.windows,
            "architecture": "x86", "model": "", "mobile": false,
        }})
    }
}

/// A command of Chromium's own driver.
#[derive(Debug)]
struct Devtools {
    method: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _address: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.method, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

/// A browser with one window. It ends when this is dropped.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Process,
    dir: PathBuf,
}

impl Browser {
    /// Starts a browser that trusts the lab's authority.
    ///
    /// # Panics
    /// Where it does not start; with what the driver said.
    pub async fn start(lab: &Lab, kind: Kind, proxy: Proxy) -> Self {
        match kind {
            Kind::Chromium => Self::chromium(lab, proxy).await,
            Kind::Firefox => Self::firefox(lab, proxy, json!({})).await,
        }
    }

    /// The same, and the browser says of itself what this one says.
    pub async fn start_as(lab: &Lab, kind: Kind, agent: &Agent) -> Self {
        match kind {
            Kind::Chromium => {
                let browser = Self::chromium(lab, Proxy::Direct).await;
                browser.pretend(agent).await;
                browser
            }
            Kind::Firefox => {
                let preferences = json!({ "general.useragent.override": agent.text });
                Self::firefox(lab, Proxy::Direct, preferences).await
            }
        }
    }

    async fn chromium(lab: &Lab, proxy: Proxy) -> Self {
        let home = lab.scratch("chromium");
        profile::chromium(&home, &lab.authority_file());
        let data = home.join("data").display().to_string();
        let mut flags = profile::chromium_flags(&[]);
        flags.push(format!("--user-data-dir={data}"));
        if proxy == Proxy::Direct {
            // Whatever the desktop is set to.
            flags.push("--no-proxy-server".to_owned());
        }
        let options = json!({ "goog:chromeOptions": { "binary": driver::chromium(), "args": flags } });
        Self::connect(lab, &driver::chromedriver(), &home, options, proxy).await
    }

    async fn firefox(lab: &Lab, proxy: Proxy, preferences: Value) -> Self {
        let home = lab.scratch("firefox");
        let folder = lab.scratch("firefox/profile");
        profile::firefox(&folder, &lab.authority_file()).await;
        let options = json!({ "moz:firefoxOptions": {
            "binary": driver::firefox(),
            "args": ["-headless", "-profile", folder],
            "prefs": preferences,
        }});
        Self::connect(lab, &driver::geckodriver(), &home, options, proxy).await
    }

    async fn connect(lab: &Lab, command: &[String], home: &Path, mut options: Value, proxy: Proxy) -> Self {
        options["timeouts"] = json!({ "script": SCRIPT.as_millis() });
        if let Proxy::Local(port) = proxy {
            let at = format!("127.0.0.1:{port}");
            options["proxy"] = json!({ "proxyType": "manual", "httpProxy": at, "sslProxy": at });
        }
        let Value::Object(capabilities) = options else { unreachable!("made as an object above") };
        let folder = home.display().to_string();
        let environment = [("HOME", folder.as_str()), ("TMPDIR", folder.as_str())];
        let (driver, client) =
            driver::start(command, &environment, &lab.dir.join("driver.log"), capabilities).await;
        Self { client, driver, dir: lab.dir.clone() }
    }

    /// What talks to the driver, for keys and files.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// From now on, Chromium says of itself what this one says.
    pub async fn pretend(&self, agent: &Agent) {
        let command = Devtools { method: "Emulation.setUserAgentOverride", parameters: agent.for_chromium() };
        self.client.issue_cmd(command).await.unwrap_or_else(|error| panic!("another agent: {error}"));
    }

    /// Opens an address and waits for the page to load.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}\n{}", self.driver.log()));
    }

    /// Runs the body of a function in the page; `return` hands a value back.
    pub async fn js(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{error}, in:\n{script}"))
    }

    /// Runs the body of an async function in the page and waits for what it returns.
    pub async fn js_async(&self, script: &str) -> Value {
        let wrapped = format!(
            "const done = arguments[arguments.length - 1];\n\
             (async () => {{ {script} }})().then(value => done({{ value }}), error => done({{ error: `${{error}}` }}));"
        );
        let answer = self.client.execute_async(&wrapped, Vec::new()).await;
        let mut answer = answer.unwrap_or_else(|error| panic!("{error}, in:\n{script}"));
        assert!(answer.get("error").is_none(), "{}, in:\n{script}", answer["error"]);
        answer["value"].take()
    }

    /// Makes the page's own area so large, in CSS pixels.
    ///
    /// # Panics
    /// Where the window does not take the size.
    pub async fn viewport(&self, width: u32, height: u32) {
        let (mut outer_width, mut outer_height) = (width, height);
        let begun = Instant::now();
        loop {
            let resized = self.client.set_window_size(outer_width, outer_height).await;
            resized.expect("a window can be resized");
            // The page hears of its size a moment later, and a first answer may be the old one.
            tokio::time::sleep(LOOK).await;
            let frame = self
                .js("return [innerWidth, innerHeight, outerWidth - innerWidth, outerHeight - innerHeight]");
            let frame = frame.await;
            if frame[0] == width && frame[1] == height {
                return;
            }
            let part = |at: usize| frame[at].as_u64().and_then(|px| u32::try_from(px).ok()).unwrap_or(0);
            (outer_width, outer_height) = (width + part(2), height + part(3));
            assert!(begun.elapsed() < RUN, "the window is {frame} instead of {width}x{height}");
        }
    }

    /// Saves a picture of the window as `<name>.png` among the test's logs, and hands back where.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let path = self.dir.join(name).with_extension("png");
        let png = self.client.screenshot().await.expect("a picture can be taken");
        fs::write(&path, png).expect("the lab's folder is there");
        path
    }

    /// Waits until the page's run has ended, and hands back its report.
    ///
    /// # Panics
    /// Where it does not end, or not well; with a screenshot among the test's logs.
    pub async fn report(&self) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.js("return (document.querySelector('connector-check') || {}).state").await;
            match state.as_str() {
                Some("done") => break,
                Some("failed") => {
                    let picture = self.screenshot("failed").await;
                    panic!("the page has failed; see {}", picture.display());
                }
                _ if begun.elapsed() > RUN => {
                    let picture = self.screenshot("not-done").await;
                    panic!("the page is {state} after {RUN:?}; see {}", picture.display());
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
        let report = self.js("return document.querySelector('connector-check').report").await;
        let text = serde_json::to_string_pretty(&report).expect("it came as JSON");
        fs::write(self.dir.join("report.json"), text).expect("the lab's folder is there");
        report
    }
}
