"""What can happen to the server's data directory: no space left, read-only, a damaged file, another server in it. Each
time it says what is wrong and what to do; what was answered is there afterwards, and nothing else has changed."""
import json
import os
import shutil
import sqlite3
import subprocess

import pytest
from reports import account, accounts_of, report, send
from rig import BINARY, Server

HOSTS = 20

needs_mounts = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")


def start_refused(directory):
    """Starts a server that cannot start; returns what it says."""
    words = [BINARY, "serve", "--data-dir", directory, "--listen", "127.0.0.1:0", "--zone", "UTC"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "panicked" not in done.stderr, (done.returncode, done.stderr[-2000:])
    return done.stderr


def report_text(host, accounts):
    return json.dumps(report(host, accounts))


def names(server):
    return {(row["Quuid"], row["Name"]) for row in accounts_of(server)}


def fill(server):
    send(server, *[report(f"host-{n}", [account("root", 0), account(f"user{n}")]) for n in range(HOSTS)])
    return names(server)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", place]).returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill_up(path):
    with open(path, "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)


@needs_mounts
def test_no_space_left(small_disk):
    server = Server(small_disk / "data")
    expected = fill(server)
    filler = small_disk / "filler"
    fill_up(filler)
    answered, refused = set(), 0
    for turn in range(200):
        # Some still find place in what the database holds already.
        people = [account("root", 0)] + [account(f"late{n}") for n in range(turn + 1)]
        if server.raw().code("rollcall", "ReportHost", {"Report": report_text("late", people)}) is None:
            answered = {("q-late", a["name"]) for a in people}
        else:
            refused += 1
        if refused > 5:
            break
    assert refused > 5, "the disk was never full"
    assert names(server) == expected | answered, "answers go on"
    assert server.call("rollcall", "ListHosts", {})["Total"] == HOSTS + bool(answered)
    log = server.log_text()
    assert "no space left for the database; free some or move the data directory" in log, log[-1500:]
    code = server.raw().code("eiam", "CreateUser", {"UserName": "nobody", "Password": "long enough 1"})
    assert code == "FailedOperation.OperationError", code
    filler.unlink()
    send(server, report("late", [account("root", 0), account("after")]))
    expected |= {("q-late", "root"), ("q-late", "after")}
    assert names(server) == expected
    # Killed and started again while it is full, with what was written last still in the journal.
    send(server, report("last", [account("root", 0)]))
    expected.add(("q-last", "root"))
    fill_up(filler)
    server.kill()
    try:
        server.start()
    except AssertionError:
        assert "panicked" not in server.log_text()
        filler.unlink()
        server.start()
    assert names(server) == expected
    filler.unlink(missing_ok=True)
    server.restart()
    assert names(server) == expected and "panicked" not in server.log_text()
    assert server.stop() == 0


@needs_mounts
def test_a_read_only_directory(small_disk):
    server = Server(small_disk / "data")
    expected = fill(server)
    assert server.stop() == 0
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    said = start_refused(server.directory)
    assert "read-only" in said.lower(), said
    assert str(server.directory) in said and "next:" in said, said
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    server.start()
    assert names(server) == expected
    assert server.stop() == 0


def test_a_damaged_database(make_server):
    server = make_server()
    expected = fill(server)
    assert server.stop() == 0
    database = server.directory / "rollcall.db"
    backup = database.read_bytes()

    def damaged(change):
        data = bytearray(backup)
        change(data)
        database.write_bytes(data)
        return start_refused(server.directory)

    def overwrite(begin, end):
        def change(data):
            data[begin:end] = b"\xee" * (end - begin)
        return change

    size = len(backup)
    for change in (overwrite(0, 100), overwrite(4096, size), lambda data: data.__delitem__(slice(size // 3, size)),
                   overwrite(100, 4096)):
        said = damaged(change)
        assert "damaged" in said and "restore the last backup" in said, said
    # A new one in its place would hide that all is lost.
    said = damaged(lambda data: data.clear())
    assert "missing or empty" in said and "restore the last backup" in said, said
    database.unlink()
    assert "missing or empty" in start_refused(server.directory)
    database.write_bytes(backup)
    server.start()
    assert names(server) == expected
    assert server.stop() == 0


def test_one_damaged_host_is_its_own_trouble(make_server):
    server = make_server()
    expected = fill(server)
    assert server.stop() == 0
    with sqlite3.connect(server.directory / "rollcall.db") as database:
        changed = database.execute("UPDATE host_bodies SET body = x'09' WHERE quuid = 'q-host-7'").rowcount
    database.close()
    assert changed == 1
    server.start()
    assert names(server) == expected, "lists need no facts"
    changed = report("host-7", [account("root", 0), account("changed")])
    assert server.raw().code("rollcall", "ReportHost", {"Report": report_text("host-7", changed["accounts"])}) == "InternalError"
    assert 'host "q-host-7"' in server.log_text() or "damaged" in server.log_text(), server.log_text()[-1500:]
    send(server, report("host-8", [account("root", 0), account("changed")]))
    expected = {row for row in expected if row != ("q-host-8", "user8")} | {("q-host-8", "changed")}
    assert names(server) == expected
    # The way out: the host is forgotten, and reports again.
    uuid = next(row["Uuid"] for row in accounts_of(server, {"Quuid": "q-host-7"}))
    server.call("cwp", "DeleteMachine", {"Uuid": uuid})
    send(server, changed)
    expected = {row for row in expected if row[0] != "q-host-7"} | {("q-host-7", "root"), ("q-host-7", "changed")}
    assert names(server) == expected
    server.restart()
    assert names(server) == expected


def test_two_servers_do_not_share_a_directory(make_server):
    server = make_server()
    expected = fill(server)
    said = start_refused(server.directory)
    assert "next:" in said, said
    assert names(server) == expected


def test_a_master_key_of_another_installation(make_server):
    server, other = make_server(), make_server()
    expected = fill(server)
    assert server.stop() == 0 and other.stop() == 0
    mine, theirs = server.directory / "master.key", other.directory / "master.key"
    kept = mine.read_bytes()
    shutil.copy(theirs, mine)
    assert "master.key" in start_refused(server.directory)
    mine.write_bytes(b"nonsense")
    assert "master.key" in start_refused(server.directory)
    mine.write_bytes(kept)
    server.start()
    assert names(server) == expected
