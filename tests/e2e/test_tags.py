"""Tags of hosts through the official Python SDK."""
import pytest
from reports import account, report, send
from test_machines import ZONE, ask, code_of, filters, names


@pytest.fixture
def fleet(make_server):
    server = make_server()
    send(server, *[report(f"h-{n}", [account("ann")]) for n in range(4)])
    return server


def tags(server, **params):
    return {t.Name: (t.Id, t.Count) for t in ask(server, "DescribeTags", **params).List}


def tags_of(server, host):
    machines = ask(server, "DescribeMachines", **ZONE).Machines
    return [(t.Name, t.TagId, t.Rid) for m in machines if m.MachineName == host for t in m.Tag]


def test_a_tag_from_first_to_last(fleet):
    ask(fleet, "EditTags", Name="web", Quuids=["q-h-0", "q-h-1"])
    ask(fleet, "EditTags", Name=" 数据库 ")
    web, db = tags(fleet)["web"][0], tags(fleet)["数据库"][0]
    assert tags(fleet) == {"web": (web, 2), "数据库": (db, 0)}
    ask(fleet, "EditTags", Name="www", Id=web, Quuids=["q-h-1", "q-h-2"])
    assert tags(fleet) == {"www": (web, 3), "数据库": (db, 0)}
    assert names(fleet, Filters=filters(("TagId", [str(web)]))) == ["h-0", "h-1", "h-2"]
    ask(fleet, "UpdateMachineTags", Quuid="q-h-0", TagIds=[db], MachineRegion="ap-others", MachineArea="Other")
    assert [t[:2] for t in tags_of(fleet, "h-0")] == [("数据库", db)] and names(fleet, Filters=filters(("TagId", [str(db), str(web)]))) == ["h-0", "h-1", "h-2"]
    assert [h.TagList for h in ask(fleet, "DescribeHostInfo", QuuidList=["q-h-0", "q-h-3"]).HostInfoList] == [["数据库"], []]

    on = ask(fleet, "DescribeTagMachines", Id=web).List
    assert [(m.Quuid, m.MachineName, m.MachineType, m.MachineRegion) for m in on] == [("q-h-1", "h-1", "Other", "ap-others"), ("q-h-2", "h-2", "Other", "ap-others")]
    assert all(isinstance(m.Id, str) for m in on) and int(on[0].Id) == tags_of(fleet, "h-1")[0][2]
    top = ask(fleet, "DescribeAssetMachineTagTop").Tags
    assert [(t.Key, t.Value, t.Desc, t.NewCount) for t in top] == [("www", 2, "none", 2), ("数据库", 1, "none", 1)]

    before = {host: tags_of(fleet, host) for host in ("h-0", "h-1", "h-2", "h-3")}
    fleet.restart()
    assert {host: tags_of(fleet, host) for host in before} == before

    ask(fleet, "DeleteMachineTag", Rid=int(on[0].Id))
    assert tags_of(fleet, "h-1") == [] and tags(fleet)["www"] == (web, 1)
    assert code_of(fleet, "DeleteMachineTag", Rid=int(on[0].Id)) == "ResourceNotFound"
    assert code_of(fleet, "DeleteTags", Ids=[web, 999]) == "ResourceNotFound" and web in [t for t, _ in tags(fleet).values()], "all or none"
    ask(fleet, "DeleteTags", Ids=[web])
    assert tags(fleet) == {"数据库": (db, 1)} and tags_of(fleet, "h-2") == []
    ask(fleet, "UpdateMachineTags", Quuid="q-h-0")
    assert tags(fleet) == {"数据库": (db, 0)}


def test_names(fleet):
    ask(fleet, "EditTags", Name="x" * 15)
    ask(fleet, "EditTags", Name="标" * 15)
    assert code_of(fleet, "EditTags", Name="x" * 16) == "InvalidParameterValue.TagNameLengthLimit"
    for bad in ("", "   ", "a\nb", "a\u202eb"):
        assert code_of(fleet, "EditTags", Name=bad) == "InvalidParameterValue", bad
    assert code_of(fleet, "EditTags", Name="x" * 15) == "OperationDenied"
    first = tags(fleet)["x" * 15][0]
    assert code_of(fleet, "EditTags", Name="标" * 15, Id=first) == "OperationDenied"
    ask(fleet, "EditTags", Name="x" * 15, Id=first)
    assert code_of(fleet, "EditTags", Name="new", Id=12345) == "ResourceNotFound"
    assert code_of(fleet, "EditTags", Name="new", Quuids=["q-h-0", "nope"]) == "ResourceNotFound" and "new" not in tags(fleet)


def test_mistakes(fleet):
    assert code_of(fleet, "DescribeTagMachines", Id=5) == "ResourceNotFound"
    assert code_of(fleet, "UpdateMachineTags", Quuid="nope", TagIds=[]) == "ResourceNotFound"
    assert code_of(fleet, "UpdateMachineTags", Quuid="q-h-0", TagIds=[5]) == "ResourceNotFound"
    assert code_of(fleet, "UpdateMachineTags", Quuid="q-h-0", MachineArea="PC") == "InvalidParameterValue"
    for ids in ([], list(range(1, 102))):
        assert code_of(fleet, "DeleteTags", Ids=ids) == "InvalidParameter.ParsingError"
    assert fleet.raw().code("cwp", "DeleteTags", {}) == "MissingParameter"


def test_counts_follow_filters(fleet):
    ask(fleet, "EditTags", Name="web", Quuids=["q-h-0", "q-h-1"])
    for pairs, count in ([("Keywords", ["h-0"])], 1), ([("Status", ["ONLINE"])], 2), ([("Status", ["OFFLINE"])], 0), ([("Version", ["PRO_VERSION"])], 0), ([("Risk", ["yes"])], 0):
        assert tags(fleet, Filters=filters(*pairs))["web"][1] == count, pairs
    assert tags(fleet, MachineType="CVM")["web"][1] == 0 and tags(fleet, **ZONE)["web"][1] == 2
    assert code_of(fleet, "DescribeTags", Filters=filters(("Nope", ["x"]))) == "InvalidParameter"


def test_tags_end_with_their_host(fleet):
    ask(fleet, "EditTags", Name="web", Quuids=["q-h-0", "q-h-1"])
    uuid = next(m.Uuid for m in ask(fleet, "DescribeMachines", **ZONE).Machines if m.MachineName == "h-0")
    ask(fleet, "DeleteMachine", Uuid=uuid)
    assert tags(fleet)["web"][1] == 1
    send(fleet, report("h-0", [account("ann")]))
    assert tags_of(fleet, "h-0") == [] and tags(fleet)["web"][1] == 1


def test_only_the_first_five_are_top(fleet):
    for n in range(7):
        ask(fleet, "EditTags", Name=f"t-{n}", Quuids=[f"q-h-{m}" for m in range(n % 4 + 1)])
    assert [(t.Key, t.Value) for t in ask(fleet, "DescribeAssetMachineTagTop").Tags] == [("t-3", 4), ("t-2", 3), ("t-6", 3), ("t-1", 2), ("t-5", 2)]


def test_tenants_have_their_own_tags(fleet):
    ask(fleet, "EditTags", Name="web", Quuids=["q-h-0"])
    other = fleet.tenant("tags-elsewhere")
    assert fleet.call("cwp", "DescribeTags", {}, key=other)["List"] == []
    foreign = tags(fleet)["web"][0]
    for action, params in (("DeleteTags", {"Ids": [foreign]}), ("DescribeTagMachines", {"Id": foreign}), ("EditTags", {"Name": "x", "Id": foreign}), ("EditTags", {"Name": "x", "Quuids": ["q-h-0"]})):
        assert fleet.raw(other).code("cwp", action, params) == "ResourceNotFound", action
    fleet.call("cwp", "EditTags", {"Name": "web"}, key=other)
