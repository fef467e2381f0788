"""The command line as people use it: keys and tenants with and without a server, people, hosts, accounts, scans, calls,
exit codes, the quick start; and tccli against the same server."""
import csv
import io
import json
import os
import pathlib
import subprocess
import sys

import pytest
from reports import account, grant, report, send
from rig import cli

SECRET = "a-hash-that-must-not-leave"


@pytest.fixture(scope="module")
def filled(server):
    send(server, report("cli-1", [account("ann", 1000, sudo={"grants": [grant()]}), account("root", 0)]))
    return server


@pytest.fixture
def run(filled):
    """Runs a command against the server; returns the finished process."""
    return lambda *words, **more: cli(*words, "--data-dir", filled.directory, check=False, **more)


def ok(done):
    assert done.returncode == 0, (done.args[1:], done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def people(run, *words):
    return json.loads(ok(run("people", "list", "--format", "json", "--all", *words)))


def test_keys_through_the_server(filled, run):
    key = json.loads(ok(run("keys", "create", "--role", "auditor", "--name", "visitor", "--format", "json")))
    caller = filled.raw((key["SecretId"], key["SecretKey"]))
    assert caller.post("rollcall", "DescribeCaller", {})["Role"] == "auditor"
    listed = ok(run("keys", "list"))
    assert key["SecretId"] in listed and key["SecretKey"] not in listed
    ok(run("keys", "disable", key["SecretId"]))
    assert caller.code("rollcall", "DescribeCaller", {}) == "AuthFailure.SecretIdNotFound"
    ok(run("keys", "enable", key["SecretId"]))
    assert caller.code("rollcall", "DescribeCaller", {}) is None
    ok(run("keys", "delete", key["SecretId"]))
    assert caller.code("rollcall", "DescribeCaller", {}) == "AuthFailure.SecretIdNotFound"
    assert run("keys", "delete", key["SecretId"]).returncode == 1
    assert run("keys", "create", "--role", "boss", "--name", "x").returncode == 2
    temporary = json.loads(ok(run("keys", "create", "--role", "agent", "--name", "t", "--expires-in", "12h", "--format", "json")))
    assert temporary["Token"] and temporary["ExpirationTime"]


def test_keys_without_a_server(make_server, tmp_path):
    """In a new directory, in one whose server is stopped, and the server knows them afterwards."""
    fresh = tmp_path / "fresh"
    made = json.loads(cli("keys", "create", "--role", "operator", "--name", "x", "--format", "json", "--data-dir", fresh))
    assert made["SecretKey"] and (fresh / "credentials.toml").stat().st_mode & 0o077 == 0
    assert fresh.stat().st_mode & 0o077 == 0
    server = make_server()
    server.stop()
    made = json.loads(cli("keys", "create", "--role", "operator", "--name", "x", "--format", "json", "--data-dir", server.directory))
    gone = json.loads(cli("keys", "create", "--role", "operator", "--name", "y", "--format", "json", "--data-dir", server.directory))
    cli("keys", "delete", gone["SecretId"], "--data-dir", server.directory)
    tenant = json.loads(cli("tenants", "create", "branch", "--format", "json", "--data-dir", server.directory))
    assert "branch" in cli("tenants", "list", "--data-dir", server.directory)
    server.start()
    assert server.raw((made["SecretId"], made["SecretKey"])).post("rollcall", "DescribeCaller", {})["Role"] == "operator"
    assert server.raw((gone["SecretId"], gone["SecretKey"])).code("rollcall", "DescribeCaller", {}) == "AuthFailure.SecretIdNotFound"
    assert server.raw((tenant["SecretId"], tenant["SecretKey"])).post("rollcall", "DescribeCaller", {})["Tenant"] == "branch"


def test_one_server_for_a_directory(filled):
    done = cli("serve", "--data-dir", filled.directory, "--listen", "127.0.0.1:0", check=False)
    assert done.returncode == 1 and "error:" in done.stderr and "panicked" not in done.stderr
    assert filled.raw().get("/healthz").status == 200


def test_tenants(filled, run):
    made = json.loads(ok(run("tenants", "create", "cli-tenant", "--format", "json")))
    assert filled.raw((made["SecretId"], made["SecretKey"])).post("rollcall", "DescribeCaller", {})["Tenant"] == "cli-tenant"
    assert {"default", "cli-tenant"} <= {t["Name"] for t in json.loads(ok(run("tenants", "list", "--format", "json")))}
    assert run("tenants", "create", "cli-tenant").returncode == 1 and run("tenants", "create", "Not A Name").returncode == 1
    theirs = json.loads(ok(run("keys", "create", "--role", "admin", "--name", "x", "--tenant", "cli-tenant", "--format", "json")))
    env = {"TENCENTCLOUD_SECRET_ID": theirs["SecretId"], "TENCENTCLOUD_SECRET_KEY": theirs["SecretKey"]}
    assert json.loads(ok(run("people", "list", "--format", "json", "--endpoint", filled.url, env=env))) == []


def test_people_import(run, tmp_path):
    file = tmp_path / "people.csv"
    text = "UserName,DisplayName,Email,Phone,Status\r\n" + "".join(f"csv-{i},Person {i},csv-{i}@corp.example,,NORMAL\r\n" for i in range(120))
    text += '"csv,quoted","A ""nick"" name, 李",,,FREEZE\r\n'
    file.write_text("\ufeff" + text, newline="")
    assert "121 to create" in ok(run("people", "import", file, "--dry-run")) and people(run, "--filter", "UserName=csv*") == []
    assert "121 created" in ok(run("people", "import", file))
    found = people(run, "--filter", "UserName=csv*")
    assert len(found) == 121 and {p["UserName"]: p for p in found}["csv,quoted"]["DisplayName"] == 'A "nick" name, 李'
    assert "0 created, 0 updated, 121 unchanged" in ok(run("people", "import", file)), "a file can be imported again"
    file.write_text("UserName,DisplayName\ncsv-5,Changed\ncsv-new,New\n")
    assert "1 created, 1 updated, 0 unchanged" in ok(run("people", "import", file))
    [changed] = people(run, "--filter", 'UserName="csv-5"')
    assert (changed["DisplayName"], changed["Email"]) == ("Changed", "csv-5@corp.example"), "what is not in the file stays"


BAD_FILES = [
    ("UserName,Email\nbad-1,a@b.example\nbad-2,nonsense\n", ":3:", "Email"), ("UserName,Phone\nbad-1,call me\n", ":2:", "Phone"),
    ("UserName,Status\nbad-1,ASLEEP\n", ":2:", "Status"), ("UserName\nbad-1\nbad-2\nbad-1\n", ":4:", "UserName"), ("UserName\n" + "x" * 65 + "\n", ":2:", "UserName"),
    ("UserName,CreationTime\nbad-1,yesterday\n", ":2:", "CreationTime"), ("UserName,Shoe\nbad-1,9\n", ":1:", "Shoe"), ("Email\na@b\n", ":1:", "UserName"),
    ("UserName,Email\nbad-1,a@b.example,extra\n", ":2:", "cells"), ('UserName,DisplayName\nbad-1,"a\nb"\nbad-2,' + "y" * 65 + "\n", ":4:", "DisplayName"),
    ("UserName,Email\nbad-1,csv-taken@corp.example\n", ":2:", "Email"),
]


@pytest.mark.parametrize("text, line, column", BAD_FILES, ids=[f"{c} {l}" for _, l, c in BAD_FILES])
def test_people_import_with_problems(filled, run, tmp_path, text, line, column):
    """Each problem is named by line and column, the exit code is 3 and nobody is written."""
    filled.call("rollcall", "ImportUsers", {"Users": [{"UserName": "csv-holder", "Email": "csv-taken@corp.example"}]})
    file = tmp_path / "bad.csv"
    file.write_text(text)
    done = run("people", "import", file)
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert line in done.stderr and column in done.stderr and "panicked" not in done.stderr
    assert people(run, "--filter", "UserName=bad*") == []


def test_people_one_by_one(run, tmp_path):
    out = ok(run("people", "create", "li.na", "--display-name", "Li Na", "--email", "li.na@corp.example"))
    assert "li.na" in out and "password" in out
    secret = tmp_path / "password"
    secret.write_text("correct horse 7\n")
    assert "password" not in ok(run("people", "create", "wu.di", "--password-file", secret))
    ok(run("people", "update", "li.na", "--phone", "+86-13600000001"))
    shown = json.loads(ok(run("people", "show", "li.na", "--format", "json")))
    assert (shown["Phone"], shown["Status"], shown["Email"]) == ("+86-13600000001", "NORMAL", "li.na@corp.example")
    ok(run("people", "freeze", "li.na"))
    assert [p["UserName"] for p in people(run, "--filter", "Status=FREEZE", "--filter", "UserName=li*")] == ["li.na"]
    ok(run("people", "unfreeze", "--id", shown["UserId"]))
    assert json.loads(ok(run("people", "show", "--id", shown["UserId"], "--format", "json")))["Status"] == "NORMAL"
    table = ok(run("people", "list", "--filter", "UserName=li*"))
    assert "USER NAME" in table and "li.na@corp.example" in table
    [row] = csv.DictReader(io.StringIO(ok(run("people", "list", "--filter", 'UserName="wu.di"', "--format", "csv"))))
    assert row["UserName"] == "wu.di"
    ok(run("people", "delete", "li.na", "wu.di"))
    gone = run("people", "show", "li.na")
    assert gone.returncode == 1 and "FailedOperation.PersonNotFound" in gone.stderr and "request:" in gone.stderr
    assert run("people", "update", "li.na").returncode == 2 and run("people", "freeze", "nobody").returncode == 1


def test_people_export_can_be_read_back(filled, run, make_server, tmp_path):
    users = [{"UserName": f"exp-{i:04}", "DisplayName": "=odd" if i == 3 else f"E {i}", "Status": "LOCKED" if i % 9 == 0 else "NORMAL"} for i in range(350)]
    filled.call("rollcall", "ImportUsers", {"Users": users})
    file = tmp_path / "people.csv"
    ok(run("people", "export", "-o", file))
    other = make_server()
    ok(cli("people", "import", file, "--data-dir", other.directory, check=False))

    def everybody(server):
        page = lambda offset: server.call("eiam", "ListUsers", {"Offset": offset, "Limit": 100, "Sort": {"SortKey": "UserName", "SortOrder": "ASC"}})["UserList"]
        rows = [u for offset in range(0, 1000, 100) for u in page(offset)]
        return [{k: v for k, v in u.items() if k != "OrgPath"} for u in rows]

    assert everybody(other) == everybody(filled) and len(everybody(other)) >= 350


def test_accounts(filled, run, tmp_path):
    rows = json.loads(ok(run("accounts", "list", "--host", "q-cli-1", "--format", "json")))
    assert [r["Name"] for r in rows] == ["root", "ann"]
    rows = json.loads(ok(run("accounts", "list", "--filter", "IsSudo=1", "--filter", "Status=1", "--format", "json")))
    assert [r["Name"] for r in rows] == ["ann"]
    rows = json.loads(ok(run("accounts", "list", "--host", "q-cli-1", "--filter", "Name=root", "--filter", "Name=ann", "--format", "json")))
    assert len(rows) == 2, "the same filter twice means either value"
    assert "ann" in ok(run("accounts", "list", "--host", "q-cli-1"))
    shown = json.loads(ok(run("accounts", "show", "cli-1", "ann", "--format", "json")))
    assert (shown["Name"], shown["Uid"]) == ("ann", "1000")
    assert run("accounts", "show", "cli-1", "nobody").returncode == 1 and run("accounts", "show", "nowhere", "ann").returncode == 1
    refused = run("accounts", "list", "--filter", "Nope=1")
    assert refused.returncode == 1 and "InvalidParameter" in refused.stderr
    assert run("accounts", "list", "--filter", "Nope").returncode == 2
    for kind in ("csv", "xlsx", "jsonl"):
        file = tmp_path / f"accounts.{kind}"
        assert str(file) in ok(run("accounts", "export", "-o", file, "--file-format", kind, "--host", "q-cli-1"))
        assert file.stat().st_size > 100
    lines = (tmp_path / "accounts.jsonl").read_text().splitlines()
    assert [json.loads(line)["Name"] for line in lines] == ["root", "ann"]
    ok(run("accounts", "export", cwd=tmp_path))
    assert len(list(tmp_path.glob("asset-user-list-*.csv"))) == 1
    assert run("accounts", "export", "-o", tmp_path / "missing" / "x.csv").returncode == 1


def tiny_root(place):
    """A root directory with four accounts."""
    etc = place / "etc"
    (place / "bin").mkdir(parents=True)
    (place / "bin/bash").write_text("#!\n")
    (place / "bin/bash").chmod(0o755)
    etc.mkdir()
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/bash\nann:x:1000:1000:Ann,,,:/home/ann:/bin/bash\nsvc:x:2:2::/:/usr/sbin/nologin\n")
    (etc / "group").write_text("root:x:0:\nann:x:1000:\nsudo:x:27:ann\n")
    (etc / "shadow").write_text(f"root:*:19000:0:99999:7:::\ntoor:!:19000:0:99999:7:::\nann:$6${SECRET}${SECRET}:19000:0:99999:7:::\nsvc:*:19000:0:99999:7:::\n")
    (etc / "sudoers").write_text("%sudo ALL=(ALL:ALL) ALL\n")
    (etc / "hostname").write_text("tiny\n")
    (etc / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (etc / "os-release").write_text('PRETTY_NAME="Tiny Linux 1"\nID=tiny\n')
    return place


def test_scan_of_a_root(run, tmp_path):
    root = tiny_root(tmp_path / "root")
    text = cli("scan", "--root", root, "--format", "json")
    assert text.count("\n") == 1 and SECRET not in text
    facts = json.loads(text)
    assert [a["name"] for a in facts["accounts"]] == ["root", "toor", "ann", "svc"] and facts["host"]["hostname"] == "tiny"
    table = cli("scan", "--root", root)
    assert "4 accounts on tiny" in table and SECRET not in table
    assert cli("scan", "--root", root / "nowhere", check=False).returncode in (1, 2)
    ok(run("scan", "--root", root, "--report"))
    rows = json.loads(ok(run("accounts", "list", "--filter", "MachineName=tiny", "--format", "json")))
    codes = {r["Name"]: (r["IsRoot"], r["IsSudo"], r["Status"], r["PasswordStatus"]) for r in rows}
    assert codes == {"root": (1, 0, 1, 4), "toor": (1, 0, 0, 4), "ann": (0, 1, 1, 1), "svc": (0, 0, 1, 4)}


def test_hosts_import(run, tmp_path):
    lines = [json.dumps(report(f"imp-{i}", [account(f"a{j}", j) for j in range(3)])) for i in range(8)]
    scanned = cli("scan", "--root", tiny_root(tmp_path / "root"), "--format", "json")
    file = tmp_path / "reports.jsonl"
    file.write_text("\n".join(lines) + "\n" + scanned)
    assert "9 reports" in ok(run("hosts", "import", file)) and "9 reports" in ok(run("hosts", "import", file))
    hosts = json.loads(ok(run("hosts", "list", "--keyword", "imp-", "--format", "json")))
    assert [(h["MachineName"], h["Accounts"]) for h in hosts] == [(f"imp-{i}", 3) for i in range(8)]
    file.write_text(json.dumps(report("imp-good", [])) + "\nnonsense\n" + json.dumps(report("imp-late", [])) + "\n")
    stopped = run("hosts", "import", file)
    assert stopped.returncode == 3 and ":2:" in stopped.stderr
    assert "2 reports" in ok(run("hosts", "import", file, "--keep-going"))
    assert run("hosts", "import", tmp_path / "missing").returncode == 1


def test_call(run):
    answer = json.loads(ok(run("call", "rollcall", "DescribeCaller")))
    assert answer["Role"] == "admin"
    assert json.loads(ok(run("call", "cwp", "DescribeAssetUserList", "-", input='{"Limit":1}')))["Total"] >= 2
    refused = run("call", "eiam", "ListUsers", '{"Limit":1}')
    assert refused.returncode == 1 and "InvalidParameterValue.ParameterIllegal" in refused.stderr and refused.stdout == ""
    assert run("call", "eiam", "ListUsers", "{").returncode == 2 and run("call", "nope", "X").returncode == 2
    assert run("call", "eiam", "CreateUserGroup").returncode == 1


def test_exit_codes_and_help(tmp_path):
    for words in ((), ("nope",), ("people", "list", "--nope"), ("keys", "create")):
        assert cli(*words, check=False).returncode == 2, words
    for words in (("--help",), ("--version",), ("people", "import", "--help"), ("serve", "--help")):
        assert cli(*words), words
    nobody = cli("people", "list", "--endpoint", "http://127.0.0.1:1", "--data-dir", tmp_path / "d", check=False)
    assert nobody.returncode == 1 and "next:" in nobody.stderr, "no key"
    env = {"TENCENTCLOUD_SECRET_ID": "AKIDx", "TENCENTCLOUD_SECRET_KEY": "y"}
    nobody = cli("people", "list", "--endpoint", "http://127.0.0.1:1", "--data-dir", tmp_path / "d", check=False, env=env)
    assert nobody.returncode == 1 and "error:" in nobody.stderr, "no server"


@pytest.mark.skipif(not os.path.exists("/etc/passwd"), reason="no account files here")
def test_quickstart(tmp_path):
    lines = [l for l in pathlib.Path("/etc/passwd").read_text().splitlines() if l.strip() and l[0] not in "#+-"]
    data = tmp_path / "home/.local/share/rollcall"
    env = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": "", "PATH": os.environ["PATH"]}
    (tmp_path / "home").mkdir()
    out = cli("quickstart", "--exit", "--sample", "30", env=env, cwd=tmp_path)
    rows = list(csv.DictReader(io.StringIO((data / "accounts.csv").read_text(encoding="utf-8-sig"), newline="")))
    assert len(rows) == len(lines) and f"{len(lines)} accounts" in out and "30" in out
    assert "127.0.0.1" in out and "tccli" in out
    assert cli("quickstart", "--exit", env=env, cwd=tmp_path), "it can be run again"
    assert list(tmp_path.iterdir()) == [tmp_path / "home"], "nothing is written anywhere else"


def tccli(server, home, *words):
    env = {**os.environ, "HOME": str(home), "TENCENTCLOUD_SECRET_ID": server.secret_id, "TENCENTCLOUD_SECRET_KEY": server.secret_key}
    program = pathlib.Path(sys.executable).with_name("tccli")
    return subprocess.run([program, *words, "--endpoint", server.url], capture_output=True, text=True, timeout=60, env=env, stdin=subprocess.DEVNULL)


def test_tccli(filled, tmp_path):
    """The vendor's own command line, unchanged."""
    filled.call("rollcall", "ImportUsers", {"Users": [{"UserName": f"tccli-{i}"} for i in range(3)]})
    done = tccli(filled, tmp_path, "eiam", "ListUsers", "--SearchCondition", '{"UserName":"tccli-*"}', "--ExpectedFields", '["UserName"]', "--IncludeTotal", "true")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["TotalCount"] == 3 and [u["UserName"] for u in answer["UserList"]] == ["tccli-0", "tccli-1", "tccli-2"]
    done = tccli(filled, tmp_path, "eiam", "ListUsers", "--Offset", "0")
    assert done.returncode != 0 and "InvalidParameterValue.ParameterIllegal" in done.stdout + done.stderr
    done = tccli(filled, tmp_path, "cwp", "ExportAssetUserList", "--cli-unfold-argument", "--Filters.0.Name", "Name", "--Filters.0.Values", "root", "ann")
    assert done.returncode == 0, done.stderr
    task = json.loads(done.stdout)["TaskId"]
    waiter = '{"expr":"Status","to":"FINISHED","timeout":20,"interval":1}'
    done = tccli(filled, tmp_path, "cwp", "ExportTasks", "--TaskId", task, "--waiter", waiter)
    assert done.returncode == 0 and "/download/" in done.stdout, done.stderr
