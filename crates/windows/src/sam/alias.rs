//! Local groups (aliases): the C value of each has its name and the identifiers of its members.

use super::Sam;
use crate::{
    Sid,
    bytes::usize_at,
    hive::{Hive, HiveError},
    text,
};

/// Where name and members begin, from which their places are counted.
const CONTENT: usize = 0x34;
/// Most members of a group that are read.
const MAX_MEMBERS: usize = 65_536;

/// Reads all local groups of a domain.
pub fn read(hive: Hive<'_>, domain: &str, builtin: bool, sam: &mut Sam) -> Result<(), HiveError> {
    let Some(aliases) = hive.key(&format!(r"{domain}\Aliases"))? else { return Ok(()) };
    for key in aliases.subkeys() {
        let key = match key {
            Ok(key) => key,
            Err(error) => {
                sam.other_notes.push(format!(r"{domain}\Aliases {error}"));
                continue;
            }
        };
        let Some(rid) = super::number(&key) else { continue };
        let data = key.value("C").and_then(|value| value.map(|value| value.data()).transpose());
        match data.ok().flatten().and_then(|c| group(&c)) {
            Some((name, members)) => sam.groups.add(&name, builtin.then_some(rid), members),
            None => sam.other_notes.push(format!(r"{domain}\Aliases\{rid:08X} makes no sense")),
        }
    }
    Ok(())
}

/// Name and members.
fn group(c: &[u8]) -> Option<(String, Vec<Sid>)> {
    let part = |at: usize| {
        let (place, length) = usize_at(c, at).zip(usize_at(c, at + 4))?;
        c.get(CONTENT.checked_add(place)?..)?.get(..length)
    };
    let name = text::utf16(part(0x10)?);
    let mut list = part(0x28)?;
    let count = usize_at(c, 0x30).filter(|count| *count <= MAX_MEMBERS)?;
    let mut members = Vec::new();
    for _ in 0..count {
        let (member, length) = Sid::parse(list)?;
        members.push(member);
        list = list.get(length..)?;
    }
    Some((name, members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c(count: u32, members: &[u8]) -> Vec<u8> {
        let mut c = vec![0; CONTENT];
        c[0x14] = 4;
        c[0x28] = 4;
        c[0x2C] = u8::try_from(members.len()).unwrap();
        c[0x30..0x34].copy_from_slice(&count.to_le_bytes());
        c.extend([0x4f, 0, 0x6b, 0]);
        c.extend(members);
        c
    }

    #[test]
    fn members_are_read_whole_or_not_at_all() {
        let two = [1, 1, 0, 0, 0, 0, 0, 5, 4, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];
        assert_eq!(group(&c(2, &two)), Some(("Ok".into(), vec![Sid::nt(&[4]), Sid::nt(&[11])])));
        assert_eq!(group(&c(0, &[])), Some(("Ok".into(), vec![])));
        assert_eq!(group(&c(3, &two)), None, "one is missing");
        assert_eq!(group(&c(u32::MAX, &two)), None);
        assert_eq!(group(&[0; 0x33]), None);
    }
}
