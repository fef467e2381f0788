"""Agents: enrolment with tokens, keys that speak for one host only, machine ids that come twice, packed reports,
polls, and scans from their start to their end, with restarts in between."""
import base64
import gzip
import json
import time

import pytest
from agents import Host, enrolled, new_token, pack, requester
from reports import accounts_of
from rig import cli

REFUSED = "UnauthorizedOperation"
SPENT = "AuthFailure.TokenFailure"


def agents_of(server, key=None, **params):
    return server.call("rollcall", "ListAgents", params, key=key)["Agents"]


def agent_of(server, host):
    """What is listed of the agent of a host, by its name."""
    return {agent["HostName"]: agent for agent in agents_of(server, Limit=100)}[host.name]


def names_on(server, quuid):
    return sorted(a["Name"] for a in accounts_of(server, {"Quuid": quuid}))


def hosts_of(server):
    return {h["Quuid"] for h in server.call("rollcall", "ListHosts", {"Limit": 100})["Hosts"]}


def token_of(server, token):
    tokens = server.call("rollcall", "ListEnrolmentTokens", {})["Tokens"]
    return {t["SecretId"]: t for t in tokens}[token.split(".")[1]]


def test_enrolment_and_its_retry(server):
    token = new_token(server, Uses=1, Name="web")
    host = Host(server, "first")
    answer = host.enrol(token)
    assert (answer["State"], len(answer["Quuid"]), len(answer["Uuid"])) == ("active", 36, 36)
    assert answer["PollSeconds"] > 0 and answer["ReportSeconds"] > 0
    again = dict(host.enrol(token))
    assert {**again, "RequestId": ""} == {**answer, "RequestId": ""}, "the same key, and no use is taken"
    listed = token_of(server, token)
    assert (listed["State"], listed["Uses"], listed["UsesLeft"], listed["Name"]) == ("used up", 1, 0, "web")
    assert Host(server, "second").enrol_code(token) == SPENT
    host.report("root", "ann", packed=True)
    assert names_on(server, host.quuid) == ["ann", "root"]
    shown = agent_of(server, host)
    assert (shown["State"], shown["Quuid"], shown["AgentVersion"]) == ("active", host.quuid, "1.0")
    assert host.code("DescribeCaller", {}) is None
    keys = server.call("rollcall", "ListKeys", {})["Keys"]
    assert {key["Role"] for key in keys} == {"admin"}, "keys of agents and tokens are not people's"


def test_a_token_may_enrol_and_nothing_else(server):
    caller = requester(server, new_token(server))
    for service, action in (("rollcall", "DescribeCaller"), ("rollcall", "ReportHost"), ("rollcall", "PollAgent"),
                            ("rollcall", "ListAgents"), ("cwp", "DescribeAssetUserList"), ("eiam", "ListUsers")):
        assert caller.code(service, action, {}) == "AuthFailure.UnauthorizedOperation"
    for role in ("operator", "auditor", "agent"):
        key = server.raw(server.key(role))
        assert key.code("rollcall", "EnrolHost", Host(server, "x").enrolment()) == "AuthFailure.UnauthorizedOperation"
    wanted = {"Name": "e", "Role": "enrol"}
    assert server.raw().code("rollcall", "CreateKey", wanted) == "InvalidParameterValue"


@pytest.mark.parametrize("wrong", [{"MachineId": "x"}, {"MachineId": "0" * 32}, {"InstanceKey": "ab"}, {"InstanceKey": "g" * 64},
                                   {"HostName": "a\u001b[2J"}, {"HostName": "n" * 256}, {"AgentVersion": "v" * 65}])
def test_enrolment_is_bounded(server, wrong):
    token = new_token(server, Uses=1)
    assert Host(server, "odd").enrol_code(token, **wrong) == "InvalidParameterValue"
    assert token_of(server, token)["UsesLeft"] == 1


def test_tokens_expire_and_are_revoked(server):
    short = new_token(server, ExpiresIn=4)
    early = Host(server, "early")
    early.enrol(short)
    time.sleep(4.2)
    assert Host(server, "late").enrol_code(short) == SPENT
    assert token_of(server, short)["State"] == "expired"
    assert early.enrol(short)["State"] == "active", "a known agent is told its key again"
    token = new_token(server)
    server.call("rollcall", "RevokeEnrolmentToken", {"TokenId": token.split(".")[1]})
    assert Host(server, "late").enrol_code(token) == "AuthFailure.SecretIdNotFound"
    assert token_of(server, token)["State"] == "revoked"
    assert server.raw().code("rollcall", "RevokeEnrolmentToken", {"TokenId": "AKIDnone"}) == "ResourceNotFound"
    early.report("root")


@pytest.mark.parametrize("wrong", [{"Uses": 0}, {"ExpiresIn": 31_536_001}, {"Tags": ["a"] * 1 + [f"t{i}" for i in range(20)]},
                                   {"Tags": [""]}, {"Name": "n\n"}])
def test_tokens_are_bounded(server, wrong):
    assert server.raw().code("rollcall", "CreateEnrolmentToken", wrong) == "InvalidParameterValue"


def test_tenants_are_apart(server):
    other = server.tenant("agents-elsewhere")
    mine, theirs = Host(server, "mine"), Host(server, "theirs")
    theirs.machine = mine.machine
    mine.enrol(new_token(server))
    token = new_token(server, key=other)
    # The same machine id in another tenant is another host's business.
    assert theirs.enrol(token)["State"] == "active"
    theirs.report("only-theirs")
    mine.report("only-mine")
    assert names_on(server, mine.quuid) == ["only-mine"]
    assert [a["HostName"] for a in agents_of(server, key=other)] == ["theirs"]
    agent = agents_of(server, key=other)[0]["AgentId"]
    for action, params in (("RevokeAgent", {"AgentId": agent}), ("ApproveAgent", {"AgentId": agent, "As": "Replace"}),
                           ("RevokeEnrolmentToken", {"TokenId": token.split(".")[1]})):
        assert server.raw().code("rollcall", action, params) == "ResourceNotFound", action


def test_a_key_speaks_for_its_host_alone(server):
    one, two = enrolled(server, "bound-one"), enrolled(server, "bound-two")
    foreign = two.facts("intruder")
    assert one.code("ReportHost", {"Report": json.dumps(foreign)}) == REFUSED
    assert one.code("ReportHost", {"ReportGzip": pack(json.dumps(foreign))}) == REFUSED
    named = {**foreign, "host": {**foreign["host"], "quuid": two.quuid, "machine_id": one.machine}}
    assert one.code("ReportHost", {"Report": json.dumps(named)}) == REFUSED
    assert one.code("ReportHost", {"Quuid": two.quuid, "Digest": "0" * 32}) == REFUSED
    assert one.code("PollAgent", {"Quuid": two.quuid}) == REFUSED
    assert one.code("ReportHosts", {"Reports": [json.dumps(one.facts("root"))]}) == "AuthFailure.UnauthorizedOperation"
    assert names_on(server, two.quuid) == ["root"]
    # A key that people have made speaks for any host, as before.
    free = server.raw(server.key("agent"))
    assert "Error" not in free.post("rollcall", "ReportHost", {"Report": json.dumps(two.facts("root", "ann"))})
    assert names_on(server, two.quuid) == ["ann", "root"]


def test_a_cloned_machine_id_waits_and_becomes_a_host_of_its_own(server):
    token = new_token(server)
    first = enrolled(server, "origin", token)
    clone = first.clone("clone")
    answer = clone.enrol(token)
    assert (answer["State"], answer["SecretId"], answer["SecretKey"], answer["Quuid"]) == ("pending", "", None, "")
    uses = token_of(server, token)["Uses"]
    assert clone.enrol(token)["State"] == "pending" and token_of(server, token)["Uses"] == uses
    waiting = agent_of(server, clone)
    assert (waiting["State"], waiting["Quuid"], waiting["Claims"]) == ("pending", "", first.quuid)
    assert [a["HostName"] for a in agents_of(server, State="pending", Keyword="clo")] == ["clone"]
    before = hosts_of(server)
    approve = {"AgentId": waiting["AgentId"], "As": "Separate"}
    assert server.raw().code("rollcall", "ApproveAgent", {**approve, "As": "Merge"}) == "InvalidParameterValue"
    quuid = server.call("rollcall", "ApproveAgent", approve)["Quuid"]
    assert server.raw().code("rollcall", "ApproveAgent", approve) == "OperationDenied"
    assert clone.enrol(token)["State"] == "active" and clone.quuid == quuid != first.quuid
    assert clone.report("cloned")["Quuid"] == quuid
    assert hosts_of(server) == before | {quuid}
    first.report("root", "kept")
    assert (names_on(server, quuid), names_on(server, first.quuid)) == (["cloned"], ["kept", "root"])
    assert clone.code("ReportHost", {"Quuid": first.quuid, "Digest": "0" * 32}) == REFUSED


def test_a_host_set_up_again_replaces_its_agent(server):
    token = new_token(server)
    old = enrolled(server, "old", token, names=("root", "olduser"))
    new = old.clone("new")
    assert new.enrol(token)["State"] == "pending"
    server.call("rollcall", "ApproveAgent", {"AgentId": agent_of(server, new)["AgentId"], "As": "Replace"})
    assert new.enrol(token)["State"] == "active" and new.quuid == old.quuid
    assert old.code("PollAgent", {"Quuid": old.quuid}) == "AuthFailure.SecretIdNotFound"
    assert agent_of(server, old)["State"] == "revoked"
    assert new.report("root")["Vanished"] == 1
    assert names_on(server, new.quuid) == ["root"]
    # The old one does not get back in by itself.
    assert old.enrol(token)["State"] == "pending"


def test_revoked_and_disabled_keys_are_refused(server):
    host = enrolled(server, "revoked")
    secret_id = host.answer["SecretId"]
    for state, code in (("DISABLED", "AuthFailure.SecretIdNotFound"), ("ENABLED", None)):
        server.call("rollcall", "ModifyKeyStatus", {"SecretId": secret_id, "State": state})
        assert host.code("PollAgent", {"Quuid": host.quuid}) == code
    server.call("rollcall", "RevokeAgent", {"AgentId": agent_of(server, host)["AgentId"]})
    assert host.code("PollAgent", {"Quuid": host.quuid}) == "AuthFailure.SecretIdNotFound"
    assert names_on(server, host.quuid) == ["root"], "what it reported stays"
    other = enrolled(server, "deleted-key")
    server.call("rollcall", "DeleteKey", {"SecretId": other.answer["SecretId"]})
    assert agent_of(server, other)["State"] == "revoked"
    assert server.raw().code("rollcall", "RevokeAgent", {"AgentId": 10**12}) == "ResourceNotFound"


def test_packed_reports_are_bounded(server):
    host = enrolled(server, "packed")
    bomb = base64.b64encode(gzip.compress(b"\0" * (65 << 20))).decode()
    assert host.code("ReportHost", {"ReportGzip": bomb}) == "LimitExceeded"
    for bad in ("?", "AAAA", pack("{}")[:-8], pack(b"\xff\xfe"), pack("[]"), ""):
        assert host.code("ReportHost", {"ReportGzip": bad}) == "InvalidParameter", bad
    text = json.dumps(host.facts(*[f"user{i}" for i in range(3000)]))
    assert host.post("ReportHost", {"ReportGzip": pack(text)})["Accounts"] == 3000
    assert host.post("ReportHost", {"ReportGzip": pack(text)})["Changed"] is False


def test_polls(server):
    host = Host(server, "polls")
    host.enrol(new_token(server))
    answer = host.poll()
    assert (answer["CollectNow"], answer["ReportNeeded"], answer["ScanTask"]) == (False, True, 0)
    digest = host.report("root")["Digest"]
    answer = host.poll(Digest=digest)
    assert (answer["CollectNow"], answer["ReportNeeded"], answer["ScanTask"]) == (False, False, 0)
    assert host.poll(Digest="0" * 32)["ReportNeeded"] is True
    host.poll(AgentVersion="2.0")
    shown = agent_of(server, host)
    assert shown["AgentVersion"] == "2.0" and shown["LastPollTime"]
    assert host.code("PollAgent", {"Quuid": host.quuid, "AgentVersion": "v" * 65}) == "InvalidParameterValue"


def test_tags_of_the_token_come_with_the_host(server):
    token = new_token(server, Tags=["db", "berlin"])
    assert token_of(server, token)["Tags"] == ["berlin", "db"]
    host = enrolled(server, "tagged", token)
    assert names_on(server, host.quuid) == ["root"]


def test_a_restart_forgets_nothing(make_server):
    server = make_server()
    token = new_token(server, Uses=3)
    host = enrolled(server, "kept", token)
    clone = host.clone("kept-clone")
    clone.enrol(token)
    host.poll(AgentVersion="3.0")
    before = agents_of(server)
    server.restart()
    for one in (host, clone):
        one.caller = one.caller and server.raw((one.answer["SecretId"], one.answer["SecretKey"]))
    assert agents_of(server) == before
    assert host.poll()["ReportNeeded"] is False
    other = enrolled(server, "other", token)
    assert other.code("ReportHost", {"Report": json.dumps(host.facts("x"))}) == REFUSED
    assert host.code("ReportHost", {"Report": json.dumps(other.facts("x"))}) == REFUSED, "still bound"
    assert clone.enrol(token)["State"] == "pending"
    assert Host(server, "fourth").enrol_code(token) == SPENT
    # Killed without warning: what was answered is there.
    server.kill()
    server.start()
    assert [a["State"] for a in agents_of(server)] == ["active", "pending", "active"]


def scan_state(server):
    answer = server.call("cwp", "SyncAssetScan", {"Sync": False})
    return answer["State"], answer["TaskId"]


def test_scans_from_start_to_end(make_server):
    server = make_server()
    assert scan_state(server) == ("NOTASK", 0)
    raw = server.raw()
    assert raw.code("cwp", "ScanAsset", {}) == raw.code("cwp", "SyncAssetScan", {"Sync": True}) == "FailedOperation"
    token = new_token(server)
    one, two = enrolled(server, "one", token), enrolled(server, "two", token)
    silent = Host(server, "silent")
    silent.machine = "ab" * 16
    server.call("rollcall", "ReportHost", {"Report": json.dumps(silent.facts("root"))})
    quuid = next(q for q in hosts_of(server) if q not in (one.quuid, two.quuid))
    assert raw.code("cwp", "ScanAsset", {"Quuids": [quuid]}) == "FailedOperation", "it has no agent"
    assert raw.code("cwp", "ScanAsset", {"Quuids": ["q-none"]}) == "ResourceNotFound"
    for kinds in ([0], [3], [1, 99]):
        assert raw.code("cwp", "ScanAsset", {"AssetTypeIds": kinds}) == "InvalidParameter.IllegalRequest", "not collected"
    task = server.call("cwp", "ScanAsset", {})["TaskId"]
    assert isinstance(task, int) and scan_state(server) == ("SYNCING", task)
    assert server.call("cwp", "SyncAssetScan", {"Sync": True})["TaskId"] == task, "the one that runs"
    # What was collected before does not count; what is collected after does, named or not.
    one.post("ReportHost", {"Report": json.dumps(one.facts("root", at=1000))})
    assert one.poll()["CollectNow"] is True
    one.report("root", "x", packed=True)
    answer = two.poll()
    assert (answer["CollectNow"], answer["ScanTask"]) == (True, task)
    server.restart()
    for host in (one, two):
        host.caller = server.raw((host.answer["SecretId"], host.answer["SecretKey"]))
    assert scan_state(server) == ("SYNCING", task)
    assert two.poll()["ScanTask"] == task and one.poll()["CollectNow"] is False
    # A host whose clock is far behind says which scan it answers.
    two.post("ReportHost", {"Report": json.dumps(two.facts("root", at=1000)), "ScanTask": task})
    assert two.poll()["CollectNow"] is False
    done = server.call("cwp", "SyncAssetScan", {"Sync": False})
    assert (done["State"], done["TaskId"]) == ("FINISHED", task)
    assert done["LatestStartTime"] <= done["LatestEndTime"] and len(done["LatestEndTime"]) == 19


def test_scans_are_stopped_and_apart(make_server):
    server = make_server()
    one, two = enrolled(server, "one"), enrolled(server, "two")
    other = server.tenant("scan-elsewhere")
    task = server.call("cwp", "ScanAsset", {"Quuids": [two.quuid]})["TaskId"]
    assert one.poll()["CollectNow"] is False and two.poll()["CollectNow"] is True
    assert server.call("cwp", "SyncAssetScan", {"Sync": False}, key=other)["State"] == "NOTASK"
    assert server.raw(other).code("cwp", "StopAssetScan", {"TaskId": task}) == "InvalidParameter"
    assert server.raw().code("cwp", "StopAssetScan", {"TaskId": 10**12}) == "InvalidParameter"
    server.call("cwp", "StopAssetScan", {"TaskId": task})
    assert two.poll()["CollectNow"] is False
    assert server.raw().code("cwp", "StopAssetScan", {"TaskId": task}) == "FailedOperation"
    assert scan_state(server) == ("FINISHED", task)
    # The digest of an unchanged host answers a scan, too.
    second = server.call("cwp", "SyncAssetScan", {"Sync": True})["TaskId"]
    assert second > task
    for host in (one, two):
        digest = host.report("root", ScanTask=second)["Digest"]
    assert scan_state(server) == ("FINISHED", second)
    third = server.call("cwp", "ScanAsset", {"Quuids": [two.quuid]})["TaskId"]
    two.post("ReportHost", {"Quuid": two.quuid, "Digest": digest, "ScanTask": third})
    assert scan_state(server) == ("FINISHED", third)


def test_install_commands_enrol(server):
    wanted = {"IsCloud": False, "NetType": "public"}
    answer = server.call("cwp", "DescribeAgentInstallCommand", wanted)
    words = answer["LinuxCommand"].split()
    assert words[:3] == ["rollcall-agent", "enroll", "--server"] and words[3] == server.url
    assert Host(server, "by-command").enrol(words[5])["State"] == "active"
    assert answer["WindowsCommand"].startswith("rollcall-agent.exe enroll --server ")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400))
    token = server.call("cwp", "DescribeAgentInstallationToken", {"ExpireDate": day})["Token"]
    assert Host(server, "by-token").enrol(token)["State"] == "active"
    raw = server.raw()
    for bad in ("2020-01-01", "tomorrow", "2999-01-01"):
        assert raw.code("cwp", "DescribeAgentInstallationToken", {"ExpireDate": bad}) == "InvalidParameter.InvalidFormat"
        assert raw.code("cwp", "DescribeAgentInstallCommand", {**wanted, "ExpireDate": bad}) == "InvalidParameter.InvalidFormat"
    assert raw.code("cwp", "DescribeAgentInstallCommand", {**wanted, "NetType": "moon"}) == "InvalidParameter"
    assert raw.code("cwp", "DescribeAgentInstallCommand", {**wanted, "TagIds": [10**9]}) == "InvalidParameter"


def test_the_command_line(server):
    place = ("--data-dir", server.directory)
    made = json.loads(cli("hosts", "token", "create", "--uses", "2", "--expires", "1h", "--tag", "web", "--name", "rack",
                          "--format", "json", *place))
    assert made["Command"] == f"rollcall-agent enroll --server {server.url} --token {made['Token']}"
    shown = cli("hosts", "token", "create", *place)
    assert f"rollcall-agent enroll --server {server.url} --token rct1." in shown
    host = Host(server, "by-cli")
    host.enrol(made["Token"])
    clone = host.clone("by-cli-clone")
    clone.enrol(made["Token"])
    listed = json.loads(cli("hosts", "agents", "--state", "pending", "--keyword", "by-cli", "--format", "json", *place))
    assert [a["HostName"] for a in listed] == ["by-cli-clone"]
    number = listed[0]["AgentId"]
    assert cli("hosts", "approve", number, *place, check=False).returncode == 2, "one of the two ways"
    cli("hosts", "approve", number, "--separate", *place)
    assert clone.enrol(made["Token"])["State"] == "active"
    cli("hosts", "revoke", number, *place)
    assert clone.code("PollAgent", {"Quuid": clone.quuid}) == "AuthFailure.SecretIdNotFound"
    tokens = json.loads(cli("hosts", "token", "list", "--format", "json", *place))
    assert {t["SecretId"]: t["State"] for t in tokens}[made["SecretId"]] == "used up"
    cli("hosts", "token", "revoke", made["SecretId"], *place)
    assert token_of(server, made["Token"])["State"] == "revoked"


def test_a_deleted_machine_takes_its_agent_along(make_server):
    server = make_server()
    token = new_token(server, Tags=["db"])
    host = enrolled(server, "deleted", token)
    assert [(t["Name"], t["Count"]) for t in server.call("cwp", "DescribeTags", {})["List"]] == [("db", 1)]
    server.call("cwp", "DeleteMachine", {"Uuid": host.answer["Uuid"]})
    assert host.code("PollAgent", {"Quuid": host.quuid}) == "AuthFailure.SecretIdNotFound"
    assert host.enrol(token)["State"] == "pending", "it waits for an operator"
    server.restart()
    assert host.enrol(token)["State"] == "pending"
