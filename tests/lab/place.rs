//! Who is where: addresses of the scenarios that share a network.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::dns::{Answer, Names};
use crate::scenario::{Dns, OtherNames, Page, Scenario};

/// The name server, beside everything else.
pub const NAME_SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);

/// The machine that answers for everything, where there is one.
pub const EVERYTHING: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 250);

/// The portal's public face.
pub const PORTAL_GATE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 251);

/// Where filters send those who ask for what they block.
pub const BLOCK_PAGE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 252);

/// Addresses for documentation (RFC 5737), in the role of the public internet.
const PUBLIC: [[u8; 3]; 2] = [[203, 0, 113], [198, 51, 100]];

/// A private range (RFC 1918) beside them.
const PRIVATE: [u8; 3] = [10, 66, 1];

/// The numbers in each of them that hosts get.
const HOSTS: std::ops::Range<u8> = 10..250;

/// One scenario in its network.
pub struct Placed {
    /// Which.
    pub scenario: Arc<Scenario>,
    /// Where its hosts are, in their order.
    pub hosts: Vec<Ipv4Addr>,
    /// Addresses beside those of the hosts, at which everything is dropped.
    pub dead: BTreeMap<usize, Ipv4Addr>,
    /// Where its page is, if it is asked for over HTTPS.
    pub page: Ipv4Addr,
}

impl Placed {
    /// The name of its page.
    pub fn page_name(&self) -> String {
        format!("page.{}.example", self.scenario.name)
    }
}

/// Gives every host of every scenario an address of its own.
///
/// # Panics
/// Where there are too many.
pub fn place(scenarios: &[Arc<Scenario>]) -> Vec<Placed> {
    let in_range = |range: [u8; 3]| HOSTS.map(move |host| Ipv4Addr::new(range[0], range[1], range[2], host));
    let mut public = PUBLIC.into_iter().flat_map(in_range);
    let mut private = in_range(PRIVATE);
    let mut next = |is_private: bool| {
        let address = if is_private { private.next() } else { public.next() };
        address.expect("a network has addresses for all of its scenarios")
    };
    scenarios
        .iter()
        .map(|scenario| {
            let hosts = scenario.host.iter().map(|host| next(host.private)).collect();
            let dead = scenario.host.iter().enumerate().filter(|(_, host)| host.dns == Dns::DeadFirst);
            let dead = dead.map(|(at, host)| (at, next(host.private))).collect();
            let page =
                if scenario.pages.contains(&Page::Https) { next(false) } else { Ipv4Addr::UNSPECIFIED };
            Placed { scenario: Arc::clone(scenario), hosts, dead, page }
        })
        .collect()
}

/// What the name server knows.
pub fn names(places: &[Placed], other: OtherNames) -> Names {
    let mut names = Names::new(match other {
        OtherNames::Nobody => Answer::NoName,
        OtherNames::Silence => Answer::Silence,
        OtherNames::Portal | OtherNames::Adverts => Answer::Addresses(vec![PORTAL_GATE]),
        OtherNames::Everything => Answer::Addresses(vec![EVERYTHING]),
    });
    if matches!(other, OtherNames::Silence | OtherNames::Portal) {
        return names;
    }
    for place in places {
        names.set(&place.page_name(), Answer::Addresses(vec![place.page]));
        for (at, (host, address)) in place.scenario.host.iter().zip(&place.hosts).enumerate() {
            let answer = match host.dns {
                Dns::Address => Answer::Addresses(vec![*address]),
                Dns::NoName => Answer::NoName,
                Dns::ServerFailure => Answer::ServerFailure,
                Dns::Refused => Answer::Refused,
                Dns::Silence => Answer::Silence,
                Dns::BlockPage => Answer::Addresses(vec![BLOCK_PAGE]),
                Dns::Sinkhole => Answer::Addresses(vec![Ipv4Addr::UNSPECIFIED]),
                Dns::DeadFirst => Answer::Addresses(vec![place.dead[&at], *address]),
            };
            names.set(&host.name(&place.scenario.name), answer);
        }
        for (domain, host) in &place.scenario.wildcards {
            let at = place.scenario.host.iter().position(|candidate| candidate.id == *host);
            let address = place.hosts[at.expect("checked where it was read")];
            let domain = format!("{domain}.{}.example", place.scenario.name);
            names.set_below(&domain, Answer::Addresses(vec![address]));
        }
    }
    names
}
