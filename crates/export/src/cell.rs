//! One value of a row. What it looks like in a file is the writers' business.

/// One value. Borrowed: a row lives only as long as it takes to write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Text. In CSV it passes the formula guard ([`crate::guard`]).
    Text(&'a str),
    /// A number or a code; written bare, never guarded (`-1` stays `-1`).
    Int(i64),
    /// No value: an empty cell in tables, `null` in JSON lines.
    Empty,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Cell::Text(text)
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Cell::Int(number)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Empty, Into::into)
    }
}
