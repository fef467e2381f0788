//! A CSV file of people as a stream of rows: the header, bounded records, line numbers. Read twice or thrice,
//! so it notices when the file changes in between.

use std::{
    cell::Cell,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    rc::Rc,
    time::SystemTime,
};

use csv::ByteRecord;

use super::columns::Column;
use crate::error::CliError;

/// Most bytes one record may have. A record of the longest allowed values has about 5 KB; one that never ends
/// is a forgotten quote.
const LONGEST_RECORD: usize = 1 << 20;

/// A file that can be read again.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
}

/// One pass over a file.
pub struct Rows {
    reader: csv::Reader<Bounded>,
    input: Rc<Input>,
    columns: Vec<Column>,
    record: ByteRecord,
    path: PathBuf,
}

/// One row: where it starts and its cells, as many as the file gave.
pub struct Row<'a> {
    /// Line on which it starts, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: &'a ByteRecord,
}

impl Source {
    /// Looks at the file.
    ///
    /// # Errors
    /// When it is no readable file.
    pub fn open(path: &Path) -> Result<Self, CliError> {
        let meta = std::fs::metadata(path).map_err(|e| cannot_read(path, &e))?;
        if !meta.is_file() {
            return Err(CliError::usage(format!("{} is not a file", path.display()))
                .next("the file is read more than once, so it cannot be a pipe"));
        }
        Ok(Self { path: path.to_owned(), size: meta.len(), modified: meta.modified().ok() })
    }

    /// Its path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Starts a pass.
    ///
    /// # Errors
    /// When the file cannot be read, has changed, or its header is not one of people.
    pub fn rows(&self) -> Result<Rows, CliError> {
        let file = File::open(&self.path).map_err(|e| cannot_read(&self.path, &e))?;
        let meta = file.metadata().map_err(|e| cannot_read(&self.path, &e))?;
        self.refuse_changed(&meta)?;
        let input = Rc::new(Input::default());
        input.left.set(LONGEST_RECORD);
        let bounded = Bounded { file, input: Rc::clone(&input) };
        // Only a line feed ends a record here, for the sake of exact line numbers; see `Rows::start_line`.
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .buffer_capacity(1 << 16)
            .from_reader(bounded);
        let header = reader.byte_headers().map_err(|e| damaged(&self.path, &e))?.clone();
        let columns = parse_header(&header).map_err(|what| {
            let known = Column::ALL.map(Column::name).join(", ");
            CliError::bad_input(format!("{}:1: {what}", self.path.display()))
                .next(format!("the first line names the columns, of these: {known}"))
        })?;
        Ok(Rows { reader, input, columns, record: ByteRecord::new(), path: self.path.clone() })
    }

    fn refuse_changed(&self, meta: &Metadata) -> Result<(), CliError> {
        if meta.len() == self.size && meta.modified().ok() == self.modified {
            return Ok(());
        }
        Err(CliError::new(format!("{} changed while it was being read", self.path.display()))
            .next("run the command again when nothing writes to the file"))
    }
}

impl Rows {
    /// The columns of the file, in its order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read further.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, CliError> {
        loop {
            self.input.left.set(LONGEST_RECORD);
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return Ok(None),
                Ok(true) => self.drop_carriage_return(),
                Err(error) => return Err(damaged(&self.path, &error)),
            }
            let blank = self.record.len() == 1 && self.record.as_slice().is_empty();
            if !blank {
                break;
            }
        }
        Ok(Some(Row { line: self.start_line(), cells: &self.record }))
    }

    /// The line on which the present record starts, counted back from where it ends: the reader's own notion of
    /// a start is off after empty lines.
    fn start_line(&self) -> u64 {
        let breaks = self.record.as_slice().iter().filter(|b| **b == b'\n').count() as u64;
        let unended = self.input.ended.get() && self.input.last.get() != b'\n';
        self.reader.position().line().saturating_sub(breaks + u64::from(!unended))
    }

    fn drop_carriage_return(&mut self) {
        let last = self.record.len().saturating_sub(1);
        let Some(cell) = self.record.get(last).and_then(|c| c.strip_suffix(b"\r")) else { return };
        let cell = cell.to_vec();
        self.record.truncate(last);
        self.record.push_field(&cell);
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }
}

fn parse_header(header: &ByteRecord) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for cell in header {
        let name = std::str::from_utf8(cell).map_err(|_| "the header is not UTF-8".to_owned())?.trim();
        let column = Column::parse(name).ok_or_else(|| format!("unknown column `{name}`"))?;
        if columns.contains(&column) {
            return Err(format!("column `{name}` occurs twice"));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::UserName) {
        return Err("column `UserName` is missing".to_owned());
    }
    Ok(columns)
}

fn cannot_read(path: &Path, error: &io::Error) -> CliError {
    CliError::io(format!("could not read {}", path.display()), error)
}

fn damaged(path: &Path, error: &csv::Error) -> CliError {
    match error.kind() {
        csv::ErrorKind::Io(io) if io.kind() != io::ErrorKind::FileTooLarge => cannot_read(path, io),
        csv::ErrorKind::Io(io) => CliError::bad_input(format!("{}: {io}", path.display())),
        _ => CliError::bad_input(format!("{}: {error}", path.display())),
    }
}

/// A file that refuses to give more than a budget, which is renewed for each record.
struct Bounded {
    file: File,
    input: Rc<Input>,
}

/// What is known of the bytes read so far.
#[derive(Default)]
struct Input {
    /// Bytes the present record may still take.
    left: Cell<usize>,
    /// The last byte.
    last: Cell<u8>,
    /// Whether the end was reached.
    ended: Cell<bool>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.left.get() == 0 {
            let why = "a record is longer than 1 MB; is a closing quote missing?";
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        let read = self.file.read(buffer)?;
        self.input.left.set(self.input.left.get().saturating_sub(read));
        match read.checked_sub(1).and_then(|at| buffer.get(at)) {
            Some(last) => self.input.last.set(*last),
            None => self.input.ended.set(true),
        }
        Ok(read)
    }
}

#[cfg(test)]
pub mod tests {
    use std::io::Write;

    use super::*;

    /// A file with `bytes`, and the guard that keeps it.
    pub fn file(bytes: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let source = Source::open(file.path()).unwrap();
        (file, source)
    }

    fn header_error(bytes: &[u8]) -> String {
        let (_guard, source) = file(bytes);
        format!("{:?}", source.rows().err().unwrap())
    }

    #[test]
    fn headers() {
        let (_guard, source) = file("\u{feff}Email, UserName\r\na@b,ann\r\n".as_bytes());
        let mut rows = source.rows().unwrap();
        assert_eq!(rows.columns(), [Column::Email, Column::UserName]);
        let row = rows.next().unwrap().unwrap();
        assert_eq!((row.line, row.cells.get(1)), (2, Some(&b"ann"[..])));
        assert!(rows.next().unwrap().is_none());
        assert!(header_error(b"").contains("UserName"));
        assert!(header_error(b"Email\n").contains("`UserName` is missing"));
        assert!(header_error(b"UserName,Shoe\n").contains("`Shoe`"));
        assert!(header_error(b"UserName,UserName\n").contains("twice"));
        assert!(header_error(b"UserName,\xff\n").contains("UTF-8"));
    }

    #[test]
    fn line_numbers_are_those_of_an_editor() {
        for newline in ["\n", "\r\n"] {
            let text = "UserName,Description\nann,\"a\nb\"\n\n\nbob,\"c\"\n\ncid,d".replace('\n', newline);
            let (_guard, source) = file(text.as_bytes());
            let mut rows = source.rows().unwrap();
            let mut found = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                found.push((row.line, row.cells.iter().map(<[u8]>::to_vec).collect::<Vec<_>>()));
            }
            let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [2, 6, 8], "{newline:?}");
            assert_eq!(found[1].1, [b"bob".to_vec(), b"c".to_vec()]);
        }
    }

    #[test]
    fn a_forgotten_quote_does_not_fill_the_memory() {
        let mut text = b"UserName\n\"ann\n".to_vec();
        text.resize(8 << 20, b'x');
        let (_guard, source) = file(&text);
        let error = source.rows().unwrap().next().err().unwrap();
        assert!(format!("{error:?}").contains("quote"), "{error:?}");
    }

    #[test]
    fn a_changed_file_is_noticed() {
        let (mut guard, source) = file(b"UserName\nann\n");
        guard.write_all(b"bob\n").unwrap();
        assert!(format!("{:?}", source.rows().err().unwrap()).contains("changed"));
    }
}
