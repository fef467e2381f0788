//! The merged part of the directory: one row per person, ordered by id.

use std::ops::Range;
use std::sync::Arc;

use model::{Person, PersonStatus};
use search::people::{
    CREATED, DISPLAY_NAME, EMAIL, LAST_LOGIN, PHONE, STATUS, TABLE, UPDATED, USER_ID, USER_NAME,
};
use search::{Field, Filter, Row, Sort, int_of};

use super::rest::Rest;
use super::view::PersonView;
use crate::brief::Fields;
use crate::column::Splice;
use crate::dead::Dead;
use crate::kind::Kind;
use crate::query::{Job, Sequence, compile};
use crate::table::{Column, Table};

pub(super) struct PeopleMain {
    table: Table,
    rest: Rest,
}

impl PeopleMain {
    /// Joins columns of one order, that of ids.
    pub(super) fn new(rows: u32, columns: Vec<(Field, Column)>, rest: Rest) -> Self {
        Self { table: Table::of(rows, columns, None), rest }
    }

    /// The row of an id.
    pub(super) fn row_of(&self, id: &str) -> Option<u32> {
        self.place_of(id).ok()
    }

    /// The row of an id, or the row it would come before.
    fn place_of(&self, id: &str) -> Result<u32, u32> {
        let Some(Column::Text(ids)) = self.table.column(USER_ID) else { return Err(0) };
        let (mut low, mut high) = (0, self.table.rows());
        while low < high {
            let middle = low + (high - low) / 2;
            if ids.texts().get(middle) < id { low = middle + 1 } else { high = middle }
        }
        if low < self.table.rows() && ids.texts().get(low) == id { Ok(low) } else { Err(low) }
    }

    /// The live row of a user name.
    pub(super) fn row_named(&self, name: &str, dead: &Dead) -> Option<u32> {
        let filter = Filter::is(USER_NAME, name);
        let (table, sequence) = (&self.table, Sequence::new(&self.table, &Sort::NATURAL));
        let job = Job { table, filter: &filter, dead, sequence, from: 0, count: 1, total: false };
        job.run(compile(table, &filter)).rows.first().copied()
    }

    /// Whether there is a row.
    pub(super) fn has(&self, row: u32) -> bool {
        row < self.table.rows()
    }

    /// The person in a row; `None` beyond the last.
    pub(super) fn view(&self, row: u32) -> Option<PersonView<'_>> {
        if !self.has(row) {
            return None;
        }
        let mut view = self.rest.view(row);
        self.fill(&[row], std::slice::from_mut(&mut view));
        Some(view)
    }

    /// The people in some rows, each of which has to be one of the table. Gathered column by column: what one row
    /// needs lies in twenty places of memory, and waiting for the same of many rows at once takes hardly longer than
    /// waiting for one.
    pub(super) fn views(&self, rows: &[u32]) -> Vec<PersonView<'_>> {
        let mut views: Vec<_> = rows.iter().map(|&row| self.rest.view(row)).collect();
        self.fill(rows, &mut views);
        views
    }

    fn fill<'a>(&'a self, rows: &[u32], views: &mut [PersonView<'a>]) {
        self.texts(rows, views, USER_ID, |view, text| view.id = text);
        self.texts(rows, views, USER_NAME, |view, text| view.user_name = text);
        self.texts(rows, views, DISPLAY_NAME, |view, text| view.display_name = text);
        self.texts(rows, views, PHONE, |view, text| view.phone = some(text));
        self.texts(rows, views, EMAIL, |view, text| view.email = some(text));
        self.texts(rows, views, STATUS, |view, text| {
            view.status = PersonStatus::parse(text).unwrap_or(PersonStatus::Normal);
        });
        self.ints(rows, views, CREATED, |view, at| view.created = at.unwrap_or(i64::MIN));
        self.ints(rows, views, UPDATED, |view, at| view.updated = at.unwrap_or(i64::MIN));
        self.ints(rows, views, LAST_LOGIN, |view, at| view.last_login = at);
    }

    fn texts<'a>(
        &'a self,
        rows: &[u32],
        views: &mut [PersonView<'a>],
        field: Field,
        put: impl Fn(&mut PersonView<'a>, &'a str),
    ) {
        let rows = rows.iter().zip(views);
        match self.table.column(field) {
            Some(Column::Text(column)) => rows.for_each(|(&row, view)| put(view, column.texts().get(row))),
            Some(Column::Dictionary(column)) => rows.for_each(|(&row, view)| put(view, column.get(row))),
            _ => {}
        }
    }

    fn ints<'a>(
        &self,
        rows: &[u32],
        views: &mut [PersonView<'a>],
        field: Field,
        put: impl Fn(&mut PersonView<'a>, Option<i64>),
    ) {
        if let Some(Column::Int(column)) = self.table.column(field) {
            rows.iter().zip(views).for_each(|(&row, view)| put(view, column.get(row)));
        }
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// One change on the way into a new main part.
struct Step<'a> {
    /// The row of the person, or the row before which there is room.
    place: Result<u32, u32>,
    /// The person as of now, unless deleted.
    person: Option<&'a Person>,
}

/// A main part and what changes in it, in the order of its rows.
struct Merge<'a> {
    old: &'a PeopleMain,
    steps: Vec<Step<'a>>,
}

impl<'a> Merge<'a> {
    /// How one column becomes the next: people for whom it stays the `same` stay themselves.
    fn splice(&self, same: impl Fn(u32, &'a Person) -> bool) -> (Splice, Vec<&'a Person>) {
        let (mut splice, mut added, mut next) = (Splice::default(), Vec::new(), 0);
        for step in &self.steps {
            let (Ok(row) | Err(row)) = step.place;
            let goes_on = match (step.place, step.person) {
                (Ok(row), Some(person)) => same(row, person),
                _ => false,
            };
            if goes_on {
                continue;
            }
            splice.keep(next..row);
            if let Some(person) = step.person {
                splice.add(added.len() as u32..added.len() as u32 + 1);
                added.push(person);
            }
            next = row + u32::from(step.place.is_ok());
        }
        splice.keep(next..self.old.table.rows());
        (splice, added)
    }

    fn column(&self, field: Field, column: &Column) -> Column {
        let rows = self.old.table.rows();
        let text = |person: &'a Person| person.text(field).unwrap_or_default();
        match column {
            Column::Text(old) => {
                let (splice, added) = self.splice(|row, person| old.texts().get(row) == text(person));
                if splice.is_same(rows) {
                    return Column::Text(Arc::clone(old));
                }
                let added: Vec<&str> = added.into_iter().map(text).collect();
                Column::Text(Arc::new(old.spliced(&splice, &splice.moved(rows), &added)))
            }
            Column::Dictionary(old) => {
                let (splice, added) = self.splice(|row, person| old.get(row) == text(person));
                if splice.is_same(rows) {
                    return Column::Dictionary(Arc::clone(old));
                }
                let added: Vec<&str> = added.into_iter().map(text).collect();
                Column::Dictionary(Arc::new(old.spliced(&splice, &added, true)))
            }
            Column::Int(old) => {
                let (splice, added) = self.splice(|row, person| old.get(row) == int_of(person, field));
                if splice.is_same(rows) {
                    return Column::Int(Arc::clone(old));
                }
                let added: Vec<_> = added.into_iter().map(|person| int_of(person, field)).collect();
                Column::Int(Arc::new(old.spliced(&splice, &splice.moved(rows), &added)))
            }
            Column::Host(_) | Column::Coded(_) | Column::Flag(..) => {
                unreachable!("people have no such columns")
            }
        }
    }

    fn run(&self) -> PeopleMain {
        let columns: Vec<_> =
            self.old.table.columns().map(|(field, column)| (field, self.column(field, column))).collect();
        let (splice, added) = self.splice(|_, _| false);
        let views: Vec<PersonView<'_>> = added.into_iter().map(PersonView::of).collect();
        let rest = self.old.rest.spliced(&splice, &splice.moved(self.old.table.rows()), &views);
        PeopleMain::new(splice.rows(), columns, rest)
    }
}

impl Kind for PeopleMain {
    type Item = Arc<Person>;
    type Row<'a> = &'a Person;

    const TABLE: search::Table = TABLE;

    const PACKED: Option<Fields> = Some(Fields {
        texts: &[USER_NAME, USER_ID, DISPLAY_NAME, PHONE, EMAIL, STATUS],
        ints: &[CREATED, UPDATED, LAST_LOGIN],
    });

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

    fn merge(&self, _: &Dead, changes: &[(&str, Option<&Self::Item>)]) -> Self {
        let steps = changes
            .iter()
            .map(|&(key, item)| Step { place: self.place_of(key), person: item.map(|person| &**person) });
        Merge { old: self, steps: steps.collect() }.run()
    }
}
