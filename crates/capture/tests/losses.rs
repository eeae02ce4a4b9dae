//! What a capture lacks makes nothing false: answers belong to their own requests, and the middle of a message is no
//! beginning.

use connector_check_capture::facts::{Connection, Version};
use connector_check_capture::read;

mod common;

use common::{Traffic, client_hello, message, record};

const CLIENT: usize = 0;
const SERVER: usize = 1;

/// Method, target and status of each exchange.
fn exchanges(connection: &Connection) -> Vec<(&str, &str, Option<u16>)> {
    let exchanges = connection.http.iter();
    exchanges.map(|exchange| (exchange.method.as_str(), exchange.target.as_str(), exchange.status)).collect()
}

fn one(traffic: &Traffic) -> Connection {
    let (mut facts, _) = read("", &traffic.file());
    assert_eq!(facts.connections.len(), 1);
    facts.connections.remove(0)
}

fn answer(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} Some words\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn connect(host: &str) -> Vec<u8> {
    format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").into_bytes()
}

#[test]
fn an_answer_is_not_given_to_an_earlier_request() {
    // The answer to GET is missing.
    let mut traffic = Traffic::new(3128);
    traffic.say(CLIENT, b"GET http://a/ HTTP/1.1\r\n\r\n").lose(SERVER, 80);
    traffic.say(CLIENT, &connect("b")).say(SERVER, &answer(407));
    assert_eq!(exchanges(&one(&traffic)), [("GET", "http://a/", None), ("CONNECT", "b:443", Some(407))]);

    // The answer to the first, and the second itself.
    let mut traffic = Traffic::new(3128);
    traffic.say(CLIENT, &connect("a")).lose(SERVER, 80).lose(CLIENT, 60).say(SERVER, &answer(200));
    assert_eq!(exchanges(&one(&traffic)), [("CONNECT", "a:443", None), ("", "", Some(200))]);

    // Of three answers the packet with the first was cut behind it.
    let mut traffic = Traffic::new(3128);
    traffic.say(CLIENT, &b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n"[..]);
    let (first, second) = (answer(200), answer(404));
    traffic.cut(SERVER, &[&first[..], &second].concat(), first.len() + 4).say(SERVER, &answer(500));
    let connection = one(&traffic);
    let statuses: Vec<_> =
        exchanges(&connection).into_iter().map(|(_, target, status)| (target, status)).collect();
    assert_eq!(statuses, [("/1", Some(200)), ("/2", None), ("/3", None), ("", Some(500))]);

    // More requests at once than are kept in mind.
    let mut traffic = Traffic::new(3128);
    for number in 0..40 {
        traffic.say(CLIENT, format!("GET /{number} HTTP/1.1\r\n\r\n").as_bytes());
    }
    for number in 0..40 {
        traffic.say(SERVER, &answer(200 + number));
    }
    let wrong: Vec<_> = one(&traffic)
        .http
        .into_iter()
        .filter(|exchange| {
            exchange.status.is_some_and(|status| exchange.target != format!("/{}", status - 200))
        })
        .collect();
    assert_eq!(wrong, []);
}

#[test]
fn a_head_is_read_up_to_where_its_second_packet_was_cut() {
    let mut traffic = Traffic::new(3128);
    let request = connect("secret.example");
    traffic.say(CLIENT, &request[..4]).cut(CLIENT, &request[4..], 40).say(SERVER, &answer(407));
    assert_eq!(exchanges(&one(&traffic)), [("CONNECT", "secret.example:443", Some(407))]);
}

#[test]
fn a_tunnel_is_one_though_its_answer_is_missing() {
    let mut traffic = Traffic::new(3128);
    traffic.say(CLIENT, &connect("secret.example")).lose(SERVER, 39);
    traffic.say(CLIENT, &record(22, &client_hello("secret.example")));
    let connection = one(&traffic);
    assert!(connection.tls.as_ref().is_some_and(|tls| tls.in_tunnel), "{connection:?}");
    // So nothing is learnt of the proxy's own address.
    let mut two = traffic;
    two.new_connection();
    let (facts, _) = read("", &two.file());
    assert_eq!(facts.connections[1].names, [""; 0]);
}

#[test]
fn the_middle_of_a_message_is_no_beginning() {
    // The last two bytes of an encrypted alert, which look like one that is not.
    let mut traffic = Traffic::new(443);
    let alert = record(21, &[&[9; 24][..], &[2, 40]].concat());
    traffic.say(CLIENT, &record(22, &client_hello("a.example")));
    traffic.say(SERVER, &alert[..29]).say(SERVER, &alert[29..]);
    assert_eq!(one(&traffic).tls.expect("TLS").alerts, []);

    // A message over two records; of the first a part is missing. What the second holds looks like a ServerHello.
    let mut hello = vec![3, 0];
    hello.extend([7; 32]);
    hello.extend([0, 0, 5, 0]);
    let fake = message(2, &hello);
    let long = message(11, &[&[1; 600][..], &fake].concat());
    let (first, second) = long.split_at(604);
    let mut traffic = Traffic::new(443);
    traffic.say(CLIENT, &record(22, &client_hello("a.example")));
    let first = record(22, first);
    traffic.say(SERVER, &first[..100]).lose(SERVER, 200).say(SERVER, &first[300..]);
    traffic.say(SERVER, &record(22, second));
    let tls = one(&traffic).tls.expect("TLS");
    assert_eq!(tls.version(), None::<Version>, "{tls:?}");
}

#[test]
fn details_of_one_connection_leave_room_for_others() {
    let mut traffic = Traffic::new(3128);
    for _ in 0..20 {
        traffic.say(CLIENT, b"GET /1 HTTP/1.1\r\n\r\n");
        traffic.say(SERVER, b"HTTP/1.1 304 No\r\nServer: some server\r\nVia: 1.1 some proxy\r\n\r\n");
    }
    let (_, warnings) = read("", &traffic.repeated(20_000));
    assert_eq!(warnings, []);
}
