//! The two-byte numbers of TLS.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number out of one of the registries of TLS; written as `0x1301`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodePoint(pub u16);

impl CodePoint {
    /// Whether the number is one of those that stand for nothing, put in to keep servers from relying on what
    /// they know (GREASE, RFC 8701): 0x0a0a, 0x1a1a … 0xfafa.
    pub const fn is_grease(self) -> bool {
        self.0 & 0x0f0f == 0x0a0a && self.0 >> 8 == self.0 & 0xff
    }
}

impl fmt::Display for CodePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

impl Serialize for CodePoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CodePoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text
            .strip_prefix("0x")
            .filter(|digits| digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| D::Error::custom(format!("\"{text}\" is no number such as 0x1301")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_has_sixteen_values() {
        let values: Vec<_> = (0..=u16::MAX).filter(|number| CodePoint(*number).is_grease()).collect();
        assert_eq!(values.len(), 16);
        assert_eq!((values[0], values[15]), (0x0a0a, 0xfafa));
    }

    #[test]
    fn only_four_hexadecimal_digits_are_read() {
        let read = |text: &str| serde_json::from_value::<CodePoint>(text.into()).ok();
        assert_eq!(read("0x13aB"), Some(CodePoint(0x13ab)));
        for text in ["", "1301", "0x", "0x130", "0x13011", "0x+301", "0xé1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
