//! `rollcall quickstart`: from nothing to an answered question. Starts a server here, looks at this machine,
//! reports it, lists and exports its accounts, all through the signed API, and shows how to go on.

mod sample;

use std::{fs, net::SocketAddr, path::Path};

use clap::{Args as ClapArgs, Parser};
use serde_json::{Value, json};

use crate::{
    account_view,
    client::{CWP, Client, Credentials, EIAM, Endpoint, Target},
    error::{CliError, Context},
    export, local,
    output::{
        emit, line, style,
        table::{Format, print},
    },
    paging::{PAGE, Page},
    scan,
    serve::{self, LogForm, Running, start_log},
};

/// Options of `quickstart`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Everything is kept in the data directory; run it again at any time. Run it as root to see passwords' states,
sudo rights and keys.

Examples:
  rollcall quickstart
  rollcall quickstart --exit --sample 1000 --data-dir /tmp/rollcall")]
pub struct Args {
    /// End after the export instead of serving until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// Also make this many invented people
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    sample: u32,
    /// Address and port [default: a free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

/// Options of a server, without a command line around them.
#[derive(Parser)]
struct ServeDefaults {
    #[command(flatten)]
    args: serve::Args,
}

/// Runs the command.
pub fn run(target: &Target, args: &Args) -> Result<(), CliError> {
    let _log = start_log(LogForm::Text, "warn")?;
    let dir = target.data_dir()?;
    heading("Server")?;
    let credentials = local::ensure_credentials(&dir, "quickstart")?;
    let running = Running::start(&dir, &serve_args(args)?)?;
    let url = running.local_url().to_owned();
    line(&format!("running at {url}, data in {}", dir.display()))?;
    let client = Client::new(&Endpoint { url: url.clone(), ca: None }, credentials)?;
    show_accounts(&client)?;
    if args.sample > 0 {
        heading("People")?;
        sample::import(&client, args.sample)?;
        line(&format!("{} invented people; the directory has {} now", args.sample, people(&client)?))?;
    }
    export_accounts(&client, &dir)?;
    show_snippets(&url, &Credentials::load(&dir)?)?;
    if args.exit {
        return running.stop();
    }
    emit(b"\nServing until Ctrl-C.\n")?;
    running.until_signal()
}

fn serve_args(args: &Args) -> Result<serve::Args, CliError> {
    let parsed = ServeDefaults::try_parse_from(["rollcall"]);
    let mut serve = parsed.map_err(|e| CliError::new(format!("the server's options: {e}")))?.args;
    serve.listen = args.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    Ok(serve)
}

/// Scans this machine, reports it and shows its accounts as the server answers them.
fn show_accounts(client: &Client) -> Result<(), CliError> {
    heading("Accounts of this machine")?;
    let report = scan::read(collect::Options::default())?;
    let sent = scan::send(client, &report)?;
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let request = json!({"Quuid": sent.quuid, "Offset": rows.len(), "Limit": PAGE});
        let answer =
            client.call(CWP, "DescribeAssetUserList", &request).doing("could not list the accounts")?;
        let page = Page::take(answer, "Users", "Total");
        let last = page.rows.is_empty();
        rows.extend(page.rows);
        if last || rows.len() as u64 >= page.total {
            break;
        }
    }
    print(Format::Table, &account_view::one_host(), &rows)?;
    line(&format!("{} accounts on {} (? is unknown)", rows.len(), report.host.hostname))
}

fn people(client: &Client) -> Result<u64, CliError> {
    let request = json!({"Offset": 0, "Limit": 1, "IncludeTotal": true});
    let answer = client.call(EIAM, "ListUsers", &request).doing("could not count the people")?;
    Ok(answer.get("TotalCount").and_then(Value::as_u64).unwrap_or(0))
}

fn export_accounts(client: &Client, dir: &Path) -> Result<(), CliError> {
    heading("Export")?;
    let dir = fs::canonicalize(dir).map_err(|e| CliError::io(dir.display(), &e))?;
    let path = export::accounts(client, &json!({}), Some(&dir.join("accounts.csv")))?;
    line(&format!("all accounts are in {}", path.display()))
}

/// How to call this very server from the clients people have.
fn show_snippets(url: &str, credentials: &Option<Credentials>) -> Result<(), CliError> {
    let Some(credentials) = credentials else { return Ok(()) };
    let key = credentials.signing_key();
    let (scheme, host) = url.split_once("://").unwrap_or(("http", url));
    let text = include_str!("snippets.txt")
        .replace("{id}", key.secret_id)
        .replace("{key}", key.secret_key)
        .replace("{scheme}", scheme)
        .replace("{host}", host)
        .replace("{url}", url);
    heading("Go on")?;
    emit(text.as_bytes())
}

fn heading(text: &str) -> Result<(), CliError> {
    emit(format!("\n{}\n", style::strong(text)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_defaults() {
        let args = Args { exit: true, sample: 0, listen: None };
        let serve = serve_args(&args).unwrap();
        assert_eq!((serve.listen.port(), serve.rate_limit), (0, 20));
    }

    #[test]
    fn snippets_have_no_places_left() {
        let text = include_str!("snippets.txt");
        for place in ["{id}", "{key}", "{host}", "{url}", "{scheme}"] {
            assert!(text.contains(place), "{place}");
        }
    }
}
