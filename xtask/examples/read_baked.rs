//! Reads a catalogue and a site file as strictly as the page does, and writes what is baked as one line of JSON;
//! `cargo xtask bundle` runs it.
//!
//! An example, because its dependencies are not those of `xtask` itself: what stands in the way of compiling the
//! diagnosis must not stand in the way of every task.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use connector_check_diagnosis::catalogue::Catalogue;
use connector_check_diagnosis::plan::{Canary, Fill, Plan};
use connector_check_diagnosis::site::Site;
use serde_json::{Value, json};

const USAGE: &str = "usage: read_baked [--catalogue FILE] [--site FILE] [--logo FILE]";

fn main() -> ExitCode {
    match baked() {
        Ok(baked) => {
            println!("{baked}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn baked() -> Result<Value, String> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let (mut catalogue, mut site, mut logo) = (None, None, None);
    for pair in arguments.chunks(2) {
        let [name, file] = pair else { return Err(USAGE.to_owned()) };
        match name.to_str() {
            Some("--catalogue") => catalogue = Some(read_catalogue(Path::new(file))?),
            Some("--site") => site = Some(read_site(Path::new(file))?),
            Some("--logo") => logo = Some(read_logo(Path::new(file))?),
            _ => return Err(USAGE.to_owned()),
        }
    }
    if let Some(address) = logo {
        let site: &mut Site =
            site.as_mut().ok_or("--logo goes with --site: a logo alone has no name beside it")?;
        site.logo = Some(address);
        // The size of a logo is the site file's business.
        let text = serde_json::to_string(site).map_err(|error| error.to_string())?;
        Site::parse(&text).map_err(|error| error.to_string())?;
    }
    let connect = match (&catalogue, &site) {
        (None, Some(site)) if site.only_own => sources(&site.catalogues, &site.placeholders),
        (Some(catalogue), site) => {
            let fill = site.as_ref().map(|site| site.placeholders.clone()).unwrap_or_default();
            let own = site.as_ref().map(|site| site.catalogues.clone()).unwrap_or_default();
            sources(&[vec![catalogue.clone()], own].concat(), &fill)
        }
        (None, _) => None,
    };
    Ok(json!({ "catalogue": catalogue, "site": site, "connect": connect }))
}

fn read_catalogue(file: &Path) -> Result<Catalogue, String> {
    let refused = |error| format!("{} is no catalogue that the page would take: {error}", file.display());
    Catalogue::parse(&read(file)?).map_err(refused)
}

fn read_site(file: &Path) -> Result<Site, String> {
    let refused = |error| format!("{} is no site file that the page would take: {error}", file.display());
    Site::parse(&read(file)?).map_err(refused)
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// A picture as a `data:` address; its kind is told by its first bytes, not by its name.
fn read_logo(file: &Path) -> Result<String, String> {
    let bytes = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ if text.contains("<svg") => "image/svg+xml",
        _ => return Err(format!("{} is no PNG, JPEG, WebP or SVG picture", file.display())),
    };
    Ok(format!("data:{kind};base64,{}", BASE64.encode(bytes)))
}

/// What the page must be allowed to ask for these catalogues, as sources of a Content-Security-Policy; `None` where an
/// admin types hosts that nobody knows yet.
fn sources(catalogues: &[Catalogue], fill: &Fill) -> Option<Vec<String>> {
    // By host, so that a region with thirty ports does not make a header of thirty entries.
    let mut ports: BTreeMap<(&str, String), BTreeSet<u16>> = BTreeMap::new();
    for catalogue in catalogues {
        let mut filled: Fill = catalogue
            .placeholders
            .iter()
            .filter_map(|placeholder| Some((placeholder.id.clone(), placeholder.default.clone()?)))
            .collect();
        filled.extend(fill.clone());
        for planned in Plan::new(catalogue, &filled, "nonce").checks {
            let Some(endpoint) = planned.endpoint() else {
                let rest = planned.check.url.split_once("://")?.1.split(['/', ':']).next()?;
                // `{tenant}.msappproxy.net` stays below a domain that is known; `{host}` does not.
                let domain = rest.strip_prefix('{')?.split_once("}.")?.1;
                if domain.contains('{') {
                    return None;
                }
                let scheme = if planned.check.url.starts_with("http:") { "http" } else { "https" };
                ports.entry((scheme, format!("*.{domain}"))).or_default().insert(0);
                continue;
            };
            let host = match &planned.canary {
                Some(Canary::Anywhere) => "*.invalid".to_owned(),
                Some(Canary::Domain(domain)) => format!("*.{domain}"),
                None if endpoint.host.contains(':') => format!("[{}]", endpoint.host),
                None => endpoint.host.clone(),
            };
            let scheme = if endpoint.scheme.is_tls() { "https" } else { "http" };
            let default = endpoint.scheme.default_port();
            ports.entry((scheme, host)).or_default().insert(if endpoint.port == default {
                0
            } else {
                endpoint.port
            });
        }
    }
    let mut sources = Vec::new();
    for ((scheme, host), ports) in ports {
        let port = match ports.iter().copied().collect::<Vec<_>>()[..] {
            [0] => String::new(),
            [port] => format!(":{port}"),
            _ => ":*".to_owned(),
        };
        sources.push(format!("{scheme}://{host}{port}"));
        if scheme == "https" {
            // The closer looks open a WebSocket where a request failed.
            sources.push(format!("wss://{host}{port}"));
        }
    }
    Some(sources)
}
