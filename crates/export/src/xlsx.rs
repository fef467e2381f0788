//! Excel workbooks in constant memory: each row goes to a temporary file beside the export as soon as the next one
//! begins. Text is always a text cell, never a formula; text that would be one had somebody typed it carries the
//! "quote prefix" style, so that editing the cell does not turn it into one. Values are not changed by the guard.
//! Control characters that XML 1.0 forbids are left out, text beyond the 32,767 units of a cell is cut and marked,
//! and rows beyond the 1,048,575 of a sheet go on to further sheets with the same header.

use std::borrow::Cow;
use std::error::Error as _;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use crate::guard::needs_guard;
use crate::row::Width;
use crate::{Cell, ExportError, RowWriter};

/// Rows of a sheet, the header not counted (Excel specifications and limits).
pub const SHEET_ROWS: u32 = 1_048_575;
/// UTF-16 units of a cell (the same page).
const CELL_UNITS: usize = 32_767;
/// Stands at the end of a cell that was too long.
const CUT_MARK: &str = " [cut]";
/// Whole numbers beyond this lose digits, for a sheet keeps floating-point numbers; they are written as text.
const EXACT: u64 = 1 << 53;

/// Writes an Excel workbook to any output.
pub struct XlsxWriter<W> {
    out: W,
    book: Workbook,
    names: Vec<String>,
    width: Width,
    guarded: Format,
    sheet_rows: u32,
    sheets: usize,
    /// Row of the present sheet that comes next; 0 is the header's.
    next: u32,
}

impl<W: Write + Send> XlsxWriter<W> {
    /// A writer that keeps its temporary files in `temporary`: the disk of the export itself, so that room is
    /// missing there or nowhere. The files have no names and vanish with the process.
    pub fn new(out: W, temporary: &Path) -> Result<Self, ExportError> {
        Self::with_sheet_rows(out, temporary, SHEET_ROWS)
    }

    pub(crate) fn with_sheet_rows(out: W, temporary: &Path, sheet_rows: u32) -> Result<Self, ExportError> {
        let mut book = Workbook::new();
        book.set_tempdir(temporary).map_err(sheet_error)?;
        book.use_zip_large_file(true);
        let guarded = Format::new().set_quote_prefix();
        let names = Vec::new();
        Ok(XlsxWriter { out, book, names, width: Width::default(), guarded, sheet_rows, sheets: 0, next: 0 })
    }

    /// The output below.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn begin_sheet(&mut self) -> Result<(), ExportError> {
        let (book, names) = (&mut self.book, &self.names);
        contained(|| {
            let sheet = book.add_worksheet_with_constant_memory()?;
            for (column, name) in (0u16..).zip(names) {
                sheet.write_string(0, column, name)?;
            }
            Ok(())
        })?;
        self.sheets += 1;
        self.next = 1;
        Ok(())
    }
}

impl<W: Write + Send> RowWriter for XlsxWriter<W> {
    fn header(&mut self, names: &[&str]) -> Result<(), ExportError> {
        self.width.set(names.len())?;
        self.names = names.iter().map(|name| printable(name).into_owned()).collect();
        self.begin_sheet()
    }

    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.width.check(cells.len())?;
        if self.next > self.sheet_rows {
            self.begin_sheet()?;
        }
        let (book, guarded, row, sheets) = (&mut self.book, &self.guarded, self.next, self.sheets);
        contained(|| {
            let sheet = book.worksheet_from_index(sheets.saturating_sub(1))?;
            for (column, cell) in (0u16..).zip(cells) {
                put(sheet, row, column, *cell, guarded)?;
            }
            Ok(())
        })?;
        self.next += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        let (book, out) = (&mut self.book, &mut self.out);
        contained(|| book.save_to_writer(&mut *out))?;
        Ok(self.out.flush()?)
    }
}

fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: Cell<'_>,
    guarded: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty | Cell::Text("") => {}
        Cell::Int(number) if number.unsigned_abs() <= EXACT => {
            #[expect(clippy::cast_precision_loss, reason = "every whole number up to 2^53 is exact")]
            sheet.write_number(row, column, number as f64)?;
        }
        Cell::Int(number) => {
            sheet.write_string(row, column, number.to_string())?;
        }
        Cell::Text(text) => {
            let text = printable(text);
            if needs_guard(&text) {
                sheet.write_string_with_format(row, column, text, guarded)?;
            } else if !text.is_empty() {
                sheet.write_string(row, column, text)?;
            }
        }
    }
    Ok(())
}

/// The text without what XML 1.0 section 2.2 forbids (no escape makes those legal), cut to the length of a cell.
fn printable(text: &str) -> Cow<'_, str> {
    let forbidden =
        |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    let clean =
        if text.contains(forbidden) { Cow::Owned(text.replace(forbidden, "")) } else { Cow::Borrowed(text) };
    // A character is at most one UTF-16 unit for each of its UTF-8 bytes.
    if clean.len() <= CELL_UNITS || clean.encode_utf16().count() <= CELL_UNITS {
        return clean;
    }
    let mut units = CELL_UNITS - CUT_MARK.len();
    let fits = |c: &char| units.checked_sub(c.len_utf16()).map(|left| units = left).is_some();
    let mut kept: String = clean.chars().take_while(fits).collect();
    kept.push_str(CUT_MARK);
    Cow::Owned(kept)
}

/// Runs a call of the library. It panics when one of its temporary files cannot be written (for example on a full
/// disk), so the panic is turned into an error here; the workbook is not used again after one.
fn contained(work: impl FnOnce() -> Result<(), XlsxError>) -> Result<(), ExportError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(sheet_error),
        Err(payload) => {
            let owned = payload.downcast_ref::<String>().map(String::as_str);
            let text = owned.or(payload.downcast_ref::<&str>().copied()).unwrap_or("the library panicked");
            Err(if text.contains("StorageFull") || text.contains("QuotaExceeded") {
                ExportError::DiskFull(io::Error::new(io::ErrorKind::StorageFull, text))
            } else {
                ExportError::Sheet(text.to_owned())
            })
        }
    }
}

fn sheet_error(error: XlsxError) -> ExportError {
    let kind = match &error {
        XlsxError::IoError(cause) | XlsxError::TempFileError(_, cause) => Some(cause.kind()),
        // The container hides its cause one level down.
        other => other.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind),
    };
    match kind {
        Some(kind) => io::Error::new(kind, error.to_string()).into(),
        None => ExportError::Sheet(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Reader as _, Xlsx};

    use super::*;

    #[test]
    fn more_rows_go_on_to_further_sheets() {
        let temporary = tempfile::tempdir().unwrap();
        let mut writer = XlsxWriter::with_sheet_rows(Vec::new(), temporary.path(), 2).unwrap();
        writer.header(&["N"]).unwrap();
        for number in 0..5 {
            writer.row(&[Cell::Int(number)]).unwrap();
        }
        writer.finish().unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(writer.into_inner())).unwrap();
        let sizes: Vec<_> =
            book.worksheets().iter().map(|(name, range)| (name.clone(), range.get_size())).collect();
        let expected = [("Sheet1", (3, 1)), ("Sheet2", (3, 1)), ("Sheet3", (2, 1))];
        assert_eq!(sizes, expected.map(|(name, size)| (name.to_owned(), size)));
    }

    #[test]
    fn a_panic_of_the_library_becomes_an_error() {
        let full = contained(|| panic!("Couldn't write: Os {{ code: {}, kind: StorageFull }}", 28));
        assert!(matches!(full, Err(ExportError::DiskFull(_))));
        let other = contained(|| panic!("something else"));
        assert!(matches!(other, Err(ExportError::Sheet(_))));
    }
}
