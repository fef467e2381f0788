"""A small made-up fleet for the account tests: three hosts with one account of every kind, and what the documented
record of each has to say, written down by hand."""
from reports import DAY, account, grant, key, login, report, today, windows_account

# 2021-01-11 23:30:00 UTC is 2021-01-12 07:30:00 in Shanghai: a day later.
LATE_EVENING = 1_610_407_800
NOON = 1_622_548_800  # 2021-06-01 12:00:00 UTC, 20:00:00 in Shanghai
FORMULA, AWKWARD = "=cmd|calc", 'odd, "name"'


def day_text(day):
    import datetime

    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat() + " 00:00:00"


def age(changed_ago, longest=90, warn=7, **more):
    return {"last_change": today() - changed_ago, "max": longest, "warn": warn, **more}


def web():
    root = account("root", 0, home="/root", keys={"keys": [key("root@bastion"), key("old", effective=False)]},
                   last_login=login(NOON, ip="203.0.113.7", terminal="pts/3"))
    accounts = [
        root,
        account("toor", 0, password={"class": "locked_never", "algorithm": None, "last_change": None, "max": None}),
        account("alice", 1000, gecos="Alice Zhou,,,", groups=["sudo", "docker"], sudo={"grants": [grant()]}, last_login=login(LATE_EVENING)),
        account("bob", 1001, password={"class": "locked_with_hash"}, keys={"keys": [key("bob")]}),
        account("carol", 1002, password={"expire": today() - 10}),
        account("dave", 1003, password=age(100)),
        account("erin", 1004, password=age(85, inactive=30)),
        account("frank", 1005, password={"evidence": "denied", "class": "unknown", "last_change": None, "max": None}, sudo={"evidence": "denied"}),
        account("daemon", 1, shell="/usr/sbin/nologin", password={"class": "no_password", "algorithm": None}, shell_facts={"interactive": False}),
        account(FORMULA, 1010, home="+1"), account(AWKWARD, 1011, home="-x", shell="@sh"),
        account("grace", 1012, password={"last_change": 0}),
        account("heidi", 1013, ssh={"password": "no"}),
    ]
    return report("web-1", accounts, os_name="Debian GNU/Linux 12 (bookworm)", instance_id="ins-1", network_type=1, network_name="vpc-a",
                  addresses=[{"ip": "10.1.0.5", "interface": "eth0"}, {"ip": "8.8.8.8", "interface": "eth1"}])


def db():
    accounts = [
        account("root", 0, home="/root", ssh={"permit_root": "yes"}, last_login=login(NOON + DAY)),
        account("alice", 2000, last_login={"evidence": "denied"}),
        account("zoe", 2001, sudo={"grants": [grant(host_matches=None)]}),
        account("adam", 2002),
    ]
    return report("db-1", accounts, os_name="Ubuntu 24.04", addresses=[{"ip": "10.1.0.6", "interface": "eth0"}])


def windows():
    accounts = [
        windows_account("Administrator", "S-1-5-21-1-2-3-500", "administrator", domain=False, enabled=True, last_login=login(NOON + 60)),
        windows_account("Guest", "S-1-5-21-1-2-3-501", "guest", domain=False, enabled=False),
        windows_account("svc", "S-1-5-21-1-2-3-1105", "standard", domain=True),
        windows_account("odd", "S-1-5-21-1-2-3-1106", "something new"),
    ]
    return report("win-1", accounts, os="windows", os_name="Windows Server 2022", addresses=[{"ip": "192.168.7.7", "interface": "eth"}])


def reports():
    return [web(), db(), windows()]


# Status, IsRoot, LoginType, IsSudo, IsSshLogin, ShellLoginStatus, PasswordStatus, PasswordLockDays, UserType, IsDomain
CODES = {
    ("web-1", "root"): (1, 1, 1, 0, 1, 1, 1, -1, 999, 999),
    ("web-1", "toor"): (0, 1, 0, 0, 0, 1, 4, -1, 999, 999),
    ("web-1", "alice"): (1, 0, 2, 1, 1, 1, 1, -1, 999, 999),
    ("web-1", "bob"): (0, 0, 1, 0, 1, 1, 4, -1, 999, 999),
    ("web-1", "carol"): (0, 0, 0, 0, 0, 0, 1, -1, 999, 999),
    ("web-1", "dave"): (1, 0, 2, 0, 1, 1, 3, -1, 999, 999),
    ("web-1", "erin"): (1, 0, 2, 0, 1, 1, 2, 30, 999, 999),
    ("web-1", "frank"): (1, 0, 999, 999, 999, 1, 999, 999, 999, 999),
    ("web-1", "daemon"): (1, 0, 0, 0, 0, 0, 4, -1, 999, 999),
    ("web-1", FORMULA): (1, 0, 2, 0, 1, 1, 1, -1, 999, 999),
    ("web-1", AWKWARD): (1, 0, 2, 0, 1, 1, 1, -1, 999, 999),
    ("web-1", "grace"): (1, 0, 2, 0, 1, 1, 3, -1, 999, 999),
    ("web-1", "heidi"): (1, 0, 0, 0, 0, 1, 1, -1, 999, 999),
    ("db-1", "root"): (1, 1, 2, 0, 1, 1, 1, -1, 999, 999),
    ("db-1", "alice"): (1, 0, 2, 0, 1, 1, 1, -1, 999, 999),
    ("db-1", "zoe"): (1, 0, 2, 999, 1, 1, 1, -1, 999, 999),
    ("db-1", "adam"): (1, 0, 2, 0, 1, 1, 1, -1, 999, 999),
    ("win-1", "Administrator"): (1, 999, 999, 999, 999, 0, 999, 999, 2, 0),
    ("win-1", "Guest"): (0, 999, 999, 999, 999, 0, 999, 999, 0, 0),
    ("win-1", "svc"): (1, 999, 999, 999, 999, 0, 999, 999, 1, 1),
    ("win-1", "odd"): (1, 999, 999, 999, 999, 0, 999, 999, 999, 999),
}
CODE_NAMES = ("Status", "IsRoot", "LoginType", "IsSudo", "IsSshLogin", "ShellLoginStatus", "PasswordStatus", "PasswordLockDays", "UserType", "IsDomain")

# Last logins in Shanghai's time; everybody else has none.
LOGINS = {
    ("web-1", "root"): "2021-06-01 20:00:00", ("web-1", "alice"): "2021-01-12 07:30:00",
    ("db-1", "root"): "2021-06-02 20:00:00", ("win-1", "Administrator"): "2021-06-01 20:01:00",
}
