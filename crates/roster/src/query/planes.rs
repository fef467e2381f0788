//! Answering by bit planes, for tables that have flags: a filter becomes a few operations on words for each block of
//! rows. All rows that match are counted in the order they lie in, where a condition is found out for one row after
//! the other; a page is found by the counts of blocks in the very order it is wanted in, from that end which is
//! nearer. So counting costs some hundred microseconds for ten million rows, and a page at most half of the blocks.

use super::execute::{Answer, Job};
use super::members::Set;
use super::{Plan, Sequence};
use crate::column::Ranks;

/// One candidate in so many rows is looked at without thought of planes.
const FEW: usize = 512;
/// One row in so many is walked along for a page without thought of planes, and never more than [`STEPS`].
const SOME: usize = 64;
/// Most rows that are walked along.
const STEPS: usize = 5_000;
/// Rows of a page that are looked up one by one; more are an export, which walks.
const PAGE: usize = 2_000;

impl<'a> Job<'a> {
    /// Answers by planes, or by what is cheaper; `None` for tables without planes. `known` is the total, when it is
    /// wanted and known.
    pub(super) fn by_planes(&self, plan: &Plan<'a>, known: Option<usize>) -> Option<Answer> {
        let ranks = self.sequence.parts().0?;
        ranks.planes()?;
        let listable = plan.listable();
        let few = self.rows() / if self.count > PAGE { 16 } else { FEW };
        if listable.is_some_and(|rows| rows <= few) {
            return Some(self.gather(plan));
        }
        let dead = || self.dead.iter().filter(|&row| plan.test(row)).count();
        let total = match known {
            None if self.total => Some(Set::by_row(self.table, self.filter)?.total() as usize - dead()),
            known => known,
        };
        if self.count > PAGE {
            return Some(Answer { rows: self.walk(plan, usize::MAX)?, total });
        }
        let steps = self.end() as f64 / plan.share(self.rows()).max(1e-9);
        let most = STEPS.min(self.rows() / SOME);
        let walked = if steps <= most as f64 { self.walk(plan, 4 * most) } else { None };
        let rows = match walked {
            Some(rows) => rows,
            None => {
                let matching = match total {
                    Some(total) => (total + dead()) as u32,
                    None => Set::by_row(self.table, self.filter)?.total(),
                };
                let set = Set::ranked(self.table, self.filter, ranks, matching)?;
                self.page(InSequence { set, ranks, sequence: self.sequence }, plan)
            }
        };
        Some(Answer { rows, total })
    }

    /// The wanted rows of a set in the order of this job.
    fn page(&self, mut rows: InSequence<'_>, plan: &Plan<'_>) -> Vec<u32> {
        let mut dead: Vec<u64> =
            self.dead.iter().filter(|&row| plan.test(row)).map(|row| self.sequence.key(row)).collect();
        dead.sort_unstable();
        // The first wanted row stands behind as many dead ones as come before it.
        let mut at = self.from;
        let mut page = Vec::with_capacity(self.count);
        while let Some(row) = rows.nth(at) {
            let behind = self.from + dead.partition_point(|&key| key < self.sequence.key(row));
            if behind <= at {
                break;
            }
            at = behind;
        }
        while page.len() < self.count
            && let Some(row) = rows.nth(at)
        {
            if !self.dead.contains(row) {
                page.push(row);
            }
            at += 1;
        }
        page
    }
}

/// The rows of a set as a sort wants them.
struct InSequence<'a> {
    set: Set<'a>,
    ranks: &'a Ranks,
    sequence: Sequence<'a>,
}

impl InSequence<'_> {
    /// A row by its number in the sorted set.
    fn nth(&mut self, number: usize) -> Option<u32> {
        let total = self.set.total();
        let number = u32::try_from(number).ok().filter(|number| *number < total)?;
        let (_, descending, moved) = self.sequence.parts();
        let number = if descending {
            self.nth_from_the_end(number)?
        } else {
            // Rows without a value are first in the order and may be last in the sort.
            let missing = self.set.before(moved);
            if number < total - missing { missing + number } else { number - (total - missing) }
        };
        self.ranks.order().get(self.set.place(number)? as usize).copied()
    }

    /// Groups of equal values come in reverse, the rows of each as they are.
    fn nth_from_the_end(&mut self, number: u32) -> Option<u32> {
        let (total, ranks) = (self.set.total(), self.ranks);
        let order = ranks.order();
        let place = self.set.place(total - 1 - number)?;
        let start = ranks.group(*order.get(place as usize)?);
        let behind = &order[place as usize..];
        let end = place + partition(behind, |row| ranks.group(row) == start);
        let (low, high) = (self.set.before(start), self.set.before(end));
        Some(low + (number - (total - high)))
    }
}

/// The length of the beginning of `rows` that `belongs`; found from its first rows on, because groups are short.
fn partition(rows: &[u32], belongs: impl Fn(u32) -> bool) -> u32 {
    let mut width = 1;
    while width < rows.len() && belongs(rows[width]) {
        width *= 2;
    }
    let near = &rows[..rows.len().min(width)];
    near.partition_point(|&row| belongs(row)) as u32
}
