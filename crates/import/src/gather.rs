//! The bound on what is kept in memory while hosts are gathered.

use crate::ReadError;

/// Most bytes of rows kept, counted with an allowance for what holds them.
pub const MOST_BYTES: usize = 1 << 30;

/// What a value costs beside its text.
const OVERHEAD: usize = 48;

/// Bytes kept so far.
#[derive(Debug, Default)]
pub struct Budget {
    spent: usize,
}

impl Budget {
    /// Counts values that are about to be kept.
    ///
    /// # Errors
    /// [`ReadError::Full`] when they are too many.
    pub fn spend<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> Result<(), ReadError> {
        let cost: usize = values.into_iter().map(|value| value.len() + OVERHEAD).sum();
        self.spent = self.spent.saturating_add(cost + OVERHEAD);
        if self.spent > MOST_BYTES { Err(ReadError::Full) } else { Ok(()) }
    }
}
