//! How the TLS ports are set up.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::server::{
    NoServerSessionStorage, ResolvesServerCert, WantsServerCert, WebPkiClientVerifier,
};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ConfigBuilder, RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::ports::Kind;

/// The protocols on offer, in the words of ALPN.
pub(crate) const H2: &[u8] = b"h2";
/// See [`H2`].
pub(crate) const HTTP1: &[u8] = b"http/1.1";
/// See [`H2`]. Who offers nothing else would be refused TLS.
pub(crate) const HTTP1_0: &[u8] = b"http/1.0";

/// The configuration of a kind of port. `nobody` is an authority of which nobody has a client certificate.
pub(crate) fn config(
    kind: Kind,
    certificate: Arc<dyn ResolvesServerCert>,
    nobody: &RootCertStore,
    http2: bool,
) -> Result<ServerConfig, rustls::Error> {
    let versions: &[&SupportedProtocolVersion] = match kind {
        Kind::Tls12 => &[&TLS12],
        Kind::Tls13 => &[&TLS13],
        Kind::Https | Kind::Http | Kind::Sha512 | Kind::ClientCertificate | Kind::Echo => &[&TLS13, &TLS12],
    };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
    let builder: ConfigBuilder<_, WantsServerCert> = if kind == Kind::ClientCertificate {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(nobody.clone()), provider)
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(certificate);
    let protocols: &[&[u8]] = if http2 { &[H2, HTTP1, HTTP1_0] } else { &[HTTP1, HTTP1_0] };
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // Every connection makes a whole handshake: that is what is to be looked at, and what is to be timed.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}
