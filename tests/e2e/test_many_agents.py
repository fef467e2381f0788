"""Many agents at once on top of a fleet, changing hosts, a server that is killed and started in between: nothing is
lost, every count is exact, and the rest of the fleet is as it was.

`ROLLCALL_AGENTS` (simulated ones, which sign for themselves), `ROLLCALL_SECONDS` and `ROLLCALL_FLEET` (hosts there are
before) make it larger: 200, 600 and 200000, say. A fleet is made by the program `bench` beside the server where there
is one; with `ROLLCALL_FLEET_DATA=DIR` it is kept in DIR for the next run. `ROLLCALL_START` is how many seconds a start
may take."""
import datetime
import http.client
import itertools
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import threading
import time

import pytest
from agents import Host, new_token
from raw import Raw
from reports import account, accounts_of, grant, report
from rig import BINARY
from test_agent_program import AGENT, Agent, make_root, tool

AGENTS = int(os.environ.get("ROLLCALL_AGENTS", "12"))
SECONDS = float(os.environ.get("ROLLCALL_SECONDS", "12"))
FLEET = int(os.environ.get("ROLLCALL_FLEET", "300"))
KEPT = os.environ.get("ROLLCALL_FLEET_DATA")
BENCH = pathlib.Path(BINARY).with_name("bench")
NO_ANSWER = (OSError, http.client.HTTPException)
STOPS = 6
FILTERS = [[], [("IsSudo", "1")], [("Status", "0")], [("LoginType", "3")], [("Name", "an")], [("IP", "10.0.1")],
           [("PasswordStatus", "3"), ("Status", "1")], [("NameStrict", "root")], [("Os", "Debian GNU/Linux 12")]]


def patient(call):
    """Repeats a call while the server is away or loads."""
    while True:
        try:
            answer = call()
        except NO_ANSWER:
            answer = None
        if answer is not None and answer.get("Error", {}).get("Code") != "ServiceUnavailable":
            assert "Error" not in answer, answer
            return answer
        time.sleep(0.05)


class Changing:
    """A host whose accounts come and go, reporting until it is told to stop; a report without an answer is repeated."""

    def __init__(self, server, number, token):
        self.server, self.random = server, random.Random(number)
        self.host = Host(server, f"many-{number:03}")
        self.host.enrol(token)
        self.names, self.events, self.reports = {"root"}, 0, 0
        self.tell()

    def change(self):
        before = set(self.names)
        for _ in range(self.random.randint(1, 3)):
            self.names ^= {f"user{self.random.randint(0, 19)}"}
        self.events += len(before ^ self.names)

    def tell(self):
        key = self.host.answer["SecretId"], self.host.answer["SecretKey"]
        sent = self.host.packed(*sorted(self.names))
        patient(lambda: Raw(self.server.address, *key).post("rollcall", "ReportHost", sent))
        self.reports += 1

    def run(self, until):
        while time.monotonic() < until:
            self.change()
            self.tell()
            time.sleep(self.random.uniform(0, 0.1 + AGENTS / 200))

    def quuid(self):
        return self.host.quuid

    def name(self):
        return self.host.name


class Real:
    """The real program on a root whose accounts the system's own tools change."""

    def __init__(self, server, place):
        self.server, self.random = server, random.Random(4711)
        self.agent = Agent(place, make_root(place))
        assert self.agent.enroll(server).returncode == 0
        self.agent.start()
        self.names, self.events, self.reports, self.number = self.in_passwd(), 0, 0, itertools.count()
        self.wait_for(self.names, 60)

    def in_passwd(self):
        return {line.split(":")[0] for line in (self.agent.root / "etc/passwd").read_text().splitlines()}

    def quuid(self):
        return self.agent.status()["Quuid"]

    def name(self):
        return "the real agent"

    def told(self):
        """The accounts that the server knows."""
        asked = {"Quuid": self.quuid(), "Limit": 100}
        answer = patient(lambda: self.server.raw().post("cwp", "DescribeAssetUserList", asked))
        return {user["Name"] for user in answer["Users"]}

    def wait_for(self, names, seconds):
        end = time.monotonic() + seconds
        while (told := self.told()) != names:
            assert time.monotonic() < end, (told ^ names, self.agent.log_path.read_text()[-2000:])
            time.sleep(0.1)

    def run(self, until):
        """Makes users, changes them, removes those that the server has heard of: each is one event."""
        root = self.agent.root
        while time.monotonic() < until:
            mine = sorted(name for name in self.told() & self.in_passwd() if name.startswith("soak"))
            if len(mine) > 8 and self.random.random() < 0.5:
                tool("userdel", "-P", root, mine[0])
            else:
                name = f"soak{next(self.number)}"
                tool("useradd", "-P", root, "-s", "/bin/bash", name)
                if self.random.random() < 0.5:
                    tool("usermod", "-P", root, "-aG", "sudo", name)
                    tool("usermod", "-P", root, "-L", name)
            self.events += 1
            self.names = self.in_passwd()
            time.sleep(self.random.uniform(0.1, 3))

    def end(self):
        # It tries again after five minutes at most.
        self.wait_for(self.names, 400)
        self.agent.stop()
        log = self.agent.log_path.read_text()
        assert "panicked" not in log
        self.reports = log.count("event=reported")


class Reader:
    """Somebody who asks for pages all the time; notes how long each took while the server was there."""

    def __init__(self, server):
        self.server, self.random, self.seconds, self.reports = server, random.Random(5), [], 0

    def run(self, until):
        while time.monotonic() < until:
            filters = [{"Name": name, "Values": [value]} for name, value in self.random.choice(FILTERS)]
            asked = {"Filters": filters, "Limit": 20, "Offset": self.random.choice([0, 0, 100])}
            started = time.monotonic()
            try:
                answer = self.server.raw().post("cwp", "DescribeAssetUserList", asked)
            except NO_ANSWER:
                answer = {"Error": {}}
            if "Error" not in answer:
                self.seconds.append(time.monotonic() - started)
            time.sleep(0.1)


def small_fleet():
    """Reports of hosts, made here."""
    for number in range(FLEET):
        people = [account(f"person{n}", 1000 + n, sudo={"grants": [grant()] if n % 4 == 0 else []}) for n in range(8)]
        yield json.dumps(report(f"vm-{number:06}", [account("root", 0), *people]))


def bench_fleet():
    """The hosts of the benches, 50 accounts each."""
    made = subprocess.Popen([BENCH, "gen", "fleet", str(FLEET)], stdout=subprocess.PIPE)
    yield from (line.decode() for line in made.stdout)
    assert made.wait() == 0


def fill(server):
    reports = iter(bench_fleet() if BENCH.exists() else small_fleet())
    while batch := list(itertools.islice(reports, 100)):
        results = server.call("rollcall", "ReportHosts", {"Reports": batch})["Results"]
        assert all(one["Code"] is None for one in results), results


def with_fleet(make_server):
    """A server that has the fleet in it."""
    server = make_server(listen="127.0.0.1:0")
    if KEPT and os.path.exists(KEPT):
        assert server.stop() == 0
        shutil.rmtree(server.directory)
        subprocess.run(["cp", "-r", "--reflink=auto", KEPT, server.directory], check=True)
        server.start()
    else:
        fill(server)
        assert server.stop() == 0
        if KEPT:
            subprocess.run(["cp", "-r", server.directory, KEPT], check=True)
        server.start()
    # The real agent knows one address.
    server.listen = server.address
    return server


def totals(server, **more):
    """How many accounts there are of each kind."""
    def total(filters):
        asked = {"Filters": [{"Name": name, "Values": [value]} for name, value in filters], "Limit": 1, **more}
        return server.call("cwp", "DescribeAssetUserList", asked)["Total"]

    return [total(filters) for filters in FILTERS]


def sample(server):
    """What the server says of some hosts of the fleet, whole."""
    found = {}
    for offset in random.Random(7).sample(range(FLEET), min(FLEET, 50)):
        host = server.call("rollcall", "ListHosts", {"Keyword": "vm-", "Offset": offset, "Limit": 1})["Hosts"][0]
        found[host["Quuid"]] = (host["Accounts"], accounts_of(server, {"Quuid": host["Quuid"]}))
    return found


def megabytes(path):
    return sum(file.stat().st_size for file in pathlib.Path(path).rglob("*") if file.is_file()) / 1e6


def resident(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return {name: int(line.split()[1]) // 1024 for line in status.splitlines()
            for name in ("VmRSS", "VmHWM") if line.startswith(name)}


def interrupt(server, until):
    """Kills and stops the server in turns; returns how long the starts took."""
    starts = []
    while time.monotonic() < until - SECONDS / STOPS:
        time.sleep(max(SECONDS / STOPS - (starts[-1] if starts else 0), 0.5))
        server.kill() if len(starts) % 2 == 0 else server.stop()
        began = time.monotonic()
        server.start()
        starts.append(time.monotonic() - began)
    return starts


def test_nothing_is_lost_while_the_server_comes_and_goes(make_server, tmp_path):
    server = with_fleet(make_server)
    fleet, before, disk = totals(server), sample(server), megabytes(server.directory)
    instant = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    time.sleep(0.02)
    token = new_token(server, Uses=AGENTS)
    hosts = [Changing(server, number, token) for number in range(AGENTS)]
    if os.path.exists(AGENT) and os.geteuid() == 0 and shutil.which("useradd"):
        hosts.append(Real(server, tmp_path))
    reader = Reader(server)
    until, failed = time.monotonic() + SECONDS, []

    def run(one):
        try:
            one.run(until)
        except BaseException as error:  # noqa: BLE001  (a thread's failure is the test's)
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in [*hosts, reader]]
    for thread in threads:
        thread.start()
    starts = interrupt(server, until)
    for thread in threads:
        thread.join()
    assert not failed and len(starts) >= 3, failed
    for host in hosts:
        if isinstance(host, Real):
            host.end()
    memory = resident(server)
    assert server.call("rollcall", "ListHosts", {"Limit": 1})["Total"] == FLEET + len(hosts)
    assert server.call("rollcall", "ListHosts", {"Limit": 1, "Keyword": "vm-"})["Total"] == FLEET
    assert totals(server)[0] == fleet[0] + sum(len(host.names) for host in hosts)
    events = 0
    for host in hosts:
        assert {a["Name"] for a in accounts_of(server, {"Quuid": host.quuid()})} == host.names, host.name()
        # Those that stay get another number when one before them comes or goes: only these kinds are counted.
        asked = {"Quuid": host.quuid(), "Kinds": ["new", "vanished"], "Limit": 1}
        total = server.call("rollcall", "ListAccountEvents", asked)["Total"]
        assert total == host.events, (host.name(), host.reports)
        events += total
    asked = {"Kinds": ["new", "vanished"], "Limit": 1}
    assert server.call("rollcall", "ListAccountEvents", asked)["Total"] == events, "nobody else has changed"
    assert sample(server) == before
    assert totals(server, AsOf=instant) == fleet
    server.restart()
    assert totals(server)[0] == fleet[0] + sum(len(host.names) for host in hosts)
    assert sample(server) == before
    reports = sum(host.reports for host in hosts)
    hundredths = statistics.quantiles(reader.seconds, n=100)
    print(f"\n{FLEET} hosts before, {fleet[0]} accounts; {len(hosts)} agents, {reports} reports in {SECONDS:.0f} s "
          f"({reports / SECONDS:.0f} a second), {events} accounts new or gone; starts {[round(s, 1) for s in starts]} s; "
          f"memory {memory} MB; {len(reader.seconds)} pages, p50 {hundredths[49] * 1000:.1f} ms, p99 "
          f"{hundredths[98] * 1000:.1f} ms; disk {disk:.0f} MB before, {megabytes(server.directory):.0f} MB after")
