//! The hosts of a snapshot one after the other, in an order: those of the main part as they lie there, with the changed
//! ones put in at their places.

use std::cmp::Ordering;

use model::{HostEntry, HostState};
use search::text::fold;

use super::HostView;
use super::main::AccountsMain;
use crate::delta::Delta;

/// An order of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostOrder {
    /// By id.
    Id,
    /// By name in whatever case, those of one name by id.
    Name,
}

impl HostOrder {
    fn compare(self, a: &HostState, b: &HostState) -> Ordering {
        let (a, b) = (&a.host, &b.host);
        let names = match self {
            Self::Id => Ordering::Equal,
            Self::Name => fold(&a.name).cmp(&fold(&b.name)),
        };
        names.then_with(|| a.quuid.cmp(&b.quuid))
    }
}

/// All hosts in an order.
pub(super) fn walk<'a>(
    main: &'a AccountsMain,
    delta: &'a Delta<AccountsMain>,
    order: HostOrder,
) -> impl Iterator<Item = HostView<'a>> + use<'a> {
    let by_name = match order {
        HostOrder::Id => None,
        HostOrder::Name => main.by_name(),
    };
    let at = move |place: usize| by_name.map_or(Some(place), |order| Some(*order.get(place)? as usize));
    // The place before which a host belongs, which is its own if it is there.
    let place_of = |state: &HostState| {
        partition(main.hosts(), |place| {
            let there = at(place).and_then(|index| main.state(index));
            there.is_some_and(|there| order.compare(there, state).is_lt())
        })
    };
    let replaced = delta.keys().filter_map(|key| main.state(main.index(key)?));
    let mut replaced: Vec<usize> = replaced.map(place_of).collect();
    replaced.sort_unstable();
    let mut changed: Vec<(usize, &HostEntry)> =
        delta.items().map(|(_, entry)| (place_of(&entry.state), &**entry)).collect();
    changed.sort_unstable_by(|(a, x), (b, y)| a.cmp(b).then_with(|| order.compare(&x.state, &y.state)));
    let (mut replaced, mut changed) = (replaced.into_iter().peekable(), changed.into_iter().peekable());
    let mut places = 0..main.hosts();
    std::iter::from_fn(move || {
        loop {
            if let Some((_, entry)) = changed.next_if(|(place, _)| *place <= places.start) {
                return Some(HostView::changed(entry));
            }
            let place = places.next()?;
            if replaced.next_if_eq(&place).is_none() {
                return HostView::merged(main, at(place)?);
            }
        }
    })
}

/// The first number below `end` for which `below` no longer holds; `end` if it always does.
fn partition(end: usize, below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if below(middle) { low = middle + 1 } else { high = middle }
    }
    low
}
