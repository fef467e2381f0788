//! `rollcall hosts`: the hosts that have reported. Taking hosts in from files is in `import`.

mod import;
mod manage;

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
    #[command(subcommand, after_help = manage::TAG_HELP)]
    Tag(manage::TagCommand),
    /// Set the remark of a host
    #[command(after_help = "Example:\n  rollcall hosts remark web-1 'moves to the new rack in May'")]
    Remark(manage::Remark),
    /// Take a host off the lists; its history stays
    #[command(after_help = manage::DELETE_HELP)]
    Delete(manage::Delete),
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
    }
}

fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let rows = args.extent.fetch(|offset, limit| {
        let request = json!({"Keyword": args.keyword, "Offset": offset, "Limit": limit});
        Ok(Page::take(client.call(OWN, "ListHosts", &request)?, "Hosts", "Total"))
    });
    print(args.format, &COLUMNS, &rows.doing("could not list hosts")?)
}
