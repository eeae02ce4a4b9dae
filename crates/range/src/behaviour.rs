//! What a server of the range does with whoever connects.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// One way of treating a connection. Over TLS the handshake comes first, where the words below do not say
/// otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Behaviour {
    /// Answers every HTTP request with 204, readable by any page, and keeps the connection.
    Answer,
    /// The same, so much after the request.
    AnswerSlowly(Duration),
    /// Answers every HTTP request with this status, 200 to 599.
    Status(u16),
    /// Nothing listens: the system answers the SYN with RST.
    Refuse,
    /// Accepts and never says a word; over TLS, after the handshake.
    Silent,
    /// Closes at once, before any handshake.
    CloseAfterAccept,
    /// Closes after the handshake, or without TLS after the first bytes of the request.
    CloseAfterHandshake,
    /// Sends the protocol header of AMQP 1.0 and closes.
    NotHttp,
    /// SYNs stay unanswered. Needs Linux, where a full listen queue drops them; elsewhere the range stands in
    /// with [`Self::Silent`], and says so.
    Drop,
}

impl fmt::Display for Behaviour {
    /// As it stands in a layout file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("answer"),
            Self::AnswerSlowly(delay) => write!(f, "answer after {} ms", delay.as_millis()),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Refuse => f.write_str("refuse"),
            Self::Silent => f.write_str("silent"),
            Self::CloseAfterAccept => f.write_str("close after accept"),
            Self::CloseAfterHandshake => f.write_str("close after handshake"),
            Self::NotHttp => f.write_str("not http"),
            Self::Drop => f.write_str("drop"),
        }
    }
}

/// A text that names no behaviour; carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownBehaviour(pub String);

impl fmt::Display for UnknownBehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" is no behaviour; write answer, answer after N ms, status N (200 to 599), refuse, silent, \
             close after accept, close after handshake, not http or drop",
            self.0
        )
    }
}

impl std::error::Error for UnknownBehaviour {}

impl FromStr for Behaviour {
    type Err = UnknownBehaviour;

    fn from_str(text: &str) -> Result<Self, UnknownBehaviour> {
        let unknown = || UnknownBehaviour(text.to_owned());
        match text {
            "answer" => Ok(Self::Answer),
            "refuse" => Ok(Self::Refuse),
            "silent" => Ok(Self::Silent),
            "close after accept" => Ok(Self::CloseAfterAccept),
            "close after handshake" => Ok(Self::CloseAfterHandshake),
            "not http" => Ok(Self::NotHttp),
            "drop" => Ok(Self::Drop),
            _ => {
                if let Some(ms) = text.strip_prefix("answer after ").and_then(|t| t.strip_suffix(" ms")) {
                    let ms = ms.parse().map_err(|_| unknown())?;
                    Ok(Self::AnswerSlowly(Duration::from_millis(ms)))
                } else {
                    let status = text.strip_prefix("status ").and_then(|digits| digits.parse().ok());
                    status.filter(|status| (200..=599).contains(status)).map(Self::Status).ok_or_else(unknown)
                }
            }
        }
    }
}

impl TryFrom<String> for Behaviour {
    type Error = UnknownBehaviour;

    fn try_from(text: String) -> Result<Self, UnknownBehaviour> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_behaviour_is_written_and_read_back() {
        for behaviour in [
            Behaviour::Answer,
            Behaviour::AnswerSlowly(Duration::from_millis(1500)),
            Behaviour::Status(503),
            Behaviour::Refuse,
            Behaviour::Silent,
            Behaviour::CloseAfterAccept,
            Behaviour::CloseAfterHandshake,
            Behaviour::NotHttp,
            Behaviour::Drop,
        ] {
            assert_eq!(behaviour.to_string().parse(), Ok(behaviour));
        }
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "Answer", "status 99", "status 600", "answer after  ms", "answer after -1 ms"] {
            assert_eq!(text.parse::<Behaviour>(), Err(UnknownBehaviour(text.to_owned())));
        }
    }
}
