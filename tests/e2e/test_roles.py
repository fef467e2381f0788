"""Who may call what: every action of the contract with a key of every role, without a credential, and with a wrong
signature. The contract itself (api/*.json) says what is right."""
import json

import pytest
from agents import new_token, requester
from raw import VERSIONS
from rig import ROOT

ROLES = ("admin", "operator", "auditor", "agent", "enrol")
REFUSED = "AuthFailure.UnauthorizedOperation"
ACTIONS = [
    (service, name, action)
    for service in VERSIONS
    for name, action in json.loads((ROOT / f"api/{service}.json").read_text())["actions"].items()
]


@pytest.fixture(scope="module")
def keys(server):
    callers = {role: server.raw(server.key(role)) for role in ROLES if role != "enrol"}
    # Keys of this role come from enrolment tokens alone.
    return {**callers, "enrol": requester(server, new_token(server))}


@pytest.fixture(scope="module")
def foreign(server):
    """An admin key of another tenant than the default one."""
    return server.raw(server.tenant("elsewhere"))


@pytest.mark.parametrize("service, name, action", ACTIONS, ids=[f"{s}.{n}" for s, n, _ in ACTIONS])
def test_roles(keys, foreign, service, name, action):
    for role, caller in keys.items():
        code = caller.code(service, name, {})
        if role not in action["roles"]:
            assert code == REFUSED, (role, code)
        elif not action.get("handler"):
            assert code == "ActionOffline", (role, code)
        else:
            assert code != REFUSED and code != "ActionOffline", (role, code)
    code = foreign.code(service, name, {})
    assert (code == REFUSED) == (action.get("tenant") == "default" or "admin" not in action["roles"]), code
    admin = keys["admin"]
    assert admin.code(service, name, {}, extra={"Authorization": None}) == "MissingParameter"
    assert admin.code(service, name, {}, extra={"Authorization": "SKIP"}) == "AuthFailure.InvalidAuthorization"
    assert admin.code(service, name, {}, secret="x" * 32) == "AuthFailure.SignatureFailure"


def test_every_role_knows_itself(keys):
    for role, caller in keys.items():
        if role == "enrol":
            continue
        answer = caller.post("rollcall", "DescribeCaller", {})
        assert (answer["Role"], answer["Tenant"], answer["SecretId"]) == (role, "default", caller.secret_id)


def test_roles_do_not_grow(server, keys):
    """Nobody but an admin makes keys, and refused writes write nothing."""
    before = server.call("rollcall", "ListKeys", {})["Keys"]
    for role in ("operator", "auditor", "agent"):
        assert keys[role].code("rollcall", "CreateKey", {"Name": "mine", "Role": "admin"}) == REFUSED
    for role in ("auditor", "agent"):
        assert keys[role].code("eiam", "CreateUser", {"UserName": "made-by-" + role, "Password": "long enough 1"}) == REFUSED
        assert keys[role].code("rollcall", "ImportUsers", {"Users": [{"UserName": "made-by-" + role}]}) == REFUSED
    assert server.call("rollcall", "ListKeys", {})["Keys"] == before
    found = server.call("eiam", "ListUsers", {"SearchCondition": {"UserName": "made-by-*"}, "IncludeTotal": True})
    assert found["TotalCount"] == 0
