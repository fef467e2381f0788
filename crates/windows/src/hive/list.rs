//! Lists of subkeys: lf, lh and li cells, and ri cells that join several of these.

use super::{Hive, HiveError};
use crate::bytes::{u16_at, u32s};

/// Most subkeys of a key that are looked at: twice the accounts a report may hold.
pub const MAX_SUBKEYS: usize = 131_072;

/// Places of `count` subkeys, and what is wrong with their list. The count bounds the work: an ri cell may name the
/// same list thousands of times.
pub fn subkeys(hive: Hive<'_>, offset: u32, count: u32) -> (Vec<u32>, Option<HiveError>) {
    let mut found = Vec::new();
    if count == 0 {
        return (found, None);
    }
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let mut damage = gather(hive, offset, wanted.min(MAX_SUBKEYS), &mut found).err();
    if found.len() < wanted {
        damage =
            damage.or(Some(HiveError::Cell { offset, what: "fewer subkeys than the key says, or too many" }));
    }
    (found, damage)
}

fn gather(hive: Hive<'_>, offset: u32, most: usize, found: &mut Vec<u32>) -> Result<(), HiveError> {
    let cell = hive.cell(offset)?;
    if !cell.starts_with(b"ri") {
        return leaf(offset, cell, most, found);
    }
    let mut damage = Ok(());
    for list in entries(offset, cell, 1)? {
        if found.len() >= most {
            break;
        }
        // An ri cell in an ri cell is refused as no list: there is no second level, so no cycle either.
        damage = damage.and(hive.cell(list).and_then(|cell| leaf(list, cell, most, found)));
    }
    damage
}

fn leaf(offset: u32, cell: &[u8], most: usize, found: &mut Vec<u32>) -> Result<(), HiveError> {
    let width = match cell.get(..2) {
        // A place, and a hint or hash of the name.
        Some(b"lf" | b"lh") => 2,
        Some(b"li") => 1,
        _ => return Err(HiveError::Cell { offset, what: "not a list of subkeys" }),
    };
    let room = most.saturating_sub(found.len());
    found.extend(entries(offset, cell, width)?.take(room));
    Ok(())
}

/// The first number of each entry of `width` numbers.
fn entries(offset: u32, cell: &[u8], width: usize) -> Result<impl Iterator<Item = u32> + '_, HiveError> {
    let count = u16_at(cell, 2).ok_or(HiveError::Cell { offset, what: "too short for a list" })?;
    let length = usize::from(count).saturating_mul(width).saturating_mul(4);
    let list = cell.get(4..).and_then(|list| list.get(..length));
    let list = list.ok_or(HiveError::Cell { offset, what: "shorter than its list" })?;
    Ok(u32s(list).step_by(width))
}
