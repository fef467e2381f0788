//! Repository chores. Only dispatches; every chore has a file of its own.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod actions;
mod bench;
mod contract;
mod dist;
mod generate;
mod oracles;
mod test;
#[cfg(test)]
mod tidy;

/// Repository chores of Rollcall.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Write the code generated from api/*.json.
    Generate {
        /// Write nothing; name the files that differ and fail when there are any.
        #[arg(long)]
        check: bool,
    },
    /// List every action with its roles and its handler.
    Actions,
    /// Measure beside SQLite and write docs/bench.json and docs/performance.md.
    Bench(bench::Options),
    /// Build release binaries, Debian packages of server and agent, and a tarball.
    Dist(dist::Options),
    /// Hold the collectors against real programs: sudo, sshd, passwd, last and their like.
    Oracles(oracles::Options),
    /// Run all tests: format, clippy, unit, property, store, protocol, end to end.
    Test(test::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().chore {
        Chore::Generate { check } => generate::run(check),
        Chore::Actions => actions::run(),
        Chore::Bench(options) => bench::run(&options).map_err(Into::into),
        Chore::Dist(options) => dist::run(&options).map_err(Into::into),
        Chore::Oracles(options) => oracles::run(&options).map_err(Into::into),
        Chore::Test(options) => test::run(options).map_err(Into::into),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
