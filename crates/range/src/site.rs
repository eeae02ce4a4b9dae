//! Serving a built page from loopback, with a site file made up on the spot.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::routing::get;
use tokio::task::JoinSet;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::catalogue::{SITE_FILE, SiteFile};
use crate::socket::{BindError, listening};

/// A page being served, until this is dropped.
#[derive(Debug)]
pub struct Site {
    at: SocketAddr,
    _server: JoinSet<io::Result<()>>,
}

/// Why a page cannot be served.
#[derive(Debug)]
pub enum SiteError {
    /// The folder holds no page.
    NoPage(PathBuf),
    /// The system would not give the port.
    Bind(BindError),
    /// The site file cannot be written down.
    SiteFile(serde_json::Error),
}

impl fmt::Display for SiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPage(folder) => write!(
                f,
                "{} holds no index.html; build the page first (cargo xtask bundle)",
                folder.display()
            ),
            Self::Bind(error) => write!(f, "the page cannot be served: {error}"),
            Self::SiteFile(error) => write!(f, "the page cannot be served: site file: {error}"),
        }
    }
}

impl std::error::Error for SiteError {}

impl Site {
    /// Serves the files of `folder` on 127.0.0.1, port `port` (0: any that is free), and `site_file` beside them.
    /// Must be called within a tokio runtime.
    pub fn start(port: u16, folder: &Path, site_file: &SiteFile) -> Result<Self, SiteError> {
        if !folder.join("index.html").is_file() {
            return Err(SiteError::NoPage(folder.to_owned()));
        }
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = listening(at).map_err(SiteError::Bind)?;
        let at = listener.local_addr().map_err(|error| SiteError::Bind(BindError { at, error }))?;
        let site_file = serde_json::to_string_pretty(site_file).map_err(SiteError::SiteFile)?;
        let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let router = Router::new()
            .route(&format!("/{SITE_FILE}"), get(async move || (json, site_file)))
            .fallback_service(ServeDir::new(folder))
            // Rebuilt pages must show at the next reload.
            .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { at, _server: server })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.at)
    }
}
