//! A certificate authority of the range's own. No browser trusts it unless a test told it to.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey};

/// What a person sees where the certificate is shown.
const NAME: &str = "Connector Check practice authority";

/// Mints certificates for whatever name is asked for.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    /// All leaves share one key: making one costs more than signing.
    leaf_key: KeyPair,
    leaf_signer: Arc<dyn SigningKey>,
    minted: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    /// Two certificates of one authority with the same number make NSS refuse the second.
    serial: AtomicU64,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the keys.
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// The authority or one of its certificates could not be made.
#[derive(Debug)]
pub struct AuthorityError(String);

impl fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "making test certificates failed: {}", self.0)
    }
}

impl std::error::Error for AuthorityError {}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<tokio_rustls::rustls::Error> for AuthorityError {
    fn from(error: tokio_rustls::rustls::Error) -> Self {
        Self(error.to_string())
    }
}

impl Authority {
    /// A new authority with keys of its own, that nothing knows yet.
    pub fn new() -> Result<Self, AuthorityError> {
        let key = KeyPair::generate()?;
        // Authorities are told apart by name; one that looked like another would be taken for it.
        let public = key.public_key_raw();
        let tail: Vec<_> = public.iter().skip(public.len() - 4).map(|byte| format!("{byte:02x}")).collect();
        let mut params = dated(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, format!("{NAME} {}", tail.concat()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let leaf_key = KeyPair::generate()?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        Ok(Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            leaf_signer: ring::sign::any_supported_type(&der)?,
            leaf_key,
            minted: Mutex::default(),
            serial: AtomicU64::new(1),
        })
    }

    /// The authority's certificate as PEM, to be imported where it shall be trusted.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's certificate.
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The authority's private key as PEM, for a proxy that is to mint certificates itself. Of no worth outside
    /// the test that made the authority.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A TLS server that shows each client a certificate for the name it asked for, and one for `address` to
    /// clients that ask for none, as they do for IP addresses.
    pub fn server(self: &Arc<Self>, address: IpAddr) -> Result<Arc<ServerConfig>, AuthorityError> {
        let resolver = Resolver { authority: Arc::clone(self), unnamed: address.to_string() };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Ok(Arc::new(config))
    }

    /// A certificate for a name, with the chain to it, and its key, both as PEM: for servers that read files.
    pub fn pem_for(&self, name: &str) -> Result<(String, String), AuthorityError> {
        let chain = format!("{}{}", self.mint(name)?.pem(), self.certificate_pem);
        Ok((chain, self.leaf_key.serialize_pem()))
    }

    fn leaf(&self, name: &str) -> Result<Arc<CertifiedKey>, AuthorityError> {
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = minted.get(name) {
            return Ok(Arc::clone(known));
        }
        let chain = vec![self.mint(name)?.der().clone(), self.certificate.clone()];
        let certified = Arc::new(CertifiedKey::new(chain, Arc::clone(&self.leaf_signer)));
        minted.insert(name.to_owned(), Arc::clone(&certified));
        Ok(certified)
    }

    fn mint(&self, name: &str) -> Result<Certificate, AuthorityError> {
        let mut params = dated(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::OrganizationName, NAME);
        params.serial_number = Some(self.serial.fetch_add(1, Ordering::Relaxed).into());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(&self.leaf_key, &self.issuer)?)
    }
}

/// Certificates are valid from long ago until long from now: a wrong clock is no fault of the range.
fn dated(names: Vec<String>) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    Ok(params)
}

#[derive(Debug)]
struct Resolver {
    authority: Arc<Authority>,
    unnamed: String,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // A name that no certificate can carry ends the handshake with an alert.
        self.authority.leaf(hello.server_name().unwrap_or(&self.unnamed)).ok()
    }
}
