//! The agent for Windows under wine, against a real server over HTTPS: every command and exit code, and what the server
//! knows afterwards. Wine has one account, of which it tells the name only; so this proves the program, and not what
//! the answers of a real Windows mean. How both are started and asked is in `rig`.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    AGENT, Place, empty,
    rig::{Server, Wine, expect, wine_path},
};

/// Where Windows keeps its name, which is changed to see a change reported, and the name it gets.
const VERSION: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const NAME: &str = "Windows with another name";
/// What is known of wine's account, and that nothing else is. (Status and ShellLoginStatus have no 999.)
const KNOWN: [(&str, i64); 8] = [
    ("IsDomain", 0),
    ("UserType", 999),
    ("IsRoot", 999),
    ("LoginType", 999),
    ("IsSudo", 999),
    ("IsSshLogin", 999),
    ("PasswordLockDays", 999),
    ("PasswordStatus", 999),
];
/// A change is looked for every minute, gathered for a second, and sent.
const CHANGE: Duration = Duration::from_secs(90);
const START: Duration = Duration::from_secs(60);

/// Runs everything, with a server that is built first unless told otherwise.
///
/// # Errors
/// The first thing that is not as it should be.
pub fn check(place: &Place, program: &Path, build: bool) -> Result<(), String> {
    println!("==> {} under wine", AGENT.name);
    let stage = place.dist.join("wine");
    empty(&stage)?;
    let server = Server::start(place, &stage, build)?;
    let mut wine = Wine::start(&stage, program)?;
    let started = Instant::now();
    before(&mut wine)?;
    enrolment(&mut wine, &server)?;
    report(&mut wine, &server)?;
    service(&mut wine, &server)?;
    drop(server);
    wine.run("the server is gone", &["once"], 4)?;
    println!("wine: {} steps passed, 0 failed, {:.0} s", wine.steps, started.elapsed().as_secs_f64());
    Ok(())
}

/// What it says to people, and on a host that is not enrolled.
fn before(wine: &mut Wine) -> Result<(), String> {
    let help = wine.run("help", &["--help"], 0)?;
    expect(help.contains(r"%ProgramData%\Rollcall Agent]"), "its state is below %ProgramData%", &help)?;
    wine.run("version", &["--version"], 0)?;
    wine.run("no command", &[], 2)?;
    wine.run("an option only Linux has", &["once", "--root", "/"], 2)?;
    let status = wine.status(3)?;
    expect(status["State"] == "not enrolled" && status["Running"] == false, "not enrolled", &status)?;
    wine.run("once without enrolment", &["once"], 3).map(drop)
}

fn enrolment(wine: &mut Wine, server: &Server) -> Result<(), String> {
    let ca = wine_path(&server.certificate);
    let token = server.token()?;
    let with = |token, more: &[&'static str]| {
        [&["enroll", "--server", &server.url, "--ca", &ca, "--token", token], more].concat()
    };
    wine.run("what is no token", &with("rct1.x", &[]), 2)?;
    wine.run("an unknown token", &with("rct1.AKIDunknownunknownunknown.unknown", &[]), 1)?;
    let plain = ["enroll", "--server", "http://rollcall.example", "--token", &token];
    wine.run("plain HTTP to elsewhere", &plain, 2)?;
    let untrusted = ["enroll", "--server", &server.url, "--token", &token];
    wine.run("a certificate nobody vouches for", &untrusted, 4)?;
    let nowhere = with(&token, &["--state", r"C:\windows\win.ini\state"]);
    wine.run("a state directory that cannot be made", &nowhere, 5)?;
    let done = wine.run("a good token", &with(&token, &[]), 0)?;
    expect(done.starts_with("enrolled: host ") && !done.contains(&token), "enrolled", &done)?;
    wine.run("the token is used up", &with(&token, &["--state", r"C:\clone"]), 1)?;
    wine.run("a clone waits for approval", &with(&server.token()?, &["--state", r"C:\clone"]), 3).map(drop)
}

/// The report arrives, and says no more than is known.
fn report(wine: &mut Wine, server: &Server) -> Result<(), String> {
    wine.run("once", &["once"], 0)?;
    let status = wine.status(0)?;
    let fine = status["State"] == "enrolled" && status["Trouble"].is_null() && status["Waiting"] == 0;
    expect(fine && status["LastReport"].is_string() && status["Accounts"] == 1, "enrolled", &status)?;
    let hosts = server.call("rollcall", "ListHosts", &json!({}))?;
    let same = hosts["Total"] == 1 && hosts["Hosts"][0]["Quuid"] == status["Quuid"];
    expect(same, "the host is in the list", &hosts)?;
    let accounts = server.call("cwp", "DescribeAssetUserList", &json!({}))?;
    let account = &accounts["Users"][0];
    expect(accounts["Total"] == 1 && account["Name"] == wine.user, "wine's account is there", &accounts)?;
    for (field, value) in KNOWN {
        expect(account[field] == value, &format!("{field} is {value}"), account)?;
    }
    let known = KNOWN.map(|(field, _)| format!("{field} {}", account[field])).join(", ");
    println!("    {} account: {}: {known}", accounts["Total"], account["Name"]);
    wine.run("hives that are not there", &["once", "--hives", r"C:\nowhere"], 1).map(drop)
}

/// `run` as the task scheduler starts it, ended by Ctrl+C and by force.
fn service(wine: &mut Wine, server: &Server) -> Result<(), String> {
    let running = wine.background(&["run"])?;
    wine.until(START, "it runs", |status| status["Running"] == true)?;
    wine.run("once beside it", &["once"], 1)?;
    change(wine, server)?;
    let code = running.interrupt()?;
    wine.step("run, ended by Ctrl+C", code == Some(0), &format!("{code:?}"))?;
    let status = wine.status(0)?;
    expect(status["Running"] == false && status["Trouble"].is_null(), "it has ended", &status)?;
    let running = wine.background(&["run"])?;
    wine.until(START, "it runs again", |status| status["Running"] == true)?;
    drop(running);
    wine.run("once after it was killed", &["once"], 0).map(drop)
}

/// `run` hears by itself that the host is another one; how long that took.
fn change(wine: &mut Wine, server: &Server) -> Result<(), String> {
    let set = ["reg", "add", VERSION, "/v", "ProductName", "/t", "REG_SZ", "/d", NAME, "/f"];
    wine.tool("the system is renamed", &set)?;
    let started = Instant::now();
    loop {
        let hosts = server.call("rollcall", "ListHosts", &json!({}))?;
        let took = started.elapsed();
        if hosts["Hosts"][0]["OsInfo"].as_str().is_some_and(|name| name.contains(NAME)) {
            return wine.step(&format!("a change is told after {:.0} s", took.as_secs_f64()), true, "");
        }
        expect(took < CHANGE, "the change is told", &hosts)?;
        std::thread::sleep(Duration::from_millis(500));
    }
}
