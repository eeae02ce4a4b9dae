//! The two servers, and what the system tells of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::{Failure, IDLE, read};

/// Ports of the responder and of nginx, below those that systems hand out by themselves.
pub(crate) const PORTS: [u16; 2] = [20_443, 20_444];

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The unit of processor times in `/proc`, on every Linux.
const TICKS_PER_SECOND: u64 = 100;

const MIB: f64 = 1024.0 * 1024.0;

/// A folder with what both servers use.
pub(crate) struct Place {
    folder: PathBuf,
    /// The authority of their certificate.
    pub(crate) root: CertificateDer<'static>,
}

impl Place {
    /// Puts a certificate and its key there.
    pub(crate) fn furnish(folder: &Path) -> Result<Self, Failure> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key)?.der().clone();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
        fs::create_dir_all(folder.join("site"))?;
        fs::write(folder.join("c.pem"), leaf.pem())?;
        fs::write(folder.join("k.pem"), key.serialize_pem())?;
        Ok(Self { folder: folder.to_owned(), root })
    }

    /// The file that nginx serves.
    pub(crate) fn body(&self) -> PathBuf {
        self.folder.join("site/answer.json")
    }
}

/// A running server; it ends when this is dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) port: u16,
}

impl Serving {
    pub(crate) async fn responder(program: &Path, place: &Place, port: u16) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1", "--rate", "0", "--ports", &port.to_string()]);
        let connections = (IDLE + 1000).to_string();
        command.args(["--max-connections", &connections, "--max-per-address", &connections, "--http2"]);
        command.arg("--cert").arg(place.folder.join("c.pem")).arg("--key").arg(place.folder.join("k.pem"));
        Self::start(command, port).await
    }

    /// nginx with the settings of one that is to be fast, the responder's headers, and no session tickets, as there.
    pub(crate) async fn nginx(program: &Path, place: &Place, port: u16) -> Result<Self, Failure> {
        let at = place.folder.display();
        // Started by root it would work as another user, who may not look into the folder.
        let user = if fs::metadata("/proc/self").is_ok_and(|own| is_root(&own)) { "user root;" } else { "" };
        let settings = format!(
            "{user} daemon off; worker_processes auto; pid {at}/nginx.pid; error_log stderr crit;
             events {{ worker_connections {connections}; multi_accept on; }}
             http {{
                 access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; tcp_nodelay on; sendfile on;
                 client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
                 uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
                 open_file_cache max=10 inactive=1h; open_file_cache_valid 1h;
                 types {{ application/json json; }}
                 server {{
                     listen 127.0.0.1:{port} ssl http2 backlog=4096; root {at}/site;
                     ssl_certificate {at}/c.pem; ssl_certificate_key {at}/k.pem; ssl_protocols TLSv1.2 TLSv1.3;
                     ssl_session_tickets off; ssl_session_cache off;
                     location / {{
                         try_files /answer.json =404; etag off; if_modified_since off;
                         add_header Access-Control-Allow-Origin *; add_header Timing-Allow-Origin *;
                         add_header Cache-Control no-store; add_header X-Content-Type-Options nosniff;
                     }}
                 }}
             }}",
            connections = 2 * IDLE,
        );
        let file = place.folder.join("nginx.conf");
        fs::write(&file, settings)?;
        let mut command = Command::new(program);
        command.arg("-p").arg(&place.folder).args(["-e", "stderr", "-c"]).arg(&file);
        Self::start(command, port).await
    }

    async fn start(mut command: Command, port: u16) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("cannot start {name}: {error}"))?;
        let mut serving = Self { child, port };
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = serving.child.try_wait()? {
                return Err(format!("{name} ended ({status}) before it listened on port {port}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{name} does not listen on port {port}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(serving)
    }

    /// What the server's processes have taken of the processors so far.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        let mut ticks = 0;
        for id in self.processes()? {
            let text = read(Path::new(&format!("/proc/{id}/stat")))?;
            // The name before may hold anything but ends with the last bracket; then come the state and numbers.
            let numbers = text.rsplit_once(')').map_or("", |(_, behind)| behind);
            let own =
                numbers.split_whitespace().skip(11).take(2).filter_map(|number| number.parse::<u64>().ok());
            ticks += own.sum::<u64>();
        }
        Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
    }

    /// MiB of memory that the server's processes hold; what several of them share counts once.
    pub(crate) fn memory(&self) -> Result<f64, Failure> {
        let mut kib = 0;
        for id in self.processes()? {
            let text = read(Path::new(&format!("/proc/{id}/smaps_rollup")))?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
            let number = line.and_then(|line| line.split_whitespace().next());
            kib += number.and_then(|number| number.parse::<u32>().ok()).ok_or("no Pss in smaps_rollup")?;
        }
        Ok(f64::from(kib) * 1024.0 / MIB)
    }

    fn processes(&self) -> Result<Vec<u32>, Failure> {
        let own = self.child.id();
        let children = read(Path::new(&format!("/proc/{own}/task/{own}/children")))?;
        let children = children.split_whitespace().filter_map(|id| id.parse().ok());
        Ok([own].into_iter().chain(children).collect())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Asked to end, nginx takes its workers along.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// nginx, also where an ordinary user's PATH leaves it out.
pub(crate) fn nginx() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())
}

#[cfg(unix)]
fn is_root(own: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(own) == 0
}

#[cfg(not(unix))]
fn is_root(_own: &fs::Metadata) -> bool {
    false
}
