//! Why the server could not start or did not stop cleanly.

use std::{io, net::SocketAddr, path::PathBuf};

/// A failure of the listener itself; what goes wrong with one request is answered to that request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Plain HTTP on an address that others can reach, without having been allowed.
    #[error(
        "plain HTTP on {0} would send keys' signatures in the clear: give a certificate, or allow it explicitly"
    )]
    PlainHttp(SocketAddr),
    /// The address cannot be bound.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// A PEM file cannot be read or has nothing usable in it.
    #[error("cannot use {}", .0.display())]
    Pem(PathBuf, #[source] rustls::pki_types::pem::Error),
    /// Certificate and key do not make a TLS server.
    #[error("certificate and key are not usable together")]
    Tls(#[from] rustls::Error),
    /// Requests still ran when the time for stopping was over; they were cut off.
    #[error("{0} connections were cut off when stopping")]
    CutOff(usize),
}
