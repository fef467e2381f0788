//! `rollcall accounts history`: what changed of accounts, before and after in words.

use std::time::SystemTime;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    account_view,
    accounts::host_id,
    client::{Client, OWN},
    duration::Length,
    error::{CliError, Context},
    output::table::{Column, Format, plain, print, text},
    paging::{Extent, Page},
};

/// Options of `history`.
#[derive(Debug, Args)]
pub struct History {
    /// Only this host: its id, name or address
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Only accounts with this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only this kind of change; more than one means any of them
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// Not before this: a time, or a length such as 24h or 30d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Not after this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    extent: Extent,
    /// How to show the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// The member with the change in words, which the service does not send.
const CHANGE: &str = "Change";

const COLUMNS: [Column; 5] = [
    Column { title: "TIME", field: "Time", show: second },
    plain("HOST", "MachineName"),
    plain("ACCOUNT", "Name"),
    plain("KIND", "Kinds"),
    plain("BEFORE → AFTER", CHANGE),
];

/// Runs the command.
pub fn run(client: &Client, args: &History) -> Result<(), CliError> {
    let mut request = parameters(client, args)?;
    let rows = args.extent.fetch(|offset, limit| {
        request.insert("Offset".into(), offset.into());
        request.insert("Limit".into(), limit.into());
        Ok(Page::take(client.call(OWN, "ListAccountEvents", &request)?, "Events", "Total"))
    });
    let mut rows = rows.doing("could not list changes of accounts")?;
    if args.format != Format::Json {
        rows.iter_mut().for_each(tell);
    }
    print(args.format, &COLUMNS, &rows)
}

fn parameters(client: &Client, args: &History) -> Result<Map<String, Value>, CliError> {
    let mut members = Map::new();
    if let Some(host) = &args.host {
        members.insert("Quuid".into(), host_id(client, host)?.into());
    }
    if !args.kind.is_empty() {
        members.insert("Kinds".into(), args.kind.clone().into());
    }
    let start = args.since.as_deref().map(since);
    for (name, value) in [("Name", args.name.clone()), ("Start", start), ("End", args.until.clone())] {
        members.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    Ok(members)
}

/// A length of time as the instant so long ago; anything else is left to the server.
fn since(given: &str) -> String {
    let ago = given.parse::<Length>().ok().and_then(|length| SystemTime::now().checked_sub(length.0));
    match ago.and_then(|at| Timestamp::try_from(at).ok()) {
        Some(at) => at.to_string(),
        None => given.to_owned(),
    }
}

/// A time without fractions of a second.
fn second(value: &Value) -> String {
    let shown = text(value);
    shown.split_once('.').map_or(shown.clone(), |(second, _)| format!("{}Z", second.replace('T', " ")))
}

/// Says in words what is different between both sides of an event.
fn tell(event: &mut Value) {
    let side = |name: &str| event.get(name).and_then(Value::as_object);
    let told = match (side("Before"), side("After")) {
        (Some(before), Some(after)) => differences(before, after),
        (None, Some(after)) => format!("→ {}", brief(after)),
        (Some(before), None) => format!("{} →", brief(before)),
        (None, None) => String::new(),
    };
    if let Value::Object(members) = event {
        members.insert(CHANGE.to_owned(), told.into());
    }
}

type Side = Map<String, Value>;

fn differences(before: &Side, after: &Side) -> String {
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let told = changed.map(|(name, value)| {
        let old = before.get(name).unwrap_or(&Value::Null);
        match (old, value) {
            (Value::Array(old), Value::Array(new)) => format!("{name}: {}", lists(old, new)),
            _ => format!("{name}: {} → {}", word(name, old), word(name, value)),
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// What a list lost and got.
fn lists(old: &[Value], new: &[Value]) -> String {
    let lost = old.iter().filter(|item| !new.contains(item)).map(|item| format!("-{}", text(item)));
    let got = new.iter().filter(|item| !old.contains(item)).map(|item| format!("+{}", text(item)));
    lost.chain(got).collect::<Vec<_>>().join(" ")
}

/// An account in a few words.
fn brief(side: &Side) -> String {
    let member = |name: &str| side.get(name).map(text).unwrap_or_default();
    let parts = [("uid ", "Uid"), ("groups ", "GroupName"), ("", "Shell")];
    let parts = parts.iter().map(|(word, name)| (word, member(name))).filter(|(_, value)| !value.is_empty());
    parts.map(|(word, value)| format!("{word}{value}")).collect::<Vec<_>>().join(", ")
}

/// A value in words where lists of accounts show it so.
fn word(name: &str, value: &Value) -> String {
    let shown = match account_view::COLUMNS.iter().find(|column| column.field == name) {
        Some(column) => (column.show)(value),
        None if value.as_u64() == Some(999) => "?".to_owned(),
        None => text(value),
    };
    if shown.is_empty() { "-".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(before: Value, after: Value) -> String {
        let mut event = json!({"Before": before, "After": after});
        tell(&mut event);
        text(&event[CHANGE])
    }

    #[test]
    fn changes_are_told_in_words() {
        let before =
            json!({"Shell": "/bin/sh", "IsSudo": 0, "Keys": ["a", "b"], "Uid": "5", "LoginType": 999});
        let after = json!({"Shell": "/bin/zsh", "IsSudo": 1, "Keys": ["b", "c"], "Uid": "5", "LoginType": 1});
        let both = told(before.clone(), after);
        assert_eq!(both, "IsSudo: no → yes; Keys: -a +c; LoginType: ? → key; Shell: /bin/sh → /bin/zsh");
        assert_eq!(told(before.clone(), Value::Null), "uid 5, /bin/sh →");
        assert_eq!(told(Value::Null, before), "→ uid 5, /bin/sh");
        assert_eq!(told(Value::Null, Value::Null), "");
    }

    #[test]
    fn a_length_is_an_instant() {
        assert!(since("24h").parse::<Timestamp>().is_ok());
        assert_eq!(since("2026-01-31"), "2026-01-31");
        assert_eq!(second(&json!("2026-01-31T10:00:00.123+0000")), "2026-01-31 10:00:00Z");
    }
}
