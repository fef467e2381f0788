"""Requests that fail before their parameters are looked at, each with the code it gets. See test_bad_input.py."""
import json
import time
from datetime import datetime, timedelta, timezone

from raw import FORM, VERSIONS

LIST = ("eiam", "ListUsers")
PARAMETER, MISSING = "InvalidParameter", "MissingParameter"
SIZE = "RequestSizeLimitExceeded"
FAILURE, MALFORMED = "AuthFailure.SignatureFailure", "AuthFailure.InvalidAuthorization"


def method(name):
    return f"method {name}", "UnsupportedProtocol", lambda c: c.raw.v3(*LIST, http_method=name, method=name)


def body(name, text, code=PARAMETER):
    data = text if isinstance(text, bytes) else text.encode()
    return f"body {name}", code, lambda c: c.raw.v3(*LIST, raw_body=data)


def typed(kind, text=b"{}", code=PARAMETER):
    return f"type {kind}", code, lambda c: c.raw.v3(*LIST, raw_body=text, content_type=kind)


def header(name, value, code):
    return f"{name}: {str(value)[:40]}", code, lambda c: c.raw.v3(*LIST, extra={name: value})


def authorization(name, change, code=MALFORMED):
    """`change` turns the right Authorization header into the wrong one."""

    def send(c):
        right = c.raw.headers(*LIST, b"{}")["Authorization"]
        return c.raw.v3(*LIST, raw_body=b"{}", extra={"Authorization": change(right)})

    return f"authorization {name}", code, send


def now(values):
    """Values that depend on the time, as of now."""
    return {k: v() if callable(v) and k != "signature" else v for k, v in values.items()}


def signed(name, code=FAILURE, **wrong):
    return f"signed {name}", code, lambda c: c.raw.v3(*LIST, **now(wrong))


def form(name, code, method="POST", changed=None, params=None, **common):
    return f"v1 {method} {name}", code, lambda c: c.raw.v1(*LIST, params, method=method, changed=changed, **now(common))


def seconds(ahead):
    return lambda: int(time.time()) + ahead


def date(days):
    return lambda: (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%Y-%m-%d")


def flipped(signature):
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")


def multipart(name, text, code, kind="multipart/form-data; boundary=xyz"):
    return f"multipart {name}", code, lambda c: c.raw.v3(*LIST, raw_body=text, content_type=kind)


def part(name, text, kind=""):
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{kind}\r\n\r\n'.encode() + text + b"\r\n--xyz--\r\n"


METHODS = [method(m) for m in ("PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND")]

SIZES = [
    ("v3 GET of 40 KB", SIZE, lambda c: c.raw.v3_get(*LIST, {"SearchCondition": {"UserName": "x" * 40_000}})),
    ("v1 GET of 40 KB", SIZE, lambda c: c.raw.v1(*LIST, {"SearchCondition": {"UserName": "x" * 40_000}}, method="GET")),
    ("v1 POST of 1.1 MB", SIZE, lambda c: c.raw.v1(*LIST, {"SearchCondition": {"UserName": "x" * 1_150_000}})),
    ("v3 POST of 10.5 MB", SIZE, lambda c: c.raw.v3(*LIST, raw_body=b"{}" + b" " * 11_000_000)),
    ("v3 POST announcing 1 TB", SIZE, lambda c: c.raw.v3(*LIST, raw_body=b"", extra={"Content-Length": str(10**12)})),
]

BODIES = [
    body("cut off", "{"), body("bare word", "hello"), body("no value", '{"Offset":}'), body("a list", "[]"),
    body("a text", '"x"'), body("a number", "1"), body("true", "true"), body("trailing text", "{} x"),
    body("two objects", "{}{}"), body("single quotes", "{'Offset':0}"), body("trailing comma", '{"Offset":0,}'),
    body("not UTF-8", b'{"SearchCondition":{"UserName":"\xff\xfe"}}'), body("half a surrogate", r'{"Offset":"\ud800"}'),
    body("control character", b'{"Offset":"\x01"}'), body("NUL", b"\0"), body("NaN", '{"Offset":NaN}'),
    body("duplicate member", '{"Offset":0,"Offset":1,"Limit":1}'),
    body("duplicate nested member", '{"SearchCondition":{"UserName":"a","UserName":"b"}}'),
    body("lists 1000 deep", '{"ExpectedFields":' + "[" * 1000 + "]" * 1000 + "}"),
    body("objects 5000 deep", '{"a":' * 5000 + "1" + "}" * 5000),
    body("100 KB of brackets", "[" * 100_000), body("a form", "Offset=0&Limit=1"),
    body("400 thousand values", '{"ExpectedFields":[' + "0," * 400_000 + "0]}"),
    typed("text/plain"), typed("application/octet-stream"), typed("application/xml"), typed("text/json"),
    typed("application/jsonp"), typed("application/x-yaml"),
    multipart("garbage", b"hello", "InvalidRequest"),
    multipart("without end", b"--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", "InvalidRequest"),
    multipart("without boundary", part("Offset", b"0"), "InvalidRequest", "multipart/form-data"),
    multipart("bytes", part("Offset", b"\xff"), PARAMETER),
]

COMMON = [
    header("X-TC-Action", None, MISSING), header("X-TC-Version", None, MISSING),
    header("X-TC-Timestamp", None, MISSING), header("X-TC-Action", "", MISSING),
    *[header("X-TC-Timestamp", t, PARAMETER) for t in ("now", "-1", "1.5", "1e9", "9" * 40, "2026-01-01")],
    header("X-TC-Version", "2021-04-21", "NoSuchVersion"), header("X-TC-Version", "latest", "NoSuchVersion"),
    header("X-TC-Action", "ListUser", "InvalidAction"), header("X-TC-Action", "listusers", "InvalidAction"),
    header("X-TC-Action", "DescribeAssetUserList", "InvalidAction"), header("X-TC-Action", "x" * 5000, "InvalidAction"),
    header("X-TC-Action", "../ListUsers", "InvalidAction"), header("X-TC-Version", VERSIONS["cwp"], "InvalidAction"),
    header("Host", "cvm.tencentcloudapi.com", "NoSuchProduct"),
    header("Host", "cwp.ap-guangzhou.tencentcloudapi.com", "NoSuchProduct"),
    header("Host", "http://cwp.intl.tencentcloudapi.com", "NoSuchProduct"),
    form("without Action", MISSING, Action=None), form("without Version", MISSING, Version=None),
    form("without Timestamp", MISSING, Timestamp=None), form("without Nonce", MISSING, Nonce=None),
    form("without SecretId", MISSING, SecretId=None), form("without Signature", MISSING, Signature=None),
    form("Timestamp text", PARAMETER, Timestamp="soon"), form("Nonce text", PARAMETER, Nonce="abc"),
    form("Nonce negative", PARAMETER, Nonce="-5"), form("Nonce 0", PARAMETER, Nonce="0"),
    form("Version", "NoSuchVersion", Version="2020-01-01"), form("Action", "InvalidAction", method="GET", Action="Nope"),
    form("pair without =", PARAMETER, changed=lambda text: text + "&loose"),
    form("pair without =", PARAMETER, method="GET", changed=lambda text: text + "&loose"),
    form("bad escape", PARAMETER, changed=lambda text: text + "&Offset=%zz"),
    form("escape cut off", PARAMETER, changed=lambda text: text + "&Offset=%4"),
    form("not UTF-8", PARAMETER, changed=lambda text: text + "&Offset=%ff"),
    form("name twice", PARAMETER, changed=lambda text: text + "&Nonce=1"),
    form("value and structure", PARAMETER, params={"SearchCondition": "x", "SearchCondition.UserName": "y"}),
    form("empty name part", PARAMETER, params={"SearchCondition..UserName": "y"}),
]

AUTHORIZATION = [
    header("Authorization", None, MISSING), header("Authorization", "SKIP", MALFORMED),
    header("Authorization", "Bearer abc", MALFORMED), header("Authorization", "Basic YTpi", MALFORMED),
    header("Authorization", "TC3-HMAC-SHA256", MALFORMED), header("Authorization", "TC3-HMAC-SHA256 " + "x" * 9000, MALFORMED),
    header("Authorization", "TC3-HMAC-SHA256 Credential=/2021-01-01/eiam/tc3_request, SignedHeaders=content-type;host, Signature=a",
           ("AuthFailure.InvalidSecretId", MALFORMED)),
    authorization("other scheme", lambda a: a.replace("TC3-HMAC-SHA256", "TC3-HMAC-SHA512")),
    authorization("lower-case scheme", lambda a: a.replace("TC3-HMAC", "tc3-hmac")),
    authorization("without Credential", lambda a: a.replace("Credential=", "Cred=")),
    authorization("without SignedHeaders", lambda a: a.replace("SignedHeaders=content-type;host, ", "")),
    authorization("without Signature", lambda a: a.split(", Signature")[0]),
    authorization("empty Signature", lambda a: a.split("Signature=")[0] + "Signature="),
    authorization("Signature twice", lambda a: a + ", Signature=00"),
    authorization("another terminator", lambda a: a.replace("tc3_request", "aws4_request")),
    authorization("no scope", lambda a: a.replace("/eiam/tc3_request", "").replace(a.split("/")[1], "")),
    authorization("host not signed", lambda a: a.replace("content-type;host", "content-type")),
    authorization("content-type not signed", lambda a: a.replace("content-type;host", "host")),
    authorization("nothing signed", lambda a: a.replace("content-type;host", "")),
    signed("SecretId of no form", "AuthFailure.InvalidSecretId", secret_id="AKID$%&!"),
    signed("SecretId too long", "AuthFailure.InvalidSecretId", secret_id="A" * 4000),
    signed("SecretId unknown", "AuthFailure.SecretIdNotFound", secret_id="AKIDnobodynobodynobodynobodynobody12"),
    signed("key id of another kind", "AuthFailure.SecretIdNotFound", secret_id="root"),
    signed("301 s ago", "AuthFailure.SignatureExpire", timestamp=seconds(-301)),
    signed("303 s ahead", "AuthFailure.SignatureExpire", timestamp=seconds(303)),
    signed("in 1970", "AuthFailure.SignatureExpire", timestamp=1),
    signed("in 5138", "AuthFailure.SignatureExpire", timestamp=99_999_999_999),
    signed("scope of yesterday", date=date(-1)), signed("scope of tomorrow", date=date(1)),
    signed("scope without a date", date="today"),
    signed("by another secret", secret="x" * 32), signed("one digit off", signature=flipped),
    signed("cut off", signature=lambda s: s[:-2]), signed("longer", signature=lambda s: s + "00"),
    signed("all zeros", signature="0" * 64), signed("not hex", signature="z" * 64),
    signed("another method", method="GET"), signed("a query", query="a=1"), signed("another body", payload_hash="0" * 64),
    signed("raw unsigned mark", payload_hash="UNSIGNED-PAYLOAD"),
    ("signed another host", FAILURE, lambda c: c.raw.v3(*LIST, extra={"Host": "eiam.example.org"})),
    ("signed another type", FAILURE, lambda c: c.raw.v3(*LIST, extra={"Content-Type": "application/json; x=y"})),
    ("signed another time", FAILURE, lambda c: c.raw.v3(*LIST, extra={"X-TC-Timestamp": str(int(time.time()) - 5)})),
    ("body changed afterwards", FAILURE, lambda c: c.raw.send("POST", "/", c.raw.headers(*LIST, b"{}"), b'{"Limit":1,"Offset":0}')),
    ("query changed afterwards", FAILURE, lambda c: c.raw.v3_get(*LIST, {"Offset": 0, "Limit": 5}, query="Offset=0&Limit=6")),
    ("query order changed", FAILURE, lambda c: c.raw.v3_get(*LIST, {"Offset": 0, "Limit": 5}, query="Limit=5&Offset=0")),
    form("signature wrong", FAILURE, Signature="AAAA"), form("signature empty", (MISSING, FAILURE), Signature=""),
    form("signature not base64", FAILURE, method="GET", Signature="%%%"),
    form("SecretId unknown", "AuthFailure.SecretIdNotFound", SecretId="AKIDnobodynobodynobodynobodynobody12"),
    form("SecretId of no form", "AuthFailure.InvalidSecretId", SecretId="a b"),
    form("301 s ago", "AuthFailure.SignatureExpire", Timestamp=lambda: str(int(time.time()) - 301)),
    form("parameter added", FAILURE, changed=lambda text: text + "&IncludeTotal=true"),
    form("parameter changed", FAILURE, params={"IncludeTotal": "true"}, changed=lambda text: text.replace("true", "false")),
    form("method name changed", FAILURE, changed=lambda text: text.replace("HmacSHA1", "HmacSHA256")),
    ("v1 POST signed as GET", FAILURE, lambda c: c.raw.v1(*LIST, method="POST", Signature=dict(c.raw.v1_pairs(*LIST, method="GET"))["Signature"])),
]


def _with(which):
    return lambda c: getattr(c, which).v3(*LIST)


KEYS = [
    ("permanent key with a token", "AuthFailure.TokenFailure", lambda c: c.raw.v3(*LIST, extra={"X-TC-Token": "abc"})),
    ("temporary key without token", "AuthFailure.TokenFailure", lambda c: c.temporary.v3(*LIST, extra={"X-TC-Token": None})),
    ("temporary key with another token", "AuthFailure.TokenFailure", lambda c: c.temporary.v3(*LIST, extra={"X-TC-Token": "abc"})),
    ("temporary key that has ended", "AuthFailure.TokenFailure", _with("ended")),
    ("v1 permanent key with a token", "AuthFailure.TokenFailure", lambda c: c.raw.v1(*LIST, Token="abc")),
    ("v1 temporary key without token", "AuthFailure.TokenFailure", lambda c: c.temporary.v1(*LIST, Token=None)),
    ("disabled key", "AuthFailure.SecretIdNotFound", _with("disabled")),
    ("deleted key", "AuthFailure.SecretIdNotFound", _with("deleted")),
    ("agent lists people", "AuthFailure.UnauthorizedOperation", _with("agent")),
    ("agent with wrong parameters", "AuthFailure.UnauthorizedOperation", lambda c: c.agent.v3(*LIST, {"Nope": 1})),
]

CASES = METHODS + SIZES + BODIES + COMMON + AUTHORIZATION + KEYS

# Earlier checks win over later ones: the pairs of mistakes that real clients run into.
CASES += [
    ("method before body", "UnsupportedProtocol", lambda c: c.raw.v3(*LIST, raw_body=b"{", http_method="PUT")),
    ("body before action", PARAMETER, lambda c: c.raw.v3("eiam", "Nope", raw_body=b"{")),
    ("action before signature", "InvalidAction", lambda c: c.raw.v3("eiam", "Nope", secret="x")),
    ("version before key", "NoSuchVersion", lambda c: c.raw.v3(*LIST, version="1", secret_id="AKIDnobody")),
    ("key before time", "AuthFailure.SecretIdNotFound", lambda c: c.raw.v3(*LIST, timestamp=1_000_000_000, secret_id="AKIDnobody")),
    ("time before signature", "AuthFailure.SignatureExpire", lambda c: c.raw.v3(*LIST, timestamp=1_000_000_000, secret="x")),
    ("signature before parameters", FAILURE, lambda c: c.raw.v3(*LIST, {"Nope": 1}, secret="x")),
    ("form sent as JSON type", PARAMETER, lambda c: c.raw.v3(*LIST, raw_body=b"Action=ListUsers")),
    ("JSON sent as form type", ("MissingParameter", PARAMETER), lambda c: c.raw.send("POST", "/", {"Host": c.raw.address, "Content-Type": FORM}, json.dumps({"a": 1}).encode())),
]
