"""Walls between tenants: nothing of one can be seen, counted, fetched or changed from the other, and what belongs to
the other answers exactly as what does not exist, word for word."""
import csv
import io
import re

import pytest
from reports import account, accounts_of, key, report, send
from rig import export, fetch

PEOPLE = 7


def fill(server, name, caller, people):
    """People and hosts of a tenant; some names and ids are the same in both, some are its own."""
    users = [{"UserName": f"both-{i}", "DisplayName": name, "Email": f"both-{i}@corp.example"} for i in range(3)]
    users += [{"UserName": f"{name}-{i}", "UserId": f"id-{name}-{i}", "DisplayName": name} for i in range(people - 3)]
    assert server.call("rollcall", "ImportUsers", {"Users": users}, key=caller)["Created"] == people
    shared = report("shared", [account("ann", 1000, gecos=name), account(f"only-{name}", 1001, keys={"keys": [key(name)]})])
    own = report(f"host-{name}", [account(f"{name}-{i}", 1000 + i) for i in range(people)])
    send(server, shared, own, key=caller)


@pytest.fixture(scope="module")
def walls(server):
    """Two tenants with names of their own, filled; returns the server and both admin keys."""
    red, blue = server.tenant("red"), server.tenant("blue")
    fill(server, "red", red, PEOPLE)
    fill(server, "blue", blue, PEOPLE + 4)
    return server, red, blue


def same_error(server, caller, service, action, foreign, nothing):
    """The answer about something of the other tenant equals the answer about nothing, but for the name itself."""
    answers = []
    for params in (foreign, nothing):
        error = dict(server.raw(caller).post(service, action, params)["Error"])
        texts = sorted((str(v) for v in params.values()), key=len, reverse=True)
        for text in texts:
            error["Message"] = error["Message"].replace(text, "?")
        answers.append(error)
    assert answers[0] == answers[1]
    return answers[0]["Code"]


def people_of(server, caller, **condition):
    params = {"SearchCondition": condition, "IncludeTotal": True}
    answer = server.call("eiam", "ListUsers", params, key=caller)
    assert answer["TotalCount"] == len(answer["UserList"])
    return sorted(user["UserName"] for user in answer["UserList"])


def test_people_lists_and_totals(walls):
    server, red, blue = walls
    assert len(people_of(server, red)) == PEOPLE and len(people_of(server, blue)) == PEOPLE + 4
    assert people_of(server, server.key("admin")) == []
    assert people_of(server, red, UserName="blue*") == [] and people_of(server, red, Keyword="id-blue-0") == []
    assert people_of(server, red, UserName='"both-0"') == ["both-0"]
    answer = server.call("eiam", "ListUsers", {"SearchCondition": {"UserName": "both-*"}}, key=red)
    assert {user["DisplayName"] for user in answer["UserList"]} == {"red"}
    page = server.call("eiam", "ListUsers", {"Offset": PEOPLE, "Limit": 100, "IncludeTotal": True}, key=red)
    assert page["UserList"] == [] and page["TotalCount"] == PEOPLE


@pytest.mark.parametrize("action, more", [("DescribeUserInfo", {}), ("ModifyUserInfo", {"DisplayName": "taken over"}), ("DeleteUser", {})])
@pytest.mark.parametrize("member, theirs, nothing", [("UserName", "blue-0", "none-0"), ("UserId", "id-blue-0", "id-none-0")])
def test_people_cannot_be_reached(walls, action, more, member, theirs, nothing):
    server, red, blue = walls
    before = server.call("eiam", "DescribeUserInfo", {"UserName": "blue-0"}, key=blue)
    code = same_error(server, red, "eiam", action, {member: theirs, **more}, {member: nothing, **more})
    assert code == "FailedOperation.PersonNotFound"
    after = server.call("eiam", "DescribeUserInfo", {"UserName": "blue-0"}, key=blue)
    assert {k: v for k, v in before.items() if k != "RequestId"} == {k: v for k, v in after.items() if k != "RequestId"}


def test_people_cannot_be_frozen_or_deleted_in_bulk(walls):
    server, red, blue = walls
    for member, theirs, nothing in (("UserName", "blue-1", "none-1"), ("UserId", "id-blue-1", "id-none-1")):
        same_error(server, red, "rollcall", "ModifyUserStatus", {member: theirs, "Status": "FREEZE"}, {member: nothing, "Status": "FREEZE"})
    for params in ({"DeleteIdList": ["id-blue-0", "id-none-0"]}, {"DeleteNameList": ["blue-0", "none-0"]}):
        answer = server.call("eiam", "DeleteUsers", params, key=red)
        assert sorted(answer["FailedItems"]) == sorted(next(iter(params.values())))
    found = server.call("eiam", "ListUsers", {"SearchCondition": {"Status": "NORMAL"}, "IncludeTotal": True}, key=blue)
    assert found["TotalCount"] == PEOPLE + 4


def test_unique_values_are_unique_within_a_tenant(walls):
    """Names, addresses and ids of others are free here: refusing them would tell that they exist."""
    server, red, _ = walls
    made = {"UserName": "blue-3", "Password": "long enough 1", "Email": "blue-only@corp.example"}
    first = server.call("eiam", "CreateUser", made, key=red)
    server.call("eiam", "DeleteUser", {"UserId": first["UserId"]}, key=red)
    taken = server.call("rollcall", "ImportUsers", {"Users": [{"UserName": "x", "UserId": "id-blue-3"}]}, key=red)
    assert taken["Created"] == 1 and taken["Problems"] == []
    server.call("eiam", "DeleteUser", {"UserId": "id-blue-3"}, key=red)
    assert "blue-3" in people_of(server, walls[2])


def test_changing_one_leaves_the_namesake_alone(walls):
    server, red, blue = walls
    server.call("eiam", "ModifyUserInfo", {"UserName": "both-1", "DisplayName": "changed"}, key=red)
    assert server.call("eiam", "DescribeUserInfo", {"UserName": "both-1"}, key=blue)["DisplayName"] == "blue"
    server.call("eiam", "ModifyUserInfo", {"UserName": "both-1", "DisplayName": "red"}, key=red)


def test_hosts_and_accounts(walls):
    server, red, blue = walls
    assert {row["Name"] for row in accounts_of(server, key=red)} == {"ann", "only-red"} | {f"red-{i}" for i in range(PEOPLE)}
    assert len(accounts_of(server, key=blue)) == PEOPLE + 6
    assert [h["Quuid"] for h in server.call("rollcall", "ListHosts", {}, key=red)["Hosts"]] == ["q-host-red", "q-shared"]
    assert server.call("rollcall", "ListHosts", {"Keyword": "blue"}, key=red)["Total"] == 0
    assert accounts_of(server, {"Quuid": "q-host-blue"}, key=red) == []
    assert accounts_of(server, {"Filters": [{"Name": "Name", "Values": ["blue"]}]}, key=red) == []
    counts = server.call("cwp", "DescribeAssetUserCount", {}, key=red)["Users"]
    assert not [c for c in counts if "blue" in c["Key"]] and [c["Value"] for c in counts if c["Key"] == "ann"] == [1]
    for action in ("DescribeAssetUserInfo", "DescribeAssetUserKeyList"):
        for theirs in ({"Quuid": "q-host-blue", "Name": "blue-0"}, {"Quuid": "q-shared", "Name": "only-blue"}):
            nothing = {**theirs, "Name": theirs["Name"].replace("blue", "none"), "Quuid": theirs["Quuid"].replace("blue", "none")}
            assert same_error(server, red, "cwp", action, {**theirs, "Uuid": ""}, {**nothing, "Uuid": ""}) == "ResourceNotFound"
    info = server.call("cwp", "DescribeAssetUserInfo", {"Quuid": "q-shared", "Uuid": "", "Name": "ann"}, key=red)
    assert info["User"]["Remark"] == "red"


def test_exports(walls):
    server, red, blue = walls
    content, done = export(server, key=red)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert sorted(r["Name"] for r in rows) == sorted(r["Name"] for r in accounts_of(server, key=red))
    assert b"blue" not in content
    task = server.call("cwp", "ExportAssetUserList", {}, key=blue)["TaskId"]
    assert same_error(server, red, "cwp", "ExportTasks", {"TaskId": task}, {"TaskId": "99999999"}) == "ResourceNotFound"
    content, _ = export(server, {"Quuid": "q-host-blue"}, key=red)
    assert content.decode("utf-8-sig").count("\r\n") == 1, "only the header"
    assert fetch(server, done["DownloadUrl"].replace("/download/", "/download/x")).status == 404


def test_keys(walls):
    server, red, blue = walls
    theirs, nothing = server.key("operator", key=blue)[0], "AKID" + "x" * 32
    for action, more in (("DeleteKey", {}), ("ModifyKeyStatus", {"State": "DISABLED"}), ("ModifyKeyStatus", {"State": "ENABLED"})):
        assert same_error(server, red, "rollcall", action, {"SecretId": theirs, **more}, {"SecretId": nothing, **more}) == "ResourceNotFound"
    listed = server.call("rollcall", "ListKeys", {}, key=red)["Keys"]
    assert theirs not in [k["SecretId"] for k in listed] and {k["Tenant"] for k in listed} == {"red"}
    assert theirs in [k["SecretId"] for k in server.call("rollcall", "ListKeys", {}, key=blue)["Keys"]]
    assert {k["State"] for k in server.call("rollcall", "ListKeys", {}, key=blue)["Keys"]} == {"ENABLED"}
    default = [k["SecretId"] for k in server.call("rollcall", "ListKeys", {})["Keys"]]
    assert not {red[0], blue[0], theirs} & set(default)


def test_only_the_default_tenant_sees_tenants(walls):
    server, red, _ = walls
    refused = "AuthFailure.UnauthorizedOperation"
    assert server.raw(red).code("rollcall", "ListTenants", {}) == refused
    assert server.raw(red).code("rollcall", "CreateTenant", {"Name": "green"}) == refused
    wanted = {"Name": "x", "Role": "admin"}
    codes = [server.raw(red).post("rollcall", "CreateKey", {**wanted, "Tenant": t})["Error"] for t in ("blue", "default", "nowhere")]
    assert {e["Code"] for e in codes} == {refused} and len({re.sub("blue|default|nowhere", "?", e["Message"]) for e in codes}) == 1
    assert server.raw(red).code("rollcall", "CreateKey", {**wanted, "Role": "agent", "Tenant": "red"}) is None
    made = server.key("auditor", tenant="blue")
    assert server.call("rollcall", "DescribeCaller", {}, key=made)["Tenant"] == "blue"


def test_last_admin_key_stays(walls):
    server, _, _ = walls
    alone = server.tenant("alone")
    assert server.raw(alone).code("rollcall", "DeleteKey", {"SecretId": alone[0]}) == "OperationDenied"
    assert server.raw(alone).code("rollcall", "ModifyKeyStatus", {"SecretId": alone[0], "State": "DISABLED"}) == "OperationDenied"
    assert server.raw(alone).code("rollcall", "DescribeCaller", {}) is None


def test_walls_stand_after_a_restart(walls):
    server, red, blue = walls
    before = [accounts_of(server, key=red), people_of(server, red), people_of(server, blue)]
    server.restart()
    assert [accounts_of(server, key=red), people_of(server, red), people_of(server, blue)] == before
