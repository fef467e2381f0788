//! From a filter to a plan for one table.

use std::ops::Bound;

use search::text::{Folded, fold};
use search::{Field, Filter, MAX_DEPTH, Test};

use super::Plan;
use super::part::Part;
use crate::column::{
    Allowed, CodeSet, Coded, Dictionary, FlagField, Flags, HostColumn, Ints, Ranks, TextColumn,
};
use crate::table::{Column, Table};

/// Rows of a text column that are looked at one by one instead of keeping the test.
const LOOK_AT: u32 = 64;

/// Makes the plan of a filter. Trees deeper than [`MAX_DEPTH`] find nothing: whoever builds such has not asked
/// [`Filter::check`].
pub(crate) fn compile<'a>(table: &'a Table, filter: &'a Filter) -> Plan<'a> {
    node(table, filter, MAX_DEPTH)
}

fn node<'a>(table: &'a Table, filter: &'a Filter, depth: usize) -> Plan<'a> {
    let Some(depth) = depth.checked_sub(1) else { return Plan::Nothing };
    match filter {
        Filter::All => Plan::All,
        Filter::None => Plan::Nothing,
        Filter::And(parts) => all_of(parts.iter().map(|p| node(table, p, depth))),
        Filter::Or(parts) => any_of(parts.iter().map(|p| node(table, p, depth))),
        Filter::Not(inner) => match node(table, inner, depth) {
            Plan::All => Plan::Nothing,
            Plan::Nothing => Plan::All,
            other => Plan::Not(Box::new(other)),
        },
        Filter::Test { field, test } => leaf(table, *field, test),
    }
}

fn all_of<'a>(parts: impl Iterator<Item = Plan<'a>>) -> Plan<'a> {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Plan::All => {}
            Plan::Nothing => return Plan::Nothing,
            other => kept.push(other),
        }
    }
    if kept.len() > 1 { Plan::And(kept) } else { kept.pop().unwrap_or(Plan::All) }
}

fn any_of<'a>(parts: impl Iterator<Item = Plan<'a>>) -> Plan<'a> {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Plan::All => return Plan::All,
            Plan::Nothing => {}
            other => kept.push(other),
        }
    }
    if kept.len() > 1 { Plan::Or(kept) } else { kept.pop().unwrap_or(Plan::Nothing) }
}

/// The plan of one condition.
pub(super) fn leaf<'a>(table: &'a Table, field: Field, test: &'a Test) -> Plan<'a> {
    match table.column(field) {
        None => Plan::Nothing,
        Some(Column::Text(column)) => text(column, test, table.rows()),
        Some(Column::Dictionary(column)) => codes(column, test),
        Some(Column::Host(column)) => hosts(column, test),
        Some(Column::Int(column)) => int(column, test, table.rows()),
        Some(Column::Coded(column)) => coded(column, test),
        Some(Column::Flag(flags, field)) => flag(flags, *field, test),
    }
}

fn interval(ranks: &Ranks, low: u32, high: u32) -> Plan<'_> {
    match (low, high as usize) {
        _ if low >= high => Plan::Nothing,
        (0, all) if all == ranks.order().len() => Plan::All,
        _ => Plan::Interval { ranks, low, high },
    }
}

fn text<'a>(column: &'a TextColumn, test: &'a Test, rows: u32) -> Plan<'a> {
    let ranks = column.ranks();
    match test {
        Test::HasValue => interval(ranks, ranks.missing(), rows),
        Test::Is(value) => exact(column, test, value),
        Test::Prefix(prefix) => prefixed(column, prefix),
        Test::TextRange(low, high) if !column.mixed() => ranged(column, low, high),
        Test::NumberRange(..) => {
            // Only texts that begin with a digit can be numbers, and no folding makes or removes one.
            let low = column.first_not(0, |text| text < "0");
            let high = column.first_not(low, |text| text < ":");
            verified(column, test, low, high)
        }
        Test::Contains(_) | Test::ContainsExact(_) => match Part::new(column, test) {
            Some(part) => part.map_or(Plan::Nothing, |part| Plan::Part(Box::new(part))),
            None => Plan::Text { column, test },
        },
        Test::TextRange(..) => Plan::Text { column, test },
        Test::IntRange(..) | Test::IntIn(_) => Plan::Nothing,
    }
}

/// The rows of an interval that also pass the test.
fn verified<'a>(column: &'a TextColumn, test: &'a Test, low: u32, high: u32) -> Plan<'a> {
    let ranks = column.ranks();
    if high.saturating_sub(low) > LOOK_AT {
        return Plan::And(vec![interval(ranks, low, high), Plan::Text { column, test }]);
    }
    let candidates = &ranks.order()[low as usize..high.max(low) as usize];
    let mut rows: Vec<u32> =
        candidates.iter().copied().filter(|&row| test.passes_text(column.texts().get(row))).collect();
    rows.sort_unstable();
    if rows.is_empty() { Plan::Nothing } else { Plan::Few(rows) }
}

fn exact<'a>(column: &'a TextColumn, test: &'a Test, value: &str) -> Plan<'a> {
    let folded = fold(value);
    if value.is_empty() || (!column.mixed() && folded != value) {
        return Plan::Nothing;
    }
    let low = column.first_not(0, |text| *text < *folded);
    let high = column.first_not(low, |text| *text <= *folded);
    if column.mixed() { verified(column, test, low, high) } else { interval(column.ranks(), low, high) }
}

fn prefixed<'a>(column: &'a TextColumn, prefix: &Folded) -> Plan<'a> {
    let low = column.first_not(0, |text| text < prefix.as_str());
    let high = column.first_not(low, |text| text.starts_with(prefix.as_str()));
    interval(column.ranks(), low, high)
}

/// A range by code point over a column whose order is by code point, because nothing in it has a case.
fn ranged<'a>(column: &'a TextColumn, low: &Bound<String>, high: &Bound<String>) -> Plan<'a> {
    let first = column.first_not(0, |text| match low {
        Bound::Unbounded => false,
        Bound::Included(bound) => text < bound.as_str(),
        Bound::Excluded(bound) => text <= bound.as_str(),
    });
    let end = column.first_not(first, |text| match high {
        Bound::Unbounded => true,
        Bound::Included(bound) => text <= bound.as_str(),
        Bound::Excluded(bound) => text < bound.as_str(),
    });
    interval(column.ranks(), first, end)
}

fn codes<'a>(column: &'a Dictionary, test: &Test) -> Plan<'a> {
    let allowed = column.matching(test);
    let count = column.count(&allowed);
    match (&allowed, column.ranks()) {
        _ if count == 0 => Plan::Nothing,
        (CodeSet::Range(range), Some(ranks)) => match column.interval(range) {
            Some((low, high)) => interval(ranks, low, high),
            None => Plan::Codes { column, allowed, count },
        },
        _ => Plan::Codes { column, allowed, count },
    }
}

fn coded<'a>(column: &'a Coded, test: &Test) -> Plan<'a> {
    let allowed = column.matching(test);
    let count = column.count(&allowed);
    match (&allowed, column.ranks()) {
        _ if count == 0 => Plan::Nothing,
        (CodeSet::Range(range), Some(ranks)) => match column.interval(range) {
            Some((low, high)) => interval(ranks, low, high),
            None => Plan::Coded { column, allowed, count },
        },
        _ => Plan::Coded { column, allowed, count },
    }
}

fn flag<'a>(flags: &'a Flags, field: FlagField, test: &Test) -> Plan<'a> {
    let allowed = Allowed::by(field, test);
    match flags.count(field, allowed) {
        0 => Plan::Nothing,
        count => Plan::Flag { flags, field, allowed, count },
    }
}

fn hosts<'a>(column: &'a HostColumn, test: &Test) -> Plan<'a> {
    let hosts = column.matching(test);
    if hosts.count() == 0 { Plan::Nothing } else { Plan::Hosts { column, hosts } }
}

fn int<'a>(column: &'a Ints, test: &'a Test, rows: u32) -> Plan<'a> {
    match (test, column.ranks()) {
        (Test::HasValue, Some(ranks)) => interval(ranks, ranks.missing(), rows),
        (Test::HasValue, None) => Plan::Range { column, low: i64::MIN, high: i64::MAX },
        (&Test::IntRange(low, high), Some(ranks)) => between(column, ranks, low, high),
        (&Test::IntRange(low, high), None) => Plan::Range { column, low, high },
        (Test::IntIn(values), _) => Plan::Numbers { column, values },
        _ => Plan::Nothing,
    }
}

fn between<'a>(column: &'a Ints, ranks: &'a Ranks, low: i64, high: i64) -> Plan<'a> {
    let first = ranks.first_not(0, |row| column.get(row).is_some_and(|n| n < low));
    let end = ranks.first_not(first, |row| column.get(row).is_some_and(|n| n <= high));
    interval(ranks, first, end)
}
