//! The certificate and its key, for a service that ends TLS itself.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use tokio_rustls::TlsAcceptor;

use crate::base::custody::{self, CustodyError};

/// Why TLS can't be offered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file can't be read.
    #[error("{} can't be read: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
    /// Others may read or change the key.
    #[error(transparent)]
    Custody(#[from] CustodyError),
    /// The certificate file has no certificate.
    #[error("{} has no certificate: --tls-cert takes a PEM file with the certificate first and then those that lead to its authority", .0.display())]
    NoCertificate(PathBuf),
    /// The key file has no key.
    #[error("{} has no private key: --tls-key takes a PEM file with the certificate's key, without a passphrase", .0.display())]
    NoKey(PathBuf),
    /// They don't fit each other, or rustls can't use them.
    #[error("the certificate {} can't be used with the key {}: {}", .certificate.display(), .key.display(), .why)]
    Unfit {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls says.
        why: rustls::Error,
    },
}

/// What accepts TLS connections: TLS 1.2 and 1.3 by rustls on ring, HTTP/1.1 within. A new
/// certificate is taken at the next start.
///
/// # Errors
/// See [`TlsError`].
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| pem_error(error, certificate, TlsError::NoCertificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    custody::given_key(key)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| pem_error(error, key, TlsError::NoKey))?;
    let unfit = |why| TlsError::Unfit {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn pem_error(error: pem::Error, file: &Path, otherwise: fn(PathBuf) -> TlsError) -> TlsError {
    match error {
        pem::Error::Io(error) => TlsError::Io(file.to_owned(), error),
        _ => otherwise(file.to_owned()),
    }
}
