"""The directory through the official Python SDK: search grammar, order, pages, fields, languages. Changes of people and
the ways to sign are in test_sdk_people.py."""
import pytest
from rig import Server
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.eiam.v20210420 import models

# name, id, display, phone, e-mail, status, description, created, updated, last login
PEOPLE = [
    ("alice", "u-01", "Alice Zhou", "+86-13800000001", "alice@corp.example", "NORMAL", "first", "2021-01-13T09:44:07.182+0000", "2022-01-01T00:00:00.000+0000", "2023-05-01T08:00:00.000+0000"),
    ("Alina", "u-02", "alina", "+86-13800000002", "Alina@corp.example", "NORMAL", None, "2021-01-13T09:44:07.183+0000", "2022-01-02T00:00:00.000+0000", None),
    ("bob", "u-03", "Bob", None, "bob@corp.example", "FREEZE", "says \"hi\", {x}", "2021-02-01T00:00:00.000+0000", "2022-02-01T12:00:00.000+0000", "2023-05-01T08:00:00.001+0000"),
    ("carol", "u-04", "Bob", "+1-2025550143", None, "LOCKED", None, "2021-03-01T00:00:00.000+0000", "2022-03-01T00:00:00.000+0000", None),
    ("dave", "u-05", "bob", None, None, "NOT_ENABLED", None, "2021-04-01T00:00:00.000+0000", "2022-04-01T00:00:00.000+0000", "2020-01-01T00:00:00.000+0000"),
    ("7", "u-06", "Seven", "13800000007", "7@corp.example", "NORMAL", None, "2021-05-01T00:00:00.000+0000", "2022-05-01T00:00:00.000+0000", None),
    ("20", "u-07", "Twenty", "20000", "20@corp.example", "NORMAL", None, "2021-06-01T00:00:00.000+0000", "2022-06-01T00:00:00.000+0000", None),
    ("100", "u-08", "Hundred", "10000", "100@corp.example", "NORMAL", None, "2021-07-01T00:00:00.000+0000", "2022-07-01T00:00:00.000+0000", None),
    ("张三", "u-09", "张三", "+86-13900000009", "zhang@例子.example", "NORMAL", "工程师", "2021-08-01T00:00:00.000+0000", "2022-08-01T00:00:00.000+0000", None),
    ('q"t', "u-10", "Quote", None, None, "NORMAL", None, "2021-09-01T00:00:00.000+0000", "2022-09-01T00:00:00.000+0000", None),
    ("alicia-u-01", "u-11", None, None, None, "NORMAL", None, "2021-10-01T00:00:00.000+0000", "2022-10-01T00:00:00.000+0000", None),
]
ATTRIBUTES = ["UserName", "UserId", "DisplayName", "Phone", "Email", "Status", "Description", "CreationTime", "LastUpdateTime", "LastLoginTime"]
TABLE = [dict(zip(ATTRIBUTES, row)) for row in PEOPLE]
EVERYBODY = sorted(row["UserName"] for row in TABLE)
ALL_FIELDS = ["UserId", "DisplayName", "UserName", "Phone", "Email", "Status", "SubjectGroups", "OrgPath", "Description", "CreationTime", "LastUpdateTime", "LastLoginTime"]


@pytest.fixture(scope="module")
def directory(server: Server):
    users = [{k: v for k, v in row.items() if v is not None} for row in TABLE]
    done = server.call("rollcall", "ImportUsers", {"Users": users})
    assert (done["Created"], done["Problems"]) == (len(TABLE), [])
    return server


def ask(server, **params):
    request = models.ListUsersRequest()
    request._deserialize(params)
    return server.eiam().ListUsers(request)


def found(server, **condition):
    """Names of the people a condition finds, by name; the total has to fit."""
    answer = ask(server, SearchCondition=condition, IncludeTotal=True)
    assert answer.TotalCount == len(answer.UserList)
    return sorted(user.UserName for user in answer.UserList)


def names(*indexes):
    return sorted(TABLE[i - 1]["UserName"] for i in indexes)


CONDITIONS = [
    # A1: no condition
    ("UserName", "", EVERYBODY), ("UserName", "   ", EVERYBODY), ("Phone", " ", EVERYBODY), ("CreationTime", "", EVERYBODY), ("Status", "", EVERYBODY),
    # whole: exact, minding the case
    ("UserName", '"alice"', ["alice"]), ("UserName", '"Alice"', []), ("UserName", '"ali"', []), ("UserName", '"q"t"', ['q"t']),
    ("UserName", "“alice”", ["alice"]), ("UserName", "”alice\"", ["alice"]), ("UserName", "＂alice＂", ["alice"]), ("UserName", ' "alice" ', ["alice"]),
    ("UserName", '" alice"', []), ("UserName", '"alice*"', []), ("UserName", '"[a,b]"', []), ("UserName", '"张三"', ["张三"]),
    ("UserName", '""', []), ("Keyword", '""', []), ("Phone", '""', names(3, 5, 10, 11)), ("Email", '""', names(4, 5, 10, 11)),
    ("Email", '"Alina@corp.example"', ["Alina"]), ("Email", '"alina@corp.example"', []), ("Phone", '"+86-13800000001"', ["alice"]),
    # partial: beginning, whatever the case
    ("UserName", "ali*", names(1, 2, 11)), ("UserName", "ALI*", names(1, 2, 11)), ("UserName", "ali＊", names(1, 2, 11)), ("UserName", "lice*", []),
    ("UserName", "*", EVERYBODY), ("UserName", "＊", EVERYBODY), ("Phone", "*", names(1, 2, 4, 6, 7, 8, 9)), ("Email", "*", names(1, 2, 3, 6, 7, 8, 9)),
    ("Phone", "+86*", names(1, 2, 9)), ("Email", "ALI*", names(1, 2)), ("UserName", "张*", ["张三"]), ("UserName", " ali* ", names(1, 2, 11)),
    ("UserName", 'q"*', ['q"t']),
    # bare: part, whatever the case
    ("UserName", "LIC", names(1, 11)), ("UserName", "三", ["张三"]), ("UserName", "nobody", []), ("Email", "CORP", names(1, 2, 3, 6, 7, 8)), ("Phone", "1380000000", names(1, 2, 6)),
    # ranges of text: by code point unless all given bounds are numbers
    ("UserName", "[alice,bob]", names(1, 3, 11)), ("UserName", "{alice,bob]", names(3, 11)), ("UserName", "[alice,bob}", names(1, 11)), ("UserName", "{alice,bob}", names(11)),
    ("UserName", "[A,a]", ["Alina"]), ("UserName", "[bob,alice]", []), ("UserName", "[bob,bob]", ["bob"]), ("UserName", "{bob,bob]", []), ("UserName", "[bob,bob}", []),
    ("UserName", "{20,*]", ["100"]), ("UserName", "{20,]", ["100"]), ("UserName", "[20,*]", ["100", "20"]), ("UserName", "[*,20]", ["20", "7"]), ("UserName", "[7,20]", ["20", "7"]),
    ("UserName", "{7,100}", ["20"]), ("UserName", "[,20}", ["7"]), ("UserName", "[*,*]", EVERYBODY), ("UserName", "[,]", EVERYBODY), ("UserName", "{＊,＊}", EVERYBODY),
    ("UserName", "［alice，bob］", names(1, 3, 11)), ("UserName", "｛alice，bob｝", names(11)), ("UserName", "[alice , bob]", names(1, 3, 11)), ("UserName", "[dave,*]", names(5, 9, 10)),
    ("Phone", "[10000,20000]", names(7, 8)), ("Phone", "[*,*]", names(1, 2, 4, 6, 7, 8, 9)), ("Email", "[a,c}", names(1, 3)),
    # keyword: name or id
    ("Keyword", "u-01", names(1, 11)), ("Keyword", '"u-01"', ["alice"]), ("Keyword", "U-1*", names(10, 11)), ("Keyword", '"bob"', ["bob"]), ("Keyword", "ALI", names(1, 2, 11)),
    ("Keyword", "Seven", []), ("Keyword", "*", EVERYBODY),
    # status
    ("Status", "NORMAL", names(1, 2, 6, 7, 8, 9, 10, 11)), ("Status", '"FREEZE"', ["bob"]), ("Status", "LOCKED", ["carol"]), ("Status", "N*", names(1, 2, 5, 6, 7, 8, 9, 10, 11)),
    ("Status", "NOT*", ["dave"]),
    # times: the same instant, ranges with their ends, all accepted spellings
    ("CreationTime", "2021-01-13T09:44:07.182+0000", ["alice"]), ("CreationTime", '"2021-01-13T09:44:07.182+0000"', ["alice"]),
    ("CreationTime", "[2021-01-13T09:44:07.182+0000,2021-01-13T09:44:07.183+0000]", names(1, 2)), ("CreationTime", "{2021-01-13T09:44:07.182+0000,2021-02-01]", names(2, 3)),
    ("CreationTime", "[2021-02-01,2021-03-01}", ["bob"]), ("CreationTime", "[*,2021-01-31]", names(1, 2)), ("CreationTime", "[2021-09-01T00:00:00Z,]", names(10, 11)),
    ("CreationTime", "[*,*]", EVERYBODY), ("CreationTime", "[2022-01-01,2021-01-01]", []),
    ("CreationTime", "2021-01-13T17:44:07.182+08:00", ["alice"]), ("CreationTime", "2021-01-13T17:44:07.182+08", ["alice"]), ("CreationTime", "2021-01-13T04:44:07.182-0500", ["alice"]),
    ("CreationTime", "2021-01-13T09:44:07.182Z", ["alice"]), ("CreationTime", "2021-01-13T09:44:07.182000000Z", ["alice"]), ("CreationTime", "2021-01-13T09:44:07.182", ["alice"]),
    ("CreationTime", "2021-02-01", ["bob"]), ("CreationTime", "2021-02-01T00:00Z", ["bob"]), ("CreationTime", "2021-02-01T00:00:00.0+0000", ["bob"]), ("CreationTime", "2021-01-13T09:44:07Z", []),
    ("CreationTime", "［2021-02-01，2021-03-01｝", ["bob"]), ("LastUpdateTime", "[2022-02-01T12:00Z,2022-03-01]", names(3, 4)), ("LastUpdateTime", "2022-02-01", []),
]


@pytest.mark.parametrize("member, value, expected", CONDITIONS, ids=[f"{m} {v}" for m, v, _ in CONDITIONS])
def test_condition(directory, member, value, expected):
    assert found(directory, **{member: value}) == sorted(expected)


def test_conditions_are_joined_by_and(directory):
    assert found(directory, UserName="ali*", Status="NORMAL", Phone="*") == names(1, 2)
    assert found(directory, UserName="ali*", Keyword="u-01", CreationTime="[2021-10-01,*]") == names(11)
    assert found(directory, UserName="ali*", Status="FREEZE") == []
    assert found(directory) == EVERYBODY
    for params in ({}, {"SearchCondition": None}, {"SearchCondition": {}}, {"SearchCondition": {"UserName": None}}):
        assert len(directory.call("eiam", "ListUsers", params)["UserList"]) == len(TABLE)


def test_printed_times_find_their_owner(directory):
    """A time as printed, put into `[x,x]`, finds the person it was printed for."""
    for user in ask(directory).UserList:
        assert user.UserName in found(directory, CreationTime=f"[{user.CreationTime},{user.CreationTime}]")
        assert found(directory, UserName=f'"{user.UserName}"', LastUpdateTime=f"[{user.LastUpdateTime},{user.LastUpdateTime}]") == [user.UserName]
    row = {row["UserName"]: row for row in TABLE}
    for user in ask(directory).UserList:
        for member in ("CreationTime", "LastUpdateTime", "LastLoginTime"):
            assert getattr(user, member) == row[user.UserName][member]


def ordered(key, descending=False):
    """Names in the documented order: folded text or instants, missing lowest, ties by id upwards."""
    rows = sorted(TABLE, key=lambda row: row["UserId"])

    def rank(row):
        value = row[key]
        return (value is not None, (value or "").casefold() if key not in ("CreationTime", "LastUpdateTime", "LastLoginTime") else value or "")

    return [row["UserName"] for row in sorted(rows, key=rank, reverse=descending)]


@pytest.mark.parametrize("key", ["UserName", "DisplayName", "Phone", "Email", "Status", "CreationTime", "LastUpdateTime", "LastLoginTime"])
@pytest.mark.parametrize("order", ["ASC", "DESC", "asc", "desc"])
def test_sort(directory, key, order):
    answer = ask(directory, Sort={"SortKey": key, "SortOrder": order})
    got, rows = [user.UserName for user in answer.UserList], {r["UserName"]: r for r in TABLE}
    if key == "DisplayName":  # the person imported without one may show the user name
        shown = {user.UserName: user.DisplayName for user in answer.UserList}
        got, rows = [n for n in got if n != "alicia-u-01"], {**rows}
        assert all(shown[n] == rows[n]["DisplayName"] for n in got)
    expected = [n for n in ordered(key, order.upper() == "DESC") if n in got]
    assert got == expected


def test_default_order_is_the_display_name(directory):
    upward = ask(directory, Sort={"SortKey": "DisplayName", "SortOrder": "ASC"})
    assert [u.UserId for u in ask(directory).UserList] == [u.UserId for u in upward.UserList]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("key, order", [("DisplayName", "ASC"), ("Status", "DESC"), ("LastLoginTime", "ASC"), ("Phone", "DESC")])
def test_pages_neither_repeat_nor_skip(directory, limit, key, order):
    sort, seen, offset = {"SortKey": key, "SortOrder": order}, [], 0
    while True:
        page = ask(directory, Sort=sort, Offset=offset, Limit=limit, IncludeTotal=True)
        assert page.TotalCount == len(TABLE) and len(page.UserList) <= limit
        seen += [user.UserId for user in page.UserList]
        offset += limit
        if len(page.UserList) < limit:
            break
    assert seen == [user.UserId for user in ask(directory, Sort=sort).UserList]


def test_paging_rules(directory):
    assert ask(directory, Offset=500, Limit=10, IncludeTotal=True).TotalCount == len(TABLE)
    assert ask(directory, Offset=500, Limit=10).UserList == []
    assert len(ask(directory, Offset=0, Limit=0).UserList) == len(TABLE), "0 stands for 50"
    assert ask(directory).TotalCount is None and ask(directory, IncludeTotal=False).TotalCount is None
    assert "TotalCount" not in directory.call("eiam", "ListUsers", {})
    answer = directory.call("eiam", "ListUsers", {"SearchCondition": {"UserName": '"x"'}, "IncludeTotal": True})
    assert answer["UserList"] == [] and answer["TotalCount"] == 0


def test_a_list_without_pages_ends_at_1000(make_server):
    server = make_server()
    users = [{"UserName": f"u{i:05}", "DisplayName": f"d{i:05}"} for i in range(1234)]
    assert server.call("rollcall", "ImportUsers", {"Users": users})["Created"] == 1234
    answer = ask(server, IncludeTotal=True)
    assert answer.TotalCount == 1234 and [u.UserName for u in answer.UserList] == [u["UserName"] for u in users[:1000]]
    assert len(ask(server, Offset=0, Limit=0).UserList) == 50
    assert [u.UserName for u in ask(server, Offset=1200, Limit=100).UserList] == [u["UserName"] for u in users[1200:]]


@pytest.mark.parametrize("fields", [["UserName"], ["UserId", "Phone"], ["Status", "Status"], ["LastLoginTime", "Email", "Description"], ALL_FIELDS, []], ids=str)
def test_expected_fields(directory, fields):
    """What is not asked for is left out; what is asked for and has no value is null."""
    params = {"ExpectedFields": fields, "SearchCondition": {"UserName": '"dave"'}}
    [user] = directory.call("eiam", "ListUsers", params)["UserList"]
    assert set(user) == set(fields or ALL_FIELDS)
    dave = {**TABLE[4], "SubjectGroups": []}
    assert {k: v for k, v in user.items() if k != "OrgPath"} == {k: dave[k] for k in user if k != "OrgPath"}
    assert user.get("OrgPath", "a path")
    [typed] = ask(directory, **params).UserList
    assert typed.Phone is None and typed.Email is None


def refused(server, language, **params):
    client = server.eiam(language=language)
    request = models.ListUsersRequest()
    request._deserialize(params)
    with pytest.raises(TencentCloudSDKException) as caught:
        client.ListUsers(request)
    return caught.value


@pytest.mark.parametrize("params", [{"Offset": 0}, {"ExpectedFields": ["Nope"]}, {"SearchCondition": {"UserName": '"'}}, {"SearchCondition": {"CreationTime": "x"}}], ids=str)
def test_messages_come_in_two_languages(directory, params):
    english, chinese = refused(directory, "en-US", **params), refused(directory, "zh-CN", **params)
    assert english.code == chinese.code and english.requestId and chinese.requestId
    assert english.message.isascii() and any("\u4e00" <= c <= "\u9fff" for c in chinese.message)
