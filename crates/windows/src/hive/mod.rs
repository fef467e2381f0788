//! Reads registry hives (regf): the first block, bins and cells, keys and values. A pure parser over bytes that
//! anybody may have written: every offset is checked, every count is bounded by what is there and by a limit, and
//! nothing descends by itself, so a cycle of keys has nobody to lead astray. Knows nothing of what hives hold.
//!
//! Transaction logs are not applied; [`Hive::is_dirty`] tells when that matters.

use crate::bytes::{u32_at, u32s, usize_at};

mod key;
mod list;
mod value;

pub use key::Key;
pub use list::MAX_SUBKEYS;
pub use value::{MAX_VALUE, Value};

/// Length of the first block, and the unit of bins.
const BLOCK: usize = 4096;
/// Length of a bin's own header.
const BIN_HEADER: usize = 32;
/// The only major version there is; minor versions 0 to 2 are of Windows NT before 4.0.
const MAJOR: u32 = 1;
const MINORS: std::ops::RangeInclusive<u32> = 3..=6;

/// Why a hive, or a part of one, cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HiveError {
    /// Does not begin as hives do.
    #[error("not a registry hive")]
    NotAHive,
    /// A version nobody has described.
    #[error("hive version {0}.{1} is not known")]
    Version(u32, u32),
    /// The first block is damaged.
    #[error("the checksum of the first block is wrong")]
    Checksum,
    /// A cell makes no sense.
    #[error("cell {offset:#x}: {what}")]
    Cell {
        /// Where it is, counted from the first bin.
        offset: u32,
        /// What is wrong.
        what: &'static str,
    },
}

/// An opened hive; cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Hive<'a> {
    /// The bins, as far as they are whole.
    bins: &'a [u8],
    root: u32,
    dirty: bool,
    whole: bool,
}

impl<'a> Hive<'a> {
    /// Checks the first block and the bins.
    ///
    /// # Errors
    /// When the first block is not that of a hive. Bins that are cut off or damaged are no error:
    /// [`Hive::is_whole`] tells.
    pub fn parse(file: &'a [u8]) -> Result<Self, HiveError> {
        let (block, bins) = file.split_at_checked(BLOCK).ok_or(HiveError::NotAHive)?;
        let field = |at| u32_at(block, at).ok_or(HiveError::NotAHive);
        if !block.starts_with(b"regf") {
            return Err(HiveError::NotAHive);
        }
        let (major, minor) = (field(20)?, field(24)?);
        if major != MAJOR || !MINORS.contains(&minor) {
            return Err(HiveError::Version(major, minor));
        }
        if field(508)? != checksum(block) {
            return Err(HiveError::Checksum);
        }
        let length = usize_at(block, 40).ok_or(HiveError::NotAHive)?;
        let good = good_bins(bins.get(..length).unwrap_or(bins));
        Ok(Hive { bins: good, root: field(36)?, dirty: field(4)? != field(8)?, whole: good.len() == length })
    }

    /// Whether it was copied with changes still in its transaction logs.
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Whether all bins are there and in order.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The root key.
    ///
    /// # Errors
    /// When its cell makes no sense.
    pub fn root(&self) -> Result<Key<'a>, HiveError> {
        Key::read(*self, self.root)
    }

    /// The key at a path of names joined by backslashes; `None` when there is no such key.
    ///
    /// # Errors
    /// When the path is lost in damaged cells.
    pub fn key(&self, path: &str) -> Result<Option<Key<'a>>, HiveError> {
        let mut key = self.root()?;
        for name in path.split('\\') {
            match key.subkey(name)? {
                Some(next) => key = next,
                None => return Ok(None),
            }
        }
        Ok(Some(key))
    }

    /// The content of an allocated cell.
    fn cell(&self, offset: u32) -> Result<&'a [u8], HiveError> {
        let wrong = |what| HiveError::Cell { offset, what };
        let start = usize::try_from(offset).map_err(|_| wrong("beyond the end"))?;
        let size = u32_at(self.bins, start).ok_or(wrong("beyond the end"))?.cast_signed();
        if size >= 0 {
            return Err(wrong("free"));
        }
        let length = usize::try_from(size.unsigned_abs()).map_err(|_| wrong("beyond the end"))?;
        let end = start.checked_add(length).ok_or(wrong("beyond the end"))?;
        self.bins.get(start.saturating_add(4)..end).ok_or(wrong("longer than the bins, or too short"))
    }
}

/// XOR of the first 127 numbers, avoiding the two values that mean something else.
fn checksum(block: &[u8]) -> u32 {
    match u32s(block).take(127).fold(0, |sum, number| sum ^ number) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}

/// The leading bins that are in order: each begins with its mark, knows its place and is a multiple of a block.
fn good_bins(bins: &[u8]) -> &[u8] {
    let mut end = 0;
    while let Some(bin) = bins.get(end..).filter(|bin| bin.starts_with(b"hbin")) {
        let (Some(place), Some(size)) = (usize_at(bin, 4), usize_at(bin, 8)) else { break };
        if place != end || size < BIN_HEADER || !size.is_multiple_of(BLOCK) || size > bin.len() {
            break;
        }
        end += size;
    }
    bins.get(..end).unwrap_or_default()
}
