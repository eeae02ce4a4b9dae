//! The shipments as people deploy them: behind a real web server, in somebody's page, in a frame, as a file.

mod bundled;
mod embed;
mod file;
mod frame;
mod guides;
mod hosted;

use std::fs;
use std::path::{Path, PathBuf};

use connector_check_range::Running;
use serde_json::{Value, json};

use crate::lab::{Browser, Kind, Lab, Nginx, Proxy};
use crate::page::{PRELUDE, SMALL, catalogue};

/// The site's own server, with the settings that the bundle ships.
const SITE: u16 = 8080;
/// The same files from a server that knows nothing about them.
const BARE: u16 = 8081;
/// A portal that the site file lists.
const PORTAL: u16 = 9001;
/// A portal that it does not.
const STRANGER: u16 = 9002;

/// Browser, web server and the servers to be tested.
struct Ship {
    browser: Browser,
    nginx: Option<Nginx>,
    _servers: Running,
}

impl Ship {
    /// The servers of the catalogue `small`, and a browser.
    async fn launch(lab: &mut Lab, kind: Kind) -> Self {
        lab.net.up().await;
        let servers = SMALL.into_iter().map(|(ip, port, behaviour)| (ip, port, false, behaviour));
        let servers = lab.serve(servers);
        Self { browser: Browser::start(lab, kind, Proxy::Direct).await, nginx: None, _servers: servers }
    }

    /// Runs the body of an async function that may use the prelude of the page's tests.
    async fn js(&self, script: &str) -> Value {
        self.browser.js_async(&format!("{PRELUDE}\n{script}")).await
    }
}

/// The site file of these tests: `small` and nothing else, and one origin that may talk.
fn site_file() -> Value {
    json!({
        "format": "connector-check/site@1",
        "default": "small",
        "catalogues": [catalogue("small", &SMALL)],
        "organisation": "Example Ltd",
        "contact": "Network desk, 4711",
        "links": [{ "title": "Firewall form", "url": "https://desk.example/new" }],
        "steps": { "endpoint-retired": [{ "text": "Ask the network desk.", "command": "ticket 42" }],
                   "port-refused": [{ "text": "Ask the network desk.", "command": "ticket 42" }] },
        "embed-origins": [format!("http://127.0.0.1:{PORTAL}")],
    })
}

/// A folder of the lab's with this file in it.
fn folder_with(lab: &Lab, name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = lab.dir.join(name);
    for (file, text) in files {
        put(&folder.join(file), text);
    }
    folder
}

fn put(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("a file lies in a folder")).expect("the lab's folder is there");
    fs::write(file, text).expect("the lab's folder is there");
}
