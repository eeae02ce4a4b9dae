//! Captures whose packets were cut, as `pktmon` cuts them unless it is told not to: what is left is read, and is true.

use std::path::Path;
use std::process::Command;

use connector_check_capture::facts::{Connection, Exchange, Tls, Warning};
use connector_check_capture::read;

mod common;

use common::{Oracle, golden, no_tshark, tshark};

/// What packets are cut to; 128 is pktmon's own choice.
const LENGTHS: [usize; 3] = [80, 128, 400];

#[test]
fn what_is_left_of_cut_packets_is_true_and_counted_as_tshark_counts() {
    if let Some(reason) = no_tshark() {
        println!("SKIPPED what_is_left_of_cut_packets_is_true_and_counted_as_tshark_counts: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut targets, mut statuses, mut names) = (0, 0, 0);
    for (name, case) in golden() {
        let whole = case.join("capture");
        let (facts, _) = read(&name, &std::fs::read(&whole).unwrap());
        for length in LENGTHS {
            let path = folder.path().join(format!("{name}-{length}"));
            cut(&whole, length, &path);
            let (left, warnings) = read(&name, &std::fs::read(&path).unwrap());
            let what = format!("{name}, cut to {length}");
            let cut = warnings.iter().any(|warning| matches!(warning, Warning::CutPackets { .. }));
            assert!(cut || left.connections == facts.connections, "{what}: {warnings:?}");
            assert_eq!(Oracle::from(&left.totals), tshark(&path), "{what}");
            assert_eq!(left.connections.len(), facts.connections.len(), "{what}");
            for (left, whole) in left.connections.iter().zip(&facts.connections) {
                is_part(left, whole, &what);
                targets += left.http.iter().filter(|exchange| exchange.is_connect()).count();
                statuses += left.http.iter().filter(|exchange| exchange.status.is_some()).count();
                names += usize::from(left.tls.as_ref().is_some_and(|tls| tls.server_name().is_some()));
            }
        }
    }
    // There was something left to be true.
    assert!(
        targets > 40 && statuses > 40 && names > 3,
        "{targets} targets, {statuses} statuses, {names} names"
    );
}

#[test]
fn a_target_that_was_cut_says_so() {
    if let Some(reason) = no_tshark() {
        println!("SKIPPED a_target_that_was_cut_says_so: {reason}");
        return;
    }
    let (_, case) = golden().into_iter().find(|(name, _)| name == "proxy-407").expect("a golden case");
    let path = tempfile::tempdir().unwrap().keep().join("capture");
    // Ethernet, IP and TCP with time stamps take 66 bytes; then "CONNECT 203".
    cut(&case.join("capture"), 66 + 11, &path);
    let (facts, _) = read("", &std::fs::read(&path).unwrap());
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let [exchange] = &facts.connections[0].http[..] else { panic!("{:?}", facts.connections) };
    assert_eq!((exchange.target.as_str(), exchange.authority()), ("203…", None));
}

fn cut(from: &Path, length: usize, to: &Path) {
    let status = Command::new("editcap").args(["-s", &length.to_string()]).arg(from).arg(to).status();
    assert!(status.is_ok_and(|status| status.success()), "editcap could not cut {}", from.display());
}

/// Whatever is told of the cut one is told of the whole one, too.
fn is_part(left: &Connection, whole: &Connection, what: &str) {
    assert_eq!((left.client, left.server), (whole.client, whole.server), "{what}");
    assert_eq!((left.opening, &left.close), (whole.opening, &whole.close), "{what}");
    assert_eq!((&left.sent, &left.received), (&whole.sent, &whole.received), "{what}");
    assert!(left.http.len() <= whole.http.len(), "{what}: {:?}", left.http);
    for (left, whole) in left.http.iter().zip(&whole.http) {
        exchange_is_part(left, whole, what);
    }
    if let Some(tls) = &left.tls {
        tls_is_part(tls, whole.tls.as_ref().unwrap_or_else(|| panic!("{what}: {tls:?}")), what);
    }
}

fn exchange_is_part(left: &Exchange, whole: &Exchange, what: &str) {
    assert_eq!(left.method, whole.method, "{what}");
    let target = match left.target.strip_suffix('…') {
        Some(begun) => whole.target.starts_with(begun) && left.authority().is_none(),
        None => left.target == whole.target,
    };
    assert!(target, "{what}: {} of {}", left.target, whole.target);
    assert!(left.status.is_none() || left.status == whole.status, "{what}: {left:?}");
    let schemes = left.proxy_authenticate.iter().all(|scheme| whole.proxy_authenticate.contains(scheme));
    assert!(schemes, "{what}: {left:?}");
    for (left, whole) in [(&left.via, &whole.via), (&left.proxy_agent, &whole.proxy_agent)] {
        assert!(left.is_none() || left == whole, "{what}: {left:?}");
    }
}

fn tls_is_part(left: &Tls, whole: &Tls, what: &str) {
    assert!(left.server_name().is_none() || left.server_name() == whole.server_name(), "{what}: {left:?}");
    assert!(left.version().is_none() || left.version() == whole.version(), "{what}: {left:?}");
    assert!(left.certificates.iter().all(|one| whole.certificates.contains(one)), "{what}: {left:?}");
    assert!(left.alerts.iter().all(|one| whole.alerts.contains(one)), "{what}: {left:?}");
    if let (Some(left), Some(whole)) = (&left.client_hello, &whole.client_hello) {
        assert!(left.versions.is_empty() || left.versions == whole.versions, "{what}: {left:?}");
        let schemes = &left.signature_algorithms;
        assert!(schemes.is_empty() || *schemes == whole.signature_algorithms, "{what}: {left:?}");
        assert!(left.cut || left == whole, "{what}: {left:?}");
    }
}
