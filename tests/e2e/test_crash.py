"""Killed without warning in the middle of everything, several times over: every write that was answered is there
afterwards, no report is seen in halves, and every accepted export comes to an end."""
import json
import random
import threading
import time

from reports import account, accounts_of, report
from rig import wait_export

ROUNDS, HOSTS, IMPORTERS = 5, 3, 2
ENDED = (ConnectionError, OSError, EOFError)


def version(host, number):
    """A report whose accounts tell which version of it they are."""
    return report(f"crash-{host}", [account(f"v{number}-{i}", i) for i in range(3 + number % 5)])


class Load:
    """Writers that note what was answered, until the server is gone."""

    def __init__(self, server, name):
        self.server, self.name, self.over = server, name, threading.Event()
        self.people, self.exports, self.answered = [], [], dict.fromkeys(range(HOSTS), 0)
        self.errors = []

    def run(self, versions, seconds):
        self.sent = dict(versions)
        self.answered = dict(versions)
        work = [(self.import_people, n) for n in range(IMPORTERS)] + [(self.report, n) for n in range(HOSTS)]
        work += [(self.create_person, 0), (self.export, 0)]
        threads = [threading.Thread(target=self.loop, args=one) for one in work]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.server.kill()
        self.over.set()
        for thread in threads:
            thread.join(60)

    def loop(self, step, number):
        import http.client

        for turn in range(10**9):
            if self.over.is_set():
                return
            try:
                step(number, turn)
            except (*ENDED, http.client.HTTPException, ValueError):
                return  # The server is gone; what was not answered may or may not be there.
            except AssertionError as error:
                if not self.over.is_set() and self.server.running():
                    self.errors.append(error)
                return

    def import_people(self, number, turn):
        names = [f"{self.name}-{number}-{turn}-{i}" for i in range(4)]
        answer = self.server.call("rollcall", "ImportUsers", {"Users": [{"UserName": n} for n in names]})
        assert answer["Created"] == 4
        self.people.append(names)

    def create_person(self, _, turn):
        name = f"{self.name}-made-{turn}"
        self.server.call("eiam", "CreateUser", {"UserName": name, "Password": "long enough 1"})
        self.people.append([name])

    def report(self, host, _):
        self.sent[host] += 1
        self.server.call("rollcall", "ReportHost", {"Report": json.dumps(version(host, self.sent[host]))})
        self.answered[host] = self.sent[host]

    def export(self, _, __):
        task = self.server.call("cwp", "ExportAssetUserList", {"Format": random.choice(["csv", "xlsx", "jsonl"])})["TaskId"]
        self.exports.append(task)
        time.sleep(0.02)


def everybody(server):
    """Names of all people, with a check of the total."""
    names, offset, total = set(), 0, 1
    while offset < total:
        page = server.call("eiam", "ListUsers", {"Offset": offset, "Limit": 100, "IncludeTotal": True, "ExpectedFields": ["UserName"]})
        total = page["TotalCount"]
        names |= {u["UserName"] for u in page["UserList"]}
        offset += 100
    assert len(names) == total
    return names


def seen_version(server, host):
    """The one version of a host's report that is visible; 0 for none."""
    names = {row["Name"] for row in accounts_of(server, {"Quuid": f"q-crash-{host}"})}
    if not names:
        return 0
    numbers = {int(name[1:].split("-")[0]) for name in names}
    assert len(numbers) == 1, f"two versions at once: {names}"
    number = numbers.pop()
    assert names == {a["name"] for a in version(host, number)["accounts"]}, "half a report"
    return number


def test_killed_again_and_again(make_server):
    server = make_server()
    people, exports, versions = [], [], dict.fromkeys(range(HOSTS), 0)
    for turn in range(ROUNDS):
        load = Load(server, f"round{turn}")
        load.run(versions, random.uniform(0.3, 1.5))
        assert not load.errors, load.errors[0]
        people += load.people
        exports += load.exports
        server.start()
        names = everybody(server)
        lost = [batch for batch in people if not names.issuperset(batch)]
        assert not lost, f"answered and lost: {lost[:3]}"
        halves = [n for n in range(IMPORTERS) for t in range(10**4) if f"round{turn}-{n}-{t}-0" in names and f"round{turn}-{n}-{t}-3" not in names]
        assert not halves, "half an import"
        for host in range(HOSTS):
            seen = seen_version(server, host)
            assert load.answered[host] <= seen <= load.sent[host], (host, seen)
            versions[host] = load.sent[host]
        for task in exports:
            assert wait_export(server, task)["Status"] in ("FINISHED", "ERROR")
    assert people and exports and all(versions.values())
    assert server.stop() == 0
    server.start()
    assert everybody(server).issuperset(name for batch in people for name in batch)
