"""Builds host reports as a collector sends them: complete and harmless facts unless a test says otherwise."""
import json
import time

DAY = 86_400


def today():
    """Days since 1970, UTC: the day that states are judged by."""
    return int(time.time() // DAY)


def account(name, uid=1000, **facts):
    """A Linux account: usable password that never ends, no key, no sudo, never logged in. Members of `facts` that are
    objects are merged into the defaults, others replace them."""
    made = {
        "name": name, "uid": uid, "gid": uid, "gecos": "", "home": f"/home/{uid}", "shell": "/bin/bash",
        "primary_group": f"g{uid}", "groups": [], "origin": "files",
        "password": {"evidence": "ok", "class": "usable", "algorithm": "yescrypt", "last_change": today() - 30,
                     "min": 0, "max": 99_999, "warn": 7},
        "shell_facts": {"evidence": "ok", "exists": True, "executable": True, "interactive": True, "listed": True},
        "sudo": {"evidence": "ok", "grants": []},
        "ssh": {"evidence": "ok", "installed": True, "allowed": {"choice": "yes", "by": ""}, "password": "yes",
                "kbd_interactive": "no", "pubkey": "yes", "permit_empty": "no", "permit_root": "prohibit_password",
                "use_pam": True},
        "keys": {"evidence": "ok", "keys": []},
        "last_login": {"evidence": "ok", "record": None},
    }
    for member, value in facts.items():
        made[member] = {**made[member], **value} if isinstance(made.get(member), dict) else value
    return made


def windows_account(name, sid, kind, domain=None, enabled=None, **facts):
    """A Windows account."""
    return {"name": name, "sid": sid, "origin": "windows", "home": f"C:\\Users\\{name}",
            "last_login": {"evidence": "ok", "record": None},
            "windows": {"kind": kind, "domain": domain, "enabled": enabled}, **facts}


def key(comment="k", algorithm="ssh-ed25519", effective=True, **more):
    """An authorized key."""
    return {"algorithm": algorithm, "bits": 256, "fingerprint": "SHA256:x", "blob": "AAAAC3Nza" + comment,
            "comment": comment, "file": ".ssh/authorized_keys", "line": 1, "effective": effective, **more}


def grant(**more):
    """A sudo rule that allows everything."""
    return {"host_matches": True, "runas": "ALL", "commands": "ALL", "strength": "full", "file": "/etc/sudoers",
            "line": 5, **more}


def login(at, **more):
    """A last login at a time in seconds."""
    return {"evidence": "ok", "record": {"time": at, "terminal": "pts/0", "host": "", "source": "lastlog", **more}}


def report(host, accounts, **facts):
    """A report of a host called `host`, whose id is `q-` and its name."""
    return {
        "format": 1, "collected_at": int(time.time() * 1000), "collector": "tests",
        "host": {"quuid": f"q-{host}", "hostname": host, "os": "linux", "os_name": "Debian GNU/Linux 12",
                 "addresses": [{"ip": "10.0.0.9", "interface": "eth0"}], "privilege": "root", "nologin": False, **facts},
        "sections": {"passwd": {"evidence": "ok"}, "shadow": {"evidence": "ok"}},
        "accounts": accounts,
    }


def send(server, *reports, key=None):
    """Sends reports with ReportHosts; all have to be taken."""
    texts = [json.dumps(r) for r in reports]
    results = server.call("rollcall", "ReportHosts", {"Reports": texts}, key=key)["Results"]
    assert [r["Code"] for r in results] == [None] * len(reports), results
    return results


def accounts_of(server, params=None, key=None):
    """All accounts that DescribeAssetUserList answers, over all pages; checks that the total fits."""
    rows, total = [], None
    while total is None or len(rows) < total:
        page = server.call("cwp", "DescribeAssetUserList", {**(params or {}), "Offset": len(rows), "Limit": 100}, key=key)
        total = page["Total"]
        assert page["Users"] or len(rows) == total, (len(rows), total)
        rows += page["Users"]
    assert len(rows) == total
    return rows
