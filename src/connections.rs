//! From the facts of a capture to a table of connections: what is shown of each, and which are shown. Pure.

use connector_check_capture::facts::{
    Alert, CaptureFacts, Connection, End, Ending, Exchange, Opening, Side, Tls,
};
use connector_check_diagnosis::text::Message as Text;

/// Rows that are shown; a browser draws no more in a moment.
pub const MAX_ROWS: usize = 200;

/// Which connections are shown. The last two are the filters of the connector's old documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Preset {
    /// All of them.
    #[default]
    All,
    /// Those with a CONNECT request.
    Connect,
    /// Those whose SYN was sent again.
    Retransmitted,
}

impl Preset {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Connect, Self::Retransmitted];

    /// Its message, and its name in the page.
    pub const fn id(self) -> &'static str {
        match self {
            Self::All => "capture-preset-all",
            Self::Connect => "capture-preset-connect",
            Self::Retransmitted => "capture-preset-retransmitted",
        }
    }

    fn shows(self, connection: &Connection) -> bool {
        match self {
            Self::All => true,
            Self::Connect => connection.http.iter().any(Exchange::is_connect),
            Self::Retransmitted => connection.syn_retransmissions > 0,
        }
    }
}

/// The connections that a preset and a text show, and how many there are beyond [`MAX_ROWS`].
pub fn shown<'a>(facts: &'a CaptureFacts, preset: Preset, text: &str) -> (Vec<&'a Connection>, usize) {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut matching = facts.connections.iter().filter(|connection| {
        preset.shows(connection)
            && (words.is_empty() || {
                let line = searched(connection);
                words.iter().all(|word| line.contains(word))
            })
    });
    let rows: Vec<_> = matching.by_ref().take(MAX_ROWS).collect();
    (rows, matching.count())
}

/// Everything that one looks for, in lower case.
fn searched(connection: &Connection) -> String {
    let mut line = format!("{} {} ", end(connection.client), end(connection.server));
    for exchange in &connection.http {
        let status = exchange.status.map(|status| status.to_string()).unwrap_or_default();
        line += &[exchange.method.as_str(), &exchange.target, &status, ""].join(" ");
    }
    if let Some(tls) = &connection.tls {
        line += tls.server_name().unwrap_or_default();
        line.extend(tls.alerts.iter().flat_map(|alert| [" ", alert.name()]));
        line.extend(tls.certificates.iter().flat_map(|certificate| [" ", certificate.issuer.as_str()]));
    }
    line.extend(connection.names.iter().flat_map(|name| [" ", name.as_str()]));
    line.to_lowercase()
}

/// `address:port`.
pub fn end(end: End) -> String {
    if end.address.is_ipv6() {
        format!("[{}]:{}", end.address, end.port)
    } else {
        format!("{}:{}", end.address, end.port)
    }
}

/// How the attempt to connect ended, as a message.
pub const fn opening(connection: &Connection) -> &'static str {
    match connection.opening {
        Opening::Answered => "capture-answered",
        Opening::Refused => "capture-refused",
        Opening::Unreachable => "capture-unreachable",
        Opening::Unanswered => "capture-unanswered",
        Opening::NotCaptured => "capture-not-captured",
    }
}

/// What happened on a connection, in order: milliseconds since its start, and what.
pub fn timeline(connection: &Connection) -> Vec<(f64, Text)> {
    let mut events: Vec<(f64, Text)> = Vec::new();
    let mut add = |at: f64, text: Text| events.push((at - connection.start_ms, text));
    for (number, at) in connection.syns_ms.iter().enumerate() {
        add(*at, Text::new(if number == 0 { "capture-event-syn" } else { "capture-event-syn-again" }));
    }
    if let Some(at) = connection.opened_ms {
        add(at, Text::new(opening(connection)));
    }
    for exchange in &connection.http {
        add(
            exchange.at_ms,
            Text::new("capture-event-request")
                .text("request", format!("{} {}", exchange.method, exchange.target)),
        );
        if let (Some(at), Some(status)) = (exchange.answered_ms, exchange.status) {
            let schemes = exchange.proxy_authenticate.join(", ");
            add(
                at,
                Text::new("capture-event-status").text("status", status.to_string()).text("schemes", schemes),
            );
        }
    }
    if let Some(tls) = &connection.tls {
        tls_events(tls, &mut add);
    }
    if let Some(close) = connection.close {
        let id = match (close.by, close.how) {
            (Side::Client, Ending::Fin) => "capture-event-client-closed",
            (Side::Server, Ending::Fin) => "capture-event-server-closed",
            (Side::Client, Ending::Reset) => "capture-event-client-reset",
            (Side::Server, Ending::Reset) => "capture-event-server-reset",
        };
        add(close.at_ms, Text::new(id));
    }
    events.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    events
}

fn tls_events(tls: &Tls, add: &mut impl FnMut(f64, Text)) {
    if let Some(hello) = &tls.client_hello {
        let text = match &hello.server_name {
            Some(name) if hello.cut && hello.versions.is_empty() => {
                Text::new("capture-event-client-hello-cut").text("name", name.clone())
            }
            Some(name) => Text::new("capture-event-client-hello").text("name", name.clone()),
            None => Text::new("capture-event-client-hello-nameless"),
        };
        let text = text.text("version", hello.highest().to_string());
        add(hello.at_ms, text);
    }
    if let Some(at) = tls.retry_ms {
        add(at, Text::new("capture-event-retry"));
    }
    if let Some(hello) = &tls.server_hello {
        let version = hello.chosen().to_string();
        add(hello.at_ms, Text::new("capture-event-server-hello").text("version", version));
        match tls.certificates.first() {
            Some(leaf) => add(
                hello.at_ms,
                Text::new("capture-event-certificate")
                    .text("subject", leaf.subject.clone())
                    .text("issuer", leaf.issuer.clone()),
            ),
            None if tls.hides_certificates() => add(hello.at_ms, Text::new("capture-event-hidden")),
            None => {}
        }
    }
    for Alert { at_ms, from, description, .. } in &tls.alerts {
        let id = match from {
            Side::Client => "capture-event-client-alert",
            Side::Server => "capture-event-server-alert",
        };
        let name = connector_check_capture::facts::alert_name(*description);
        add(*at_ms, Text::new(id).text("alert", name).text("number", description.to_string()));
    }
    if let Some(at) = tls.encrypted_ms {
        add(at, Text::new("capture-event-encrypted"));
    }
}

#[cfg(test)]
mod tests {
    use connector_check_diagnosis::scenario::Scenario;
    use connector_check_diagnosis::text::Texts;

    use super::*;

    fn facts(name: &str) -> CaptureFacts {
        let scenario = Scenario::named(name).expect("a scenario");
        scenario.supplements.capture.as_ref().expect("with a capture").facts.clone()
    }

    fn count(facts: &CaptureFacts, preset: Preset, text: &str) -> usize {
        let (rows, more) = shown(facts, preset, text);
        rows.len() + more
    }

    #[test]
    fn the_presets_are_the_filters_of_the_documents() {
        let facts = facts("capture-proxy");
        assert_eq!(count(&facts, Preset::All, ""), 4);
        assert_eq!(count(&facts, Preset::Connect, ""), 3);
        assert_eq!(count(&facts, Preset::Retransmitted, ""), 1);
    }

    #[test]
    fn every_word_must_be_found() {
        let facts = facts("capture-proxy");
        assert_eq!(count(&facts, Preset::All, "407"), 2);
        assert_eq!(count(&facts, Preset::All, "LOGIN 407"), 1);
        assert_eq!(count(&facts, Preset::All, "login 403"), 0);
        assert_eq!(count(&facts, Preset::Retransmitted, ":9352"), 1);
    }

    #[test]
    fn a_greeting_that_was_cut_promises_no_version() {
        let texts = Texts::for_language("en");
        let mut facts = facts("capture-tls");
        let tls = facts.connections.iter_mut().find_map(|connection| connection.tls.as_mut()).expect("TLS");
        let hello = tls.client_hello.as_mut().expect("a ClientHello");
        (hello.cut, hello.versions) = (true, Vec::new());
        let mut events = Vec::new();
        tls_events(tls, &mut |_, text| events.push(text));
        let cut = Text::new("capture-event-client-hello-cut");
        let tls_version = Text::text(cut, "name", tls.server_name().unwrap_or_default());
        assert_eq!(events[0], tls_version.text("version", "TLS 1.2"));
        assert!(texts.is_complete(&events[0]));
    }

    #[test]
    fn a_timeline_is_in_order_and_has_words() {
        let texts = Texts::for_language("en");
        for name in ["capture-proxy", "capture-direct", "capture-tls"] {
            for connection in &facts(name).connections {
                let events = timeline(connection);
                assert!(events.is_sorted_by(|(a, _), (b, _)| a <= b) && !events.is_empty());
                assert!(events.iter().all(|(_, text)| texts.is_complete(text)), "{events:?}");
                assert!(texts.is_complete(&Text::new(opening(connection))));
            }
        }
        assert!(Preset::ALL.iter().all(|preset| texts.is_complete(&Text::new(preset.id()))));
    }
}
