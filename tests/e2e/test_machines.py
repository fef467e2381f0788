"""Machines through the official Python SDK: lists with all filters, look-ups, statistics, remarks, removal, clearing."""
import csv
import io
import time

import pytest
from fleet import db, web, windows
from reports import account, accounts_of, report, send
from rig import cli, fetch, wait_export
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.cwp.v20180228 import models

ZONE = {"MachineType": "Other", "MachineRegion": "ap-others"}
HOSTS = ["db-1", "web-1", "win-1"]


@pytest.fixture(scope="module")
def fleet(module_servers):
    server = module_servers()
    send(server, db(), web(), windows())
    return server


def ask(server, action, **params):
    """A call through the typed SDK; answers the response object."""
    request = getattr(models, action + "Request")()
    request._deserialize(params)
    return getattr(server.cwp(), action)(request)


def code_of(server, action, **params):
    with pytest.raises(TencentCloudSDKException) as caught:
        ask(server, action, **params)
    return caught.value.code


def names(server, action="DescribeMachines", **params):
    answer = ask(server, action, **{**ZONE, "Limit": 100, **params})
    found = [m.MachineName for m in answer.Machines]
    assert answer.TotalCount == len(found)
    return sorted(found)


def filters(*pairs, **more):
    return [{"Name": name, "Values": values, **more} for name, values in pairs]


def uuid_of(server, host):
    return next(m.Uuid for m in ask(server, "DescribeMachines", **ZONE, Limit=100).Machines if m.MachineName == host)


def test_a_record(fleet):
    machine = next(m for m in ask(fleet, "DescribeMachines", **ZONE).Machines if m.MachineName == "web-1")
    assert (machine.Quuid, machine.MachineIp, machine.MachineWanIp, machine.IpList) == ("q-web-1", "10.1.0.5", "8.8.8.8", "10.1.0.5,8.8.8.8")
    assert (machine.MachineOs, machine.InstanceId, machine.VpcId) == ("Debian GNU/Linux 12 (bookworm)", "ins-1", "vpc-a")
    assert (machine.MachineStatus, machine.AgentStatus, machine.InstanceStatus) == ("ONLINE", "ONLINE", "RUNNING")
    assert (machine.MachineType, machine.RegionInfo.Region, machine.RegionInfo.RegionId) == ("Other", "ap-others", 0)
    assert (machine.ProtectType, machine.IsProVersion, machine.SecurityStatus, machine.LicenseStatus) == ("BASIC_VERSION", False, "UNKNOWN", 0)
    assert [machine.VulNum, machine.MalwareNum, machine.BaselineNum, machine.CyberAttackNum, machine.InvasionNum, machine.ProjectId] == [0] * 6
    assert (machine.IsAddedOnTheFifteen, machine.Tag, machine.CloudTags, machine.Remark) == (1, [], [], "")
    extra = machine.MachineExtraInfo
    assert (extra.HostName, extra.PrivateIP, extra.WanIP, extra.NetworkType, extra.NetworkName) == ("web-1", "10.1.0.5", "8.8.8.8", 1, "vpc-a")
    row = next(r for r in accounts_of(fleet) if r["MachineName"] == "web-1")
    assert row["Uuid"] == machine.Uuid and len(machine.Uuid) == 36, "one id of the agent everywhere"
    short = next(m for m in ask(fleet, "DescribeMachinesSimple", **ZONE).Machines if m.MachineName == "web-1")
    same = ("MachineName", "MachineOs", "Uuid", "Quuid", "MachineIp", "IsProVersion", "MachineWanIp", "InstanceState", "ProjectId", "MachineType", "ProtectType", "InstanceId")
    assert [getattr(short, name) for name in same] == [getattr(machine, name) for name in same]


FILTERS = [
    ([("Ips", ["10.1.0"])], {}, ["db-1", "web-1"]), ([("Ips", ["8.8.8.8"])], {}, ["web-1"]), ([("Ips", ["10.1.0"])], {"ExactMatch": True}, []),
    ([("Ips", ["10.1.0.6", "192.168.7.7"])], {"ExactMatch": True}, ["db-1", "win-1"]),
    ([("Names", ["W"])], {}, ["web-1", "win-1"]), ([("Names", ["web-1"])], {"ExactMatch": True}, ["web-1"]), ([("Names", ["web"])], {"ExactMatch": True}, []),
    ([("InstanceIds", ["ins-1"])], {}, ["web-1"]), ([("InstanceIds", ["ins"])], {}, []),
    ([("Keywords", ["WIN"])], {}, ["win-1"]), ([("Keywords", ["192.168"])], {}, ["win-1"]), ([("Keywords", ["%"])], {}, []),
    ([("Quuid", ["q-db-1", "q-web-1", "q-nowhere"])], {}, ["db-1", "web-1"]), ([("Quuid", [f"q-{n}" for n in range(99)] + ["q-db-1"])], {}, ["db-1"]),
    ([("Os", ["Ubuntu 24.04"])], {}, ["db-1"]),
    ([("Version", ["BASIC_VERSION"])], {}, HOSTS), ([("Version", ["PRO_VERSION"])], {}, []), ([("Version", ["Flagship", "UnFlagship"])], {}, HOSTS), ([("Risk", ["yes"])], {}, []),
    ([("AddedOnTheFifteen", ["1"])], {}, HOSTS), ([("TagId", ["77"])], {}, []),
    ([("AgentStatus", ["ONLINE"])], {}, HOSTS), ([("AgentStatus", ["OFFLINE"])], {}, []), ([("Status", ["ALL"])], {}, HOSTS), ([("AgentStatus", ["UNINSTALLED"])], {}, []),
    ([("MachineStatus", ["RUNNING"])], {}, HOSTS), ([("MachineStatus", ["STOPPED", "EXPIRED"])], {}, []),
    ([("Names", ["1"]), ("Ips", ["10.1"]), ("Keywords", ["db", "web"]), ("AgentStatus", ["ONLINE"]), ("Names", ["w"])], {}, ["web-1"]),
    ([("Names", [None, "db", None])], {}, ["db-1"]),
]


@pytest.mark.parametrize("pairs, more, wanted", FILTERS, ids=[f"{f} {m or ''}" for f, m, _ in FILTERS])
@pytest.mark.parametrize("action", ["DescribeMachines", "DescribeMachinesSimple"])
def test_filters(fleet, action, pairs, more, wanted):
    assert names(fleet, action, Filters=filters(*pairs, **more)) == wanted


@pytest.mark.parametrize("action", ["DescribeMachines", "DescribeMachinesSimple"])
def test_scope(fleet, action):
    assert names(fleet, action) == HOSTS
    for other in ({"MachineType": "CVM"}, {"MachineRegion": "ap-guangzhou"}, {"ProjectIds": [7]}):
        assert names(fleet, action, **other) == [], other
    assert names(fleet, action, ProjectIds=[0, 7]) == HOSTS
    assert names(fleet, MachineAppId=1251) == []


@pytest.mark.parametrize("action", ["DescribeMachines", "DescribeMachinesSimple"])
def test_pages(fleet, action):
    whole = [m.Quuid for m in ask(fleet, action, **ZONE).Machines]
    assert whole == sorted(whole)
    pages = [ask(fleet, action, **ZONE, Offset=n, Limit=1) for n in range(4)]
    assert [[m.Quuid for m in p.Machines] for p in pages] == [[q] for q in whole] + [[]] and all(p.TotalCount == 3 for p in pages)
    # The official example sends numbers as text.
    answer = fleet.call("cwp", action, {**ZONE, "Limit": "2", "Offset": "2"})
    assert len(answer["Machines"]) == 1


MISTAKES = [
    ({"MachineType": "PC"}, "InvalidParameterValue"), ({"Limit": 101}, "InvalidParameterValue"), ({"Filters": filters(("Nope", ["x"]))}, "InvalidParameter"),
    ({"Filters": filters(("Names", []))}, "InvalidParameter"), ({"Filters": filters(*[("Names", ["x"])] * 6)}, "InvalidParameter"), ({"Filters": filters(("Names", ["x"] * 6))}, "InvalidParameter"),
    ({"Filters": filters(("Quuid", ["x"] * 101))}, "InvalidParameter"), ({"Filters": filters(("TagId", ["x"]))}, "InvalidParameter.ParsingError"),
    ({"Filters": filters(("AgentStatus", ["ASLEEP"]))}, "InvalidParameterValue"), ({"Filters": filters(("Version", ["GOLD"]))}, "InvalidParameterValue"),
    ({"Filters": filters(("Risk", ["no"]))}, "InvalidParameterValue"),
]


@pytest.mark.parametrize("params, code", MISTAKES, ids=[str(p)[:60] for p, _ in MISTAKES])
@pytest.mark.parametrize("action", ["DescribeMachines", "DescribeMachinesSimple", "DescribeExportMachines"])
def test_mistakes(fleet, action, params, code):
    assert code_of(fleet, action, **{**ZONE, **params}) == code


def test_required(fleet):
    for action in ("DescribeMachines", "DescribeMachinesSimple"):
        assert fleet.raw().code("cwp", action, {"MachineType": "Other"}) == "MissingParameter"


def test_systems_and_regions(fleet):
    systems = {s.Name: s.MachineOSType for s in ask(fleet, "DescribeMachineOsList").List}
    assert set(systems) == {"Debian GNU/Linux 12 (bookworm)", "Ubuntu 24.04", "Windows Server 2022"}
    for name, host in (("Ubuntu 24.04", "db-1"), ("Windows Server 2022", "win-1")):
        assert names(fleet, Filters=filters(("Os", [str(systems[name])]))) == [host]
    regions = ask(fleet, "DescribeMachineRegions")
    assert [r.Region for r in regions.Other] == [r.Region for r in regions.ALL] == ["ap-others"]
    assert regions.CVM == regions.BM == regions.LH == regions.ECM == []
    assert isinstance(regions.ALL[0].RegionId, int) and regions.ALL[0].RegionNameEn == "Others"
    listed = fleet.call("cwp", "DescribeMachineRegionList", {})["RegionList"]
    assert [(r["MachineType"], r["CloudFrom"], r["RegionList"][0]["Region"]) for r in listed] == [("Other", 1, "ap-others")]


def test_one_machine(fleet):
    uuid = uuid_of(fleet, "db-1")
    for named in ({"Uuid": uuid}, {"Quuid": "q-db-1"}, {"Uuid": uuid, "Quuid": "q-db-1"}):
        info = ask(fleet, "DescribeMachineInfo", **named)
        assert (info.MachineName, info.MachineIp, info.Quuid, info.Uuid, info.MachineStatus) == ("db-1", "10.1.0.6", "q-db-1", uuid, "ONLINE")
        assert (info.MachineType, info.MachineRegion, info.ProtectType, info.ProtectDays, info.IsProVersion) == ("Other", "ap-others", "BASIC_VERSION", 0, False)
        assert (info.ProVersionOpenDate, info.ProVersionDeadline, info.FreeMalwaresLeft, info.FreeVulsLeft) == ("", "", 0, 0)
    for wrong in ({"Uuid": "nope"}, {"Quuid": "nope"}, {"Uuid": "nope", "Quuid": "q-db-1"}):
        assert code_of(fleet, "DescribeMachineInfo", **wrong) == "ResourceNotFound"
    assert code_of(fleet, "DescribeMachineInfo") == "InvalidParameter.MissingParameter"


def test_several_machines(fleet):
    found = ask(fleet, "DescribeHostInfo", QuuidList=["q-web-1", "nope", "q-db-1", "q-web-1"]).HostInfoList
    assert [h.AliasName for h in found] == ["web-1", "db-1"] and found[0].HostIp == "10.1.0.5" and found[0].MachineStatus == "ONLINE"
    assert (found[0].InstanceID, found[0].TagList, found[0].MachineType, found[0].RegionId, found[0].VulNum) == ("ins-1", [], "Other", 0, 0)
    uuids = [uuid_of(fleet, host) for host in ("win-1", "db-1")]
    assert [h.AliasName for h in ask(fleet, "DescribeHostInfo", Uuids=uuids).HostInfoList] == ["win-1", "db-1"]
    assert code_of(fleet, "DescribeHostInfo") == "InvalidParameter.MissingParameter"
    assert code_of(fleet, "DescribeHostInfo", QuuidList=["x"] * 1001) == "InvalidParameterValue"


def test_import(fleet):
    def found(kind, *entries, **more):
        answer = ask(fleet, "DescribeImportMachineInfo", MachineList=list(entries), ImportType=kind, **more)
        return [m.MachineName for m in answer.EffectiveMachineInfoList], answer.InvalidMachineList

    assert found("Ip", "10.1.0.6", "8.8.8.8", "1.2.3.4") == (["db-1", "web-1"], ["1.2.3.4"])
    assert found("Name", " win-1 ", "win") == (["win-1"], ["win"])
    assert found("Id", "q-db-1", uuid_of(fleet, "web-1"), "ins-2") == (["db-1", "web-1"], ["ins-2"])
    assert found("Name", "web-1", Filters=filters(("Version", ["PRO_VERSION"]))) == ([], ["web-1"])
    assert found("Name", "") == ([], [""])
    for wrong in ({"ImportType": "Colour"}, {"MachineList": []}, {"MachineList": ["x"] * 1001}):
        assert code_of(fleet, "DescribeImportMachineInfo", **{"MachineList": ["x"], "ImportType": "Ip", **wrong}) == "InvalidParameterValue"


def test_statistics(fleet):
    stat = ask(fleet, "DescribeGeneralStat")
    assert (stat.MachinesAll, stat.AgentsAll, stat.AgentsOnline, stat.AgentsOffline, stat.Offline, stat.AgentsBasic, stat.AddedOnTheFifteen) == (3, 3, 3, 0, 0, 3, 3)
    assert [stat.AgentsPro, stat.RiskMachine, stat.Shutdown, stat.FlagshipMachineCnt, stat.ProtectDays, stat.MachinesUninstalled] == [0] * 6
    assert ask(fleet, "DescribeGeneralStat", MachineType="CVM").MachinesAll == 0
    assert code_of(fleet, "DescribeGeneralStat", MachineType="PC") == "InvalidParameterValue"
    general = ask(fleet, "DescribeMachineGeneral")
    assert (general.MachineCnt, general.IDCMachineCnt, general.TencentCloudMachineCnt, general.RiskMachineCnt, general.CompareYesterdayMachineCnt) == (3, 3, 0, 0, 0)
    assert [(c.CloudFrom, c.MachineCnt) for c in general.CloudFrom] == [(1, 3)] and general.MachineDestroyAfterOfflineHours == 0


def test_trend(fleet):
    today = time.strftime("%Y-%m-%d", time.gmtime())
    trend = ask(fleet, "DescribeAssetRecentMachineInfo", BeginDate="2026-01-01", EndDate=today)
    rows = [[(r.Key, r.Value) for r in rows] for rows in (trend.TotalList, trend.LiveList, trend.OfflineList, trend.RiskList)]
    assert rows == [[(today, 3)], [(today, 3)], [(today, 0)], [(today, 0)]], "days on which nobody counted are left out"
    assert ask(fleet, "DescribeAssetRecentMachineInfo", BeginDate="2020-01-01", EndDate="2020-02-01").TotalList == []
    for begin, end in (("2026-02-01", "2026-01-01"), ("yesterday", today), ("2026-01-01", ""), ("2020-01-01", "2026-01-01")):
        assert code_of(fleet, "DescribeAssetRecentMachineInfo", BeginDate=begin, EndDate=end) == "InvalidParameter.DateRange", (begin, end)


def test_sync(fleet):
    answer = ask(fleet, "SyncMachines", Sync=True)
    assert answer.State == "FINISHED" and answer.LatestStartTime == answer.LatestEndTime != "", "there are no agents to wait for"


def test_remarks(fleet):
    def remark():
        return next(m.Remark for m in ask(fleet, "DescribeMachines", **ZONE).Machines if m.MachineName == "db-1")

    ask(fleet, "ModifyMachineRemark", Quuid="q-db-1", Remark="主数据库 <b>")
    send(fleet, db())
    assert remark() == "主数据库 <b>"
    fleet.restart()
    assert remark() == "主数据库 <b>"
    ask(fleet, "ModifyMachineRemark", Quuid="q-db-1")
    assert remark() == ""
    assert code_of(fleet, "ModifyMachineRemark", Quuid="q-nope", Remark="x") == "ResourceNotFound"
    for bad in ("x" * 513, "a\0b"):
        assert code_of(fleet, "ModifyMachineRemark", Quuid="q-db-1", Remark=bad) == "InvalidParameterValue"


def test_offline_and_removal(make_server):
    """A silent host is offline and can be removed; one in contact only deleted. Both leave every list."""
    server = make_server("--offline-after", "6s")
    send(server, report("old", [account("ann")]))
    old = uuid_of(server, "old")
    assert code_of(server, "RemoveMachine", Uuid=old, Quuid="q-old") == "OperationDenied"
    time.sleep(6.1)
    send(server, report("new", [account("ann")]))
    states = {m.MachineName: (m.MachineStatus, m.InstanceStatus) for m in ask(server, "DescribeMachines", **ZONE).Machines}
    assert states == {"old": ("OFFLINE", ""), "new": ("ONLINE", "RUNNING")}
    assert names(server, Filters=filters(("AgentStatus", ["OFFLINE"]))) == ["old"] and names(server, Filters=filters(("AgentStatus", ["OFFLINE", "ONLINE"]))) == ["new", "old"]
    stat = ask(server, "DescribeGeneralStat")
    assert (stat.AgentsOnline, stat.AgentsOffline, stat.Offline) == (1, 1, 1)
    assert {h["MachineName"]: h["AgentStatus"] for h in server.call("rollcall", "ListHosts", {})["Hosts"]} == {"old": "OFFLINE", "new": "ONLINE"}
    assert code_of(server, "RemoveMachine", Uuid="other", Quuid="q-old") == "ResourceNotFound"
    ask(server, "RemoveMachine", Uuid=old, Quuid="q-old")
    assert names(server) == ["new"] and {r["MachineName"] for r in accounts_of(server)} == {"new"}
    ask(server, "DeleteMachine", Uuid=uuid_of(server, "new"))
    assert names(server) == [] and accounts_of(server) == []
    for action in ("RemoveMachine", "DeleteMachine"):
        assert code_of(server, action, Uuid=old, Quuid="q-old") == "ResourceNotFound" if action == "RemoveMachine" else code_of(server, action, Uuid=old) == "ResourceNotFound"
    send(server, report("new", [account("ann")]))
    assert names(server) == ["new"], "a host that reports again is there again"


def test_clearing(fleet):
    for days in (30, 0, 7):
        ask(fleet, "ModifyMachineAutoClearConfig", ClearRule=days)
        assert ask(fleet, "DescribeMachineGeneral").MachineDestroyAfterOfflineHours == 24 * days
    assert code_of(fleet, "ModifyMachineAutoClearConfig", ClearRule=31) == "InvalidParameterValue"
    history = ask(fleet, "DescribeMachineClearHistory", Filters=filters(("Keywords", ["x"]), ("TimeBetween", ["2026-01-01", "2026-01-31 10:00:00"])), Order="DESC", By="AgentLastOfflineTime")
    assert (history.TotalCount, history.List) == (0, [])
    for wrong in ({"By": "Name"}, {"Order": "up"}, {"Limit": 101}, {"Filters": filters(("TimeBetween", ["x", "y"]))}, {"Filters": filters(("TimeBetween", ["2026-01-01"]))}):
        assert code_of(fleet, "DescribeMachineClearHistory", **wrong) == "InvalidParameterValue", wrong
    assert code_of(fleet, "DescribeMachineClearHistory", Filters=filters(("Nope", ["x"]))) == "InvalidParameter"
    assert code_of(fleet, "DeleteMachineClearHistory", Ids=[1]) == "ResourceNotFound"
    assert code_of(fleet, "DeleteMachineClearHistory", Ids=[]) == "InvalidParameterValue"
    ask(fleet, "ModifyMachineAutoClearConfig", ClearRule=0)


def test_tenants_see_their_own(fleet):
    other = fleet.tenant("machines-elsewhere")
    answer = fleet.call("cwp", "DescribeMachines", ZONE, key=other)
    assert (answer["TotalCount"], answer["Machines"]) == (0, [])
    assert fleet.raw(other).code("cwp", "DescribeMachineInfo", {"Quuid": "q-db-1"}) == "ResourceNotFound"
    assert fleet.raw(other).code("cwp", "ModifyMachineRemark", {"Quuid": "q-db-1", "Remark": "x"}) == "ResourceNotFound"
    assert fleet.raw(other).code("cwp", "DeleteMachine", {"Uuid": uuid_of(fleet, "db-1")}) == "ResourceNotFound"
    assert fleet.call("cwp", "DescribeMachineRegions", {}, key=other)["ALL"] == []


def table(server, url):
    text = fetch(server, url).body.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def export(server, **params):
    done = wait_export(server, ask(server, "DescribeExportMachines", **{**ZONE, **params}).TaskId)
    assert done["Status"] == "FINISHED" and done["FileName"].startswith("machine-list-"), done
    return table(server, done["DownloadUrl"])


def test_an_export_equals_the_list(fleet):
    ask(fleet, "EditTags", Name="exported", Quuids=["q-web-1"])
    ask(fleet, "EditTags", Name="=also", Quuids=["q-web-1"])
    rows, machines = export(fleet), ask(fleet, "DescribeMachines", **ZONE).Machines
    assert [r["MachineName"] for r in rows] == [m.MachineName for m in machines] == HOSTS
    for row, machine in zip(rows, machines):
        assert (row.pop("Region"), row.pop("Tag")) == (machine.RegionInfo.Region, ",".join(t.Name for t in machine.Tag))
        for name, value in row.items():
            assert value == str(getattr(machine, name)), (name, value)
    assert [r["MachineName"] for r in export(fleet, Filters=filters(("Keywords", ["10.1.0"])), Offset=1, Limit=5)] == ["web-1"]
    assert export(fleet, MachineType="CVM") == [] and [r["MachineName"] for r in export(fleet, Limit=1)] == ["db-1"]


def test_the_trend_as_a_file(fleet):
    today = time.strftime("%Y-%m-%d", time.gmtime())
    answer = ask(fleet, "ExportAssetRecentMachineInfo", BeginDate=today, EndDate=today)
    assert table(fleet, answer.DownloadUrl) == [{"Date": today, "Total": "3", "Online": "3", "Offline": "0", "Risk": "0"}]
    assert code_of(fleet, "ExportAssetRecentMachineInfo", BeginDate="2026-01-01", EndDate="2026-04-01") == "InvalidParameter.DateRange"
    url = ask(fleet, "ExportAssetRecentMachineInfo", BeginDate="2026-01-01", EndDate="2026-03-31").DownloadUrl
    assert table(fleet, url) == []


def test_the_command_line(make_server):
    server = make_server()
    send(server, report("cli-1", [account("ann")]), report("cli-2", [account("ann")]))

    def hosts(*words, **more):
        return cli("hosts", *words, "--data-dir", server.directory, **more)

    hosts("tag", "add", "cli-1", "web")
    hosts("tag", "add", "q-cli-2", "web")
    hosts("tag", "add", "cli-1", "db")
    shown = hosts("list")
    assert "web,db" in shown and "ONLINE" in shown and "STATUS" in shown
    hosts("tag", "remove", "cli-1", "web")
    assert hosts("tag", "remove", "cli-1", "web", check=False).returncode != 0
    hosts("remark", "cli-1", "moves in May")
    listed = {h["MachineName"]: (h["Tags"], h["Remark"]) for h in server.call("rollcall", "ListHosts", {})["Hosts"]}
    assert listed == {"cli-1": (["db"], "moves in May"), "cli-2": (["web"], "")}
    hosts("remark", "cli-1")
    refused = hosts("delete", "cli-2", check=False)
    assert refused.returncode != 0 and "--yes" in refused.stderr and names(server) == ["cli-1", "cli-2"]
    hosts("delete", "cli-2", "--yes")
    assert names(server) == ["cli-1"]
