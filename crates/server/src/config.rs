//! What the listener can be told. Reading files and flags into it is the program's business.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Certificate and key; `None` is plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Allows plain HTTP on an address beyond loopback: a gateway in front does TLS.
    pub insecure_http: bool,
    /// Calls one key may make to one action in a second; 0 is no limit.
    pub rate_per_second: u32,
    /// Sizes, counts and times.
    pub limits: Limits,
}

impl Config {
    /// Plain HTTP on `listen` with the default limits.
    pub fn new(listen: SocketAddr) -> Self {
        Self { listen, tls: None, insecure_http: false, rate_per_second: 20, limits: Limits::default() }
    }
}

/// PEM files of a TLS server.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key (PKCS#8, SEC1 or PKCS#1).
    pub key: PathBuf,
}

/// What a client may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at one time; more wait in the system's queue.
    pub connections: usize,
    /// Time for a complete request head, counted from the end of the answer before it: so also the time an idle
    /// connection is kept. The TLS handshake has as long.
    pub header_timeout: Duration,
    /// Time for a complete request body.
    pub body_timeout: Duration,
    /// Time in which a client has to take some bytes of an answer.
    pub write_timeout: Duration,
    /// Time that running requests get when the server stops.
    pub stop_timeout: Duration,
    /// Largest query of a GET, in bytes.
    pub query_bytes: usize,
    /// Largest body signed with version 1, in bytes.
    pub form_bytes: usize,
    /// Largest body signed with version 3, in bytes.
    pub body_bytes: usize,
    /// Bytes of large request bodies (over 16 KiB) in memory at one time; more have to wait or are refused.
    pub body_memory: usize,
}

impl Default for Limits {
    /// The vendor's sizes; times of our own.
    fn default() -> Self {
        Self {
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(30),
            query_bytes: 32 * 1024,
            form_bytes: 1024 * 1024,
            body_bytes: 10 * 1024 * 1024,
            body_memory: 256 * 1024 * 1024,
        }
    }
}
