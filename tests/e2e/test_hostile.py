"""A host that means harm: what it reports is refused or tamed, and no other host feels it."""
import csv
import io
import json
import pathlib
import re

from agents import Host, enrolled, new_token, pack
from reports import account, accounts_of, report, send
from rig import cli, export


def code(server, made):
    return server.raw().code("rollcall", "ReportHost", {"Report": json.dumps(made)})


def test_terminals_pages_and_spreadsheets_are_safe_from_names(server):
    names = ["\u001b[2J\u001b[31mred", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "+1", "@x", "a\u202eb", "tab\there"]
    made = [account(name, 3000 + n, gecos=name, home=f"/home/{n}") for n, name in enumerate(names)]
    send(server, report("tricky", made))
    rows = accounts_of(server, {"Quuid": "q-tricky"})
    assert {r["Uid"] for r in rows} == {str(3000 + n) for n in range(len(names))}, "all are listed"
    env = {"TENCENTCLOUD_SECRET_ID": server.secret_id, "TENCENTCLOUD_SECRET_KEY": server.secret_key}
    table = cli("accounts", "list", "--endpoint", server.url, "--filter", "MachineName=tricky", env=env)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", table), "nothing that a terminal would obey"
    body, _ = export(server, {"Filters": [{"Name": "MachineName", "Values": ["tricky"]}]})
    cells = [cell for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")) for cell in row]
    assert "'" + names[2] in cells and not [c for c in cells if c[:1] in tuple("=+@\t\r")], "no cell begins a formula"


def test_what_cannot_be_is_refused_and_changes_nothing(server):
    send(server, report("quiet", [account("root", 0)]))
    before = accounts_of(server, {"Quuid": "q-quiet"})
    for made in (
        report("huge", [account("n" * 1_000_000, 1)]),
        report("twice", [account("a", 1), account("a", 2)]),
        report("minus", [account("a", -1)]),
        report("wide", [account("a", 2**32)]),
        report("many", [{"name": f"u{n}", "uid": n} for n in range(120_000)]),
        report("nested", [account("a", 1, gecos=[[[[]]]])]),
    ):
        assert code(server, made) in ("InvalidParameter", "InvalidParameterValue"), made["host"]["hostname"]
        assert not accounts_of(server, {"Quuid": made["host"]["quuid"]})
    assert accounts_of(server, {"Quuid": "q-quiet"}) == before


def test_a_million_accounts_and_a_bomb_are_refused(server):
    host = enrolled(server, "greedy", names=("root",))
    many = host.facts("root")
    many["accounts"] = [{"name": f"u{n}", "uid": n} for n in range(1_000_000)]
    for packed in (pack(json.dumps(many)), pack(b"{" + b" " * (80 << 20))):
        assert host.code("ReportHost", {"ReportGzip": packed}) in ("InvalidParameter", "InvalidParameterValue", "LimitExceeded")
    assert {a["Name"] for a in accounts_of(server, {"Quuid": host.quuid})} == {"root"}
    plain = server.raw().v3("rollcall", "ReportHost", {"Report": "x" * (11 << 20)})
    assert plain.code == "RequestSizeLimitExceeded"


def test_little_text_takes_little_memory(server):
    """Twenty million empty objects are sixty kilobytes packed: they are not made one by one before they are refused."""
    host = enrolled(server, "dense", names=("root",))

    def peak():
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) >> 10

    begin, end = json.dumps(host.facts("root")).split('"accounts": [', 1)[0] + '"accounts": [', "]}"
    keys = '{"name":"a","keys":{"keys":[' + "{}," * 1000 + "{}]}},"
    before = peak()
    for many in ("{}," * 20_000_000, keys * 20_000, "{}," * 1_000_000, keys * 1_000):
        code = host.code("ReportHost", {"ReportGzip": pack(begin + many + "{}" + end)})
        assert code in ("InvalidParameterValue", "LimitExceeded"), code
    assert peak() - before < 800, (before, peak())


def test_an_agent_cannot_speak_for_another_host(server):
    token = new_token(server)
    good, bad = enrolled(server, "good", token), Host(server, "bad")
    bad.enrol(token)
    forged = good.facts("root", "backdoor")
    assert bad.code("ReportHost", {"Report": json.dumps(forged)}) == "UnauthorizedOperation"
    assert {a["Name"] for a in accounts_of(server, {"Quuid": good.quuid})} == {"root"}
