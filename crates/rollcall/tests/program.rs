//! The program as people and scripts run it: servers, keys, people, hosts, accounts, exit codes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a panic is the report of a test")]

mod common;

use std::os::unix::fs::PermissionsExt;

use common::{Server, fail, file, program, run, succeed};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn keys_are_made_without_a_server_and_through_it() {
    let dir = tempfile::tempdir().unwrap();
    let fresh = dir.path().join("new");
    let create = ["keys", "create", "--role", "admin", "--name", "first", "--format", "json"];
    let text = succeed(&fresh, &create);
    assert_eq!(text.lines().count(), 1);
    let key = json(&text);
    assert_eq!(key.as_object().unwrap().keys().collect::<Vec<_>>(), ["SecretId", "SecretKey"]);
    let saved = fresh.join("credentials.toml");
    assert_eq!(std::fs::metadata(&saved).unwrap().permissions().mode() & 0o777, 0o600);
    succeed(&fresh, &["tenants", "create", "branch"]);
    assert_eq!(json(&succeed(&fresh, &["tenants", "list", "--format", "json"])).as_array().unwrap().len(), 2);
    let temporary =
        json(&succeed(&fresh, &[&create[..], &["--expires-in", "1h", "--tenant", "branch"]].concat()));
    assert!(temporary["Token"].is_string() && temporary["ExpirationTime"].is_string(), "{temporary}");

    let server = Server::start(&[]);
    let online = json(&succeed(server.path(), &create));
    assert_eq!(online.as_object().unwrap().keys().collect::<Vec<_>>(), ["SecretId", "SecretKey"]);
    let id = online["SecretId"].as_str().unwrap();
    let as_it = |args: &[&str]| {
        program()
            .args(args)
            .args(["--endpoint", &server.url])
            .env("TENCENTCLOUD_SECRET_ID", id)
            .env("TENCENTCLOUD_SECRET_KEY", online["SecretKey"].as_str().unwrap())
            .output()
            .unwrap()
    };
    assert!(as_it(&["people", "list"]).status.success());
    succeed(server.path(), &["keys", "disable", id]);
    let refused = as_it(&["people", "list"]);
    let stderr = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr.contains("AuthFailure.SecretIdNotFound") && stderr.contains("request: "), "{stderr}");
    assert!(!stderr.contains(online["SecretKey"].as_str().unwrap()));
    succeed(server.path(), &["keys", "enable", id]);
    assert!(as_it(&["people", "list"]).status.success());
    let listed = succeed(server.path(), &["keys", "list", "--format", "json"]);
    assert!(listed.contains(id) && !listed.contains("SecretKey"), "{listed}");
    succeed(server.path(), &["keys", "delete", id]);
    assert!(!succeed(server.path(), &["keys", "list"]).contains(id));
}

#[test]
fn a_server_says_one_line_and_cleans_up_after_itself() {
    let server = Server::start(&["--log", "json"]);
    let saved = server.path().join("credentials.toml");
    assert_eq!(std::fs::metadata(saved).unwrap().permissions().mode() & 0o777, 0o600);
    let left = std::fs::read_to_string(server.path().join("endpoint")).unwrap();
    assert_eq!(left.trim(), server.url);
    let second = fail(server.path(), &["serve", "--listen", "127.0.0.1:0"], 1);
    assert!(second.contains("in use"), "{second}");
    succeed(server.path(), &["people", "list"]);
    let (status, rest, dir) = server.stop();
    assert!(status.success(), "{status:?}");
    assert_eq!(rest, "");
    assert!(!dir.path().join("endpoint").exists());
    // The key of the first start still works after the second.
    let again = Server::start_on(dir, &[]);
    succeed(again.path(), &["people", "list"]);
}

#[test]
fn plain_http_stays_on_this_machine() {
    let dir = tempfile::tempdir().unwrap();
    let refused = fail(dir.path(), &["serve", "--listen", "0.0.0.0:0"], 1);
    assert!(refused.contains("--insecure-http") && refused.contains("--tls-cert"), "{refused}");
}

#[test]
fn https_with_a_certificate_of_one_s_own() {
    let data = |name: &str| format!("{}/../server/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let (cert, key) = (data("localhost.pem"), data("localhost.key"));
    let server = Server::start(&["--tls-cert", &cert, "--tls-key", &key]);
    assert!(server.url.starts_with("https://"), "{}", server.url);
    succeed(server.path(), &["people", "list", "--ca", &cert]);
    let stranger = fail(server.path(), &["people", "list"], 1);
    assert!(stranger.contains("--ca"), "{stranger}");
    assert!(fail(server.path(), &["people", "list", "--ca", "/no/such.pem"], 1).contains("/no/such.pem"));
}

#[test]
fn people_go_in_and_come_out_the_same() {
    let server = Server::start(&[]);
    let dir = server.path();
    let text = "UserId,UserName,DisplayName,Phone,Email,Status,Description,CreationTime,LastUpdateTime,LastLoginTime\n\
        id-1,ann,Ann Lee,+86-13800138000,ann@corp.example,NORMAL,\"a, \"\"b\"\"\nc\",2021-01-13T09:44:07.182+0000,2021-01-13T09:44:07.182+0000,\n\
        id-2,bob,=Bob,,,FREEZE,,2021-01-14T00:00:00.000+0000,2021-01-14T00:00:00.000+0000,2022-01-01T00:00:00.000+0000\n";
    let people = file(dir, "people.csv", text);
    let dry = succeed(dir, &["people", "import", &people, "--dry-run"]);
    assert!(dry.contains("2 to create") && dry.contains("nothing was written"), "{dry}");
    assert!(succeed(dir, &["people", "import", &people]).contains("2 created"));
    assert!(succeed(dir, &["people", "import", &people]).contains("2 unchanged"));
    let out = dir.join("out.csv");
    succeed(dir, &["people", "export", "-o", out.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), text);
    let frozen = succeed(dir, &["people", "list", "--filter", "Status=FREEZE", "--format", "json"]);
    assert_eq!(json(&frozen)[0]["UserName"], "bob");
    succeed(dir, &["people", "unfreeze", "bob"]);
    assert!(succeed(dir, &["people", "show", "bob"]).contains("NORMAL"));
    assert!(
        succeed(dir, &["people", "create", "cid", "--email", "cid@corp.example"]).contains("first password")
    );
    succeed(dir, &["people", "update", "cid", "--display-name", "Cid"]);
    assert_eq!(json(&succeed(dir, &["people", "show", "cid", "--format", "json"]))["DisplayName"], "Cid");
    succeed(dir, &["people", "delete", "cid"]);
    let gone = fail(dir, &["people", "show", "cid"], 1);
    assert!(gone.contains("code: ") && gone.contains("could not show cid"), "{gone}");
}

#[test]
fn a_file_with_problems_changes_nothing() {
    let server = Server::start(&[]);
    let dir = server.path();
    let bad = file(dir, "bad.csv", "UserName,Phone\nann,+86-13800138000\n,12\nbob,+86-13800138000\n");
    let stderr = fail(dir, &["people", "import", &bad], 3);
    for expected in [":3: UserName: ", ":3: Phone: ", ":4: Phone: the same as in line 2", "3 problems"] {
        assert!(stderr.contains(expected), "{expected} in {stderr}");
    }
    assert!(fail(dir, &["people", "import", &file(dir, "c.csv", "UserName,Shoe\n")], 3).contains("Shoe"));
    assert_eq!(succeed(dir, &["people", "list", "--format", "json"]).trim(), "[]");
    // What only the server can know comes back with the line of the file.
    succeed(dir, &["people", "import", &file(dir, "a.csv", "UserName,Email\nann,ann@corp.example\n")]);
    let taken = file(dir, "taken.csv", "UserName,Email\ncid,cid@corp.example\n\nbob,ann@corp.example\n");
    let stderr = fail(dir, &["people", "import", &taken], 3);
    assert!(stderr.contains(":4: Email: ") && stderr.contains("nothing was written"), "{stderr}");
    assert!(!succeed(dir, &["people", "list"]).contains("cid"));
}

#[test]
fn many_people_pass_in_batches_under_the_rate_limit() {
    let server = Server::start(&[]);
    let dir = server.path();
    let mut text = "UserName,Email\n".to_owned();
    for i in 0..12_345 {
        text.push_str(&format!("user{i:05},user{i:05}@corp.example\n"));
    }
    let people = file(dir, "people.csv", &text);
    assert!(succeed(dir, &["people", "import", &people]).contains("12345 created"));
    let out = dir.join("out.csv");
    // 3000 of them need more than 20 pages, more than a second's worth.
    succeed(
        dir,
        &["people", "export", "-o", out.to_str().unwrap(), "--filter", "UserName=[user00000,user02999]"],
    );
    let names: Vec<String> = std::fs::read_to_string(&out)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(1).unwrap().to_owned())
        .collect();
    let expected: Vec<String> = (0..3000).map(|i| format!("user{i:05}")).collect();
    assert_eq!(names, expected);
}

#[test]
fn a_host_is_scanned_reported_listed_and_exported() {
    let server = Server::start(&[]);
    let dir = server.path();
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("etc")).unwrap();
    file(
        root.path(),
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\n=cmd:x:1001:1001::/:/bin/sh\n",
    );
    file(root.path(), "etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    file(root.path(), "etc/hostname", "web-1\n");
    let root = root.path().to_str().unwrap();
    let report = succeed(dir, &["scan", "--root", root, "--format", "json"]);
    assert_eq!(report.lines().count(), 1);
    let shown = succeed(dir, &["scan", "--root", root]);
    assert!(shown.contains("3 accounts") && shown.contains('?'), "{shown}");

    let reports = file(dir, "reports.jsonl", &format!("{report}not a report\n"));
    let stopped = fail(dir, &["hosts", "import", &reports], 3);
    assert!(stopped.contains("reports.jsonl:2: "), "{stopped}");
    let kept = succeed(dir, &["hosts", "import", &reports, "--keep-going"]);
    assert!(kept.contains("1 reports taken in, 1 lines left out"), "{kept}");
    assert!(succeed(dir, &["hosts", "list"]).contains("web-1"));
    let accounts = json(&succeed(dir, &["accounts", "list", "--format", "json"]));
    assert_eq!(accounts.as_array().unwrap().len(), 3);
    let root_only = succeed(dir, &["accounts", "list", "--filter", "NameStrict=root", "--format", "csv"]);
    assert!(root_only.starts_with("MachineName,") && root_only.lines().count() == 2, "{root_only}");
    assert!(succeed(dir, &["accounts", "show", "web-1", "ann"]).contains("/home/ann"));
    let out = dir.join("accounts.csv");
    succeed(dir, &["accounts", "export", "-o", out.to_str().unwrap()]);
    let exported = std::fs::read_to_string(out).unwrap();
    assert!(
        exported.contains("\r\n") && exported.contains("'=cmd") && exported.lines().count() == 4,
        "{exported}"
    );
    let xlsx = dir.join("accounts.xlsx");
    succeed(dir, &["accounts", "export", "-o", xlsx.to_str().unwrap(), "--file-format", "xlsx"]);
    assert!(std::fs::read(xlsx).unwrap().starts_with(b"PK"));
}

#[test]
fn any_action_can_be_called() {
    let server = Server::start(&[]);
    let caller = json(&succeed(server.path(), &["call", "rollcall", "DescribeCaller"]));
    assert_eq!(caller["Role"], "admin");
    let stderr = fail(server.path(), &["call", "eiam", "NoSuchAction"], 1);
    assert!(stderr.contains("InvalidAction"), "{stderr}");
    assert!(fail(server.path(), &["call", "eiam", "ListUsers", "[1]"], 2).contains("JSON object"));
}

#[test]
fn the_quick_start_works_twice() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("data");
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let accounts = passwd.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).count();
    for round in 0..2 {
        let shown = succeed(&home, &["quickstart", "--exit", "--sample", "100"]);
        assert!(shown.contains(&format!("{accounts} accounts on ")), "{round}: {shown}");
        assert!(shown.contains("the directory has 100 now"), "{shown}");
        assert!(
            shown.contains("http://127.0.0.1:") && shown.contains("tccli") && shown.contains("AKID"),
            "{shown}"
        );
        let csv = std::fs::read_to_string(home.join("accounts.csv")).unwrap();
        assert!(shown.contains("accounts.csv") && csv.lines().count() == accounts + 1);
    }
}

#[test]
fn exit_codes_and_advice() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["no-such-command"]).status.code(), Some(2));
    assert!(fail(dir.path(), &["people", "list"], 1).contains("TENCENTCLOUD_SECRET_ID"));
    succeed(dir.path(), &["keys", "list"]);
    let unreachable = fail(dir.path(), &["people", "list", "--endpoint", "http://127.0.0.1:1"], 1);
    assert!(unreachable.contains("could not be reached") && unreachable.contains("next: "), "{unreachable}");
    assert!(fail(dir.path(), &["people", "list", "--endpoint", "nonsense"], 1).contains("nonsense"));
}
