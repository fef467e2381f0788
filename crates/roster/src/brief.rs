//! What questions look at of changed rows, packed close together: a question reads all of them, and following pointers
//! to every single item would cost many times as much as its tests.

use std::sync::Arc;

use imbl::Vector;
use search::{Field, Row};

/// Rows that are packed together; a change copies that many.
const STRETCH: usize = 64;
/// Most text attributes and whole numbers of a row.
const TEXTS: usize = 6;
const INTS: usize = 3;

/// The attributes that are packed: all that can be searched and sorted by, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Texts, at most six.
    pub(crate) texts: &'static [Field],
    /// Whole numbers, at most three.
    pub(crate) ints: &'static [Field],
}

/// The packed rows of all slots of a delta; cloning shares them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Briefs(Vector<Arc<Stretch>>);

#[derive(Debug, Clone, Default)]
struct Stretch {
    rows: Vec<Option<Packed>>,
    bytes: String,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    start: u32,
    /// Where each text ends.
    ends: [u32; TEXTS],
    ints: [Option<i64>; INTS],
}

/// A packed row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief<'a> {
    fields: Fields,
    packed: &'a Packed,
    bytes: &'a str,
}

impl Briefs {
    /// Sets the row of a slot, which is one there is or the next; `None` when it has none.
    pub(crate) fn set<R: Row>(&mut self, fields: Fields, slot: u32, row: Option<&R>) {
        let (at, place) = (slot as usize / STRETCH, slot as usize % STRETCH);
        if at == self.0.len() {
            self.0.push_back(Arc::default());
        }
        let Some(stretch) = self.0.get_mut(at) else { return };
        let stretch = Arc::make_mut(stretch);
        if place == stretch.rows.len() {
            stretch.rows.push(None);
        } else {
            stretch.remove(place);
        }
        let packed = row.map(|row| stretch.pack(fields, row));
        if let Some(place) = stretch.rows.get_mut(place) {
            *place = packed;
        }
    }

    /// The rows there are, with their slots.
    pub(crate) fn iter(&self, fields: Fields) -> impl Iterator<Item = (u32, Brief<'_>)> {
        (0_u32..).step_by(STRETCH).zip(self.0.iter()).flat_map(move |(first, stretch)| {
            let rows = (first..).zip(&stretch.rows);
            rows.filter_map(move |(slot, packed)| {
                Some((slot, Brief { fields, packed: packed.as_ref()?, bytes: &stretch.bytes }))
            })
        })
    }
}

impl Stretch {
    fn pack<R: Row>(&mut self, fields: Fields, row: &R) -> Packed {
        let start = self.bytes.len() as u32;
        let (mut ends, mut ints) = ([start; TEXTS], [None; INTS]);
        for (end, &field) in ends.iter_mut().zip(fields.texts) {
            self.bytes.push_str(row.text(field).unwrap_or_default());
            *end = self.bytes.len() as u32;
        }
        for (int, &field) in ints.iter_mut().zip(fields.ints) {
            *int = row.int(field);
        }
        Packed { start, ends, ints }
    }

    /// Takes a row out, and its texts.
    fn remove(&mut self, place: usize) {
        let Some(gone) = self.rows.get_mut(place).and_then(Option::take) else { return };
        let end = gone.ends.iter().copied().max().unwrap_or(gone.start);
        self.bytes.replace_range(gone.start as usize..end as usize, "");
        for packed in self.rows.iter_mut().flatten().filter(|packed| packed.start >= end) {
            packed.start -= end - gone.start;
            packed.ends.iter_mut().for_each(|place| *place = place.saturating_sub(end - gone.start));
        }
    }
}

impl Row for Brief<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        let place = self.fields.texts.iter().position(|&own| own == field)?;
        let start = place.checked_sub(1).map_or(self.packed.start, |before| self.packed.ends[before]);
        self.bytes.get(start as usize..self.packed.ends[place] as usize)
    }

    fn int(&self, field: Field) -> Option<i64> {
        let place = self.fields.ints.iter().position(|&own| own == field)?;
        self.packed.ints[place]
    }
}
