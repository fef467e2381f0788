//! `rollcall hosts tag`, `remark` and `delete`: what an operator notes of a host, and taking it off the lists.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    accounts::find_host,
    client::{CWP, Client},
    error::{CliError, Context},
    output::{line, note},
};

/// What `delete` does not say of itself.
pub const DELETE_HELP: &str =
    "A host that reports again is on the lists again.\n\nExample:\n  rollcall hosts delete web-1";

/// Commands for tags.
#[derive(Debug, Subcommand)]
pub enum TagCommand {
    /// Put a tag on a host; a tag that does not exist is made
    #[command(after_help = "Example:\n  rollcall hosts tag add web-1 production")]
    Add(HostTag),
    /// Take a tag off a host
    #[command(after_help = "Example:\n  rollcall hosts tag remove web-1 production")]
    Remove(HostTag),
}

/// A host and a tag.
#[derive(Debug, Args)]
pub struct HostTag {
    /// Host: its id, name or address
    host: String,
    /// Name of the tag
    tag: String,
}

/// Options of `remark`.
#[derive(Debug, Args)]
pub struct Remark {
    /// Host: its id, name or address
    host: String,
    /// The remark; nothing removes it
    #[arg(default_value = "")]
    text: String,
}

/// Options of `delete`.
#[derive(Debug, Args)]
pub struct Delete {
    /// Host: its id, name or address
    host: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs a command for tags.
pub fn tag(client: &Client, command: &TagCommand) -> Result<(), CliError> {
    match command {
        TagCommand::Add(args) => add(client, args),
        TagCommand::Remove(args) => remove(client, args),
    }
}

fn add(client: &Client, HostTag { host, tag }: &HostTag) -> Result<(), CliError> {
    let quuid = member(&find_host(client, host)?, "Quuid");
    let tags = client.call(CWP, "DescribeTags", &json!({})).doing("could not look for the tag")?;
    let tags = tags.get("List").and_then(Value::as_array).cloned().unwrap_or_default();
    let id = tags.iter().find(|t| member(t, "Name") == *tag).and_then(|t| t.get("Id"));
    client
        .call(CWP, "EditTags", &json!({"Id": id, "Name": tag, "Quuids": [quuid]}))
        .doing(format!("could not tag {host}"))?;
    line(&format!("{host} has the tag {tag}"))
}

fn remove(client: &Client, HostTag { host, tag }: &HostTag) -> Result<(), CliError> {
    let quuid = member(&find_host(client, host)?, "Quuid");
    let request = json!({
        "MachineType": "Other", "MachineRegion": "ap-others", "Filters": [{"Name": "Quuid", "Values": [quuid]}],
    });
    let found = client.call(CWP, "DescribeMachines", &request).doing("could not look for the tag")?;
    let tags = found.pointer("/Machines/0/Tag").and_then(Value::as_array).cloned().unwrap_or_default();
    let rid = tags.iter().find(|t| member(t, "Name") == *tag).and_then(|t| t.get("Rid"));
    let rid = rid.ok_or_else(|| CliError::new(format!("{host} has no tag {tag}")))?;
    client
        .call(CWP, "DeleteMachineTag", &json!({"Rid": rid}))
        .doing(format!("could not take the tag off {host}"))?;
    line(&format!("{host} has the tag {tag} no more"))
}

/// Sets a remark.
pub fn remark(client: &Client, Remark { host, text }: &Remark) -> Result<(), CliError> {
    let quuid = member(&find_host(client, host)?, "Quuid");
    client
        .call(CWP, "ModifyMachineRemark", &json!({"Quuid": quuid, "Remark": text}))
        .doing(format!("could not set the remark of {host}"))?;
    line(&format!("the remark of {host} is {}", if text.is_empty() { "removed" } else { "set" }))
}

/// Takes a host off the lists.
pub fn delete(client: &Client, Delete { host, yes }: &Delete) -> Result<(), CliError> {
    let found = find_host(client, host)?;
    if !yes && !agreed(&found)? {
        return line("nothing was deleted");
    }
    client
        .call(CWP, "DeleteMachine", &json!({"Uuid": member(&found, "Uuid")}))
        .doing(format!("could not delete {host}"))?;
    line(&format!("deleted {host}"))
}

/// Asks; without a terminal there is nobody to ask.
fn agreed(host: &Value) -> Result<bool, CliError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::usage("deleting a host has to be agreed to").next("add --yes"));
    }
    let accounts = host.get("Accounts").and_then(Value::as_u64).unwrap_or_default();
    let name = member(host, "MachineName");
    note(&format!(
        "{name} and its {accounts} accounts leave the lists; their history stays. Delete it? [y/N]"
    ));
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(|e| CliError::io("could not read the answer", &e))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

fn member(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
