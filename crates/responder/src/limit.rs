//! How much one address, and all of them together, may ask.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests per second and address on the long run; 0 for as many as come. A handshake does not count: who is refused
    /// one would take the port for closed, and who is refused an answer is told why.
    pub rate: u32,
    /// Requests of one address at once, before [`Self::rate`] applies.
    pub burst: u32,
    /// Open connections altogether.
    pub connections: usize,
    /// Open connections of one address.
    pub connections_per_address: usize,
}

impl Default for Limits {
    /// A run of the page makes some 60 connections; a hundred people behind one address may run it at once.
    fn default() -> Self {
        Self { rate: 100, burst: 10_000, connections: 20_000, connections_per_address: 10_000 }
    }
}

/// Keeps count.
#[derive(Debug)]
pub(crate) struct Gate {
    limits: Limits,
    rate: Option<DefaultKeyedRateLimiter<IpAddr>>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection that counts, until this is dropped.
#[derive(Debug)]
pub(crate) struct Admission {
    gate: Arc<Gate>,
    party: IpAddr,
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        let rate = NonZeroU32::new(limits.rate).map(|rate| {
            let burst = NonZeroU32::new(limits.burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self { limits, rate, open: Mutex::default() }
    }

    /// Counts a new connection, unless there are too many.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admission> {
        let party = party(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= self.limits.connections {
            return None;
        }
        let of_party = open.by_address.entry(party).or_default();
        if *of_party >= self.limits.connections_per_address {
            return None;
        }
        *of_party += 1;
        open.all += 1;
        Some(Admission { gate: Arc::clone(self), party })
    }

    /// Whether this address may ask once more now.
    pub(crate) fn may_ask(&self, address: IpAddr) -> bool {
        self.rate.as_ref().is_none_or(|rate| rate.check_key(&party(address)).is_ok())
    }

    /// Forgets addresses that have not asked for a while.
    pub(crate) fn tidy(&self) {
        if let Some(rate) = &self.rate {
            rate.retain_recent();
            rate.shrink_to_fit();
        }
    }

    /// Open connections.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.gate.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(of_party) = open.by_address.get_mut(&self.party) {
            *of_party -= 1;
            if *of_party == 0 {
                open.by_address.remove(&self.party);
            }
        }
    }
}

/// Whom an address counts for: with IPv6, one party has a whole /64 (RFC 6177).
fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(limits: Limits) -> Arc<Gate> {
        Arc::new(Gate::new(limits))
    }

    #[test]
    fn one_address_runs_out_and_others_do_not() {
        let gate = gate(Limits { rate: 1, burst: 3, ..Limits::default() });
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert_eq!([1, 2, 3, 4].map(|_| gate.may_ask(a)), [true, true, true, false]);
        assert!(gate.may_ask(b));
        gate.tidy();
        assert!(!gate.may_ask(a), "what is recent is not forgotten");
    }

    #[test]
    fn connections_count_until_they_end() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let gate = gate(limits);
        let (a, b) = ("2001:db8::1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let neighbour = "2001:db8::ffff:1".parse().unwrap();
        let first = gate.admit(a).unwrap();
        let _second = gate.admit(neighbour).unwrap();
        assert!(gate.admit(a).is_none(), "one network of one party");
        let _third = gate.admit(b).unwrap();
        drop(first);
        let _fourth = gate.admit(a).unwrap();
        assert!(gate.admit(b).is_none(), "all together");
        assert_eq!(gate.open(), 3);
    }

    #[test]
    fn without_a_rate_everything_may_be_asked() {
        let gate = gate(Limits { rate: 0, ..Limits::default() });
        let asked = |_| gate.may_ask("10.0.0.1".parse().unwrap());
        assert!((0..100_000).all(asked));
    }
}
