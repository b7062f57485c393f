//! TLS: whom to trust, and which certificate to show.
//!
//! A registry's folder in a directory of certificates may hold `*.crt`, further
//! authorities, and pairs `NAME.cert` and `NAME.key`, the client's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{WebPkiServerVerifier, verify_server_name};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError,
    RootCertStore, SignatureScheme,
};

use crate::error::{Error, Result};

/// What a registry's folder holds.
#[derive(Default)]
struct Folder {
    authorities: Vec<CertificateDer<'static>>,
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

/// The configuration for a server: `host[:port]`. Without `verify` any
/// certificate is taken.
pub(crate) fn config(
    server: &str,
    directories: &[PathBuf],
    verify: bool,
) -> Result<Arc<ClientConfig>> {
    let folder = directories
        .iter()
        .map(|directory| directory.join(server))
        .find(|folder| folder.is_dir());
    let folder = match folder {
        // A server's name comes from a reference and has no slash; `..` is none.
        Some(path) => Folder::read(&path)?,
        None => Folder::default(),
    };
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if verify {
        Arc::new(Trust::new(folder.authorities, provider.clone())?)
    } else {
        Arc::new(Anybody(provider.clone()))
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match folder.client {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(failed)?,
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// The words for a failed handshake.
pub(crate) fn wording(error: &TlsError) -> Error {
    match error {
        TlsError::InvalidMessage(_) => Error::PlainHttp,
        TlsError::InvalidCertificate(reason) => Error::Connection(match reason {
            CertificateError::UnknownIssuer => {
                "x509: certificate signed by unknown authority".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "x509: certificate has expired or is not yet valid".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "x509: certificate is not valid for the name of the registry".to_owned()
            }
            other => format!("x509: {other}"),
        }),
        TlsError::AlertReceived(alert) => {
            Error::Connection(format!("remote error: tls: {alert:?}"))
        }
        other => Error::Connection(format!("tls: {other}")),
    }
}

fn failed(error: TlsError) -> Error {
    Error::Connection(format!("tls: {error}"))
}

impl Folder {
    fn read(path: &Path) -> Result<Self> {
        let bad = |file: &Path, error: &dyn std::fmt::Display| {
            Error::Connection(format!("{}: {error}", file.display()))
        };
        let mut folder = Self::default();
        let entries = fs::read_dir(path).map_err(|error| bad(path, &error))?;
        let mut files: Vec<PathBuf> = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()
            .map_err(|error| bad(path, &error))?;
        files.sort();
        for file in &files {
            let chain = |file: &Path| {
                CertificateDer::pem_file_iter(file)
                    .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>)
                    .map_err(|error| bad(file, &error))
            };
            match file.extension().and_then(|it| it.to_str()) {
                Some("crt") => folder.authorities.extend(chain(file)?),
                Some("cert") => {
                    let key = file.with_extension("key");
                    if !key.exists() {
                        return Err(Error::Connection(format!(
                            "missing key {} for client certificate {}. CA certificates must use \
                             the extension .crt",
                            key.display(),
                            file.display()
                        )));
                    }
                    let key =
                        PrivateKeyDer::from_pem_file(&key).map_err(|error| bad(&key, &error))?;
                    folder.client = Some((chain(file)?, key));
                }
                Some("key") if !file.with_extension("cert").exists() => {
                    return Err(Error::Connection(format!(
                        "missing client certificate {} for key {}",
                        file.with_extension("cert").display(),
                        file.display()
                    )));
                }
                _ => {}
            }
        }
        Ok(folder)
    }
}

/// The machine's authorities and the operator's.
///
/// A certificate that the operator put there himself is also taken as a
/// server's own: registries with one certificate that signs itself are set up
/// just like that.
#[derive(Debug)]
struct Trust {
    usual: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl Trust {
    fn new(own: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Self> {
        let mut roots = system_roots().clone();
        for authority in &own {
            roots.add(authority.clone()).map_err(failed)?;
        }
        if roots.is_empty() {
            return Err(Error::Connection(
                "x509: failed to load system roots and no roots provided".to_owned(),
            ));
        }
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| Error::Connection(format!("tls: {error}")))?;
        Ok(Self { usual, own })
    }
}

/// The machine's authorities, read once.
fn system_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "certificates of the machine");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        roots
    })
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        let verified = self.usual.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let signs_itself = match &verified {
            Err(TlsError::InvalidCertificate(CertificateError::Other(OtherError(error)))) => {
                error.to_string().contains("CaUsedAsEndEntity")
            }
            _ => false,
        };
        if signs_itself {
            if !self.own.iter().any(|own| own == end_entity) {
                return Err(CertificateError::UnknownIssuer.into());
            }
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// For registries that the operator called insecure.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, TlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.0.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
