//! Certificates that can change while the server runs.

mod self_made;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use time::OffsetDateTime;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

pub use self_made::{Authority, Digest};

/// Where a certificate chain and its key are, both as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// A certificate cannot be used; for an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateError(String);

impl CertificateError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    pub(crate) fn missing(kind: &str) -> Self {
        Self::new(match kind {
            "sha512" => {
                "--sha512 needs --sha512-cert and --sha512-key, or --self-signed: a certificate signed with SHA-512"
            }
            _ => "ports with TLS need --cert and --key, or --self-signed",
        })
    }

    pub(crate) fn not_sha512(description: &Description) -> Self {
        Self::new(format!(
            "the certificate for --sha512 is signed with {}; a port that claims SHA-512 must have it",
            description.signature
        ))
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CertificateError {}

/// What there is to say of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// How it is signed, `sha256WithRSAEncryption` for example; the object identifier where there is no name.
    pub signature: String,
    /// The names it is for.
    pub names: Vec<String>,
    /// When it ends to be valid.
    pub not_after: OffsetDateTime,
}

impl Description {
    /// Whether it is signed with SHA-512.
    pub fn is_sha512(&self) -> bool {
        SHA512_NAMES.contains(&self.signature.as_str())
    }
}

/// The object identifiers of certificate signatures, with their names out of RFC 8017 and RFC 5758.
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "Ed25519"),
];

const SHA512_NAMES: [&str; 2] = ["sha512WithRSAEncryption", "ecdsa-with-SHA512"];

/// A certificate in use, to be exchanged at any time. Connections that are open keep theirs.
#[derive(Debug)]
pub(crate) struct Certificate {
    source: Source,
    used: ArcSwap<Used>,
}

#[derive(Debug)]
struct Used {
    certified: Arc<CertifiedKey>,
    description: Description,
    /// What the files held; nothing where there are none.
    read: (Vec<u8>, Vec<u8>),
}

#[derive(Debug)]
enum Source {
    Files(CertificateFiles),
    SelfMade(Arc<Authority>, Digest),
}

/// What a look at the source has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// As it was.
    Unchanged,
    /// There is a new one, and it is in use.
    Renewed(Description),
    /// What is there now cannot be used; the old one stays.
    Refused(CertificateError),
}

impl Certificate {
    pub(crate) fn from_files(files: CertificateFiles) -> Result<Self, CertificateError> {
        let used = Used::read(&files)?;
        Ok(Self { source: Source::Files(files), used: ArcSwap::from_pointee(used) })
    }

    pub(crate) fn self_made(authority: Arc<Authority>, digest: Digest) -> Result<Self, CertificateError> {
        let used = Used::made(&authority, digest)?;
        Ok(Self { source: Source::SelfMade(authority, digest), used: ArcSwap::from_pointee(used) })
    }

    pub(crate) fn description(&self) -> Description {
        self.used.load().description.clone()
    }

    /// Looks whether there is a new one, and takes it. Reads files.
    pub(crate) fn renew(&self) -> Renewal {
        let used = self.used.load();
        let renewed = match &self.source {
            Source::Files(files) => match read_files(files) {
                Ok(read) if read == used.read => return Renewal::Unchanged,
                Ok(read) => Used::of_bytes(read, files),
                Err(error) => Err(error),
            },
            Source::SelfMade(authority, digest) => {
                if used.description.not_after - OffsetDateTime::now_utc() > self_made::RENEWED_BEFORE {
                    return Renewal::Unchanged;
                }
                Used::made(authority, *digest)
            }
        };
        match renewed {
            Ok(renewed) => {
                let description = renewed.description.clone();
                self.used.store(Arc::new(renewed));
                Renewal::Renewed(description)
            }
            Err(error) => Renewal::Refused(error),
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.used.load().certified))
    }
}

impl Used {
    fn read(files: &CertificateFiles) -> Result<Self, CertificateError> {
        Self::of_bytes(read_files(files)?, files)
    }

    fn of_bytes(read: (Vec<u8>, Vec<u8>), files: &CertificateFiles) -> Result<Self, CertificateError> {
        let bad = |file: &Path, reason: &dyn fmt::Display| {
            CertificateError::new(format!("{}: {reason}", file.display()))
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&read.0)
            .collect::<Result<_, _>>()
            .map_err(|error| bad(&files.certificate, &error))?;
        if chain.is_empty() {
            return Err(bad(&files.certificate, &"no certificate in PEM is in it"));
        }
        let key = PrivateKeyDer::from_pem_slice(&read.1).map_err(|error| {
            bad(&files.key, &format!("no private key in PEM that can be read without a password: {error}"))
        })?;
        let description = describe(&chain[0]).map_err(|error| bad(&files.certificate, &error))?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(|error| bad(&files.key, &format!("it does not go with the certificate: {error}")))?;
        Ok(Self { certified: Arc::new(certified), description, read })
    }

    fn made(authority: &Authority, digest: Digest) -> Result<Self, CertificateError> {
        let certified = authority.leaf(digest)?;
        let description = describe(&certified.cert[0])?;
        Ok(Self { certified: Arc::new(certified), description, read: Default::default() })
    }
}

fn read_files(files: &CertificateFiles) -> Result<(Vec<u8>, Vec<u8>), CertificateError> {
    let read = |file: &Path| {
        fs::read(file)
            .map_err(|error| CertificateError::new(format!("cannot read {}: {error}", file.display())))
    };
    Ok((read(&files.certificate)?, read(&files.key)?))
}

fn describe(certificate: &CertificateDer<'_>) -> Result<Description, CertificateError> {
    use x509_parser::extensions::GeneralName;
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|error| CertificateError::new(format!("not a certificate: {error}")))?;
    let oid = parsed.signature_algorithm.algorithm.to_id_string();
    let signature = SIGNATURES.iter().find(|(known, _)| *known == oid);
    let names = parsed.subject_alternative_name().ok().flatten().map_or_else(Vec::new, |names| {
        let text = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => self_made::address(bytes).map(|address| address.to_string()),
            _ => None,
        };
        names.value.general_names.iter().filter_map(text).collect()
    });
    Ok(Description {
        signature: signature.map_or(oid.clone(), |(_, name)| (*name).to_owned()),
        names,
        not_after: parsed.validity().not_after.to_datetime(),
    })
}

#[cfg(test)]
#[path = "certificate_tests.rs"]
mod tests;
