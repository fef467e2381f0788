//! The directory of export files. A file is written under `<id>.part`, synced and renamed to `<id>.<ext>`: whoever
//! opens the final name finds a whole file or none. Names come from task ids alone, never from input.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use model::ExportFormat;

use crate::direct::DirectFile;
use crate::xlsx::XlsxWriter;
use crate::{Cell, ExportError, LineWriter, RowWriter, Syntax};

/// Extension of a file being written.
const PART: &str = "part";

/// A directory that holds export files and nothing else.
#[derive(Debug, Clone)]
pub struct ExportDir {
    path: PathBuf,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Rows written, the header not counted.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Where it is.
    pub path: PathBuf,
}

impl ExportDir {
    /// Opens the directory; makes it, readable by its owner alone, when it is missing.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ExportError> {
        let path = path.into();
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(ExportDir { path })
    }

    /// Name of the finished file of task `id`.
    pub fn path(&self, id: u64, format: ExportFormat) -> PathBuf {
        self.path.join(format!("{id}.{}", format.as_str()))
    }

    fn part(&self, id: u64) -> PathBuf {
        self.path.join(format!("{id}.{PART}"))
    }

    /// Begins the file of task `id`. An unfinished file of the same task is left over from a worker whose lease ran
    /// out: it is removed, and should that worker still live, its [`ExportFile::finish`] fails.
    pub fn create(&self, id: u64, format: ExportFormat) -> Result<ExportFile, ExportError> {
        remove(&self.part(id))?;
        let part = self.part(id);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        let writer = match self.writer(&file, format) {
            Ok(writer) => writer,
            Err(error) => {
                remove(&part)?;
                return Err(error);
            }
        };
        let target = self.path(id, format);
        Ok(ExportFile { dir: self.path.clone(), part, target, file, writer, rows: 0, renamed: false })
    }

    fn writer(&self, file: &File, format: ExportFormat) -> Result<Writer, ExportError> {
        let out = file.try_clone()?;
        Ok(match format {
            ExportFormat::Csv => Writer::Lines(LineWriter::csv(DirectFile::new(out))),
            ExportFormat::Jsonl => Writer::Lines(LineWriter::jsonl(DirectFile::new(out))),
            ExportFormat::Xlsx => Writer::Book(Box::new(XlsxWriter::new(out, &self.path)?)),
        })
    }

    /// Opens a finished file for reading.
    pub fn read(&self, id: u64, format: ExportFormat) -> io::Result<File> {
        File::open(self.path(id, format))
    }

    /// Removes whatever there is of task `id`, finished or not.
    pub fn discard(&self, id: u64) -> Result<(), ExportError> {
        remove(&self.part(id))?;
        for format in [ExportFormat::Csv, ExportFormat::Xlsx, ExportFormat::Jsonl] {
            remove(&self.path(id, format))?;
        }
        Ok(())
    }

    /// Removes the files of all tasks for which `keep` says no, and returns how many it removed. Files that are not
    /// named like exports are left alone.
    pub fn sweep(&self, mut keep: impl FnMut(u64) -> bool) -> Result<usize, ExportError> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            if name.to_str().and_then(task_of).is_some_and(|id| !keep(id)) {
                removed += usize::from(remove(&self.path.join(&name))?);
            }
        }
        Ok(removed)
    }
}

/// Task id of a file of ours: a canonical decimal number and a known extension.
fn task_of(name: &str) -> Option<u64> {
    let (stem, extension) = name.split_once('.')?;
    let id = stem.parse::<u64>().ok().filter(|id| id.to_string() == stem)?;
    (extension == PART || ExportFormat::parse(extension).is_some()).then_some(id)
}

/// Removes a file and tells whether it was there.
fn remove(path: &Path) -> Result<bool, ExportError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

enum Writer {
    Lines(LineWriter<DirectFile>),
    Book(Box<XlsxWriter<File>>),
}

impl Writer {
    fn rows(&mut self) -> &mut dyn RowWriter {
        match self {
            Writer::Lines(lines) => lines,
            Writer::Book(book) => &mut **book,
        }
    }
}

/// A file being written. Dropped unfinished, it vanishes.
pub struct ExportFile {
    dir: PathBuf,
    part: PathBuf,
    target: PathBuf,
    file: File,
    writer: Writer,
    rows: u64,
    renamed: bool,
}

impl ExportFile {
    /// Writes the column names; see [`RowWriter::header`].
    pub fn header(&mut self, names: &[&str]) -> Result<(), ExportError> {
        self.writer.rows().header(names)
    }

    /// Writes one row; see [`RowWriter::row`].
    pub fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError> {
        self.writer.rows().row(cells)?;
        self.rows += 1;
        Ok(())
    }

    /// The syntax of a file of lines, once its header is written; `None` for a workbook, which takes cells only.
    pub fn syntax(&self) -> Option<&Syntax> {
        match &self.writer {
            Writer::Lines(lines) => Some(lines.syntax()),
            Writer::Book(_) => None,
        }
    }

    /// Writes one row of a file of lines; see [`LineWriter::line`].
    pub fn line(&mut self, append: impl FnOnce(&mut Vec<u8>)) -> Result<(), ExportError> {
        match &mut self.writer {
            Writer::Lines(lines) => lines.line(append)?,
            Writer::Book(_) => return Err(ExportError::Sheet("a workbook has no lines".to_owned())),
        }
        self.rows += 1;
        Ok(())
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file: flush, sync, rename, sync of the directory. Only after this may the task be marked finished.
    pub fn finish(mut self) -> Result<Finished, ExportError> {
        self.writer.rows().finish()?;
        self.file.sync_all()?;
        if !self.still_mine()? {
            return Err(ExportError::TakenOver);
        }
        fs::rename(&self.part, &self.target)?;
        self.renamed = true;
        File::open(&self.dir)?.sync_all()?;
        Ok(Finished { rows: self.rows, bytes: self.file.metadata()?.len(), path: self.target.clone() })
    }

    /// Whether the name still leads to the file this worker wrote, and not to one a second worker began after the
    /// lease had run out.
    fn still_mine(&self) -> io::Result<bool> {
        let mine = self.file.metadata()?;
        match fs::symlink_metadata(&self.part) {
            Ok(there) => Ok((there.dev(), there.ino()) == (mine.dev(), mine.ino())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        // Best effort: what stays behind is removed by the next `create` of the task or by `sweep`.
        if !self.renamed && self.still_mine().unwrap_or(false) {
            let _ = fs::remove_file(&self.part);
        }
    }
}
