//! Differential test: accounts as `chntpw -l` lists them, on a real hive and on hives written here. Skips with a
//! message where the program or the real hive is missing. The real hive is looked for in the directory
//! `ROLLCALL_WINDOWS_HIVES`, else in `shared/reference/windows-hives` beside the repository; `SAM` or `SAM.xz`.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use model::facts::{HostReport, WindowsKind};
use windows::offline::{Options, scan};

mod common;

use common::{
    List, hive,
    sam::{User, member, tree},
};

/// Number, name, administrator, disabled.
type Row = (u32, String, bool, bool);

/// What chntpw lists; `None` when it is not installed.
fn chntpw(sam: &Path) -> Option<Vec<Row>> {
    // A hive it does not understand must not hold the tests up.
    let Ok(output) = Command::new("timeout").args(["20", "chntpw", "-l"]).arg(sam).output() else {
        eprintln!("skipped: timeout is not installed");
        return None;
    };
    if output.status.code() == Some(127) {
        eprintln!("skipped: chntpw is not installed");
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, rid, name, admin, lock, _] = cells[..] else { return None };
        let rid = u32::from_str_radix(rid, 16).ok()?;
        Some((rid, name.to_owned(), admin == "ADMIN", lock == "dis/lock"))
    });
    Some(rows.collect())
}

/// The same of our report.
fn ours(report: &HostReport) -> Vec<Row> {
    let row = |account: &model::facts::AccountFacts| {
        let windows = account.windows.clone().unwrap();
        let rid = account.sid.as_ref().unwrap().rsplit('-').next().unwrap().parse().unwrap();
        let admin = windows.kind == WindowsKind::Administrator;
        let locked = windows.enabled == Some(false) || windows.locked_out == Some(true);
        (rid, account.name.clone(), admin, locked)
    };
    report.accounts.iter().map(row).collect()
}

fn real_hives() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/windows-hives");
    let dir = std::env::var_os("ROLLCALL_WINDOWS_HIVES").map_or_else(|| beside.into(), PathBuf::from);
    dir.is_dir().then_some(dir)
}

/// The real hives unpacked in a directory of their own.
fn unpacked() -> Option<tempfile::TempDir> {
    let Some(from) = real_hives() else {
        eprintln!("skipped: no real hives");
        return None;
    };
    let dir = tempfile::tempdir().unwrap();
    for name in ["SAM", "SYSTEM"] {
        let (plain, packed) = (from.join(name), from.join(format!("{name}.xz")));
        let bytes = if plain.exists() {
            std::fs::read(plain).unwrap()
        } else if let Ok(output) = Command::new("xz").arg("-dc").arg(packed).output() {
            output.stdout
        } else {
            eprintln!("skipped: xz is not installed");
            return None;
        };
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    Some(dir)
}

fn read(dir: &tempfile::TempDir) -> HostReport {
    scan(&Options { dir: dir.path().to_owned(), ..Options::default() }).unwrap()
}

#[test]
fn a_real_hive_is_read_as_chntpw_reads_it() {
    let Some(dir) = unpacked() else { return };
    let report = read(&dir);
    assert!(!report.accounts.is_empty());
    if let Some(theirs) = chntpw(&dir.path().join("SAM")) {
        assert_eq!(ours(&report), theirs);
    }
}

/// Times, policy and host of the hives of regipy's test data (MIT), as its plugins print them.
#[test]
fn the_known_hive_has_its_known_times() {
    let Some(dir) = unpacked() else { return };
    let report = read(&dir);
    let Some(preston) = report.accounts.iter().find(|account| account.name == "Preston") else {
        eprintln!("skipped: not the hive whose times are known");
        return;
    };
    let logins: Vec<_> =
        report.accounts.iter().map(|a| a.last_login.record.as_ref().map(|r| r.time)).collect();
    assert_eq!(logins, [Some(1_290_289_692), None, Some(1_412_045_974)]);
    let kinds: Vec<_> = report.accounts.iter().map(|a| a.windows.clone().unwrap().kind).collect();
    assert_eq!(kinds, [WindowsKind::Administrator, WindowsKind::Guest, WindowsKind::Administrator]);
    assert_eq!(preston.groups, ["Administrators", "Users"]);
    assert_eq!(preston.sid.as_deref(), Some("S-1-5-21-1760460187-1592185332-161725925-1000"));
    assert_eq!((report.host.hostname.as_str(), report.host.os_name.as_str()), ("WKS-WIN732BITA", "Windows"));
}

#[test]
fn written_hives_are_read_as_chntpw_reads_them() {
    let users: Vec<User> = (0..40u32)
        .map(|n| {
            let acb = [0x10, 0x11, 0x210, 0x211, 0x215, 0x14][n as usize % 6];
            User { acb, ..User::new(1000 + n * 7, &format!("user{n}")) }
        })
        .collect();
    let administrators: Vec<_> = users.iter().step_by(3).map(|user| member(user.rid)).collect();
    for list in [List::Lf, List::Lh, List::Ri] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("SAM"), hive(&tree(&users, &administrators, &[]), list)).unwrap();
        let Some(theirs) = chntpw(&dir.path().join("SAM")) else { return };
        // Its search for administrators needs more of the account domain than is written here.
        let listed =
            |rows: Vec<Row>| rows.into_iter().map(|(rid, name, _, off)| (rid, name, off)).collect::<Vec<_>>();
        let count = theirs.len();
        assert_eq!(listed(ours(&read(&dir))), listed(theirs), "{list:?}");
        assert_eq!(count, users.len());
    }
}
