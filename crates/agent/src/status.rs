//! `rollcall-agent status`: what the state directory says about the agent. Shows no secret.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    error::{Failure, exit},
    log::Log,
    server::VERSION,
    state::{self, Dir, Enrolment, Progress, Trouble},
    system::ADMINISTRATOR,
};

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    version: &'static str,
    /// `enrolled`, `pending` or `not enrolled`.
    state: &'static str,
    running: bool,
    server: Option<String>,
    quuid: Option<String>,
    uuid: Option<String>,
    last_contact: Option<String>,
    last_report: Option<String>,
    last_scan: Option<String>,
    accounts: u64,
    waiting: usize,
    dropped: u64,
    trouble: Option<Trouble>,
}

/// Shows the status; the exit code says whether the host is enrolled.
///
/// # Errors
/// When the state directory cannot be read.
pub fn show(dir: &Path, json: bool, log: &Log) -> Result<u8, Failure> {
    let looked = state::look(dir, log).map_err(|e| {
        Failure::new(format!("{} cannot be read: {e}", dir.display()))
            .next(format!("run this as {ADMINISTRATOR}"))
    })?;
    let (enrolment, progress, waiting) = looked;
    let running = matches!(Dir::new(dir).lock(), Ok(None));
    let status = status(enrolment, progress, waiting, running);
    if json {
        let text = serde_json::to_string_pretty(&status).map_err(|e| Failure::new(e.to_string()))?;
        println!("{text}");
    } else {
        print!("{}", table(&status));
    }
    Ok(if status.state == "enrolled" { 0 } else { exit::NOT_ENROLLED })
}

fn status(enrolment: Option<Enrolment>, progress: Progress, waiting: usize, running: bool) -> Status {
    let credential = enrolment.as_ref().and_then(|e| e.credential.clone());
    let state = match (&enrolment, &credential) {
        (_, Some(_)) => "enrolled",
        (Some(_), None) => "pending",
        (None, None) => "not enrolled",
    };
    Status {
        version: VERSION,
        state,
        running,
        server: enrolment.map(|e| e.server),
        quuid: credential.as_ref().map(|c| c.quuid.clone()),
        uuid: credential.map(|c| c.uuid),
        last_contact: time(progress.last_contact),
        last_report: time(progress.last_report),
        last_scan: time(progress.last_scan),
        accounts: progress.accounts,
        waiting,
        dropped: progress.dropped,
        trouble: progress.trouble,
    }
}

fn time(ms: i64) -> Option<String> {
    let at = Timestamp::from_millisecond(ms).ok().filter(|_| ms > 0)?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

fn table(status: &Status) -> String {
    let text = |value: &Option<String>| plain(value.as_deref().filter(|v| !v.is_empty()).unwrap_or("-"));
    let time = |value: &Option<String>| value.clone().unwrap_or_else(|| "never".to_owned());
    let mut rows = vec![
        ("state", status.state.to_owned()),
        ("running", if status.running { "yes" } else { "no" }.to_owned()),
        ("server", text(&status.server)),
        ("host", text(&status.quuid)),
        ("agent", text(&status.uuid)),
        ("last contact", time(&status.last_contact)),
        ("last report", time(&status.last_report)),
        ("last scan", format!("{} ({} accounts)", time(&status.last_scan), status.accounts)),
        ("waiting", format!("{} ({} dropped so far)", status.waiting, status.dropped)),
    ];
    if let Some(trouble) = &status.trouble {
        let at = self::time(trouble.at).unwrap_or_else(|| "-".to_owned());
        rows.push(("last error", format!("{at} {}", plain(&trouble.what))));
        if let Some(next) = &trouble.next {
            rows.push(("next", plain(next)));
        }
    }
    rows.iter().map(|(name, value)| format!("{name:<13} {value}\n")).collect()
}

/// Text of the server must not steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Credential;

    #[test]
    fn shows_all_but_secrets() {
        let credential = Credential {
            secret_id: "AKID".into(),
            secret_key: "hunter2".into(),
            quuid: "q-1".into(),
            uuid: "u-1".into(),
        };
        let enrolment =
            Enrolment { server: "https://x".into(), credential: Some(credential), ..Default::default() };
        let trouble = Trouble { at: 1, what: "bad\u{1b}[1m".into(), next: Some("do that".into()) };
        let progress = Progress { last_report: 86_400_000, trouble: Some(trouble), ..Default::default() };
        let shown = status(Some(enrolment), progress, 3, true);
        let (table, json) = (table(&shown), serde_json::to_string(&shown).unwrap());
        for text in [&table, &json] {
            assert!(
                text.contains("q-1") && text.contains("1970-01-02T00:00:00Z") && !text.contains("hunter2")
            );
        }
        assert!(table.contains("do that") && !table.contains('\u{1b}'), "{table}");
        let nothing = status(None, Progress::default(), 0, false);
        assert!(self::table(&nothing).contains("not enrolled"));
    }
}
