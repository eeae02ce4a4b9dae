//! Times: the round trip to hosts that answer, and how long what fails takes to fail.
//!
//! Read by `diagnosis::timing`. A hidden tab and a gap in the clock spoil what they touched, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_check_diagnosis::catalogue::CheckId;
use connector_check_diagnosis::endpoint::{Endpoint, Scheme};
use connector_check_diagnosis::observation::{CLOCK_GAP, Observation, Outcome, Probe};
use futures_util::{StreamExt, stream};

use crate::environment::Surroundings;
use crate::js;
use crate::probe::probe;
use crate::scan::Doubt;

/// Requests to a host that answers. The first may have to connect anew; two of the others must agree.
const ROUND_TRIPS: usize = 3;

/// Requests to what fails, beside the repeat in the run; two of the three must agree.
const FAILURES: usize = 2;

/// Hosts at a time: more would wait for each other.
const HOSTS: usize = 8;

/// Hosts without a doubt of their own whose round trip is taken, so that something is there to compare with.
const OTHERS: usize = 3;

/// Whatever takes longer is of no use for counting.
const LONGEST: Duration = Duration::from_millis(2_500);

/// Milliseconds; round trips below this are not counted in, so that nothing more need be asked.
const COUNTABLE_MS: f64 = 15.0;

/// What is asked of one host, one after the other.
struct Host<'a> {
    healthy: Option<(&'a CheckId, &'a Endpoint)>,
    failed: Vec<&'a Doubt>,
}

/// Takes the times of these, and tells each as it comes. Asks nothing where nothing failed.
pub(super) async fn take_times(
    doubts: &[Doubt],
    healthy: &[(CheckId, Endpoint)],
    surroundings: &Surroundings,
    tell: &impl Fn(&CheckId, Observation),
) {
    stream::iter(hosts(doubts, healthy))
        .for_each_concurrent(HOSTS, async |host| {
            let mut nearest = f64::MAX;
            if let Some((id, endpoint)) = host.healthy {
                for _ in 0..ROUND_TRIPS {
                    let seen = ask(endpoint, Probe::KeepAlive, surroundings).await;
                    nearest = nearest.min(seen.ms.unwrap_or(f64::MAX));
                    tell(id, seen);
                }
            }
            if nearest < COUNTABLE_MS {
                return;
            }
            for doubt in host.failed {
                for _ in 0..FAILURES {
                    tell(&doubt.id, ask(&doubt.endpoint, Probe::Timed, surroundings).await);
                }
            }
        })
        .await;
}

fn hosts<'a>(doubts: &'a [Doubt], healthy: &'a [(CheckId, Endpoint)]) -> Vec<Host<'a>> {
    let mut hosts = BTreeMap::<&str, Host<'_>>::new();
    for doubt in doubts {
        if doubt.outcome == Outcome::Failed && doubt.endpoint.scheme != Scheme::Wss {
            let host = hosts.entry(&doubt.endpoint.host);
            host.or_insert_with(|| Host { healthy: None, failed: Vec::new() }).failed.push(doubt);
        }
    }
    if hosts.is_empty() {
        return Vec::new();
    }
    let mut others = 0;
    for (id, endpoint) in healthy.iter().filter(|(_, endpoint)| endpoint.scheme != Scheme::Wss) {
        match hosts.get_mut(endpoint.host.as_str()) {
            // A port with TLS, where there is one: behind a proxy plain HTTP ends at the proxy.
            Some(host) if host.healthy.is_none_or(|(_, before)| !before.scheme.is_tls()) => {
                host.healthy = Some((id, endpoint));
            }
            None if others < OTHERS && !endpoint.is_loopback() => {
                others += 1;
                hosts.insert(&endpoint.host, Host { healthy: Some((id, endpoint)), failed: Vec::new() });
            }
            Some(_) | None => {}
        }
    }
    hosts.into_values().collect()
}

async fn ask(endpoint: &Endpoint, as_probe: Probe, surroundings: &Surroundings) -> Observation {
    let hidden = || {
        let document = js::get(&js::global(), "document");
        js::text(&document, "visibilityState") == "hidden"
    };
    let before = hidden();
    let seen = probe(endpoint, surroundings, LONGEST).await;
    let detail = if before || hidden() { CLOCK_GAP.to_owned() } else { seen.detail };
    Observation { probe: as_probe, detail, ..seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each host what is asked of it: the healthy check, then the failed ones.
    fn check(failed: &[(&str, &str)], healthy: &[(&str, &str)], expected: &[&str]) {
        let endpoint = |url: &str| Endpoint::parse(url).unwrap();
        let doubts: Vec<_> = failed
            .iter()
            .map(|&(id, url)| Doubt {
                id: id.into(),
                endpoint: endpoint(url),
                outcome: Outcome::Failed,
                canary: false,
                waits: false,
            })
            .collect();
        let healthy: Vec<_> = healthy.iter().map(|&(id, url)| (id.into(), endpoint(url))).collect();
        let text = |host: &Host<'_>| {
            let healthy = host.healthy.map_or(String::new(), |(id, _)| id.to_string());
            host.failed.iter().fold(healthy, |text, doubt| format!("{text} {}", doubt.id))
        };
        let asked: Vec<_> = hosts(&doubts, &healthy).iter().map(text).collect();
        assert_eq!(asked, expected);
    }

    #[test]
    fn round_trips_are_taken_of_the_same_host_and_of_a_few_others() {
        let healthy = [
            ("plain", "http://a.example/"),
            ("good", "https://a.example/"),
            ("b", "https://b.example/"),
            ("c", "https://c.example/"),
            ("d", "https://d.example/"),
            ("e", "https://e.example/"),
            ("here", "http://127.0.0.1/"),
        ];
        let failed = [("x", "https://a.example:9090/"), ("y", "https://a.example:9091/")];
        check(&failed, &healthy, &["good x y", "b", "c", "d"]);
        check(&[("z", "https://z.example/")], &healthy[..1], &["plain", " z"]);
        check(&[], &healthy, &[]);
    }
}
