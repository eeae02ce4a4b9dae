//! What the page knows of a capture while it is read, and how that changes; a part of the state.

use std::sync::Arc;

use connector_check_diagnosis::supplements::Capture;

use crate::message::Effect;
use crate::state::State;

/// How far a capture is read.
#[derive(Debug, Clone, PartialEq)]
pub enum CaptureReading {
    /// None is being read.
    Idle,
    /// One is.
    Reading {
        /// The file's name.
        name: String,
        /// Its length in bytes.
        size: f64,
        /// Bytes that were read.
        read: f64,
        /// Packets in them.
        packets: f64,
        /// When it began, by the page's clock in milliseconds.
        since_ms: f64,
        /// When the worker last said something.
        now_ms: f64,
    },
    /// The last one could not be read, for this reason.
    Failed(String),
}

/// What can happen to a capture.
#[derive(Debug, Clone, PartialEq)]
pub enum CaptureMessage {
    /// It is being read.
    Begun {
        /// The file's name.
        name: String,
        /// Its length in bytes.
        size: f64,
        /// The page's clock, in milliseconds.
        now_ms: f64,
    },
    /// So much of it was read.
    Progress {
        /// Bytes.
        read: f64,
        /// Packets.
        packets: f64,
        /// The page's clock, in milliseconds.
        now_ms: f64,
    },
    /// It was read, or could not be.
    Ended(Box<Result<Capture, String>>),
    /// It is not to be read any further.
    Cancelled,
    /// It is to be put away.
    Closed,
}

impl State {
    /// Changes what is known of a capture.
    pub(crate) fn capture(&mut self, message: CaptureMessage) -> Vec<Effect> {
        match message {
            CaptureMessage::Begun { name, size, now_ms } => {
                let (read, packets) = (0.0, 0.0);
                self.reading =
                    CaptureReading::Reading { name, size, read, packets, since_ms: now_ms, now_ms };
                Vec::new()
            }
            CaptureMessage::Progress { read: so_far, packets: count, now_ms: now } => {
                if let CaptureReading::Reading { read, packets, now_ms, .. } = &mut self.reading {
                    (*read, *packets, *now_ms) = (so_far, count, now);
                }
                Vec::new()
            }
            CaptureMessage::Ended(ended) => {
                let reading = std::mem::replace(&mut self.reading, CaptureReading::Idle);
                match *ended {
                    // What was cancelled meanwhile is not wanted any more.
                    _ if reading == CaptureReading::Idle => Vec::new(),
                    Ok(capture) => {
                        let mut effects =
                            self.supplement(|supplements| supplements.capture = Some(Arc::new(capture)));
                        effects.push(Effect::StopReading);
                        effects
                    }
                    Err(message) => {
                        self.reading = CaptureReading::Failed(message);
                        vec![Effect::StopReading]
                    }
                }
            }
            CaptureMessage::Cancelled => {
                self.reading = CaptureReading::Idle;
                vec![Effect::StopReading]
            }
            CaptureMessage::Closed => self.supplement(|supplements| supplements.capture = None),
        }
    }
}
