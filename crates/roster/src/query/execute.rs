//! Finding the rows of a page and counting. Three ways, chosen by estimated cost:
//!
//! * **slice**: the filter is a stretch of the sort's own order, so a page is a slice of it, however deep it lies;
//! * **walk**: go along the sort's order and test until the page is full (few tests when many rows match);
//! * **gather**: list the candidates of the rarest condition (or look at all rows), keep what passes, select the
//!   page by rank without sorting the rest.

use roaring::RoaringBitmap;
use search::{Filter, Test};

use super::plan::{part_of, text_passes};
use super::{Plan, Sequence};
use crate::dead::Dead;
use crate::table::Table;

/// Rough costs in nanoseconds, measured at a million rows: what matters is how they compare.
mod cost {
    /// Next row of an order, with a test.
    pub(super) const STEP: f64 = 12.0;
    /// Looking for a part in the text of one row.
    pub(super) const LOOK: f64 = 80.0;
    /// A candidate: test and key.
    pub(super) const CANDIDATE: f64 = 15.0;
    /// One row when all are looked at in turn.
    pub(super) const ROW: f64 = 4.0;
    /// A row with the rarest pair of a part: comparing sets, looking at the few that are left.
    pub(super) const LISTED: f64 = 20.0;
    /// Bringing one row of the page into order.
    pub(super) const SORT: f64 = 40.0;
}

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
        let plan = self.list_parts(plan);
        let known = self.known_total(&plan);
        if known.is_some()
            && let Some(rows) = self.try_walk(&plan)
        {
            return Answer { rows, total: known };
        }
        self.gather(&plan)
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
        let from = if self.dead.is_empty() { self.from } else { self.skip_dead(sequence) };
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

    /// Walks along the order when that looks cheaper than gathering, and gives up when it turns out not to be.
    fn try_walk(&self, plan: &Plan<'_>) -> Option<Vec<u32>> {
        let rows = self.rows() as f64;
        let step = cost::STEP + if looks_at_text(plan) { cost::LOOK } else { 0.0 };
        let steps = (self.end() as f64 / plan.share(self.rows()).max(1e-9)).min(rows);
        let gather = self.gather_cost(plan);
        if steps * step > gather {
            return None;
        }
        let limit = (2.0 * gather / step).max(256.0) as usize;
        self.walk(plan, limit)
    }

    pub(super) fn walk(&self, plan: &Plan<'_>, limit: usize) -> Option<Vec<u32>> {
        let mut found = Vec::with_capacity(self.count.min(1024));
        if self.count == 0 {
            return Some(found);
        }
        let mut skip = self.from;
        for (visited, row) in self.sequence.walk(0).enumerate() {
            if visited >= limit {
                return None;
            }
            if self.dead.contains(row) || !plan.test(row) {
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

    /// What gathering would cost, scans included.
    fn gather_cost(&self, plan: &Plan<'_>) -> f64 {
        let rows = self.rows() as f64;
        let found = plan.share(self.rows()) * rows;
        let listed = plan.listable().map(|n| n as f64 * cost::CANDIDATE);
        let look = listed.unwrap_or(rows * cost::ROW + found * cost::CANDIDATE);
        look + part_size(plan) * cost::LISTED + found.min(self.count as f64) * cost::SORT
    }

    /// Replaces conditions on parts of text by the rows that meet them, unless another condition leaves so few
    /// candidates that looking at each is cheaper. Joins of listable conditions become sets on the way.
    fn list_parts(&self, plan: Plan<'a>) -> Plan<'a> {
        match plan {
            Plan::Text { column, test } => {
                let Some(found) = part_of(test).and_then(|part| column.candidates(&part)) else {
                    return Plan::Text { column, test };
                };
                let certain = found.certain && matches!(test, Test::Contains(_));
                let passes = |row: &u32| certain || text_passes(column, test, *row);
                Plan::Rows(if certain { found.rows } else { found.rows.iter().filter(passes).collect() })
            }
            Plan::And(parts) => {
                let few = parts.iter().filter_map(Plan::listable).min();
                let most: f64 = parts.iter().map(part_size).sum();
                let cheap = few.is_some_and(|few| (few as f64) < most);
                if cheap { Plan::And(parts) } else { Plan::And(self.list_each(parts)) }
            }
            Plan::Or(parts) => self.unite(self.list_each(parts)),
            Plan::Not(inner) => Plan::Not(Box::new(self.list_parts(*inner))),
            other => other,
        }
    }

    fn list_each(&self, parts: Vec<Plan<'a>>) -> Vec<Plan<'a>> {
        parts.into_iter().map(|p| self.list_parts(p)).collect()
    }

    /// One set of rows for conditions joined by "or", when each can be listed.
    fn unite(&self, parts: Vec<Plan<'a>>) -> Plan<'a> {
        if parts.iter().any(|p| p.listable().is_none()) {
            return Plan::Or(parts);
        }
        let mut union = RoaringBitmap::new();
        for part in parts {
            match part {
                Plan::Rows(rows) => union |= rows,
                _ => part.list(&mut |row| {
                    if part.test(row) {
                        union.insert(row);
                    }
                }),
            }
        }
        Plan::Rows(union)
    }

    pub(super) fn gather(&self, plan: &Plan<'_>) -> Answer {
        let mut keys = Vec::new();
        let mut total = 0;
        let sure = plan.lists_exactly() && plan.listable().is_some();
        let mut keep = |row: u32| {
            if !self.dead.contains(row) && (sure || plan.test(row)) {
                total += 1;
                if self.count > 0 {
                    keys.push(self.sequence.key(row));
                }
            }
        };
        match plan.listable().filter(|_| !plan.repeats()) {
            Some(_) => plan.list(&mut keep),
            None => (0..self.table.rows()).for_each(keep),
        }
        Answer { rows: select(keys, self.from, self.end()), total: self.total.then_some(total) }
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

/// The rows of the keys at the positions `from` to `end` of the sorted keys, without sorting the others.
fn select(mut keys: Vec<u64>, from: usize, end: usize) -> Vec<u32> {
    if from >= keys.len() {
        return Vec::new();
    }
    if end < keys.len() {
        keys.select_nth_unstable(end);
        keys.truncate(end);
    }
    if from > 0 && from < keys.len() {
        keys.select_nth_unstable(from);
    }
    let page = keys.get_mut(from..).unwrap_or_default();
    page.sort_unstable();
    page.iter().map(|&key| key as u32).collect()
}

fn looks_at_text(plan: &Plan<'_>) -> bool {
    match plan {
        Plan::Text { .. } => true,
        Plan::And(parts) | Plan::Or(parts) => parts.iter().any(looks_at_text),
        Plan::Not(inner) => looks_at_text(inner),
        _ => false,
    }
}

/// How many rows have to be looked at to list the rows of conditions on parts of text.
fn part_size(plan: &Plan<'_>) -> f64 {
    match plan {
        Plan::Text { column, test } => {
            part_of(test).and_then(|part| column.at_most(&part)).map_or(0.0, |most| most as f64)
        }
        Plan::And(parts) | Plan::Or(parts) => parts.iter().map(part_size).sum(),
        Plan::Not(inner) => part_size(inner),
        _ => 0.0,
    }
}
