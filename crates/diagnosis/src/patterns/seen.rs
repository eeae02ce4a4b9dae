//! What was seen of checks, as lines of evidence; and hosts and ports as readers list them.

use std::collections::BTreeSet;

use super::Row;
use crate::endpoint::Endpoint;
use crate::guidance::port_list;
use crate::observation::{Observation, Outcome, Probe};
use crate::text::Message;

/// More lines of evidence than this hide what they show.
pub(super) const MAX_EVIDENCE: usize = 6;

/// What was seen of these checks: one line for each host and outcome, at most [`MAX_EVIDENCE`] and a count
/// of the rest.
pub(super) fn lines(rows: &[Row<'_>]) -> Vec<Message> {
    let key = |row: &Row<'_>| (row.host().to_owned(), telling(row).map(|last| (last.probe, last.outcome)));
    let mut groups: Vec<Vec<Row<'_>>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| key(&group[0]) == key(row)) {
            Some(group) => group.push(*row),
            None => groups.push(vec![*row]),
        }
    }
    let mut lines: Vec<_> = groups.iter().take(MAX_EVIDENCE).map(|rows| seen(rows)).collect();
    if groups.len() > MAX_EVIDENCE {
        lines.push(Message::new("evidence-more").count("count", groups.len() - MAX_EVIDENCE));
    }
    lines
}

/// The observation that tells most: the closest look that proved something, else the first request.
fn telling<'a>(row: &Row<'a>) -> Option<&'a Observation> {
    let seen = row.check.observations();
    let proves = |observation: &&Observation| match observation.probe {
        Probe::Turns | Probe::Turn | Probe::Plain => observation.outcome == Outcome::Answered,
        Probe::WebSocket => observation.detail == "1015",
        Probe::Rule
        | Probe::Fetch
        | Probe::Repeat
        | Probe::Deep
        | Probe::Get
        | Probe::Stream
        | Probe::KeepAlive
        | Probe::Timed
        | Probe::Responder => false,
    };
    let answered = seen.iter().find(|observation| {
        observation.outcome == Outcome::Answered
            && !matches!(observation.probe, Probe::Turns | Probe::Turn | Probe::Plain)
    });
    answered.or_else(|| seen.iter().find(proves)).or(seen.first())
}

/// One line for checks of one host with one outcome.
fn seen(rows: &[Row<'_>]) -> Message {
    let first = &rows[0];
    let place = match (rows.len(), first.endpoint) {
        (1, _) | (_, None) => place(first),
        (_, Some(_)) => format!("{}:{}", first.host(), ports_of(rows)),
    };
    let message = |id: &str| Message::new(id).text("endpoint", place.clone());
    let Some(last) = telling(first) else { return message("evidence-not-asked") };
    let times = rows.iter().filter_map(|row| row.result.duration_ms);
    let (fastest, slowest) = times.fold((f64::MAX, 0.0_f64), |(low, high), ms| (low.min(ms), high.max(ms)));
    let span = if millis(fastest) == millis(slowest) || rows.len() == 1 {
        millis(slowest)
    } else {
        format!("{}–{}", millis(fastest), millis(slowest))
    };
    match (last.probe, last.outcome) {
        (Probe::Turns, Outcome::Answered) => return message("evidence-tls-works"),
        (Probe::Stream, Outcome::Answered) => return message("evidence-kept"),
        (Probe::Turn | Probe::Plain, Outcome::Answered) => return message("evidence-tcp-works"),
        (Probe::WebSocket, Outcome::Failed) => return message("evidence-tls-fails"),
        (Probe::Turn | Probe::Turns, Outcome::Failed) => return message("evidence-connect-fails"),
        _ => {}
    }
    match last.outcome {
        Outcome::Answered => message("evidence-answered").text("ms", span),
        Outcome::Failed => message("evidence-failed").text("ms", span),
        Outcome::TimedOut => message("evidence-timed-out").text("seconds", seconds(slowest)),
        Outcome::Prevented => message("evidence-prevented"),
    }
}

pub(super) fn line(id: &str, row: &Row<'_>) -> Message {
    Message::new(id).text("endpoint", place(row))
}

pub(super) fn place(row: &Row<'_>) -> String {
    row.endpoint.map_or_else(|| row.id().to_string(), Endpoint::authority)
}

pub(super) fn hosts_of(rows: &[Row<'_>]) -> String {
    let mut hosts: Vec<&str> = Vec::new();
    for host in rows.iter().map(Row::host) {
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.join(", ")
}

pub(super) fn hosts_count(rows: &[Row<'_>]) -> usize {
    rows.iter().map(Row::host).collect::<BTreeSet<_>>().len()
}

pub(super) fn ports_of(rows: &[Row<'_>]) -> String {
    port_list(&rows.iter().map(Row::port).collect::<Vec<_>>())
}

/// Whole milliseconds: a browser's clock is no better.
pub(super) fn millis(ms: f64) -> String {
    format!("{ms:.0}")
}

pub(super) fn seconds(ms: f64) -> String {
    format!("{:.1}", ms / 1000.0)
}
