//! Answering by bit planes, for tables that have flags: a filter becomes a few operations on words for each block of
//! rows, in the very order the page is wanted in. So counting costs some hundred microseconds for ten million rows,
//! and a page is found by the counts of blocks, however deep it lies.

use std::cell::RefCell;
use std::sync::Arc;

use search::{Field, Filter, MAX_DEPTH, SortKey, Test};

use super::compile::leaf;
use super::execute::{Answer, Job};
use super::find::Finder;
use super::{Plan, Sequence};
use crate::bits::Bits;
use crate::column::{Allowed, BLOCK, BLOCK_ROWS, Block, FlagField, Planes, Ranks, word};
use crate::table::{Column, Table};

/// One candidate in so many rows is looked at without thought of planes.
const FEW: usize = 512;
/// One row in so many is walked along for a page without thought of planes, and never more than [`STEPS`].
const SOME: usize = 64;
/// Most rows that are walked along.
const STEPS: usize = 5_000;
/// Rows of a page that are looked up one by one; more are an export, which walks.
const PAGE: usize = 2_000;

/// A condition on the rows of one order.
#[derive(Debug)]
enum Condition {
    All,
    Nothing,
    Flag {
        field: FlagField,
        allowed: Allowed,
    },
    /// Places from the first to the second, which is excluded.
    Range(u32, u32),
    Set(Arc<Vec<u64>>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

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
        let total = known.or_else(|| self.total.then(|| self.count_by_planes(plan)));
        if self.count > PAGE {
            return Some(Answer { rows: self.walk(plan, usize::MAX)?, total });
        }
        let steps = self.end() as f64 / plan.share(self.rows()).max(1e-9);
        let most = STEPS.min(self.rows() / SOME);
        let walked = if steps <= most as f64 { self.walk(plan, 4 * most) } else { None };
        let rows = match walked {
            Some(rows) => rows,
            None => self.page(&Set::new(self.table, self.filter, ranks)?, plan),
        };
        Some(Answer { rows, total })
    }

    fn count_by_planes(&self, plan: &Plan<'_>) -> usize {
        let dead = self.dead.iter().filter(|&row| plan.test(row)).count();
        let ranks = counting_order(self.table, self.filter).or_else(|| self.table.ranks(SortKey::Natural));
        let set = ranks.and_then(|ranks| Set::new(self.table, self.filter, ranks));
        set.map_or(0, |set| set.total() as usize - dead)
    }

    /// The wanted rows of a set in the order of this job.
    fn page(&self, set: &Set<'_>, plan: &Plan<'_>) -> Vec<u32> {
        let rows = InSequence { set, sequence: self.sequence };
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

/// The order in which the rows of a filter are counted at least cost: that of its one condition that is not on flags.
fn counting_order<'a>(table: &'a Table, filter: &'a Filter) -> Option<&'a Ranks> {
    let parts = match filter {
        Filter::And(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut orders = parts.iter().filter_map(|part| match part {
        Filter::Test { field, .. } => match table.column(*field)? {
            Column::Flag(..) => None,
            _ => table.ranks(SortKey::Field(*field)),
        },
        _ => None,
    });
    orders.next()
}

/// The rows of a filter in one order.
struct Set<'a> {
    ranks: &'a Ranks,
    planes: &'a Planes,
    condition: Condition,
    /// How many rows there are up to the end of each block.
    ends: Vec<u32>,
    /// The block that was looked at last.
    last: RefCell<(usize, Block)>,
}

impl<'a> Set<'a> {
    fn new(table: &'a Table, filter: &Filter, ranks: &'a Ranks) -> Option<Self> {
        let planes = ranks.planes()?;
        let condition = Compiling { table, ranks, planes }.node(filter, MAX_DEPTH);
        let mut set =
            Self { ranks, planes, condition, ends: Vec::new(), last: RefCell::new((usize::MAX, [0; BLOCK])) };
        let mut rows = 0;
        set.ends = (0..planes.blocks())
            .map(|block| {
                rows += set.block(block).iter().map(|word| word.count_ones()).sum::<u32>();
                rows
            })
            .collect();
        Some(set)
    }

    fn total(&self) -> u32 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The rows of a block that are in the set.
    fn block(&self, block: usize) -> Block {
        let mut out = self.of(&self.condition, block);
        let rows = self.planes.rows() - block as u32 * BLOCK_ROWS;
        if rows < BLOCK_ROWS {
            keep(&mut out, 0, rows);
        }
        out
    }

    fn of(&self, condition: &Condition, block: usize) -> Block {
        match condition {
            Condition::All => [u64::MAX; BLOCK],
            Condition::Nothing => [0; BLOCK],
            Condition::Flag { field, allowed } => self.planes.passing(*field, *allowed, block),
            Condition::Range(low, high) => {
                let start = block as u32 * BLOCK_ROWS;
                let mut out = [u64::MAX; BLOCK];
                let place = |at: &u32| at.saturating_sub(start).min(BLOCK_ROWS);
                keep(&mut out, place(low), place(high));
                out
            }
            Condition::Set(words) => {
                let mut out = [0; BLOCK];
                let words = words.get(block * BLOCK..).unwrap_or_default().iter();
                out.iter_mut().zip(words).for_each(|(out, word)| *out = *word);
                out
            }
            Condition::And(parts) => self.join(parts, [u64::MAX; BLOCK], block, |a, b| a & b),
            Condition::Or(parts) => self.join(parts, [0; BLOCK], block, |a, b| a | b),
            Condition::Not(inner) => self.of(inner, block).map(|word| !word),
        }
    }

    fn join(
        &self,
        parts: &[Condition],
        mut out: Block,
        block: usize,
        join: impl Fn(u64, u64) -> u64,
    ) -> Block {
        for part in parts {
            let next = self.of(part, block);
            out.iter_mut().zip(next).for_each(|(out, word)| *out = join(*out, word));
        }
        out
    }

    fn with_block<T>(&self, block: usize, look: impl FnOnce(&Block) -> T) -> T {
        let mut last = self.last.borrow_mut();
        if last.0 != block {
            *last = (block, self.block(block));
        }
        look(&last.1)
    }

    /// The place of a row of the set by its number in the set.
    fn place(&self, number: u32) -> Option<u32> {
        let block = self.ends.partition_point(|&end| end <= number);
        if block == self.ends.len() {
            return None;
        }
        let mut left = number - block.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.with_block(block, |words| {
            for (at, &word) in (0_u32..).zip(words) {
                let ones = word.count_ones();
                if left < ones {
                    let bit = crate::bits::bits(word).nth(left as usize)?;
                    return Some(block as u32 * BLOCK_ROWS + at * 64 + bit);
                }
                left -= ones;
            }
            None
        })
    }

    /// How many rows of the set come before a place.
    fn before(&self, place: u32) -> u32 {
        let block = (place / BLOCK_ROWS) as usize;
        let before = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        if block == self.ends.len() {
            return before;
        }
        self.with_block(block, |words| {
            let mut words = *words;
            keep(&mut words, 0, place % BLOCK_ROWS);
            before + words.iter().map(|word| word.count_ones()).sum::<u32>()
        })
    }
}

/// Clears all but the places `low` to `high` (excluded) of a block.
fn keep(block: &mut Block, low: u32, high: u32) {
    for (at, word) in (0_u32..).zip(block.iter_mut()) {
        let below = |place: u32| match place.saturating_sub(at * 64) {
            bits @ 0..64 => (1_u64 << bits) - 1,
            _ => u64::MAX,
        };
        *word &= below(high) & !below(low);
    }
}

/// The rows of a set as a sort wants them.
struct InSequence<'s, 'a> {
    set: &'s Set<'a>,
    sequence: Sequence<'a>,
}

impl InSequence<'_, '_> {
    /// A row by its number in the sorted set.
    fn nth(&self, number: usize) -> Option<u32> {
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
        self.set.ranks.order().get(self.set.place(number)? as usize).copied()
    }

    /// Groups of equal values come in reverse, the rows of each as they are.
    fn nth_from_the_end(&self, number: u32) -> Option<u32> {
        let (total, ranks) = (self.set.total(), self.set.ranks);
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

/// What conditions are turned into bits with.
struct Compiling<'a> {
    table: &'a Table,
    ranks: &'a Ranks,
    planes: &'a Planes,
}

impl Compiling<'_> {
    /// Means what [`compile`](super::compile) means, also for trees that are too deep.
    fn node(&self, filter: &Filter, depth: usize) -> Condition {
        let Some(depth) = depth.checked_sub(1) else { return Condition::Nothing };
        let nodes = |parts: &[Filter]| parts.iter().map(|part| self.node(part, depth)).collect();
        match filter {
            Filter::All => Condition::All,
            Filter::None => Condition::Nothing,
            Filter::And(parts) => Condition::And(nodes(parts)),
            Filter::Or(parts) => Condition::Or(nodes(parts)),
            Filter::Not(inner) => Condition::Not(Box::new(self.node(inner, depth))),
            Filter::Test { field, test } => self.test(*field, test),
        }
    }

    fn test(&self, field: Field, test: &Test) -> Condition {
        if let Some(Column::Flag(_, flag)) = self.table.column(field) {
            return Condition::Flag { field: *flag, allowed: Allowed::by(*flag, test) };
        }
        if let Some(set) = self.planes.known(field, test) {
            return Condition::Set(set);
        }
        match leaf(self.table, field, test) {
            Plan::Nothing => Condition::Nothing,
            Plan::Interval { ranks, low, high } if std::ptr::eq(ranks, self.ranks) => {
                Condition::Range(low, high)
            }
            plan => Condition::Set(self.planes.keep(field, test, self.places(&plan))),
        }
    }

    /// The places of the rows that pass one condition. The rows are found first, in the order they lie in, and brought
    /// into this order as single bits: a bit for each row fits the processor's cache, what it was computed from does
    /// not.
    fn places(&self, plan: &Plan<'_>) -> Vec<u64> {
        let order = self.ranks.order();
        let rows = members(plan, self.table.rows());
        let place = |chunk: &[u32]| word(chunk.iter().map(|&row| rows.contains(row)));
        order.chunks(64).map(place).collect()
    }
}

/// The rows that pass.
fn members(plan: &Plan<'_>, rows: u32) -> Bits {
    match plan {
        Plan::Coded { column, allowed, .. } => Bits::from_words(column.codes().members(allowed)),
        _ => Finder { rows }.find(plan).into_bits(rows),
    }
}

/// Makes the sets of numbers that were made for one table for its successor, so that nobody waits for them: most are
/// about the present day, which nearly every question depends on.
pub(crate) fn warm(old: &Table, new: &Table) {
    for (key, ranks) in old.orders() {
        let (Some(planes), Some(ranks)) = (ranks.planes(), new.ranks(key)) else { continue };
        let Some(new_planes) = ranks.planes() else { continue };
        let compiling = Compiling { table: new, ranks, planes: new_planes };
        for (field, test) in planes.conditions().iter().filter(|(field, _)| !field.is_text()) {
            compiling.test(*field, test);
        }
    }
}
