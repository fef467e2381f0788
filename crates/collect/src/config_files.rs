//! How the policy parsers (`sudoers`, `sshd`, `keys`) reach files: a narrow trait, so that they stay pure, and an
//! in-memory file system for tests and fuzzing. Opening, symbolic links and root prefixes do not belong here.

use std::collections::BTreeMap;

/// A whole file with what decides whether sudo and sshd trust it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The content; never more than the reader's size limit.
    pub bytes: Vec<u8>,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits (`st_mode & 07777`).
    pub mode: u32,
}

/// A directory's entry names with what decides whether sudo trusts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Entry names without `.` and `..`, in any order.
    pub names: Vec<String>,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits (`st_mode & 07777`).
    pub mode: u32,
}

/// Why a file or directory could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("no such file")]
    Absent,
    /// The reader has no right to it.
    #[error("permission denied")]
    Denied,
    /// Bigger than the reader's limit.
    #[error("larger than the limit")]
    TooLarge,
    /// Not a regular file (or, for a listing, not a directory).
    #[error("not a regular file")]
    NotRegular,
    /// Any other failure of the system.
    #[error("read failed")]
    Failed,
}

/// Files of one host, addressed by absolute path. Final symbolic links are followed, as sudo and sshd do.
pub trait Files {
    /// Reads a regular file whole.
    ///
    /// # Errors
    /// [`ReadError`] says why there is nothing to parse.
    fn read(&self, path: &str) -> Result<Source, ReadError>;

    /// Lists a directory.
    ///
    /// # Errors
    /// [`ReadError`] as for [`Files::read`]; `NotRegular` when it is not a directory.
    fn list(&self, path: &str) -> Result<Listing, ReadError>;
}

/// Files in memory: absolute path to source. Directories exist where a file lies below them.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Result<Source, ReadError>>,
}

impl MemoryFiles {
    /// An empty file system.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file owned by root with mode 0440.
    #[must_use]
    pub fn with(self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.with_source(path, Source { bytes: bytes.into(), uid: 0, gid: 0, mode: 0o440 })
    }

    /// Adds a file with its owner and mode.
    #[must_use]
    pub fn with_source(mut self, path: &str, source: Source) -> Self {
        self.files.insert(path.to_owned(), Ok(source));
        self
    }

    /// Adds a file that fails to be read.
    #[must_use]
    pub fn with_error(mut self, path: &str, error: ReadError) -> Self {
        self.files.insert(path.to_owned(), Err(error));
        self
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Source, ReadError> {
        self.files.get(&tidy(path)).cloned().unwrap_or(Err(ReadError::Absent))
    }

    fn list(&self, path: &str) -> Result<Listing, ReadError> {
        let path = tidy(path);
        if let Some(Err(error)) = self.files.get(&path) {
            return Err(*error);
        }
        let prefix = if path == "/" { path } else { format!("{path}/") };
        let mut names: Vec<String> = Vec::new();
        for below in self.files.keys().filter_map(|name| name.strip_prefix(&prefix)) {
            let name = below.split('/').next().unwrap_or_default();
            if !name.is_empty() && names.last().is_none_or(|last| last != name) {
                names.push(name.to_owned());
            }
        }
        if names.is_empty() {
            return Err(ReadError::Absent);
        }
        Ok(Listing { names, uid: 0, gid: 0, mode: 0o755 })
    }
}

/// Drops doubled and trailing slashes, so that `/a//b/` finds `/a/b`.
fn tidy(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}
