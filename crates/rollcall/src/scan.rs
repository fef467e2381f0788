//! `rollcall scan`: the accounts of this machine, shown or reported.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args as ClapArgs, ValueEnum};
use jiff::{Timestamp, tz::TimeZone};
use model::{
    Account, Day, LoginType, PasswordStatus,
    facts::{HostReport, LastLogin, Os},
    rules,
};
use serde_json::{Value, json};

use crate::{
    account_view,
    client::{Client, OWN, Target},
    error::{CliError, Context},
    output::{
        emit, line, note,
        table::{Format, print},
    },
};

/// "No value" in the integer members of accounts.
const NONE: u16 = 999;

/// Options of `scan`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Reads files only; run it as root to see passwords' states, sudo rights and keys. What could not be read is
shown as ? and never as no. Password hashes never leave the machine.

Examples:
  sudo rollcall scan
  rollcall scan --root /mnt/image --format json >> reports.jsonl
  rollcall scan --windows-hives /mnt/windows/Windows/System32/config
  rollcall scan --report")]
pub struct Args {
    /// Root directory of another system to look at, for example a mounted image
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Directory with copies of a Windows host's hives: SAM, and SYSTEM and SOFTWARE where given
    #[arg(long, value_name = "DIR", conflicts_with = "root")]
    windows_hives: Option<PathBuf>,
    /// Host name to report instead of the one found
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Host id to report instead of one made from the machine id
    #[arg(long, value_name = "ID")]
    quuid: Option<String>,
    /// Table, or the whole report as one line of JSON
    #[arg(long, value_enum, default_value = "table")]
    format: Shown,
    /// Send the report to the server
    #[arg(long)]
    report: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    Table,
    Json,
}

/// Runs the command.
pub fn run(target: &Target, args: &Args) -> Result<(), CliError> {
    let (hostname, quuid) = (args.hostname.clone(), args.quuid.clone());
    let report = match args.windows_hives.clone() {
        Some(dir) => read_hives(&windows::offline::Options { dir, hostname, quuid, now: None })?,
        None => read(collect::Options { root: args.root.clone(), hostname, quuid, now: None })?,
    };
    match args.format {
        Shown::Json => emit(format!("{}\n", encode(&report)?).as_bytes())?,
        Shown::Table => show(&report)?,
    }
    if args.report {
        let sent = send(&target.client()?, &report)?;
        note(&format!(
            "reported as host {}: {} accounts, {} new, {} gone",
            sent.quuid, sent.accounts, sent.new, sent.gone
        ));
    }
    Ok(())
}

/// Looks at a system.
///
/// # Errors
/// When its root directory cannot be opened; everything else that cannot be read is part of the report.
pub fn read(options: collect::Options) -> Result<HostReport, CliError> {
    let root = options.root.clone().unwrap_or_else(|| "/".into());
    collect::scan(&options).map_err(|e| CliError::io(format!("could not look at {}", root.display()), &e))
}

fn read_hives(options: &windows::offline::Options) -> Result<HostReport, CliError> {
    windows::offline::scan(options).map_err(|e| CliError::new(format!("could not read the hives: {e}")))
}

/// What the server said to a report.
pub struct Sent {
    /// Id of the host.
    pub quuid: String,
    /// Accounts in the report.
    pub accounts: u64,
    new: u64,
    gone: u64,
}

/// Sends a report through the signed API.
///
/// # Errors
/// When the server refuses it.
pub fn send(client: &Client, report: &HostReport) -> Result<Sent, CliError> {
    let request = json!({"Report": encode(report)?});
    let answer = client.call(OWN, "ReportHost", &request).doing("could not report this machine")?;
    let number = |name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or(0);
    Ok(Sent {
        quuid: answer.get("Quuid").and_then(Value::as_str).unwrap_or_default().to_owned(),
        accounts: number("Accounts"),
        new: number("New"),
        gone: number("Vanished"),
    })
}

fn encode(report: &HostReport) -> Result<String, CliError> {
    serde_json::to_string(report).map_err(|e| CliError::new(format!("the report cannot be written: {e}")))
}

fn show(report: &HostReport) -> Result<(), CliError> {
    let now = Timestamp::now();
    let today = Day::try_from(now.as_second().div_euclid(86_400)).unwrap_or(Day::MAX);
    let zone = TimeZone::system();
    let accounts = rules::accounts(report, &BTreeMap::new());
    let logins = report.accounts.iter().map(|facts| &facts.last_login);
    let rows: Vec<Value> =
        accounts.iter().zip(logins).map(|(account, login)| row(account, login, today, &zone)).collect();
    let columns = match report.host.os {
        Os::Linux => account_view::one_host(),
        Os::Windows => account_view::one_windows_host(),
    };
    print(Format::Table, &columns, &rows)?;
    line(&format!("{} accounts on {}", rows.len(), report.host.hostname))?;
    for (name, section) in &report.sections {
        if !section.evidence.is_complete() {
            let why = format!("{:?}", section.evidence).to_lowercase();
            note(&format!("not known for certain: {name} ({why})"));
        }
    }
    Ok(())
}

/// An account in the codes of the service; only the last login says more, whether it is unknown.
fn row(account: &Account, login: &LastLogin, today: Day, zone: &TimeZone) -> Value {
    let states = account.states(today);
    let flag = |value: Option<bool>| value.map_or(NONE, u16::from);
    json!({
        "Name": account.name,
        "Uid": account.uid.to_string(),
        "Status": u16::from(states.enabled),
        "LoginType": states.login_type.map_or(NONE, LoginType::code),
        "IsSudo": flag(account.is_sudo),
        "IsRoot": flag(account.is_root),
        "Shell": account.shell,
        "LastLoginTime": last_login(account, login, zone),
        "PasswordStatus": states.password.map_or(NONE, PasswordStatus::code),
        "UserType": account.user_type.map_or(NONE, |kind| kind as u16),
        "PasswordChangeTime": day(account.password_changed),
        "PasswordDueTime": day(account.password_due),
    })
}

/// A day, or nothing.
fn day(day: Option<Day>) -> String {
    let seconds = day.map(|day| i64::from(day) * 86_400);
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

fn last_login(account: &Account, login: &LastLogin, zone: &TimeZone) -> String {
    let at = account.last_login.and_then(|at| Timestamp::from_second(at).ok());
    match at {
        Some(at) => zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None if login.evidence.is_complete() => "never".to_owned(),
        None => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::facts::{AccountFacts, Evidence};

    use super::*;

    #[test]
    fn unknown_never_and_a_time_differ() {
        let mut facts = AccountFacts { name: "ann".into(), uid: Some(1000), ..AccountFacts::default() };
        let show = |facts: &AccountFacts| {
            let account = rules::account(facts, &Default::default(), 0);
            row(&account, &facts.last_login, 20_000, &TimeZone::UTC)
        };
        assert_eq!(show(&facts)["LastLoginTime"], "?");
        assert_eq!(show(&facts)["PasswordStatus"], 999);
        facts.last_login.evidence = Evidence::Absent;
        assert_eq!(show(&facts)["LastLoginTime"], "never");
        facts.last_login.record = Some(model::facts::LoginRecord { time: 86_400, ..Default::default() });
        assert_eq!(show(&facts)["LastLoginTime"], "1970-01-02 00:00:00");
        assert_eq!((day(Some(20_000)).as_str(), day(None).as_str()), ("2024-10-04", ""));
    }
}
