//! A key of a hive (nk cell): its name, its subkeys and its values.

use super::{Hive, HiveError, Value, list};
use crate::{
    bytes::{u16_at, u32_at, u32s},
    text,
};

/// The name is one byte for each character.
const COMPRESSED_NAME: u16 = 0x20;
/// Where the name begins.
const NAME: usize = 76;
/// Most values of a key that are looked at.
const MAX_VALUES: usize = 16_384;

/// A key.
#[derive(Debug, Clone)]
pub struct Key<'a> {
    hive: Hive<'a>,
    offset: u32,
    name: String,
    subkeys: (u32, u32),
    values: (u32, u32),
}

impl<'a> Key<'a> {
    pub(super) fn read(hive: Hive<'a>, offset: u32) -> Result<Self, HiveError> {
        let wrong = |what| HiveError::Cell { offset, what };
        let cell = hive.cell(offset)?;
        if !cell.starts_with(b"nk") {
            return Err(wrong("not a key"));
        }
        let number = |at| u32_at(cell, at).ok_or(wrong("too short for a key"));
        let short = |at| u16_at(cell, at).ok_or(wrong("too short for a key"));
        let name = cell.get(NAME..NAME + usize::from(short(72)?)).ok_or(wrong("too short for its name"))?;
        Ok(Key {
            hive,
            offset,
            name: text::registry_name(name, short(2)? & COMPRESSED_NAME != 0),
            subkeys: (number(20)?, number(28)?),
            values: (number(36)?, number(40)?),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its cell is: two keys with one place are the same.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// Its subkeys in their order, at most [`list::MAX_SUBKEYS`]; an error stands for each that cannot be read, and
    /// one at the end for a list that is damaged.
    pub fn subkeys(&self) -> Vec<Result<Key<'a>, HiveError>> {
        let (count, offset) = self.subkeys;
        let (offsets, damage) = list::subkeys(self.hive, offset, count);
        let keys = offsets.into_iter().map(|offset| Key::read(self.hive, offset));
        keys.chain(damage.map(Err)).collect()
    }

    /// The subkey of that name, in any case; `None` when there is none.
    ///
    /// # Errors
    /// When it was not found among subkeys some of which are damaged.
    pub fn subkey(&self, name: &str) -> Result<Option<Key<'a>>, HiveError> {
        find(self.subkeys(), |key| text::same_name(&key.name, name))
    }

    /// Its values in their order; errors as with [`Key::subkeys`].
    pub fn values(&self) -> Vec<Result<Value<'a>, HiveError>> {
        let (count, offset) = self.values;
        if count == 0 {
            return Vec::new();
        }
        let list = match self.hive.cell(offset) {
            Ok(list) => list,
            Err(error) => return vec![Err(error)],
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let read = |offset| Value::read(self.hive, offset);
        let mut values: Vec<_> = u32s(list).take(count.min(MAX_VALUES)).map(read).collect();
        if values.len() < count {
            values.push(Err(HiveError::Cell { offset, what: "fewer values than the key says, or too many" }));
        }
        values
    }

    /// The value of that name, in any case; the empty name is the key's default value.
    ///
    /// # Errors
    /// When it was not found among values some of which are damaged.
    pub fn value(&self, name: &str) -> Result<Option<Value<'a>>, HiveError> {
        find(self.values(), |value| text::same_name(value.name(), name))
    }
}

/// The first that fits; an error only when none does.
fn find<T>(all: Vec<Result<T, HiveError>>, fits: impl Fn(&T) -> bool) -> Result<Option<T>, HiveError> {
    let mut damage = None;
    for one in all {
        match one {
            Ok(one) if fits(&one) => return Ok(Some(one)),
            Ok(_) => {}
            Err(error) => damage = damage.or(Some(error)),
        }
    }
    damage.map_or(Ok(None), Err)
}
