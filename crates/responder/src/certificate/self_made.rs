//! An authority of the responder's own, for trials: a browser trusts it once its certificate was imported.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PKCS_RSA_SHA256, PKCS_RSA_SHA512, RsaKeySize,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey};

use super::CertificateError;

/// What a person sees where the certificate is shown.
const NAME: &str = "Connector Check responder trial authority";

/// The authority's certificate, in its folder.
const CERTIFICATE_FILE: &str = "ca.pem";

/// The authority's key, in its folder.
const KEY_FILE: &str = "ca.key";

/// How long the authority is valid: a trial that takes longer deserves a real certificate.
const AUTHORITY_LIFE: Duration = Duration::days(3 * 365);

/// How long a server certificate is valid: the longest that browsers take from public authorities.
const LEAF_LIFE: Duration = Duration::days(397);

/// A self-made certificate is made anew when so little is left.
pub(super) const RENEWED_BEFORE: Duration = Duration::days(30);

/// Certificates begin before now: clocks differ.
const CLOCK_TOLERANCE: Duration = Duration::days(2);

/// What the authority signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// As nearly everyone does.
    Sha256,
    /// As the connector's own certificate is signed.
    Sha512,
}

/// An authority that makes server certificates for a fixed list of names, and can make no others: its own
/// certificate says so (name constraints), so that importing it gives nobody power over other names.
pub struct Authority {
    names: Vec<String>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: String,
    leaf_key: KeyPair,
    leaf_signer: Arc<dyn SigningKey>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the keys.
        f.debug_struct("Authority").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Authority {
    /// A new authority for these host names and addresses.
    pub fn new(names: &[String]) -> Result<Self, CertificateError> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072).map_err(failed)?;
        let mut params = dated(Vec::new(), AUTHORITY_LIFE)?;
        // Browsers tell authorities apart by name; one that looked like another would be taken for it.
        let tail: Vec<_> = key.public_key_raw().iter().rev().take(4).map(|b| format!("{b:02x}")).collect();
        params.distinguished_name.push(DnType::CommonName, format!("{NAME} {}", tail.concat()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let permitted_subtrees = names.iter().map(|name| subtree(name)).collect();
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
        let certificate = params.self_signed(&key).map_err(failed)?;
        Self::of(names, certificate.pem(), key.serialize_pem())
    }

    /// The authority in a folder; a new one is put there where there is none, or one for other names.
    /// Returns whether it is new.
    pub fn in_folder(folder: &Path, names: &[String]) -> Result<(Self, bool), CertificateError> {
        let cannot = |what: &str, file: &Path, error: &io::Error| {
            CertificateError::new(format!("cannot {what} {}: {error}", file.display()))
        };
        let (certificate, key) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        let read = |file: &Path| match fs::read_to_string(file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot("read", file, &error)),
        };
        if let (Some(certificate), Some(key)) = (read(&certificate)?, read(&key)?) {
            let authority = Self::of(names, certificate, key)?;
            if authority.covers(names) && !authority.ends_soon() {
                return Ok((authority, false));
            }
        }
        let authority = Self::new(names)?;
        fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))?;
        write_private(&key, &authority.key_pem).map_err(|error| cannot("write", &key, &error))?;
        fs::write(&certificate, &authority.certificate_pem)
            .map_err(|error| cannot("write", &certificate, &error))?;
        Ok((authority, true))
    }

    /// The authority's certificate as PEM, to be imported where it shall be trusted.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A server certificate for the names of this authority, with the chain to it.
    pub(super) fn leaf(&self, digest: Digest) -> Result<CertifiedKey, CertificateError> {
        let algorithm = match digest {
            Digest::Sha256 => &PKCS_RSA_SHA256,
            Digest::Sha512 => &PKCS_RSA_SHA512,
        };
        let key = KeyPair::from_pem_and_sign_algo(&self.key_pem, algorithm).map_err(failed)?;
        let issuer = Issuer::from_ca_cert_der(&self.certificate, key).map_err(failed)?;
        let mut params = dated(self.names.clone(), LEAF_LIFE)?;
        params.distinguished_name.push(DnType::OrganizationName, NAME);
        params.serial_number = Some(serial(digest));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&self.leaf_key, &issuer).map_err(failed)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        Ok(CertifiedKey::new(chain, Arc::clone(&self.leaf_signer)))
    }

    fn of(names: &[String], certificate_pem: String, key_pem: String) -> Result<Self, CertificateError> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|error| CertificateError::new(format!("the trial authority's certificate: {error}")))?;
        let leaf_key = KeyPair::generate().map_err(failed)?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let leaf_signer = aws_lc_rs::sign::any_supported_type(&der).map_err(failed)?;
        Ok(Self { names: names.to_vec(), certificate, certificate_pem, key_pem, leaf_key, leaf_signer })
    }

    /// Whether the authority's own constraints permit exactly these names.
    fn covers(&self, names: &[String]) -> bool {
        use x509_parser::extensions::GeneralName;
        let Ok((_, parsed)) = x509_parser::parse_x509_certificate(&self.certificate) else { return false };
        let Ok(Some(constraints)) = parsed.name_constraints() else { return false };
        let permitted = constraints.value.permitted_subtrees.iter().flatten();
        let permitted: Vec<_> = permitted
            .filter_map(|subtree| match &subtree.base {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                // Address and mask.
                GeneralName::IPAddress(bytes) => {
                    address(&bytes[..bytes.len() / 2]).map(|address| address.to_string())
                }
                _ => None,
            })
            .collect();
        names.len() == permitted.len() && names.iter().all(|name| permitted.contains(name))
    }

    fn ends_soon(&self) -> bool {
        let Ok((_, parsed)) = x509_parser::parse_x509_certificate(&self.certificate) else { return true };
        parsed.validity().not_after.to_datetime() - OffsetDateTime::now_utc() < LEAF_LIFE
    }
}

/// Two certificates of one authority with the same number make NSS refuse the second; nanoseconds differ.
fn serial(digest: Digest) -> rcgen::SerialNumber {
    let kind = match digest {
        Digest::Sha256 => 1,
        Digest::Sha512 => 2,
    };
    let nanoseconds = OffsetDateTime::now_utc().unix_timestamp_nanos().to_be_bytes();
    // The upper half is zero, and a number must be positive.
    [&[kind], &nanoseconds[8..]].concat().into()
}

/// An address out of the bytes of a certificate.
pub(super) fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn subtree(name: &str) -> GeneralSubtree {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => GeneralSubtree::IpAddress(CidrSubnet::V4(v4.octets(), [u8::MAX; 4])),
        Ok(IpAddr::V6(v6)) => GeneralSubtree::IpAddress(CidrSubnet::V6(v6.octets(), [u8::MAX; 16])),
        Err(_) => GeneralSubtree::DnsName(name.to_owned()),
    }
}

fn dated(names: Vec<String>, life: Duration) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    let now = OffsetDateTime::now_utc();
    params.not_before = now - CLOCK_TOLERANCE;
    params.not_after = now + life;
    Ok(params)
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failed(error: impl ToString) -> CertificateError {
    CertificateError::new(format!("making trial certificates failed: {}", error.to_string()))
}

/// Writes a file that only its owner may read.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    io::Write::write_all(&mut options.open(file)?, text.as_bytes())
}
