//! Records of past logins: pure parsers of the four formats. Each gives an [`Entry`] per record; which of them is the
//! newest of an account is decided by [`newer`]. Opening files does not belong here.

pub mod database;
pub mod lastlog;
pub mod wtmp;

use std::collections::HashMap;
use std::net::IpAddr;

use model::facts::LoginRecord;

/// One login as a source recorded it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Seconds since the epoch.
    pub time: i64,
    /// Terminal.
    pub terminal: String,
    /// Remote host: a name, an address or empty.
    pub host: String,
    /// Remote address from a field of its own.
    pub ip: Option<IpAddr>,
}

/// The last login of each user, by the bytes of the name.
pub type ByUser = HashMap<Vec<u8>, Entry>;

impl Entry {
    /// As a fact, naming its source. The address comes from the address field, else from the host if that is one.
    pub fn into_record(self, source: &str) -> LoginRecord {
        let ip = self.ip.or_else(|| address(&self.host)).map(|ip| ip.to_string());
        LoginRecord {
            time: self.time,
            terminal: self.terminal,
            host: self.host,
            ip,
            source: source.to_owned(),
        }
    }
}

/// An address in text, an IPv6 zone (`%eth0`) left out.
fn address(host: &str) -> Option<IpAddr> {
    host.split('%').next()?.parse().ok()
}

/// Keeps the newer of two records of one account whole, so that time, terminal and address stay together; the first
/// of equals stays, unless only the second has an address.
pub fn newer(best: Option<LoginRecord>, other: Option<LoginRecord>) -> Option<LoginRecord> {
    match (best, other) {
        (Some(best), Some(other)) => {
            let wins = other.time > best.time
                || (other.time == best.time && best.ip.is_none() && other.ip.is_some());
            Some(if wins { other } else { best })
        }
        (best, other) => best.or(other),
    }
}

/// A fixed-width text field: up to the first NUL, which need not be there.
fn fixed(field: &[u8]) -> String {
    let text = field.split(|&b| b == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_record_wins_whole() {
        let record = |time, host: &str| {
            Some(Entry { time, host: host.into(), ..Entry::default() }.into_record("wtmp"))
        };
        assert_eq!(newer(record(1, "a"), record(2, "10.0.0.1")).unwrap().ip.as_deref(), Some("10.0.0.1"));
        assert_eq!(newer(record(2, "a"), record(1, "10.0.0.1")).unwrap().ip, None);
        assert_eq!(newer(record(2, "a"), record(2, "::1")).unwrap().host, "::1");
        assert_eq!(newer(None, record(1, "fe80::1%eth0")).unwrap().ip.as_deref(), Some("fe80::1"));
        assert_eq!(newer(None, None), None);
    }
}
