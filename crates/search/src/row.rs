//! A row as the reference evaluator and every engine's builder see it.

use crate::Field;

/// Something with searchable attributes. A field of another table, or of the other kind, is missing.
pub trait Row {
    /// Value of a text attribute; `None` and the empty text both count as missing.
    fn text(&self, field: Field) -> Option<&str>;

    /// Value of a whole-number attribute; `None` and `i64::MIN` both count as missing.
    fn int(&self, field: Field) -> Option<i64>;
}

impl<R: Row + ?Sized> Row for &R {
    fn text(&self, field: Field) -> Option<&str> {
        (**self).text(field)
    }

    fn int(&self, field: Field) -> Option<i64> {
        (**self).int(field)
    }
}

/// Text value of `row`, never empty. Everything that judges rows reads them through this and [`int_of`].
pub fn text_of<R: Row + ?Sized>(row: &R, field: Field) -> Option<&str> {
    row.text(field).filter(|t| !t.is_empty())
}

/// Whole-number value of `row`, never `i64::MIN`.
pub fn int_of<R: Row + ?Sized>(row: &R, field: Field) -> Option<i64> {
    row.int(field).filter(|&n| n != i64::MIN)
}
