//! An immutable table: the columns of all rows, in the order of their keys, ready to be searched.

use std::sync::Arc;

use search::text::fold;
use search::{Field, Row, SortKey, Value};

use crate::column::{Coded, Dictionary, FlagField, Flags, HostColumn, Ints, Planes, Ranks, TextColumn};

/// One column.
#[derive(Debug)]
pub(crate) enum Column {
    /// Text with many distinct values.
    Text(Arc<TextColumn>),
    /// Text with few distinct values.
    Dictionary(Arc<Dictionary>),
    /// Text that the rows of a host share.
    Host(HostColumn),
    /// Whole numbers with many distinct values.
    Int(Arc<Ints>),
    /// Whole numbers with few distinct values.
    Coded(Arc<Coded>),
    /// A small code, packed with others.
    Flag(Arc<Flags>, FlagField),
}

/// The columns of a kind of rows.
#[derive(Debug)]
pub(crate) struct Table {
    rows: u32,
    columns: Vec<(Field, Column)>,
    /// Place of each field's column by the id of the field.
    places: [u8; 256],
    /// The table's own order when it differs from the order of keys, in which the rows are numbered.
    natural: Option<Ranks>,
    /// The flags of all rows as they lie, for tables that have flags.
    planes: Option<Planes>,
}

impl Table {
    /// Takes columns that are laid out, and the table's own order when it differs from the order of keys.
    pub(crate) fn of(rows: u32, columns: Vec<(Field, Column)>, natural: Option<Ranks>) -> Self {
        let mut places = [u8::MAX; 256];
        for (place, (field, _)) in (0_u8..).zip(&columns) {
            places[usize::from(field.id())] = place;
        }
        Self { rows, columns, places, natural, planes: None }
    }

    /// The same with the flags of all rows as they lie.
    pub(crate) fn with_planes(self, planes: Planes) -> Self {
        Self { planes: Some(planes), ..self }
    }

    /// The flags of all rows as they lie, for tables that have flags.
    pub(crate) fn planes(&self) -> Option<&Planes> {
        self.planes.as_ref()
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// The column of a field, if the table has it.
    #[inline]
    pub(crate) fn column(&self, field: Field) -> Option<&Column> {
        let place = self.places[usize::from(field.id())];
        self.columns.get(usize::from(place)).map(|(_, column)| column)
    }

    /// All columns.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (Field, &Column)> {
        self.columns.iter().map(|(field, column)| (*field, column))
    }

    /// The order of a sort key; `None` when it is the order of rows. Without order of its own (not a sort key of
    /// this table) a column counts as having no values, which leaves the order of rows as well.
    pub(crate) fn ranks(&self, key: SortKey) -> Option<&Ranks> {
        match key {
            SortKey::Natural => self.natural.as_ref(),
            SortKey::Field(field) => self.column(field).and_then(Column::ranks),
        }
    }

    /// A row as the reference evaluator sees it.
    pub(crate) fn row(&self, row: u32) -> TableRow<'_> {
        TableRow { table: self, row }
    }

    /// The text of a row, which has to be one of the table.
    #[inline]
    pub(crate) fn text(&self, row: u32, field: Field) -> Option<&str> {
        match self.column(field)? {
            Column::Text(column) => Some(column.texts().get(row)),
            Column::Dictionary(column) => Some(column.get(row)),
            Column::Host(column) => Some(column.get(row)),
            Column::Int(_) | Column::Coded(_) | Column::Flag(..) => None,
        }
    }

    /// What a row, which has to be one of the table, is sorted by.
    pub(crate) fn value(&self, row: u32, field: Field) -> Value<'_> {
        match self.column(field) {
            Some(Column::Text(column)) if !column.texts().get(row).is_empty() => {
                Value::Text(column.folded(row))
            }
            _ if field.is_text() => match self.text(row, field).filter(|text| !text.is_empty()) {
                Some(text) => Value::Text(fold(text)),
                None => Value::Missing,
            },
            _ => self.int(row, field).map_or(Value::Missing, Value::Int),
        }
    }

    /// The whole number of a row, which has to be one of the table.
    #[inline]
    pub(crate) fn int(&self, row: u32, field: Field) -> Option<i64> {
        match self.column(field)? {
            Column::Int(column) => column.get(row),
            Column::Coded(column) => column.get(row),
            Column::Flag(flags, field) => field.unpack(flags.word(row)),
            Column::Text(_) | Column::Dictionary(_) | Column::Host(_) => None,
        }
    }
}

impl Column {
    fn ranks(&self) -> Option<&Ranks> {
        match self {
            Self::Text(column) => Some(column.ranks()),
            Self::Dictionary(column) => column.ranks(),
            Self::Int(column) => column.ranks(),
            Self::Coded(column) => column.ranks(),
            Self::Host(_) | Self::Flag(..) => None,
        }
    }
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableRow<'a> {
    table: &'a Table,
    row: u32,
}

impl Row for TableRow<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        self.table.text(self.row, field)
    }

    fn int(&self, field: Field) -> Option<i64> {
        self.table.int(self.row, field)
    }
}
