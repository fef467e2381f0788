//! The workforce directory in memory.

mod loading;
mod main;
mod rest;
mod view;

use std::sync::Arc;

use model::Person;
use search::Query;

use crate::delta::Change;
use crate::keeper::Keeper;
use crate::snapshot::{Page, Place, RowId, Snapshot};
pub use loading::PeopleLoading;
use main::PeopleMain;
pub use view::PersonView;

/// A change to one person, as the store has written it.
#[derive(Debug, Clone)]
pub enum PersonChange {
    /// The person is now like this: new or replaced, by id.
    Put(Arc<Person>),
    /// The person with this id is gone.
    Delete(String),
}

/// All people of a tenant. Cheap to read from any number of threads; changes come from one writer, in the order in
/// which they were stored.
pub struct People(Keeper<PeopleMain>);

impl People {
    /// Takes the people there are, in any order; of several with one id the last counts.
    pub fn load(people: impl IntoIterator<Item = Person>) -> Self {
        let mut loading = PeopleLoading::default();
        people.into_iter().for_each(|person| loading.push(&person));
        Self::loaded(loading)
    }

    /// Takes what was collected one by one.
    pub fn loaded(loading: PeopleLoading) -> Self {
        Self(Keeper::new(loading.done()))
    }

    /// The current state. Later changes do not show in it.
    pub fn snapshot(&self) -> Arc<PeopleSnapshot> {
        Arc::new(PeopleSnapshot(self.0.snapshot()))
    }

    /// Applies changes in order and makes them visible at once, as one. Costs what the changes cost, however many
    /// people there are.
    pub fn apply(&self, changes: &[PersonChange]) {
        self.0.apply(changes.iter().map(|change| match change {
            PersonChange::Put(person) => Change::Put(Arc::clone(person)),
            PersonChange::Delete(id) => Change::Delete(id.clone()),
        }));
    }

    /// How many changes are not merged yet.
    pub fn unmerged(&self) -> usize {
        self.0.snapshot().delta.size()
    }

    /// Merges all changes so far, in this thread. They are merged in the background anyway when they become many;
    /// this is for those who want the best layout now, after a large import for example.
    pub fn merge(&self) {
        self.0.merge();
    }
}

/// The people at one moment.
pub struct PeopleSnapshot(Arc<Snapshot<PeopleMain>>);

impl PeopleSnapshot {
    /// Answers a query. The filter has to be within the bounds of [`search::Filter::check`]; beyond its depth
    /// nothing is found.
    pub fn search(&self, query: &Query) -> Page {
        self.0.search(query)
    }

    /// The person in a row of this snapshot; `None` for a row of another.
    pub fn get(&self, row: RowId) -> Option<PersonView<'_>> {
        match row.place() {
            Place::Main(row) => self.0.main.view(row),
            Place::Changed(slot, _) => self.0.delta.item(slot).map(|person| PersonView::of(person)),
        }
    }

    /// The people in some rows, as [`get`](Self::get) has them. Quicker than one after the other.
    pub fn page(&self, rows: &[RowId]) -> Vec<PersonView<'_>> {
        let main = &self.0.main;
        let merged = |id: &RowId| match id.place() {
            Place::Main(row) if main.has(row) => Some(row),
            _ => None,
        };
        let numbers: Vec<u32> = rows.iter().filter_map(merged).collect();
        let mut views = main.views(&numbers).into_iter();
        rows.iter().filter_map(|id| if merged(id).is_some() { views.next() } else { self.get(*id) }).collect()
    }

    /// The person with an id.
    pub fn by_id(&self, id: &str) -> Option<PersonView<'_>> {
        match self.0.delta.changed(id) {
            Some(changed) => changed.map(|person| PersonView::of(person)),
            None => self.0.main.view(self.0.main.row_of(id)?),
        }
    }

    /// The person with a user name; case matters.
    pub fn by_name(&self, name: &str) -> Option<PersonView<'_>> {
        if let Some((_, person)) = self.0.delta.by_alias(name) {
            return Some(PersonView::of(person));
        }
        let row = self.0.main.row_named(name, self.0.delta.dead())?;
        self.0.main.view(row)
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
