//! Putting a `ClientHello` together from the bytes of a connection, however they are cut into segments and records.

use super::{CLIENT_HELLO, HelloError, MAX_HELLO, MESSAGE_HEADER};

/// The record type of handshake messages (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// Type, version and length before a record's content.
const RECORD_HEADER: usize = 5;

/// Collects bytes as they come until the first handshake message is whole. Holds no more than one message.
#[derive(Debug, Default)]
pub struct Recorder {
    header: Vec<u8>,
    /// Bytes of the current record that are still to come.
    left: usize,
    records: usize,
    message: Vec<u8>,
    failed: Option<HelloError>,
}

/// How far a [`Recorder`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// More bytes are needed.
    Partly,
    /// The message is whole; what follows is of no concern.
    Whole,
    /// What came is no `ClientHello`.
    Failed(HelloError),
}

impl Recorder {
    /// Takes the next bytes of the connection.
    pub fn push(&mut self, mut bytes: &[u8]) -> Recorded {
        while !bytes.is_empty() && self.state() == Recorded::Partly {
            if self.left == 0 {
                let missing = RECORD_HEADER - self.header.len();
                let (head, rest) = bytes.split_at(missing.min(bytes.len()));
                self.header.extend_from_slice(head);
                bytes = rest;
                if let Some(error) = self.begin_record() {
                    self.failed = Some(error);
                }
            } else {
                let (content, rest) = bytes.split_at(self.left.min(bytes.len()));
                self.message.extend_from_slice(content);
                self.left -= content.len();
                bytes = rest;
            }
        }
        self.state()
    }

    /// How far it has come.
    pub fn state(&self) -> Recorded {
        if let Some(error) = self.failed {
            return Recorded::Failed(error);
        }
        match self.message.first() {
            Some(kind) if *kind != CLIENT_HELLO => return Recorded::Failed(HelloError::OtherMessage(*kind)),
            _ => {}
        }
        match self.length() {
            Some(length) if length > MAX_HELLO => Recorded::Failed(HelloError::TooLong),
            Some(length) if self.message.len() >= length => Recorded::Whole,
            _ => Recorded::Partly,
        }
    }

    /// The message, header included, and how many records it took; what has come of it, where it is not whole.
    pub fn message(&self) -> (&[u8], usize) {
        let length = self.length().unwrap_or(usize::MAX).min(self.message.len());
        (&self.message[..length], self.records)
    }

    /// Bytes of the whole message, once its header has come.
    fn length(&self) -> Option<usize> {
        let header = self.message.get(1..MESSAGE_HEADER)?;
        let body = header.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        Some(body + MESSAGE_HEADER)
    }

    /// Reads the record header once it is whole.
    fn begin_record(&mut self) -> Option<HelloError> {
        // The type comes first, and what has another will never have five bytes of header.
        match self.header.first() {
            Some(kind) if *kind != HANDSHAKE => return Some(HelloError::OtherRecord(*kind)),
            _ => {}
        }
        let [_, _, _, high, low] = self.header[..] else { return None };
        self.header.clear();
        self.left = usize::from(u16::from_be_bytes([high, low]));
        self.records += 1;
        // An empty record carries nothing on, and one after the other would never end.
        (self.left == 0).then_some(HelloError::Short("a record without content"))
    }
}
