//! The `rollcall` program: the server and everything one does with it from a command line.

mod account_view;
mod accounts;
mod call;
mod cli;
mod client;
mod error;
mod export;
mod filters;
mod hosts;
mod output;
mod paging;
mod people;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::from(error.exit_code())
        }
    }
}
