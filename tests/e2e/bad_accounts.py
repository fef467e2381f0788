"""Wrong parameters of the actions for accounts, exports, hosts, keys and tenants, each with the code it gets. See
test_bad_input.py."""
import json

from bad_people import MISSING, NOBODY, TYPE, UNKNOWN, call
from reports import account, report

PARSING, VALUE, DATES = "InvalidParameter.ParsingError", "InvalidParameterValue", "InvalidParameter.DateRange"
NOT_FOUND, LIMIT = "ResourceNotFound", "LimitExceeded"


def both(params, in_list, in_export=TYPE):
    """The same mistake in the list and in the export, which have different codes for it."""
    return [call("DescribeAssetUserList", params, in_list, "cwp"), call("ExportAssetUserList", params, in_export, "cwp")]


def filtered(name, values, in_list, in_export=TYPE):
    return both({"Filters": [{"Name": name, "Values": values}]}, in_list, in_export)


def dated(*filters):
    return both({"Filters": [{"Name": n, "Values": v} for n, v in filters]}, DATES, DATES)


def own(action, params, code):
    return call(action, params, code, "rollcall")


def reported(code, **changes):
    made = {**report("bad-host", [account("ann")]), **changes}
    _, code, send = own("ReportHost", {"Report": json.dumps(made)}, code)
    return f"ReportHost {str(changes)[:80]}", code, send


ROOT = {"Name": "Name", "Values": ["root"]}
FILTERS = [
    *both({"Filters": [ROOT] * 6}, TYPE), *filtered("Name", list("abcdef"), TYPE), *filtered("Nope", ["1"], TYPE),
    *filtered("name", ["root"], TYPE), *filtered("", ["x"], TYPE), *filtered("Name", [], TYPE), *filtered("Name", [None], TYPE),
    *both({"Filters": [{"Name": "Name"}]}, MISSING, MISSING), *both({"Filters": [{"Values": ["x"]}]}, MISSING, MISSING),
    *both({"Filters": [{**ROOT, "Like": True}]}, UNKNOWN, UNKNOWN), *both({"Filters": [{**ROOT, "ExactMatch": "perhaps"}]}, TYPE),
    *both({"Filters": "Name"}, TYPE), *both({"Filters": ROOT}, TYPE), *both({"Filters": ["Name"]}, TYPE),
    *filtered("Name", "root", TYPE), *filtered("Name", [["root"]], TYPE), *both({"Nope": 1}, UNKNOWN, UNKNOWN), *both({"Quuid": []}, TYPE),
    *[case for name in ("Uid", "Guid") for case in filtered(name, ["root"], PARSING)],
    *[case for value in ("on", "-1", "1.5", "", "0x1", "１") for case in filtered("Status", [value], PARSING)],
    *filtered("IsRoot", ["1", "yes"], PARSING),
    *[case for name, value in (("Status", "2"), ("Status", "999"), ("ShellLoginStatus", "999"), ("LoginType", "4"), ("IsRoot", "2"),
                               ("IsSudo", "7"), ("IsSshLogin", "3"), ("PasswordStatus", "0"), ("PasswordStatus", "5"),
                               ("UserType", "3"), ("Type", "998"), ("IsDomain", "5"), ("OsType", "solaris"))
      for case in filtered(name, [value], VALUE)],
    *[case for value in ("2021/01/11", "yesterday", "2021-02-30", "20210111", "", "2021-01-11T00:00:00Z", "2021-01-11 25:00:00")
      for case in dated(("LoginTimeStart", [value]))],
    *dated(("LoginTimeEnd", ["now"])), *dated(("LoginTimeStart", ["2021-01-11", "2021-01-12"])),
    *dated(("LoginTimeStart", ["2021-01-12"]), ("LoginTimeEnd", ["2021-01-11"])),
    *both({"By": "Name"}, VALUE), *both({"By": "logintime"}, VALUE), *both({"Order": "up", "By": "LoginTime"}, VALUE),
    *both({"By": ["LoginTime"]}, TYPE),
]

ACCOUNTS = [
    call("DescribeAssetUserList", {"Limit": 101}, VALUE, "cwp"), call("DescribeAssetUserList", {"Limit": -1}, TYPE, "cwp"),
    call("DescribeAssetUserList", {"Offset": "x"}, TYPE, "cwp"), call("ExportAssetUserList", {"Limit": 10}, UNKNOWN, "cwp"),
    call("ExportAssetUserList", {"Format": "pdf"}, TYPE, "cwp"), call("ExportAssetUserList", {"Format": "../csv"}, TYPE, "cwp"),
    call("DescribeAssetUserInfo", {}, MISSING, "cwp"), call("DescribeAssetUserInfo", {"Quuid": "q-good", "Name": "ann"}, MISSING, "cwp"),
    call("DescribeAssetUserInfo", {"Quuid": "q-good", "Uuid": "", "Name": "nobody"}, NOT_FOUND, "cwp"),
    call("DescribeAssetUserInfo", {"Quuid": "q-nope", "Uuid": "", "Name": "ann"}, NOT_FOUND, "cwp"),
    call("DescribeAssetUserInfo", {"Quuid": "q-good", "Uuid": "", "Name": "an"}, NOT_FOUND, "cwp"),
    call("DescribeAssetUserKeyList", {"Quuid": "q-good", "Uuid": "", "Name": "nobody"}, NOT_FOUND, "cwp"),
    call("DescribeAssetUserKeyList", {"Quuid": "q-good", "Uuid": ""}, MISSING, "cwp"),
    call("DescribeAssetUserKeyList", {"Quuid": "q-good", "Uuid": "", "Name": "ann", "Limit": 101}, VALUE, "cwp"),
    call("DescribeAssetUserCount", {"Name": []}, TYPE, "cwp"), call("DescribeAssetUserCount", {"Nope": 1}, UNKNOWN, "cwp"),
    call("ExportTasks", {}, MISSING, "cwp"), call("ExportTasks", {"TaskId": []}, TYPE, "cwp"), call("ExportTasks", {"TaskId": None}, MISSING, "cwp"),
    *[call("ExportTasks", {"TaskId": t}, NOT_FOUND, "cwp") for t in (
        "999999", 999999, "0", "-1", "abc", "../1", " 1", "01", "+1", "1.0", "", "9" * 60, "5d29b8a0-0000-4000-8000-000000000000", "1\u0000")],
]

OWN = [
    own("CreateKey", {}, MISSING), own("CreateKey", {"Name": "x", "Role": "boss"}, VALUE), own("CreateKey", {"Name": "", "Role": "agent"}, VALUE),
    own("CreateKey", {"Name": "x" * 65, "Role": "agent"}, VALUE), own("CreateKey", {"Name": "x", "Role": "agent", "ExpiresIn": 10**9}, VALUE),
    own("CreateKey", {"Name": "x", "Role": "agent", "ExpiresIn": "soon"}, TYPE), own("CreateKey", {"Name": "x", "Role": "agent", "ExpiresIn": -1}, TYPE),
    own("CreateKey", {"Name": "x", "Role": "agent", "Tenant": "nope"}, NOT_FOUND), own("CreateKey", {"Name": "x", "Role": "agent", "SecretKey": "mine"}, UNKNOWN),
    own("ModifyKeyStatus", {"SecretId": "AKIDnobody", "State": "DISABLED"}, NOT_FOUND), own("ModifyKeyStatus", {"SecretId": "AKIDnobody"}, MISSING),
    own("ModifyKeyStatus", {"SecretId": "AKIDnobody", "State": "OFF"}, VALUE), own("DeleteKey", {"SecretId": "AKIDnobody"}, NOT_FOUND), own("DeleteKey", {}, MISSING),
    *[own("CreateTenant", {"Name": n}, VALUE) for n in ("", "Upper", "a b", "x" * 65, "ä", "../x", "a\n")],
    own("CreateTenant", {"Name": "default"}, "ResourceInUse"), own("CreateTenant", {}, MISSING), own("ListTenants", {"Offset": 0}, UNKNOWN),
    own("ListKeys", {"Tenant": "default"}, UNKNOWN), own("DescribeCaller", {"x": 1}, UNKNOWN), own("ListHosts", {"Limit": 101}, VALUE), own("ListHosts", {"Limit": "x"}, TYPE),
    own("ReportHost", {}, MISSING), own("ReportHost", {"Digest": "x"}, MISSING), own("ReportHost", {"Quuid": "x"}, MISSING), own("ReportHost", {"Report": {}}, TYPE), own("ReportHost", {"Report": "hello"}, TYPE), own("ReportHost", {"Report": "[]"}, TYPE),
    own("ReportHost", {"Report": '{"format":"one"}'}, TYPE), own("ReportHost", {"Report": '{"accounts":5}'}, TYPE), own("ReportHost", {"Report": "[" * 5000}, TYPE),
    own("ReportHost", {"Report": "{}"}, VALUE), reported(VALUE, format=2), reported(VALUE, host={"hostname": "no id"}),
    reported(VALUE, accounts=[account("ann"), account("ann")]), reported(VALUE, accounts=[account("")]), reported(VALUE, accounts=[account("x" * 300)]),
    reported(VALUE, accounts=[], sections={"passwd": {"evidence": "denied"}}), reported(VALUE, accounts=[account("a", groups=["g"] * 5000)]),
    own("ReportHosts", {}, MISSING), own("ReportHosts", {"Reports": []}, TYPE), own("ReportHosts", {"Reports": "x"}, TYPE), own("ReportHosts", {"Reports": ["{}"] * 1001}, LIMIT),
    own("ImportUsers", {}, MISSING), own("ImportUsers", {"Users": []}, TYPE), own("ImportUsers", {"Users": ["x"]}, TYPE), own("ImportUsers", {"Users": [{}]}, MISSING),
    own("ImportUsers", {"Users": [{"UserName": "x", "Nope": 1}]}, UNKNOWN), own("ImportUsers", {"Users": [{"UserName": f"u{i}"} for i in range(5001)]}, (LIMIT, "LimitExceeded.ItemsNumberLimitExceeded")),
    own("ImportUsers", {"Users": [{"UserName": "x"}], "DryRun": "perhaps"}, TYPE),
    own("ModifyUserStatus", {"UserName": "existing"}, MISSING), own("ModifyUserStatus", {"UserName": "existing", "Status": "ASLEEP"}, (VALUE, "InvalidParameterValue.ParameterIllegal")),
    own("ModifyUserStatus", {"UserName": "nobody", "Status": "FREEZE"}, (NOBODY, "FailedOperation.UserNotFound")),
    own("ModifyUserStatus", {"Status": "FREEZE"}, (MISSING, "InvalidParameter.UserNameIsNull")),
]

CASES = FILTERS + ACCOUNTS + OWN
