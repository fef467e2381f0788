"""A requester that signs by the public document alone and can get anything wrong on purpose.

It shares no code with the server or with the SDKs, so it is a third opinion on the signature rules.
"""
import hashlib
import hmac
import http.client
import json
import time
from datetime import datetime, timezone

VERSIONS = {"eiam": "2021-04-20", "cwp": "2018-02-28", "rollcall": "2026-12-01"}


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Raw:
    """One caller: an address ("127.0.0.1:port") and a key."""

    def __init__(self, address, secret_id, secret_key, token=None):
        self.address, self.secret_id, self.secret_key, self.token = address, secret_id, secret_key, token

    def headers(self, service, action, body=b"", **wrong):
        """Signed headers of a v3 POST. Any of `wrong` replaces the right value: timestamp, date, host, secret,
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

    def send(self, method, path, headers, body=b""):
        """Sends exactly this and returns (status, headers, parsed JSON or text)."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if value is not None:
                    connection.putheader(name, value)
            if "Content-Length" not in headers and method != "GET":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body if method != "GET" else None)
            answer = connection.getresponse()
            text = answer.read()
            kind = answer.headers.get("Content-Type", "")
            return answer.status, answer.headers, json.loads(text) if kind == "application/json" else text
        finally:
            connection.close()

    def post(self, service, action, params, extra=None, raw_body=None, **wrong):
        """A v3 JSON call; returns the `Response` object."""
        body = raw_body if raw_body is not None else json.dumps(params).encode()
        headers = self.headers(service, action, body, **wrong)
        headers.update(extra or {})
        status, _, answer = self.send("POST", "/", headers, body)
        assert status == 200, (status, answer)
        return answer["Response"]

    def code(self, service, action, params, **more):
        """The error code of a call, or None when it succeeded."""
        return self.post(service, action, params, **more).get("Error", {}).get("Code")
