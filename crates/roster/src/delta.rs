//! What changed since the main part was made. Persistent: a new snapshot shares all but what its changes touch.

use std::sync::Arc;

use imbl::{HashMap, Vector};

use crate::brief::{Brief, Briefs};
use crate::dead::Dead;
use crate::kind::Kind;

/// One change as it arrives: put an item, or delete the one with a key.
#[derive(Debug, Clone)]
pub(crate) enum Change<T> {
    Put(T),
    Delete(String),
}

/// The state of one key that changed: its item, or that it was deleted.
#[derive(Debug, Clone)]
struct Slot<T> {
    /// Shared with the maps: copying a piece of them copies no text.
    key: Arc<str>,
    item: Option<T>,
}

/// All changes since the main part, one slot per key.
#[derive(Debug)]
pub(crate) struct Delta<K: Kind> {
    slots: Vector<Slot<K::Item>>,
    /// What is searched of the items, for kinds that have it packed.
    briefs: Briefs,
    by_key: HashMap<Arc<str>, u32>,
    by_alias: HashMap<Arc<str>, u32>,
    /// Rows of the main part that count no more.
    dead: Dead,
    /// Rows of the items in the slots.
    rows: usize,
}

impl<K: Kind> Clone for Delta<K> {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.clone(),
            briefs: self.briefs.clone(),
            by_key: self.by_key.clone(),
            by_alias: self.by_alias.clone(),
            dead: self.dead.clone(),
            rows: self.rows,
        }
    }
}

impl<K: Kind> Default for Delta<K> {
    fn default() -> Self {
        Self {
            slots: Vector::new(),
            briefs: Briefs::default(),
            by_key: HashMap::new(),
            by_alias: HashMap::new(),
            dead: Dead::default(),
            rows: 0,
        }
    }
}

impl<K: Kind> Delta<K> {
    /// Applies one change over `main`.
    pub(crate) fn apply(&mut self, main: &K, change: Change<K::Item>) {
        let (key, item) = match change {
            Change::Put(item) => (K::key(&item).to_owned(), Some(item)),
            Change::Delete(key) => (key, None),
        };
        let slot = match self.by_key.get(key.as_str()) {
            Some(&slot) => slot,
            None => match self.open(main, &key, item.is_none()) {
                Some(slot) => slot,
                None => return,
            },
        };
        self.fill(slot, item);
    }

    /// Makes the slot of a key that has none yet; `None` when there is nothing to delete.
    fn open(&mut self, main: &K, key: &str, deletes: bool) -> Option<u32> {
        let merged = main.find(key);
        if merged.is_none() && deletes {
            return None;
        }
        merged.into_iter().flatten().for_each(|row| self.dead.insert(row));
        let slot = self.slots.len() as u32;
        let key: Arc<str> = key.into();
        self.slots.push_back(Slot { key: Arc::clone(&key), item: None });
        self.by_key.insert(key, slot);
        Some(slot)
    }

    fn fill(&mut self, slot: u32, item: Option<K::Item>) {
        if let Some(fields) = K::PACKED {
            self.briefs.set(fields, slot, item.as_ref().and_then(|item| K::row(item, 0)).as_ref());
        }
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        let new_rows = item.as_ref().map_or(0, |item| K::rows(item) as usize);
        let new_alias = item.as_ref().and_then(K::alias).map(Arc::<str>::from);
        let old = std::mem::replace(&mut place.item, item);
        self.rows += new_rows;
        if let Some(old) = old {
            self.rows -= K::rows(&old) as usize;
            if let Some(alias) = K::alias(&old)
                && self.by_alias.get(alias) == Some(&slot)
            {
                self.by_alias.remove(alias);
            }
        }
        if let Some(alias) = new_alias {
            self.by_alias.insert(alias, slot);
        }
    }

    /// Rows of the main part that count no more.
    pub(crate) fn dead(&self) -> &Dead {
        &self.dead
    }

    /// Rows of the items put.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// How much there is to merge.
    pub(crate) fn size(&self) -> usize {
        self.slots.len().max(self.rows).max(self.dead.len())
    }

    /// What became of a key: `None` when it did not change, `Some(None)` when it was deleted.
    pub(crate) fn changed(&self, key: &str) -> Option<Option<&K::Item>> {
        let slot = *self.by_key.get(key)?;
        self.slots.get(slot as usize).map(|slot| slot.item.as_ref())
    }

    /// The slot and the item put with an alias.
    pub(crate) fn by_alias(&self, alias: &str) -> Option<(u32, &K::Item)> {
        let slot = *self.by_alias.get(alias)?;
        Some((slot, self.item(slot)?))
    }

    /// All keys that changed, whatever became of them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| &*slot.key)
    }

    /// The item in a slot.
    pub(crate) fn item(&self, slot: u32) -> Option<&K::Item> {
        self.slots.get(slot as usize)?.item.as_ref()
    }

    /// All items put, with their slots.
    pub(crate) fn items(&self) -> impl Iterator<Item = (u32, &K::Item)> {
        (0..).zip(self.slots.iter()).filter_map(|(slot, s)| Some((slot, s.item.as_ref()?)))
    }

    /// The rows of all items put, with their slots, packed; `None` for kinds that have not.
    pub(crate) fn briefs(&self) -> Option<impl Iterator<Item = (u32, Brief<'_>)>> {
        K::PACKED.map(|fields| self.briefs.iter(fields))
    }

    /// All changed keys with what became of them, ascending.
    pub(crate) fn changes(&self) -> Vec<(&str, Option<&K::Item>)> {
        let mut changes: Vec<_> = self.slots.iter().map(|s| (&*s.key, s.item.as_ref())).collect();
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes
    }
}
