//! What is shown of a person but never searched, packed: what many people share is kept once.

use std::sync::Arc;

use model::{Millis, PersonStatus};
use rustc_hash::FxHashMap;

use super::PersonView;
use crate::column::{From, Ints, Moved, Splice, Texts};

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
    kinds: Vec<Arc<Shared>>,
    /// Place in `kinds` of each row's.
    shared: Vec<u32>,
    descriptions: Texts,
    expires: Ints,
    activated: Ints,
}

/// Kinds that are known, by place.
#[derive(Default)]
pub(super) struct Kinds {
    kinds: Vec<Arc<Shared>>,
    places: FxHashMap<Arc<Shared>, u32>,
}

impl Kinds {
    /// The place of a person's kind. Neighbours are often alike, even by chance of a small organisation, so the place
    /// of the `last` one is tried first.
    pub(super) fn of(&mut self, view: &PersonView<'_>, last: Option<u32>) -> u32 {
        let same = last.filter(|&last| self.kinds.get(last as usize).is_some_and(|kind| kind.is_of(view)));
        same.unwrap_or_else(|| self.place(Arc::new(Shared::of(view))))
    }

    /// Adds others, and tells the new place of each.
    pub(super) fn append(&mut self, others: Self) -> Vec<u32> {
        others.kinds.into_iter().map(|kind| self.place(kind)).collect()
    }

    fn place(&mut self, kind: Arc<Shared>) -> u32 {
        let next = self.kinds.len() as u32;
        *self.places.entry(kind).or_insert_with_key(|kind| {
            self.kinds.push(Arc::clone(kind));
            next
        })
    }
}

impl Rest {
    /// Takes kinds and the place in them of each row's, and the other attributes in row order.
    pub(super) fn new(
        kinds: Kinds,
        shared: Vec<u32>,
        mut descriptions: Texts,
        expires: Ints,
        activated: Ints,
    ) -> Self {
        descriptions.shrink();
        Self { kinds: kinds.kinds, shared, descriptions, expires, activated }
    }

    /// The attributes of a table made of this one's: rows that stay, and new people. Kinds that nobody has any more
    /// are left behind.
    pub(super) fn spliced(&self, splice: &Splice, moved: &Moved, added: &[PersonView<'_>]) -> Self {
        let mut kinds = Kinds::default();
        let mut known: Vec<Option<u32>> = vec![None; self.kinds.len()];
        let shared = splice.iter().map(|from| match from {
            From::Kept(row) => {
                let old = self.shared[row as usize] as usize;
                *known[old].get_or_insert_with(|| kinds.place(Arc::clone(&self.kinds[old])))
            }
            From::Added(row) => kinds.place(Arc::new(Shared::of(&added[row as usize]))),
        });
        let mut all = Vec::with_capacity(splice.rows() as usize);
        all.extend(shared);
        let descriptions: Vec<&str> = added.iter().map(|view| view.description.unwrap_or_default()).collect();
        let expires: Vec<_> = added.iter().map(|view| view.expires).collect();
        let activated: Vec<_> = added.iter().map(|view| view.activated).collect();
        Self {
            kinds: kinds.kinds,
            shared: all,
            descriptions: self.descriptions.spliced(splice, &descriptions),
            expires: self.expires.spliced(splice, moved, &expires),
            activated: self.activated.spliced(splice, moved, &activated),
        }
    }

    /// What is kept here of a row, which has to be one of the table; the columns have the rest.
    pub(super) fn view(&self, row: u32) -> PersonView<'_> {
        let shared = &*self.kinds[self.shared[row as usize] as usize];
        PersonView {
            id: "",
            user_name: "",
            display_name: "",
            phone: None,
            email: None,
            status: PersonStatus::Normal,
            description: shared.described.then(|| self.descriptions.get(row)),
            created: Millis::MIN,
            updated: Millis::MIN,
            last_login: None,
            group_ids: &shared.group_ids,
            org_node: &shared.org_node,
            secondary_org_nodes: &shared.secondary_org_nodes,
            data_source: &shared.data_source,
            expires: self.expires.get(row),
            activated: self.activated.get(row),
            password_needs_reset: shared.password_needs_reset,
            administrator: shared.administrator,
        }
    }
}
