//! `rollcall serve`: the server until it is told to stop.

mod log;
mod running;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, ValueEnum, builder::BoolishValueParser};
use jiff::tz::TimeZone;
use tracing_subscriber::EnvFilter;

pub use log::Log;
pub use running::Running;

use crate::{
    client::{Target, target::DEFAULT_LISTEN},
    duration::Length,
    error::CliError,
    output::{emit, style},
};

/// Options of `serve`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
On its first start in a data directory the server makes an admin key and leaves it in credentials.toml there.
It prints one line with its address once it answers calls; its log goes to the standard error (what it says is
set by ROLLCALL_LOG, for example ROLLCALL_LOG=debug). SIGTERM and Ctrl-C stop it after running calls ended.
Every option can be set in the environment too, and for the service of the package in /etc/default/rollcall.

Examples:
  rollcall serve
  rollcall serve --listen 0.0.0.0:443 --tls-cert server.pem --tls-key server.key --public-url https://rollcall.example")]
pub struct Args {
    /// Address and port; port 0 takes a free one
    #[arg(long, env = "ROLLCALL_LISTEN", default_value = DEFAULT_LISTEN, value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Address by which clients reach the server, for download links [default: the listen address]
    #[arg(long, env = "ROLLCALL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Certificate chain (PEM), for HTTPS
    #[arg(long, env = "ROLLCALL_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, env = "ROLLCALL_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Allow plain HTTP beyond this machine, behind a gateway that does TLS
    #[arg(long, env = "ROLLCALL_INSECURE_HTTP", value_parser = BoolishValueParser::new())]
    pub insecure_http: bool,
    /// Calls a second for each key and action; 0 is no limit
    #[arg(long, env = "ROLLCALL_RATE_LIMIT", default_value_t = 20, value_name = "N")]
    pub rate_limit: u32,
    /// Zone in which account times are printed and dates are meant [default: the zone of this machine]
    #[arg(long, env = "ROLLCALL_ZONE", value_name = "ZONE", value_parser = zone)]
    pub zone: Option<TimeZone>,
    /// How long export files are kept
    #[arg(long, env = "ROLLCALL_EXPORT_TTL", default_value = "24h", value_name = "TIME")]
    pub export_ttl: Length,
    /// After how long without contact a host counts as offline
    #[arg(long, env = "ROLLCALL_OFFLINE_AFTER", default_value = "15m", value_name = "TIME")]
    pub offline_after: Length,
    /// Days for which changes of accounts are kept; 0 is for ever
    #[arg(long, env = "ROLLCALL_HISTORY_DAYS", default_value_t = 400, value_name = "DAYS")]
    pub history_days: u32,
    /// Packages of rollcall-agent, for hosts to fetch [default: packages in the data directory]
    #[arg(long, env = "ROLLCALL_PACKAGES", value_name = "DIR")]
    pub packages: Option<PathBuf>,
    /// Certificates (PEM) that agents installed from here are to trust, when the server's own is not a public one
    #[arg(long, env = "ROLLCALL_AGENT_CA", value_name = "FILE")]
    pub agent_ca: Option<PathBuf>,
    /// Form of the log
    #[arg(long, env = "ROLLCALL_LOG_FORM", value_enum, default_value = "text")]
    pub log: LogForm,
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// For reading.
    Text,
    /// One JSON object a line.
    Json,
}

/// Runs the command.
pub fn run(target: &Target, args: &Args) -> Result<(), CliError> {
    let _log = start_log(args.log, "info")?;
    let running = Running::start(&target.data_dir()?, args)?;
    emit(format!("listening on {}\n", running.bound_url()).as_bytes())?;
    running.until_signal()
}

/// Sends the log to stderr, until the end of what is returned. ROLLCALL_LOG chooses what it says, `level` when it is
/// not set.
pub fn start_log(form: LogForm, level: &str) -> Result<Log, CliError> {
    let chosen = std::env::var("ROLLCALL_LOG").unwrap_or_else(|_| level.to_owned());
    let filter = EnvFilter::try_new(&chosen)
        .map_err(|e| CliError::usage(format!("ROLLCALL_LOG={chosen} is not understood: {e}")))?;
    let log = Log::start().map_err(|e| CliError::io("could not start the log", &e))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log.writer());
    let started = match form {
        LogForm::Text => lines.with_ansi(style::on_stderr()).try_init(),
        LogForm::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|e| CliError::new(format!("could not start the log: {e}")))?;
    Ok(log)
}

fn zone(text: &str) -> Result<TimeZone, String> {
    TimeZone::get(text).map_err(|_| "no such zone; it has to look like Asia/Shanghai or UTC".to_owned())
}

fn public_url(text: &str) -> Result<String, &'static str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let good = rest.is_some_and(|r| !r.is_empty() && !r.contains(['?', '#', '@', ' ']));
    if good { Ok(text.to_owned()) } else { Err("it has to look like https://rollcall.example") }
}
