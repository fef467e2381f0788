//! `rollcall keys`: API keys, through the running server or in its data directory.

use clap::{Args, Subcommand, ValueEnum};
use model::{KeyState, Role};
use serde_json::{Value, json};
use service::offline::Offline;

use crate::{
    client::{Client, OWN, Target},
    duration::Length,
    error::{CliError, Context},
    local::{self, Access, failed},
    output::{
        emit, line,
        table::{Column, Format, plain, print, print_one},
    },
};

const COLUMNS: [Column; 7] = [
    plain("SECRET ID", "SecretId"),
    plain("NAME", "Name"),
    plain("ROLE", "Role"),
    plain("STATE", "State"),
    plain("TENANT", "Tenant"),
    plain("CREATED", "CreationTime"),
    plain("ENDS", "ExpirationTime"),
];

/// Commands for API keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key; its secret is shown this once
    #[command(after_help = "\
Roles: admin (everything), operator (changes people, sends reports), auditor (reads and exports),
agent (sends host reports, nothing else).

Examples:
  rollcall keys create --role agent --name web-1
  rollcall keys create --role auditor --name visit --expires-in 12h --format json")]
    Create(Create),
    /// List keys, without secrets
    #[command(after_help = "Example:\n  rollcall keys list --format json")]
    List(List),
    /// Disable a key; it can be enabled again
    #[command(after_help = "Example:\n  rollcall keys disable AKIDexample")]
    Disable(One),
    /// Enable a disabled key
    #[command(after_help = "Example:\n  rollcall keys enable AKIDexample")]
    Enable(One),
    /// Delete a key for good
    #[command(after_help = "Example:\n  rollcall keys delete AKIDexample")]
    Delete(One),
}

/// Options of `create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Name to recognise the key by
    #[arg(long)]
    name: String,
    /// What the key may do
    #[arg(long, value_enum)]
    role: RoleName,
    /// Tenant the key works in, by name or number [default: the tenant of the key in use]
    #[arg(long)]
    tenant: Option<String>,
    /// Make a temporary key that ends after this time, for example 12h; it comes with a token
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Length>,
    /// How to show the key
    #[arg(long, value_enum, default_value = "table")]
    format: Shown,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Tenant whose keys to list
    #[arg(long)]
    tenant: Option<String>,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// One key.
#[derive(Debug, Args)]
pub struct One {
    /// SecretId of the key
    secret_id: String,
    /// Tenant of the key
    #[arg(long)]
    tenant: Option<String>,
}

/// How one object is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// For reading.
    Table,
    /// One JSON object.
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Admin,
    Operator,
    Auditor,
    Agent,
}

impl RoleName {
    fn role(self) -> Role {
        match self {
            RoleName::Admin => Role::Admin,
            RoleName::Operator => Role::Operator,
            RoleName::Auditor => Role::Auditor,
            RoleName::Agent => Role::Agent,
        }
    }
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    let access = local::open(target)?;
    match command {
        Command::Create(args) => create(&access, &args),
        Command::List(args) => list(&access, &args),
        Command::Disable(one) => set_state(&access, &one, KeyState::Disabled),
        Command::Enable(one) => set_state(&access, &one, KeyState::Enabled),
        Command::Delete(one) => delete(&access, &one),
    }
}

fn create(access: &Access, args: &Create) -> Result<(), CliError> {
    let role = args.role.role();
    let seconds = args.expires_in.map(|length| length.0.as_secs());
    let key = match access {
        Access::Directory(offline) => {
            let tenant = tenant_or_default(args.tenant.as_deref());
            local::made_key(&offline.create_key(tenant, &args.name, role, seconds).map_err(|e| failed(&e))?)
        }
        Access::Server(client) => {
            let request = json!({"Name": args.name, "Role": role.as_str(), "Tenant": args.tenant, "ExpiresIn": seconds});
            client.call(OWN, "CreateKey", &request).doing("could not make the key")?
        }
    };
    show_secret(&key, args.format)
}

/// Prints a new key: its id and secret, and what belongs to a temporary one.
pub fn show_secret(key: &Value, format: Shown) -> Result<(), CliError> {
    let mut shown = serde_json::Map::new();
    for name in ["SecretId", "SecretKey", "Token", "ExpirationTime", "TenantId"] {
        if let Some(value) = key.get(name).filter(|v| !v.is_null()) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    let shown = Value::Object(shown);
    match format {
        Shown::Json => emit(format!("{shown}\n").as_bytes()),
        Shown::Table => {
            print_one(Format::Table, &shown)?;
            line("Keep the secret: it is not shown again.")
        }
    }
}

fn list(access: &Access, args: &List) -> Result<(), CliError> {
    let rows = match access {
        Access::Directory(offline) => stored_keys(offline, tenant_or_default(args.tenant.as_deref()))?,
        Access::Server(client) => {
            same_tenant(client, args.tenant.as_deref())?;
            let answer = client.call(OWN, "ListKeys", &json!({})).doing("could not list the keys")?;
            answer.get("Keys").and_then(Value::as_array).cloned().unwrap_or_default()
        }
    };
    print(args.format, &COLUMNS, &rows)
}

fn stored_keys(offline: &Offline, tenant: &str) -> Result<Vec<Value>, CliError> {
    let time = |at| jiff::Timestamp::from_millisecond(at).ok().map(local::time);
    let keys = offline.keys(tenant).map_err(|e| failed(&e))?;
    let row = |key: &service::LiveKey| {
        let key = &key.credential;
        json!({
            "SecretId": key.secret_id,
            "Name": key.name,
            "Role": key.role.as_str(),
            "State": match key.state { KeyState::Enabled => "ENABLED", KeyState::Disabled => "DISABLED" },
            "Tenant": tenant,
            "CreationTime": time(key.created),
            "ExpirationTime": key.expires.and_then(time),
        })
    };
    Ok(keys.iter().map(|key| row(key)).collect())
}

fn set_state(access: &Access, one: &One, state: KeyState) -> Result<(), CliError> {
    let (wire, word) = match state {
        KeyState::Enabled => ("ENABLED", "enabled"),
        KeyState::Disabled => ("DISABLED", "disabled"),
    };
    match access {
        Access::Directory(offline) => offline
            .set_key_state(tenant_or_default(one.tenant.as_deref()), &one.secret_id, state)
            .map_err(|e| failed(&e))?,
        Access::Server(client) => {
            same_tenant(client, one.tenant.as_deref())?;
            let request = json!({"SecretId": one.secret_id, "State": wire});
            client.call(OWN, "ModifyKeyStatus", &request).doing("could not change the key")?;
        }
    }
    line(&format!("{} is {word}", one.secret_id))
}

fn delete(access: &Access, one: &One) -> Result<(), CliError> {
    match access {
        Access::Directory(offline) => offline
            .delete_key(tenant_or_default(one.tenant.as_deref()), &one.secret_id)
            .map_err(|e| failed(&e))?,
        Access::Server(client) => {
            same_tenant(client, one.tenant.as_deref())?;
            client
                .call(OWN, "DeleteKey", &json!({"SecretId": one.secret_id}))
                .doing("could not delete the key")?;
        }
    }
    line(&format!("{} is deleted", one.secret_id))
}

fn tenant_or_default(tenant: Option<&str>) -> &str {
    tenant.unwrap_or(service::DEFAULT_TENANT)
}

/// Through a server, a key manages the keys of its own tenant only.
fn same_tenant(client: &Client, wanted: Option<&str>) -> Result<(), CliError> {
    let Some(wanted) = wanted else { return Ok(()) };
    let caller =
        client.call(OWN, "DescribeCaller", &json!({})).doing("could not ask for the key's tenant")?;
    let own = caller.get("Tenant").and_then(Value::as_str).unwrap_or_default();
    if own == wanted {
        return Ok(());
    }
    Err(CliError::new(format!("the key in use belongs to tenant {own}, not to {wanted}")).next(
        "use an admin key of that tenant, or stop the server and run the command on its data directory",
    ))
}
