//! Fills a data directory through the API, once for each size; further runs find it filled.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use crate::generate::{ACCOUNTS, EDITION, Fleet, People, time};
use crate::server::{Client, ROLLCALL, Server};
use crate::{Options, Result};

/// People of one call; the server takes no more.
const PEOPLE: u64 = 5_000;
/// Reports of one call; a body may have 10 MB.
const REPORTS: u64 = 100;

/// The data directory with the people and the accounts of these options.
pub fn data(options: &Options, program: &Path) -> Result<PathBuf> {
    let hosts = hosts(options);
    let path = options.work.join(format!("data-{EDITION}-{}-{hosts}", options.people));
    if path.exists() {
        return Ok(path);
    }
    let part = options.work.join("data-part");
    match fs::remove_dir_all(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::create_dir(&part)?;
    let begin = Instant::now();
    eprintln!("loading {} people and {hosts} hosts through the API, once", options.people);
    let server = Server::start(program, &part)?;
    let client = server.client();
    people(&client, options.people)?;
    eprintln!("people loaded after {:.0} s", begin.elapsed().as_secs_f64());
    fleet(&client, hosts)?;
    eprintln!("hosts loaded after {:.0} s", begin.elapsed().as_secs_f64());
    drop(server);
    fs::rename(&part, &path)?;
    Ok(path)
}

/// Hosts for the wanted number of accounts.
pub fn hosts(options: &Options) -> u64 {
    options.accounts.div_ceil(ACCOUNTS)
}

fn people(client: &Client, count: u64) -> Result<()> {
    let people = People::new();
    for begin in (0..count).step_by(PEOPLE as usize) {
        let users: Vec<_> = (begin..count.min(begin + PEOPLE))
            .map(|index| {
                let p = people.person(index);
                json!({
                    "UserName": p.user_name, "UserId": p.id, "DisplayName": p.display_name, "Phone": p.phone,
                    "Email": p.email, "Status": p.status.as_str(), "Description": p.description,
                    "CreationTime": time(p.created), "LastUpdateTime": time(p.updated),
                    "LastLoginTime": p.last_login.map(time),
                })
            })
            .collect();
        let answer = client.call(ROLLCALL, "ImportUsers", &json!({ "Users": users }))?;
        if answer["Created"] != users.len() {
            return Err(format!("ImportUsers: {answer}").into());
        }
    }
    Ok(())
}

fn fleet(client: &Client, hosts: u64) -> Result<()> {
    let fleet = Fleet::new();
    for begin in (0..hosts).step_by(REPORTS as usize) {
        let end = hosts.min(begin + REPORTS);
        let reports: Vec<String> = (begin..end)
            .map(|index| serde_json::to_string(&fleet.report(index)))
            .collect::<std::result::Result<_, _>>()?;
        let answer = client.call(ROLLCALL, "ReportHosts", &json!({ "Reports": reports }))?;
        let results = answer["Results"].as_array().ok_or("no results")?;
        if let Some(bad) = results.iter().find(|result| !result["Code"].is_null()) {
            return Err(format!("ReportHosts: {bad}").into());
        }
    }
    Ok(())
}
