//! `rollcall hosts`: the hosts that have reported. Taking hosts in from files is in `import`.

mod agents;
mod import;
mod manage;
mod token;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    client::{Client, OWN, Target},
    error::{CliError, Context},
    output::table::{Column, Format, plain, print},
    paging::{Extent, Page},
};

const COLUMNS: [Column; 9] = [
    plain("HOST", "MachineName"),
    plain("ADDRESS", "MachineIp"),
    plain("OS", "OsInfo"),
    plain("STATUS", "AgentStatus"),
    plain("TAGS", "Tags"),
    plain("ACCOUNTS", "Accounts"),
    plain("LAST REPORT", "LastReportTime"),
    plain("COULD NOT READ", "Problems"),
    plain("ID", "Quuid"),
];

/// Commands for hosts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List hosts
    #[command(after_help = "Example:\n  rollcall hosts list --keyword web --format json")]
    List(List),
    /// Take in hosts from files: reports of `rollcall scan`, or what osquery, Wazuh or a table know
    #[command(after_help = import::HELP)]
    Import(import::Args),
    /// Put tags on hosts and take them off
    #[command(subcommand)]
    Tag(manage::TagCommand),
    /// Set the remark of a host
    #[command(after_help = "Example:\n  rollcall hosts remark web-1 'moves to the new rack in May'")]
    Remark(manage::Remark),
    /// Take a host off the lists; its history stays
    #[command(after_help = manage::DELETE_HELP)]
    Delete(manage::Delete),
    /// Tokens hosts enrol with: make, list, revoke
    #[command(subcommand)]
    Token(token::Command),
    /// List the agents on hosts
    #[command(after_help = "Example:\n  rollcall hosts agents --state pending")]
    Agents(agents::List),
    /// Let a pending agent begin
    #[command(after_help = "\
An agent waits when its machine id came with another agent before: a cloned or a re-imaged host.

Example:
  rollcall hosts approve 17 --separate")]
    Approve(agents::Approve),
    /// Take an agent its key
    #[command(after_help = "Example:\n  rollcall hosts revoke 17")]
    Revoke(agents::Revoke),
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only hosts with this in their name, address or id
    #[arg(long)]
    keyword: Option<String>,
    #[command(flatten)]
    extent: Extent,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    match command {
        Command::List(args) => list(&target.client()?, &args),
        Command::Import(args) => import::run(target, &args),
        Command::Tag(command) => manage::tag(&target.client()?, &command),
        Command::Remark(args) => manage::remark(&target.client()?, &args),
        Command::Delete(args) => manage::delete(&target.client()?, &args),
        Command::Token(command) => token::run(target, command),
        Command::Agents(args) => agents::list(&target.client()?, &args),
        Command::Approve(args) => agents::approve(&target.client()?, &args),
        Command::Revoke(args) => agents::revoke(&target.client()?, &args),
    }
}

fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let rows = args.extent.fetch(|offset, limit| {
        let request = json!({"Keyword": args.keyword, "Offset": offset, "Limit": limit});
        Ok(Page::take(client.call(OWN, "ListHosts", &request)?, "Hosts", "Total"))
    });
    print(args.format, &COLUMNS, &rows.doing("could not list hosts")?)
}
