//! Packing people as they come: the texts of all of them lie back to back from the beginning, so that a million people
//! never are a million structures with ten pieces of memory each.

use std::sync::Arc;
use std::thread;

use model::{Person, PersonStatus};
use search::people as p;

use super::PersonView;
use super::main::PeopleMain;
use super::rest::{Kinds, Rest};
use crate::column::{Dictionary, Ints, TextColumn, Texts};
use crate::table::Column;

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

    /// Adds those of another behind those there are.
    pub fn append(&mut self, other: Self) {
        self.texts.iter_mut().zip(&other.texts).for_each(|(to, texts)| to.append(texts));
        self.times.iter_mut().zip(&other.times).for_each(|(to, times)| to.extend(times));
        self.status.extend(other.status);
        let places = self.kinds.append(other.kinds);
        self.shared.extend(other.shared.into_iter().map(|kind| places[kind as usize]));
    }

    /// How many there are so far.
    pub fn len(&self) -> usize {
        self.status.len()
    }

    /// Whether there is nobody so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lays everything out in the order of ids, each id once; each column in a thread of its own, which gives back
    /// what was collected as soon as it has it in order.
    pub(super) fn done(self) -> PeopleMain {
        let Self { texts, status, times, kinds, shared } = self;
        let rows = &texts[0].order()[..];
        let [id, user_name, display_name, phone, email, descriptions] = texts;
        let [created, updated, last_login, expires, activated] = times;
        let text = |texts: Texts, searched| TextColumn::new(in_order(texts, rows), searched);
        let int = |times: Vec<i64>, sorted| {
            let times = rows.iter().map(|&row| times[row as usize]);
            Ints::new(times.map(|time| (time != MISSING).then_some(time)), sorted, None)
        };
        thread::scope(|scope| {
            let texts = [
                (p::USER_ID, id, true),
                (p::EMAIL, email, true),
                (p::USER_NAME, user_name, true),
                (p::PHONE, phone, true),
                (p::DISPLAY_NAME, display_name, false),
            ];
            let texts = texts.map(|(field, texts, searched)| {
                (field, scope.spawn(move || Column::Text(Arc::new(text(texts, searched)))))
            });
            let times = [(p::CREATED, created), (p::UPDATED, updated), (p::LAST_LOGIN, last_login)];
            let times = times
                .map(|(field, times)| (field, scope.spawn(move || Column::Int(Arc::new(int(times, true))))));
            let rest = scope.spawn(move || {
                let shared = rows.iter().map(|&row| shared[row as usize]).collect();
                Rest::new(
                    kinds,
                    shared,
                    in_order(descriptions, rows),
                    int(expires, false),
                    int(activated, false),
                )
            });
            let statuses = rows.iter().map(|&row| Some(status[row as usize].as_str()));
            let mut columns =
                vec![(p::STATUS, Column::Dictionary(Arc::new(Dictionary::new(statuses, true))))];
            columns.extend(texts.into_iter().chain(times).map(|(field, column)| (field, finished(column))));
            PeopleMain::new(rows.len() as u32, columns, finished(rest))
        })
    }
}

/// The texts of some rows in their order.
fn in_order(texts: Texts, rows: &[u32]) -> Texts {
    // Who comes in the order of ids already stays.
    let stays = texts.len() == rows.len() && rows.iter().zip(0..).all(|(&row, place)| row == place);
    if stays { texts } else { texts.gathered(rows) }
}

/// What a thread has made. One that panicked had no memory or met a mistake of ours; there is nothing to go on with.
fn finished<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::People;

    #[test]
    fn shares_become_one() {
        let person = |id: &str, org_node: &str| Person {
            id: id.into(),
            user_name: format!("{id}-name"),
            org_node: org_node.into(),
            description: Some(format!("{id} of {org_node}")),
            display_name: String::new(),
            phone: None,
            email: Some(format!("{id}@example.org")),
            status: PersonStatus::Locked,
            created: 1,
            updated: 2,
            last_login: None,
            group_ids: vec![id.into()],
            secondary_org_nodes: Vec::new(),
            data_source: "IMPORT".into(),
            expires: Some(3),
            activated: None,
            password_needs_reset: false,
            password_hash: None,
            administrator: true,
        };
        let shares = [
            [person("c", "one"), person("b", "two"), person("a", "old")],
            [person("d", "two"), person("a", "three"), person("e", "one")],
        ];
        let mut all = PeopleLoading::default();
        for share in &shares {
            let mut some = PeopleLoading::default();
            share.iter().for_each(|person| some.push(person));
            all.append(some);
        }
        assert_eq!(all.len(), 6);
        let people = People::loaded(all).snapshot();
        assert_eq!(people.len(), 5, "of several with one id the last counts");
        for person in shares.iter().flatten().filter(|person| person.org_node != "old") {
            assert_eq!(people.by_id(&person.id), Some(PersonView::of(person)));
        }
    }
}
