//! Authorities and certificates, sound ones and others.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, fs, io};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion, version::TLS12, version::TLS13,
};

use crate::process::run;

/// What a server shows, and what it demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// All is well.
    Sound,
    /// All is well, over TLS 1.2 at most.
    SoundTls12,
    /// All is well, over TLS 1.3 at least.
    SoundTls13,
    /// All is well, and signed with RSA and SHA-512.
    Sha512,
    /// Of an authority that nobody trusts.
    Untrusted,
    /// Over since long ago.
    Expired,
    /// For another name.
    WrongName,
    /// The authority in between is not sent along.
    MissingIntermediate,
    /// All is well, but the client has to show a certificate, too.
    ClientCertificate,
}

/// An authority with its key.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// All authorities of a network, and what they have signed.
pub struct Certificates {
    dir: PathBuf,
    trusted: Authority,
    between: Authority,
    stranger: Authority,
    /// All servers share one key: making one costs more than signing.
    leaf: KeyPair,
    /// Two certificates of one authority with the same number make NSS refuse the second.
    serial: AtomicU64,
}

impl Certificates {
    /// New authorities; their files go into this folder.
    pub fn new(dir: &Path) -> Self {
        let trusted = Authority::new("Lab", None);
        let between = Authority::new("Lab, in between", Some(&trusted));
        let stranger = Authority::new("Nobody", None);
        let leaf = KeyPair::generate().expect("a key can be made");
        let serial = AtomicU64::new(1);
        let this = Self { dir: dir.to_owned(), trusted, between, stranger, leaf, serial };
        this.write("authority.pem", &this.trusted.certificate.pem());
        this.write("authority.key", &this.trusted.issuer.key().serialize_pem());
        this.write("stranger.pem", &this.stranger.certificate.pem());
        this.write("stranger.key", &this.stranger.issuer.key().serialize_pem());
        this.write("leaf.key", &this.leaf.serialize_pem());
        this
    }

    /// Where the certificate of the authority is that browsers trust, as PEM.
    pub fn trusted_file(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    /// Certificate and key, for a proxy that mints certificates: of the trusted authority, or of the stranger.
    pub fn for_minting(&self, trusted: bool) -> String {
        let authority = if trusted { &self.trusted } else { &self.stranger };
        format!("{}{}", authority.certificate.pem(), authority.issuer.key().serialize_pem())
    }

    /// The files of a sound certificate and its key, for a server that is a program of its own.
    pub fn files(&self, name: &str, address: Ipv4Addr) -> (PathBuf, PathBuf) {
        let certificate = self.trusted.sign(&self.params(name, address), &self.leaf);
        (self.write(&format!("{name}.pem"), &certificate.pem()), self.dir.join("leaf.key"))
    }

    /// What a server of this name and address shows.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn server(&self, identity: Identity, name: &str, address: Ipv4Addr) -> Arc<ServerConfig> {
        let mut params = self.params(name, address);
        let chain = match identity {
            Identity::Sound | Identity::SoundTls12 | Identity::SoundTls13 | Identity::ClientCertificate => {
                vec![self.trusted.sign(&params, &self.leaf).der().clone()]
            }
            Identity::Untrusted => vec![
                self.stranger.sign(&params, &self.leaf).der().clone(),
                self.stranger.certificate.der().clone(),
            ],
            Identity::Expired => {
                params.not_after = date_time_ymd(2024, 1, 1);
                vec![self.trusted.sign(&params, &self.leaf).der().clone()]
            }
            Identity::WrongName => {
                let params = self.params("other.example", Ipv4Addr::new(192, 0, 2, 1));
                vec![self.trusted.sign(&params, &self.leaf).der().clone()]
            }
            Identity::MissingIntermediate => vec![self.between.sign(&params, &self.leaf).der().clone()],
            Identity::Sha512 => self.sha512(name),
        };
        let versions: &[&SupportedProtocolVersion] = match identity {
            Identity::SoundTls12 => &[&TLS12],
            Identity::SoundTls13 => &[&TLS13],
            _ => &[&TLS12, &TLS13],
        };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("these versions are there");
        let builder = if identity == Identity::ClientCertificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.trusted.certificate.der().clone()).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("one authority suffices"))
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_slice(self.leaf.serialize_pem().as_bytes()).expect("a key");
        Arc::new(builder.with_single_cert(chain, key).expect("certificate and key belong together"))
    }

    /// A server that has a sound certificate for whatever name it is asked for.
    pub fn server_for_everything(self: &Arc<Self>) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_protocol_versions(&[&TLS12, &TLS13]).expect("these versions are there");
        Arc::new(builder.with_no_client_auth().with_cert_resolver(Arc::new(Everything(Arc::clone(self)))))
    }

    /// A chain of RSA signatures with SHA-512. The library that makes all others has no RSA.
    fn sha512(&self, name: &str) -> Vec<CertificateDer<'static>> {
        let file = |file: &str| self.dir.join(file).display().to_string();
        let openssl = |arguments: &str| {
            let line = arguments.replace("{dir}", &self.dir.display().to_string());
            run(&[&["openssl"], line.split(' ').collect::<Vec<_>>().as_slice()].concat(), "");
        };
        self.write("sha512-ca.ext", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
        self.write(
            "sha512.ext",
            &format!(
                "subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n"
            ),
        );
        openssl(
            "req -newkey rsa:2048 -nodes -sha512 -subj /CN=Lab,-RSA -keyout {dir}/sha512-ca.key -out {dir}/sha512-ca.csr",
        );
        openssl(
            "x509 -req -sha512 -days 300 -set_serial 7001 -in {dir}/sha512-ca.csr -CA {dir}/authority.pem -CAkey {dir}/authority.key -extfile {dir}/sha512-ca.ext -out {dir}/sha512-ca.pem",
        );
        openssl("req -new -sha512 -subj /CN=Lab,-leaf -key {dir}/leaf.key -out {dir}/sha512.csr");
        openssl(
            "x509 -req -sha512 -days 300 -set_serial 7002 -in {dir}/sha512.csr -CA {dir}/sha512-ca.pem -CAkey {dir}/sha512-ca.key -extfile {dir}/sha512.ext -out {dir}/sha512.pem",
        );
        ["sha512.pem", "sha512-ca.pem"]
            .map(|pem| CertificateDer::from_pem_file(file(pem)).expect("openssl has written it"))
            .into()
    }

    fn params(&self, name: &str, address: Ipv4Addr) -> CertificateParams {
        let mut params = dated(vec![name.to_owned(), address.to_string()]);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.serial_number = Some(self.serial.fetch_add(1, Ordering::Relaxed).into());
        params
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.dir.join(name);
        let written: io::Result<()> = fs::write(&file, text);
        written.expect("the lab's folder is there");
        file
    }
}

/// Signs whatever is asked for.
struct Everything(Arc<Certificates>);

impl fmt::Debug for Everything {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the keys.
        f.debug_struct("Everything").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Everything {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let params = self.0.params(hello.server_name()?, Ipv4Addr::UNSPECIFIED);
        let chain = vec![self.0.trusted.sign(&params, &self.0.leaf).der().clone()];
        let key = PrivateKeyDer::from_pem_slice(self.0.leaf.serialize_pem().as_bytes()).ok()?;
        Some(Arc::new(CertifiedKey::new(chain, ring::sign::any_supported_type(&key).ok()?)))
    }
}

impl Authority {
    fn new(name: &str, above: Option<&Self>) -> Self {
        let key = KeyPair::generate().expect("a key can be made");
        // Authorities are told apart by name; two networks' must not look the same to a browser's cache.
        let public = key.public_key_raw();
        let tail: Vec<_> = public.iter().rev().take(4).map(|byte| format!("{byte:02x}")).collect();
        let mut params = dated(Vec::new());
        params.distinguished_name.push(DnType::CommonName, format!("{name} {}", tail.concat()));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = match above {
            None => params.self_signed(&key),
            Some(above) => params.signed_by(&key, &above.issuer),
        };
        let certificate = certificate.expect("an authority can be signed");
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Certificate {
        params.signed_by(key, &self.issuer).expect("a certificate can be signed")
    }
}

/// Valid from long ago until long from now: a wrong clock is no fault of the lab.
fn dated(names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).expect("a name that a certificate can carry");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params
}
