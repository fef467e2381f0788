//! What a filter asks of the rows of one order, with every condition that is not on flags made a set of rows: found out
//! once for each table, in the order the rows lie in, and kept.

use std::sync::Arc;

use search::{Field, Filter, MAX_DEPTH, Test};

use super::Plan;
use super::compile::leaf;
use super::find::Finder;
use super::found::few;
use crate::bits::Bits;
use crate::column::{Allowed, FlagField, Placed, Ranks};
use crate::table::{Column, Table};

/// A condition on the rows of one order.
#[derive(Debug)]
pub(super) enum Condition {
    All,
    Nothing,
    Flag {
        field: FlagField,
        allowed: Allowed,
    },
    /// Places from the first to the second, which is excluded.
    Range(u32, u32),
    Set(Arc<Placed>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

impl Condition {
    /// Whether looking at a block may take more than a few operations on words.
    fn has_sets(&self) -> bool {
        match self {
            Self::Set(_) => true,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_sets),
            Self::Not(inner) => inner.has_sets(),
            Self::All | Self::Nothing | Self::Flag { .. } | Self::Range(..) => false,
        }
    }
}

/// What conditions are made with; without ranks for the order of rows.
pub(super) struct Compiling<'a> {
    pub(super) table: &'a Table,
    pub(super) ranks: Option<&'a Ranks>,
}

impl Compiling<'_> {
    /// Means what [`compile`](super::compile) means, also for trees that are too deep.
    pub(super) fn filter(&self, filter: &Filter) -> Condition {
        self.node(filter, MAX_DEPTH)
    }

    fn node(&self, filter: &Filter, depth: usize) -> Condition {
        let Some(depth) = depth.checked_sub(1) else { return Condition::Nothing };
        let nodes = |parts: &[Filter]| parts.iter().map(|part| self.node(part, depth)).collect();
        match filter {
            Filter::All => Condition::All,
            Filter::None => Condition::Nothing,
            Filter::And(parts) => {
                let mut parts: Vec<Condition> = nodes(parts);
                parts.sort_by_key(Condition::has_sets);
                Condition::And(parts)
            }
            Filter::Or(parts) => Condition::Or(nodes(parts)),
            Filter::Not(inner) => Condition::Not(Box::new(self.node(inner, depth))),
            Filter::Test { field, test } => self.test(*field, test),
        }
    }

    fn test(&self, field: Field, test: &Test) -> Condition {
        if let Some(Column::Flag(_, flag)) = self.table.column(field) {
            return Condition::Flag { field: *flag, allowed: Allowed::by(*flag, test) };
        }
        let Some(planes) = self.table.planes() else { return Condition::Nothing };
        let own = self.ranks.and_then(Ranks::planes);
        if let Some(set) = own.unwrap_or(planes).known(field, test) {
            return Condition::Set(set);
        }
        let plan = leaf(self.table, field, test);
        match (&plan, self.ranks) {
            (Plan::Nothing, _) => return Condition::Nothing,
            (Plan::Interval { ranks, low, high }, Some(own)) if std::ptr::eq(*ranks, own) => {
                return Condition::Range(*low, *high);
            }
            _ => {}
        }
        let found = || planes.keep(field, test, Placed::by_row(members(&plan, self.table.rows())));
        let by_row = if own.is_some() { planes.known(field, test) } else { None }.unwrap_or_else(found);
        Condition::Set(match own {
            Some(own) => own.keep(field, test, by_row.elsewhere()),
            None => by_row,
        })
    }
}

/// The rows that pass one condition.
fn members(plan: &Plan<'_>, rows: u32) -> Bits {
    match plan {
        Plan::Coded { column, allowed, .. } => Bits::from_words(column.codes().members(allowed)),
        Plan::Codes { column, allowed, count } if column.ranks().is_none() || !few(*count as usize, rows) => {
            Bits::from_words(column.codes().members(allowed))
        }
        Plan::Interval { ranks, low, high } if !few((high - low) as usize, rows) => {
            ranks.between(*low, *high)
        }
        Plan::Hosts { column, hosts } => {
            let mut found = Bits::none(rows);
            hosts.iter().for_each(|host| found.fill(column.rows().rows(host)));
            found
        }
        _ => Finder { rows }.find(plan).into_bits(rows),
    }
}

/// Makes the sets of rows that were made for one table for its successor, so that nobody waits for them: most are
/// about the present day, which nearly every question depends on.
pub(crate) fn warm(old: &Table, new: &Table) {
    let known = old.planes().map(|planes| planes.conditions()).unwrap_or_default();
    for (field, test) in known.iter().filter(|(field, _)| !field.is_text()) {
        Compiling { table: new, ranks: None }.test(*field, test);
    }
}
