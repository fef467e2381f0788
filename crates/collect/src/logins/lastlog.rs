//! lastlog(8): one record of 292 bytes per user id, no user name, in the byte order of the machine. The file is
//! sparse and may seem terabytes long, so it is only ever read record by record.

use super::{Entry, fixed};

/// Bytes of a record: time, 32 of terminal, 256 of host.
pub const RECORD: usize = 292;

/// Where the record of a user id starts. Below 2^41, so it fits every offset.
pub fn offset(uid: u32) -> u64 {
    u64::from(uid) * RECORD as u64
}

/// Parses a record; `None` when the id never logged in or the record is short. Times are unsigned: they last to 2106.
pub fn parse(record: &[u8]) -> Option<Entry> {
    let (time, rest) = record.split_first_chunk::<4>()?;
    let (terminal, rest) = rest.split_at_checked(32)?;
    let host = rest.get(..256)?;
    let time = u32::from_ne_bytes(*time);
    (time != 0).then(|| Entry {
        time: i64::from(time),
        terminal: fixed(terminal),
        host: fixed(host),
        ip: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records() {
        let mut record = vec![0; RECORD];
        assert_eq!(parse(&record), None);
        record[..4].copy_from_slice(&3_000_000_000u32.to_ne_bytes());
        record[4..9].copy_from_slice(b"pts/0");
        record[36..].fill(b'h');
        let entry = parse(&record).unwrap();
        assert_eq!((entry.time, entry.terminal.as_str(), entry.host.len()), (3_000_000_000, "pts/0", 256));
        assert_eq!(parse(&record[..291]), None);
        assert_eq!(offset(4_000_000_000), 1_168_000_000_000);
    }
}
