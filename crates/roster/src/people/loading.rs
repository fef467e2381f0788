//! Packing people as they come: the texts of all of them lie back to back from the beginning, so that a million people
//! never are a million structures with ten pieces of memory each.

use std::sync::Arc;

use model::{Person, PersonStatus};
use search::people as p;
use search::{Field, Row};

use super::PersonView;
use super::rest::{Kinds, Shared};
use crate::column::Texts;

/// Stands for "no value", as in every row.
const MISSING: i64 = i64::MIN;

/// The texts that are collected.
const TEXTS: usize = 6;

/// People on the way into memory; see [`People::loaded`](crate::People::loaded).
#[derive(Default)]
pub struct PeopleLoading {
    /// Id, user name, shown name, phone, address, description.
    texts: [Texts; TEXTS],
    status: Vec<PersonStatus>,
    /// Created, updated, last login, expiry, activation.
    times: [Vec<i64>; 5],
    kinds: Kinds,
    /// Place in `kinds` of each person's.
    shared: Vec<u32>,
}

impl PeopleLoading {
    /// Adds a person; of several with one id the last counts.
    pub fn push(&mut self, person: &Person) {
        let view = PersonView::of(person);
        let texts = [
            view.id,
            view.user_name,
            view.display_name,
            view.phone.unwrap_or_default(),
            view.email.unwrap_or_default(),
            view.description.unwrap_or_default(),
        ];
        self.texts.iter_mut().zip(texts).for_each(|(to, text)| to.push(text));
        let times = [Some(view.created), Some(view.updated), view.last_login, view.expires, view.activated];
        self.times.iter_mut().zip(times).for_each(|(to, time)| to.push(time.unwrap_or(MISSING)));
        self.status.push(view.status);
        self.shared.push(self.kinds.of(&view, self.shared.last().copied()));
    }

    /// How many there are so far.
    pub fn len(&self) -> usize {
        self.status.len()
    }

    /// Whether there is nobody so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody in the order of ids, each id once.
    pub(super) fn rows(&self) -> Vec<Loaded<'_>> {
        let mut rows: Vec<Loaded<'_>> = (0..self.len() as u32).map(|row| Loaded { all: self, row }).collect();
        // Stable, so that of several with one id the last is the one to keep. Ids mostly come in order.
        rows.sort_by(|a, b| a.id().cmp(b.id()));
        rows.dedup_by(|later, kept| {
            let same = later.id() == kept.id();
            if same {
                *kept = *later;
            }
            same
        });
        rows
    }
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Loaded<'a> {
    all: &'a PeopleLoading,
    row: u32,
}

impl<'a> Loaded<'a> {
    fn id(&self) -> &'a str {
        self.all.texts[0].get(self.row)
    }

    fn time(&self, place: usize) -> Option<i64> {
        Some(self.all.times[place][self.row as usize]).filter(|time| *time != MISSING)
    }

    fn shared(&self) -> &'a Arc<Shared> {
        self.all.kinds.kind(self.all.shared[self.row as usize])
    }

    /// The person as a view.
    pub(super) fn view(&self) -> PersonView<'a> {
        let text = |place: usize| self.all.texts[place].get(self.row);
        let optional = |place: usize| Some(text(place)).filter(|text| !text.is_empty());
        let shared = self.shared();
        PersonView {
            id: text(0),
            user_name: text(1),
            display_name: text(2),
            phone: optional(3),
            email: optional(4),
            status: self.all.status[self.row as usize],
            description: shared.described.then(|| text(5)),
            created: self.time(0).unwrap_or(MISSING),
            updated: self.time(1).unwrap_or(MISSING),
            last_login: self.time(2),
            group_ids: &shared.group_ids,
            org_node: &shared.org_node,
            secondary_org_nodes: &shared.secondary_org_nodes,
            data_source: &shared.data_source,
            expires: self.time(3),
            activated: self.time(4),
            password_needs_reset: shared.password_needs_reset,
            administrator: shared.administrator,
        }
    }
}

impl Row for Loaded<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        let place = match field {
            p::USER_ID => 0,
            p::USER_NAME => 1,
            p::DISPLAY_NAME => 2,
            p::PHONE => 3,
            p::EMAIL => 4,
            p::STATUS => return Some(self.all.status[self.row as usize].as_str()),
            _ => return None,
        };
        Some(self.all.texts[place].get(self.row))
    }

    fn int(&self, field: Field) -> Option<i64> {
        match field {
            p::CREATED => self.time(0),
            p::UPDATED => self.time(1),
            p::LAST_LOGIN => self.time(2),
            _ => None,
        }
    }
}
