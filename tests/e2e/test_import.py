"""Hosts from osquery, Wazuh and tables: imported by the command line, read back with the official SDK."""
import grp
import json
import os
import pathlib
import pwd
import re

import pytest
from tencentcloud.cwp.v20180228 import models

from rig import cli

try:
    import spwd
except ImportError:  # gone from newer versions
    spwd = None

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann@pc"
UNKNOWN = 999


def run(server, *words, check=True):
    return cli("hosts", "import", *words, "--data-dir", server.directory, check=check)


def accounts(server, host):
    """The accounts of a host as the SDK sees them, by name."""
    request = models.DescribeAssetUserListRequest()
    request.from_json_string(json.dumps({"Limit": 100, "Filters": [{"Name": "MachineName", "Values": [host], "ExactMatch": True}]}))
    listed = server.cwp().DescribeAssetUserList(request)
    return {user.Name: user for user in listed.Users if user.MachineName == host}


def reports(server):
    """What the server remembers of hosts, without the time of the last contact."""
    hosts = server.call("rollcall", "ListHosts", {"Limit": 100})["Hosts"]
    return sorted((h["Quuid"], h["MachineName"], h["Accounts"]) for h in hosts)


def event(host, at, counter, action, columns):
    return {"name": "pack_inventory_q", "hostIdentifier": host, "calendarTime": "x", "unixTime": str(at), "epoch": "0",
            "counter": str(counter), "decorations": {"host_uuid": "564D4B96"}, "columns": columns, "action": action}


def osquery_user(name, uid, shell="/bin/bash"):
    return {"username": name, "uid": str(uid), "gid": str(uid), "uid_signed": str(uid), "gid_signed": str(uid), "description": "",
            "directory": f"/home/{name}", "shell": shell, "uuid": ""}


def test_osquery_logs(server, tmp_path):
    shadow = {"min": "0", "max": "99999", "warning": "7", "inactive": "-1", "expire": "-1", "flag": "-1", "last_change": "19000"}
    rows = [
        osquery_user("root", 0), osquery_user("ann", 1000), osquery_user("svc", 1001, "/usr/sbin/nologin"),
        {"gid": "0", "groupname": "root"}, {"gid": "1000", "groupname": "ann"}, {"gid": "27", "groupname": "sudo"},
        {"uid": "0", "gid": "0"}, {"uid": "1000", "gid": "1000"}, {"uid": "1000", "gid": "27"},
        {"username": "root", "password_status": "locked", "hash_alg": "", **shadow},
        {"username": "ann", "password_status": "active", "hash_alg": "6", **shadow},
        {"source": "/etc/sudoers", "header": "%sudo", "rule_details": "ALL=(ALL:ALL) ALL"},
        {"username": "ann", "tty": "pts/0", "pid": "1", "type": "7", "time": "1700000000", "host": "192.0.2.7"},
        {"uid": "1000", "key": KEY, "key_file": "/home/ann/.ssh/authorized_keys"},
    ]
    # Two hosts, their lines interleaved: the second has users only.
    log = tmp_path / "osqueryd.results.log"
    lines = [event("osq-1", 100, 0, "added", row) for row in rows]
    lines[1:1] = [event("osq-2", 100, 0, "added", osquery_user("bob", 1000))]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    shown = run(server, "--from", "osquery", "--dry-run", log)
    assert "2 hosts, 4 accounts; nothing was sent" in shown and "shadow" in shown and not accounts(server, "osq-1")
    assert "2 reports taken in" in run(server, "--from", "osquery", log)

    users = accounts(server, "osq-1")
    ann, root, svc = users["ann"], users["root"], users["svc"]
    assert (ann.IsSudo, ann.IsRoot, ann.PasswordStatus, ann.LoginType, ann.IsSshLogin) == (1, 0, 1, UNKNOWN, UNKNOWN)
    assert (root.IsSudo, root.IsRoot, root.PasswordStatus) == (0, 1, 4)
    assert (svc.IsSudo, svc.PasswordStatus, svc.PasswordLockDays, svc.ShellLoginStatus) == (0, UNKNOWN, UNKNOWN, 0)
    assert ann.LastLoginTime.startswith("2023-11-14") and ann.Uid == "1000"
    request = models.DescribeAssetUserInfoRequest()
    request.from_json_string(json.dumps({"Quuid": ann.Quuid, "Uuid": ann.Uuid, "Name": "ann"}))
    detail = server.cwp().DescribeAssetUserInfo(request).User
    assert detail.GroupName == "ann,sudo" and detail.LastLoginIp == "192.0.2.7" and len(detail.Keys) == 1
    bob = accounts(server, "osq-2")["bob"]
    assert (bob.IsSudo, bob.PasswordStatus, bob.LoginType, bob.IsSshLogin) == (UNKNOWN,) * 4

    # The same again changes nothing; the next run of the queries does.
    before = reports(server)
    run(server, "--from", "osquery", log)
    assert reports(server) == before
    with log.open("a") as more:
        for action, columns in [("removed", osquery_user("svc", 1001, "/usr/sbin/nologin")), ("added", osquery_user("eve", 1002))]:
            more.write(json.dumps(event("osq-1", 200, 1, action, columns)) + "\n")
    run(server, "--from", "osquery", log)
    assert sorted(accounts(server, "osq-1")) == ["ann", "eve", "root"]


def test_osqueryi_lists(server, tmp_path):
    def listed(name, rows):
        path = tmp_path / name
        path.write_text("[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n")
        return path

    users = listed("users.json", [osquery_user("ann", 1000)])
    members = listed("members.json", [{"uid": "1000", "gid": "50"}])
    groups = listed("groups.json", [{"gid": "50", "groupname": "staff"}, {"gid": "1000", "groupname": "ann"}])
    run(server, "--from", "osquery", "--host", "osqi-1", users, f"{members}=user_groups", f"{groups}=groups")
    assert list(accounts(server, "osqi-1")) == ["ann"]
    refused = run(server, "--from", "osquery", users, check=False)
    assert refused.returncode == 3 and "users.json:1: " in refused.stderr and "--host" in refused.stderr


def test_wazuh_documents(server, tmp_path):
    agent = {"agent": {"id": "007", "name": "waz-1", "version": "v4.14.0"}, "wazuh": {"cluster": {"name": "c"}, "schema": {"version": "1.0"}}}
    users = [
        {"name": "ann", "id": "1000", "group": {"id": 1000}, "groups": ["ann", "docker"], "home": "/home/ann", "shell": "/bin/bash", "roles": ["sudo"],
         "password": {"status": "active", "hash_algorithm": "y", "last_change": 20270, "max_days_between_changes": 99999, "inactive_days": -1}},
        {"name": "svc", "id": "999", "group": {"id": 999}, "shell": "/sbin/nologin", "password": {"last_change": 0, "inactive_days": 0}},
    ]
    hits = [{"_index": "wazuh-states-inventory-users-c", "_source": {**agent, "user": user}} for user in users]
    answer = tmp_path / "users.json"
    answer.write_text(json.dumps({"hits": {"total": {"value": 2, "relation": "eq"}, "hits": hits}}, indent=2))
    assert "1 reports taken in" in run(server, "--from", "wazuh", answer)
    found = accounts(server, "waz-1")
    assert (found["ann"].PasswordStatus, found["ann"].IsSudo, found["ann"].LoginType) == (1, UNKNOWN, UNKNOWN)
    assert (found["svc"].PasswordStatus, found["svc"].PasswordLockDays, found["svc"].IsSudo) == (UNKNOWN,) * 3
    answer.write_text(json.dumps({"hits": {"total": {"value": 200, "relation": "eq"}, "hits": hits}}))
    part = run(server, "--from", "wazuh", answer, check=False)
    assert part.returncode == 3 and "200 documents" in part.stderr


def test_tables(server, tmp_path):
    table = tmp_path / "accounts.csv"
    table.write_text("host,ip,name,uid,shell,groups,sudo,password_status\n"
                     "csv-1,10.1.2.3,root,0,/bin/bash,root,no,locked\ncsv-1,,ann,1000,/bin/sh,adm;sudo,yes,\ncsv-2,,x,bad,,,,\n")
    refused = run(server, "--from", "csv", table, check=False)
    assert refused.returncode == 3 and "accounts.csv:4: uid: " in refused.stderr and not accounts(server, "csv-1")
    assert "1 reports taken in, 1 lines left out" in run(server, "--from", "csv", table, "--keep-going")
    users = accounts(server, "csv-1")
    assert (users["root"].PasswordStatus, users["root"].IsSudo, users["root"].MachineIp) == (4, 0, "10.1.2.3")
    assert (users["ann"].PasswordStatus, users["ann"].IsSudo, users["ann"].IsSshLogin) == (UNKNOWN, 1, UNKNOWN)
    empty = tmp_path / "empty.csv"
    empty.write_text("host,name\n")
    nothing = run(server, "--from", "csv", empty, check=False)
    assert nothing.returncode == 3 and "no host" in nothing.stderr
    assert run(server, "--host", "x", table, check=False).returncode == 2


def osquery_of_this_machine():
    """The rows osquery has of this machine, asked of the same C library: getpwent, getspent, getgrouplist, lines of sudoers."""
    rows = []
    for user in pwd.getpwall():
        rows.append({"username": user.pw_name, "uid": str(user.pw_uid), "gid": str(user.pw_gid), "description": user.pw_gecos,
                     "directory": user.pw_dir, "shell": user.pw_shell, "uuid": ""})
        rows += [{"uid": str(user.pw_uid), "gid": str(gid)} for gid in os.getgrouplist(user.pw_name, user.pw_gid)]
    rows += [{"groupname": group.gr_name, "gid": str(group.gr_gid)} for group in grp.getgrall()]
    for entry in spwd.getspall():
        word, found = entry.sp_pwdp, re.match(r"^\$(\w+)\$", entry.sp_pwdp)
        status = "not_set" if word == "!!" else "locked" if word[:1] in ("!", "*", "x") else "active" if word else "empty"
        days = zip(("last_change", "min", "max", "warning", "inactive", "expire"), entry[2:8], strict=True)
        rows.append({"username": entry.sp_namp, "password_status": status, "hash_alg": found[1] if found else "",
                     **{name: str(value) for name, value in days}})
    for path in [pathlib.Path("/etc/sudoers"), *sorted(pathlib.Path("/etc/sudoers.d").glob("*"))]:
        text = path.read_text() if path.is_file() and "." not in path.name else ""
        words = [line.split() for line in text.splitlines() if line.split() and not line.startswith("#")]
        rows += [{"source": str(path), "header": w[0], "rule_details": " ".join(w[1:])} for w in words]
    return rows


@pytest.mark.skipif(spwd is None or os.geteuid() != 0, reason="shadow is read through the C library, by root")
def test_an_import_never_contradicts_a_scan(server, tmp_path):
    """This machine as osquery would see it, and scanned: every field is the same or unknown."""
    log = tmp_path / "results.log"
    log.write_text("".join(json.dumps(event("twin", 100, 0, "added", row)) + "\n" for row in osquery_of_this_machine()))
    run(server, "--from", "osquery", log)
    reports_file = tmp_path / "scan.jsonl"
    reports_file.write_text(cli("scan", "--format", "json", "--hostname", "scanned", "--quuid", "scanned-1"))
    run(server, reports_file)
    imported, scanned = accounts(server, "twin"), accounts(server, "scanned")
    assert sorted(imported) == sorted(scanned) and imported
    same = ("Uid", "Gid", "Name", "HomePath", "Shell", "IsRoot", "PasswordDueTime", "PasswordChangeTime")
    known = 0
    for name, user in imported.items():
        other = scanned[name]
        for field in same:
            assert getattr(user, field, None) == getattr(other, field, None), (name, field)
        for field in ("IsSudo", "PasswordStatus", "PasswordLockDays", "LoginType", "IsSshLogin"):
            ours, theirs = getattr(user, field), getattr(other, field)
            assert ours in (theirs, UNKNOWN), (name, field, ours, theirs)
            known += ours != UNKNOWN
    assert known >= len(imported)
