//! Strategies that the tests of both rosters share.

use std::ops::Bound;

use proptest::prelude::*;
use search::text::{Folded, Number};
use search::{Direction, Filter, Missing, Test};

pub fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Ascending), Just(Direction::Descending)]
}

pub fn missing() -> impl Strategy<Value = Missing> {
    prop_oneof![Just(Missing::Lowest), Just(Missing::Last)]
}

fn bound<T: Clone + std::fmt::Debug + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Bound<T>> {
    (value, 0..3).prop_map(|(value, kind)| match kind {
        0 => Bound::Unbounded,
        1 => Bound::Included(value),
        _ => Bound::Excluded(value),
    })
}

fn number() -> impl Strategy<Value = Number> {
    (0..400u32).prop_map(|n| Number::parse(&n.to_string()).expect("digits"))
}

/// Tests on short texts of few letters, so that they often hit.
pub fn text_test() -> impl Strategy<Value = Test> {
    let text = || "[abAB1é@Nu]{0,2}|U?[0-9]{1,2}|NORMAL";
    prop_oneof![
        Just(Test::HasValue),
        text().prop_map(Test::Is),
        text().prop_map(|t| Test::Prefix(Folded::new(&t))),
        text().prop_map(|t| Test::Contains(Folded::new(&t))),
        text().prop_map(Test::ContainsExact),
        (bound(text()), bound(text())).prop_map(|(low, high)| Test::TextRange(low, high)),
        (bound(number()), bound(number())).prop_map(|(low, high)| Test::NumberRange(low, high)),
    ]
}

/// Trees over a leaf.
pub fn tree(leaf: BoxedStrategy<Filter>) -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![12 => leaf, 1 => Just(Filter::All), 1 => Just(Filter::None)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(|f| Filter::Not(Box::new(f))),
        ]
    })
}
