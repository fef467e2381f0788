//! TLS from PEM files: rustls with ring, TLS 1.2 and 1.3, HTTP/1.1 only.

use crate::{Error, config::TlsFiles};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// Reads the files and makes an acceptor.
///
/// # Errors
/// [`Error::Pem`] for a file, [`Error::Tls`] when certificate and key do not fit each other.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, Error> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|e| Error::Pem(files.key.clone(), e))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let bad = |e| Error::Pem(path.to_owned(), e);
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(bad)?.collect::<Result<_, _>>().map_err(bad)?;
    if chain.is_empty() {
        return Err(bad(rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(chain)
}
