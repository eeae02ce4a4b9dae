//! Which names have which addresses, as far as name servers and TLS say it within the capture.

use std::collections::HashMap;
use std::net::IpAddr;

use domain::base::Message;
use domain::rdata::{A, Aaaa};
use foldhash::fast::RandomState;

use crate::budget::Budget;
use crate::facts::Connection;

/// Longer messages are not looked into. Name servers send at most 4096 bytes by UDP, whatever they are offered.
const MAX_MESSAGE: usize = 4096;

/// Addresses whose names are kept.
const MAX_ADDRESSES: usize = 16_384;

/// What one more address takes beside its name.
const ENTRY: usize = 96;

/// The names of addresses.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<IpAddr, Vec<String>, RandomState>,
}

impl Names {
    /// Takes a message that came from a name server, whatever it is.
    pub fn message(&mut self, message: &[u8], budget: &mut Budget) {
        if message.len() > MAX_MESSAGE {
            return;
        }
        budget.worked(message.len());
        let Some((name, addresses)) = answer(message) else { return };
        for address in addresses {
            self.learn(address, &name, budget);
        }
    }

    /// A host is called so by those who talk to it at this address.
    pub fn learn(&mut self, address: IpAddr, name: &str, budget: &mut Budget) {
        if self.known.len() >= MAX_ADDRESSES && !self.known.contains_key(&address) {
            return;
        }
        let names = self.known.entry(address).or_default();
        if names.len() < Connection::NAMES
            && !names.iter().any(|known| known == name)
            && budget.keep(ENTRY + name.len())
        {
            names.push(name.to_owned());
        }
    }

    /// The names of an address, in the order in which they were learnt.
    pub fn of(&self, address: IpAddr) -> &[String] {
        self.known.get(&address).map_or(&[], Vec::as_slice)
    }
}

/// The name that was asked for, in small letters, and its addresses; `None` for anything but a good answer. Aliases on
/// the way are left out: programs, and catalogues, know a host by the name that they ask for.
fn answer(message: &[u8]) -> Option<(String, Vec<IpAddr>)> {
    let message = Message::from_slice(message).ok()?;
    if !message.header().qr() || message.is_error() {
        return None;
    }
    let name = message.sole_question().ok()?.into_qname().to_string().to_ascii_lowercase();
    let section = message.answer().ok()?;
    // What was cut off is missing; what stands before it is true all the same.
    let v4 = section.limit_to::<A>().map_while(Result::ok).map(|record| IpAddr::V4(record.data().addr()));
    let v6 = section.limit_to::<Aaaa>().map_while(Result::ok).map(|record| IpAddr::V6(record.data().addr()));
    let addresses: Vec<_> = v4.chain(v6).collect();
    (!addresses.is_empty()).then_some((name, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label of a name, or a pointer to one, as bytes.
    fn name(labels: &[&str]) -> Vec<u8> {
        let mut bytes: Vec<u8> = labels
            .iter()
            .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat())
            .collect();
        bytes.push(0);
        bytes
    }

    fn header(flags: u16, answers: u16) -> Vec<u8> {
        [7, flags, 1, answers, 0, 0].iter().flat_map(|number: &u16| number.to_be_bytes()).collect()
    }

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        [&[0xc0, 12][..], &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 60], &length, data].concat()
    }

    fn message(flags: u16, records: &[Vec<u8>]) -> Vec<u8> {
        let question = [name(&["Login", "example", "COM"]), vec![0, 1, 0, 1]].concat();
        [header(flags, u16::try_from(records.len()).unwrap()), question, records.concat()].concat()
    }

    fn told(message: &[u8]) -> Option<(String, Vec<String>)> {
        answer(message).map(|(name, all)| (name, all.iter().map(ToString::to_string).collect()))
    }

    const ANSWER: u16 = 0x8180;

    #[test]
    fn addresses_belong_to_the_name_that_was_asked_for() {
        let alias = record(5, &name(&["edge", "example", "net"]));
        let v6: Vec<u8> = "2001:db8::9".parse::<std::net::Ipv6Addr>().unwrap().octets().to_vec();
        let good = message(ANSWER, &[alias, record(1, &[203, 0, 113, 9]), record(28, &v6)]);
        let expected = ["203.0.113.9", "2001:db8::9"].map(str::to_owned).to_vec();
        assert_eq!(told(&good), Some(("login.example.com".to_owned(), expected)));
        // Cut off within the last address.
        let cut = &good[..good.len() - 3];
        assert_eq!(told(cut), Some(("login.example.com".to_owned(), vec!["203.0.113.9".to_owned()])));
    }

    #[test]
    fn questions_errors_and_damaged_messages_tell_nothing() {
        let address = [record(1, &[203, 0, 113, 9])];
        assert_eq!(told(&message(0x0100, &address)), None, "a question");
        assert_eq!(told(&message(0x8183, &address)), None, "no such name");
        assert_eq!(told(&message(ANSWER, &[])), None);
        let whole = message(ANSWER, &address);
        for length in 0..whole.len() {
            assert_eq!(told(&whole[..length]), None, "{length} bytes");
        }
        // A name that points to itself.
        let circle = [header(ANSWER, 1), vec![0xc0, 12, 0, 1, 0, 1], address.concat()].concat();
        assert_eq!(told(&circle), None);
    }

    #[test]
    fn an_address_has_a_few_names_and_each_once() {
        let (mut names, mut budget) = (Names::default(), Budget::default());
        let address = IpAddr::from([203, 0, 113, 9]);
        for name in ["a", "b", "a", "c", "d", "e"] {
            names.learn(address, name, &mut budget);
        }
        assert_eq!(names.of(address), ["a", "b", "c", "d"]);
        assert!(names.of(IpAddr::from([203, 0, 113, 8])).is_empty());
    }
}
