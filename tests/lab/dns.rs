//! A name server that answers as a scenario says, or does not.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};
use tokio::net::UdpSocket;

/// What comes of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These addresses, in this order.
    Addresses(Vec<Ipv4Addr>),
    /// There is no such name.
    NoName,
    /// The server has failed.
    ServerFailure,
    /// The server does not want to.
    Refused,
    /// Nothing at all.
    Silence,
}

/// Everything that a name server knows.
#[derive(Debug)]
pub struct Names {
    exact: BTreeMap<String, Answer>,
    below: Vec<(String, Answer)>,
    everything_else: Answer,
}

impl Names {
    /// Knows no name; `everything_else` comes of all that are not given.
    pub const fn new(everything_else: Answer) -> Self {
        Self { exact: BTreeMap::new(), below: Vec::new(), everything_else }
    }

    /// Gives one name an answer.
    pub fn set(&mut self, name: &str, answer: Answer) {
        self.exact.insert(name.to_owned(), answer);
    }

    /// Gives every name below a domain an answer, but for those that have one of their own.
    pub fn set_below(&mut self, domain: &str, answer: Answer) {
        self.below.push((format!(".{domain}"), answer));
    }

    fn answer(&self, name: &str) -> &Answer {
        let below = || self.below.iter().find(|(domain, _)| name.ends_with(domain)).map(|(_, answer)| answer);
        self.exact.get(name).or_else(below).unwrap_or(&self.everything_else)
    }

    /// The reply to a question, both as they travel.
    fn reply(&self, question: &[u8]) -> Option<Vec<u8>> {
        let packet = Packet::parse(question).ok()?;
        let (name, kind) = {
            let question = packet.questions.first()?;
            (question.qname.clone(), question.qtype)
        };
        let answer = self.answer(&name.to_string().to_ascii_lowercase());
        if *answer == Answer::Silence {
            return None;
        }
        let mut reply = Packet::new_reply(packet.id());
        reply.questions.clone_from(&packet.questions);
        reply.set_flags(PacketFlag::RECURSION_AVAILABLE | PacketFlag::RECURSION_DESIRED);
        match answer {
            Answer::Addresses(addresses) if kind == QTYPE::TYPE(TYPE::A) => {
                reply.answers.extend(addresses.iter().map(|address| {
                    // Nothing is kept: each question comes here.
                    ResourceRecord::new(name.clone(), CLASS::IN, 0, RData::A(A::from(*address)))
                }));
            }
            // The name is there, and has nothing of the other kinds.
            Answer::Addresses(_) => {}
            Answer::NoName => *reply.rcode_mut() = RCODE::NameError,
            Answer::ServerFailure => *reply.rcode_mut() = RCODE::ServerFailure,
            Answer::Refused => *reply.rcode_mut() = RCODE::Refused,
            Answer::Silence => return None,
        }
        reply.build_bytes_vec().ok()
    }
}

/// Answers questions at this address until it is dropped.
///
/// # Panics
/// Where the address cannot be had.
pub async fn serve(at: SocketAddr, names: Names) {
    let socket = UdpSocket::bind(at).await.unwrap_or_else(|error| panic!("name server at {at}: {error}"));
    let mut question = [0; 1500];
    loop {
        let Ok((length, asker)) = socket.recv_from(&mut question).await else { continue };
        if let Some(reply) = names.reply(&question[..length]) {
            let _gone = socket.send_to(&reply, asker).await;
        }
    }
}
