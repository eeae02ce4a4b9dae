//! The chain of certificates that a server sends before TLS 1.3.

use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

use super::conversation;
use crate::conversation::Talk;
use crate::facts::{Certificate, Tls};

/// Texts are shortened to so many characters.
const MAX_TEXT: usize = 256;

/// Names that are kept of one certificate.
const MAX_NAMES: usize = 16;

/// Reads a Certificate message.
pub fn chain(body: &[u8], talk: &mut Talk<'_>) {
    let mut rest = body.get(3..).unwrap_or_default();
    let mut certificates = Vec::new();
    while let [high, middle, low, behind @ ..] = rest {
        let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
        let Some((der, behind)) = behind.split_at_checked(length) else { break };
        rest = behind;
        if certificates.len() < Tls::CERTIFICATES {
            certificates.push(certificate(der));
        }
    }
    let weight: usize = certificates.iter().map(weight).sum();
    let known = talk.facts.tls.as_ref().is_some_and(|tls| !tls.certificates.is_empty());
    if known || certificates.is_empty() || !talk.keep(weight) {
        return;
    }
    if let Some(tls) = conversation(talk) {
        tls.certificates = certificates;
    }
}

fn certificate(der: &[u8]) -> Certificate {
    let mut sha256 = String::with_capacity(64);
    for byte in Sha256::digest(der) {
        sha256.extend(
            [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('?')),
        );
    }
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return Certificate { sha256, unreadable: true, ..Certificate::default() };
    };
    let algorithm = parsed.signature_algorithm.algorithm.to_id_string();
    Certificate {
        subject: short(&parsed.subject().to_string()),
        issuer: short(&parsed.issuer().to_string()),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        signature_algorithm: algorithm_name(&algorithm).map_or_else(|| short(&algorithm), str::to_owned),
        sha256,
        names: names(&parsed),
        unreadable: false,
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extensions = certificate.extensions().iter();
    let lists = extensions.filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    let names = lists.flatten().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(short(name)),
        _ => None,
    });
    names.take(MAX_NAMES).collect()
}

/// The name of a signature algorithm, by its dotted number (RFC 8017, 5758, 8410).
fn algorithm_name(number: &str) -> Option<&'static str> {
    Some(match number {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassa-pss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ed25519",
        _ => return None,
    })
}

fn weight(certificate: &Certificate) -> usize {
    let names: usize = certificate.names.iter().map(|name| name.len() + 24).sum();
    256 + certificate.subject.len() + certificate.issuer.len() + names
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
