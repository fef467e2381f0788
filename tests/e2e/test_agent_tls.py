"""The agent and a server with TLS: which certificates it trusts, what it says when it does not, and that it needs the
file given to `--ca` once only."""
import ssl
import subprocess

import pytest
from test_agent_program import agent, pytestmark, tool, users, wait  # noqa: F401  (fixture and mark)

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
LOCAL = "DNS:localhost,IP:127.0.0.1"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """A certificate authority of the tests, and what it signs."""

    def __init__(self, place, name):
        self.place, self.name = place, name
        self.pem, self.key = place / f"{name}.pem", place / f"{name}.key"
        openssl("req", "-x509", *EC, "-days", 2, "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.pem,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def sign(self, name, names):
        """A server certificate and its key."""
        cert, key, request, extensions = (self.place / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        extensions.write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n")
        openssl("req", "-new", *EC, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial",
                "-extfile", extensions, "-days", 2, "-out", cert)
        return cert, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ours")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "other")


def serve(make_server, cert, key, trusted, *more):
    """A server with this certificate; the tests themselves look only at who signed it."""
    context = ssl.create_default_context(cafile=trusted)
    context.check_hostname = False
    return make_server("--tls-cert", cert, "--tls-key", key, *more, tls=context)


def enroll(agent, server, *more, url=None):
    token = server.call("rollcall", "CreateEnrolmentToken", {})["Token"]
    return agent("enroll", "--server", url or server.url, "--token", token, *more)


def refused(done, *words):
    """Exit code 4 (it may work later), one line that says why, one that says what to do; nothing kept."""
    assert done.returncode == 4, (done.returncode, done.stderr)
    assert all(word in done.stderr.lower() for word in words) and "next:" in done.stderr, done.stderr
    assert "panicked" not in done.stderr and len(done.stderr.splitlines()) <= 3, done.stderr


def test_only_the_named_authority_is_trusted(make_server, agent, authority, other):
    server = serve(make_server, *authority.sign("server", LOCAL), authority.pem)
    refused(enroll(agent, server), "certificate", "--ca")
    refused(enroll(agent, server, "--ca", other.pem), "certificate", "--ca")
    assert not (agent.state / "enrolment.json").exists()
    missing = enroll(agent, server, "--ca", agent.place / "nothing.pem")
    assert missing.returncode == 1 and "nothing.pem" in missing.stderr
    (agent.place / "no.pem").write_text("hello")
    nonsense = enroll(agent, server, "--ca", agent.place / "no.pem")
    assert nonsense.returncode == 1 and "PEM" in nonsense.stderr, nonsense.stderr
    both = agent.place / "both.pem"
    both.write_text(other.pem.read_text() + authority.pem.read_text())
    assert enroll(agent, server, "--ca", both).returncode == 0


def test_the_file_is_needed_once(make_server, agent, authority):
    """The report goes over TLS also when the file is gone, and after a restart of the server with a new certificate."""
    server = serve(make_server, *authority.sign("server", LOCAL), authority.pem)
    ca = agent.place / "ca.pem"
    ca.write_text(authority.pem.read_text())
    assert enroll(agent, server, "--ca", ca).returncode == 0
    ca.unlink()
    assert agent("once").returncode == 0 and "root" in users(server, agent)
    agent.start()
    wait(lambda: agent.log_path.read_text().count("event=scanned") >= 2, 15, agent)
    server.listen = server.address
    assert server.stop() == 0
    authority.sign("server", LOCAL)
    server.start()
    tool("useradd", "-P", agent.root, "ann")
    wait(lambda: "ann" in users(server, agent), 30, agent)
    status = agent.status()
    assert status["Server"].startswith("https://") and status["Trouble"] is None, status


def test_the_name_has_to_be_that_of_the_certificate(make_server, agent, authority):
    server = serve(make_server, *authority.sign("elsewhere", "DNS:elsewhere.example"), authority.pem)
    refused(enroll(agent, server, "--ca", authority.pem), "certificate", "elsewhere.example")
    by_name = server.url.replace("127.0.0.1", "localhost")
    refused(enroll(agent, server, "--ca", authority.pem, url=by_name), "certificate", "localhost")


def test_a_certificate_that_signs_itself(make_server, agent, tmp_path):
    """As a server's own certificate it can be named; as an authority, which openssl makes unless told otherwise, not."""
    cert, key = tmp_path / "self.pem", tmp_path / "self.key"

    def sign(authority):
        openssl("req", "-x509", *EC, "-days", 2, "-subj", "/CN=localhost", "-addext", f"subjectAltName={LOCAL}",
                "-addext", f"basicConstraints=critical,CA:{authority}", "-keyout", key, "-out", cert)

    sign("TRUE")
    server = serve(make_server, cert, key, cert)
    refused(enroll(agent, server, "--ca", cert), "certificate", "ca:false")
    sign("FALSE")
    server = serve(make_server, cert, key, cert)
    assert enroll(agent, server, "--ca", cert).returncode == 0


def test_tls_where_there_is_none(make_server, agent, authority):
    server = make_server()
    refused(enroll(agent, server, "--ca", authority.pem, url=server.url.replace("http:", "https:")), "does not speak tls")
