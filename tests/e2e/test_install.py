"""What a server hands out for new hosts: packages of the agent, the script, and the one line that is really run here, by
root of a copy-on-write copy of this system."""
import hashlib
import os
import re
import shutil
import socket
import subprocess
import uuid

import pytest
from rig import cli
from test_agent_program import AGENT, pytestmark, wait  # noqa: F401
from test_agent_tls import LOCAL, Authority, serve

CONTROL = "Package: rollcall-agent\nVersion: 9\nArchitecture: {}\nMaintainer: t <t@t.example>\nDescription: the agent\n"


def architecture():
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def packages(place):
    """A directory with a package of the agent that is tested, and things that are nobody's business."""
    stage, made = place / "stage", place / "packages"
    (stage / "DEBIAN").mkdir(parents=True)
    (stage / "usr/bin").mkdir(parents=True)
    made.mkdir()
    (stage / "DEBIAN/control").write_text(CONTROL.format(architecture()))
    shutil.copy(AGENT, stage / "usr/bin/rollcall-agent")
    # Fast to pack: the program of a debug build is large.
    deb = made / f"rollcall-agent_9_{architecture()}.deb"
    subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "--root-owner-group", "--build", stage, deb], check=True, capture_output=True)
    (made / "notes.txt").write_text("secret")
    (made / "rollcall-agent_9_other.deb").symlink_to("/etc/passwd")
    return made, deb


needs_dpkg = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="needs dpkg-deb")


def made(server, **more):
    return server.call("rollcall", "CreateEnrolmentToken", more)


@needs_dpkg
def test_what_is_handed_out(make_server, tmp_path):
    directory, deb = packages(tmp_path)
    server = make_server("--packages", directory)
    raw = server.raw()
    script = raw.get("/install.sh")
    text = script.body.decode() if isinstance(script.body, bytes) else script.body
    content = deb.read_bytes()
    assert script.status == 200 and hashlib.sha256(content).hexdigest() in text and server.url in text
    assert script.headers["Cache-Control"] == "no-store" and script.headers["X-Content-Type-Options"] == "nosniff"
    assert subprocess.run(["sh", "-n"], input=text, text=True).returncode == 0
    assert raw.get(f"/install/{deb.name}").body == content
    assert raw.get(f"/install/{deb.name}", Range="bytes=0-6").body == content[:7]
    head = raw.get(f"/install/{deb.name}", "HEAD")
    assert head.status == 200 and int(head.headers["Content-Length"]) == len(content)
    for name in ("notes.txt", "rollcall-agent_9_other.deb", "..%2Fpackages%2F" + deb.name, "../" + deb.name, "%2Fetc%2Fpasswd",
                 "..", ".", "%00", "x" * 3000, "../../data/master.key"):
        answer = raw.get("/install/" + name)
        # What leads out of /install/ is the API's: it says who it is, or what is wrong with the call.
        assert answer.status == 404 or b"Rollcall" in str(answer.body).encode() or "Response" in answer.body, (name, answer)
        assert "secret" not in str(answer.body) and "root:" not in str(answer.body), (name, answer)
    answer = server.call("cwp", "DescribeAgentInstallCommand", {"IsCloud": False, "NetType": "public"})
    assert "/install.sh" in answer["LinuxCommand"] and answer["LinuxCommand"] == answer["ARMCommand"]
    line = made(server)["InstallCommand"]
    sum_ = re.search("[0-9a-f]{64}", line).group()
    assert sum_ == hashlib.sha256(text.encode()).hexdigest() and " -fsS " in line
    assert all("rct1" not in part for part in re.findall(r"https?://\S+", line)), "no token in an address"
    shutil.copy(deb, directory / f"rollcall-agent_10_{architecture()}.deb")
    os.utime(directory / f"rollcall-agent_10_{architecture()}.deb", (2e9, 2e9))
    assert "rollcall-agent_10_" in made(server)["InstallCommand"] or "rollcall-agent_10_" in str(raw.get("/install.sh").body)


def test_without_packages_everything_is_as_before(make_server):
    server = make_server()
    assert server.raw().get("/install.sh").status == 404 and server.raw().get("/install/x").status == 404
    assert made(server)["InstallCommand"] is None
    linux = server.call("cwp", "DescribeAgentInstallCommand", {"IsCloud": False, "NetType": "public"})["LinuxCommand"]
    assert linux.startswith("rollcall-agent enroll --server ")
    words = ("hosts", "token", "create", "--data-dir", server.directory, "--endpoint", server.url)
    assert "rollcall-agent enroll" in cli(*words)


class Host:
    """A copy-on-write copy of this system; nothing that is done in it stays."""

    ROOT = """set -e; mount --make-rprivate /; mount -t tmpfs tmpfs "$1"; cd "$1"; mkdir upper work root
        mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
        for dir in dev proc sys tmp; do mount --rbind /$dir root/$dir; done
        echo "$2" >root/etc/machine-id; exec chroot root sh -c "$3" """

    def __init__(self, place):
        self.place, self.machine = place / "host", uuid.uuid4().hex
        self.place.mkdir()

    def __call__(self, line):
        words = ["unshare", "--mount", "sh", "-c", self.ROOT, "sh", self.place, self.machine, line]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120, env=env)


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    if os.geteuid() != 0 or not shutil.which("curl") or not shutil.which("dpkg-deb"):
        pytest.skip("needs root, curl and dpkg-deb")
    if host("true").returncode:
        pytest.skip("no copy-on-write copy of this system can be mounted here")
    return host


def reported(server):
    hosts = server.call("rollcall", "ListHosts", {})["Hosts"]
    return [host for host in hosts if socket.gethostname() in host.values()]


def test_the_line_installs_and_enrols(make_server, host, tmp_path):
    """Over TLS with an authority the host does not know: the line alone is trusted."""
    authority = Authority(tmp_path, "ours")
    directory, _ = packages(tmp_path)
    server = serve(make_server, *authority.sign("server", LOCAL), authority.pem,
                   "--packages", directory, "--agent-ca", authority.pem)
    line = made(server)["InstallCommand"]
    assert " -fsSk " in line
    status = "rollcall-agent status --format json; dpkg-query -W rollcall-agent"
    done = host(f"{line} && rollcall-agent once && {status}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"State": "enrolled"' in done.stdout and "rollcall-agent\t9" in done.stdout, done.stdout
    assert reported(server)
    assert not os.path.exists("/var/lib/rollcall-agent/enrolment.json")


def test_what_was_changed_on_the_way_is_not_run(make_server, host, tmp_path):
    directory, deb = packages(tmp_path)
    server = make_server("--packages", directory)
    line = made(server)["InstallCommand"]
    with open(deb, "ab") as file:
        file.write(b"more")
    done = host(f"{line}; echo code=$?; command -v rollcall-agent || echo nothing")
    assert "code=1" in done.stdout and "nothing" in done.stdout and "FAILED" in done.stdout + done.stderr, (done.stdout, done.stderr)
    script = server.raw().get("/install.sh").body
    (tmp_path / "script").write_bytes(script if isinstance(script, bytes) else script.encode())
    with open(deb, "ab") as file:
        file.write(b"again")
    done = host(f"sh {tmp_path}/script; echo code=$?; command -v rollcall-agent || echo nothing")
    assert "code=1" in done.stdout and "nothing" in done.stdout and "is not what the server has" in done.stderr, (done.stdout, done.stderr)


def test_a_bad_token_is_told(make_server, host, tmp_path):
    directory, _ = packages(tmp_path)
    server = make_server("--packages", directory)
    made_token = made(server)
    server.call("rollcall", "RevokeEnrolmentToken", {"TokenId": made_token["SecretId"]})
    done = host(made_token["InstallCommand"])
    assert done.returncode == 1 and "token" in done.stderr, (done.returncode, done.stderr)
