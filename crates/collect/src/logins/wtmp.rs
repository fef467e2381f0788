//! wtmp(5) of Linux with 64-bit words: records of 384 bytes, either byte order, newest last.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{ByUser, Entry, fixed};

/// Bytes of a record.
pub const RECORD: usize = 384;
/// ut_type of a user's session.
const USER_PROCESS: i16 = 7;
/// The largest ut_type (accounting).
const LAST_TYPE: i16 = 9;

/// The last session of every user in a file or in the end of one. A broken record is passed over; a piece at the
/// start is left out when the length is no multiple of a record (the file was cut at its front).
pub fn parse(bytes: &[u8]) -> ByUser {
    let whole = bytes.len() - bytes.len() % RECORD;
    let records = bytes.get(bytes.len() - whole..).unwrap_or_default();
    let big_endian = is_big_endian(records);
    let mut found: ByUser = ByUser::new();
    for record in records.rchunks_exact(RECORD) {
        let Some((user, entry)) = session(record, big_endian) else { continue };
        match found.get(&user) {
            // Backwards: an earlier record only counts if the clock was set back in between.
            Some(known) if known.time >= entry.time => {}
            _ => drop(found.insert(user, entry)),
        }
    }
    found
}

/// Guesses the byte order from the record types: 0 to 9 in the right one, multiples of 256 in the other.
fn is_big_endian(records: &[u8]) -> bool {
    let (mut little, mut big) = (0u32, 0u32);
    for record in records.chunks_exact(RECORD).take(1024) {
        let Some(kind) = record.first_chunk::<2>() else { continue };
        let valid = |kind: i16| u32::from((1..=LAST_TYPE).contains(&kind));
        little = little.saturating_add(valid(i16::from_le_bytes(*kind)));
        big = big.saturating_add(valid(i16::from_be_bytes(*kind)));
    }
    big > little
}

fn session(record: &[u8], big_endian: bool) -> Option<(Vec<u8>, Entry)> {
    let kind = *record.first_chunk::<2>()?;
    let kind = if big_endian { i16::from_be_bytes(kind) } else { i16::from_le_bytes(kind) };
    let user = record.get(44..76)?.split(|&b| b == 0).next().unwrap_or_default();
    if kind != USER_PROCESS || user.is_empty() {
        return None;
    }
    let seconds = *record.get(340..)?.first_chunk::<4>()?;
    let seconds = if big_endian { i32::from_be_bytes(seconds) } else { i32::from_le_bytes(seconds) };
    let entry = Entry {
        time: i64::from(seconds),
        terminal: fixed(record.get(8..40)?),
        host: fixed(record.get(76..332)?),
        ip: address(*record.get(348..)?.first_chunk::<16>()?),
    };
    (entry.time > 0).then(|| (user.to_vec(), entry))
}

/// The address field, in network order: IPv4 in its first word alone. All zero is none.
fn address(field: [u8; 16]) -> Option<IpAddr> {
    if field == [0; 16] {
        return None;
    }
    let (head, tail) = field.split_first_chunk::<4>()?;
    if tail == [0; 12] {
        return Some(IpAddr::V4(Ipv4Addr::from(*head)));
    }
    Some(Ipv6Addr::from(field).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: i16, user: &str, seconds: i32, address: &[u8], big: bool) -> Vec<u8> {
        let mut bytes = vec![0; RECORD];
        bytes[..2].copy_from_slice(&if big { kind.to_be_bytes() } else { kind.to_le_bytes() });
        bytes[8..13].copy_from_slice(b"pts/1");
        bytes[44..44 + user.len()].copy_from_slice(user.as_bytes());
        bytes[76..80].copy_from_slice(b"host");
        bytes[340..344].copy_from_slice(&if big { seconds.to_be_bytes() } else { seconds.to_le_bytes() });
        bytes[348..348 + address.len()].copy_from_slice(address);
        bytes
    }

    #[test]
    fn both_byte_orders() {
        for big in [false, true] {
            let file = [
                record(2, "reboot", 5, &[], big),
                record(7, "alice", 1_700_000_000, &[10, 0, 0, 1], big),
                record(7, "alice", 1_600_000_000, &[], big),
                record(8, "alice", 1_700_000_099, &[], big),
                record(
                    7,
                    "x".repeat(32).as_str(),
                    1,
                    &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                    big,
                ),
                record(7, "old", -1, &[], big),
            ]
            .concat();
            let found = parse(&file);
            assert_eq!(found.len(), 2);
            let alice = &found[&b"alice"[..]];
            assert_eq!((alice.time, alice.terminal.as_str()), (1_700_000_000, "pts/1"));
            assert_eq!(alice.ip, Some(IpAddr::from([10, 0, 0, 1])));
            assert_eq!(found[&vec![b'x'; 32]].ip, "2001:db8::1".parse().ok());
            assert_eq!(parse(&file[100..]), found, "cut at the front");
        }
    }

    #[test]
    fn rubbish_gives_nothing() {
        assert!(parse(&[]).is_empty());
        assert!(parse(&[7; 383]).is_empty());
        assert!(parse(&[0xff; 3840]).is_empty());
    }
}
