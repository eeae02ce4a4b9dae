//! What the page brings along: its surroundings, a site file, a baked catalogue, a catalogue in the link.

use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError, MAX_BYTES};
use connector_check_diagnosis::evidence::PageKind;
use connector_check_diagnosis::site::{Site, SiteError};
use futures_util::future::{Either, select};
use gloo_net::http::Request;
use gloo_timers::future::sleep;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, RequestCache, RequestCredentials, Url, UrlSearchParams, Window};

use crate::environment::Surroundings;
use crate::frame;
use crate::offer::from_link;

/// A page that waits longer for its own server looks dead.
const SITE_DEADLINE: Duration = Duration::from_secs(3);

/// The page names its site file in `<meta name="connector-check-site" content="…">`.
const SITE_META: &str = "meta[name=connector-check-site]";
/// `cargo xtask bundle --catalogue` bakes a catalogue into a script element of this id.
const BAKED_ID: &str = "connector-check-catalogue";
/// `cargo xtask bundle --site` bakes a site file into a script element of this id.
const BAKED_SITE_ID: &str = "connector-check-site";
/// A link carries a catalogue behind this.
const LINK_PREFIX: &str = "#catalogue=";

/// Everything that is known before the first run.
#[derive(Debug, Clone, PartialEq)]
pub struct Startup {
    /// The browser and the page.
    pub surroundings: Surroundings,
    /// The site file, where there is one.
    pub site: Option<Result<Site, SiteError>>,
    /// The site file that was baked into the page.
    pub baked_site: Option<Result<Site, SiteError>>,
    /// The catalogue that was baked into the page.
    pub baked: Option<Result<Catalogue, CatalogueError>>,
    /// The catalogue in the link.
    pub link: Option<Result<Catalogue, CatalogueError>>,
    /// The name of the scenario in the address, possibly empty.
    pub scenario: Option<String>,
}

/// Looks around. Nothing but the site file, from the page's own origin, is asked for. Only the page's own element
/// reads the link.
pub async fn look_around(host: HtmlElement) -> Startup {
    let surroundings = Surroundings::detect().await;
    let window = web_sys::window();
    let site = match surroundings.page {
        PageKind::File => None,
        PageKind::Http | PageKind::Https => match window.as_ref().and_then(site_address) {
            Some(address) => read_site(&address).await,
            None => None,
        },
    };
    let baked = |id| window.as_ref().and_then(Window::document)?.get_element_by_id(id)?.text_content();
    let page = window.as_ref().filter(|_| frame::is_page(&host));
    Startup {
        surroundings,
        site,
        baked_site: baked(BAKED_SITE_ID).map(|text| Site::parse(&text)),
        baked: baked(BAKED_ID).map(|text| Catalogue::parse(&text)),
        link: page.and_then(link),
        scenario: page.and_then(scenario),
    }
}

/// What the page's address says behind `?scenario=`.
fn scenario(window: &Window) -> Option<String> {
    let query = window.location().search().ok()?;
    UrlSearchParams::new_with_str(&query).ok()?.get("scenario")
}

/// The catalogue in the page's own link, if there is one.
pub fn link(window: &Window) -> Option<Result<Catalogue, CatalogueError>> {
    let hash = window.location().hash().ok()?;
    Some(from_link(hash.strip_prefix(LINK_PREFIX)?))
}

/// The element's attribute, where it is set and not empty.
pub fn attribute(host: &HtmlElement, name: &str) -> Option<String> {
    host.get_attribute(name).filter(|value| !value.is_empty())
}

/// Whether an address leads to the page's own origin.
pub fn is_own(window: &Window, address: &str) -> bool {
    let location = window.location();
    let base = location.href().unwrap_or_default();
    // Files and `data:` addresses have the origin "null" in common, and nothing else.
    Url::new_with_base(address, &base)
        .is_ok_and(|url| url.protocol().starts_with("http") && Ok(url.origin()) == location.origin())
}

/// Fetches and reads a catalogue from an address.
pub async fn read_catalogue(address: &str) -> Result<Result<Catalogue, CatalogueError>, String> {
    let text = fetch_text(address).await?.ok_or_else(|| "HTTP 404".to_owned())?;
    Ok(Catalogue::parse(&text))
}

fn site_address(window: &Window) -> Option<String> {
    let meta = window.document()?.query_selector(SITE_META).ok()??;
    meta.dyn_into::<HtmlElement>().ok()?.get_attribute("content").filter(|address| !address.is_empty())
}

/// A site without a site file is the normal case, and so is one that cannot be read from here.
async fn read_site(address: &str) -> Option<Result<Site, SiteError>> {
    match select(pin!(fetch_text(address)), sleep(SITE_DEADLINE)).await {
        Either::Left((text, _)) => Some(Site::parse(&text.ok()??)),
        Either::Right(((), _)) => None,
    }
}

/// `Ok(None)` for 404; the error says what went wrong.
async fn fetch_text(address: &str) -> Result<Option<String>, String> {
    let response = Request::get(address)
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::SameOrigin)
        .send()
        .await
        .map_err(|e| e.to_string())?;
    match response.status() {
        404 => Ok(None),
        200..=299 => {
            let length = response.headers().get("content-length").and_then(|text| text.parse::<usize>().ok());
            if length.is_some_and(|bytes| bytes > 8 * MAX_BYTES) {
                return Err("too large".to_owned());
            }
            response.text().await.map(Some).map_err(|e| e.to_string())
        }
        status => Err(format!("HTTP {status}")),
    }
}
