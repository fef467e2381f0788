"""The past through the official SDK and the command line: lists and exports of an instant, changes, history of a host."""
import copy
import csv
import io
import json
import time
from datetime import datetime, timezone

import pytest
from reports import account, accounts_of, grant, key, report, send
from rig import cli, export
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.cwp.v20180228 import models


def instant():
    """The present instant, with nothing else happening around it."""
    time.sleep(0.02)
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    time.sleep(0.02)
    return now


def by_name(rows):
    return sorted(rows, key=lambda r: (r["Quuid"], r["Name"]))


@pytest.fixture(scope="module")
def story(module_servers):
    """A server with three states: (instant, the whole list) of each."""
    server = module_servers("--zone", "Asia/Shanghai")
    states = [(instant(), [])]
    web, db = report("web-1", [account("root", 0), account("anna"), account("bert", 1001)]), report("db-1", [account("root", 0)])
    send(server, web, db)
    states.append((instant(), by_name(accounts_of(server))))
    web = copy.deepcopy(web)
    web["accounts"] = [account("root", 0), account("anna", shell="/bin/zsh", groups=["wheel"], sudo={"grants": [grant()]}, keys={"keys": [key("laptop")]}), account("carl", 1002)]
    send(server, web, report("new-1", [account("root", 0)]))
    states.append((instant(), by_name(accounts_of(server))))
    server.restart()
    web["accounts"][0]["password"]["class"] = "locked_with_hash"
    send(server, web)
    states.append((instant(), by_name(accounts_of(server))))
    server.states = states
    return server


def test_the_list_of_an_instant_is_the_one_there_was(story):
    for at, rows in story.states:
        assert by_name(accounts_of(story, {"AsOf": at})) == rows, at
    at, rows = story.states[2]
    sudo = accounts_of(story, {"AsOf": at, "Filters": [{"Name": "IsSudo", "Values": ["1"]}]})
    assert [r["Name"] for r in sudo] == ["anna"]
    assert story.cwp().call_json("DescribeAssetUserList", {"AsOf": at, "Limit": 100})["Response"]["Total"] == len(rows)


def test_a_bad_instant_is_refused(story):
    for bad in ("soon", "2999-01-01 00:00:00"):
        with pytest.raises(TencentCloudSDKException) as refused:
            story.cwp().call_json("DescribeAssetUserList", {"AsOf": bad})
        assert refused.value.code == "InvalidParameterValue" and "AsOf" in refused.value.message


def test_the_export_of_an_instant_is_its_list(story):
    for at, rows in story.states:
        text, _ = export(story, {"AsOf": at})
        names = sorted((r["Quuid"], r["Name"], r["Shell"], r["UpdateTime"]) for r in csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))
        assert names == sorted((r["Quuid"], r["Name"], r["Shell"], r["UpdateTime"]) for r in rows)


def test_events(story):
    answer = story.call("rollcall", "ListAccountEvents", {"Quuid": "q-web-1"})
    told = [(e["Name"], e["Kinds"]) for e in answer["Events"]]
    assert told == [
        ("root", ["password", "status"]), ("carl", ["new"]), ("bert", ["vanished"]), ("anna", ["groups", "shell", "sudo", "keys"]),
    ]
    anna = answer["Events"][3]
    assert (anna["Before"]["Shell"], anna["After"]["Shell"]) == ("/bin/bash", "/bin/zsh")
    assert (anna["Before"]["IsSudo"], anna["After"]["IsSudo"]) == (0, 1)
    assert anna["After"]["Keys"] == ["ssh-ed25519 SHA256:x laptop"] and anna["MachineName"] == "web-1"
    assert "yescrypt" not in json.dumps(answer), "nothing of hashes"


def test_history_and_statistics(story):
    uuid = story.states[-1][1][-1]["Uuid"]
    request = models.DescribeHistoryAccountsRequest()
    request._deserialize({"Uuid": uuid, "Limit": 100})
    answer = story.cwp().DescribeHistoryAccounts(request)
    told = [(r.ModifyType, r.Username) for r in answer.HistoryAccounts]
    assert told == [("MODIFY", "root"), ("CREATE", "carl"), ("DELETE", "bert"), ("MODIFY", "anna"), ("CREATE", "anna"), ("CREATE", "bert"), ("CREATE", "root")]
    assert answer.TotalCount == 7 and len({r.Id for r in answer.HistoryAccounts}) == 7
    request = models.DescribeAccountStatisticsRequest()
    request._deserialize({"Filters": [{"Name": "Username", "Values": ["root"]}]})
    answer = story.cwp().DescribeAccountStatistics(request)
    assert [(s.Username, s.MachineNum) for s in answer.AccountStatistics] == [("root", 3)]


def server_of(story):
    return "--data-dir", story.directory


def test_the_command_line_shows_the_past(story):
    words = cli("accounts", "history", "--host", "web-1", "--since", "1h", *server_of(story))
    assert "Shell: /bin/bash → /bin/zsh" in words and "IsSudo: no → yes" in words
    before = cli("accounts", "list", "--as-of", story.states[1][0], "--host", "q-web-1", *server_of(story))
    assert "bert" in before and "carl" not in before
    shown = cli("accounts", "show", "web-1", "bert", "--as-of", story.states[1][0], "--format", "json", *server_of(story))
    assert json.loads(shown)["Name"] == "bert"
    gone = cli("accounts", "show", "web-1", "carl", "--as-of", story.states[1][0], *server_of(story), check=False)
    assert gone.returncode == 1, "not there yet"
