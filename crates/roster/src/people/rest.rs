//! What is shown of a person but never searched, packed: what many people share is kept once.

use std::sync::Arc;

use model::Person;
use rustc_hash::FxHashSet;

use super::PersonView;
use crate::column::{Ints, Texts};

/// What the people of one team usually share.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Shared {
    pub(super) org_node: String,
    pub(super) group_ids: Vec<String>,
    pub(super) secondary_org_nodes: Vec<String>,
    pub(super) data_source: String,
    pub(super) password_needs_reset: bool,
    pub(super) administrator: bool,
    /// Tells an empty description from none.
    pub(super) described: bool,
}

impl Shared {
    fn of(view: &PersonView<'_>) -> Self {
        Self {
            org_node: view.org_node.to_owned(),
            group_ids: view.group_ids.to_vec(),
            secondary_org_nodes: view.secondary_org_nodes.to_vec(),
            data_source: view.data_source.to_owned(),
            password_needs_reset: view.password_needs_reset,
            administrator: view.administrator,
            described: view.description.is_some(),
        }
    }

    /// Whether a person has exactly these values; spares making them.
    fn is_of(&self, view: &PersonView<'_>) -> bool {
        self.org_node == view.org_node
            && self.group_ids == view.group_ids
            && self.secondary_org_nodes == view.secondary_org_nodes
            && self.data_source == view.data_source
            && self.password_needs_reset == view.password_needs_reset
            && self.administrator == view.administrator
            && self.described == view.description.is_some()
    }
}

/// The unsearched attributes of all rows.
#[derive(Debug)]
pub(super) struct Rest {
    shared: Vec<Arc<Shared>>,
    descriptions: Texts,
    expires: Ints,
    activated: Ints,
}

impl Rest {
    /// Packs the attributes of people in row order.
    pub(super) fn new<'a>(views: impl Iterator<Item = PersonView<'a>> + Clone) -> Self {
        let mut known: FxHashSet<Arc<Shared>> = FxHashSet::default();
        let mut shared: Vec<Arc<Shared>> = Vec::new();
        let mut descriptions = Texts::default();
        for view in views.clone() {
            descriptions.push(view.description.unwrap_or_default());
            // Neighbours are often alike, even by chance of a small organisation.
            let same = shared.last().filter(|last| last.is_of(&view)).cloned();
            shared.push(same.unwrap_or_else(|| intern(&mut known, Shared::of(&view))));
        }
        Self {
            shared,
            descriptions,
            expires: Ints::new(views.clone().map(|v| v.expires), false, None),
            activated: Ints::new(views.map(|v| v.activated), false, None),
        }
    }

    pub(super) fn shared(&self, row: u32) -> &Shared {
        &self.shared[row as usize]
    }

    pub(super) fn description(&self, row: u32) -> Option<&str> {
        self.shared(row).described.then(|| self.descriptions.get(row))
    }

    pub(super) fn expires(&self, row: u32) -> Option<model::Millis> {
        self.expires.get(row)
    }

    pub(super) fn activated(&self, row: u32) -> Option<model::Millis> {
        self.activated.get(row)
    }
}

fn intern(known: &mut FxHashSet<Arc<Shared>>, shared: Shared) -> Arc<Shared> {
    if let Some(same) = known.get(&shared) {
        return Arc::clone(same);
    }
    let new = Arc::new(shared);
    known.insert(Arc::clone(&new));
    new
}

/// The attributes of a person in row order, for [`Rest::new`] on whole people.
pub(super) fn views(people: &[Person]) -> impl Iterator<Item = PersonView<'_>> + Clone {
    people.iter().map(PersonView::of)
}
