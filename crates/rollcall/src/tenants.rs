//! `rollcall tenants`: the walls inside one installation.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    client::{OWN, Target},
    error::{CliError, Context},
    keys::{Shown, show_secret},
    local::{self, Access, failed},
    output::table::{Column, Format, plain, print},
};

const COLUMNS: [Column; 3] =
    [plain("ID", "TenantId"), plain("NAME", "Name"), plain("CREATED", "CreationTime")];

/// Commands for tenants.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a tenant and its first admin key, shown this once
    #[command(after_help = "Example:\n  rollcall tenants create branch-office --format json")]
    Create(Create),
    /// List tenants
    #[command(after_help = "Example:\n  rollcall tenants list")]
    List(List),
}

/// Options of `create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Name: 1 to 64 of a-z, 0-9, - and _
    name: String,
    /// How to show the key
    #[arg(long, value_enum, default_value = "table")]
    format: Shown,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    let access = local::open(target)?;
    match command {
        Command::Create(args) => create(&access, &args),
        Command::List(args) => list(&access, &args),
    }
}

fn create(access: &Access, args: &Create) -> Result<(), CliError> {
    let made = match access {
        Access::Directory(offline) => {
            let (tenant, key) = offline.create_tenant(&args.name).map_err(|e| failed(&e))?;
            let mut made = local::made_key(&key);
            if let Some(members) = made.as_object_mut() {
                members.insert("TenantId".into(), tenant.id.0.to_string().into());
            }
            made
        }
        Access::Server(client) => client
            .call(OWN, "CreateTenant", &json!({"Name": args.name}))
            .doing(format!("could not make tenant {}", args.name))?,
    };
    show_secret(&made, args.format)
}

fn list(access: &Access, args: &List) -> Result<(), CliError> {
    let rows = match access {
        Access::Directory(offline) => {
            let tenants = offline.tenants().map_err(|e| failed(&e))?;
            let time = |at| jiff::Timestamp::from_millisecond(at).ok().map(local::time);
            let row = |t: &model::Tenant| json!({"TenantId": t.id.0.to_string(), "Name": t.name, "CreationTime": time(t.created)});
            tenants.iter().map(row).collect()
        }
        Access::Server(client) => {
            let answer = client.call(OWN, "ListTenants", &json!({})).doing("could not list the tenants")?;
            answer.get("Tenants").and_then(Value::as_array).cloned().unwrap_or_default()
        }
    };
    print(args.format, &COLUMNS, &rows)
}
