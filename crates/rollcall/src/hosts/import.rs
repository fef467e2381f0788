//! `rollcall hosts import`: hosts from files. Reports of our own are passed on line by line; the rows of other
//! programs are gathered by host first (crate `import`).

mod gathered;
mod lines;
mod preview;
mod problems;
mod send;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::{client::Target, error::CliError, output::line};

use preview::Preview;
use send::{Outlet, Sender};

/// What `--help` adds.
pub const HELP: &str = "\
Sources (docs/import.md has every field):
  rollcall  one report a line, from `rollcall scan --format json`
  osquery   result logs of osqueryd in any format (users, groups, user_groups, shadow, last, authorized_keys,
            sudoers, os_version, system_info, interface_addresses), or lists of `osqueryi --json` with --host
  wazuh     answers of /syscollector/ID/users, groups, os, netaddr, or documents of wazuh-states-inventory-*
  csv       one account a line; columns host and name, and any of uid, gid, home, shell, groups, sudo, …

What a source does not tell stays unknown. The files must hold all accounts of a host: those missing count as
gone. A problem stops the import unless --keep-going is given; importing again changes nothing.

Examples:
  rollcall hosts import reports.jsonl --keep-going
  rollcall hosts import --from osquery osqueryd.results.log osqueryd.snapshots.log --dry-run
  rollcall hosts import --from osquery --host web1 users.json=users groups.json=groups members.json=user_groups
  rollcall hosts import --from csv accounts.csv";

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files; for osquery FILE=TABLE says of which table the rows are
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What wrote the files
    #[arg(long, value_enum, default_value = "rollcall")]
    from: Source,
    /// Host of rows that name none
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// Leave out what cannot be taken instead of stopping
    #[arg(long)]
    keep_going: bool,
    /// Only show what would come
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Source {
    Rollcall,
    Osquery,
    Wazuh,
    Csv,
}

/// Runs the command.
pub fn run(target: &Target, args: &Args) -> Result<(), CliError> {
    if args.dry_run {
        let preview = through(args, Preview::default())?;
        return preview.print();
    }
    let client = target.client()?;
    let sender = through(args, Sender::new(&client))?;
    line(&sender.summary())
}

/// Sends everything to an outlet.
fn through<O: Outlet>(args: &Args, mut outlet: O) -> Result<O, CliError> {
    let kind = match args.from {
        Source::Rollcall if args.host.is_some() => {
            return Err(CliError::usage("reports of rollcall name their host: --host is for other sources"));
        }
        Source::Rollcall => {
            for file in &args.files {
                lines::read(file, args.keep_going, &mut outlet)?;
            }
            return Ok(outlet);
        }
        Source::Osquery => import::Kind::Osquery,
        Source::Wazuh => import::Kind::Wazuh,
        Source::Csv => import::Kind::Csv,
    };
    gathered::read(kind, args, &mut outlet)?;
    Ok(outlet)
}
