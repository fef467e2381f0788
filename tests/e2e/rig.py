"""Starts the real binary for the tests and makes clients of it: official SDK, raw requester, command line."""
import os
import pathlib
import select
import signal
import subprocess
import time
import tomllib
from urllib.parse import urlsplit

from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cwp.v20180228 import cwp_client
from tencentcloud.eiam.v20210420 import eiam_client

from raw import VERSIONS, Raw

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROLLCALL_BIN", str(ROOT / "target/release/rollcall"))
# Seconds that a start may take, and a stop.
START = int(os.environ.get("ROLLCALL_START", "60"))


class Server:
    """One running `rollcall serve` on its own data directory."""

    def __init__(self, directory, *options, rate_limit=0, listen="127.0.0.1:0", tls=None):
        self.directory, self.listen, self.tls = pathlib.Path(directory), listen, tls
        zone = [] if "--zone" in options else ["--zone", "UTC"]
        self.options = [*options, *zone, "--rate-limit", str(rate_limit)]
        self.log_path = self.directory.with_suffix(".log")
        self.start()

    def start(self):
        """Starts the server and waits for the line that says where it listens."""
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self.directory, "--listen", self.listen, *self.options],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL,
        )
        ready, _, _ = select.select([self.process.stdout], [], [], START)
        line = self.process.stdout.readline().decode() if ready else f"nothing for {START} s"
        if "http" not in line:
            self.kill()
            raise AssertionError(f"no address: {line!r}; log: {self.log_text()[-2000:]}")
        self.url = line.split()[-1].strip()
        self.address = urlsplit(self.url).netloc
        key = tomllib.loads((self.directory / "credentials.toml").read_text())
        self.secret_id, self.secret_key = key["SecretId"], key["SecretKey"]

    def stop(self):
        """Stops by SIGTERM, as a service manager does; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self):
        """Kills without warning."""
        self.process.kill()
        return self._ended()

    def _ended(self):
        code = self.process.wait(timeout=START)
        self.process.stdout.close()
        self.log.close()
        return code

    def restart(self):
        assert self.stop() == 0
        self.start()

    def running(self):
        return self.process.poll() is None

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def raw(self, key=None, token=None):
        """A raw requester with a key: (SecretId, SecretKey), the first admin's unless told otherwise."""
        return Raw(self.address, *(key or (self.secret_id, self.secret_key)), token=token, tls=self.tls)

    def call(self, service, action, params=None, key=None):
        """A raw call that has to succeed; returns `Response`."""
        answer = self.raw(key).post(service, action, params or {})
        assert "Error" not in answer, (action, answer)
        return answer

    def key(self, role, tenant=None, key=None):
        """A new key as (SecretId, SecretKey)."""
        wanted = {"Role": role, "Name": f"{role} of the tests", "Tenant": tenant}
        made = self.call("rollcall", "CreateKey", wanted, key=key)
        return made["SecretId"], made["SecretKey"]

    def tenant(self, name):
        """A new tenant; returns its first admin key as (SecretId, SecretKey)."""
        made = self.call("rollcall", "CreateTenant", {"Name": name})
        return made["SecretId"], made["SecretKey"]

    def profile(self, method="POST", unsigned=False, **sign):
        """A profile of the official SDK; `sign` are members of ClientProfile such as signMethod."""
        profile = ClientProfile(**sign)
        profile.unsignedPayload = unsigned
        profile.httpProfile = HttpProfile(protocol="http", endpoint=self.address, reqMethod=method, reqTimeout=60)
        return profile

    def credential(self, key=None, token=None):
        return credential.Credential(*(key or (self.secret_id, self.secret_key)), token)

    def eiam(self, key=None, token=None, **sign):
        return eiam_client.EiamClient(self.credential(key, token), "", self.profile(**sign))

    def cwp(self, key=None, token=None, **sign):
        return cwp_client.CwpClient(self.credential(key, token), "", self.profile(**sign))

    def own(self, key=None, token=None):
        """The official generic client on the project's own service."""
        return CommonClient("rollcall", VERSIONS["rollcall"], self.credential(key, token), "", profile=self.profile())


def cli(*words, check=True, env=None, input=None, cwd=None):
    """Runs the command line. With `check` it has to succeed and its standard output is returned, else the process."""
    done = subprocess.run(
        [BINARY, *map(str, words)], capture_output=True, text=True, timeout=120, cwd=cwd,
        input="" if input is None else input, env={**os.environ, **(env or {})},
    )
    if not check:
        return done
    assert done.returncode == 0, (words, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def wait_export(server, task, key=None, seconds=60):
    """Polls ExportTasks until the task ends; returns the last answer."""
    end = time.time() + seconds
    while time.time() < end:
        answer = server.call("cwp", "ExportTasks", {"TaskId": task}, key=key)
        if answer["Status"] != "PENDING":
            return answer
        time.sleep(0.05)
    raise AssertionError(f"export {task} did not end")


def export(server, params=None, key=None):
    """Exports accounts and fetches the file; returns (bytes, last answer of ExportTasks)."""
    task = server.call("cwp", "ExportAssetUserList", params or {}, key=key)["TaskId"]
    done = wait_export(server, task, key)
    assert done["Status"] == "FINISHED", done
    return fetch(server, done["DownloadUrl"]).body, done


def fetch(server, url, method="GET", **headers):
    """Fetches a download link without any signature."""
    parts = urlsplit(url)
    assert parts.netloc == server.address, (url, server.address)
    return server.raw().get(parts.path, method, **headers)
