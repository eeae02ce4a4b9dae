//! A browser and the driver that it is driven by.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::process::Process;

/// The driver's port; the network is the test's own, so any will do.
const PORT: u16 = 4444;

/// How often something that ends is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Chromium of the system.
pub fn chromium() -> PathBuf {
    program(&["chromium", "google-chrome"])
}

/// Firefox of the system.
pub fn firefox() -> PathBuf {
    program(&["firefox-esr", "firefox"])
}

/// Chromium's driver, as a command.
pub fn chromedriver() -> Vec<String> {
    let driver = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
    vec![driver, format!("--port={PORT}"), "--log-level=WARNING".to_owned()]
}

/// Firefox' driver, as a command.
pub fn geckodriver() -> Vec<String> {
    let driver = std::env::var("GECKODRIVER").unwrap_or_else(|_| "geckodriver".to_owned());
    vec![driver, "--port".to_owned(), PORT.to_string()]
}

/// Starts a driver in this environment, and a browser with these capabilities.
///
/// # Panics
/// Where one of them does not start; with what the driver said.
pub async fn start(
    command: &[String],
    environment: &[(&str, &str)],
    log: &Path,
    capabilities: Map<String, Value>,
) -> (Process, Client) {
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    let mut driver = Process::spawn(&command, environment, log);
    driver.listening(PORT).await;
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{PORT}"))
        .await
        .unwrap_or_else(|error| panic!("the browser does not start: {error}\n{}", driver.log()));
    (driver, client)
}

/// Ends the browser as a user would, and then its driver, so that the next one can listen.
pub async fn end(driver: Process, client: Client) {
    client.close().await.expect("a browser can be ended");
    drop(driver);
    while TcpStream::connect(("127.0.0.1", PORT)).await.is_ok() {
        sleep(LOOK).await;
    }
}

/// The first of these programs that is on `PATH`.
fn program(names: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("none of {names:?} is on PATH; `cargo xtask test` says what to install"))
}
