//! Generated records of logins, and the newest of each user, for the tests that hold them against the real programs.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; a panic there is its report")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use collect::logins::{ByUser, lastlog, wtmp};

use super::oracle::Random;

pub const USERS: [&str; 6] = ["alice", "bob", "carol_", "d.e", "x2345678901234567890123456789012", "root"];
pub const LINES: [&str; 4] = ["tty1", "pts/0", "pts/17", ":0"];
pub const HOSTS: [&str; 5] = ["", "10.0.0.7", "host.example.com", "2001:db8::7", ":0"];
pub const ADDRESSES: [&str; 4] = ["0.0.0.0", "10.0.0.7", "192.0.2.255", "2001:db8::7"];
/// 2020-01-01.
pub const START: i64 = 1_577_836_800;

/// user → time, terminal, host, address
pub type Newest = BTreeMap<String, (i64, String, String, String)>;

pub fn record(kind: i16, user: &str, line: &str, host: &str, address: &str, time: i64) -> Vec<u8> {
    let mut bytes = vec![0; wtmp::RECORD];
    let mut put = |at: usize, text: &[u8]| bytes[at..at + text.len()].copy_from_slice(text);
    put(0, &kind.to_le_bytes());
    put(8, line.as_bytes());
    put(44, user.as_bytes());
    put(76, host.as_bytes());
    put(340, &i32::try_from(time).unwrap().to_le_bytes());
    match address.parse().unwrap() {
        IpAddr::V4(ip) => put(348, &ip.octets()),
        IpAddr::V6(ip) => put(348, &ip.octets()),
    }
    bytes
}

pub fn wtmp_file(r: &mut Random) -> Vec<u8> {
    let mut time = START;
    let mut file = Vec::new();
    for _ in 0..r.next(40) {
        time += r.between(1, 500_000);
        let line = r.pick(&LINES);
        file.extend(match r.next(8) {
            0 => record(2, "reboot", "~", "6.1.0", "0.0.0.0", time),
            1 => record(8, "", line, "", "0.0.0.0", time),
            2 => record(6, "LOGIN", line, "", "0.0.0.0", time),
            _ => record(7, r.pick(&USERS), line, r.pick(&HOSTS), r.pick(&ADDRESSES), time),
        });
    }
    file
}

/// A record of lastlog, in this machine's order of bytes.
pub fn lastlog_record(time: i64, line: &str, host: &str) -> Vec<u8> {
    let mut bytes = vec![0; lastlog::RECORD];
    bytes[..4].copy_from_slice(&u32::try_from(time).unwrap().to_ne_bytes());
    bytes[4..4 + line.len()].copy_from_slice(line.as_bytes());
    bytes[36..36 + host.len()].copy_from_slice(host.as_bytes());
    bytes
}

pub fn ours(found: &ByUser) -> Newest {
    let name = |user: &Vec<u8>| String::from_utf8_lossy(user).into_owned();
    let ip = |ip: Option<IpAddr>| ip.map(|ip| ip.to_string()).unwrap_or_default();
    found.iter().map(|(u, e)| (name(u), (e.time, e.terminal.clone(), e.host.clone(), ip(e.ip)))).collect()
}

/// Seconds of `2020-01-02T03:04:05,000000+00:00` and the like.
pub fn seconds(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Howard Hinnant's algorithm.
    let (y, m) = (if month <= 2 { year - 1 } else { year }, (month + 9) % 12);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * m + 2) / 5 + day - 1;
    (era * 146_097 + doe - 719_468) * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19)
}
