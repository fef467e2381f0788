//! TLS from PEM files, with a certificate that is good for nothing else.

mod rig;

use rig::{Call, Rig};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use server::{Bound, Config, TlsFiles};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", name].iter().collect()
}

fn files() -> TlsFiles {
    TlsFiles { certificate: file("localhost.pem"), key: file("localhost.key") }
}

#[tokio::test]
async fn calls_over_tls() {
    let rig = Rig::with(|c| c.tls = Some(files())).await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("localhost.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(rig.address).await.unwrap();
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    stream
        .write_all(&Call { unsigned: true, ..Call::list_users() }.set("Connection", "close").bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.contains("RequestId") && !answer.contains("Error"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_without_tls_gets_nothing_and_not_for_long() {
    let rig = Rig::with(|c| {
        c.tls = Some(files());
        c.limits.header_timeout = Duration::from_millis(200);
    })
    .await;
    let mut silent = rig.connect().await;
    assert!(silent.try_answer(true).await.is_none());
    let mut plain = rig.connect().await;
    plain.stream.write_all(&Call::list_users().bytes()).await.unwrap();
    let mut answer = Vec::new();
    plain.stream.read_to_end(&mut answer).await.ok();
    assert!(!answer.starts_with(b"HTTP"));
}

#[tokio::test]
async fn unusable_files_are_named() {
    let mut config = Config::new("127.0.0.1:0".parse().unwrap());
    for (certificate, key) in
        [("nothing.pem", "localhost.key"), ("localhost.pem", "nothing"), ("localhost.key", "localhost.key")]
    {
        config.tls = Some(TlsFiles { certificate: file(certificate), key: file(key) });
        let error = Bound::bind(&config).await.unwrap_err().to_string();
        assert!(error.contains("tests/data"), "{error}");
    }
}
