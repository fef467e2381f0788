//! The command line: which commands there are. Options of a command live beside what it does.

use clap::{Parser, Subcommand};

use crate::{
    accounts, call, client::Target, error::CliError, hosts, keys, people, quickstart, scan, serve, tenants,
};

const AFTER: &str = "\
Start with `rollcall quickstart`.

Keys: TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY (and TENCENTCLOUD_TOKEN), else credentials.toml
in the data directory.

Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 an input file has problems (nothing written).";

/// Every person and every operating-system account, in milliseconds, over the Tencent Cloud API 3.0
#[derive(Debug, Parser)]
#[command(name = "rollcall", version, after_help = AFTER, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a server here, look at this machine, list and export its accounts, and show how to go on
    Quickstart(quickstart::Args),
    /// Run the server
    Serve(serve::Args),
    /// Look at the accounts of this machine
    Scan(scan::Args),
    /// People of the directory: list, show, change, import, export
    #[command(subcommand)]
    People(people::Command),
    /// Operating-system accounts of all hosts: list, show, history, export
    #[command(subcommand)]
    Accounts(accounts::Command),
    /// Hosts that have reported: list, import reports
    #[command(subcommand)]
    Hosts(hosts::Command),
    /// API keys: make, list, disable, enable, delete
    #[command(subcommand)]
    Keys(keys::Command),
    /// Tenants: make, list
    #[command(subcommand)]
    Tenants(tenants::Command),
    /// Call any action of any service and print the answer
    Call(call::Args),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// Whatever made the command fail, ready to be shown.
    pub fn run(self) -> Result<(), CliError> {
        match self.command {
            Command::Quickstart(args) => quickstart::run(&self.target, &args),
            Command::Serve(args) => serve::run(&self.target, &args),
            Command::Scan(args) => scan::run(&self.target, &args),
            Command::Keys(command) => keys::run(&self.target, command),
            Command::Tenants(command) => tenants::run(&self.target, command),
            Command::People(command) => people::run(&self.target, command),
            Command::Accounts(command) => accounts::run(&self.target, command),
            Command::Hosts(command) => hosts::run(&self.target, command),
            Command::Call(args) => call::run(&self.target, &args),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let leaf = command.get_subcommands().next().is_none();
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(!leaf || help.contains("rollcall "), "{path} has no example");
            command.get_subcommands().for_each(|sub| check(sub, &path));
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn every_setting_of_the_server_can_come_from_the_environment() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let settings = serve.get_arguments().filter(|arg| arg.get_id() != "help");
        for setting in command.get_arguments().filter(|arg| arg.is_global_set()).chain(settings) {
            let variable = setting.get_env().map(|name| name.to_string_lossy().into_owned());
            let named = format!("ROLLCALL_{}", setting.get_id().as_str().to_uppercase());
            // ROLLCALL_LOG says what is logged.
            let named = if named == "ROLLCALL_LOG" { "ROLLCALL_LOG_FORM".to_owned() } else { named };
            assert_eq!(variable, Some(named), "{}", setting.get_id());
        }
    }
}
