//! What the browser would refuse, known without any traffic.

use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use connector_check_diagnosis::evidence::PageKind;
use connector_check_diagnosis::observation::BrowserLimit;

use crate::environment::{AddressSpace, Family, Permission, Surroundings};

/// Ports that browsers refuse, in order.
///
/// Source: the Fetch standard, "port blocking", <https://fetch.spec.whatwg.org/#port-blocking>. An
/// organisation can allow single ones by policy (Chromium `ExplicitlyAllowedNetworkPorts`); a page cannot
/// see that, and no connector needs any of them.
pub const BAD_PORTS: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
    526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
    3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// Ports on the standard's list that Chromium 156 lets pass all the same (measured).
const PASSED_BY_CHROMIUM: [u16; 2] = [4190, 6679];

/// The limit that stands in the way of a probe; `None` where the browser would at least try.
///
/// A denied permission is no such limit: whether it applies depends on addresses that a page cannot see, so
/// the probe tries, and blames the permission only where it fails.
pub fn limit(endpoint: &Endpoint, surroundings: &Surroundings) -> Option<BrowserLimit> {
    if is_mixed_content(endpoint, surroundings.page) {
        return Some(BrowserLimit::MixedContent);
    }
    is_restricted(endpoint.port, surroundings.agent.family).then_some(BrowserLimit::RestrictedPort)
}

/// Plain HTTP from an `https:` page. Addresses of this machine are exempt: nobody can listen in between.
///
/// Source: <https://www.w3.org/TR/mixed-content/#should-block-fetch>, with
/// <https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy> for the exemption.
fn is_mixed_content(endpoint: &Endpoint, page: PageKind) -> bool {
    match (page, endpoint.scheme) {
        (PageKind::Https, Scheme::Http) => !endpoint.is_loopback(),
        (PageKind::Https, Scheme::Https | Scheme::Wss) | (PageKind::File | PageKind::Http, _) => false,
    }
}

fn is_restricted(port: u16, family: Family) -> bool {
    let passed = family == Family::Chromium && PASSED_BY_CHROMIUM.contains(&port);
    BAD_PORTS.binary_search(&port).is_ok() && !passed
}

/// The state of the permission that the browser wants before it lets this page reach this endpoint; `None`
/// where it wants none, or where the endpoint's address does not tell.
///
/// Source: <https://wicg.github.io/local-network-access/>. Pages of the local network and files are exempt;
/// a page under a name counts as public here although it may be local, which is why a state alone never
/// prevents a probe.
pub fn permission(endpoint: &Endpoint, surroundings: &Surroundings) -> Option<Permission> {
    match (surroundings.page_space, AddressSpace::of_host(&endpoint.host)) {
        (AddressSpace::Public, AddressSpace::Loopback) => surroundings.loopback_network,
        (AddressSpace::Public, AddressSpace::Local) => surroundings.local_network,
        (AddressSpace::Public, AddressSpace::Public) | (AddressSpace::Local | AddressSpace::Loopback, _) => {
            None
        }
    }
}

/// The state of a permission that the browser may want: the page needs one for private addresses, and nobody knows
/// what this name resolves to. `None` where it is given or not needed.
pub fn possible_permission(endpoint: &Endpoint, surroundings: &Surroundings) -> Option<Permission> {
    let may_be_private = endpoint.is_named() && AddressSpace::of_host(&endpoint.host) == AddressSpace::Public;
    if surroundings.page_space != AddressSpace::Public || !may_be_private {
        return None;
    }
    // Few names lead to this very machine, so that its own permission does not count.
    surroundings.local_network.filter(|state| *state != Permission::Granted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Agent;

    fn surroundings(page: PageKind, page_space: AddressSpace) -> Surroundings {
        Surroundings {
            page,
            page_space,
            embedded: false,
            isolated: false,
            agent: Agent { family: Family::Firefox, browser: String::new(), os: String::new() },
            online: true,
            local_network: Some(Permission::Denied),
            loopback_network: Some(Permission::Prompt),
        }
    }

    fn check(page: PageKind, url: &str, expected: Option<BrowserLimit>) {
        let endpoint = Endpoint::parse(url).unwrap();
        assert_eq!(limit(&endpoint, &surroundings(page, AddressSpace::Public)), expected, "{page:?} {url}");
    }

    #[test]
    fn plain_http_is_out_of_reach_of_https_pages_only() {
        let mixed = Some(BrowserLimit::MixedContent);
        check(PageKind::Https, "http://host.example/", mixed);
        check(PageKind::Https, "http://10.0.0.1:8080/", mixed);
        check(PageKind::Https, "http://127.0.0.1:8080/", None);
        check(PageKind::Https, "http://localhost/", None);
        check(PageKind::Https, "https://host.example/", None);
        check(PageKind::Https, "wss://host.example/", None);
        check(PageKind::Http, "http://host.example/", None);
        check(PageKind::File, "http://host.example/", None);
    }

    #[test]
    fn bad_ports_are_refused_and_the_connectors_ports_are_not() {
        assert!(BAD_PORTS.is_sorted(), "the search needs the order");
        for port in BAD_PORTS {
            check(
                PageKind::File,
                &format!("http://host.example:{port}/"),
                Some(BrowserLimit::RestrictedPort),
            );
        }
        for port in [80, 443, 5671, 5672, 8080, 9090, 9091, 9350, 9352].into_iter().chain(10100..=10120) {
            check(PageKind::File, &format!("http://host.example:{port}/"), None);
        }
        assert!(!is_restricted(4190, Family::Chromium));
        assert!(is_restricted(10080, Family::Chromium));
    }

    #[test]
    fn a_permission_is_asked_of_public_pages_for_local_addresses() {
        let state =
            |space, url| permission(&Endpoint::parse(url).unwrap(), &surroundings(PageKind::Https, space));
        assert_eq!(state(AddressSpace::Public, "https://10.1.2.3/"), Some(Permission::Denied));
        assert_eq!(state(AddressSpace::Public, "https://127.0.0.2/"), Some(Permission::Prompt));
        assert_eq!(state(AddressSpace::Public, "https://host.example/"), None);
        assert_eq!(state(AddressSpace::Local, "https://10.1.2.3/"), None);
        assert_eq!(state(AddressSpace::Loopback, "https://127.0.0.2/"), None);
    }

    #[test]
    fn a_permission_is_possible_for_names_on_public_pages() {
        let state = |space, url| {
            possible_permission(&Endpoint::parse(url).unwrap(), &surroundings(PageKind::Https, space))
        };
        assert_eq!(state(AddressSpace::Public, "https://host.example/"), Some(Permission::Denied));
        assert_eq!(state(AddressSpace::Public, "https://203.0.113.1/"), None);
        assert_eq!(state(AddressSpace::Public, "https://10.1.2.3/"), None);
        assert_eq!(state(AddressSpace::Loopback, "https://host.example/"), None);
    }
}
