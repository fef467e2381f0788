"""Exports: the file equals the list row by row and column by column in every format, the guard against formulas, the
link, the task, and what a restart does to them."""
import csv
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import openpyxl
import pytest
from fleet import AWKWARD, CODES, FORMULA, reports
from reports import account, accounts_of, report, send
from rig import export, fetch, wait_export
from tencentcloud.cwp.v20180228 import models

COLUMNS = (
    "MachineIp MachineWanIp MachineName OsInfo Uuid Quuid Uid Gid Status IsRoot LoginType LastLoginTime Name ProjectId UserType IsDomain IsSudo IsSshLogin "
    "HomePath Shell ShellLoginStatus PasswordChangeTime PasswordDueTime PasswordLockDays PasswordStatus UpdateTime FirstTime IsNew "
    "InstanceID HostName PrivateIP WanIP NetworkType NetworkName"
).split()
FILE_NAME = re.compile(r"asset-user-list-\d{8}-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.(csv|xlsx|jsonl)")


@pytest.fixture(scope="module")
def fleet(module_servers):
    server = module_servers()
    send(server, *reports())
    return server


def flat(row):
    """A record of the list as a row of the file: MachineExtraInfo at the end, 999 as nothing."""
    row = {**row, **row["MachineExtraInfo"]}
    return {name: None if row[name] == 999 else row[name] for name in COLUMNS}


def guarded(text):
    return "'" + text if text[:1] in tuple("=+-@") else text


QUERIES = [
    {}, {"Quuid": "q-web-1"}, {"Quuid": "q-nowhere"}, {"By": "LoginTime", "Order": "desc"}, {"By": "ChangePasswordTime"}, {"By": "PasswordDuaTime", "Order": "asc"},
    {"By": "PasswordLockDays", "Order": "DESC"}, {"By": "FirstTime"}, {"Order": "desc"}, {"Filters": [{"Name": "Name", "Values": ["a", "o"]}], "By": "LoginTime"},
    {"Filters": [{"Name": "NameStrict", "Values": ["root"]}]}, {"Filters": [{"Name": "Type", "Values": ["2", "999"]}]}, {"Filters": [{"Name": "PasswordStatus", "Values": ["4"]}]},
    {"Filters": [{"Name": "LoginTimeStart", "Values": ["2021-02-01"]}]}, {"Filters": [{"Name": "Name", "Values": ["ali"], "ExactMatch": True}]},
    {"Filters": [{"Name": "IP", "Values": ["10.1"]}, {"Name": "IsRoot", "Values": ["0"]}]},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_csv_equals_the_list(fleet, query):
    content, _ = export(fleet, query)
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    assert header == COLUMNS
    expected = []
    for row in map(flat, accounts_of(fleet, query)):
        expected.append(["" if v is None else guarded(v) if isinstance(v, str) else str(v) for v in row.values()])
    assert rows == expected


@pytest.mark.parametrize("query", QUERIES[:4], ids=str)
def test_json_lines_equal_the_list(fleet, query):
    content, done = export(fleet, {**query, "Format": "jsonl"})
    assert done["FileName"].endswith(".jsonl")
    rows = [json.loads(line) for line in content.decode().splitlines()]
    assert rows == [flat(row) for row in accounts_of(fleet, query)]
    assert all(list(row) == COLUMNS for row in rows)


@pytest.mark.parametrize("query", QUERIES[:4], ids=str)
def test_workbook_equals_the_list(fleet, query):
    content, done = export(fleet, {**query, "Format": "xlsx"})
    assert done["FileName"].endswith(".xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    header, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert header == COLUMNS
    expected = [[None if v in (None, "") else v for v in flat(row).values()] for row in accounts_of(fleet, query)]
    assert rows == expected
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"], "no cell is a formula"
    dangerous = [cell for cell in cells if isinstance(cell.value, str) and guarded(cell.value) != cell.value]
    assert all(cell.quotePrefix for cell in dangerous), "nor becomes one when it is edited"


def test_formulas_are_guarded_and_awkward_names_quoted(fleet):
    text = export(fleet, {"Quuid": "q-web-1"})[0].decode("utf-8-sig")
    rows = {row["Uid"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows["1010"]["Name"] == "'" + FORMULA and rows["1010"]["HomePath"] == "'+1"
    assert rows["1011"]["Name"] == AWKWARD and rows["1011"]["HomePath"] == "'-x" and rows["1011"]["Shell"] == "'@sh"
    assert rows["1000"]["PasswordLockDays"] == "-1", "numbers need no guard"
    assert not [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row if cell[:1] in ("=", "+", "@")]
    assert '"odd, ""name"""' in text


def test_through_the_sdk(fleet):
    client = fleet.cwp()
    request = models.ExportAssetUserListRequest()
    request._deserialize({"Filters": [{"Name": "IsRoot", "Values": ["1"]}], "Order": "asc", "By": "LoginTime"})
    task = client.ExportAssetUserList(request).TaskId
    assert isinstance(task, str) and task.isdecimal()
    done = wait_export(fleet, task)
    request = models.ExportTasksRequest()
    request.TaskId = task
    answer = client.ExportTasks(request)
    assert answer.Status == "FINISHED" and answer.DownloadUrl.startswith(fleet.url) and FILE_NAME.fullmatch(done["FileName"])
    assert fleet.call("cwp", "ExportTasks", {"TaskId": int(task)})["Status"] == "FINISHED", "a number will do as well"


def test_task_numbers_count_up(fleet):
    tasks = [int(fleet.call("cwp", "ExportAssetUserList", {})["TaskId"]) for _ in range(5)]
    assert tasks == list(range(tasks[0], tasks[0] + 5))
    for task in tasks:
        wait_export(fleet, str(task))
    for task in tasks:
        assert fleet.call("cwp", "ExportTasks", {"TaskId": str(task)})["Status"] == "FINISHED", "a state never goes back"


def test_while_pending_there_is_no_link(fleet):
    task = fleet.call("cwp", "ExportAssetUserList", {"Format": "xlsx"})["TaskId"]
    answer = fleet.call("cwp", "ExportTasks", {"TaskId": task})
    if answer["Status"] == "PENDING":
        assert (answer["DownloadUrl"], answer["FileName"]) == ("", "")
    assert wait_export(fleet, task)["DownloadUrl"]


def test_download_headers(fleet):
    for kind, media in (("csv", "text/csv"), ("jsonl", "application/x-ndjson"), ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")):
        content, done = export(fleet, {"Format": kind})
        whole = fetch(fleet, done["DownloadUrl"])
        assert whole.status == 200 and whole.headers["Content-Type"].startswith(media)
        assert whole.headers["Content-Disposition"] == f'attachment; filename="{done["FileName"]}"'
        assert whole.headers["X-Content-Type-Options"] == "nosniff" and "no-store" in whole.headers["Cache-Control"]
        head = fetch(fleet, done["DownloadUrl"], "HEAD")
        assert (head.status, head.body) == (200, b"") and int(head.headers["Content-Length"]) == len(content)
        assert urlsplit(done["DownloadUrl"]).path.endswith("/" + done["FileName"])


def test_ranges(fleet):
    content, done = export(fleet)
    size, url = len(content), done["DownloadUrl"]
    for wanted, first, last in (("0-9", 0, 9), (f"{size - 5}-", size - 5, size - 1), ("-7", size - 7, size - 1), (f"10-{size * 9}", 10, size - 1), ("3-3", 3, 3)):
        part = fetch(fleet, url, Range="bytes=" + wanted)
        assert part.status == 206 and part.body == content[first:last + 1], wanted
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    for odd in ("5-2", "a-b", "0-1,4-5", ""):
        answer = fetch(fleet, url, Range="bytes=" + odd)
        assert (answer.status, answer.body) == (200, content), odd
    beyond = fetch(fleet, url, Range=f"bytes={size}-")
    assert beyond.status == 416 and beyond.headers["Content-Range"] == f"bytes */{size}"


def test_forged_links(fleet):
    _, done = export(fleet)
    path = urlsplit(done["DownloadUrl"]).path
    _, _, token, name = path.split("/")
    forged = [token[:-1], token + "A", token[1:], token.swapcase(), "x", token[::-1], "%00", "..", "%2e%2e%2f%2e%2e%2fmaster.key"]
    forged += [token[:i] + ("A" if c != "A" else "B") + token[i + 1:] for i, c in enumerate(token) if i % 3 == 0 and c != "."]
    for wrong in forged:
        answer = fleet.raw().get(f"/download/{wrong}/{name}")
        assert answer.status in (400, 404) and b"MachineIp" not in answer.body, wrong
    for odd in ("../../master.key", "..%2f..%2fmaster.key", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "", "x" * 5000, "%ff", "a%00b"):
        answer = fleet.raw().get(f"/download/{token}/{odd}")
        assert b"root:" not in (answer.body if isinstance(answer.body, bytes) else b""), odd
        assert answer.status < 500, odd
    for path in ("/download", "/download/", "/download/" + token, "/../etc/passwd", "//etc/passwd", "/download/%2e%2e/%2e%2e/"):
        assert fleet.raw().get(path).status < 500


def test_only_get_and_head_fetch(fleet):
    _, done = export(fleet)
    for method in ("POST", "PUT", "DELETE"):
        answer = fetch(fleet, done["DownloadUrl"], method)
        assert answer.status in (200, 405) and b"MachineIp" not in str(answer.body).encode(), method
    assert fetch(fleet, done["DownloadUrl"]).status == 200


def test_a_file_is_a_snapshot(fleet):
    """What is accepted is what is written: hosts reported meanwhile are in it whole or not at all."""
    wide = [report(f"wide-{i}", [account(f"w{j}", j) for j in range(400)]) for i in range(6)]
    send(fleet, *wide[:3])
    before = len(accounts_of(fleet))
    with ThreadPoolExecutor(4) as pool:
        tasks = [pool.submit(fleet.call, "cwp", "ExportAssetUserList", {"Format": "jsonl"}) for _ in range(8)]
        sent = [pool.submit(send, fleet, one) for one in wide[3:]]
        tasks = [t.result()["TaskId"] for t in tasks]
        [s.result() for s in sent]
    for task in tasks:
        lines = fetch(fleet, wait_export(fleet, task)["DownloadUrl"]).body.decode().splitlines()
        assert len(lines) in [before + 400 * extra for extra in range(4)]
    task = fleet.call("cwp", "ExportAssetUserList", {"Format": "jsonl"})["TaskId"]
    send(fleet, *[report(f"wide-{i}", []) for i in range(6)])
    lines = fetch(fleet, wait_export(fleet, task)["DownloadUrl"]).body.splitlines()
    assert len(lines) == before + 1200 and len(accounts_of(fleet)) == len(CODES)


def test_restarts(fleet):
    """Finished files stay and their links with them; what was pending ends in time."""
    content, done = export(fleet, {"Quuid": "q-db-1"})
    finished = fleet.call("cwp", "ExportAssetUserList", {"Quuid": "q-db-1"})["TaskId"]
    wait_export(fleet, finished)
    tasks = [fleet.call("cwp", "ExportAssetUserList", {"Format": "xlsx"})["TaskId"] for _ in range(6)]
    fleet.restart()
    assert fleet.raw().get(urlsplit(done["DownloadUrl"]).path).body == content
    again = fleet.call("cwp", "ExportTasks", {"TaskId": finished})
    assert again["Status"] == "FINISHED" and fetch(fleet, again["DownloadUrl"]).body == content
    for task in tasks:
        ended = wait_export(fleet, task)
        assert ended["Status"] == "FINISHED" and fetch(fleet, ended["DownloadUrl"]).status == 200
    assert int(fleet.call("cwp", "ExportAssetUserList", {})["TaskId"]) > max(map(int, tasks))


def test_links_name_the_public_address(make_server):
    server = make_server("--public-url", "https://rollcall.example/base")
    send(server, report("h", [account("ann")]))
    task = server.call("cwp", "ExportAssetUserList", {})["TaskId"]
    assert wait_export(server, task)["DownloadUrl"].startswith("https://rollcall.example/base/download/")
