//! Time in round trips: what the moment of a failure tells, where the network is slow enough to count.
//!
//! A browser that fails has got so many round trips far, and each way of failing sits on a step of its own. R is the
//! round trip to the host, measured on this run's own answers; behind a proxy P is the one to the proxy.
//!
//! | Step | Chromium | Firefox | behind a proxy |
//! |---|---|---|---|
//! | connection refused | 1 R | 1 R | 2 P, or P + R |
//! | certificate refused, or one try at a handshake | 2 R | 2 R | P + 2 R |
//! | TLS done, then no HTTP | 3 R | | |
//! | no handshake, or reset in it | 4 R: mostly a second try | 2 R | 2 P + 4 R |
//! | reset in the handshake, or closed at once | | 20 R: ten tries | |
//!
//! Measured in Chromium 156 and Firefox 153 at a round trip of 60 ms. Times name causes, never a status, and never
//! more surely than `likely`.

use std::collections::BTreeMap;

use crate::catalogue::Expect;
use crate::evidence::{CheckEvidence, Client, Engine, Evidence};
use crate::observation::{CLOCK_GAP, Observation, Outcome, Probe};
use crate::plan::Canary;

/// Milliseconds; below this a busy machine takes as long as the network.
const COUNTABLE_MS: f64 = 15.0;

/// Of a round trip: how far the two shortest times may lie apart.
const AGREEMENT: f64 = 0.4;

/// Of a round trip: a time may be shorter than its step by clock and route, and longer by a browser's own work.
const EARLY: f64 = 0.15;
const LATE: f64 = 0.5;

/// Round trips of Firefox' ten tries, with room for connections that the machine delays (measured: 19.9 to 21).
const TEN_TRIES: std::ops::Range<f64> = 18.0..30.0;

/// Round trips until the first handshake has failed: two, and up to one more behind a proxy as far away as the host.
const ONE_HANDSHAKE: std::ops::Range<f64> = 1.85..3.5;

/// Round trips until Chromium has failed with its second handshake: four, behind a proxy up to six.
const TWO_HANDSHAKES: std::ops::Range<f64> = 3.85..6.6;

/// Milliseconds after which Windows reports a refusal, with room: it asks three times (documented).
const WINDOWS_REFUSAL_MS: std::ops::Range<f64> = 1_900.0..2_600.0;

/// Where a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Connecting was refused.
    Refused,
    /// The certificate was turned down, or there was no handshake and no second try.
    OneHandshake,
    /// TLS was completed, and no HTTP came.
    AfterTls,
    /// The handshake did not come about.
    Handshake,
    /// The connection was cut after it had been made.
    Reset,
    /// The proxy did not open a tunnel.
    Tunnel,
}

/// How long round trips take in this run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pace<'a> {
    client: Client,
    /// By host, in milliseconds.
    hosts: BTreeMap<&'a str, f64>,
    /// To the proxy, in milliseconds, where one shows itself.
    proxy: Option<f64>,
    /// Whether no proxy stands between: plain HTTP was refused for a name that cannot exist.
    direct: bool,
    /// Until a name that cannot exist has failed, in milliseconds.
    vain: Option<f64>,
    /// Times of a port that is known to be closed, by host, in milliseconds.
    closed: BTreeMap<&'a str, f64>,
}

impl<'a> Pace<'a> {
    /// Reads the answers of a run.
    pub fn of(evidence: &'a Evidence) -> Self {
        let mut pace = Self { client: evidence.client, ..Self::default() };
        for check in &evidence.checks {
            let Some(endpoint) = check.endpoint() else { continue };
            let round_trip = agreed(times(check, &[Probe::KeepAlive], Outcome::Answered), None);
            if check.planned.canary == Some(Canary::Anywhere) {
                // Whoever answers there is near: it answers in the place of what cannot exist.
                let plain = !endpoint.scheme.is_tls();
                pace.proxy = pace.proxy.or(round_trip.filter(|_| plain));
                if !plain {
                    pace.vain = failures(check, None);
                }
                pace.direct |= plain && !times(check, &[Probe::Fetch], Outcome::Failed).is_empty();
            } else if let Some(ms) = round_trip {
                let shortest = pace.hosts.entry(&endpoint.host).or_insert(ms);
                *shortest = shortest.min(ms);
            }
        }
        for check in &evidence.checks {
            let known_closed = check.planned.canary.is_none() && check.check().expect == Expect::Refusal;
            if let Some(endpoint) = check.endpoint().filter(|_| known_closed)
                && let Some(ms) = failures(check, pace.hosts.get(endpoint.host.as_str()).copied())
            {
                pace.closed.insert(&endpoint.host, ms);
            }
        }
        pace
    }

    /// The round trip to this host in milliseconds, where it was measured and is long enough to be counted in.
    pub fn round_trip(&self, host: &str) -> Option<f64> {
        self.hosts.get(host).copied().filter(|ms| *ms >= COUNTABLE_MS)
    }

    /// The shortest round trip to any host, where all are long enough to be counted in.
    pub fn nearest(&self) -> Option<f64> {
        let nearest = self.hosts.values().copied().reduce(f64::min);
        nearest.filter(|ms| *ms >= COUNTABLE_MS)
    }

    /// On which step the check failed; `None` where nothing tells, where more than one fits, and where a proxy may
    /// stand between without showing itself, as it does to a page that came over HTTPS.
    pub fn step(&self, check: &CheckEvidence) -> Option<Step> {
        let place = check.endpoint()?;
        if let Some(proxy) = self.proxy.filter(|ms| *ms >= COUNTABLE_MS) {
            // Farther steps cannot be told from each other: the way behind the proxy is not known.
            let ms = failures(check, Some(proxy))?;
            return at(ms / proxy, 2.0).then_some(Step::Tunnel);
        }
        let round_trip = self.round_trip(&place.host).filter(|_| self.direct)?;
        let ms = failures(check, Some(round_trip))?;
        let is_closed = |closed: &f64| (ms - closed).abs() <= AGREEMENT * round_trip;
        if self.closed.get(place.host.as_str()).is_some_and(is_closed) {
            return Some(Step::Refused);
        }
        let (engine, windows) = (self.client.engine, self.client.windows);
        if windows && WINDOWS_REFUSAL_MS.contains(&ms) {
            // Firefox' ten tries may take as long.
            return (engine == Engine::Chromium).then_some(Step::Refused);
        }
        let trips = ms / round_trip;
        match (engine, place.scheme.is_tls()) {
            // What takes one round trip on Windows is no refusal by the host.
            (Engine::Chromium | Engine::Firefox, _) if at(trips, 1.0) => (!windows).then_some(Step::Refused),
            (Engine::Chromium, true) if at(trips, 2.0) => Some(Step::OneHandshake),
            (Engine::Chromium, true) if at(trips, 3.0) => Some(Step::AfterTls),
            (Engine::Chromium, true) if at(trips, 4.0) => Some(Step::Handshake),
            (Engine::Chromium, false) if at(trips, 2.0) => Some(Step::Reset),
            (Engine::Firefox, _) if TEN_TRIES.contains(&trips) => Some(Step::Reset),
            (Engine::Chromium | Engine::Firefox | Engine::Other, _) => None,
        }
    }

    /// Whether the check fails as quickly as a name that cannot exist, and not after one round trip: `Some(true)`
    /// where that is sooner than any host could answer, `None` where it is otherwise or cannot be told.
    pub fn like_no_name(&self, check: &CheckEvidence) -> Option<bool> {
        let nearest = self.nearest().filter(|_| self.direct)?;
        let (ms, vain) = (failures(check, Some(nearest))?, self.vain?);
        let alike = (ms - vain).abs() <= AGREEMENT * nearest && (ms - nearest).abs() > LATE * nearest;
        alike.then_some(ms < LATE * nearest)
    }

    /// On which step TLS failed, where it is known that it did; with or without a proxy between.
    pub fn tls_step(&self, check: &CheckEvidence) -> Option<Step> {
        let round_trip = self.round_trip(&check.endpoint()?.host)?;
        let trips = failures(check, Some(round_trip))? / round_trip;
        match self.client.engine {
            Engine::Chromium if ONE_HANDSHAKE.contains(&trips) => Some(Step::OneHandshake),
            Engine::Chromium if TWO_HANDSHAKES.contains(&trips) => Some(Step::Handshake),
            // Firefox makes no second try, so that both take the same.
            Engine::Chromium | Engine::Firefox | Engine::Other => None,
        }
    }
}

fn at(trips: f64, step: f64) -> bool {
    (step - EARLY..step + LATE).contains(&trips)
}

/// The time of the failures of a check, where two of them agree. The first try is left out: it may have waited for
/// the name, too.
fn failures(check: &CheckEvidence, round_trip: Option<f64>) -> Option<f64> {
    agreed(times(check, &[Probe::Repeat, Probe::Timed], Outcome::Failed), round_trip)
}

fn times(check: &CheckEvidence, probes: &[Probe], outcome: Outcome) -> Vec<f64> {
    let fits = |seen: &&Observation| {
        probes.contains(&seen.probe) && seen.outcome == outcome && !seen.notes(CLOCK_GAP)
    };
    check.observations().iter().filter(fits).filter_map(|seen| seen.ms).collect()
}

/// The shortest of at least two times, if the two shortest agree to a part of a round trip; by default of the
/// shortest itself.
fn agreed(mut times: Vec<f64>, round_trip: Option<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let [first, second, ..] = times[..] else { return None };
    (second - first <= AGREEMENT * round_trip.unwrap_or(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::evidence::Progress;
    use crate::plan::{Fill, Plan};

    /// What was seen of a port of a host whose round trip is 60 ms; the step that this amounts to.
    fn check(client: Client, url: &str, plain_canary: Outcome, times: &[f64], expected: Option<Step>) {
        let listed = |id: &str, url: &str| {
            format!(
                r#"{{"id":"{id}","group":"service","title":"T","url":"{url}","need":"required",
                "expect":"answer","purpose":"p","allow":"host.example"}}"#
            )
        };
        let checks =
            [listed("good", "https://host.example/"), listed("bad", url), listed("p", "http://p.example/")];
        let catalogue = Catalogue::parse(&format!(
            r#"{{"format":"connector-check/catalogue@1","id":"t","title":"T","updated":"2026-11-20","sources":[],
            "regions":[],"checks":[{}]}}"#,
            checks.join(",")
        ))
        .unwrap();
        let mut evidence = Evidence::of(Plan::new(&catalogue, &Fill::new(), "n"), &catalogue, true);
        evidence.client = client;
        let seen = |probe, outcome, ms| Observation { probe, ..Observation::fetched(outcome, ms) };
        let again = |ms: f64| seen(Probe::KeepAlive, Outcome::Answered, ms);
        let mut canary = vec![seen(Probe::Fetch, plain_canary, 90.0)];
        if plain_canary == Outcome::Answered {
            canary.extend([again(30.0), again(31.0)]);
        }
        let mut failures = vec![seen(Probe::Fetch, Outcome::Failed, times[0] + 60.0)];
        failures.extend(times.iter().map(|ms| seen(Probe::Timed, Outcome::Failed, *ms)));
        for (id, all) in [
            ("canary-http", canary),
            ("good", vec![seen(Probe::Fetch, Outcome::Answered, 250.0), again(63.0), again(60.0)]),
            ("bad", failures),
        ] {
            evidence.get_mut(&id.into()).unwrap().progress = Progress::Observed(all);
        }
        let pace = Pace::of(&evidence);
        assert_eq!(pace.step(evidence.get(&"bad".into()).unwrap()), expected, "{client:?} {url} {times:?}");
    }

    fn client(engine: Engine, windows: bool) -> Client {
        Client { engine, windows }
    }

    #[test]
    fn each_way_of_failing_has_a_step_of_its_own() {
        let (chromium, firefox) = (client(Engine::Chromium, false), client(Engine::Firefox, false));
        for (client, ms, step) in [
            (chromium, 64.0, Some(Step::Refused)),
            (chromium, 132.0, Some(Step::OneHandshake)),
            (chromium, 190.0, Some(Step::AfterTls)),
            (chromium, 250.0, Some(Step::Handshake)),
            (chromium, 30.0, None),
            (chromium, 100.0, None),
            (chromium, 1_250.0, None),
            (firefox, 64.0, Some(Step::Refused)),
            (firefox, 132.0, None),
            (firefox, 1_240.0, Some(Step::Reset)),
            (firefox, 1_900.0, None),
            (client(Engine::Other, false), 64.0, None),
        ] {
            check(client, "https://host.example:9090/", Outcome::Failed, &[ms, ms + 3.0], step);
        }
        check(chromium, "http://host.example:9090/", Outcome::Failed, &[125.0, 125.0], Some(Step::Reset));
    }

    #[test]
    fn what_does_not_agree_or_was_seen_once_tells_nothing() {
        let chromium = client(Engine::Chromium, false);
        let url = "https://host.example:9090/";
        check(chromium, url, Outcome::Failed, &[64.0], None);
        check(chromium, url, Outcome::Failed, &[64.0, 100.0], None);
        check(chromium, url, Outcome::Failed, &[39.0, 235.0, 240.0], None);
        check(chromium, url, Outcome::Failed, &[64.0, 66.0, 300.0], Some(Step::Refused));
        // A host whose round trip nobody knows.
        check(chromium, "https://other.example/", Outcome::Failed, &[64.0, 66.0], None);
        // A proxy that does not show itself.
        check(chromium, url, Outcome::TimedOut, &[64.0, 66.0], None);
    }

    #[test]
    fn windows_refuses_after_two_seconds() {
        let url = "https://host.example:9090/";
        for (engine, ms, step) in [
            (Engine::Chromium, 2_020.0, Some(Step::Refused)),
            (Engine::Chromium, 132.0, Some(Step::OneHandshake)),
            (Engine::Chromium, 64.0, None),
            (Engine::Firefox, 2_020.0, None),
            (Engine::Firefox, 1_240.0, Some(Step::Reset)),
        ] {
            check(client(engine, true), url, Outcome::Failed, &[ms, ms + 5.0], step);
        }
    }

    #[test]
    fn behind_a_proxy_only_the_tunnel_is_counted() {
        let chromium = client(Engine::Chromium, false);
        let url = "https://host.example:9090/";
        check(chromium, url, Outcome::Answered, &[61.0, 63.0], Some(Step::Tunnel));
        check(chromium, url, Outcome::Answered, &[132.0, 132.0], None);
    }
}
