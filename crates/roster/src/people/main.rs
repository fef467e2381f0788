//! The merged part of the directory: one row per person, ordered by id.

use std::ops::Range;
use std::sync::Arc;

use model::{Person, PersonStatus};
use search::people::{
    CREATED, DISPLAY_NAME, EMAIL, LAST_LOGIN, PHONE, STATUS, TABLE, UPDATED, USER_ID, USER_NAME,
};
use search::{Field, Filter, Row, Sort};

use super::rest::{Rest, views};
use super::view::PersonView;
use crate::column::Moved;
use crate::dead::Dead;
use crate::kind::Kind;
use crate::query::{Job, Sequence, compile};
use crate::table::{Column, Layout, Start, Table};

const LAYOUT: [(Field, Layout); 9] = [
    (USER_NAME, Layout::Text { searched: true }),
    (USER_ID, Layout::Text { searched: true }),
    (DISPLAY_NAME, Layout::Text { searched: false }),
    (PHONE, Layout::Text { searched: true }),
    (EMAIL, Layout::Text { searched: true }),
    (STATUS, Layout::Dictionary { sorted: true }),
    (CREATED, Layout::Int { sorted: true }),
    (UPDATED, Layout::Int { sorted: true }),
    (LAST_LOGIN, Layout::Int { sorted: true }),
];

pub(super) struct PeopleMain {
    table: Table,
    rest: Rest,
}

impl PeopleMain {
    pub(super) fn load(mut people: Vec<Person>) -> Self {
        // Stable, so that of several with one id the last is the one to keep.
        people.sort_by(|a, b| a.id.cmp(&b.id));
        people.dedup_by(|later, kept| {
            let same = later.id == kept.id;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Self { table: Table::new(&TABLE, &LAYOUT, &people, Start::Afresh), rest: Rest::new(views(&people)) }
    }

    /// The row of an id.
    pub(super) fn row_of(&self, id: &str) -> Option<u32> {
        let Some(Column::Text(ids)) = self.table.column(USER_ID) else { return None };
        let (mut low, mut high) = (0, self.table.rows());
        while low < high {
            let middle = low + (high - low) / 2;
            if ids.texts().get(middle) < id { low = middle + 1 } else { high = middle }
        }
        (low < self.table.rows() && ids.texts().get(low) == id).then_some(low)
    }

    /// The live row of a user name.
    pub(super) fn row_named(&self, name: &str, dead: &Dead) -> Option<u32> {
        let filter = Filter::is(USER_NAME, name);
        let (table, sequence) = (&self.table, Sequence::new(&self.table, &Sort::NATURAL));
        let job = Job { table, filter: &filter, dead, sequence, from: 0, count: 1, total: false };
        job.run(compile(table, &filter)).rows.first().copied()
    }

    /// The person in a row; `None` beyond the last.
    pub(super) fn view(&self, number: u32) -> Option<PersonView<'_>> {
        if number >= self.table.rows() {
            return None;
        }
        let text = |field| self.table.text(number, field).filter(|t| !t.is_empty());
        let int = |field| self.table.int(number, field);
        let shared = self.rest.shared(number);
        Some(PersonView {
            id: text(USER_ID).unwrap_or_default(),
            user_name: text(USER_NAME).unwrap_or_default(),
            display_name: text(DISPLAY_NAME).unwrap_or_default(),
            phone: text(PHONE),
            email: text(EMAIL),
            status: text(STATUS).and_then(PersonStatus::parse).unwrap_or(PersonStatus::Normal),
            description: self.rest.description(number),
            created: int(CREATED).unwrap_or(i64::MIN),
            updated: int(UPDATED).unwrap_or(i64::MIN),
            last_login: int(LAST_LOGIN),
            group_ids: &shared.group_ids,
            org_node: &shared.org_node,
            secondary_org_nodes: &shared.secondary_org_nodes,
            data_source: &shared.data_source,
            expires: self.rest.expires(number),
            activated: self.rest.activated(number),
            password_needs_reset: shared.password_needs_reset,
            administrator: shared.administrator,
        })
    }
}

/// A person on the way into a new main part.
enum Source<'a> {
    Kept(&'a PeopleMain, u32),
    Put(&'a Person),
}

impl<'a> Source<'a> {
    fn id(&self) -> &'a str {
        match self {
            Self::Kept(main, row) => main.table.text(*row, USER_ID).unwrap_or_default(),
            Self::Put(person) => &person.id,
        }
    }

    fn view(&self) -> Option<PersonView<'a>> {
        match self {
            Self::Kept(main, row) => main.view(*row),
            Self::Put(person) => Some(PersonView::of(person)),
        }
    }
}

impl Row for Source<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        match self {
            Self::Kept(main, row) => main.table.text(*row, field),
            Self::Put(person) => person.text(field),
        }
    }

    fn int(&self, field: Field) -> Option<i64> {
        match self {
            Self::Kept(main, row) => main.table.int(*row, field),
            Self::Put(person) => person.int(field),
        }
    }
}

impl Kind for PeopleMain {
    type Item = Arc<Person>;
    type Row<'a> = &'a Person;

    const TABLE: search::Table = TABLE;

    fn key(item: &Self::Item) -> &str {
        &item.id
    }

    fn alias(item: &Self::Item) -> Option<&str> {
        Some(&item.user_name)
    }

    fn rows(_: &Self::Item) -> u32 {
        1
    }

    fn row(item: &Self::Item, index: u32) -> Option<Self::Row<'_>> {
        (index == 0).then_some(&**item)
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn find(&self, key: &str) -> Option<Range<u32>> {
        self.row_of(key).map(|row| row..row + 1)
    }

    fn merge(&self, dead: &Dead, changes: &[(&str, Option<&Self::Item>)]) -> Self {
        let live = (0..self.table.rows()).filter(|&row| !dead.contains(row));
        let kept = live.map(|row| Source::Kept(self, row));
        let put = changes.iter().filter_map(|(_, item)| Some(Source::Put(item.as_ref()?)));
        let mut rows: Vec<Source<'_>> = Vec::with_capacity(self.table.rows() as usize + changes.len());
        let mut moved = Moved::new(self.table.rows());
        let (mut kept, mut put) = (kept.peekable(), put.peekable());
        loop {
            let next = match (kept.peek(), put.peek()) {
                (Some(k), Some(p)) if k.id() < p.id() => kept.next(),
                (_, Some(_)) => put.next(),
                (_, None) => kept.next(),
            };
            let Some(next) = next else { break };
            let number = rows.len() as u32;
            match next {
                Source::Kept(_, row) => moved.keep(row, number),
                Source::Put(_) => moved.add(number),
            }
            rows.push(next);
        }
        Self {
            table: Table::new(&TABLE, &LAYOUT, &rows, Start::From(&self.table, &moved)),
            rest: Rest::new(rows.iter().filter_map(Source::view)),
        }
    }
}
