//! Finding the rows of a page and counting. Three ways, chosen by estimated cost:
//!
//! * **slice**: the filter is a stretch of the sort's own order, so a page is a slice of it, however deep it lies;
//! * **walk**: go along the sort's order and test until the page is full (few tests when many rows match);
//! * **find**: find all rows that match, then walk along the order with them at hand, or select the page by rank
//!   without sorting the rest.

use search::Filter;

use super::find::Finder;
use super::found::Found;
use super::plan::cost;
use super::select::select;
use super::stroll::Stroll;
use super::{Plan, Sequence};
use crate::dead::Dead;
use crate::table::Table;

/// What is wanted of one table.
pub(crate) struct Job<'a> {
    /// Table.
    pub(crate) table: &'a Table,
    /// Which rows.
    pub(crate) filter: &'a Filter,
    /// Rows that count no more.
    pub(crate) dead: &'a Dead,
    /// Order.
    pub(crate) sequence: Sequence<'a>,
    /// Position of the first wanted row among the live rows that match.
    pub(crate) from: usize,
    /// How many rows are wanted.
    pub(crate) count: usize,
    /// Whether all matching rows are to be counted.
    pub(crate) total: bool,
}

/// Rows in order, and how many match; `total` is `None` when it was not asked for.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<u32>,
    pub(crate) total: Option<usize>,
}

impl<'a> Job<'a> {
    /// Does it.
    pub(crate) fn run(&self, plan: Plan<'a>) -> Answer {
        let known = self.known_total(&plan);
        if let Some(stretch) = self.stretch(&plan) {
            return Answer { rows: self.slice(stretch), total: known };
        }
        if let Some(answer) = self.by_planes(&plan, known) {
            return answer;
        }
        if (known.is_some() || !self.total)
            && let Some(rows) = self.try_walk(&plan)
        {
            return Answer { rows, total: known };
        }
        self.gather(&plan)
    }

    /// Finds all rows and cuts the page out.
    pub(super) fn gather(&self, plan: &Plan<'a>) -> Answer {
        let mut found = self.finder().find(plan);
        found.bury(self.dead);
        let count = found.count();
        Answer { rows: self.page_of(found, count, self.part(plan)), total: self.total.then_some(count) }
    }

    fn finder(&self) -> Finder {
        Finder { rows: self.table.rows() }
    }

    /// Calls `each` for all rows that match, in order, until it fails. The rows are kept as bits, few as a list.
    pub(crate) fn visit<E>(&self, plan: &Plan<'a>, each: impl FnMut(u32) -> Result<(), E>) -> Result<(), E> {
        if let Some(stretch) = self.stretch(plan) {
            return stretch.walk(0).filter(|&row| !self.dead.contains(row)).try_for_each(each);
        }
        let mut found = self.finder().find(plan);
        found.bury(self.dead);
        match found {
            Found::List(mut list) => {
                list.sort_unstable_by_key(|&row| self.sequence.key(row));
                list.into_iter().try_for_each(each)
            }
            Found::Bits(bits) => self.part(plan).walk(0).filter(|&row| bits.contains(row)).try_for_each(each),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.table.rows() as usize
    }

    pub(super) fn end(&self) -> usize {
        self.from.saturating_add(self.count)
    }

    /// The number of live rows that match, when it is wanted and known without looking at them.
    fn known_total(&self, plan: &Plan<'_>) -> Option<usize> {
        let all = plan.count(self.rows()).filter(|_| self.total)?;
        let dead = self.dead.iter().filter(|&row| plan.test(row)).count();
        Some(all - dead)
    }

    /// The sequence of exactly the rows that pass, when it is part of the wanted order.
    fn stretch(&self, plan: &Plan<'_>) -> Option<Sequence<'a>> {
        match plan {
            Plan::All => Some(self.sequence),
            Plan::Interval { ranks, low, high } => self.sequence.within(ranks, *low, *high),
            _ => None,
        }
    }

    fn slice(&self, sequence: Sequence<'a>) -> Vec<u32> {
        let from_the_first = self.dead.is_empty() || self.from == 0;
        let from = if from_the_first { self.from } else { self.skip_dead(sequence) };
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        sequence.walk(from).filter(|&row| !self.dead.contains(row)).take(self.count).collect()
    }

    /// The position in a sequence before which there are exactly `from` live rows (or all, when there are fewer).
    fn skip_dead(&self, sequence: Sequence<'a>) -> usize {
        let mut dead: Vec<u64> = self.dead.iter().map(|row| sequence.key(row)).collect();
        dead.sort_unstable();
        let len = sequence.len() as usize;
        let first = dead_before(&dead, sequence, 0);
        let live_before = |at: usize| at.saturating_sub(dead_before(&dead, sequence, at) - first);
        let (mut low, mut high) = (self.from.min(len), len);
        while low < high {
            let middle = low + (high - low) / 2;
            if live_before(middle) < self.from { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Walks along the order when that looks cheaper than finding all rows, and gives up when it turns out not to be.
    fn try_walk(&self, plan: &Plan<'a>) -> Option<Vec<u32>> {
        let share = plan.share(self.rows());
        let sequence = self.part(plan);
        let find = self.finder().cost(plan) + self.page_cost(sequence, share * self.rows() as f64);
        let step = cost::STEP + plan.test_cost();
        if self.steps(sequence, share * self.rows() as f64) * step > find {
            return None;
        }
        self.walk(plan, (2.0 * find / step).max(256.0) as usize)
    }

    /// Walks along the order and tests, so many rows at most.
    pub(super) fn walk(&self, plan: &Plan<'a>, limit: usize) -> Option<Vec<u32>> {
        self.walk_along(self.part(plan), limit, |row| !self.dead.contains(row) && plan.test(row))
    }

    /// A stretch of the wanted order that all rows lie in that pass.
    fn part(&self, plan: &Plan<'a>) -> Sequence<'a> {
        let part = match plan {
            Plan::And(parts) => parts.iter().find_map(|part| self.stretch(part)),
            other => self.stretch(other),
        };
        part.unwrap_or(self.sequence)
    }

    /// How many rows of a sequence have to be visited until the page is full, when so many of its rows match.
    fn steps(&self, sequence: Sequence<'_>, found: f64) -> f64 {
        let len = f64::from(sequence.len());
        (self.end() as f64 / (found / len.max(1.0)).clamp(1e-9, 1.0)).min(len)
    }

    /// Rows of the page among those that pass; `None` after so many rows.
    fn walk_along(
        &self,
        sequence: Sequence<'a>,
        limit: usize,
        pass: impl Fn(u32) -> bool,
    ) -> Option<Vec<u32>> {
        let mut found = Vec::with_capacity(self.count.min(1024));
        if self.count == 0 {
            return Some(found);
        }
        let mut skip = self.from;
        let mut left = limit;
        for row in sequence.walk(0) {
            if left == 0 {
                return None;
            }
            left -= 1;
            if !pass(row) {
                continue;
            }
            if skip > 0 {
                skip -= 1;
                continue;
            }
            found.push(row);
            if found.len() == self.count {
                break;
            }
        }
        Some(found)
    }

    /// What cutting the page out of so many rows costs.
    fn page_cost(&self, sequence: Sequence<'_>, found: f64) -> f64 {
        let walk = self.steps(sequence, found) * cost::STROLL;
        if self.count == 0 { 0.0 } else { walk.min(found * cost::KEY) }
    }

    /// The page among `count` rows that were found, all of them in `sequence`.
    fn page_of(&self, mut found: Found, count: usize, sequence: Sequence<'a>) -> Vec<u32> {
        if self.count == 0 || self.from >= count {
            return Vec::new();
        }
        let gather = count as f64 * cost::KEY;
        let rows = self.table.rows();
        let (step, set) = match (sequence.parts().0, &found) {
            (Some(_), Found::Bits(_)) => (cost::STROLL, 0.0),
            (Some(_), Found::List(_)) => {
                (cost::STROLL, f64::from(rows) * cost::WORD + count as f64 * cost::LIST)
            }
            (None, Found::Bits(_)) => (cost::STEP + cost::BIT, 0.0),
            (None, Found::List(_)) => (f64::INFINITY, 0.0),
        };
        if self.steps(sequence, count as f64) * step + set < gather {
            let bits = found.into_bits(rows);
            let limit = (2.0 * gather / step) as usize;
            let page = match sequence.parts().0 {
                Some(ranks) => Stroll::page(ranks, sequence.places(), &bits, (self.from, self.count), limit),
                None => self.walk_along(sequence, limit, |row| bits.contains(row)),
            };
            if let Some(page) = page {
                return page;
            }
            found = Found::Bits(bits);
        }
        let keys = match found {
            Found::List(list) => self.sequence.keys(list.into_iter(), count),
            Found::Bits(bits) => self.sequence.keys(bits.iter(), count),
        };
        select(keys, self.from, self.end(), self.table.rows())
    }
}

/// How many of the dead rows, given by ascending keys, come before the row at a position of the sequence.
fn dead_before(dead: &[u64], sequence: Sequence<'_>, at: usize) -> usize {
    let row = u32::try_from(at).ok().and_then(|at| sequence.walk(at).next());
    row.map_or(dead.len(), |row| {
        let key = sequence.key(row);
        dead.partition_point(|&d| d < key)
    })
}
