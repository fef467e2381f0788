//! A directory of small files that are there whole or not at all: written, synced, renamed, and the directory synced.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Gid, Uid};

/// Prefix of files that are being written.
const UNFINISHED: &str = ".writing-";
/// Ending of files that made no sense.
const ASIDE: &str = ".unreadable";

/// A directory of the agent, mode 0700.
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
        let parent_owner = self.path.parent().and_then(|parent| fs::metadata(parent).ok());
        match fs::DirBuilder::new().mode(0o700).create(&self.path) {
            Ok(()) => {
                if let Some(parent) = parent_owner.filter(|_| self.inside_state()) {
                    give(&File::open(&self.path)?, &parent)?;
                }
            }
            Err(error) => {
                let meta = fs::metadata(&self.path).map_err(|_| error)?;
                if !meta.is_dir() {
                    return Err(io::ErrorKind::NotADirectory.into());
                }
                if meta.mode() & 0o077 != 0 {
                    fs::set_permissions(&self.path, fs::Permissions::from_mode(0o700))?;
                }
            }
        }
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                // On a read-only file system it may as well stay.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Whether the directory lies in another one of the agent's, whose owner it takes.
    fn inside_state(&self) -> bool {
        self.path.parent().and_then(|p| fs::metadata(p).ok()).is_some_and(|m| m.mode() & 0o077 == 0)
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

    /// Writes a file of mode 0600, durable when this returns.
    ///
    /// # Errors
    /// When that fails; then the old content is still there.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.path)?;
        file.write_all(bytes)?;
        // What root writes (`enroll`) the service has to replace later.
        give(file.as_file(), &fs::metadata(&self.path)?)?;
        file.as_file().sync_all()?;
        file.persist(self.join(name)).map_err(|e| e.error)?;
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
        let dir = File::open(&self.path)?;
        match rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(dir)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

/// Root gives a new file to the owner of the directory it lies in.
fn give(file: &File, dir: &fs::Metadata) -> io::Result<()> {
    if rustix::process::geteuid().is_root() && dir.uid() != 0 {
        let (uid, gid) = (Uid::from_raw(dir.uid()), Gid::from_raw(dir.gid()));
        rustix::fs::fchown(file, Some(uid), Some(gid))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_whole_private_and_belong_to_the_owner_of_the_directory() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::new(&place.path().join("state"));
        dir.prepare().unwrap();
        assert_eq!(fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(dir.read("a", 10).unwrap(), None);
        dir.write("a", b"one").unwrap();
        dir.write("a", b"two").unwrap();
        assert_eq!(dir.read("a", 3).unwrap().as_deref(), Some(&b"two"[..]));
        assert!(dir.read("a", 2).is_err());
        assert_eq!(fs::metadata(dir.join("a")).unwrap().mode() & 0o777, 0o600);
        fs::write(dir.join(".writing-x"), "half").unwrap();
        dir.prepare().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(4321), Some(4321)).unwrap();
            dir.write("b", b"x").unwrap();
            assert_eq!(fs::metadata(dir.join("b")).unwrap().uid(), 4321);
            let below = Dir::new(&dir.join("below"));
            below.prepare().unwrap();
            assert_eq!(fs::metadata(below.path()).unwrap().uid(), 4321);
        }
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
