//! `rollcall accounts`: the operating-system accounts of all hosts.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use crate::{
    account_view,
    client::{CWP, Client, OWN, Target},
    error::{CliError, Context},
    export,
    filters::{Condition, account_filters},
    history,
    output::table::{Format, print, print_one, text},
    paging::{Extent, Page},
};

/// Commands for accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List accounts
    #[command(after_help = "\
Filters: Name (part of it), NameStrict, Uid, Guid, Status, LoginType, IsRoot, IsSudo, IsSshLogin,
ShellLoginStatus, PasswordStatus, LoginTimeStart, LoginTimeEnd, OsType, UserType, IsDomain.

Examples:
  rollcall accounts list --filter IsSudo=1 --filter Status=1
  rollcall accounts list --filter Name=root --filter Name=admin --by LoginTime --order desc --format csv
  rollcall accounts list --filter IsSudo=1 --as-of '2026-01-31 12:00:00'")]
    List(List),
    /// Show everything known of one account
    #[command(after_help = "\
Examples:
  rollcall accounts show web-1 root
  rollcall accounts show web-1 root --as-of '2026-01-31 12:00:00'")]
    Show(Show),
    /// Show what changed of accounts, newest first
    #[command(after_help = "\
Kinds: new, vanished, uid, groups, home, shell, sudo, keys, password, status, ssh, last_login, other.

Examples:
  rollcall accounts history --host web-1
  rollcall accounts history --name root --kind keys --kind sudo --since 30d")]
    History(history::History),
    /// Export accounts into a file
    #[command(after_help = "\
Cells that a spreadsheet would take for a formula get an apostrophe in front in csv; xlsx marks them as text, jsonl has raw values.

Example:
  rollcall accounts export -o accounts.csv --filter PasswordStatus=3")]
    Export(Export),
}

/// Which accounts, in which order.
#[derive(Debug, Clone, Args)]
pub struct Query {
    /// Only accounts that match; a name given twice means either value
    #[arg(long, value_name = "NAME=VALUE")]
    filter: Vec<Condition>,
    /// Only accounts of this host
    #[arg(long, value_name = "QUUID")]
    host: Option<String>,
    /// Sort by FirstTime, LoginTime, PasswordChangeTime, PasswordDueTime or PasswordLockDays
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Direction
    #[arg(long, value_enum)]
    order: Option<Order>,
    /// As it was at this instant: '2026-01-31 12:00:00' in the server's zone, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
}

/// Direction of a list.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Order {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    query: Query,
    #[command(flatten)]
    extent: Extent,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Host: its id, name or address
    host: String,
    /// Account name
    name: String,
    /// As it was at this instant: '2026-01-31 12:00:00' in the server's zone, or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    query: Query,
    /// File to write [default: the name the server gives, in the current directory]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Kind of file
    #[arg(long, value_enum, default_value = "csv")]
    file_format: FileFormat,
}

/// Kind of an export file.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FileFormat {
    /// Comma separated, UTF-8 with a byte order mark.
    Csv,
    /// Excel workbook.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    match command {
        Command::List(args) => list(&target.client()?, &args),
        Command::Show(args) => show(&target.client()?, &args),
        Command::History(args) => history::run(&target.client()?, &args),
        Command::Export(args) => {
            let mut request = args.query.parameters();
            let format = args.file_format.to_possible_value().map(|v| v.get_name().to_owned());
            request.insert("Format".into(), format.into());
            let path = export::accounts(&target.client()?, &request.into(), args.output.as_deref())?;
            crate::output::line(&format!("written to {}", path.display()))
        }
    }
}

impl Query {
    fn parameters(&self) -> Map<String, Value> {
        let mut members = Map::new();
        if !self.filter.is_empty() {
            members.insert("Filters".into(), account_filters(&self.filter));
        }
        let order = self.order.map(|order| match order {
            Order::Asc => "asc",
            Order::Desc => "desc",
        });
        let (host, by, as_of) = (self.host.as_deref(), self.by.as_deref(), self.as_of.as_deref());
        for (name, value) in [("Quuid", host), ("By", by), ("Order", order), ("AsOf", as_of)] {
            members.extend(value.map(|v| (name.to_owned(), v.into())));
        }
        members
    }
}

fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let mut request = args.query.parameters();
    let rows = args.extent.fetch(|offset, limit| {
        request.insert("Offset".into(), offset.into());
        request.insert("Limit".into(), limit.into());
        Ok(Page::take(client.call(CWP, "DescribeAssetUserList", &request)?, "Users", "Total"))
    });
    print(args.format, &account_view::COLUMNS, &rows.doing("could not list accounts")?)
}

fn show(client: &Client, args: &Show) -> Result<(), CliError> {
    let request = json!({
        "Quuid": host_id(client, &args.host)?,
        // Only a check, of what may have been another agent then.
        "Uuid": "",
        "Name": args.name,
        "AsOf": args.as_of.as_deref().unwrap_or_default(),
    });
    let mut answer = client
        .call(CWP, "DescribeAssetUserInfo", &request)
        .doing(format!("could not show account {} of host {}", args.name, args.host))?;
    let account = answer.get_mut("User").map(Value::take).unwrap_or(answer);
    print_one(args.format, &account)
}

/// The id of a host; an id is taken as it is, for the host may be gone.
pub fn host_id(client: &Client, wanted: &str) -> Result<String, CliError> {
    let id = wanted.len() == 36 && wanted.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if id {
        return Ok(wanted.to_owned());
    }
    let host = find_host(client, wanted)?;
    Ok(host.get("Quuid").map(text).unwrap_or_default())
}

/// The one host that `wanted` means, by id, name or address.
pub fn find_host(client: &Client, wanted: &str) -> Result<Value, CliError> {
    let request = json!({"Keyword": wanted, "Limit": crate::paging::PAGE});
    let page = Page::take(
        client.call(OWN, "ListHosts", &request).doing("could not look for the host")?,
        "Hosts",
        "Total",
    );
    let is = |host: &Value, field: &str| host.get(field).and_then(Value::as_str) == Some(wanted);
    let mut found: Vec<Value> = page
        .rows
        .into_iter()
        .filter(|host| ["Quuid", "MachineName", "MachineIp"].iter().any(|field| is(host, field)))
        .collect();
    if let Some(exact) = found.iter().position(|host| is(host, "Quuid")) {
        return Ok(found.swap_remove(exact));
    }
    match (found.pop(), found.len()) {
        (Some(host), 0) => Ok(host),
        (None, _) => {
            Err(CliError::new(format!("there is no host {wanted}")).next("see `rollcall hosts list`"))
        }
        (Some(_), more) => Err(CliError::new(format!("{} hosts are called {wanted}", more + 1))
            .next("name the host by its id, see `rollcall hosts list`")),
    }
}
