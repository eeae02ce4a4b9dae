//! A fingerprint of what a client offers, by the published rules of JA4 for TLS clients.

use std::fmt::Write as _;

use connector_check_diagnosis::responder::{CodePoint, Hello};
use sha2::{Digest, Sha256};

/// Extensions that are counted and not hashed: the server name and the protocols depend on the request.
const SERVER_NAME: CodePoint = CodePoint(0);
const ALPN: CodePoint = CodePoint(16);

/// Characters kept of each hash.
const HASH_LENGTH: usize = 12;

/// The fingerprint, such as `t13d1516h2_8daaf6152771_e5627efa2ab1`. GREASE is left out everywhere, ciphers and
/// extensions are sorted, so that a browser that shuffles them keeps one fingerprint.
pub fn fingerprint(hello: &Hello) -> String {
    let ciphers = sorted(&hello.cipher_suites);
    let extensions = sorted(&hello.extensions);
    let hashed: Vec<_> =
        extensions.iter().copied().filter(|number| ![SERVER_NAME, ALPN].contains(number)).collect();
    let signatures: Vec<_> =
        hello.signature_algorithms.iter().copied().filter(|number| !number.is_grease()).collect();
    let mut tail = listed(&hashed);
    if !signatures.is_empty() {
        tail.push('_');
        tail.push_str(&listed(&signatures));
    }
    format!(
        "t{}{}{:02}{:02}{}_{}_{}",
        version(hello),
        if hello.extensions.contains(&SERVER_NAME) { 'd' } else { 'i' },
        ciphers.len().min(99),
        extensions.len().min(99),
        protocol(hello),
        hash(&listed(&ciphers)),
        // The rules give an empty list zeros, whatever else there is.
        if hello.extensions.is_empty() { hash("") } else { hash(&tail) },
    )
}

fn sorted(numbers: &[CodePoint]) -> Vec<CodePoint> {
    let mut numbers: Vec<_> = numbers.iter().copied().filter(|number| !number.is_grease()).collect();
    numbers.sort_unstable();
    numbers
}

fn listed(numbers: &[CodePoint]) -> String {
    let mut list = String::with_capacity(numbers.len() * 5);
    for (index, number) in numbers.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(list, "{comma}{:04x}", number.0).expect("a String takes everything");
    }
    list
}

fn hash(list: &str) -> String {
    if list.is_empty() {
        return "0".repeat(HASH_LENGTH);
    }
    let mut hex = format!("{:x}", Sha256::digest(list));
    hex.truncate(HASH_LENGTH);
    hex
}

/// The highest version on offer.
fn version(hello: &Hello) -> &'static str {
    let real = hello.versions.iter().filter(|version| !version.is_grease());
    match real.max().map_or(0, |version| version.0) {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// First and last character of the first protocol; its hexadecimal digits where these are no letters or digits.
fn protocol(hello: &Hello) -> String {
    let Some(first) = hello.alpn.first() else { return "00".to_owned() };
    let bytes = first.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(head), Some(tail)) if head.is_ascii_alphanumeric() && tail.is_ascii_alphanumeric() => {
            [char::from(*head), char::from(*tail)].iter().collect()
        }
        // Bytes that are no text stand as `\xab`: the digits are the second last of the first, and the last.
        (Some(b'\\'), Some(tail)) => {
            [char::from(*bytes.get(2).unwrap_or(&b'0')), char::from(*tail)].iter().collect()
        }
        (Some(head), Some(tail)) => format!("{:x}{:x}", head >> 4, tail & 0xf),
        _ => "00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(hex: &str) -> Vec<CodePoint> {
        hex.split(',').map(|digits| CodePoint(u16::from_str_radix(digits, 16).unwrap())).collect()
    }

    /// The worked example of JA4's own description.
    fn example() -> Hello {
        Hello {
            versions: points("7a7a,0304,0303"),
            cipher_suites: points(
                "2a2a,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035",
            ),
            extensions: points(
                "baba,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015,0a0a",
            ),
            signature_algorithms: points("0403,0804,0401,0503,0805,0501,0806,0601"),
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            ..Hello::default()
        }
    }

    #[test]
    fn the_published_example_has_its_published_fingerprint() {
        assert_eq!(fingerprint(&example()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn order_and_grease_change_nothing_and_an_extension_does() {
        let mut shuffled = example();
        shuffled.extensions.reverse();
        shuffled.cipher_suites.push(CodePoint(0xfafa));
        assert_eq!(fingerprint(&shuffled), fingerprint(&example()));
        let mut other = example();
        other.extensions.push(CodePoint(22));
        assert_ne!(fingerprint(&other), fingerprint(&example()));
    }

    #[test]
    fn a_hello_of_nothing_has_a_fingerprint_too() {
        assert_eq!(fingerprint(&Hello::default()), "t00i000000_000000000000_000000000000");
    }
}
