//! The `rollcall` program: the server and everything one does with it from a command line.

mod account_view;
mod accounts;
mod call;
mod cli;
mod client;
mod duration;
mod error;
mod export;
mod filters;
mod history;
mod hosts;
mod keys;
mod local;
mod output;
mod paging;
mod people;
mod quickstart;
mod scan;
mod serve;
mod tenants;

use std::process::ExitCode;

use clap::Parser;

/// Every answer takes and returns some dozens of small pieces of memory and a large one; the system's own allocator
/// spends several times as long on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
