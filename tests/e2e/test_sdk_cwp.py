"""Accounts through the official Python SDK: reports of three hosts, then the list with all filters and orders, one
account in full, its keys, and the counts. Exports are in test_exports.py.

The server prints times in Shanghai's zone, so that days in UTC and days in the zone differ.
"""
import json
import re
import time

import pytest
from fleet import CODE_NAMES, CODES, FORMULA, LOGINS, day_text, db, reports, web
from reports import account, accounts_of, report, send, today
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.cwp.v20180228 import models

STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@pytest.fixture(scope="module")
def fleet(module_servers):
    server = module_servers("--zone", "Asia/Shanghai")
    server.began = time.time()
    send(server, *reports())
    return server


def ask(server, **params):
    request = models.DescribeAssetUserListRequest()
    request._deserialize(params)
    return server.cwp().DescribeAssetUserList(request)


def who(rows):
    return [(r["MachineName"], r["Name"]) for r in rows]


def test_every_record_says_what_it_has_to(fleet):
    rows = accounts_of(fleet)
    assert sorted(who(rows)) == sorted(CODES)
    for row in rows:
        account_of = (row["MachineName"], row["Name"])
        assert dict(zip(CODE_NAMES, CODES[account_of])) == {name: row[name] for name in CODE_NAMES}, account_of
        assert row["LastLoginTime"] == LOGINS.get(account_of, ""), account_of
        assert row["Quuid"] == "q-" + row["MachineName"] and row["ProjectId"] == 0 and row["IsNew"] == 1
        assert STAMP.fullmatch(row["FirstTime"]) and STAMP.fullmatch(row["UpdateTime"])
        extra = row["MachineExtraInfo"]
        assert (extra["HostName"], extra["PrivateIP"], extra["WanIP"]) == (row["MachineName"], row["MachineIp"], row["MachineWanIp"])


def test_texts_of_records(fleet):
    rows = {(r["MachineName"], r["Name"]): r for r in accounts_of(fleet)}
    alice = rows["web-1", "alice"]
    assert (alice["Uid"], alice["Gid"], alice["HomePath"], alice["Shell"]) == ("1000", "1000", "/home/1000", "/bin/bash")
    assert (alice["MachineIp"], alice["MachineWanIp"], alice["OsInfo"]) == ("10.1.0.5", "8.8.8.8", "Debian GNU/Linux 12 (bookworm)")
    assert alice["MachineExtraInfo"] | {} == {"HostName": "web-1", "PrivateIP": "10.1.0.5", "WanIP": "8.8.8.8", "NetworkType": 1, "NetworkName": "vpc-a", "InstanceID": "ins-1"}
    assert alice["PasswordChangeTime"] == day_text(today() - 30) and alice["PasswordDueTime"] == "", "99999 days are never"
    dave, erin, admin = rows["web-1", "dave"], rows["web-1", "erin"], rows["win-1", "Administrator"]
    assert (dave["PasswordChangeTime"], dave["PasswordDueTime"]) == (day_text(today() - 100), day_text(today() - 10))
    assert erin["PasswordDueTime"] == day_text(today() + 5)
    assert (admin["Uid"], admin["Gid"], admin["Shell"]) == ("S-1-5-21-1-2-3-500", "", "")
    assert rows["web-1", "toor"]["PasswordChangeTime"] == "" and rows["web-1", "grace"]["PasswordChangeTime"] == ""
    assert rows["db-1", "root"]["MachineExtraInfo"]["NetworkType"] == 3


def linux(row):
    return row["MachineName"] != "win-1"


def code_is(name, *codes):
    return lambda row: row[name] in codes


def linux_code(name, *codes):
    return lambda row: linux(row) and row[name] in codes


def windows_code(name, *codes):
    return lambda row: not linux(row) and row[name] in codes


FILTERS = [
    *[([("Status", [str(c)])], code_is("Status", c)) for c in (0, 1)], ([("Status", ["0", "1"])], lambda row: True),
    *[([("LoginType", [str(c)])], linux_code("LoginType", c)) for c in (0, 1, 2, 3, 999)], ([("LoginType", ["1", "999"])], linux_code("LoginType", 1, 999)),
    *[([(name, [str(c)])], linux_code(name, c)) for name in ("IsRoot", "IsSudo", "IsSshLogin") for c in (0, 1, 999)],
    *[([("ShellLoginStatus", [str(c)])], linux_code("ShellLoginStatus", c)) for c in (0, 1)],
    *[([("PasswordStatus", [str(c)])], linux_code("PasswordStatus", c)) for c in (1, 2, 3, 4, 999)],
    *[([(name, [str(c)])], windows_code("UserType", c)) for name in ("UserType", "Type") for c in (0, 1, 2, 999)],
    *[([("IsDomain", [str(c)])], windows_code("IsDomain", c)) for c in (0, 1, 999)],
    *[([("OsType", [v])], linux) for v in ("linux", "Linux", "LINUX")], ([("OsType", ["windows"])], lambda row: not linux(row)),
    ([("OsType", ["linux", "Windows"])], lambda row: True),
    ([("Name", ["ali"])], lambda row: "ali" in row["Name"]), ([("Name", ["o"])], lambda row: "o" in row["Name"]), ([("Name", ["Ali"])], lambda row: False),
    ([("Name", ["root", "zoe"])], lambda row: row["Name"] in ("root", "zoe")), ([("Name", [FORMULA])], lambda row: row["Name"] == FORMULA),
    ([("Name", ["%"])], lambda row: False), ([("Name", [None, "zoe", None])], lambda row: row["Name"] == "zoe"),
    ([("NameStrict", ["root"])], lambda row: row["Name"] == "root"), ([("NameStrict", ["roo"])], lambda row: False), ([("NameStrict", ["Root"])], lambda row: False),
    ([("Uid", ["0"])], lambda row: row["Uid"] == "0"), ([("Uid", ["1000", "2000"])], lambda row: row["Uid"] in ("1000", "2000")), ([("Uid", ["500"])], lambda row: False),
    ([("Guid", ["0"])], lambda row: row["Gid"] == "0"), ([("Gid", ["2001"])], lambda row: row["Gid"] == "2001"), ([("Uid", ["18446744073709551615"])], lambda row: False),
    ([("IP", ["10.1.0"])], lambda row: row["MachineIp"].startswith("10.1.0")), ([("IP", ["8.8.8.8"])], lambda row: row["MachineWanIp"] == "8.8.8.8"),
    ([("MachineName", ["web"])], lambda row: row["MachineName"] == "web-1"), ([("InstanceID", ["ins-1"])], lambda row: row["MachineName"] == "web-1"),
    ([("IpOrAlias", ["10.1.0.6"])], lambda row: row["MachineName"] == "db-1"), ([("IpOrAlias", ["win"])], lambda row: row["MachineName"] == "win-1"),
    ([("Os", ["Ubuntu 24.04"])], lambda row: row["OsInfo"] == "Ubuntu 24.04"),
    # Last logins: days of the zone, both ends counted, never without a login
    ([("LoginTimeStart", ["2021-01-12"]), ("LoginTimeEnd", ["2021-01-12"])], lambda row: row["LastLoginTime"][:10] == "2021-01-12"),
    ([("LoginTimeStart", ["2021-01-11"]), ("LoginTimeEnd", ["2021-01-11"])], lambda row: False),
    ([("LoginTimeStart", ["2021-06-01"])], lambda row: row["LastLoginTime"] >= "2021-06-01"), ([("LoginTimeEnd", ["2021-06-01"])], lambda row: "" < row["LastLoginTime"] < "2021-06-02"),
    ([("LoginTimeStart", ["2021-06-01 20:00:01"])], lambda row: row["LastLoginTime"] > "2021-06-01 20:00:00"), ([("LoginTimeEnd", ["2021-06-01 20:00:00"])], lambda row: "" < row["LastLoginTime"] <= "2021-06-01 20:00:00"),
    ([("LoginTimeStart", ["1970-01-01"])], lambda row: row["LastLoginTime"] != ""), ([("LoginTimeEnd", ["9999-12-31"])], lambda row: row["LastLoginTime"] != ""),
    # AND between filters, the same name twice included
    ([("Name", ["a"]), ("Name", ["e"])], lambda row: "a" in row["Name"] and "e" in row["Name"]), ([("Uid", ["0"]), ("Uid", ["1"])], lambda row: False),
    ([("IsRoot", ["1"]), ("Status", ["1"]), ("LoginType", ["1", "2"]), ("OsType", ["linux"]), ("PasswordStatus", ["1"])], lambda row: row["Name"] == "root"),
    ([("UserType", ["2"]), ("IsRoot", ["1"])], lambda row: False),
]


@pytest.mark.parametrize("filters, wanted", FILTERS, ids=[str(f) for f, _ in FILTERS])
def test_filters(fleet, filters, wanted):
    params = {"Filters": [{"Name": name, "Values": values} for name, values in filters]}
    assert who(accounts_of(fleet, params)) == who(row for row in accounts_of(fleet) if wanted(row))


EXACT = [("Name", "ali", False, 2), ("Name", "ali", True, 0), ("Name", "alice", True, 2), ("MachineName", "web", True, 0), ("IP", "10.1.0.5", True, 13), ("IP", "10.1.0", True, 0)]


@pytest.mark.parametrize("name, value, exact, count", EXACT)
def test_exact_match(fleet, name, value, exact, count):
    answer = ask(fleet, Filters=[{"Name": name, "Values": [value], "ExactMatch": exact}])
    assert answer.Total == count


def test_one_host(fleet):
    assert {r["MachineName"] for r in accounts_of(fleet, {"Quuid": "q-db-1"})} == {"db-1"}
    answer = ask(fleet, Quuid="q-nowhere")
    assert (answer.Total, answer.Users) == (0, [])
    assert who(accounts_of(fleet, {"Quuid": "q-db-1", "Filters": [{"Name": "IsRoot", "Values": ["1"]}]})) == [("db-1", "root")]


def test_default_order_is_host_number_name(fleet):
    rows = accounts_of(fleet)
    numbered = [r for r in rows if linux(r)]
    assert who(numbered) == who(sorted(numbered, key=lambda r: (r["MachineName"], int(r["Uid"]), r["Name"])))
    assert accounts_of(fleet, {"Order": "asc"}) == rows and accounts_of(fleet, {"Order": ""}) == rows


KEYS = {"FirstTime": "FirstTime", "LoginTime": "LastLoginTime", "PasswordChangeTime": "PasswordChangeTime", "ChangePasswordTime": "PasswordChangeTime",
        "PasswordDuaTime": "PasswordDueTime", "PasswordDueTime": "PasswordDueTime", "PasswordLockDays": "PasswordLockDays"}


@pytest.mark.parametrize("order", ["asc", "desc", "ASC", "DESC"])
@pytest.mark.parametrize("by", KEYS)
def test_sort(fleet, by, order):
    """Missing values last in both directions; within equal values no row twice and none lost, the same every time."""
    rows = accounts_of(fleet, {"By": by, "Order": order})
    values = [r[KEYS[by]] for r in rows]
    known = [v for v in values if v not in ("", 999)]
    assert sorted(who(rows)) == sorted(CODES)
    assert values[:len(known)] == sorted(known, reverse=order.lower() == "desc"), values
    assert accounts_of(fleet, {"By": by, "Order": order.lower()}) == rows


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_equal_values_go_by_host_and_name(fleet, order):
    rows = [r for r in accounts_of(fleet, {"By": "PasswordDueTime", "Order": order}) if r["PasswordDueTime"] == ""]
    assert who(rows) == sorted(who(rows))


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages(fleet, limit):
    whole, seen = accounts_of(fleet, {"By": "LoginTime"}), []
    while len(seen) < len(whole):
        page = fleet.call("cwp", "DescribeAssetUserList", {"By": "LoginTime", "Offset": len(seen), "Limit": limit})
        assert page["Total"] == len(whole) and 0 < len(page["Users"]) <= limit
        seen += page["Users"]
    assert seen == whole


def test_page_defaults(fleet):
    assert len(ask(fleet).Users) == 10 and ask(fleet).Total == len(CODES)
    assert len(ask(fleet, Offset=15).Users) == 6 and len(ask(fleet, Limit=3).Users) == 3
    beyond = ask(fleet, Offset=10**9)
    assert (beyond.Total, beyond.Users) == (len(CODES), [])


def test_one_account_in_full(fleet):
    request = models.DescribeAssetUserInfoRequest()
    request._deserialize({"Quuid": "q-web-1", "Uuid": "", "Name": "root"})
    user = fleet.cwp().DescribeAssetUserInfo(request).User
    assert (user.Name, user.Uid, user.HomePath, user.LastLoginTime) == ("root", "0", "/root", "2021-06-01 20:00:00")
    assert (user.LastLoginIp, user.LastLoginTerminal, user.GroupName, user.PasswordWarnDays) == ("203.0.113.7", "pts/3", "g0", 7)
    assert [(k.Comment, k.EncryptType, k.Value) for k in user.Keys] == [("root@bastion", "ssh-ed25519", "AAAAC3Nzaroot@bastion"), ("old", "ssh-ed25519", "AAAAC3Nzaold")]
    request.Name = "alice"
    user = fleet.cwp().DescribeAssetUserInfo(request).User
    assert (user.Remark, user.GroupName, user.Keys, user.DisableTime) == ("Alice Zhou,,,", "g1000,sudo,docker", [], "")
    request.Name = "carol"
    assert fleet.cwp().DescribeAssetUserInfo(request).User.DisableTime == day_text(today() - 10)
    members = fleet.call("cwp", "DescribeAssetUserInfo", {"Quuid": "q-web-1", "Uuid": "", "Name": "carol"})["User"]
    assert not {"LoginType", "IsSudo", "PasswordStatus"} & set(members), "members of the list record only"


def test_keys(fleet):
    def ask_keys(**more):
        request = models.DescribeAssetUserKeyListRequest()
        request._deserialize({"Quuid": "q-web-1", "Uuid": "", "Name": "root", **more})
        answer = fleet.cwp().DescribeAssetUserKeyList(request)
        return answer.Total, [k.Comment for k in answer.Keys]

    assert ask_keys() == (2, ["root@bastion", "old"])
    assert ask_keys(Offset=1, Limit=1) == (2, ["old"]) and ask_keys(Offset=5) == (2, [])
    assert ask_keys(Name="alice") == (0, [])


def test_counts(fleet):
    def counts(**params):
        request = models.DescribeAssetUserCountRequest()
        request._deserialize(params)
        return {u.Key: (u.Value, u.Desc, u.NewCount) for u in fleet.cwp().DescribeAssetUserCount(request).Users}

    every = counts()
    assert every["root"] == (2, "none", 2) and every["alice"] == (2, "none", 2) and every["zoe"] == (1, "none", 1)
    assert sum(value for value, _, _ in every.values()) == len(CODES)
    assert set(counts(Name="ali")) == {"alice"} and counts(Name="nobody at all") == {}


def test_reports_replace_one_another(fleet):
    """A new report keeps first times, drops what vanished, adds what is new, and touches no other host."""
    first = report("moving", [account("stays", 1), account("goes", 2)])
    send(fleet, first)
    before = {r["Name"]: r for r in accounts_of(fleet, {"Quuid": "q-moving"})}
    time.sleep(1.1)
    second = report("moving", [account("stays", 1, shell="/bin/zsh"), account("comes", 3)])

    answer = fleet.call("rollcall", "ReportHost", {"Report": json.dumps(second)})
    assert {k: answer[k] for k in ("Quuid", "Accounts", "New", "Vanished", "Changed")} == {"Quuid": "q-moving", "Accounts": 2, "New": 1, "Vanished": 1, "Changed": True}
    after = {r["Name"]: r for r in accounts_of(fleet, {"Quuid": "q-moving"})}
    assert set(after) == {"stays", "comes"} and after["stays"]["Shell"] == "/bin/zsh"
    assert after["stays"]["FirstTime"] == before["stays"]["FirstTime"] and after["stays"]["IsNew"] == 1
    assert after["comes"]["FirstTime"] > before["stays"]["FirstTime"]
    answer = fleet.call("rollcall", "ReportHost", {"Report": json.dumps(second)})
    assert (answer["New"], answer["Vanished"], answer["Changed"]) == (0, 0, False)
    short = {"Quuid": "q-moving", "Digest": answer["Digest"]}
    answer = fleet.call("rollcall", "ReportHost", short)
    assert (answer["Accounts"], answer["Changed"], answer["ReportNeeded"]) == (2, False, False)
    answer = fleet.call("rollcall", "ReportHost", {**short, "Digest": "0" * 32})
    assert answer["ReportNeeded"] and answer["Digest"] == ""
    assert fleet.call("rollcall", "ReportHost", {**short, "Quuid": "q-nobody"})["ReportNeeded"]
    with pytest.raises(TencentCloudSDKException) as caught:
        request = models.DescribeAssetUserInfoRequest()
        request._deserialize({"Quuid": "q-moving", "Uuid": "", "Name": "goes"})
        fleet.cwp().DescribeAssetUserInfo(request)
    assert caught.value.code == "ResourceNotFound"
    send(fleet, report("moving", []))
    assert accounts_of(fleet, {"Quuid": "q-moving"}) == []


def test_a_bad_report_stops_no_other(fleet):

    good, bad = report("beside", [account("ann")]), report("beside-2", [account("x"), account("x")])
    results = fleet.call("rollcall", "ReportHosts", {"Reports": ["nonsense", json.dumps(good), json.dumps(bad)]})["Results"]
    assert [(r["Index"], r["Code"]) for r in results] == [(0, "InvalidParameter"), (1, None), (2, "InvalidParameterValue")]
    assert results[1]["Quuid"] == "q-beside" and results[0]["Message"] and len(accounts_of(fleet, {"Quuid": "q-beside"})) == 1
    assert accounts_of(fleet, {"Quuid": "q-beside-2"}) == []
    send(fleet, report("beside", []))


def test_hosts(fleet):
    hosts = {h["MachineName"]: h for h in fleet.call("rollcall", "ListHosts", {"Limit": 100})["Hosts"]}
    assert (hosts["web-1"]["Accounts"], hosts["web-1"]["MachineIp"], hosts["web-1"]["Privilege"]) == (len(web()["accounts"]), "10.1.0.5", "root")
    assert fleet.call("rollcall", "ListHosts", {"Keyword": "DB-"})["Total"] == 1
    page = fleet.call("rollcall", "ListHosts", {"Offset": 1, "Limit": 1})
    assert [h["MachineName"] for h in page["Hosts"]] == [sorted(hosts)[1]] and page["Total"] == len(hosts)


def test_hostile_names_are_kept_apart(fleet):
    """Control and direction marks are replaced, so nothing reaches a terminal or a page; the report says so."""
    send(fleet, report("hostile", [account("a\u202eb\u001b[31m", 1), account("x" * 256, 2), account("<script>", 3)]))
    names = {r["Name"] for r in accounts_of(fleet, {"Quuid": "q-hostile"})}
    assert names == {"a\ufffdb\ufffd[31m", "x" * 256, "<script>"}
    send(fleet, report("hostile", []))


def test_a_restart_keeps_everything(fleet):
    def everything():
        rows = accounts_of(fleet)
        details = [fleet.call("cwp", "DescribeAssetUserInfo", {"Quuid": r["Quuid"], "Uuid": r["Uuid"], "Name": r["Name"]})["User"] for r in rows]
        return rows, details, fleet.call("rollcall", "ListHosts", {"Limit": 100})["Hosts"]

    send(fleet, db())
    before = everything()
    fleet.restart()
    assert everything() == before
