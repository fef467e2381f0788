"""Reports that say only what is different from the last one: from the real agent, and made up by hand."""
import json
import os
import pathlib
import re
import shutil

import pytest
from agents import enrolled, pack
from reports import accounts_of
from test_agent_program import AGENT, agent, many_accounts, tool, users, wait  # noqa: F401  (`agent` is a fixture)

with_agent = pytest.mark.skipif(not os.path.exists(AGENT), reason=f"{AGENT} is not built")


def sent(agent):
    """Bytes of every report that arrived, and what the whole one would have taken."""
    found = re.findall(r"event=reported bytes=(\d+) whole=(\d+)", agent.log_path.read_text())
    return [(int(bytes), int(whole)) for bytes, whole in found]


def rows(server, agent):
    """Everything that is listed of the accounts of the agent's host, by name."""
    return {row["Name"]: row for row in accounts_of(server, {"Quuid": agent.status()["Quuid"]})}


def edit(path, old, new):
    """Replaces a file as editors do."""
    text = path.read_text()
    assert old in text, old
    (path.parent / "new").write_text(text.replace(old, new))
    (path.parent / "new").chmod(path.stat().st_mode)
    (path.parent / "new").rename(path)


def changed(agent, change):
    """Makes a change; answers the bytes of the report that tells it and of the whole one."""
    before = len(sent(agent))
    change()
    wait(lambda: len(sent(agent)) > before and agent.status()["Waiting"] == 0, 60, agent)
    return sent(agent)[-1]


def begin(server, agent):
    """The agent runs and has told the server of its host."""
    assert agent.enroll(server).returncode == 0
    agent.start()
    wait(lambda: agent.log_path.read_text().count("event=scanned") >= 2 and sent(agent), 60, agent)
    assert sent(agent)[0][0] == sent(agent)[0][1], "the first is whole"


@with_agent
def test_one_account_of_a_thousand_travels_alone(server, agent):  # noqa: F811
    many_accounts(agent.root, 1000)
    begin(server, agent)
    expected, passwd = rows(server, agent), agent.root / "etc/passwd"
    assert len(expected) >= 1000

    def shell():
        edit(passwd, "/home/u500:/bin/bash", "/home/u500:/usr/sbin/nologin")

    for name, change in (("shell", shell), ("userdel", lambda: tool("userdel", "-P", agent.root, "u300")),
                         ("useradd", lambda: tool("useradd", "-P", agent.root, "ann"))):
        small, whole = changed(agent, change)
        print(f"{name}: {small} bytes in place of {whole}")
        assert small < 1500 and small * 10 < whole, (name, small, whole)
    status = pathlib.Path(f"/proc/{agent.process.pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0])
    print(f"{peak / 1024:.1f} MB resident at most")
    assert peak < 20 * 1024
    agent.stop()
    agent.start()
    small, whole = changed(agent, lambda: tool("usermod", "-P", agent.root, "-c", "Ann", "ann"))
    assert small * 10 < whole, "a restart keeps what was sent"
    found = rows(server, agent)
    assert found["u500"]["ShellLoginStatus"] == 0 and expected["u500"]["ShellLoginStatus"] == 1
    assert found.pop("ann") and expected.pop("u300")
    same = {name for name, row in expected.items() if row == {**found[name], "UpdateTime": row["UpdateTime"]}}
    assert found.keys() == expected.keys() and expected.keys() - same == {"u500"}


@with_agent
def test_a_server_from_a_backup_asks_for_the_whole(make_server, agent, tmp_path):  # noqa: F811
    server = make_server(listen="127.0.0.1:0")
    server.listen = server.address
    begin(server, agent)
    assert server.stop() == 0
    shutil.copytree(server.directory, tmp_path / "backup")
    server.start()
    small, whole = changed(agent, lambda: tool("useradd", "-P", agent.root, "ann"))
    assert small < whole
    assert server.stop() == 0
    shutil.rmtree(server.directory)
    shutil.copytree(tmp_path / "backup", server.directory)
    server.start()
    assert "ann" not in users(server, agent)
    small, whole = changed(agent, lambda: tool("useradd", "-P", agent.root, "bob"))
    assert small == whole and "report_asked_for" in agent.log_path.read_text()
    wait(lambda: {"ann", "bob"} <= users(server, agent).keys(), 60, agent)


def test_changes_by_hand(server):
    host = enrolled(server, "sparing", names=("root", "ann"))
    new = host.facts("root", "ann", "bob")["accounts"][2]
    second = host.report("root", "ann", "bob")["Digest"]
    first = host.report("root", "ann")["Digest"]
    keep = json.dumps({"accounts": [{"keep": {"from": 0, "count": 2}}, {"new": new}]})

    def names():
        return sorted(row["Name"] for row in accounts_of(server, {"Quuid": host.quuid}))

    def send(changes, **more):
        return {"Quuid": host.quuid, "Base": first, "Digest": second, "Changes": pack(changes), **more}

    for params, code in (
            (send("no changes"), "InvalidParameter"), (send(keep, Changes="?"), "InvalidParameter"),
            (send('{"accounts":[{"new":{"name":"a"}},{"new":{"name":"a"}}]}'), "InvalidParameterValue"),
            (send('{"host":{"hostname":7}}'), "InvalidParameter"), (send(" " * (5 << 20)), "LimitExceeded"),
            (send(keep, Quuid="q-other"), "UnauthorizedOperation")):
        assert host.code("ReportHost", params) == code, params["Changes"][:80]
    for params in (send(keep, Base="0" * 32), send(keep, Digest="0" * 32),
                   send('{"accounts":[{"keep":{"from":0,"count":3}}]}')):
        assert host.post("ReportHost", params)["ReportNeeded"]
    assert names() == ["ann", "root"], "nothing has changed"
    taken = host.post("ReportHost", send(keep))
    assert (taken["ReportNeeded"], taken["New"], taken["Accounts"], taken["Digest"]) == (False, 1, 3, second)
    assert names() == ["ann", "bob", "root"]
