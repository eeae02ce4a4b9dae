//! Traffic made up at random, read here and by tshark: connections that are answered, refused or not, CONNECT with any
//! status, bodies of every kind, TLS of any version, alerts; in pieces of any length, interleaved, some repeated; in some
//! connections out of order or missing, in some captures cut.

use std::fs;

use connector_check_capture::read;

mod common;

use common::{Oracle, Random, message, no_tshark, record, tshark};

/// Captures, each of other traffic.
const CAPTURES: u64 = 48;

/// Connections in each.
const CONNECTIONS: usize = 60;

#[test]
fn random_traffic_reads_as_tshark_reads_it() {
    if let Some(reason) = no_tshark() {
        println!("SKIPPED random_traffic_reads_as_tshark_reads_it: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut sums = Oracle::default();
    for seed in 0..CAPTURES {
        let mut random = Random::new(seed);
        let cut = (seed % 3 == 2).then(|| 80 + random.below(400));
        let mut packets: Vec<(u64, Vec<u8>)> = (0..CONNECTIONS)
            .flat_map(|number| Conversation::new(number, cut.is_some(), &mut random).packets)
            .collect();
        packets.sort_by_key(|(micros, _)| *micros);
        let file = pcap(&packets, cut);
        let path = folder.path().join(format!("{seed}.pcap"));
        fs::write(&path, &file).unwrap();
        let (facts, warnings) = read("", &file);
        assert_eq!(warnings.len(), usize::from(cut.is_some()), "capture {seed}: {warnings:?}");
        let (ours, theirs) = (Oracle::from(&facts.totals), tshark(&path));
        if ours != theirs {
            let kept = std::env::temp_dir().join(format!("connector-check-random-{seed}.pcap"));
            fs::write(&kept, &file).unwrap();
            assert_eq!(ours, theirs, "capture {seed}, kept as {}", kept.display());
        }
        sums.connects += ours.connects;
        sums.syn_retransmissions += ours.syn_retransmissions;
        for (all, some) in [
            (&mut sums.statuses, ours.statuses),
            (&mut sums.names, ours.names),
            (&mut sums.hellos, ours.hellos),
            (&mut sums.alerts, ours.alerts),
        ] {
            for (value, count) in some {
                *all.entry(value).or_default() += count;
            }
        }
    }
    // There was something to agree on.
    assert!(sums.connects > 100 && sums.syn_retransmissions > 100, "{sums:?}");
    assert!(
        sums.statuses.len() > 4 && sums.names.len() > 50 && sums.hellos.len() > 3 && sums.alerts.len() > 3
    );
}

/// A connection while it is made up.
struct Conversation<'a> {
    random: &'a mut Random,
    packets: Vec<(u64, Vec<u8>)>,
    micros: u64,
    ends: [([u8; 4], u16); 2],
    next: [u32; 2],
    /// Packets may be missing, or come out of order.
    rough: bool,
    /// Packets are cut. Then none may come twice, or look so: tshark counts both. And the rest of a body whose head was
    /// cut must not stand in packets that are not: tshark takes it for heads.
    cut: bool,
}

impl<'a> Conversation<'a> {
    fn new(number: usize, cut: bool, random: &'a mut Random) -> Self {
        let low = u8::try_from(number).unwrap();
        let through_proxy = random.once_in(2);
        let rough = random.once_in(3);
        let port = if through_proxy && (rough || cut) {
            random.one(&[8080, 3128])
        } else if through_proxy {
            random.one(&[8080, 3128, 8888])
        } else if rough || cut {
            443
        } else {
            random.one(&[443, 9350, 5671, 10100])
        };
        let next =
            [random.below(1 << 32), random.below(1 << 32)].map(|number| u32::try_from(number).unwrap());
        let ends = [([10, 0, 0, low], 40_000 + u16::from(low)), ([203, 0, 113, low], port)];
        let micros = 1_000 * random.below(5_000) as u64;
        let mut conversation = Self { random, packets: Vec::new(), micros, ends, next, rough, cut };
        if conversation.opens() {
            if !through_proxy || conversation.tunnel() {
                conversation.tls();
            }
            if !conversation.random.once_in(6) {
                conversation.close();
            }
        }
        conversation
    }

    /// SYNs, and what answers them; whether the connection stands.
    fn opens(&mut self) -> bool {
        let tries = 1 + self.random.one(&[0, 0, 0, 1, 2, 4]);
        for number in 0..tries {
            self.packet(0, 2, &[]);
            self.micros += 1_000_000 << number;
        }
        // The last one is answered a moment later.
        self.micros -= (1_000_000 << (tries - 1)) - 700;
        self.next[0] = self.next[0].wrapping_add(1);
        match self.random.below(8) {
            0 => false,
            1 => {
                self.next[1] = 0;
                self.packet(1, 0x14, &[]);
                false
            }
            _ => {
                self.packet(1, 0x12, &[]);
                self.next[1] = self.next[1].wrapping_add(1);
                self.wait();
                self.packet(0, 0x10, &[]);
                true
            }
        }
    }

    /// Asks for a tunnel until there is one, or not.
    fn tunnel(&mut self) -> bool {
        for _ in 0..3 {
            let host = self.name();
            let request =
                format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nUser-Agent: made up\r\n\r\n");
            self.say(0, request.as_bytes());
            let status = self.random.one(&[200, 200, 407, 403, 502, 503, 407]);
            let first = format!("HTTP/1.1 {status} Some words\r\nProxy-Authenticate: Negotiate\r\n");
            let mut answer = first.into_bytes();
            let goes_on = status == 200 || self.body(&mut answer);
            if status == 200 {
                answer.extend(b"\r\n");
            }
            self.say(1, &answer);
            match status {
                200 => return true,
                407 if goes_on => {}
                _ => return false,
            }
        }
        false
    }

    /// The rest of an answer's head, and a body of some kind; whether anything can follow.
    fn body(&mut self, answer: &mut Vec<u8>) -> bool {
        let body = "x".repeat(self.random.below(if self.cut { 1000 } else { 4000 }));
        match self.random.below(6) {
            // The end never comes.
            0 => {
                answer.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len() + 1).bytes());
                false
            }
            1 => {
                answer.extend(format!("\r\n{body}").bytes());
                false
            }
            kind @ (2 | 3) => {
                answer.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in body.as_bytes().chunks(700) {
                    answer.extend(format!("{:x}\r\n", chunk.len()).bytes());
                    answer.extend(chunk);
                    answer.extend(b"\r\n");
                }
                answer.extend(if kind == 2 { &b"0\r\n\r\n"[..] } else { b"" });
                kind == 2
            }
            _ => {
                answer.extend(format!("Content-Length: {}\r\n\r\n{body}", body.len()).bytes());
                true
            }
        }
    }

    /// A handshake, as far as it comes.
    fn tls(&mut self) {
        let modern = self.random.once_in(2);
        let hello = self.client_hello(modern);
        self.say(0, &record(22, &hello));
        if self.random.once_in(5) {
            let alert = self.random.one(&[40, 70, 80, 112]);
            self.say(1, &record(21, &[2, alert]));
            return;
        }
        let version = if modern { 0x0303 } else { self.random.one(&[0x0301_u16, 0x0302, 0x0303]) };
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([0, 0xc0, 0x2f, 0]);
        let extensions: &[u8] = if modern { &[0, 6, 0, 43, 0, 2, 3, 4] } else { &[] };
        body.extend(extensions);
        self.say(1, &record(22, &message(2, &body)));
        if self.random.once_in(4) {
            let alert = self.random.one(&[42, 45, 46, 48]);
            self.say(0, &record(21, &[2, alert]));
            return;
        }
        self.say(1, &record(20, &[1]));
        for _ in 0..self.random.below(4) {
            let (side, length) = (self.random.below(2), 1 + self.random.below(3000));
            self.say(side, &record(23, &vec![0xaa; length]));
        }
    }

    fn client_hello(&mut self, modern: bool) -> Vec<u8> {
        let name = self.name();
        let mut body = vec![3, 3];
        body.extend([9; 32]);
        body.extend([0, 0, 4, 0xc0, 0x2f, 0x13, 1, 1, 0]);
        let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
        let mut extensions = [&[0, 0], &length(name.len() + 5)[..], &length(name.len() + 3), &[0]].concat();
        extensions.extend([&length(name.len())[..], name.as_bytes()].concat());
        if modern {
            extensions.extend([0, 43, 0, 5, 4, 3, 4, 3, 3]);
        }
        // As long as with the keys of some browsers, so that it is cut.
        let padding = self.random.one(&[0, 10, 1500]);
        extensions.extend([&[0, 21], &length(padding)[..], &vec![0; padding]].concat());
        body.extend(length(extensions.len()));
        body.extend(extensions);
        message(1, &body)
    }

    fn name(&mut self) -> String {
        format!("host{}.example", self.random.below(100))
    }

    /// Bytes in segments of any length, some of which are sent twice.
    fn say(&mut self, side: usize, mut bytes: &[u8]) {
        // Where the port tells nothing, tshark goes by the first line, or the head of a record, in one segment; what
        // it makes of half of it is not to be copied.
        let mut least = if [443, 8080, 3128].contains(&self.ends[1].1) { 1 } else { 100 };
        while !bytes.is_empty() {
            let some = if self.cut { 1460 } else { self.random.one(&[1, 7, 100, 1460, 1460, 1460]) };
            let most = some.max(least);
            least = 1;
            let (now, later) = bytes.split_at(bytes.len().min(most.max(bytes.len() / 20)));
            self.wait();
            let trouble = if self.rough { self.random.below(12) } else { 12 };
            match trouble {
                // Not captured.
                0 => {}
                // The next one overtakes it: by little, or so much that it looks sent again.
                1 | 2 => {
                    let back = self.random.one(&[10, 600, if self.cut { 600 } else { 400_000 }]);
                    self.micros += back;
                    self.packet(side, 0x18, now);
                    self.micros -= back;
                }
                // The network lost it: the other side asks for it, three times.
                3 => self.lost(side, now),
                _ => self.packet(side, 0x18, now),
            }
            if !self.cut && trouble > 3 && self.random.once_in(12) {
                // Later than any round trip here.
                self.micros += 250_000;
                self.packet(side, 0x18, now);
            }
            self.next[side] = self.next[side].wrapping_add(u32::try_from(now.len()).unwrap());
            bytes = later;
        }
        self.wait();
        self.packet(1 - side, 0x10, &[]);
    }

    /// A segment that comes after something behind it, asked for by equal acknowledgements.
    fn lost(&mut self, side: usize, now: &[u8]) {
        let start = self.next[side];
        self.wait();
        self.packet(1 - side, 0x10, &[]);
        self.next[side] = start.wrapping_add(u32::try_from(now.len()).unwrap());
        // One byte of something that is nothing.
        self.packet(side, 0x18, &[]);
        self.next[side] = start;
        for _ in 0..3 {
            self.micros += 100;
            self.packet(1 - side, 0x10, &[]);
        }
        self.micros += 5_000;
        self.packet(side, 0x18, now);
    }

    fn close(&mut self) {
        let side = self.random.below(2);
        self.wait();
        let flags = self.random.one(&[0x11, 0x14]);
        self.packet(side, flags, &[]);
    }

    fn wait(&mut self) {
        self.micros += 100 + self.random.below(2000) as u64;
    }

    fn packet(&mut self, side: usize, flags: u8, payload: &[u8]) {
        let (from, to) = (self.ends[side], self.ends[1 - side]);
        let total = u16::try_from(40 + payload.len()).unwrap().to_be_bytes();
        let mut frame =
            vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 6];
        frame.extend([0, 0]);
        frame.extend([from.0, to.0].concat());
        frame.extend([from.1.to_be_bytes(), to.1.to_be_bytes()].concat());
        let acknowledged = if flags & 0x10 == 0 { 0 } else { self.next[1 - side] };
        frame.extend([self.next[side].to_be_bytes(), acknowledged.to_be_bytes()].concat());
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(payload);
        self.packets.push((self.micros, frame));
    }
}

/// The packets, each with at most so many bytes.
fn pcap(packets: &[(u64, Vec<u8>)], cut: Option<usize>) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for (micros, frame) in packets {
        let number = |number: u64| u32::try_from(number).unwrap().to_le_bytes();
        let captured = &frame[..frame.len().min(cut.unwrap_or(usize::MAX))];
        let (seconds, length) = (1_790_000_000 + micros / 1_000_000, frame.len() as u64);
        file.extend(
            [number(seconds), number(micros % 1_000_000), number(captured.len() as u64), number(length)]
                .concat(),
        );
        file.extend(captured);
    }
    file
}
