"""Malformed requests: hundreds of them, each with the exact code it gets, in the one form every answer has; and what
they leave behind, which has to be nothing. The tables are in bad_transport.py, bad_people.py and bad_accounts.py.

Where a tuple of codes stands, the documents leave the choice.
"""
import json
import re
import time
from types import SimpleNamespace

import bad_accounts
import bad_people
import bad_transport
import pytest
from raw import VERSIONS, Raw
from reports import account, report, send
from rig import ROOT

CASES = bad_transport.CASES + bad_people.CASES + bad_accounts.CASES
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def state(server):
    """Everything a bad request could have changed, the number of the next export task included."""
    task = server.call("cwp", "ExportAssetUserList", {})["TaskId"]
    people = server.call("eiam", "ListUsers", {"IncludeTotal": True})
    return {
        "people": [people["TotalCount"], people["UserList"]],
        "hosts": server.call("rollcall", "ListHosts", {})["Hosts"],
        "keys": server.call("rollcall", "ListKeys", {})["Keys"],
        "tenants": server.call("rollcall", "ListTenants", {})["Tenants"],
    }, int(task)


@pytest.fixture(scope="module")
def callers(server):
    """A filled server, and one caller of each kind the tables name."""
    people = [{"UserName": "existing", "Email": "existing@corp.example", "Phone": "+86-13800000001"}, {"UserName": "other"}]
    assert server.call("rollcall", "ImportUsers", {"Users": people})["Created"] == 2
    send(server, report("good", [account("ann"), account("root", 0)]))

    def caller(**more):
        made = server.call("rollcall", "CreateKey", {"Name": "bad input", "Role": "admin", **more})
        return Raw(server.address, made["SecretId"], made["SecretKey"], made.get("Token"))

    made = SimpleNamespace(
        server=server, raw=server.raw(), temporary=caller(ExpiresIn=600), ended=caller(ExpiresIn=1),
        disabled=caller(), deleted=caller(), agent=caller(Role="agent"), seen=set(),
    )
    server.call("rollcall", "ModifyKeyStatus", {"SecretId": made.disabled.secret_id, "State": "DISABLED"})
    server.call("rollcall", "DeleteKey", {"SecretId": made.deleted.secret_id})
    time.sleep(1.1)
    made.before, made.task = state(server)
    return made


def test_there_are_enough_cases():
    assert len(CASES) >= 300


def named():
    for number, (name, code, send) in enumerate(CASES):
        yield pytest.param(name.split()[0], code, send, id=f"{number} " + re.sub(r"[^\x20-\x7e]", "?", name))


@pytest.mark.parametrize("action, expected, send", list(named()))
def test_bad_request(callers, action, expected, send):
    answer = send(callers)
    callers.seen.add((action, answer.code))
    error, request_id = answer.response["Error"], answer.response["RequestId"]
    assert set(answer.body) == {"Response"} and set(answer.response) == {"Error", "RequestId"}
    assert set(error) == {"Code", "Message"} and error["Message"]
    assert UUID.fullmatch(request_id) and answer.headers["X-TC-RequestId"] == request_id
    expected = (expected,) if isinstance(expected, str) else expected
    assert error["Code"] in expected, error


def test_codes_are_in_the_contract(callers):
    """Every code that was answered is one the contract names for the action or for all actions."""
    read = lambda name: json.loads((ROOT / f"api/{name}.json").read_text())
    common = set(read("common")["error_codes"])
    actions = {name: action for service in VERSIONS for name, action in read(service)["actions"].items()}
    wrong = [(a, c) for a, c in callers.seen if a in actions and c not in common | set(actions[a]["error_codes"])]
    assert callers.seen and not wrong


@pytest.mark.parametrize("name", ["HEAD", "CONNECT-like", "TRACE"])
def test_odd_methods_do_no_harm(callers, name):
    answer = callers.raw.send(name, "/", {"Host": callers.raw.address})
    assert answer.status < 500


def test_good_requests_near_the_limits(callers):
    """The neighbours of the refused ones are taken, so the limits are where they are said to be."""
    raw, people = callers.raw, ("eiam", "ListUsers")
    assert raw.v3(*people, raw_body=b"{}" + b" " * 10_000_000).code is None
    assert raw.v3(*people, timestamp=int(time.time()) - 295).code is None
    assert raw.v3(*people, timestamp=int(time.time()) + 295).code is None
    assert raw.v3(*people, raw_body=b"").code is None
    assert raw.v3(*people, {"Offset": "0", "Limit": "100", "IncludeTotal": "true"}).code is None
    assert raw.v3(*people, {"SearchCondition": None, "Sort": None, "ExpectedFields": []}).code is None
    assert raw.v3(*people, content_type="application/json; charset=utf-8").code is None
    assert raw.v3_get(*people, {"SearchCondition": {"UserName": "x" * 30_000}}).code == "InvalidParameter.SearchCriteriaIllegal"
    assert raw.v1(*people, {"SearchCondition": {"UserName": "x" * 900_000}}).code == "InvalidParameter.SearchCriteriaIllegal"
    assert raw.v3(*people, service_in_scope="127").code is None, "the Node SDK with an address as endpoint"
    assert callers.temporary.v3(*people).code is None and callers.temporary.v1(*people).code is None


def test_nothing_has_changed(callers):
    after, task = state(callers.server)
    assert after == callers.before
    assert task == callers.task + 1, "a refused export made a task"


def test_the_server_still_runs_and_never_panicked(callers):
    server = callers.server
    assert server.running() and server.raw().get("/readyz").status == 200
    log = server.log_text()
    assert "panicked" not in log and server.secret_key not in log and "long enough 1" not in log
