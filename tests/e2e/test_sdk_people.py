"""Changes of people through the official Python SDK, and every way of signing that its profile offers."""
import time

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.eiam.v20210420 import models

PASSWORD = "correct horse 7"


def filled(kind, **params):
    request = kind()
    request._deserialize(params)
    return request


def create(client, name, **params):
    return client.CreateUser(filled(models.CreateUserRequest, UserName=name, Password=PASSWORD, **params)).UserId


def describe(client, **who):
    return client.DescribeUserInfo(filled(models.DescribeUserInfoRequest, **who))


def code_of(call, *args, **params):
    with pytest.raises(TencentCloudSDKException) as caught:
        call(*args, **params)
    assert caught.value.requestId
    return caught.value.code


def listed(client, **condition):
    request = filled(models.ListUsersRequest, SearchCondition=condition, IncludeTotal=True)
    return [user.UserName for user in client.ListUsers(request).UserList]


def test_the_life_of_a_person(server):
    client = server.eiam()
    attributes = {"DisplayName": "李 雷", "Phone": "+86-13700000001", "Email": "lilei@corp.example", "Description": "a, \"b\"\nc",
                  "ExpirationTime": "2099-01-18T09:44:07.182+0000", "PwdNeedReset": True}
    user_id = create(client, "li.lei", **attributes)
    for who in ({"UserName": "li.lei"}, {"UserId": user_id}, {"UserName": "li.lei", "UserId": "ignored"}):
        person = describe(client, **who)
        assert {k: getattr(person, k) for k in attributes} == attributes
        assert (person.UserName, person.UserId, person.Status) == ("li.lei", user_id, "NORMAL")
    [row] = client.ListUsers(filled(models.ListUsersRequest, SearchCondition={"UserName": '"li.lei"'})).UserList
    created = row.CreationTime
    assert row.DisplayName == "李 雷" and row.LastLoginTime is None

    time.sleep(0.01)
    client.ModifyUserInfo(filled(models.ModifyUserInfoRequest, UserName="li.lei", DisplayName="Li Lei", Phone="+86-13700000002"))
    client.ModifyUserInfo(filled(models.ModifyUserInfoRequest, UserId=user_id, PwdNeedReset=False))
    person = describe(client, UserId=user_id)
    assert (person.DisplayName, person.Phone, person.PwdNeedReset) == ("Li Lei", "+86-13700000002", False)
    assert (person.Email, person.Description, person.ExpirationTime) == (attributes["Email"], attributes["Description"], attributes["ExpirationTime"])
    [row] = client.ListUsers(filled(models.ListUsersRequest, SearchCondition={"Phone": '"+86-13700000002"'})).UserList
    assert row.CreationTime == created and row.LastUpdateTime > created
    assert listed(client, Phone='"+86-13700000001"') == [], "the old number finds nobody"

    client.DeleteUser(filled(models.DeleteUserRequest, UserName="li.lei"))
    assert code_of(describe, client, UserId=user_id) == "FailedOperation.PersonNotFound"
    assert listed(client, UserName='"li.lei"') == [] and listed(client, Keyword=f'"{user_id}"') == []
    create(client, "li.lei", Phone="+86-13700000002", Email="lilei@corp.example")


def test_passwords_never_come_back(server):
    client = server.eiam()
    create(client, "secret.keeper")
    body = str(server.call("eiam", "DescribeUserInfo", {"UserName": "secret.keeper"})) + str(server.call("eiam", "ListUsers", {}))
    assert PASSWORD not in body and "argon" not in body and PASSWORD not in server.log_text()


def test_unique_values(server):
    client = server.eiam()
    create(client, "han.mei", Phone="+86-13700000011", Email="han@corp.example")
    assert code_of(create, client, "han.mei") == "FailedOperation.UserNameAlreadyExists"
    assert code_of(create, client, "other", Phone="+86-13700000011") == "FailedOperation.UserPhoneAlreadyExists"
    assert code_of(create, client, "other", Email="han@corp.example") == "FailedOperation.UserEmailAlreadyExists"
    create(client, "Han.Mei")
    assert listed(client, UserName='"Han.Mei"') == ["Han.Mei"], "names are told apart by case, as whole matches are"
    change = filled(models.ModifyUserInfoRequest, UserName="Han.Mei", Email="han@corp.example")
    assert code_of(client.ModifyUserInfo, change) == "FailedOperation.UserEmailAlreadyExists"
    client.ModifyUserInfo(filled(models.ModifyUserInfoRequest, UserName="han.mei", Email="han@corp.example"))
    client.DeleteUser(filled(models.DeleteUserRequest, UserName="han.mei"))
    client.ModifyUserInfo(change)


def test_delete_users_names_what_failed(server):
    client = server.eiam()
    ids = [create(client, f"gone-{i}") for i in range(4)]
    done = client.DeleteUsers(filled(models.DeleteUsersRequest, DeleteIdList=[ids[0], "nobody", ids[1]]))
    assert done.FailedItems == ["nobody"]
    done = client.DeleteUsers(filled(models.DeleteUsersRequest, DeleteNameList=["gone-2", "nobody-2"], DeleteIdList=[ids[3]]))
    assert done.FailedItems == ["nobody-2"]
    assert listed(client, UserName="gone-*") == ["gone-3"], "names win when both lists are sent"
    assert client.DeleteUsers(filled(models.DeleteUsersRequest, DeleteNameList=["gone-3"])).FailedItems == []


def test_freeze_and_unfreeze(server):
    client, own = server.eiam(), server.own()
    user_id = create(client, "wang.wei")
    for status in ("FREEZE", "LOCKED", "NOT_ENABLED", "NORMAL"):
        own.call_json("ModifyUserStatus", {"UserId": user_id, "Status": status})
        assert describe(client, UserName="wang.wei").Status == status
        assert listed(client, Status=status, UserName='"wang.wei"') == ["wang.wei"]
    assert code_of(own.call_json, "ModifyUserStatus", {"UserName": "nobody", "Status": "FREEZE"}).startswith("FailedOperation.")


def test_import_creates_updates_and_leaves_alone(server):
    people = [{"UserName": f"import-{i}", "DisplayName": f"Import {i}", "Email": f"import-{i}@corp.example"} for i in range(50)]
    counts = ("Created", "Updated", "Unchanged")

    def run(users, **more):
        answer = server.call("rollcall", "ImportUsers", {"Users": users, **more})
        return tuple(answer[c] for c in counts), answer["Problems"]

    assert run(people, DryRun=True) == ((50, 0, 0), [])
    assert listed(server.eiam(), UserName="import-*") == []
    assert run(people) == ((50, 0, 0), []) and run(people) == ((0, 0, 50), [])
    people[7]["DisplayName"] = "Changed"
    assert run(people) == ((0, 1, 49), [])
    _, problems = run([{"UserName": "import-new", "Email": "not an address"}, {"UserName": "import-1"}])
    assert [(p["Index"], p["Field"], p["Code"]) for p in problems] == [(0, "Email", "InvalidParameter.AttributeValueValidError")]
    _, problems = run([{"UserName": "import-new", "Email": "import-3@corp.example"}])
    assert [(p["Index"], p["Code"]) for p in problems] == [(0, "FailedOperation.UserEmailAlreadyExists")]
    assert listed(server.eiam(), UserName='"import-new"') == []


ODD_NAME = "sign * + & = % ~ ! ' ( ) / 李"


@pytest.fixture(scope="module")
def odd(server):
    create(server.eiam(), ODD_NAME)
    return server


SIGNATURES = [(s, m) for s in ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256") for m in ("POST", "GET")]


@pytest.mark.parametrize("sign, method", SIGNATURES)
def test_signatures(odd, sign, method):
    """Nested parameters with every character that encoders treat differently, signed in all ways the SDK knows."""
    server, name = odd, ODD_NAME
    client = server.eiam(signMethod=sign, method=method)
    request = filled(models.ListUsersRequest, SearchCondition={"UserName": f'"{name}"', "Status": "NORMAL"}, ExpectedFields=["UserId", "UserName"],
                     Sort={"SortKey": "UserName", "SortOrder": "DESC"}, Offset=0, Limit=10, IncludeTotal=True)
    answer = client.ListUsers(request)
    assert [user.UserName for user in answer.UserList] == [name] and answer.TotalCount == 1
    assert answer.UserList[0].Email is None and answer.RequestId
    request = filled(models.ListUsersRequest, SearchCondition={"CreationTime": "[2020-01-01T00:00:00.000+0000,*]", "UserName": f'"{name}"'})
    assert len(client.ListUsers(request).UserList) == 1, "a plus in a time survives"
    wrong = server.eiam(key=(server.secret_id, "x" * 32), signMethod=sign, method=method)
    assert code_of(wrong.ListUsers, request) == "AuthFailure.SignatureFailure"


def test_unsigned_payload(server):
    """Taken on the loopback address, where nobody can change the body on the way."""
    client = server.eiam(unsigned=True)
    assert client.ListUsers(models.ListUsersRequest()).RequestId


@pytest.mark.parametrize("sign", ["TC3-HMAC-SHA256", "HmacSHA1"])
def test_temporary_credentials(server, sign):
    def visitor(seconds):
        made = server.call("rollcall", "CreateKey", {"Name": "visit", "Role": "auditor", "ExpiresIn": seconds})
        assert made["Token"] and made["ExpirationTime"].endswith("+0000")
        return (made["SecretId"], made["SecretKey"]), made["Token"]

    key, token = visitor(600)
    request = models.ListUsersRequest()
    assert server.eiam(key, token, signMethod=sign).ListUsers(request).RequestId
    assert code_of(server.eiam(key, None, signMethod=sign).ListUsers, request) == "AuthFailure.TokenFailure"
    assert code_of(server.eiam(key, token[:-1], signMethod=sign).ListUsers, request) == "AuthFailure.TokenFailure"
    key, token = visitor(1)
    time.sleep(1.1)
    assert code_of(server.eiam(key, token, signMethod=sign).ListUsers, request) == "AuthFailure.TokenFailure"


def test_the_generic_client_reaches_every_service(server):
    assert server.own().call_json("DescribeCaller", {})["Response"]["Role"] == "admin"
    answer = server.own().call_json("ListKeys", {})["Response"]
    assert answer["Keys"][0]["SecretId"] and "SecretKey" not in str(answer)
