//! Checks a whole file of people before anything is sent: every cell, and values that may occur only once.
//! Memory: 16 bytes for each value that has to be unique, never the values themselves.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, RandomState},
};

use super::{
    columns::Column,
    source::{Row, Rows},
};
use crate::error::CliError;

/// Problems shown one by one; the rest are counted.
pub const SHOWN: usize = 50;

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u64,
    /// Column; empty for the whole line.
    pub column: String,
    /// What is wrong.
    pub message: String,
}

/// The first problems of a file and how many there are.
#[derive(Debug, Default)]
pub struct Problems {
    /// At most [`SHOWN`].
    pub shown: Vec<Problem>,
    /// All.
    pub count: u64,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, line: u64, column: &str, message: impl Into<String>) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(Problem { line, column: column.to_owned(), message: message.into() });
        }
    }
}

/// Reads all rows and returns their number.
///
/// # Errors
/// When the file cannot be read to its end; wrong cells are problems, not errors.
pub fn check(
    rows: &mut Rows,
    problems: &mut Problems,
    mut seen_bytes: impl FnMut(u64),
) -> Result<u64, CliError> {
    let mut checker = Checker::new(rows.columns().to_vec());
    let mut count = 0_u64;
    while let Some(row) = rows.next()? {
        checker.row(&row, problems);
        count += 1;
        if count.is_multiple_of(1024) {
            seen_bytes(rows.position());
        }
    }
    Ok(count)
}

/// Remembers what must not come twice.
struct Checker {
    columns: Vec<Column>,
    /// Line of each value, by its keyed 64-bit hash, for the columns of [`Column::UNIQUE`]. Two of a million
    /// different values meet once in thirty million files; then a second run, with another key, decides.
    seen: [HashMap<u64, u64>; Column::UNIQUE.len()],
    hasher: RandomState,
}

impl Checker {
    fn new(columns: Vec<Column>) -> Self {
        Self { columns, seen: Default::default(), hasher: RandomState::new() }
    }

    fn row(&mut self, row: &Row<'_>, problems: &mut Problems) {
        if row.cells.len() != self.columns.len() {
            let (has, wants) = (row.cells.len(), self.columns.len());
            problems.add(row.line, "", format!("{has} cells instead of {wants}"));
            return;
        }
        for (at, cell) in row.cells.iter().enumerate() {
            let Some(column) = self.columns.get(at).copied() else { continue };
            let Ok(text) = std::str::from_utf8(cell) else {
                problems.add(row.line, column.name(), "not UTF-8");
                continue;
            };
            if let Some(why) = column.complaint(text) {
                problems.add(row.line, column.name(), why);
            } else if let Some(first) = self.first_line(column, cell, row.line) {
                problems.add(row.line, column.name(), format!("the same as in line {first}"));
            }
        }
    }

    /// The line that had this value before, if any.
    fn first_line(&mut self, column: Column, cell: &[u8], line: u64) -> Option<u64> {
        let kind = Column::UNIQUE.iter().position(|c| *c == column).filter(|_| !cell.is_empty())?;
        let hash = self.hasher.hash_one(cell);
        match self.seen.get_mut(kind)?.entry(hash) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(line);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::source::tests::file, *};

    fn problems(text: &[u8]) -> (u64, Problems) {
        let (_guard, source) = file(text);
        let mut problems = Problems::default();
        let count = check(&mut source.rows().unwrap(), &mut problems, |_| {}).unwrap();
        (count, problems)
    }

    #[test]
    fn finds_every_problem_with_line_and_column() {
        let text = b"UserName,Phone,Status\nann,+86-13800138000,NORMAL\n,x,normal\nbob,\xff,\nann,+86-13800138000,\ncid\n";
        let (count, found) = problems(text);
        let places: Vec<_> =
            found.shown.iter().map(|p| (p.line, p.column.as_str(), p.message.as_str())).collect();
        assert_eq!(count, 5);
        assert_eq!(found.count, 7);
        assert_eq!(
            places,
            [
                (3, "UserName", "it is empty"),
                (3, "Phone", "not a phone number such as +86-13800138000"),
                (3, "Status", "not one of NORMAL, FREEZE, LOCKED, NOT_ENABLED"),
                (4, "Phone", "not UTF-8"),
                (5, "UserName", "the same as in line 2"),
                (5, "Phone", "the same as in line 2"),
                (6, "", "1 cells instead of 3"),
            ]
        );
    }

    #[test]
    fn empty_cells_and_equal_display_names_are_no_duplicates() {
        let (count, found) = problems(b"UserName,Email,DisplayName\na,,Ann\nb,,Ann\nA,,Ann\n");
        assert_eq!((count, found.count), (3, 0));
    }

    #[test]
    fn fifty_are_shown_and_all_are_counted() {
        let mut text = b"UserName\n".to_vec();
        text.extend(b"same\n".repeat(200));
        let (_, found) = problems(&text);
        assert_eq!((found.shown.len(), found.count), (SHOWN, 199));
    }
}
