//! Security identifiers.

use std::fmt;

use crate::bytes::{array, u32s};

/// Most parts of an identifier.
const MAX_PARTS: usize = 15;

/// A security identifier, such as S-1-5-21-1-2-3-500.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

impl Sid {
    /// From the NT authority (S-1-5) and the parts after it.
    pub fn nt(parts: &[u32]) -> Self {
        Sid { authority: 5, parts: parts.to_vec() }
    }

    /// Everyone (S-1-1-0).
    pub fn everyone() -> Self {
        Sid { authority: 1, parts: vec![0] }
    }

    /// The identifier at the beginning of these bytes, and its length.
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let [revision, count] = array(bytes, 0)?;
        let count = usize::from(count);
        if revision != 1 || count > MAX_PARTS {
            return None;
        }
        let authority = array::<6>(bytes, 2)?.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let length = 8 + 4 * count;
        let parts = u32s(bytes.get(8..length)?).collect();
        Some((Sid { authority, parts }, length))
    }

    /// The last part: the number of an account in its domain.
    pub fn rid(&self) -> Option<u32> {
        self.parts.last().copied()
    }

    /// Without the last part: the domain of an account.
    pub fn domain(&self) -> Option<Sid> {
        let (_, domain) = self.parts.split_last()?;
        Some(Sid { authority: self.authority, parts: domain.to_vec() })
    }

    /// With one more part.
    #[must_use]
    pub fn child(&self, rid: u32) -> Sid {
        let mut child = self.clone();
        child.parts.push(rid);
        child
    }

    /// The machine's own identifier, S-1-5-21 and three random numbers, as 32 hexadecimal digits; `None` for others,
    /// and for the zeros of systems that imitate Windows.
    pub fn machine_id(&self) -> Option<String> {
        let is_machine = self.authority == 5 && self.parts.len() == 4 && self.parts.first() == Some(&21);
        let is_machine = is_machine && self.parts.iter().skip(1).any(|part| *part != 0);
        is_machine.then(|| self.parts.iter().map(|part| format!("{part:08x}")).collect())
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0, 0xff];
        let (sid, length) = Sid::parse(&bytes).unwrap();
        assert_eq!((sid.to_string().as_str(), length, sid.rid()), ("S-1-5-32-544", 16, Some(544)));
        assert_eq!(sid, Sid::nt(&[32, 544]));
        assert_eq!(sid.domain().unwrap().to_string(), "S-1-5-32");
        assert_eq!(Sid::everyone().to_string(), "S-1-1-0");
    }

    #[test]
    fn damaged_ones_are_none() {
        for bytes in [
            &[][..],
            &[1],
            &[2, 0, 0, 0, 0, 0, 0, 5],
            &[1, 16, 0, 0, 0, 0, 0, 5],
            &[1, 1, 0, 0, 0, 0, 0, 5, 1],
        ] {
            assert_eq!(Sid::parse(bytes), None);
        }
    }

    #[test]
    fn only_machines_have_machine_ids() {
        let machine = Sid::nt(&[21, 1, 0xffff_ffff, 3]);
        assert_eq!(machine.machine_id().unwrap(), "0000001500000001ffffffff00000003");
        assert_eq!(machine.child(500).machine_id(), None);
        assert_eq!(Sid::nt(&[21, 0, 0, 0]).machine_id(), None);
        assert_eq!(Sid::nt(&[32, 1, 2, 3]).machine_id(), None);
    }
}
