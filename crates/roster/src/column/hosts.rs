//! Text that all rows of a host share: a value per host, and the host of each row.

use std::sync::{Arc, Mutex, PoisonError};

use search::Test;

use super::Dictionary;

/// Which rows belong to which host. The rows of a host stand together, in the order of the hosts.
#[derive(Debug)]
pub(crate) struct HostRows {
    /// The host of each row.
    of: Vec<u32>,
    /// First row of each host, and the number of rows at the end.
    starts: Vec<u32>,
}

impl HostRows {
    /// From the first row of each host, and the number of rows at the end.
    pub(crate) fn new(starts: Vec<u32>) -> Self {
        let mut of = Vec::with_capacity(starts.last().copied().unwrap_or(0) as usize);
        for (host, rows) in (0_u32..).zip(starts.windows(2)) {
            of.extend((rows[0]..rows[1]).map(|_| host));
        }
        Self { of, starts }
    }

    /// The host of a row.
    #[inline]
    pub(crate) fn host(&self, row: u32) -> u32 {
        self.of[row as usize]
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The rows of a host.
    pub(crate) fn rows(&self, host: u32) -> std::ops::Range<u32> {
        self.starts[host as usize]..self.starts[host as usize + 1]
    }
}

/// One attribute of the hosts.
#[derive(Debug)]
pub(crate) struct HostColumn {
    /// A text for each host, sorted.
    texts: Arc<Dictionary>,
    rows: Arc<HostRows>,
    /// The hosts that passed the latest tests, latest last: a page is often followed by the next one.
    known: Mutex<Vec<(Test, Arc<HostSet>)>>,
}

/// Sets that are kept: a bit for each host.
const KNOWN: usize = 16;

/// Some hosts.
#[derive(Debug)]
pub(crate) struct HostSet {
    bits: Vec<u64>,
    /// How many rows they have.
    count: u32,
}

impl HostColumn {
    /// Joins texts of hosts with the rows of the hosts.
    pub(crate) fn new(texts: Arc<Dictionary>, rows: Arc<HostRows>) -> Self {
        Self { texts, rows, known: Mutex::default() }
    }

    /// Which rows belong to which host.
    pub(crate) fn rows(&self) -> &HostRows {
        &self.rows
    }

    /// The text of a row; empty when it has none.
    pub(crate) fn get(&self, row: u32) -> &str {
        self.texts.get(self.rows.host(row))
    }

    /// The hosts whose text passes a test.
    pub(crate) fn matching(&self, test: &Test) -> Arc<HostSet> {
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, set)) = lock().iter().find(|(known, _)| known == test) {
            return Arc::clone(set);
        }
        let set = Arc::new(self.find(test));
        let mut known = lock();
        if known.len() >= KNOWN {
            known.remove(0);
        }
        known.push((test.clone(), Arc::clone(&set)));
        set
    }

    fn find(&self, test: &Test) -> HostSet {
        let mut set = HostSet { bits: vec![0; self.rows.hosts().div_ceil(64)], count: 0 };
        self.texts.list(&self.texts.matching(test), &mut |host| {
            set.bits[host as usize / 64] |= 1 << (host % 64);
            set.count += self.rows.rows(host).len() as u32;
        });
        set
    }
}

impl HostSet {
    /// Whether a host is in it.
    #[inline]
    pub(crate) fn contains(&self, host: u32) -> bool {
        self.bits[host as usize / 64] >> (host % 64) & 1 == 1
    }

    /// How many rows its hosts have.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Its hosts, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let words = self.bits.iter().enumerate();
        words.flat_map(|(at, &word)| crate::bits::bits(word).map(move |bit| at as u32 * 64 + bit))
    }
}
