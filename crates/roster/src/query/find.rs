//! Finding all rows that pass a plan. The work is bounded by a few passes over the columns in question, however the
//! conditions are joined: each becomes a list of rows or a set of bits, and those are joined. Texts are looked at
//! last, and only of the rows that pass all else.

use super::Plan;
use super::found::{Found, few};
use super::plan::cost;
use crate::bits::Bits;

/// Finds rows of a table of so many rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finder {
    pub(super) rows: u32,
}

impl Finder {
    /// The rows that pass.
    pub(super) fn find(self, plan: &Plan<'_>) -> Found {
        let mut found = self.without_looking(plan);
        if looks(plan) {
            found.retain_touched(|row| touch(plan, row), |row| look(plan, row));
        }
        found
    }

    /// The rows that pass as far as that can be told without looking at texts: what is left is for [`look`].
    fn without_looking(self, plan: &Plan<'_>) -> Found {
        match plan {
            Plan::All | Plan::Text { .. } => Found::Bits(Bits::none(self.rows).inverted(self.rows)),
            Plan::Nothing => Found::List(Vec::new()),
            Plan::Interval { ranks, low, high } => {
                let members = &ranks.order()[*low as usize..*high as usize];
                if members.len() * 2 > self.rows as usize {
                    return self.scan(plan);
                }
                Found::collect(self.rows, members.len(), members.iter().copied())
            }
            Plan::Codes { column, count, allowed }
                if column.ranks().is_some() && few(*count as usize, self.rows) =>
            {
                let mut list = Vec::with_capacity(*count as usize);
                column.list(allowed, &mut |row| list.push(row));
                Found::List(list)
            }
            Plan::Hosts { column, hosts } => {
                let rows = hosts.iter().flat_map(|host| column.rows().rows(host));
                Found::collect(self.rows, hosts.count() as usize, rows)
            }
            Plan::Codes { .. } | Plan::Coded { .. } | Plan::Flag { .. } => self.scan(plan),
            Plan::Range { .. } | Plan::Numbers { .. } => self.scan(plan),
            Plan::Few(rows) => Found::List(rows.clone()),
            Plan::Part(part) => part.rows().map_or_else(Found::Bits, Found::List),
            Plan::And(parts) => self.all(parts),
            Plan::Or(parts) => Found::any(self.rows, parts.iter().map(|part| self.find(part))),
            Plan::Not(inner) => self.find(inner).inverted(self.rows),
        }
    }

    fn scan(self, plan: &Plan<'_>) -> Found {
        Found::Bits(match plan {
            Plan::Interval { ranks, low, high } => ranks.between(*low, *high),
            other => Bits::of(self.rows, |row| other.test(row)),
        })
    }

    /// Either the rows of one condition, each tested for the others, or the sets of all conditions joined.
    fn all(self, parts: &[Plan<'_>]) -> Found {
        let (one, seed) = self.seed_cost(parts);
        let sets: f64 = parts.iter().filter(|part| !only_looks(part)).map(|part| self.set_cost(part)).sum();
        if one <= sets
            && let Some(first) = parts.get(seed)
        {
            let mut found = self.without_looking(first);
            let mut others: Vec<&Plan<'_>> =
                parts.iter().enumerate().filter(|(at, _)| *at != seed).map(|(_, part)| part).collect();
            others.sort_by(|a, b| {
                let gain = |p: &Plan<'_>| p.test_cost() / (1.0 - p.share(self.rows as usize)).max(0.01);
                gain(a).total_cmp(&gain(b))
            });
            for part in others.into_iter().filter(|part| !only_looks(part)) {
                found.retain(|row| pass(part, row));
            }
            return found;
        }
        let sets = parts.iter().filter(|part| !only_looks(part)).map(|part| self.without_looking(part));
        let all = sets.reduce(Found::and);
        all.unwrap_or_else(|| self.without_looking(&Plan::All))
    }

    /// The least it costs to find the rows of one condition and test each for the others, and which one that is.
    fn seed_cost(self, parts: &[Plan<'_>]) -> (f64, usize) {
        let tests: f64 = parts.iter().filter(|part| !only_looks(part)).map(Plan::test_cost).sum();
        let cost = |part: &Plan<'_>| {
            let found = match part {
                Plan::Part(part) => f64::from(part.at_most()),
                part => part.share(self.rows as usize) * f64::from(self.rows),
            };
            self.set_cost(part) + found * (tests - part.test_cost() + cost::LIST)
        };
        let costs =
            parts.iter().enumerate().filter(|(_, part)| !only_looks(part)).map(|(at, p)| (cost(p), at));
        costs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, 0))
    }

    /// What [`Self::without_looking`] costs, in nanoseconds.
    fn set_cost(self, plan: &Plan<'_>) -> f64 {
        let rows = f64::from(self.rows);
        match plan {
            Plan::All | Plan::Text { .. } => rows * cost::WORD,
            Plan::Nothing => 0.0,
            Plan::Interval { low, high, .. } => (f64::from(high - low) * cost::LIST).min(rows * cost::SCAN),
            Plan::Codes { column, count, .. }
                if column.ranks().is_some() && few(*count as usize, self.rows) =>
            {
                f64::from(*count) * cost::LIST
            }
            Plan::Hosts { hosts, .. } => f64::from(hosts.count()),
            Plan::Codes { .. } | Plan::Coded { .. } | Plan::Flag { .. } => rows * cost::SCAN,
            Plan::Range { .. } | Plan::Numbers { .. } => rows * cost::SCAN,
            Plan::Few(few) => few.len() as f64,
            Plan::Part(part) => part.find_cost(rows),
            Plan::And(parts) => {
                let sets: f64 = parts.iter().map(|part| self.set_cost(part)).sum();
                sets.min(self.seed_cost(parts).0)
            }
            Plan::Or(parts) => parts.iter().map(|part| self.cost(part)).sum(),
            Plan::Not(inner) => self.cost(inner) + rows * cost::WORD,
        }
    }

    /// What [`Self::find`] costs, in nanoseconds.
    pub(super) fn cost(self, plan: &Plan<'_>) -> f64 {
        let rows = f64::from(self.rows);
        let looked_at = match plan {
            Plan::Part(part) if !part.certain() => part.guess(),
            Plan::Text { .. } => rows,
            Plan::And(parts) => {
                let rest = parts.iter().filter(|part| !only_looks(part));
                let share: f64 = rest.map(|part| part.share(self.rows as usize)).product();
                if looks(plan) { share * rows } else { 0.0 }
            }
            _ => 0.0,
        };
        self.set_cost(plan) + looked_at * cost::LOOK
    }
}

/// Whether rows found without looking at texts still have to be looked at.
fn looks(plan: &Plan<'_>) -> bool {
    match plan {
        Plan::Text { .. } => true,
        Plan::Part(part) => !part.certain(),
        Plan::And(parts) => parts.iter().any(looks),
        _ => false,
    }
}

/// Whether nothing can be told without looking at texts.
fn only_looks(plan: &Plan<'_>) -> bool {
    matches!(plan, Plan::Text { .. })
}

/// What is left to test of a row found without looking at texts.
fn look(plan: &Plan<'_>, row: u32) -> bool {
    match plan {
        Plan::Text { .. } => plan.test(row),
        Plan::Part(part) => part.look(row),
        Plan::And(parts) => parts.iter().all(|part| look(part, row)),
        _ => true,
    }
}

/// Reads what [`look`] reads first.
fn touch(plan: &Plan<'_>, row: u32) -> u8 {
    match plan {
        Plan::Part(part) => part.touch(row),
        Plan::And(parts) => parts.iter().fold(0, |read, part| read ^ touch(part, row)),
        _ => 0,
    }
}

/// What can be told of a row without looking at texts; [`look`] tells the rest.
fn pass(plan: &Plan<'_>, row: u32) -> bool {
    match plan {
        Plan::Text { .. } => true,
        Plan::Part(part) => part.may(row),
        Plan::And(parts) => parts.iter().all(|part| pass(part, row)),
        other => other.test(row),
    }
}
