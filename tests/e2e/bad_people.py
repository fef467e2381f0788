"""Wrong parameters of the actions for people, each with the code it gets. See test_bad_input.py.

`existing` and `other` are people of the directory; see there.
"""
TYPE, MISSING, UNKNOWN = "InvalidParameter", "MissingParameter", "UnknownParameter"
ILLEGAL, SYNTAX = "InvalidParameterValue.ParameterIllegal", "InvalidParameter.SearchCriteriaIllegal"
TIME, SORT = "InvalidParameter.TimeFormatIllegal", "InvalidParameterValue.SortKeyIllegal"
FIELDS, VALUE = "FailedOperation.ExpectFieldsNotFound", "InvalidParameter.AttributeValueValidError"
EXPIRY, NOBODY = "InvalidParameter.UserExpirationTimeIllegal", "FailedOperation.PersonNotFound"


def call(action, params, code, service="eiam"):
    return f"{action} {str(params)[:90]}", code, lambda c: c.raw.v3(service, action, params)


def users(params, code):
    return call("ListUsers", params, code)


def where(member, value, code):
    return users({"SearchCondition": {member: value}}, code)


def sort(key, order, code):
    return users({"Sort": {"SortKey": key, "SortOrder": order}}, code)


def person(code, **params):
    """A CreateUser that would work but for `params`."""
    return call("CreateUser", {"UserName": "nobody-is-made", "Password": "long enough 1", **params}, code)


def modify(code, **params):
    return call("ModifyUserInfo", params, code)


LIST_TYPES = [
    *[users({"Offset": v, "Limit": 10}, TYPE) for v in ("abc", "", 1.5, "1.5", -1, "-1", True, [], {}, 2**64, "1e1", " 1 x")],
    *[users({"Offset": 0, "Limit": v}, TYPE) for v in ("ten", -5, 10.0, [10], {"a": 1}, "0x10")],
    *[users({"IncludeTotal": v}, TYPE) for v in ("yes", 2, -1, [], {}, 0.5, "TRUE!")],
    users({"SearchCondition": "x"}, TYPE), users({"SearchCondition": []}, TYPE), users({"SearchCondition": 5}, TYPE),
    where("UserName", [], TYPE), where("UserName", {}, TYPE), where("UserName", 1.5, TYPE), where("Status", ["NORMAL"], TYPE),
    users({"ExpectedFields": "UserId"}, TYPE), users({"ExpectedFields": {"a": 1}}, TYPE),
    users({"ExpectedFields": [["UserId"]]}, TYPE), users({"ExpectedFields": [{}]}, TYPE),
    users({"Sort": "UserName"}, TYPE), users({"Sort": []}, TYPE), users({"Sort": {"SortKey": [], "SortOrder": "ASC"}}, TYPE),
    users({"Nope": 1}, UNKNOWN), users({"offset": 0, "limit": 1}, UNKNOWN), users({"": 1}, UNKNOWN), users({"Action": "x"}, UNKNOWN),
    users({"SearchCondition": {"DisplayName": "x"}}, UNKNOWN), users({"SearchCondition": {"username": "x"}}, UNKNOWN),
    users({"SearchCondition": {"UserId": "x"}}, UNKNOWN), users({"Sort": {"SortKey": "UserName", "SortOrder": "ASC", "Nulls": 1}}, UNKNOWN),
    users({"Sort": {}}, MISSING), users({"Sort": {"SortKey": "UserName"}}, MISSING), users({"Sort": {"SortOrder": "ASC"}}, MISSING),
    users({"Sort": {"SortKey": None, "SortOrder": "ASC"}}, MISSING),
]

LIST_CONDITIONS = [
    *[where("UserName", v, SYNTAX) for v in (
        '"ali', 'ali"', '"', '"ali"*', "*ali", "a*b", "*ali*", "**", "[a,b", "[a]", "[a,b,c]", "a,b]", "a,b}", "{a", "[", "]", "[]",
        "“ali", "＊ali", "［a，b", "[a,b)", "(a,b]", "a" * 70, '"' + "a" * 70 + '"', "a" * 70 + "*")],
    *[where(m, '"x', SYNTAX) for m in ("Phone", "Email", "Keyword", "Status", "CreationTime", "LastUpdateTime")],
    where("Keyword", "[a,b]", SYNTAX), where("Keyword", "{a,*}", SYNTAX), where("Keyword", "*a", SYNTAX),
    where("Status", "[A,Z]", SYNTAX), where("Status", "SLEEPING", SYNTAX), where("Status", '"SLEEPING"', SYNTAX),
    where("CreationTime", "[2021-01-01,2021-02-01", SYNTAX),
    *[where("CreationTime", v, TIME) for v in (
        "2021*", "[x,y]", "[2021-01-01 00:00:00,*]", "2021/01/01", "[2021-02-30,*]", "2021-13-01", "1610530000", "[1610530000,*]",
        "[*,2021-01-13T09:44:07.182 0000]", "2021-01-13T25:00:00Z", "2021-01-13T09:61Z", "yesterday", "2021-1-1", '"soon"')],
    *[where("LastUpdateTime", v, TIME) for v in ("2021*", "{x,*}", "[2021-01-01,2021-02-31]")],
]

LIST_PAGES = [
    users({"Offset": 0}, ILLEGAL), users({"Limit": 10}, ILLEGAL), users({"Offset": 0, "Limit": 101}, ILLEGAL),
    users({"Offset": 0, "Limit": 2**64 - 1}, ILLEGAL), users({"Limit": 10, "Offset": None}, ILLEGAL),
    *[sort(k, "ASC", SORT) for k in ("Nope", "username", "UserId", "OrgPath", "Description", "SubjectGroups", "CreatedDate", "LastModifiedDate", "")],
    sort("UserName", "UP", ILLEGAL), sort("UserName", "", ILLEGAL), sort("UserName", "ASC; DROP TABLE", ILLEGAL),
    users({"ExpectedFields": ["Nope"]}, FIELDS), users({"ExpectedFields": ["userid"]}, FIELDS),
    users({"ExpectedFields": ["UserId", "Password"]}, FIELDS), users({"ExpectedFields": [""]}, FIELDS),
    # The order of A8: the first of several mistakes answers.
    users({"Nope": 1, "Offset": 0}, UNKNOWN), users({"Offset": 0, "Sort": {"SortKey": "x", "SortOrder": "ASC"}}, ILLEGAL),
    users({"Sort": {"SortKey": "x", "SortOrder": "ASC"}, "ExpectedFields": ["x"]}, SORT),
    users({"ExpectedFields": ["x"], "SearchCondition": {"UserName": '"'}}, FIELDS),
    users({"SearchCondition": {"UserName": '"', "CreationTime": "x"}}, SYNTAX),
    users({"SearchCondition": {"CreationTime": "x", "Keyword": "[a,b]"}}, SYNTAX),
]

CHANGES = [
    call("CreateUser", {}, MISSING), call("CreateUser", {"UserName": "nobody-is-made"}, MISSING),
    call("CreateUser", {"Password": "long enough 1"}, MISSING), person(UNKNOWN, Nope=1), person(UNKNOWN, UserId="x"),
    person(TYPE, UserName=[]), person(TYPE, Password={"a": 1}), person(TYPE, PwdNeedReset="perhaps"), person(TYPE, UserGroupIds="x"),
    person(VALUE, Password="short"), person(VALUE, Phone="call me"), person(VALUE, Phone="+86 138"), person(VALUE, Email="ann"),
    person(VALUE, Email="a@b@c"), person((VALUE, ILLEGAL), UserName="n" * 65), person((VALUE, ILLEGAL), UserName="a\nb"),
    person((VALUE, ILLEGAL), DisplayName="n" * 65), person((VALUE, ILLEGAL), Description="n" * 513),
    person(EXPIRY, ExpirationTime="tomorrow"), person(EXPIRY, ExpirationTime="2020-01-01T00:00:00.000+0000"),
    person("FailedOperation.UserNameAlreadyExists", UserName="existing"),
    person("FailedOperation.UserEmailAlreadyExists", Email="existing@corp.example"),
    person("FailedOperation.UserPhoneAlreadyExists", Phone="+86-13800000001"),
    modify(NOBODY, UserName="nobody", DisplayName="x"), modify(NOBODY, UserId="nobody", DisplayName="x"),
    modify(("InvalidParameterValue.UserNameCanNotBeEmpty", "InvalidParameterValue.UserIdCanNotBeEmpty", ILLEGAL, MISSING), DisplayName="x"),
    modify("FailedOperation.UserEmailAlreadyExists", UserName="other", Email="existing@corp.example"),
    modify("FailedOperation.UserPhoneAlreadyExists", UserName="other", Phone="+86-13800000001"),
    modify(VALUE, UserName="other", Phone="12"), modify(VALUE, UserName="other", Email="x"), modify(VALUE, UserName="other", Password="short"),
    modify(EXPIRY, UserName="other", ExpirationTime="never"), modify(UNKNOWN, UserName="other", Status="FREEZE"),
    modify((VALUE, ILLEGAL, "LimitExceeded.ParameterLengthLimitExceeded"), UserName="other", Description="n" * 513),
    modify(TYPE, UserName="other", PwdNeedReset=[]),
    call("DescribeUserInfo", {"UserName": "nobody"}, NOBODY), call("DescribeUserInfo", {"UserId": "existing"}, NOBODY),
    call("DescribeUserInfo", {}, ("InvalidParameter.UserNameIsNull", "InvalidParameterValue.UserNameCanNotBeEmpty", ILLEGAL, MISSING)),
    call("DescribeUserInfo", {"UserName": {}}, TYPE), call("DescribeUserInfo", {"Name": "existing"}, UNKNOWN),
    call("DeleteUser", {"UserName": "nobody"}, NOBODY), call("DeleteUser", {"UserId": "../existing"}, NOBODY),
    call("DeleteUser", {}, (ILLEGAL, MISSING)), call("DeleteUser", {"UserName": ["existing"]}, TYPE),
    call("DeleteUsers", {}, (ILLEGAL, MISSING)), call("DeleteUsers", {"DeleteNameList": "existing"}, TYPE),
]

CASES = LIST_TYPES + LIST_CONDITIONS + LIST_PAGES + CHANGES
