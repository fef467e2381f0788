//! A value of a key (vk cell) and its data: inside the cell, in a cell of its own, or in several (db cell).

use std::borrow::Cow;

use super::{Hive, HiveError};
use crate::{
    bytes::{u16_at, u32_at, u32s},
    text,
};

/// Most bytes of a value that are read.
pub const MAX_VALUE: usize = 1024 * 1024;
/// Most bytes of data in one cell; more is spread over several.
const SEGMENT: usize = 16_344;
/// The data is inside the cell.
const INSIDE: u32 = 0x8000_0000;
/// The name is one byte for each character.
const COMPRESSED_NAME: u16 = 1;
/// Where the name begins.
const NAME: usize = 20;

const REG_SZ: u32 = 1;
const REG_EXPAND_SZ: u32 = 2;
const REG_DWORD: u32 = 4;
const REG_MULTI_SZ: u32 = 7;

/// A value.
#[derive(Debug, Clone)]
pub struct Value<'a> {
    hive: Hive<'a>,
    cell: &'a [u8],
    offset: u32,
    name: String,
    length: u32,
    place: u32,
    kind: u32,
}

impl<'a> Value<'a> {
    pub(super) fn read(hive: Hive<'a>, offset: u32) -> Result<Self, HiveError> {
        let wrong = |what| HiveError::Cell { offset, what };
        let cell = hive.cell(offset)?;
        if !cell.starts_with(b"vk") {
            return Err(wrong("not a value"));
        }
        let number = |at| u32_at(cell, at).ok_or(wrong("too short for a value"));
        let short = |at| u16_at(cell, at).ok_or(wrong("too short for a value"));
        let name = cell.get(NAME..NAME + usize::from(short(2)?)).ok_or(wrong("too short for its name"))?;
        Ok(Value {
            hive,
            cell,
            offset,
            name: text::registry_name(name, short(16)? & COMPRESSED_NAME != 0),
            length: number(4)?,
            place: number(8)?,
            kind: number(12)?,
        })
    }

    /// Its name; empty for the default value of a key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type, such as 1 for a text.
    pub fn kind(&self) -> u32 {
        self.kind
    }

    /// Its data, borrowed from the hive unless it is spread over several cells.
    ///
    /// # Errors
    /// When it is longer than [`MAX_VALUE`], or its cells make no sense.
    pub fn data(&self) -> Result<Cow<'a, [u8]>, HiveError> {
        let wrong = |what| HiveError::Cell { offset: self.offset, what };
        let length = usize::try_from(self.length & !INSIDE).map_err(|_| wrong("data too long"))?;
        if self.length & INSIDE != 0 {
            let inside = self.cell.get(8..12).and_then(|four| four.get(..length));
            return inside.map(Cow::Borrowed).ok_or(wrong("more than four bytes inside"));
        }
        if length > MAX_VALUE {
            return Err(wrong("data too long"));
        }
        if length == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        let cell = self.hive.cell(self.place)?;
        if length > SEGMENT && cell.starts_with(b"db") {
            return self.segments(cell, length).map(Cow::Owned);
        }
        cell.get(..length).map(Cow::Borrowed).ok_or(wrong("data longer than its cell"))
    }

    fn segments(&self, cell: &[u8], length: usize) -> Result<Vec<u8>, HiveError> {
        let wrong = |what| HiveError::Cell { offset: self.place, what };
        let (count, list) = u16_at(cell, 2).zip(u32_at(cell, 4)).ok_or(wrong("too short for big data"))?;
        let mut data = Vec::with_capacity(length);
        for place in u32s(self.hive.cell(list)?).take(usize::from(count)) {
            let missing = length.saturating_sub(data.len());
            if missing == 0 {
                break;
            }
            let segment = self.hive.cell(place)?;
            let part = segment.get(..missing.min(SEGMENT)).ok_or(wrong("a segment is too short"))?;
            data.extend_from_slice(part);
        }
        if data.len() == length { Ok(data) } else { Err(wrong("segments are missing")) }
    }

    /// As a text, up to the first NUL; `None` for other types and damaged data.
    pub fn text(&self) -> Option<String> {
        matches!(self.kind, REG_SZ | REG_EXPAND_SZ).then_some(())?;
        self.texts_of_any().map(|mut texts| texts.swap_remove(0))
    }

    /// As a list of texts, also when it is a single one; `None` for other types and damaged data.
    pub fn texts(&self) -> Option<Vec<String>> {
        matches!(self.kind, REG_SZ | REG_EXPAND_SZ | REG_MULTI_SZ).then_some(())?;
        Some(self.texts_of_any()?.into_iter().filter(|text| !text.is_empty()).collect())
    }

    /// The parts between NULs; there is always a first.
    fn texts_of_any(&self) -> Option<Vec<String>> {
        let whole = text::utf16(&self.data().ok()?);
        Some(whole.split('\0').map(str::to_owned).collect())
    }

    /// As a 32-bit number; `None` for other types and damaged data.
    pub fn number(&self) -> Option<u32> {
        (self.kind == REG_DWORD).then_some(())?;
        u32_at(&self.data().ok()?, 0)
    }
}
