//! A closer look at what a run left in doubt: the probes that take long, or that tell more than `fetch` but only in
//! some browsers.
//!
//! | Family | Asked | Tells |
//! |---|---|---|
//! | all | what hangs, for 35 s in all; Firefox only looks while something else is asked | at what time the browser gives up by itself |
//! | all | what failed, twice more, and what answered, for the round trip | on which step it failed |
//! | all | what hangs, by WebSocket, where the browser may be waiting for somebody | whether it is |
//! | Chromium | every doubt, by ICE | whether TCP, and whether TLS was completed |
//! | Firefox | what failed, by WebSocket | whether it was TLS that failed |
//! | all | what failed or hangs over TLS, by plain HTTP | whether anything listens there |

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::catalogue::CheckId;
use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use connector_check_diagnosis::observation::{Observation, Outcome, Probe};
use futures_util::future::{join, join3, ready, select};
use futures_util::{StreamExt, stream};

use crate::environment::{Family, Surroundings};
use crate::probe::ice::{self, Depth};
use crate::probe::timer::sleep;
use crate::probe::{ask_plainly, close_code, first, probe};
use crate::scan::times::take_times;
use crate::scan::{Hanging, ScanEvent, StopSignal};

/// `RTCPeerConnection`s open at a time. Chromium allows about 500 (measured); each connects to all ports of a host
/// at once, and a firewall takes too many new connections for an attack.
const ICE_AT_A_TIME: usize = 24;

/// Hosts at a time to which a `WebSocket` is opened. Firefox opens one after the other to each address by itself.
const WEBSOCKET_HOSTS: usize = 16;

/// Hosts at a time to which a WebSocket is opened although a request to them hangs, and at most so many in all. After
/// some failures Chromium delays every further one by seconds (measured).
const HANGING_HOSTS: usize = 8;

/// From when on Firefox is kept awake: a closer look begins when what hangs has done so for 8 s, and matters at 30 s.
const AWAKE_FROM: Duration = Duration::from_secs(18);

/// How often, as it gives up that much late.
const AWAKE: Duration = Duration::from_secs(1);

/// The times of a closer look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloserLimits {
    /// How long what hangs may take in all. Default: 35 s. Both browsers give up after 30 s where TCP was
    /// accepted and TLS stays silent (measured), Windows after 21 s where nothing answers the SYN (documented).
    pub deep: Duration,
    /// How long one look by ICE may take. Default: 10 s. Whatever is not silent has come to an end after seven
    /// round trips.
    pub ice: Duration,
    /// How long one WebSocket may take to open or close. Default: 5 s. Only what failed at once is asked.
    pub websocket: Duration,
    /// How long requests are made for their times alone, before anything else. Default: 3 s.
    pub timing: Duration,
    /// After which time no ICE or WebSocket is started or waited for any more. Default: 30 s, as by then the deep
    /// look is over, which began with the run.
    pub total: Duration,
    /// Whether ICE may be used. It sends a STUN message to each endpoint, which some intrusion detection dislikes.
    /// Default: `true`.
    pub webrtc: bool,
}

impl Default for CloserLimits {
    fn default() -> Self {
        Self {
            deep: Duration::from_secs(35),
            ice: Duration::from_secs(10),
            websocket: Duration::from_secs(5),
            timing: Duration::from_secs(3),
            total: Duration::from_secs(30),
            webrtc: true,
        }
    }
}

/// A check that did not answer in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Which check.
    pub id: CheckId,
    /// Where it points.
    pub endpoint: Endpoint,
    /// How its `fetch` ended; of interest are [`Outcome::Failed`] and [`Outcome::TimedOut`].
    pub outcome: Outcome,
    /// Whether its name cannot exist. What else it does tells what stands between.
    pub canary: bool,
    /// Whether the browser may be waiting for somebody: for a sign-in, or for a permission.
    pub waits: bool,
}

/// Looks closer at what a run left in doubt, and reports as it goes: [`ScanEvent::Looked`], any number of times
/// for a check, in any order.
///
/// `healthy` are checks that answered; one of a host in doubt, at most, is looked at by ICE, too, to show that the
/// browser tells addresses of that host at all, and the time of one is taken. `hanging` are the requests that [`super::scan`] left hanging; they
/// get [`CloserLimits::deep`] from their own beginning. What a browser cannot do is not reported. The future ends
/// after the longer of that and [`CloserLimits::total`]; at the signal to stop at once, and then reports nothing
/// more. Dropping it is the same as stopping it.
pub async fn look_closer(
    doubts: Vec<Doubt>,
    healthy: Vec<(CheckId, Endpoint)>,
    hanging: Hanging,
    surroundings: &Surroundings,
    limits: CloserLimits,
    stop: StopSignal,
    on_event: impl Fn(ScanEvent),
) {
    let tell = |id: &CheckId, seen| {
        if !stop.is_stopped() {
            on_event(ScanEvent::Looked(id.clone(), seen));
        }
    };
    let family = surroundings.agent.family;
    let deep = async {
        let looks = look_deep(&doubts, hanging, surroundings, limits.deep, &tell);
        let Some((_, endpoint)) = healthy.first().filter(|_| family == Family::Firefox) else {
            return looks.await;
        };
        select(pin!(looks), pin!(stay_awake(endpoint, surroundings))).await;
    };
    let by_ice = family == Family::Chromium && limits.webrtc;
    let others = async {
        // Nothing else may be under way meanwhile that takes time.
        first(take_times(&doubts, &healthy, surroundings, &tell), limits.timing).await;
        let ice = async {
            if by_ice {
                look_by_ice(&doubts, &healthy, limits.ice, &tell).await;
            }
        };
        let plain = look_plainly(&doubts, by_ice, surroundings, limits.websocket, &tell);
        let websocket = look_by_websocket(&doubts, surroundings, limits.websocket, &tell);
        join3(ice, plain, websocket).await;
    };
    select(pin!(stop.stopped()), pin!(join(deep, first(others, limits.total)))).await;
}

/// The same requests with more patience.
async fn look_deep(
    doubts: &[Doubt],
    hanging: Hanging,
    surroundings: &Surroundings,
    deadline: Duration,
    tell: &impl Fn(&CheckId, Observation),
) {
    let in_doubt = |id: &CheckId| doubts.iter().any(|doubt| &doubt.id == id);
    stream::iter(hanging.0)
        .filter(|(id, _)| ready(in_doubt(id)))
        .for_each_concurrent(None, async |(id, mut attempt)| {
            let seen = attempt.outcome(surroundings, deadline).await;
            tell(&id, Observation { probe: Probe::Deep, ..seen });
        })
        .await;
}

/// Asks something that answers now and then, without an end. Firefox looks through its connections for those whose TLS
/// has been silent for 30 s only while others have something to do: alone with a silent one it waits on, as if nothing
/// had accepted (measured; the fault lab's `silent`).
async fn stay_awake(endpoint: &Endpoint, surroundings: &Surroundings) {
    sleep(AWAKE_FROM).await;
    loop {
        probe(endpoint, surroundings, AWAKE).await;
        sleep(AWAKE).await;
    }
}

/// The ports of one host that one connection asks, as far as TCP or as TLS.
#[derive(Debug, PartialEq, Eq)]
struct IceLook<'a> {
    depth: Depth,
    /// Host and port, and the checks that it is about.
    authorities: Vec<(String, Vec<&'a CheckId>)>,
}

async fn look_by_ice(
    doubts: &[Doubt],
    healthy: &[(CheckId, Endpoint)],
    deadline: Duration,
    tell: &impl Fn(&CheckId, Observation),
) {
    stream::iter(ice_looks(doubts, healthy))
        .for_each_concurrent(ICE_AT_A_TIME, async |look| {
            let authorities: Vec<_> =
                look.authorities.iter().map(|(authority, _)| authority.clone()).collect();
            ice::look(&authorities, look.depth, deadline, |at, seen| {
                for id in &look.authorities[at].1 {
                    tell(id, seen.clone());
                }
            })
            .await;
        })
        .await;
}

/// Which connections to make: for each host one as far as TLS and one as far as TCP, more only where it has very
/// many ports.
fn ice_looks<'a>(doubts: &'a [Doubt], healthy: &'a [(CheckId, Endpoint)]) -> Vec<IceLook<'a>> {
    let mut hosts = BTreeMap::<&str, Vec<&Doubt>>::new();
    for doubt in doubts.iter().filter(|doubt| ice::applies(&doubt.endpoint)) {
        hosts.entry(&doubt.endpoint.host).or_default().push(doubt);
    }
    let mut looks = Vec::new();
    for (host, doubts) in hosts {
        let calibrator = healthy.iter().find(|(_, endpoint)| {
            endpoint.host == host && endpoint.scheme.is_tls() && ice::applies(endpoint)
        });
        for depth in [Depth::Tls, Depth::Tcp] {
            let mut authorities = BTreeMap::<String, Vec<&CheckId>>::new();
            for doubt in &doubts {
                if depth == Depth::Tcp || doubt.endpoint.scheme.is_tls() {
                    authorities.entry(doubt.endpoint.authority()).or_default().push(&doubt.id);
                }
            }
            if let Some((id, endpoint)) = calibrator.filter(|_| !authorities.is_empty()) {
                authorities.entry(endpoint.authority()).or_default().push(id);
            }
            let authorities: Vec<_> = authorities.into_iter().collect();
            looks.extend(
                authorities
                    .chunks(ice::ADDRESSES)
                    .map(|authorities| IceLook { depth, authorities: authorities.to_vec() }),
            );
        }
    }
    looks
}

/// Opens a `WebSocket` each: in Firefox where `fetch` failed, for the close code; and in any browser where it hangs and may be
/// waiting for somebody, to see whether this ends.
async fn look_by_websocket(
    doubts: &[Doubt],
    surroundings: &Surroundings,
    deadline: Duration,
    tell: &impl Fn(&CheckId, Observation),
) {
    let codes = surroundings.agent.family == Family::Firefox;
    let mut hosts = BTreeMap::<&str, BTreeMap<u16, Vec<&Doubt>>>::new();
    for doubt in doubts.iter().filter(|doubt| codes && doubt.outcome == Outcome::Failed && has_code(doubt)) {
        hosts.entry(&doubt.endpoint.host).or_default().entry(doubt.endpoint.port).or_default().push(doubt);
    }
    // After those: in Firefox one that hangs lets every other one to the same address wait (measured).
    let mut hanging = 0;
    for doubt in doubts.iter().filter(|doubt| doubt.outcome == Outcome::TimedOut && doubt.waits) {
        let new = !hosts.contains_key(doubt.endpoint.host.as_str());
        if doubt.endpoint.scheme != Scheme::Wss && new && hanging < HANGING_HOSTS {
            hanging += 1;
            let ports = hosts.entry(&doubt.endpoint.host).or_default();
            ports.entry(doubt.endpoint.port).or_default().push(doubt);
        }
    }
    stream::iter(hosts)
        .for_each_concurrent(WEBSOCKET_HOSTS, async |(_, ports)| {
            for doubts in ports.into_values() {
                if let Some(seen) = close_code(&doubts[0].endpoint, surroundings, deadline).await {
                    for doubt in doubts {
                        tell(&doubt.id, seen.clone());
                    }
                }
            }
        })
        .await;
}

/// Whether a close code may tell something: of TLS; or, on a port of plain HTTP, that the browser insists on TLS there.
fn has_code(doubt: &Doubt) -> bool {
    match doubt.endpoint.scheme {
        Scheme::Https => true,
        Scheme::Http => doubt.endpoint.port != Scheme::Http.default_port(),
        Scheme::Wss => false,
    }
}

/// Asks the ports of TLS checks over plain HTTP, one after the other for each host: what hangs there, too, was dropped,
/// and what ends was connected.
async fn look_plainly(
    doubts: &[Doubt],
    by_ice: bool,
    surroundings: &Surroundings,
    deadline: Duration,
    tell: &impl Fn(&CheckId, Observation),
) {
    let mut hosts = BTreeMap::<&str, Vec<&Doubt>>::new();
    for doubt in doubts {
        let tls =
            doubt.endpoint.scheme == Scheme::Https && doubt.endpoint.port != Scheme::Https.default_port();
        // What fails, ICE tells better; what hangs may hang in ICE whatever it is.
        if tls && !doubt.canary && !(by_ice && doubt.outcome == Outcome::Failed) {
            hosts.entry(&doubt.endpoint.host).or_default().push(doubt);
        }
    }
    stream::iter(hosts)
        .for_each_concurrent(WEBSOCKET_HOSTS, async |(_, doubts)| {
            for doubt in doubts {
                if let Some(seen) = ask_plainly(&doubt.endpoint, surroundings, deadline).await {
                    tell(&doubt.id, seen);
                }
            }
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt(id: &str, url: &str) -> Doubt {
        Doubt {
            id: id.into(),
            endpoint: Endpoint::parse(url).unwrap(),
            outcome: Outcome::Failed,
            canary: false,
            waits: false,
        }
    }

    /// Each look as text: its depth, and each authority with the checks it is about.
    fn check(doubts: &[Doubt], healthy: &[(&str, &str)], expected: &[&str]) {
        let healthy: Vec<_> =
            healthy.iter().map(|&(id, url)| (CheckId::from(id), Endpoint::parse(url).unwrap())).collect();
        let text = |look: &IceLook<'_>| {
            let about = |ids: &[&CheckId]| ids.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join("+");
            let asked = look.authorities.iter().map(|(at, ids)| format!(" {at}={}", about(ids)));
            format!("{:?}{}", look.depth, asked.collect::<String>())
        };
        let looks: Vec<_> = ice_looks(doubts, &healthy).iter().map(text).collect();
        assert_eq!(looks, expected);
    }

    #[test]
    fn each_host_has_one_connection_to_each_depth() {
        check(
            &[
                doubt("a", "https://one.example:9090/"),
                doubt("b", "https://one.example:9090/path"),
                doubt("c", "https://two.example/"),
                doubt("d", "https://one.example:9091/"),
            ],
            &[],
            &[
                "Tls one.example:9090=a+b one.example:9091=d",
                "Tcp one.example:9090=a+b one.example:9091=d",
                "Tls two.example:443=c",
                "Tcp two.example:443=c",
            ],
        );
    }

    #[test]
    fn one_healthy_port_of_the_same_host_calibrates() {
        let healthy = [
            ("plain", "http://one.example/"),
            ("good", "https://one.example/"),
            ("too", "https://one.example:8443/"),
            ("other", "https://two.example/"),
        ];
        check(
            &[doubt("a", "https://one.example:9090/")],
            &healthy,
            &["Tls one.example:443=good one.example:9090=a", "Tcp one.example:443=good one.example:9090=a"],
        );
        check(&[], &healthy, &[]);
    }

    #[test]
    fn plain_http_is_asked_as_far_as_tcp_and_private_targets_not_at_all() {
        check(
            &[
                doubt("a", "http://one.example:8080/"),
                doubt("b", "https://10.0.0.1/"),
                doubt("c", "https://127.0.0.1:9090/"),
                doubt("d", "https://one.example:444/"),
            ],
            &[],
            &["Tcp one.example:8080=a"],
        );
    }

    #[test]
    fn very_many_ports_are_shared_out() {
        let doubts: Vec<_> =
            (10_000..10_070).map(|port| doubt("a", &format!("https://one.example:{port}/"))).collect();
        let looks = ice_looks(&doubts, &[]);
        let sizes: Vec<_> = looks.iter().map(|look| (look.depth, look.authorities.len())).collect();
        let (tls, tcp) = (Depth::Tls, Depth::Tcp);
        assert_eq!(sizes, [(tls, 30), (tls, 30), (tls, 10), (tcp, 30), (tcp, 30), (tcp, 10)]);
    }
}
