"""The server around the API: probes, metrics, ids, stopping, TLS, limits, keys that take effect at once, clients that
dawdle."""
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from raw import Raw
from reports import account, report, send
from rig import BINARY, cli, wait_export

LIST = ("eiam", "ListUsers")


@pytest.fixture(scope="module", autouse=True)
def dawdler(server):
    """A client that never ends its request head, started early because the server waits for it a while."""
    host, port = server.address.split(":")
    slow = socket.create_connection((host, int(port)), timeout=30)
    slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
    yield slow, time.time()
    slow.close()


def test_probes(server):
    for path, text in (("/healthz", b"ok"), ("/readyz", b"ready")):
        answer = server.raw().get(path)
        assert answer.status == 200 and text in answer.body
    assert server.raw().get("/").status == 200, "a browser gets a page, not an error"


def test_metrics_count_and_keep_secrets(server):
    key = server.key("auditor")
    server.raw(key).post(*LIST, {})
    server.raw(key).post(*LIST, {"Offset": 0})
    answer = server.raw().get("/metrics")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("application/openmetrics-text")
    text = answer.body.decode()
    assert text.endswith("# EOF\n") and text.count("# EOF") == 1
    counted = [line for line in text.splitlines() if line.startswith("rollcall_requests_total") and 'action="ListUsers"' in line]
    assert any('code="OK"' in line for line in counted) and any("ParameterIllegal" in line for line in counted)
    for secret in (*key, server.secret_id, server.secret_key):
        assert secret not in text
    made_up = "NoSuchActionEver"
    server.raw().code("eiam", made_up, {})
    assert made_up not in server.raw().get("/metrics").body.decode(), "nobody outside can grow the labels"


def test_the_log_keeps_secrets(server):
    made = server.call("rollcall", "CreateKey", {"Name": "x", "Role": "admin", "ExpiresIn": 60})
    temporary = server.raw((made["SecretId"], made["SecretKey"]), made["Token"])
    signed = temporary.headers(*LIST, b"{}")
    temporary.send("POST", "/", signed, b"{}")
    log = server.log_text()
    for secret in (made["SecretKey"], made["Token"], server.secret_key, signed["Authorization"][-64:]):
        assert secret not in log


def test_ids(server):
    trace = "5b3a0b8c-6a0f-4a6c-9a1d-1f2e3d4c5b6a"
    for extra, echoed in (({"X-TC-TraceId": trace}, trace), ({}, None)):
        answer = server.raw().v3(*LIST, {}, extra=extra)
        assert answer.headers["X-TC-RequestId"] == answer.response["RequestId"] and answer.headers.get("X-TC-TraceId") == echoed
    ids = [server.raw().post(*LIST, {})["RequestId"] for _ in range(20)]
    assert len(set(ids)) == 20 and all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", i) for i in ids)
    assert server.raw().v3("eiam", "Nope", {}, extra={"X-TC-TraceId": trace}).headers["X-TC-TraceId"] == trace


def test_connections_are_kept(server):
    """Twenty calls on one connection, errors among them."""
    raw = server.raw()
    connection = raw.connect()
    for turn in range(20):
        body = b"{}" if turn % 3 else b"{"
        answer = raw.send("POST", "/", raw.headers(*LIST, body), body, connection)
        assert answer.code == (None if turn % 3 else "InvalidParameter")
    connection.close()


def test_any_path_is_the_api(server):
    headers = server.raw().headers(*LIST, b"{}")
    assert server.raw().send("POST", "/some/prefix?ignored=1", headers, b"{}").code is None


def test_answers_are_never_compressed(server):
    answer = server.raw().v3(*LIST, {}, extra={"Accept-Encoding": "gzip, deflate"})
    assert answer.headers.get("Content-Encoding") is None and answer.code is None


def test_keys_take_effect_at_once(server):
    key = server.key("auditor")
    raw, unknown = server.raw(key), "AuthFailure.SecretIdNotFound"
    for state, code in (("DISABLED", unknown), ("ENABLED", None), ("DISABLED", unknown), ("ENABLED", None)):
        server.call("rollcall", "ModifyKeyStatus", {"SecretId": key[0], "State": state})
        assert raw.code(*LIST, {}) == code
    server.call("rollcall", "DeleteKey", {"SecretId": key[0]})
    assert raw.code(*LIST, {}) == unknown and raw.v1(*LIST).code == unknown


def test_pipelined_and_broken_bytes(server):
    """Bytes that are no HTTP at all end the connection and nothing else."""
    host, port = server.address.split(":")
    for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\0" * 4096, b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"A" * 200_000,
                    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n"):
        with socket.create_connection((host, int(port)), timeout=10) as one:
            try:
                one.sendall(garbage)
                one.shutdown(socket.SHUT_WR)
                while one.recv(65536):
                    pass
            except OSError:
                pass
    assert server.raw().get("/healthz").status == 200


def test_rate_limit(make_server):
    server = make_server(rate_limit=5)
    one, two = server.raw(server.key("auditor")), server.raw(server.key("auditor"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: one.v3(*LIST, {}), range(60)))
    codes = [a.code for a in answers]
    limited = [a.response["Error"] for a in answers if a.code]
    assert codes.count(None) >= 5 and limited and {e["Code"] for e in limited} == {"RequestLimitExceeded"}
    assert "5" in limited[0]["Message"], "the limit is named"
    assert two.code(*LIST, {}) is None, "each key has its own"
    assert one.code("cwp", "DescribeAssetUserList", {}) is None, "each action has its own"
    time.sleep(1.2)
    assert one.code(*LIST, {}) is None
    with ThreadPoolExecutor(8) as pool:
        wrong = list(pool.map(lambda _: one.code(*LIST, {}, secret="x" * 32), range(60)))
    assert set(wrong) == {"AuthFailure.SignatureFailure"} and one.code(*LIST, {}) is None, "a stranger cannot use it up"


def in_flight(server):
    """How many calls are being answered."""
    page = server.raw().get("/metrics").body.decode()
    return int(re.search(r"^rollcall_requests_in_flight (\d+)", page, re.M)[1])


def test_graceful_stop(make_server):
    """What runs is answered, what was answered is there, the exit code is 0."""
    server = make_server()
    batches = [[{"UserName": f"stop-{n}-{i}"} for i in range(4000)] for n in range(3)]
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(server.raw().post, "rollcall", "ImportUsers", {"Users": users}) for users in batches]
        running.append(pool.submit(server.raw().post, "eiam", "CreateUser", {"UserName": "stop-one", "Password": "long enough 1"}))
        while not (in_flight(server) or any(one.done() for one in running)):
            time.sleep(0.01)
        assert server.stop() == 0
        answered = 0
        for one in running:
            try:
                answered += one.result().get("Created", 1)
            except (ConnectionError, OSError):
                pass  # It had not arrived before the end.
    assert answered > 0
    server.start()
    total = server.call("eiam", "ListUsers", {"IncludeTotal": True, "SearchCondition": {"UserName": "stop-*"}})["TotalCount"]
    assert total >= answered
    assert not (server.directory / "endpoint").read_text() == "", "a running server leaves its address"


def test_stop_right_after_the_start(make_server):
    """Whoever has read the address may stop the server at once: that too is a clean stop."""
    server = make_server()
    for _ in range(8):
        assert server.stop() == 0
        server.start()


def test_idle_connections_do_not_hold_up_the_stop(make_server):
    server = make_server()
    host, port = server.address.split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(5)]
    began = time.time()
    assert server.stop() == 0 and time.time() - began < 15
    for one in idle:
        one.close()


def test_plain_http_stays_on_this_machine(tmp_path):
    done = cli("serve", "--data-dir", tmp_path / "d", "--listen", "0.0.0.0:0", check=False)
    assert done.returncode == 1 and "--insecure-http" in done.stderr


def test_plain_http_beyond_can_be_forced(make_server):
    server = make_server("--insecure-http", listen="0.0.0.0:0")
    local = Raw("127.0.0.1:" + server.address.split(":")[1], server.secret_id, server.secret_key)
    assert local.code(*LIST, {}) is None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost that signs itself, and its key."""
    place = tmp_path_factory.mktemp("tls")
    cert, key = place / "cert.pem", place / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def test_tls(make_server, certificate, tmp_path):
    cert, key = certificate
    server = make_server("--tls-cert", cert, "--tls-key", key, tls=ssl.create_default_context(cafile=cert))
    assert server.url.startswith("https://")
    send(server, report("tls", [account("ann")]))
    assert server.raw().code(*LIST, {}) is None and server.raw().get("/healthz").status == 200
    done = wait_export(server, server.call("cwp", "ExportAssetUserList", {})["TaskId"])
    assert done["DownloadUrl"].startswith(server.url)
    unsigned = {"payload_hash": __import__("hashlib").sha256(b"UNSIGNED-PAYLOAD").hexdigest(), "extra": {"X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"}}
    assert server.raw().code(*LIST, {}, **unsigned) is None
    words = ("people", "list", "--format", "json", "--data-dir", server.directory, "--endpoint", server.url)
    assert json.loads(cli(*words, "--ca", cert)) == []
    assert cli(*words, check=False).returncode == 1, "a certificate nobody vouches for"
    with pytest.raises(ssl.SSLError):
        Raw(server.address, "a", "b", tls=ssl.create_default_context()).get("/healthz")
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port)), timeout=15) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" not in plain.recv(4096)


@pytest.mark.parametrize("words", [("--tls-cert", "missing.pem", "--tls-key", "missing.pem"), ("--tls-cert", "x.pem"), ("--listen", "nonsense"), ("--zone", "Mars/Olympus"), ("--rate-limit", "-1"), ("--public-url", "ftp://x")])
def test_wrong_options(tmp_path, words):
    done = cli("serve", "--data-dir", tmp_path / "d", *words, check=False)
    assert done.returncode in (1, 2) and "panicked" not in done.stderr and "error:" in done.stderr


def test_the_data_directory_is_private(server):
    for path in [server.directory, *server.directory.rglob("*")]:
        # The address is no secret, and the directory around it is closed anyway.
        assert path.name == "endpoint" or path.stat().st_mode & 0o077 == 0, path
    stored = b"".join(p.read_bytes() for p in server.directory.rglob("*") if p.is_file() and p.name != "credentials.toml")
    assert server.secret_key.encode() not in stored, "secrets are sealed"


def test_many_clients_at_once(server):
    """Reads while writes run: nobody fails and totals only grow."""
    totals, failed = [], []

    def read():
        for _ in range(25):
            answer = server.raw().post(*LIST, {"SearchCondition": {"UserName": "crowd-*"}, "IncludeTotal": True, "Offset": 0, "Limit": 1})
            totals.append(answer.get("TotalCount"))
            failed.extend([answer] if "Error" in answer else [])

    def write(number):
        for turn in range(10):
            users = [{"UserName": f"crowd-{number}-{turn}-{i}"} for i in range(5)]
            assert server.call("rollcall", "ImportUsers", {"Users": users})["Created"] == 5

    threads = [threading.Thread(target=read) for _ in range(4)] + [threading.Thread(target=write, args=(n,)) for n in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not failed and all(t % 5 == 0 for t in totals)
    assert server.call("eiam", "ListUsers", {"SearchCondition": {"UserName": "crowd-*"}, "IncludeTotal": True})["TotalCount"] == 150


def test_a_client_that_dawdles_is_dropped(dawdler):
    slow, began = dawdler
    slow.settimeout(max(1, began + 25 - time.time()))
    text = slow.recv(4096)
    assert text == b"" or b"408" in text or b"400" in text


def test_the_binary_says_its_version():
    assert re.match(r"rollcall \d+\.\d+\.\d+", cli("--version")), BINARY
