//! A real web server: nginx, with the settings that the bundle ships, or with as few as possible.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::Lab;
use super::process::Process;

/// Where a folder is served, and how.
#[derive(Debug)]
pub struct Served<'a> {
    /// Port of 127.0.0.1.
    pub port: u16,
    /// What is served.
    pub root: PathBuf,
    /// How.
    pub settings: Settings<'a>,
}

/// The settings of one server.
#[derive(Debug)]
pub enum Settings<'a> {
    /// A file that the bundle ships, with its port and folder changed.
    Shipped(&'a Path),
    /// Types for files, and these lines.
    Plain(&'a str),
}

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    _process: Process,
}

/// The port that shipped settings listen on.
const SHIPPED_PORT: &str = "listen 8080;";

/// The folder that shipped settings serve.
const SHIPPED_ROOT: &str = "root /usr/share/nginx/html;";

impl Nginx {
    /// Starts it with these servers.
    ///
    /// # Panics
    /// Where nginx refuses the settings; with what it said.
    pub async fn start(lab: &Lab, servers: &[Served<'_>]) -> Self {
        let dir = lab.scratch("nginx");
        let place = dir.display();
        let accesses = lab.dir.join("access.log");
        let accesses = accesses.display();
        let mut conf = format!(
            "daemon off;\nmaster_process off;\npid {place}/nginx.pid;\nerror_log stderr info;\nevents {{}}\nhttp {{\n\
             access_log {accesses};\nclient_body_temp_path {place}/body;\nproxy_temp_path {place}/proxy;\n\
             fastcgi_temp_path {place}/fastcgi;\nuwsgi_temp_path {place}/uwsgi;\nscgi_temp_path {place}/scgi;\n\
             types {{ text/html html; text/javascript js mjs; text/css css; application/wasm wasm; application/json json; image/svg+xml svg; }}\n"
        );
        for Served { port, root, settings } in servers {
            let root = root.display();
            match settings {
                Settings::Shipped(file) => {
                    let text = fs::read_to_string(file).expect("the bundle ships it");
                    for part in [SHIPPED_PORT, SHIPPED_ROOT] {
                        assert!(text.contains(part), "{} has no {part}", file.display());
                    }
                    let text = text.replace(SHIPPED_PORT, &format!("listen 127.0.0.1:{port};"));
                    conf += &text.replace(SHIPPED_ROOT, &format!("root {root};"));
                }
                Settings::Plain(lines) => {
                    writeln!(conf, "server {{ listen 127.0.0.1:{port}; root {root}; {lines} }}")
                        .expect("a String takes everything");
                }
            }
        }
        conf += "}\n";
        let file = dir.join("nginx.conf");
        fs::write(&file, conf).expect("the lab's folder is there");
        let (file, prefix) = (file.display().to_string(), place.to_string());
        let log = lab.dir.join("nginx.log");
        let mut process = Process::spawn(&["nginx", "-p", &prefix, "-e", "stderr", "-c", &file], &[], &log);
        process.listening(servers[0].port).await;
        Self { _process: process }
    }
}
