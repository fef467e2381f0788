//! `rollcall hosts agents`, `approve` and `revoke`: the agents on hosts, and what people decide about them.

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    client::{Client, OWN},
    error::{CliError, Context},
    output::{
        line,
        table::{Column, Format, plain, print},
    },
    paging::{Extent, Page},
};

const COLUMNS: [Column; 7] = [
    plain("AGENT", "AgentId"),
    plain("STATE", "State"),
    plain("HOST", "HostName"),
    plain("VERSION", "AgentVersion"),
    plain("ENROLLED", "EnrolmentTime"),
    plain("LAST HEARD OF", "LastPollTime"),
    plain("HOST ID", "Quuid"),
];

/// Options of `agents`.
#[derive(Debug, Args)]
pub struct List {
    /// Only agents in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only agents with this in the name or id of their host
    #[arg(long)]
    keyword: Option<String>,
    #[command(flatten)]
    extent: Extent,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Active,
    Pending,
    Revoked,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Pending => "pending",
            State::Revoked => "revoked",
        }
    }
}

/// Options of `approve`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("as").required(true))]
pub struct Approve {
    /// Number of the agent, as `rollcall hosts agents` shows it
    agent: u64,
    /// The host was set up again: the agent before loses its key
    #[arg(long, group = "as")]
    replace: bool,
    /// The machine id was cloned: the host gets an id of its own
    #[arg(long, group = "as")]
    separate: bool,
}

/// Options of `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Number of the agent, as `rollcall hosts agents` shows it
    agent: u64,
}

/// Lists agents.
pub fn list(client: &Client, args: &List) -> Result<(), CliError> {
    let rows = args.extent.fetch(|offset, limit| {
        let state = args.state.map(State::as_str);
        let request = json!({"State": state, "Keyword": args.keyword, "Offset": offset, "Limit": limit});
        Ok(Page::take(client.call(OWN, "ListAgents", &request)?, "Agents", "Total"))
    });
    print(args.format, &COLUMNS, &rows.doing("could not list the agents")?)
}

/// Lets a pending agent begin.
pub fn approve(client: &Client, args: &Approve) -> Result<(), CliError> {
    let kind = if args.separate { "Separate" } else { "Replace" };
    let request = json!({"AgentId": args.agent, "As": kind});
    let answer = client.call(OWN, "ApproveAgent", &request).doing("could not approve the agent")?;
    let quuid = answer.get("Quuid").and_then(Value::as_str).unwrap_or_default();
    line(&format!("agent {} speaks for host {quuid}; it begins within a few minutes", args.agent))
}

/// Takes an agent its key.
pub fn revoke(client: &Client, args: &Revoke) -> Result<(), CliError> {
    client.call(OWN, "RevokeAgent", &json!({"AgentId": args.agent})).doing("could not revoke the agent")?;
    line(&format!("agent {} is revoked; what it reported stays", args.agent))
}
