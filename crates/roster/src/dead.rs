//! Rows of a table that were replaced or deleted since it was made: a bitmap in pages, so that a new snapshot copies
//! only the pages it changes.

use std::sync::Arc;

use crate::bits::bits;

const WORDS: usize = 512;
const ROWS: usize = WORDS * 64;

/// A growing set of dead rows; cloning costs one pointer per 32,768 rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dead {
    pages: Vec<Option<Arc<[u64; WORDS]>>>,
    count: usize,
}

impl Dead {
    /// Whether no row is dead.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many rows are dead.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether a row is dead.
    #[inline]
    pub(crate) fn contains(&self, row: u32) -> bool {
        let row = row as usize;
        match self.pages.get(row / ROWS) {
            Some(Some(page)) => page[row % ROWS / 64] >> (row % 64) & 1 == 1,
            _ => false,
        }
    }

    /// Marks a row.
    pub(crate) fn insert(&mut self, row: u32) {
        let row = row as usize;
        if self.pages.len() <= row / ROWS {
            self.pages.resize(row / ROWS + 1, None);
        }
        let page = self.pages[row / ROWS].get_or_insert_with(|| Arc::new([0; WORDS]));
        let word = &mut Arc::make_mut(page)[row % ROWS / 64];
        let bit = 1 << (row % 64);
        self.count += usize::from(*word & bit == 0);
        *word |= bit;
    }

    /// The dead rows in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let pages = self.pages.iter().enumerate().filter_map(|(index, page)| Some((index, page.as_ref()?)));
        pages.flat_map(|(index, page)| {
            page.iter().enumerate().flat_map(move |(word, &ones)| {
                bits(ones).map(move |bit| (index * ROWS + word * 64) as u32 + bit)
            })
        })
    }
}
