//! The data directory: made for its owner only, and held by one program at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A data directory that belongs to this process until the value is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Holds the advisory lock; the system lets go of it when the process ends, however it ends.
    _lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// Another process holds it.
    #[error("the data directory {0} is in use by another server; stop that one first")]
    InUse(PathBuf),
    /// It cannot be made or opened.
    #[error("the data directory {path}: {source}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the directory (mode 0700, parents as the umask says) when it is missing and locks it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DirError> {
        let path = path.as_ref().to_path_buf();
        let fail = |at: &Path, source| DirError::Io { path: at.to_path_buf(), source };
        make(&path).map_err(|e| fail(&path, e))?;
        let name = path.join("lock");
        let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(&name)
            .map_err(|e| fail(&name, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DirError::InUse(path)),
            Err(TryLockError::Error(e)) => Err(fail(&name, e)),
        }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.path.join("rollcall.db")
    }

    /// Where the master key is, unless the environment gives it.
    pub fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }
}

fn make(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

/// Files made with these options are readable by their owner only (mode 0600).
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/data");
        let held = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DirError::InUse(_))));
        drop(held);
        DataDir::open(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_gets_in() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::open(temp.path().join("data")).unwrap();
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(dir.path()), 0o700);
        assert_eq!(mode(&dir.path().join("lock")), 0o600);
    }

    #[test]
    fn a_file_in_its_place_is_an_error() {
        let temp = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(DataDir::open(temp.path()), Err(DirError::Io { .. })));
    }
}
