"""Resources of hosts and counts of assets through the official Python SDK: lists with every filter and order, details,
loads, exports against the list, and what happens to loads when nothing else changes."""
import csv
import io
import json
import time

import openpyxl
import pytest
from reports import account, report, send, windows_account
from rig import fetch, wait_export
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.cwp.v20180228 import models

GIB = 1 << 30
KINDS = "system account port app process database webapp webservice webframe weblocation jar initservice plantask env coremodule package".split()


def busy(cpus=4, load=50, memory=(16 * GIB, 4 * GIB), disks=(("/", 100 * GIB, 50 * GIB),), **more):
    """Facts of a machine and its load; `load` is in hundredths."""
    return {
        "machine": {
            "cpu_model": "Xeon", "cpus": cpus, "cores": cpus, "sockets": 1, "memory": memory[0], "kernel": "6.1.0", "vendor": "QEMU",
            "product": "Standard PC", "serial": "S-1", "bios": "SeaBIOS 1",
            "disks": [{"device": f"/dev/vd{n}", "mount": mount, "file_system": "ext4", "size": size} for n, (mount, size, _) in enumerate(disks)],
            "cards": [{"name": "eth0", "mac": "52:54:00:12:34:56", "ipv4": "10.0.0.9", "ipv6": "2001:db8::9", "gateway": "10.0.0.1", "dns": ["10.0.0.53", "10.0.0.54"]}],
        },
        "usage": {
            "load": [load, 1, 1], "memory_used": memory[1], "booted": 1_700_000_000,
            "disks": [{"mount": mount, "used": used} for mount, _, used in disks],
        },
        **more,
    }


def machines():
    """Hosts of every class, one that says nothing of itself, and a Windows one."""
    two = (("/", 100 * GIB, 90 * GIB), ("/srv", 300 * GIB, 150 * GIB))
    linux = {"os_name": "Debian 12", "addresses": [{"ip": "10.1.0.1", "interface": "eth0"}, {"ip": "8.8.4.4", "interface": "eth1"}]}
    return [
        report("calm", [account("root", 0), account("ann", 1000)], **busy(**linux)),
        report("warm", [account("root", 0)], **busy(load=300, memory=(8 * GIB, 5 * GIB), disks=two, instance_id="ins-w")),
        report("hot", [account("root", 0)], **busy(load=900, memory=(8 * GIB, 8 * GIB), disks=(("/", 10 * GIB, GIB),))),
        report("mute", [account("root", 0)]),
        report("win", [windows_account("Administrator", "S-1-5-21-1-2-3-500", "administrator")], os="windows", os_name="Windows Server 2022"),
    ]


@pytest.fixture(scope="module")
def fleet(module_servers):
    server = module_servers("--zone", "Asia/Shanghai")
    send(server, *machines())
    return server


def ask(server, action, **params):
    """Calls an action with the official SDK; its answer as plain data without the RequestId."""
    request = getattr(models, action + "Request")()
    request._deserialize(params)
    answer = json.loads(getattr(server.cwp(), action)(request).to_json_string())
    assert answer.pop("RequestId")
    return answer


def code(server, action, **params):
    with pytest.raises(TencentCloudSDKException) as error:
        ask(server, action, **params)
    return error.value.code


def listed(server, **params):
    return ask(server, "DescribeAssetMachineList", Limit=100, **params)["Machines"]


def names(rows):
    return [row["MachineName"] for row in rows]


def ids(server, name):
    row = next(row for row in listed(server) if row["MachineName"] == name)
    return {"Quuid": row["Quuid"], "Uuid": row["Uuid"]}


def test_records(fleet):
    rows = {row["MachineName"]: row for row in listed(fleet)}
    calm, warm, mute = rows["calm"], rows["warm"], rows["mute"]
    assert (calm["Cpu"], calm["CpuSize"], calm["CpuLoad"], calm["CpuLoadNum"]) == ("Xeon", 4, "12.5", "0.50")
    assert (calm["MemSize"], calm["MemLoad"], calm["DiskSize"], calm["DiskLoad"], calm["PartitionCount"]) == (16, "25.0", 100, "50.0", 1)
    assert (warm["DiskSize"], warm["DiskLoad"], warm["PartitionCount"], warm["MemLoad"]) == (400, "60.0", 2, "62.5")
    assert (calm["MachineIp"], calm["MachineWanIp"], calm["OsInfo"], calm["ProjectId"], calm["Tag"], calm["IsNew"]) == ("10.1.0.1", "8.8.4.4", "Debian 12", 0, [], 1)
    assert calm["MachineExtraInfo"]["HostName"] == "calm" and warm["MachineExtraInfo"]["InstanceID"] == "ins-w"
    unknown = {"Cpu": "", "CpuSize": 0, "CpuLoad": "", "CpuLoadNum": "", "MemSize": 0, "MemLoad": "", "DiskSize": 0, "DiskLoad": "", "PartitionCount": 0}
    assert unknown.items() <= mute.items() and unknown.items() <= rows["win"].items()
    assert all(row["Quuid"] == "q-" + row["MachineName"] and len(row["Uuid"]) == 36 for row in rows.values())


FILTERS = [
    ([("IP", ["10.1"])], {"calm"}), ([("IP", ["8.8.4.4"])], {"calm"}), ([("IP", ["10.1"], True)], set()), ([("IP", ["10.1.0.1"], True)], {"calm"}),
    ([("MachineName", ["A"])], {"calm", "warm"}), ([("MachineName", ["warm"], True)], {"warm"}), ([("MachineName", ["Warm"], True)], set()),
    ([("InstanceID", ["ins-w"])], {"warm"}), ([("OsType", ["windows"])], {"win"}), ([("OsType", ["Linux"])], {"calm", "warm", "hot", "mute"}),
    ([("CpuLoad", ["0"])], {"mute", "win"}), ([("CpuLoad", ["1"])], {"calm"}), ([("CpuLoad", ["2"])], {"warm"}), ([("CpuLoad", ["3"])], {"hot"}), ([("CpuLoad", ["4"])], set()),
    ([("MemLoad", ["2"])], {"calm"}), ([("MemLoad", ["3", "4"])], {"warm", "hot"}), ([("MemLoad", ["0"])], {"mute", "win"}),
    ([("DiskLoad", ["1"])], {"hot"}), ([("DiskLoad", ["2"])], {"calm"}), ([("DiskLoad", ["3"])], {"warm"}), ([("DiskLoad", ["4"])], set()),
    ([("Quuid", ["q-hot", "q-win"])], {"hot", "win"}), ([("Os", ["Windows Server 2022"])], {"win"}), ([("Os", ["Windows"])], set()),
    ([("OsType", ["linux"]), ("CpuLoad", ["2", "3"]), ("MachineName", ["h"])], {"hot"}),
]


@pytest.mark.parametrize("filters, wanted", FILTERS, ids=str)
def test_filters(fleet, filters, wanted):
    sent = [dict(zip(("Name", "Values", "ExactMatch"), f)) for f in filters]
    answer = ask(fleet, "DescribeAssetMachineList", Filters=sent)
    assert set(names(answer["Machines"])) == wanted and answer["Total"] == len(wanted)


def test_orders_and_pages(fleet):
    by_id = sorted(names(listed(fleet)))
    assert names(listed(fleet)) == by_id and names(listed(fleet, Order="desc")) == by_id[::-1]
    rows = listed(fleet, By="PartitionCount", Order="DESC")
    assert [(-r["PartitionCount"]) for r in rows] == sorted(-r["PartitionCount"] for r in rows) and rows[0]["MachineName"] == "warm"
    rows = listed(fleet, By="FirstTime", Order="asc")
    assert [r["FirstTime"] for r in rows] == sorted(r["FirstTime"] for r in rows)
    for order in ("asc", "desc"):
        whole = names(listed(fleet, By="PartitionCount", Order=order))
        pages = [ask(fleet, "DescribeAssetMachineList", By="PartitionCount", Order=order, Offset=o, Limit=2) for o in (0, 2, 4, 6)]
        assert sum((names(p["Machines"]) for p in pages), []) == whole and {p["Total"] for p in pages} == {5}
    assert ask(fleet, "DescribeAssetMachineList", Offset=2**63)["Machines"] == []


@pytest.mark.parametrize("params, wanted", [
    ({"Limit": 101}, "InvalidParameterValue"), ({"By": "Name"}, "InvalidParameterValue"), ({"Order": "up"}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "Nope", "Values": ["1"]}]}, "InvalidParameter"), ({"Filters": [{"Name": "CpuLoad", "Values": ["5"]}]}, "InvalidParameterValue"),
    ({"Filters": [{"Name": "CpuLoad", "Values": ["x"]}]}, "InvalidParameterValue"), ({"Filters": [{"Name": "IP", "Values": []}]}, "InvalidParameter"),
    ({"Filters": [{"Name": "IP", "Values": ["1"] * 6}]}, "InvalidParameter"), ({"Filters": [{"Name": "IP", "Values": ["1"]}] * 6}, "InvalidParameter"),
    ({"Filters": [{"Name": "OsType", "Values": ["bsd"]}]}, "InvalidParameterValue"),
], ids=str)
def test_refusals(fleet, params, wanted):
    assert code(fleet, "DescribeAssetMachineList", **params) == wanted
    if "Limit" not in params:
        assert code(fleet, "ExportAssetMachineList", **params) == wanted


def test_detail(fleet):
    detail = ask(fleet, "DescribeAssetMachineDetail", **ids(fleet, "warm"))["MachineDetail"]
    row = next(row for row in listed(fleet) if row["MachineName"] == "warm")
    same = set(row) & set(detail)
    assert {k: row[k] for k in same} == {k: detail[k] for k in same} and len(same) >= 18
    assert (detail["CoreVersion"], detail["Producer"], detail["DeviceVersion"], detail["SerialNumber"]) == ("6.1.0", "QEMU", "Standard PC", "S-1")
    assert (detail["BootTime"], detail["OsType"], detail["AgentVersion"], detail["InstanceId"]) == ("2023-11-15 06:13:20", "Linux", "tests", "ins-w")
    assert (detail["Status"], detail["OfflineTime"], detail["RiskStatus"], detail["ProtectLevel"], detail["CpuLoadVul"]) == (0, "", "UNKNOW", 0, "medium")
    assert detail["NetCards"] == [{"Name": "eth0", "Ip": "10.0.0.9", "GateWay": "10.0.0.1", "Mac": "52:54:00:12:34:56", "Ipv6": "2001:db8::9", "DnsServer": "10.0.0.53,10.0.0.54"}]
    assert detail["Disks"] == [
        {"Name": "/dev/vd0", "Size": 100, "Percent": 90.0, "Type": "ext4", "Path": "/", "Used": 90},
        {"Name": "/dev/vd1", "Size": 300, "Percent": 50.0, "Type": "ext4", "Path": "/srv", "Used": 150},
    ]
    mute = ask(fleet, "DescribeAssetMachineDetail", Quuid="q-mute", Uuid="")["MachineDetail"]
    assert (mute["NetCards"], mute["Disks"], mute["BootTime"], mute["CoreVersion"], mute["CpuLoadVul"]) == ([], [], "", "", "")


def test_disks(fleet):
    whole = ask(fleet, "DescribeAssetDiskList", **ids(fleet, "warm"))
    assert whole["Total"] == 2 and whole["Disks"] == ask(fleet, "DescribeAssetMachineDetail", **ids(fleet, "warm"))["MachineDetail"]["Disks"]
    assert ask(fleet, "DescribeAssetDiskList", **ids(fleet, "warm"), Offset=1, Limit=1) == {"Disks": whole["Disks"][1:], "Total": 2}
    assert ask(fleet, "DescribeAssetDiskList", **ids(fleet, "mute")) == {"Disks": [], "Total": 0}
    assert code(fleet, "DescribeAssetDiskList", **ids(fleet, "warm"), Limit=101) == "InvalidParameterValue"


OF_ONE = ["DescribeAssetMachineDetail", "DescribeAssetDiskList", "DescribeAssetHostTotalCount", "ExportAssetMachineDetail"]


@pytest.mark.parametrize("action", OF_ONE)
def test_hosts_that_are_not_there(fleet, action):
    assert code(fleet, action, Quuid="q-nobody", Uuid="") == "ResourceNotFound"
    assert code(fleet, action, Quuid="q-warm", Uuid="other") == "ResourceNotFound"
    assert code(fleet, action, Quuid="q-warm") == "MissingParameter"
    foreign = fleet.raw(fleet.tenant("away-" + action.lower()))
    assert foreign.code("cwp", action, {"Quuid": "q-warm", "Uuid": ""}) == "ResourceNotFound"


def test_counts(fleet):
    def counted(answer):
        assert all(row["Desc"] == "none" for row in answer["Types"])
        return {row["Key"]: (row["Value"], row["NewCount"]) for row in answer["Types"]}

    total = counted(ask(fleet, "DescribeAssetTotalCount"))
    assert list(total) == KINDS and (total.pop("system"), total.pop("account")) == ((5, 5), (6, 6)) and set(total.values()) == {(0, 0)}
    one = counted(ask(fleet, "DescribeAssetHostTotalCount", **ids(fleet, "calm")))
    assert (one.pop("system"), one.pop("account")) == ((1, 1), (2, 2)) and set(one.values()) == {(0, 0)}
    info = ask(fleet, "DescribeAssetInfo")
    known = {"MachineCount": 5, "MachineNewCount": 5, "AccountCount": 6, "AccountNewCount": 6}
    assert {k: v for k, v in info.items() if v} == known and len(info) == 20
    top = ask(fleet, "DescribeAssetTypeTop")
    assert [(row["Key"], row["Value"], row["NewCount"]) for row in top.pop("User")] == [("root", 4, 4), ("Administrator", 1, 1), ("ann", 1, 1)]
    assert len(top) == 8 and all(rows == [] for rows in top.values())
    assert ask(fleet, "DescribeAssetTypes")["Types"] == [{"Id": 1, "Name": "system"}, {"Id": 2, "Name": "account"}]


def test_top_is_five(make_server):
    server = make_server()
    send(server, report("h", [account(f"u{n}", 1000 + n) for n in range(9)]))
    assert [row["Key"] for row in ask(server, "DescribeAssetTypeTop")["User"]] == ["u0", "u1", "u2", "u3", "u4"]


def test_loads(fleet):
    info = ask(fleet, "DescribeAssetLoadInfo")
    assert [info[k]["Counts"] for k in ("CpuLoad", "MemLoad", "DiskLoad")] == [[2, 1, 1, 1], [2, 0, 1, 1, 1], [2, 1, 1, 1, 0]]
    assert [(t["MachineName"], t["Value"], t["Desc"]) for t in info["CpuLoad"]["Top5"]] == [("hot", 225.0, "225.0"), ("warm", 75.0, "75.0"), ("calm", 12.5, "12.5")]
    assert [t["Quuid"] for t in info["DiskLoad"]["Top5"]] == ["q-warm", "q-calm", "q-hot"]
    assert all(len(t["Uuid"]) == 36 for t in info["MemLoad"]["Top5"])


@pytest.mark.parametrize("action", ["DescribeHostLoginList", "ExportNonlocalLoginPlaces"])
def test_abnormal_logins_are_not_made_up(fleet, action):
    assert code(fleet, action) == "UnsupportedOperation"


EXTRA = ["InstanceID", "HostName", "PrivateIP", "WanIP", "NetworkType", "NetworkName"]


def flat(row):
    """A record as a row of a file."""
    row = dict(row)
    row.update(row.pop("MachineExtraInfo"))
    if "Tag" in row:
        row["Tag"] = ", ".join(tag["Name"] for tag in row["Tag"])
    for name in ("NetCards", "Disks"):
        if name in row:
            row[name] = json.dumps(row[name], sort_keys=True)
    return row


def exported(server, params=None):
    task = server.call("cwp", "ExportAssetMachineList", params or {})["TaskId"]
    assert isinstance(task, str)
    done = wait_export(server, task)
    assert done["Status"] == "FINISHED" and done["FileName"].startswith("asset-machine-list-"), done
    return fetch(server, done["DownloadUrl"]).body


QUERIES = [
    {}, {"By": "PartitionCount", "Order": "desc"}, {"By": "FirstTime"}, {"Order": "desc"}, {"Filters": [{"Name": "OsType", "Values": ["linux"]}]},
    {"Filters": [{"Name": "CpuLoad", "Values": ["3", "4"]}]}, {"Filters": [{"Name": "MachineName", "Values": ["warm"], "ExactMatch": True}]},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_files_equal_the_list(fleet, query):
    rows = [flat(row) for row in listed(fleet, **query)]
    header, *lines = csv.reader(io.StringIO(exported(fleet, query).decode("utf-8-sig"), newline=""), strict=True)
    assert header[-6:] == EXTRA and (not rows or set(header) == set(rows[0]))
    assert lines == [[str(row[name]) for name in header] for row in rows]
    assert [json.loads(line) for line in exported(fleet, {**query, "Format": "jsonl"}).decode().splitlines()] == rows
    sheet = openpyxl.load_workbook(io.BytesIO(exported(fleet, {**query, "Format": "xlsx"}))).active
    first, *cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert first == header and cells == [[row[name] if row[name] != "" else None for name in header] for row in rows]


def test_list_export_through_the_sdk(fleet):
    task = ask(fleet, "ExportAssetMachineList", Filters=[{"Name": "IP", "Values": ["10.1"]}])["TaskId"]
    assert wait_export(fleet, task)["Status"] == "FINISHED"
    assert code(fleet, "ExportAssetMachineList", Filters=[{"Name": "Nope", "Values": ["1"]}]) == "InvalidParameter"
    assert fleet.raw().code("cwp", "ExportAssetMachineList", {"Format": "pdf"}) == "InvalidParameter"


def test_one_host_as_a_file(fleet):
    detail = flat(ask(fleet, "DescribeAssetMachineDetail", **ids(fleet, "warm"))["MachineDetail"])
    url = ask(fleet, "ExportAssetMachineDetail", **ids(fleet, "warm"))["DownloadUrl"]
    content = fetch(fleet, url).body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == 1 and set(rows[0]) == set(detail)
    for name in ("NetCards", "Disks"):
        rows[0][name] = json.dumps(json.loads(rows[0][name]), sort_keys=True)
    assert rows[0] == {name: str(value) for name, value in detail.items()}
    url = fleet.call("cwp", "ExportAssetMachineDetail", {**ids(fleet, "warm"), "Format": "jsonl"})["DownloadUrl"]
    assert json.loads(fetch(fleet, url).body)["SerialNumber"] == "S-1"


def test_tags_are_in_list_and_file(make_server):
    server = make_server()
    send(server, *machines()[:2])
    tag = server.call("cwp", "EditTags", {"Name": "edge", "Quuids": ["q-calm"]})
    assert tag is not None
    rows = {row["MachineName"]: row for row in listed(server)}
    assert [t["Name"] for t in rows["calm"]["Tag"]] == ["edge"] and rows["warm"]["Tag"] == []
    lines = {row["MachineName"]: row["Tag"] for row in csv.DictReader(io.StringIO(exported(server).decode("utf-8-sig"), newline=""))}
    assert lines == {"calm": "edge", "warm": ""}


def test_loads_are_no_change(make_server):
    """A report that differs in loads only is not a changed one and makes no history, yet brings them up to date."""
    server = make_server()
    began = int(time.time() * 1000) - 3 * 3_600_000

    def told(hours, load):
        sent = {**report("h", [account("root", 0)], **busy(load=load)), "collected_at": began + hours * 3_600_000}
        return server.call("rollcall", "ReportHost", {"Report": json.dumps(sent)})

    first = told(0, 50)
    soon = {**report("h", [account("root", 0)], **busy(load=100)), "collected_at": began + 60_000}
    again = server.call("rollcall", "ReportHost", {"Report": json.dumps(soon)})
    assert (first["Changed"], again["Changed"], again["Digest"]) == (True, False, first["Digest"])
    assert listed(server)[0]["CpuLoadNum"] == "0.50", "loads an hour old are good enough"
    later = told(2, 200)
    assert (later["Changed"], later["New"], later["Vanished"], later["Digest"]) == (False, 0, 0, first["Digest"])
    row = listed(server)[0]
    assert row["CpuLoadNum"] == "2.00"
    assert ask(server, "DescribeAssetMachineDetail", Quuid="q-h", Uuid="")["MachineDetail"]["UpdateTime"] == row["UpdateTime"]
    server.restart()
    assert listed(server)[0] == row, "durable"


def test_other_roles(fleet):
    for role, allowed in (("auditor", True), ("operator", True), ("agent", False)):
        found = fleet.raw(fleet.key(role)).code("cwp", "DescribeAssetMachineList", {})
        assert (found != "AuthFailure.UnauthorizedOperation") == allowed, role
