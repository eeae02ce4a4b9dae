//! One reading with what the page knows of its own request: what stands, as JSON, in the detail of an observation
//! by [`Probe::Responder`].

use serde::{Deserialize, Serialize};

use super::Reading;
use crate::observation::{Observation, Outcome, Probe};

/// A request of this browser, and the same request as it arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// What this browser sent.
    pub sent: Sent,
    /// How long each part took, where the browser tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phases: Option<Phases>,
    /// What arrived.
    pub reading: Reading,
}

/// What a page knows of its own request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The nonce in its query.
    pub nonce: String,
    /// The host that was asked: a lower-case name, or an address without brackets.
    pub host: String,
    /// The browser's engine and major version, where they are known for sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Engine>,
    /// The protocol of the connection as the browser tells it (`nextHopProtocol`); empty where it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub protocol: String,
}

/// A TLS client whose habits are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Chromium, Chrome, Edge and their kin, in this major version.
    Chromium(u32),
    /// Firefox in this major version.
    Firefox(u32),
}

/// Milliseconds of each part of a request (Resource Timing). On a connection that was open already, the first three
/// are 0; clocks of browsers are coarse, so that a part that was short may be 0 as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Finding the address.
    pub dns: f64,
    /// The TCP handshake: one round trip.
    pub tcp: f64,
    /// The TLS handshake: one round trip with TLS 1.3, two with TLS 1.2.
    pub tls: f64,
    /// From the request to the first byte of the answer.
    pub http: f64,
}

impl Look {
    /// The observation that carries this look.
    pub fn observation(&self, ms: f64) -> Observation {
        let detail = serde_json::to_string(self).unwrap_or_default();
        Observation { probe: Probe::Responder, outcome: Outcome::Answered, ms: Some(ms), detail }
    }

    /// The look that an observation carries; `None` for any other.
    pub fn of(observation: &Observation) -> Option<Self> {
        match (observation.probe, observation.outcome) {
            (Probe::Responder, Outcome::Answered) => serde_json::from_str(&observation.detail).ok(),
            _ => None,
        }
    }
}

impl Phases {
    /// Whether a connection was seen to be made for this request.
    pub fn is_fresh(&self) -> bool {
        self.tcp > 0.0 || self.tls > 0.0
    }
}
