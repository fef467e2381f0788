//! `rollcall hosts token`: tokens hosts enrol with.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    client::{Client, OWN, Target},
    duration::Length,
    error::{CliError, Context},
    keys::Shown,
    output::{
        emit, line,
        table::{Column, Format, plain, print},
    },
};

const COLUMNS: [Column; 7] = [
    plain("ID", "SecretId"),
    plain("NAME", "Name"),
    plain("STATE", "State"),
    plain("USES", "Uses"),
    plain("USES LEFT", "UsesLeft"),
    plain("TAGS", "Tags"),
    plain("ENDS", "ExpirationTime"),
];

/// Commands for enrolment tokens.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a token and show it, this once, with the command that enrols a host with it
    #[command(
        after_help = "Example:\n  rollcall hosts token create --uses 50 --expires 7d --tag web --name rack-7"
    )]
    Create(Create),
    /// List tokens
    #[command(after_help = "Example:\n  rollcall hosts token list")]
    List(List),
    /// End a token; agents that enrolled with it stay
    #[command(after_help = "Example:\n  rollcall hosts token revoke AKIDxxxxxxxx")]
    Revoke(Revoke),
}

/// Options of `create`.
#[derive(Debug, Args)]
pub struct Create {
    /// Hosts that may enrol with it [default: any number]
    #[arg(long, value_name = "N")]
    uses: Option<u64>,
    /// When it ends, from now [default: 7d]
    #[arg(long, value_name = "TIME")]
    expires: Option<Length>,
    /// Tag of the hosts that enrol with it; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Name to recognise it by
    #[arg(long, default_value = "")]
    name: String,
    /// How to show the token
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

/// Options of `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Id of the token, as `list` shows it
    id: String,
}

/// Runs a command.
pub fn run(target: &Target, command: Command) -> Result<(), CliError> {
    let client = target.client()?;
    match command {
        Command::Create(args) => create(&client, &args),
        Command::List(args) => list(&client, &args),
        Command::Revoke(args) => revoke(&client, &args),
    }
}

fn create(client: &Client, args: &Create) -> Result<(), CliError> {
    let request = json!({
        "Uses": args.uses,
        "ExpiresIn": args.expires.map(|length| length.0.as_secs()),
        "Tags": args.tags,
        "Name": args.name,
    });
    let made = client.call(OWN, "CreateEnrolmentToken", &request).doing("could not make the token")?;
    let text = |name: &str| made.get(name).and_then(Value::as_str).unwrap_or_default();
    let enrol = format!("rollcall-agent enroll --server {} --token {}", client.url(), text("Token"));
    let install = made.get("InstallCommand").and_then(Value::as_str);
    let command = install.unwrap_or(&enrol);
    match args.format {
        Shown::Json => {
            let shown = json!({
                "Token": text("Token"),
                "SecretId": text("SecretId"),
                "ExpirationTime": made.get("ExpirationTime"),
                "Command": command,
            });
            emit(format!("{shown}\n").as_bytes())
        }
        Shown::Table => {
            line(&format!(
                "Token {} ends {}. It is not shown again.",
                text("SecretId"),
                text("ExpirationTime")
            ))?;
            let what = if install.is_some() {
                "installs the agent and enrols it"
            } else {
                "with the agent installed"
            };
            line(&format!("On each host, as root ({what}):"))?;
            line(&format!("  {command}"))
        }
    }
}

fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let answer = client.call(OWN, "ListEnrolmentTokens", &json!({})).doing("could not list the tokens")?;
    let rows = answer.get("Tokens").and_then(Value::as_array).cloned().unwrap_or_default();
    print(args.format, &COLUMNS, &rows)
}

fn revoke(client: &Client, args: &Revoke) -> Result<(), CliError> {
    let request = json!({"TokenId": args.id});
    client.call(OWN, "RevokeEnrolmentToken", &request).doing("could not end the token")?;
    line(&format!("{} is revoked", args.id))
}
