//! What is known of the browser and of the page before anything is sent.

use std::net::IpAddr;

use connector_check_diagnosis::evidence::PageKind;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::js;

mod agent;

pub use agent::{Agent, Family};

/// The system's name where Windows is so old that its TLS needs an update for SHA-512.
pub const OLD_WINDOWS: &str = "Windows 8.1, Server 2012 R2 or older";

/// The system's name where it may be that old: the browser is, and does not tell of its Windows.
pub const PERHAPS_OLD_WINDOWS: &str = "Windows, perhaps 8.1, Server 2012 R2 or older";

/// The last version of Chromium for Windows 8.1 and Server 2012 R2 (documented).
const LAST_CHROMIUM_OF_OLD_WINDOWS: u32 = 109;

/// What surrounds the probes: the page, the frame, the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Where the page came from.
    pub page: PageKind,
    /// From which part of the network the page came, as far as its address tells.
    pub page_space: AddressSpace,
    /// Whether the page is in a frame of another.
    pub embedded: bool,
    /// Whether the page is cross-origin isolated. Its policy (`Cross-Origin-Embedder-Policy`) may then
    /// reject answers that did arrive, from every host that does not expect to be embedded.
    pub isolated: bool,
    /// The browser and the system it runs on.
    pub agent: Agent,
    /// `false` only where the browser says that it is offline; `true` proves nothing.
    pub online: bool,
    /// Local Network Access to private addresses; `None` where the browser knows no such permission.
    pub local_network: Option<Permission>,
    /// Local Network Access to this very machine; `None` where the browser knows no such permission.
    pub loopback_network: Option<Permission>,
}

/// What the browser answers when asked for a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Given.
    Granted,
    /// Refused by the user, by a policy or by the page around this one.
    Denied,
    /// The browser would ask the user.
    Prompt,
}

/// The parts of the network that Local Network Access tells apart.
///
/// Source: <https://wicg.github.io/local-network-access/>, "IP address space".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressSpace {
    /// This machine.
    Loopback,
    /// A private network.
    Local,
    /// Anything else, and every name: what it resolves to is not known to a page.
    Public,
}

impl AddressSpace {
    /// The space of a host: a lower-case name, or an IP literal without brackets.
    pub fn of_host(host: &str) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::of_ip(ip),
            Err(_) if host == "localhost" || host.ends_with(".localhost") => Self::Loopback,
            // RFC 6762: names of the local link.
            Err(_) if host.rsplit('.').next() == Some("local") => Self::Local,
            Err(_) => Self::Public,
        }
    }

    fn of_ip(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            ip if ip.is_loopback() => Self::Loopback,
            IpAddr::V4(v4) => {
                // 100.64.0.0/10, shared by carriers' customers (RFC 6598), counts as local.
                let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
                if v4.is_private() || v4.is_link_local() || shared { Self::Local } else { Self::Public }
            }
            IpAddr::V6(v6) if v6.is_unique_local() || v6.is_unicast_link_local() => Self::Local,
            IpAddr::V6(_) => Self::Public,
        }
    }
}

impl Surroundings {
    /// Asks the browser. Whatever it does not tell gets the value that claims least.
    pub async fn detect() -> Self {
        let global = js::global();
        let navigator = js::get(&global, "navigator");
        let location = js::get(&global, "location");
        let page = page_kind(
            &js::text(&location, "protocol"),
            &js::text(&global, "origin"),
            js::get(&global, "isSecureContext").is_truthy(),
        );
        let page_space = if page == PageKind::File {
            // Browsers treat a file like a page of this machine (measured).
            AddressSpace::Loopback
        } else {
            AddressSpace::of_host(js::text(&location, "hostname").trim_matches(['[', ']']))
        };
        let permission = async |name| query_permission(&navigator, name).await;
        let (local_network, loopback_network) =
            match (permission("local-network").await, permission("loopback-network").await) {
                // Chromium before the permission was split in two.
                (None, None) => {
                    let both = permission("local-network-access").await;
                    (both, both)
                }
                split => split,
            };
        let user_agent = js::text(&navigator, "userAgent");
        let mut agent = Agent::of(&user_agent, &agent::hints(&navigator));
        if agent.os == "Windows" {
            windows(&user_agent, &platform_version(&navigator).await).clone_into(&mut agent.os);
        }
        Self {
            page,
            page_space,
            isolated: js::get(&global, "crossOriginIsolated").is_truthy(),
            // Identity of the two may be compared even where `top` is of another origin.
            embedded: js::get(&global, "top") != js::get(&global, "self"),
            agent,
            online: js::get(&navigator, "onLine").as_bool() != Some(false),
            local_network,
            loopback_network,
        }
    }
}

/// Chromium's hint is below 1 for Windows 8.1 and older (documented, not measured); Firefox, and Chromium before it
/// froze the text, name the version of NT. Outside secure contexts Chromium keeps the hint to itself, and only its own
/// age is left to go by.
fn windows(user_agent: &str, platform_version: &str) -> &'static str {
    let chromium = || {
        let (_, version) = user_agent.split_once("Chrome/")?;
        version.split('.').next()?.parse::<u32>().ok()
    };
    if platform_version.starts_with("0.") || user_agent.contains("Windows NT 6.") {
        OLD_WINDOWS
    } else if platform_version.is_empty() && chromium().is_some_and(|it| it <= LAST_CHROMIUM_OF_OLD_WINDOWS) {
        PERHAPS_OLD_WINDOWS
    } else {
        "Windows"
    }
}

/// The version that the browser tells when asked for it; empty where it does not.
async fn platform_version(navigator: &JsValue) -> String {
    let data = js::get(navigator, "userAgentData");
    let wanted = js_sys::Array::of1(&"platformVersion".into());
    let Ok(promise) = js::call(&data, "getHighEntropyValues", &wanted) else { return String::new() };
    let values = JsFuture::from(js_sys::Promise::resolve(&promise)).await;
    values.map(|values| js::text(&values, "platformVersion")).unwrap_or_default()
}

/// `about:` and `blob:` pages inherit the origin of their creator; an origin that says nothing gets the
/// strictest kind that the browser's own word allows.
fn page_kind(protocol: &str, origin: &str, secure: bool) -> PageKind {
    match protocol {
        "file:" => PageKind::File,
        "https:" => PageKind::Https,
        "http:" => PageKind::Http,
        _ if origin.starts_with("https:") => PageKind::Https,
        _ if origin.starts_with("http:") => PageKind::Http,
        _ if secure => PageKind::Https,
        _ => PageKind::Http,
    }
}

/// `None` where the browser has no such permission, or no permissions at all.
async fn query_permission(navigator: &JsValue, name: &str) -> Option<Permission> {
    let descriptor = js_sys::Object::new();
    js_sys::Reflect::set(&descriptor, &"name".into(), &name.into()).ok()?;
    let promise = js::call(&js::get(navigator, "permissions"), "query", &descriptor).ok()?;
    let status = JsFuture::from(js_sys::Promise::resolve(&promise)).await.ok()?;
    match js::text(&status, "state").as_str() {
        "granted" => Some(Permission::Granted),
        "denied" => Some(Permission::Denied),
        "prompt" => Some(Permission::Prompt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_spaces_follow_the_standard() {
        use AddressSpace::{Local, Loopback, Public};
        for (host, space) in [
            ("localhost", Loopback),
            ("a.localhost", Loopback),
            ("127.0.0.2", Loopback),
            ("::1", Loopback),
            ("::ffff:127.0.0.1", Loopback),
            ("10.0.0.1", Local),
            ("172.31.0.1", Local),
            ("192.168.1.1", Local),
            ("169.254.1.1", Local),
            ("100.64.0.1", Local),
            ("100.127.255.255", Local),
            ("fd00::1", Local),
            ("fe80::1", Local),
            ("printer.local", Local),
            ("172.32.0.1", Public),
            ("100.128.0.1", Public),
            ("203.0.113.1", Public),
            ("2001:db8::1", Public),
            ("host.example", Public),
            ("", Public),
        ] {
            assert_eq!(AddressSpace::of_host(host), space, "{host}");
        }
    }

    #[test]
    fn windows_before_ten_is_known_by_either_word() {
        let chrome = |version: &str| {
            format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/{version} Safari/537.36")
        };
        for (user_agent, version, system) in [
            (chrome("109.0.0.0"), "0.3.0", OLD_WINDOWS),
            (chrome("109.0.0.0"), "", PERHAPS_OLD_WINDOWS),
            (chrome("109.0.0.0"), "10.0.0", "Windows"),
            (chrome("110.0.0.0"), "", "Windows"),
            (chrome("140.0.0.0"), "7.0.0", "Windows"),
            (chrome("x"), "", "Windows"),
            ("Mozilla/5.0 (Windows NT 6.3; Win64; x64; rv:115.0) Firefox/115.0".to_owned(), "", OLD_WINDOWS),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Firefox/153.0".to_owned(), "", "Windows"),
        ] {
            assert_eq!(windows(&user_agent, version), system, "{user_agent} {version}");
        }
    }

    #[test]
    fn a_page_without_an_address_of_its_own_takes_its_creators_kind() {
        for (protocol, origin, secure, kind) in [
            ("file:", "null", true, PageKind::File),
            ("http:", "http://a.example", false, PageKind::Http),
            ("https:", "https://a.example", true, PageKind::Https),
            ("about:", "https://a.example", true, PageKind::Https),
            ("blob:", "http://a.example", false, PageKind::Http),
            ("about:", "null", true, PageKind::Https),
            ("about:", "null", false, PageKind::Http),
            ("", "", false, PageKind::Http),
        ] {
            assert_eq!(page_kind(protocol, origin, secure), kind, "{protocol} {origin} {secure}");
        }
    }
}
