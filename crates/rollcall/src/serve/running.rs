//! A server running in this process: opened, bound, loaded, stopped. `serve` and `quickstart` both use it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::tz::TimeZone;
use server::{Bound, Config, TlsFiles};
use service::{Service, Settings};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};

use super::Args;
use crate::{client::target::EndpointFile, duration::Length, error::CliError, local};

/// How often what has outlived its time is removed.
const SWEEP: Duration = Duration::from_secs(60);

/// The signals that end a server; caught from here on.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn catch() -> Result<Self, CliError> {
        let caught = |kind| signal(kind).map_err(|e| CliError::io("could not wait for signals", &e));
        Ok(Self { term: caught(SignalKind::terminate())?, int: caught(SignalKind::interrupt())? })
    }
}

/// A server that answers calls.
pub struct Running {
    runtime: Runtime,
    service: Arc<Service>,
    serving: JoinHandle<Result<(), server::Error>>,
    stop: oneshot::Sender<()>,
    signals: Signals,
    bound_url: String,
    local_url: String,
    _endpoint: EndpointFile,
}

impl Running {
    /// Opens the data directory, starts to listen, and returns once everything is loaded.
    ///
    /// # Errors
    /// Each names what to do.
    pub fn start(dir: &Path, args: &Args) -> Result<Self, CliError> {
        let service = Service::open(settings(dir, args)?).map_err(|e| local::open_failed(&e))?;
        if let Some(key) = service.take_first_key() {
            local::save_first_key(dir, &key.secret_id, &key.secret_key);
        }
        let runtime = Runtime::new().map_err(|e| CliError::io("could not start threads", &e))?;
        // Before anybody learns that the server is there: whoever stops it right away stops it cleanly.
        let signals = runtime.block_on(async { Signals::catch() })?;
        let config = config(args);
        let bound = runtime.block_on(Bound::bind(&config)).map_err(|e| listen_failed(&e))?;
        let (scheme, address) = (bound.scheme(), bound.local_addr());
        let bound_url = format!("{scheme}://{address}");
        let local_url = format!("{scheme}://{}", reachable(address));
        if args.public_url.is_none() && address.ip().is_unspecified() {
            tracing::warn!("download links will only work on this machine; set --public-url");
        }
        service.set_base_url(args.public_url.as_deref().unwrap_or(&local_url));
        let (stop, stopped) = oneshot::channel();
        let ended = async { drop(stopped.await) };
        // Listening starts before loading, so that probes learn that the server lives and is not ready.
        let serving = runtime.spawn(server::serve(bound, config, Arc::clone(&service), ended));
        service.load().map_err(|e| local::open_failed(&e))?;
        runtime.spawn(sweep(Arc::clone(&service)));
        // A certificate is for the public name, not for an address of this machine.
        let found_at = args.public_url.as_ref().filter(|_| args.tls_cert.is_some()).unwrap_or(&local_url);
        let endpoint = EndpointFile::write(dir, found_at)?;
        Ok(Self { runtime, service, serving, stop, signals, bound_url, local_url, _endpoint: endpoint })
    }

    /// The address it listens on.
    pub fn bound_url(&self) -> &str {
        &self.bound_url
    }

    /// An address of this machine that reaches it.
    pub fn local_url(&self) -> &str {
        &self.local_url
    }

    /// Serves until SIGTERM or SIGINT, then stops.
    ///
    /// # Errors
    /// When it cannot listen any more, or running calls did not end in time.
    pub fn until_signal(mut self) -> Result<(), CliError> {
        let (serving, signals) = (&mut self.serving, &mut self.signals);
        let ended = self.runtime.block_on(async {
            tokio::select! {
                _ = signals.term.recv() => None,
                _ = signals.int.recv() => None,
                ended = serving => Some(ended),
            }
        });
        match ended {
            None => self.stop(),
            Some(ended) => {
                self.service.stop();
                outcome(ended)
            }
        }
    }

    /// Stops: running calls are answered, what is queued is written.
    ///
    /// # Errors
    /// When running calls did not end in time.
    pub fn stop(self) -> Result<(), CliError> {
        // The server may have ended by itself; then nobody listens to this.
        let _ = self.stop.send(());
        let ended = self.runtime.block_on(self.serving);
        self.service.stop();
        tracing::info!("stopped");
        outcome(ended)
    }
}

fn outcome(ended: Result<Result<(), server::Error>, tokio::task::JoinError>) -> Result<(), CliError> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(CliError::of(&error)),
        Err(error) => Err(CliError::new(format!("the server ended early: {error}"))),
    }
}

fn settings(dir: &Path, args: &Args) -> Result<Settings, CliError> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path);
        text.map_err(|e| CliError::io(format!("could not read {}", path.display()), &e))
    };
    let millis = |length: Length| i64::try_from(length.0.as_millis()).unwrap_or(i64::MAX);
    Ok(Settings {
        packages: args.packages.clone(),
        agent_certificates: args.agent_ca.as_ref().map(read).transpose()?,
        zone: args.zone.clone().unwrap_or_else(TimeZone::system),
        export_keep: millis(args.export_ttl),
        offline_after: millis(args.offline_after),
        history_keep: i64::from(args.history_days) * 86_400_000,
        ..Settings::new(dir)
    })
}

fn config(args: &Args) -> Config {
    let files = args.tls_cert.clone().zip(args.tls_key.clone());
    Config {
        tls: files.map(|(certificate, key)| TlsFiles { certificate, key }),
        insecure_http: args.insecure_http,
        rate_per_second: args.rate_limit,
        ..Config::new(args.listen)
    }
}

fn listen_failed(error: &server::Error) -> CliError {
    let failure = CliError::of(error);
    match error {
        server::Error::Bind(..) => failure.next("choose another address with --listen (port 0 takes a free one)"),
        server::Error::PlainHttp(_) => failure.next(
            "give --tls-cert and --tls-key, listen on 127.0.0.1, or, behind a gateway that does TLS, add --insecure-http",
        ),
        _ => failure,
    }
}

/// What to connect to for an address that may stand for all of this machine's.
fn reachable(bound: SocketAddr) -> SocketAddr {
    match bound {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => ([0, 0, 0, 0, 0, 0, 0, 1_u16], v6.port()).into(),
        other => other,
    }
}

async fn sweep(service: Arc<Service>) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let service = Arc::clone(&service);
        if tokio::task::spawn_blocking(move || service.sweep()).await.is_err() {
            tracing::error!("sweeping failed; it is tried again in a minute");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everywhere_is_reached_on_this_machine() {
        let reach = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reach("0.0.0.0:9"), "127.0.0.1:9");
        assert_eq!(reach("[::]:9"), "[::1]:9");
        assert_eq!(reach("10.0.0.1:9"), "10.0.0.1:9");
    }
}
