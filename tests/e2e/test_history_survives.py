"""History over kills and removals: after a server was killed in the middle of writing it, the events are the differences
of the states that were answered, no more and no less; and a machine that is deleted leaves its history behind."""
import http.client
import json
import random
import threading
import time
import zlib
from datetime import datetime, timezone

from reports import account, accounts_of, report, send

ROUNDS, HOSTS = 4, 4
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)
SHELLS = ("/bin/bash", "/bin/zsh", "/bin/dash")


def instant():
    """The present instant, with nothing else happening around it."""
    time.sleep(0.003)
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    time.sleep(0.003)
    return now


def told(state, host):
    """A report of a state, which is shells by name. Nothing but these differs between two of a host."""
    accounts = [account(name, zlib.crc32(name.encode()) % 60_000, shell=shell) for name, shell in sorted(state.items())]
    return report(host, accounts)


def differences(before, after):
    """The events that lead from one state to the next: (name, kinds, shell before, shell after)."""
    def kinds(name):
        if name not in before:
            return ("new",)
        return ("shell",) if name in after else ("vanished",)

    changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return {(name, kinds(name), before.get(name), after.get(name)) for name in changed}


class Host:
    """A host that reports one state after the other; what was answered is known."""

    def __init__(self, number):
        self.name, self.random = f"turn-{number}", random.Random(number)
        self.states, self.sent, self.instants = [{"root": "/bin/bash"}], None, []

    def next_state(self):
        state = dict(self.states[-1])
        for name in self.random.sample([f"user{n}" for n in range(30)], self.random.randint(1, 12)):
            if name in state and self.random.random() < 0.5:
                del state[name]
            else:
                state[name] = self.random.choice([s for s in SHELLS if s != state.get(name)])
        return state

    def stream(self, server, over):
        while not over.is_set():
            self.sent = self.next_state()
            try:
                send(server, told(self.sent, self.name))
            except NO_ANSWER:
                return
            self.states.append(self.sent)
            self.sent = None
            if self.random.random() < 0.2:
                self.instants.append((instant(), self.states[-1]))

    def settle(self, server):
        """What was not answered may have happened or not, but not in part."""
        found = {row["Name"]: row["Shell"] for row in accounts_of(server, {"Quuid": f"q-{self.name}"})}
        if self.sent is not None and found == self.sent:
            self.states.append(self.sent)
        self.sent = None
        assert found == self.states[-1], (self.name, found)


def events_of(server, quuid):
    """All events of a host, oldest first."""
    found, total = [], 1
    while len(found) < total:
        asked = {"Quuid": quuid, "Offset": len(found), "Limit": 100}
        answer = server.call("rollcall", "ListAccountEvents", asked)
        total, page = answer["Total"], answer["Events"]
        assert page or len(found) == total
        found += page
    return found[::-1]


def seen(event):
    shell = lambda side: event[side] and event[side]["Shell"]  # noqa: E731
    return event["Name"], tuple(event["Kinds"]), shell("Before"), shell("After")


def check(server, host):
    events = events_of(server, f"q-{host.name}")
    assert [e["Id"] for e in events] == sorted({e["Id"] for e in events})
    assert [e["Time"] for e in events] == sorted(e["Time"] for e in events)
    for before, after in zip(host.states, host.states[1:]):
        expected = differences(before, after)
        change, events = events[:len(expected)], events[len(expected):]
        assert {seen(event) for event in change} == expected, host.name
        assert len({event["Digest"] for event in change}) == 1
    assert not events, "more than has happened"
    for at, state in random.sample(host.instants, min(4, len(host.instants))):
        rows = accounts_of(server, {"Quuid": f"q-{host.name}", "AsOf": at})
        assert {row["Name"]: row["Shell"] for row in rows} == state, (host.name, at)


def test_killed_while_history_is_written(make_server):
    server = make_server()
    hosts = [Host(number) for number in range(HOSTS)]
    send(server, *[told(host.states[0], host.name) for host in hosts])
    for _round in range(ROUNDS):
        over = threading.Event()
        threads = [threading.Thread(target=host.stream, args=(server, over)) for host in hosts]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.3, 1.2))
        server.kill()
        over.set()
        for thread in threads:
            thread.join(60)
        server.start()
        for host in hosts:
            host.settle(server)
            check(server, host)
    assert all(len(host.states) > 2 * ROUNDS and host.instants for host in hosts)
    server.restart()
    for host in hosts:
        check(server, host)


def test_a_deleted_machine_leaves_its_history(make_server):
    server = make_server()
    states = [{"root": "/bin/bash", "ann": "/bin/bash"}, {"root": "/bin/bash", "ann": "/bin/zsh", "bob": "/bin/bash"}]
    instants = []
    for state in states:
        send(server, told(state, "gone"), told({"root": "/bin/bash"}, "stays"))
        instants.append(instant())
    uuid = accounts_of(server, {"Quuid": "q-gone"})[0]["Uuid"]
    server.call("cwp", "DeleteMachine", {"Uuid": uuid})
    # Killed at once: what was answered has happened, with its history.
    server.kill()
    server.start()

    def holds():
        lived = [differences(states[0], states[1]), differences(states[1], {})]
        events = events_of(server, "q-gone")
        sizes = [len(change) for change in lived]
        assert [{seen(e) for e in events[:sizes[0]]}, {seen(e) for e in events[sizes[0]:sum(sizes)]}] == lived
        for at, state in zip(instants, states):
            rows = accounts_of(server, {"Quuid": "q-gone", "AsOf": at})
            assert {row["Name"]: row["Shell"] for row in rows} == state
        assert {row["Quuid"] for row in accounts_of(server, {"AsOf": instants[1]})} == {"q-gone", "q-stays"}
        told_of = server.call("cwp", "DescribeHistoryAccounts", {"Uuid": uuid, "Limit": 100})
        types = [(row["ModifyType"], row["Username"]) for row in told_of["HistoryAccounts"]]
        assert {("CREATE", "ann"), ("MODIFY", "ann"), ("CREATE", "bob"), ("DELETE", "bob"), ("DELETE", "root")} <= set(types), types
        return len(events)

    assert {row["Quuid"] for row in accounts_of(server)} == {"q-stays"}
    deleted = instant()
    events = holds()
    # It comes back: a life of its own after the one there was.
    send(server, told({"root": "/bin/bash", "eve": "/bin/bash"}, "gone"))
    assert {row["Name"] for row in accounts_of(server, {"Quuid": "q-gone"})} == {"root", "eve"}
    assert accounts_of(server, {"Quuid": "q-gone", "AsOf": deleted}) == []
    assert holds() >= events
    send(server, told({"root": "/bin/bash"}, "gone"))
    server.restart()
    assert seen(events_of(server, "q-gone")[-1]) == ("eve", ("vanished",), "/bin/bash", None)
    holds()
    assert {row["Name"] for row in accounts_of(server, {"Quuid": "q-stays", "AsOf": instants[0]})} == {"root"}
