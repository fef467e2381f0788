//! The `rollcall-agent` program: looks at the accounts of the host it runs on and tells a Rollcall server what changes.
//! It takes one command from the server, "look now", and runs nothing.

mod agent;
mod changes;
mod cli;
mod error;
mod host;
mod http;
mod log;
mod schedule;
mod server;
mod state;
mod status;
mod system;
#[cfg(test)]
mod tests;
mod untrusted;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    ExitCode::from(cli::Cli::parse().run())
}
