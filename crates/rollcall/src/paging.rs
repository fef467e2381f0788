//! Reading a list page by page, and the options that say how much of it.

use clap::Args;
use serde_json::Value;

use crate::{client::CallError, output::note};

/// Largest page any list action gives.
pub const PAGE: u64 = 100;

/// How much of a list to show.
#[derive(Debug, Clone, Args)]
pub struct Extent {
    /// How many to show
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u64,
    /// How many to leave out at the start
    #[arg(long, default_value_t = 0, value_name = "N")]
    offset: u64,
    /// Show all, however many
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

/// One page: its rows and how many there are in all.
pub struct Page {
    /// The rows.
    pub rows: Vec<Value>,
    /// All matches.
    pub total: u64,
}

impl Page {
    /// Takes rows and total out of an answer.
    pub fn take(mut answer: Value, rows: &str, total: &str) -> Self {
        let total = answer.get(total).and_then(Value::as_u64).unwrap_or(0);
        let rows = match answer.get_mut(rows).map(Value::take) {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        };
        Self { rows, total }
    }
}

impl Extent {
    /// Fetches the wanted rows. `fetch` gets offset and limit of one page. Says on stderr when more exist.
    ///
    /// # Errors
    /// The first failed call.
    pub fn fetch(
        &self,
        mut fetch: impl FnMut(u64, u64) -> Result<Page, CallError>,
    ) -> Result<Vec<Value>, CallError> {
        let wanted = if self.all { u64::MAX } else { self.limit };
        let mut rows = Vec::new();
        let mut total = 0;
        while count(&rows) < wanted {
            let limit = PAGE.min(wanted - count(&rows));
            let page = fetch(self.offset.saturating_add(count(&rows)), limit)?;
            total = page.total;
            let last = count(&page.rows) < limit;
            rows.extend(page.rows);
            if last {
                break;
            }
        }
        let seen = self.offset.saturating_add(count(&rows));
        if total > seen {
            note(&format!("{} of {total} shown; --all shows all", rows.len()));
        }
        Ok(rows)
    }
}

fn count(rows: &[Value]) -> u64 {
    rows.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(extent: &Extent, total: u64) -> (usize, Vec<(u64, u64)>) {
        let mut calls = Vec::new();
        let rows = extent.fetch(|offset, limit| {
            calls.push((offset, limit));
            let n = total.saturating_sub(offset).min(limit);
            Ok(Page { rows: vec![Value::Null; usize::try_from(n).unwrap()], total })
        });
        (rows.unwrap().len(), calls)
    }

    #[test]
    fn asks_for_no_more_than_needed() {
        let extent = |limit, offset, all| Extent { limit, offset, all };
        assert_eq!(run(&extent(50, 0, false), 1000), (50, vec![(0, 50)]));
        assert_eq!(run(&extent(150, 7, false), 1000), (150, vec![(7, 100), (107, 50)]));
        assert_eq!(run(&extent(50, 0, true), 250), (250, vec![(0, 100), (100, 100), (200, 100)]));
        assert_eq!(run(&extent(50, 0, true), 0), (0, vec![(0, 100)]));
        assert_eq!(run(&extent(0, 0, false), 10), (0, vec![]));
    }
}
