//! What a browser test stands on: a network of its own, servers with known faults, real browsers, a real proxy.
//!
//! Each test runs on a thread of its own, with a runtime of its own, in namespaces of its own, so that tests do
//! not see each other and nothing leaves the machine. Logs stay in `target/tmp/lab/<test>`.

pub mod browser;
mod cover;
mod driver;
pub mod net;
pub mod nginx;
pub mod process;
mod profile;
pub mod squid;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connector_check_range::{Authority, Behaviour, Range, Running, Service};

pub use browser::{Agent, Browser, Kind, Proxy};
pub use net::Net;
pub use nginx::Nginx;
pub use process::run as run_program;
pub use squid::Squid;

/// No test takes as long, however busy the machine.
const LIMIT: Duration = Duration::from_secs(150);

/// Makes a test in each browser of each of these functions of a [`Lab`] and a [`Kind`].
macro_rules! in_both_browsers {
    ($($scenario:ident),+ $(,)?) => {
        mod chromium {
            $(#[test] fn $scenario() {
                let name = concat!(module_path!(), "::", stringify!($scenario));
                $crate::lab::run(name, async |lab| super::$scenario(lab, $crate::lab::Kind::Chromium).await);
            })+
        }
        mod firefox {
            $(#[test] fn $scenario() {
                let name = concat!(module_path!(), "::", stringify!($scenario));
                $crate::lab::run(name, async |lab| super::$scenario(lab, $crate::lab::Kind::Firefox).await);
            })+
        }
    };
}
pub(crate) use in_both_browsers;

/// Everything that one test has.
#[derive(Debug)]
pub struct Lab {
    /// The network; call [`Net::up`] once the names are given.
    pub net: Net,
    /// Issues the certificates of the lab's servers; its browsers trust it.
    pub authority: Arc<Authority>,
    /// Logs and screenshots; kept.
    pub dir: PathBuf,
    /// Profiles and sockets; removed at the end.
    scratch: tempfile::TempDir,
}

/// Runs a test in a lab of its own, or says that and why it was skipped.
pub fn run<F>(name: &str, test: F)
where
    F: AsyncFnOnce(Lab) + Send + 'static,
{
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lab").join(name.replace("::", "-"));
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || -> Result<(), String> {
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).expect("the target folder can be written to");
        // Paths of sockets must be short; a target folder may be anywhere.
        let scratch =
            tempfile::Builder::new().prefix("cc-").tempdir_in("/tmp").expect("/tmp can be written to");
        let net = Net::enter(&dir)?;
        let authority = Arc::new(Authority::new().expect("certificates can be made"));
        fs::write(dir.join("authority.pem"), authority.certificate_pem()).expect("the lab's folder is there");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let lab = Lab { net, authority, dir, scratch };
            tokio::time::timeout(LIMIT, test(lab)).await.expect("the test ends in time");
        });
        Ok(())
    });
    match thread.expect("a thread").join() {
        Ok(Ok(())) => {}
        // `cargo xtask test` counts such lines.
        Ok(Err(reason)) => println!("SKIPPED {name}: {reason}"),
        Err(panic) => resume_unwind(panic),
    }
}

impl Lab {
    /// Sets servers up: address, port, whether TLS comes first, and what they do.
    ///
    /// # Panics
    /// Where one of them cannot be set up.
    pub fn serve(&self, servers: impl IntoIterator<Item = (Ipv4Addr, u16, bool, Behaviour)>) -> Running {
        let services: Vec<_> = servers
            .into_iter()
            .map(|(ip, port, tls, behaviour)| Service { at: SocketAddr::from((ip, port)), tls, behaviour })
            .collect();
        let running = Range::start_services(&services, &self.authority);
        let left_out: Vec<_> =
            running.left_out().iter().map(|left_out| left_out.reason.to_string()).collect();
        assert!(left_out.is_empty() && running.stand_ins().is_empty(), "{left_out:?}");
        running
    }

    /// Where the authority's certificate is, as PEM.
    pub fn authority_file(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    /// A new folder that is removed when the test ends.
    fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.scratch.path().join(name);
        fs::create_dir_all(&folder).expect("/tmp can be written to");
        folder
    }
}
