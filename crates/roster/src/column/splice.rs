//! How a table becomes its successor: long runs of rows that stay, with new rows between them.

use std::ops::Range;

use super::{Codes, Moved};

/// Where a row of the new table comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// The row of the old table.
    Kept(u32),
    /// The new row of this number.
    Added(u32),
}

#[derive(Debug)]
struct Piece {
    kept: bool,
    rows: Range<u32>,
}

/// The rows of a new table in order. Rows that stay keep their order.
#[derive(Debug, Default)]
pub(crate) struct Splice {
    pieces: Vec<Piece>,
    rows: u32,
}

impl Splice {
    /// Next come these rows of the old table.
    pub(crate) fn keep(&mut self, rows: Range<u32>) {
        if rows.is_empty() {
            return;
        }
        self.rows += rows.len() as u32;
        match self.pieces.last_mut() {
            Some(last) if last.kept && last.rows.end == rows.start => last.rows.end = rows.end,
            _ => self.pieces.push(Piece { kept: true, rows }),
        }
    }

    /// Next come these of the new rows.
    pub(crate) fn add(&mut self, rows: Range<u32>) {
        self.rows += rows.len() as u32;
        self.pieces.push(Piece { kept: false, rows });
    }

    /// How many rows the new table has.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Whether the new table has the very rows of the old one of `rows` rows.
    pub(crate) fn is_same(&self, rows: u32) -> bool {
        let whole = |piece: &Piece| piece.kept && piece.rows == (0..rows);
        self.rows == rows && self.pieces.iter().all(whole)
    }

    /// Where each row of the new table comes from.
    pub(crate) fn iter(&self) -> impl Iterator<Item = From> {
        self.pieces.iter().flat_map(|piece| {
            let kept = piece.kept;
            piece.rows.clone().map(move |row| if kept { From::Kept(row) } else { From::Added(row) })
        })
    }

    /// Goes through the pieces: whether a piece stays, its rows in the old table (or its new rows), and its first
    /// row in the new table.
    pub(crate) fn runs(&self, mut each: impl FnMut(bool, Range<u32>, u32)) {
        let mut to = 0;
        for piece in &self.pieces {
            each(piece.kept, piece.rows.clone(), to);
            to += piece.rows.len() as u32;
        }
    }

    /// The codes of the new table: those of rows that stay go through `map`.
    pub(crate) fn codes(
        &self,
        old: &Codes,
        distinct: usize,
        map: impl Fn(u32) -> u32,
        added: &[u32],
    ) -> Codes {
        let codes = self.iter().map(|from| match from {
            From::Kept(row) => map(old.get(row) as u32),
            From::Added(row) => added[row as usize],
        });
        Codes::new(distinct, self.rows as usize, codes)
    }

    /// The way of the rows of an old table of `rows` rows.
    pub(crate) fn moved(&self, rows: u32) -> Moved {
        let mut moved = Moved::new(rows);
        self.runs(|kept, rows, first| match kept {
            true => rows.zip(first..).for_each(|(row, to)| moved.keep(row, to)),
            false => (first..).take(rows.len()).for_each(|to| moved.add(to)),
        });
        moved
    }
}

/// Brings values into the order of `pieces`, which need not cover all of them.
pub(crate) fn arrange<T: Copy>(values: &mut Vec<T>, pieces: &[Range<usize>]) {
    let mut arranged = Vec::with_capacity(values.len());
    pieces.iter().for_each(|piece| arranged.extend_from_slice(&values[piece.clone()]));
    *values = arranged;
}
