//! Binding, accepting, serving connections and stopping. What a request means is the router's business.

use crate::{Error, app::App, backend::Backend, config::Config, stall::Stall, tls};
use axum::Router;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// Largest request head in bytes; the longest allowed query fits twice.
const HEAD_BYTES: usize = 64 * 1024;
/// Most header lines of a request; SDKs send about fifteen.
const HEADERS: usize = 100;

/// Who is at the other end, as an extension of every request.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Address of the client, or of the gateway in front of it. An IPv4 address inside IPv6 is unwrapped.
    pub ip: IpAddr,
    /// Whether nobody can read along: TLS, or the same machine.
    pub private: bool,
}

/// A listener that is bound but does not accept yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Bound {
    /// Loads certificates and binds the address.
    ///
    /// # Errors
    /// [`Error::PlainHttp`], [`Error::Bind`], [`Error::Pem`], [`Error::Tls`].
    pub async fn bind(config: &Config) -> Result<Self, Error> {
        if config.tls.is_none() && !config.insecure_http && !config.listen.ip().to_canonical().is_loopback() {
            return Err(Error::PlainHttp(config.listen));
        }
        let tls = config.tls.as_ref().map(tls::acceptor).transpose()?.map(Tls);
        let failed = |e| Error::Bind(config.listen, e);
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, tls })
    }

    /// The address that was bound; with the port chosen by the system when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `stop` is ready, then answers what runs and returns.
    ///
    /// # Errors
    /// [`Error::CutOff`] when connections did not end in time.
    pub(crate) async fn run<B: Backend>(
        self,
        app: Arc<App<B>>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let limits = app.config.limits.clone();
        let (http, router) = (protocol(&app.config), Arc::clone(&app).router());
        let server = Arc::new(Connections { http, app, router });
        let places = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        let acceptor = self.tls.map(|t| t.0);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = accept(&self.listener, &places) => accepted,
            };
            if let Some((stream, address, place)) = accepted {
                let work =
                    Arc::clone(&server).serve(stream, address, acceptor.clone(), graceful.watcher(), place);
                tokio::spawn(work);
            }
        }
        drop(self.listener);
        finish(graceful, limits.stop_timeout).await
    }
}

async fn finish(graceful: GracefulShutdown, time: Duration) -> Result<(), Error> {
    let open = graceful.count();
    tracing::info!(connections = open, "stopping");
    timeout(time, graceful.shutdown()).await.map_err(|_| Error::CutOff(open))
}

/// Waits for a free place, then for a connection. `None` when accepting failed, after a pause.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // The semaphore is never closed; were it, not accepting would be right.
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => Some((stream, address, place)),
        Err(error) => {
            // Mostly "too many open files": it passes when connections end, so do not spin.
            tracing::warn!(%error, "accepting failed");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

fn protocol(config: &Config) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.limits.header_timeout)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    http
}

struct Connections<B> {
    http: http1::Builder,
    app: Arc<App<B>>,
    router: Router,
}

impl<B: Backend> Connections<B> {
    async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        watcher: Watcher,
        place: OwnedSemaphorePermit,
    ) {
        let connections = self.app.metrics.connections();
        connections.inc();
        let ip = address.ip().to_canonical();
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        match tls {
            None => self.speak(stream, Peer { ip, private: ip.is_loopback() }, watcher).await,
            Some(tls) => match timeout(self.app.config.limits.header_timeout, tls.accept(stream)).await {
                Ok(Ok(stream)) => self.speak(stream, Peer { ip, private: true }, watcher).await,
                Ok(Err(error)) => tracing::debug!(%ip, %error, "TLS handshake failed"),
                Err(_) => tracing::debug!(%ip, "TLS handshake took too long"),
            },
        }
        connections.dec();
        drop(place);
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        peer: Peer,
        watcher: Watcher,
    ) {
        let stream = TokioIo::new(Stall::new(stream, self.app.config.limits.write_timeout));
        let service = service_fn(|request: hyper::Request<Incoming>| async {
            Ok::<_, Infallible>(self.app.answer(&self.router, peer, request).await)
        });
        if let Err(error) = watcher.watch(self.http.serve_connection(stream, service)).await {
            // A client that went away or never spoke HTTP: nothing to answer, nothing to alarm about.
            tracing::debug!(ip = %peer.ip, %error, "connection ended early");
        }
    }
}
