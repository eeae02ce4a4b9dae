//! After a run: what responders tell of the requests that reached them.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use connector_check_diagnosis::catalogue::CheckId;
use connector_check_diagnosis::endpoint::Endpoint;
use futures_util::future::select;
use futures_util::{StreamExt, stream};

use crate::probe::reading;
use crate::scan::{ScanEvent, StopSignal};

/// Readings at a time: fewer than browsers open connections to one host.
const AT_A_TIME: usize = 4;

/// How long one reading may take. The host has just answered; what takes longer is no answer worth waiting for.
const DEADLINE: Duration = Duration::from_secs(8);

/// Asks each of these, which have just answered, what it saw, and reports [`ScanEvent::Looked`] where one tells.
/// What is no responder is not reported: that it cannot be read says nothing. Ends at the signal to stop.
pub async fn read_responders(
    readable: Vec<(CheckId, Endpoint)>,
    stop: StopSignal,
    on_event: impl Fn(ScanEvent),
) {
    // One connection per place is enough, whatever the paths.
    let mut places = BTreeMap::<String, (Endpoint, Vec<CheckId>)>::new();
    for (id, endpoint) in readable {
        places.entry(endpoint.authority()).or_insert_with(|| (endpoint, Vec::new())).1.push(id);
    }
    let reading =
        stream::iter(places.into_values()).for_each_concurrent(AT_A_TIME, async |(endpoint, ids)| {
            let seen = reading::read(&endpoint, DEADLINE).await;
            if let Some(seen) = seen.filter(|_| !stop.is_stopped()) {
                for id in ids {
                    on_event(ScanEvent::Looked(id, seen.clone()));
                }
            }
        });
    select(pin!(stop.stopped()), pin!(reading)).await;
}
