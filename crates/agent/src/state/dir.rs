//! A directory of small files that are there whole or not at all: written, synced, renamed, and the directory synced.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::system::files;

/// Prefix of files that are being written.
const UNFINISHED: &str = ".writing-";
/// Ending of files that made no sense.
const ASIDE: &str = ".unreadable";

/// A directory of the agent, closed to others.
#[derive(Debug, Clone)]
pub struct Dir {
    path: PathBuf,
}

impl Dir {
    /// A directory; nothing is looked at yet.
    pub fn new(path: &Path) -> Dir {
        Dir { path: path.to_owned() }
    }

    /// Makes the directory when it is missing, closes it to others, and removes what was being written when a
    /// program ended.
    ///
    /// # Errors
    /// When it can neither be made nor read; one that is only read-only is fine.
    pub fn prepare(&self) -> io::Result<()> {
        files::private_dir(&self.path)?;
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                // On a read-only file system it may as well stay.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Path of a file in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Content of a file of at most `limit` bytes; `None` when it is not there.
    ///
    /// # Errors
    /// When it cannot be read, or is larger.
    pub fn read(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.join(name)) {
            Ok(file) => file,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
    }

    /// Writes a file that nobody else may read, durable when this returns.
    ///
    /// # Errors
    /// When that fails; then the old content is still there.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = files::new_file(&self.path, UNFINISHED)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        files::replace(file, &self.join(name))?;
        self.sync()
    }

    /// Removes a file; one that is not there is fine.
    ///
    /// # Errors
    /// When that fails.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.join(name)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => self.sync(),
        }
    }

    /// Gives a file that makes no sense another name, so that somebody can look at it.
    ///
    /// # Errors
    /// When that fails.
    pub fn put_aside(&self, name: &str) -> io::Result<PathBuf> {
        let aside = self.join(&format!("{name}{ASIDE}"));
        fs::rename(self.join(name), &aside)?;
        self.sync()?;
        Ok(aside)
    }

    /// Locks the directory for as long as the result lives; `None` when another program has it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn lock(&self) -> io::Result<Option<File>> {
        let file = files::lock_file(&self.path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn sync(&self) -> io::Result<()> {
        files::sync_dir(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::new(&place.path().join("state"));
        dir.prepare().unwrap();
        assert_eq!(dir.read("a", 10).unwrap(), None);
        dir.write("a", b"one").unwrap();
        let reader = File::open(dir.join("a")).unwrap();
        dir.write("a", b"two").unwrap();
        assert_eq!(io::read_to_string(reader).unwrap(), "one", "who reads keeps what was there");
        assert_eq!(dir.read("a", 3).unwrap().as_deref(), Some(&b"two"[..]));
        assert!(dir.read("a", 2).is_err());
        fs::write(dir.join(".writing-x"), "half").unwrap();
        dir.prepare().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let aside = dir.put_aside("a").unwrap();
        assert_eq!(fs::read(aside).unwrap(), b"two");
        dir.remove("a").unwrap();
    }

    #[test]
    fn one_program_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::new(place.path());
        let held = dir.lock().unwrap();
        assert!(held.is_some() && dir.lock().unwrap().is_none());
        drop(held);
        assert!(dir.lock().unwrap().is_some());
    }
}
