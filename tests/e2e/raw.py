"""A requester that signs by the public document alone and can get anything wrong on purpose.

It shares no code with the server or with the SDKs, so it is a third opinion on the signature rules.
"""
import base64
import hashlib
import hmac
import http.client
import json
import time
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import quote, urlencode

VERSIONS = {"eiam": "2021-04-20", "cwp": "2018-02-28", "rollcall": "2026-12-01"}
FORM = "application/x-www-form-urlencoded"


class Answer(NamedTuple):
    """What came back: status, headers, and the body parsed when its type is exactly that of an API answer."""

    status: int
    headers: object
    body: object

    @property
    def response(self):
        assert self.status == 200, (self.status, self.body)
        assert self.headers["Content-Type"] == "application/json", dict(self.headers)
        return self.body["Response"]

    @property
    def code(self):
        return self.response.get("Error", {}).get("Code")


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def flatten(value, name=""):
    """Parameters as pairs of a form: `Filters.0.Name=Name`; nothing for null."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [pair for k, v in value.items() for pair in flatten(v, f"{name}.{k}" if name else k)]
    if isinstance(value, list):
        return [pair for i, v in enumerate(value) for pair in flatten(v, f"{name}.{i}")]
    return [(name, str(value))]


class Raw:
    """One caller: an address ("127.0.0.1:port"), a key, perhaps a token and a TLS context."""

    def __init__(self, address, secret_id, secret_key, token=None, tls=None):
        self.address, self.secret_id, self.secret_key = address, secret_id, secret_key
        self.token, self.tls = token, tls

    def headers(self, service, action, body=b"", **wrong):
        """Signed headers of a v3 request. Any of `wrong` replaces the right value: timestamp, date, host, secret,
        secret_id, signed, scope, service_in_scope, signature, content_type, version, method, query, payload_hash."""
        at = int(wrong.get("timestamp", time.time()))
        date = wrong.get("date", datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d"))
        content_type = wrong.get("content_type", "application/json")
        host = wrong.get("host", self.address)
        values = {"content-type": content_type, "host": host, "x-tc-action": action.lower()}
        names = wrong.get("signed", "content-type;host")
        canonical = "".join(f"{n}:{values[n]}\n" for n in names.split(";") if n in values)
        payload = wrong.get("payload_hash", hashlib.sha256(body).hexdigest())
        request = "\n".join([wrong.get("method", "POST"), "/", wrong.get("query", ""), canonical, names, payload])
        scope_service = wrong.get("service_in_scope", service)
        scope = wrong.get("scope", f"{date}/{scope_service}/tc3_request")
        to_sign = "\n".join(["TC3-HMAC-SHA256", str(at), scope, hashlib.sha256(request.encode()).hexdigest()])
        key = _hmac(_hmac(_hmac(("TC3" + wrong.get("secret", self.secret_key)).encode(), date), scope_service), "tc3_request")
        signature = wrong.get("signature", hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest())
        if callable(signature):
            signature = signature(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest())
        out = {
            "Host": host,
            "Content-Type": content_type,
            "X-TC-Action": action,
            "X-TC-Version": wrong.get("version", VERSIONS.get(service, "2021-04-20")),
            "X-TC-Timestamp": str(at),
            "Authorization": f"TC3-HMAC-SHA256 Credential={wrong.get('secret_id', self.secret_id)}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}",
        }
        if self.token:
            out["X-TC-Token"] = self.token
        return out

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection(self.address, timeout=60, context=self.tls)
        return http.client.HTTPConnection(self.address, timeout=60)

    def send(self, method, path, headers, body=b"", connection=None):
        """Sends exactly this: headers that are None are left out, nothing is added but the length of the body."""
        used = connection or self.connect()
        try:
            used.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    used.putheader(name, value)
            if "Content-Length" not in headers and method != "GET":
                used.putheader("Content-Length", str(len(body)))
            used.endheaders(body if method != "GET" else None)
            answer = used.getresponse()
            text = answer.read()
            kind = answer.headers.get("Content-Type", "")
            parsed = json.loads(text) if kind == "application/json" and text else text
            return Answer(answer.status, answer.headers, parsed)
        finally:
            if connection is None:
                used.close()

    def v3(self, service, action, params=None, raw_body=None, extra=None, http_method="POST", **wrong):
        """A v3 JSON call. `extra` replaces or (with None) removes headers after signing."""
        body = raw_body if raw_body is not None else json.dumps(params or {}).encode()
        headers = self.headers(service, action, body, **wrong)
        headers.update(extra or {})
        return self.send(http_method, "/", headers, body)

    def v3_get(self, service, action, params=None, query=None, **wrong):
        """A v3 GET: parameters in the query. `query` is sent in place of the one that was signed."""
        signed = urlencode(flatten(params or {}), quote_via=quote)
        headers = self.headers(service, action, b"", method="GET", query=signed, content_type=FORM, **wrong)
        return self.send("GET", "/?" + (signed if query is None else query), headers)

    def v1_pairs(self, service, action, params=None, method="POST", algorithm="HmacSHA1", **common):
        """All pairs of a v1 call, signed. `common` replaces common parameters, None removes them."""
        values = {
            "Action": action, "Version": VERSIONS[service], "Timestamp": str(int(time.time())), "Nonce": "11886",
            "SecretId": self.secret_id, "SignatureMethod": algorithm, "Token": self.token, **common,
        }
        signature = values.pop("Signature", ...)
        pairs = [(k, v) for k, v in values.items() if v is not None] + flatten(params or {})
        if signature is ...:
            text = method + self.address + "/?" + "&".join(f"{k}={v}" for k, v in sorted(pairs))
            digest = hashlib.sha256 if algorithm == "HmacSHA256" else hashlib.sha1
            signature = base64.b64encode(hmac.new(self.secret_key.encode(), text.encode(), digest).digest()).decode()
        return pairs + ([("Signature", signature)] if signature is not None else [])

    def v1(self, service, action, params=None, method="POST", changed=None, **common):
        """A v1 call by form or query. `changed` gets the encoded pairs and returns what is sent in their place."""
        text = urlencode(self.v1_pairs(service, action, params, method, **common), quote_via=quote)
        text = changed(text) if changed else text
        if method == "GET":
            return self.send("GET", "/?" + text, {"Host": self.address})
        return self.send("POST", "/", {"Host": self.address, "Content-Type": FORM}, text.encode())

    def post(self, service, action, params=None, **more):
        """A v3 JSON call; returns the `Response` object."""
        return self.v3(service, action, params, **more).response

    def code(self, service, action, params=None, **more):
        """The error code of a call, or None when it succeeded."""
        return self.v3(service, action, params, **more).code

    def get(self, path, method="GET", **headers):
        """A plain request of a path that is not the API."""
        return self.send(method, path, {"Host": self.address, **{k.replace("_", "-"): v for k, v in headers.items()}})
