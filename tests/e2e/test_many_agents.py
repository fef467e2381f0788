"""Many agents at once, changing hosts, a server that is killed and started in between: nothing is lost and every count
is exact. `ROLLCALL_AGENTS` and `ROLLCALL_SECONDS` make it longer (200 and 600, say)."""
import http.client
import os
import random
import threading
import time

from agents import Host, new_token
from raw import Raw
from reports import accounts_of

AGENTS = int(os.environ.get("ROLLCALL_AGENTS", "12"))
SECONDS = float(os.environ.get("ROLLCALL_SECONDS", "6"))
NO_ANSWER = (OSError, http.client.HTTPException)


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
        while True:
            self.host.caller = Raw(self.server.address, *key)
            try:
                self.host.report(*sorted(self.names), packed=True)
                break
            except NO_ANSWER:
                time.sleep(0.05)
        self.reports += 1

    def run(self, until):
        while time.monotonic() < until:
            self.change()
            self.tell()
            time.sleep(self.random.uniform(0, 0.1 + AGENTS / 200))


def test_nothing_is_lost_while_the_server_comes_and_goes(make_server):
    server = make_server()
    token = new_token(server, Uses=AGENTS)
    hosts = [Changing(server, number, token) for number in range(AGENTS)]
    until, failed = time.monotonic() + SECONDS, []

    def run(host):
        try:
            host.run(until)
        except BaseException as error:  # noqa: BLE001  (a thread's failure is the test's)
            failed.append(error)

    threads = [threading.Thread(target=run, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    stops = 0
    while time.monotonic() < until - SECONDS / 6:
        time.sleep(max(SECONDS / 6, 0.5))
        server.kill() if stops % 2 == 0 else server.stop()
        server.start()
        stops += 1
    for thread in threads:
        thread.join()
    assert not failed and stops >= 3
    assert server.call("rollcall", "ListHosts", {"Limit": 100})["Total"] == AGENTS
    assert len(accounts_of(server)) == sum(len(host.names) for host in hosts)
    for host in hosts:
        quuid = host.host.quuid
        assert {a["Name"] for a in accounts_of(server, {"Quuid": quuid})} == host.names
        # Those that stay get another number when one before them comes or goes: only these kinds are counted.
        asked = {"Quuid": quuid, "Kinds": ["new", "vanished"], "Limit": 1}
        events = server.call("rollcall", "ListAccountEvents", asked)
        assert events["Total"] == host.events, (host.host.name, host.reports)
    print(f"{sum(host.reports for host in hosts)} reports, {stops} stops, {sum(host.events for host in hosts)} events")
