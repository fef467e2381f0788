//! The accounts of a host by kind: what the system brings, what services bring, and people.

/// An account every host has: name, user id, home, shell.
pub type System = (&'static str, u32, &'static str, &'static str);

const NOLOGIN: &str = "/usr/sbin/nologin";

/// The accounts of a fresh Ubuntu server.
pub const SYSTEM: [System; 34] = [
    ("root", 0, "/root", "/bin/bash"),
    ("daemon", 1, "/usr/sbin", NOLOGIN),
    ("bin", 2, "/bin", NOLOGIN),
    ("sys", 3, "/dev", NOLOGIN),
    ("sync", 4, "/bin", "/bin/sync"),
    ("games", 5, "/usr/games", NOLOGIN),
    ("man", 6, "/var/cache/man", NOLOGIN),
    ("lp", 7, "/var/spool/lpd", NOLOGIN),
    ("mail", 8, "/var/mail", NOLOGIN),
    ("news", 9, "/var/spool/news", NOLOGIN),
    ("uucp", 10, "/var/spool/uucp", NOLOGIN),
    ("proxy", 13, "/bin", NOLOGIN),
    ("www-data", 33, "/var/www", NOLOGIN),
    ("backup", 34, "/var/backups", NOLOGIN),
    ("list", 38, "/var/list", NOLOGIN),
    ("irc", 39, "/run/ircd", NOLOGIN),
    ("gnats", 41, "/var/lib/gnats", NOLOGIN),
    ("nobody", 65_534, "/nonexistent", NOLOGIN),
    ("systemd-network", 100, "/run/systemd", NOLOGIN),
    ("systemd-resolve", 101, "/run/systemd", NOLOGIN),
    ("messagebus", 102, "/nonexistent", NOLOGIN),
    ("systemd-timesync", 103, "/run/systemd", NOLOGIN),
    ("syslog", 104, "/home/syslog", NOLOGIN),
    ("_apt", 105, "/nonexistent", NOLOGIN),
    ("tss", 106, "/var/lib/tpm", "/bin/false"),
    ("uuidd", 107, "/run/uuidd", NOLOGIN),
    ("tcpdump", 108, "/nonexistent", NOLOGIN),
    ("sshd", 109, "/run/sshd", NOLOGIN),
    ("landscape", 110, "/var/lib/landscape", NOLOGIN),
    ("pollinate", 111, "/var/cache/pollinate", "/bin/false"),
    ("fwupd-refresh", 112, "/run/systemd", NOLOGIN),
    ("usbmux", 113, "/var/lib/usbmux", NOLOGIN),
    ("dnsmasq", 114, "/var/lib/misc", NOLOGIN),
    ("lxd", 999, "/var/snap/lxd/common/lxd", "/bin/false"),
];

/// Accounts of services; a host has six of them.
pub const SERVICES: [&str; 24] = [
    "mysql",
    "redis",
    "nginx",
    "postgres",
    "mongodb",
    "kafka",
    "zookeeper",
    "elasticsearch",
    "jenkins",
    "gitlab",
    "prometheus",
    "grafana",
    "consul",
    "vault",
    "etcd",
    "docker",
    "tomcat",
    "rabbitmq",
    "memcached",
    "influxdb",
    "nagios",
    "zabbix",
    "ansible",
    "deploy",
];

/// Operating systems: os-release ID, VERSION_ID, PRETTY_NAME.
pub const SYSTEMS: [(&str, &str, &str); 8] = [
    ("ubuntu", "22.04", "Ubuntu 22.04.4 LTS"),
    ("ubuntu", "20.04", "Ubuntu 20.04.6 LTS"),
    ("centos", "7", "CentOS Linux 7 (Core)"),
    ("debian", "12", "Debian GNU/Linux 12 (bookworm)"),
    ("tencentos", "3.1", "TencentOS Server 3.1 (Final)"),
    ("rocky", "9.2", "Rocky Linux 9.2 (Blue Onyx)"),
    ("ubuntu", "24.04", "Ubuntu 24.04.1 LTS"),
    ("sles", "15.5", "SUSE Linux Enterprise Server 15 SP5"),
];
