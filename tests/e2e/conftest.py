"""Starts the real binary for the tests and makes clients of it: official SDK, raw requester, command line."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import tomllib

import pytest
from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cwp.v20180228 import cwp_client
from tencentcloud.eiam.v20210420 import eiam_client

from raw import Raw

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROLLCALL_BIN", str(ROOT / "target/release/rollcall"))
for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
    os.environ.pop(name, None)


class Server:
    """One running `rollcall serve` on its own data directory."""

    def __init__(self, directory, *options, rate_limit="0"):
        self.directory, self.options, self.rate_limit = pathlib.Path(directory), options, rate_limit
        self.process = None
        self.start()

    def start(self, listen="127.0.0.1:0"):
        self.log = open(self.directory.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self.directory, "--listen", listen, "--rate-limit", self.rate_limit, *self.options],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL,
        )
        line = self.process.stdout.readline().decode()
        assert "http" in line, f"no address: {line!r}; log: {self.directory.with_suffix('.log').read_text()[-2000:]}"
        self.url = line.split()[-1].strip()
        self.address = self.url.split("://")[1].rstrip("/")
        keys = tomllib.loads((self.directory / "credentials.toml").read_text())
        self.secret_id, self.secret_key = find(keys, "secret_id"), find(keys, "secret_key")

    def stop(self):
        """Stops by SIGTERM, as a service manager does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.log.close()
        return code

    def kill(self):
        """Kills without warning."""
        self.process.kill()
        self.process.wait(timeout=30)
        self.log.close()

    def key(self, role="admin", name=None, tenant=None):
        """Makes a key through the command line and returns (SecretId, SecretKey)."""
        more = ["--tenant", tenant] if tenant else []
        made = cli("keys", "create", "--data-dir", self.directory, "--role", role, "--name", name or role, "--format", "json", *more)
        key = json.loads(made)
        return key["SecretId"], key["SecretKey"]

    def raw(self, key=None):
        return Raw(self.address, *(key or (self.secret_id, self.secret_key)))

    def profile(self, **sign):
        profile = ClientProfile(**sign)
        profile.httpProfile = HttpProfile(protocol="http", endpoint=self.address, reqTimeout=60, **{})
        return profile

    def credential(self, key=None, token=None):
        return credential.Credential(*(key or (self.secret_id, self.secret_key)), token)

    def eiam(self, key=None, token=None, **sign):
        return eiam_client.EiamClient(self.credential(key, token), "", self.profile(**sign))

    def cwp(self, key=None, token=None, **sign):
        return cwp_client.CwpClient(self.credential(key, token), "", self.profile(**sign))

    def own(self, key=None):
        """The official generic client on our own service."""
        return CommonClient("rollcall", "2026-12-01", self.credential(key), "", profile=self.profile())

    def call(self, service, action, params=None, key=None):
        """A raw call that has to succeed; returns `Response`."""
        answer = self.raw(key).post(service, action, params or {})
        assert "Error" not in answer, (action, answer)
        return answer


def find(tree, name):
    """The first value of a key anywhere in a TOML document."""
    if isinstance(tree, dict):
        if name in tree:
            return tree[name]
        for value in tree.values():
            found = find(value, name)
            if found is not None:
                return found
    return None


def cli(*words, check=True, env=None, input=None):
    """Runs the command line; returns its standard output."""
    done = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=120, input=input,
                          env={**os.environ, **(env or {})}, stdin=None if input is not None else subprocess.DEVNULL)
    if check:
        assert done.returncode == 0, (words, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        return done.stdout
    return done


@pytest.fixture
def make_server():
    """Makes servers that are gone, with their directories, when the test ends."""
    made, places = [], []

    def make(*options, **more):
        place = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-e2e-"))
        places.append(place)
        server = Server(place / "data", *options, **more)
        made.append(server)
        return server

    yield make
    for server in made:
        if server.process.poll() is None:
            server.kill()
    for place in places:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def server():
    """One server for all tests of a file; tests use names of their own so that they do not meet."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-e2e-"))
    server = Server(place / "data")
    yield server
    if server.process.poll() is None:
        assert server.stop() == 0
    shutil.rmtree(place, ignore_errors=True)


def wait_export(server, task, key=None, seconds=60):
    """Polls ExportTasks until the task ends; returns the last answer."""
    end = time.time() + seconds
    while time.time() < end:
        answer = server.call("cwp", "ExportTasks", {"TaskId": task}, key=key)
        if answer["Status"] != "PENDING":
            return answer
        time.sleep(0.05)
    raise AssertionError(f"export {task} did not end")
