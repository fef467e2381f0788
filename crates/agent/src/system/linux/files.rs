//! Directories and files of the agent as nobody else may read them: by mode and owner.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, Uid};
use tempfile::NamedTempFile;

/// Makes a directory of mode 0700, or closes the one that is there to others.
///
/// # Errors
/// When it can neither be made nor closed.
pub fn private_dir(path: &Path) -> io::Result<()> {
    let parent = path.parent().and_then(|parent| fs::metadata(parent).ok());
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            // Inside another directory of the agent's, whose owner it takes.
            if let Some(parent) = parent.filter(|parent| parent.mode() & 0o077 == 0) {
                give(&File::open(path)?, &parent)?;
            }
        }
        Err(error) => {
            let meta = fs::metadata(path).map_err(|_| error)?;
            if !meta.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            if meta.mode() & 0o077 != 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
            }
        }
    }
    Ok(())
}

/// A new file of mode 0600 with a name that starts with `prefix`.
///
/// # Errors
/// When it cannot be made.
pub fn new_file(dir: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(dir)?;
    // What root writes (`enroll`) the service has to replace later.
    give(file.as_file(), &fs::metadata(dir)?)?;
    Ok(file)
}

/// Gives a file its name, in place of another one that may have it.
///
/// # Errors
/// When that fails; then the other one is still there.
pub fn replace(file: NamedTempFile, to: &Path) -> io::Result<()> {
    file.persist(to).map(drop).map_err(|e| e.error)
}

/// Makes names in a directory durable.
///
/// # Errors
/// When that fails.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The file by which a directory is locked: itself.
///
/// # Errors
/// When it cannot be opened.
pub fn lock_file(dir: &Path) -> io::Result<File> {
    File::open(dir)
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
    use crate::state::Dir;

    #[test]
    fn what_is_written_is_private_and_belongs_to_the_owner_of_the_directory() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::new(&place.path().join("state"));
        dir.prepare().unwrap();
        assert_eq!(fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o700);
        dir.write("a", b"x").unwrap();
        assert_eq!(fs::metadata(dir.join("a")).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        dir.prepare().unwrap();
        assert_eq!(fs::metadata(dir.path()).unwrap().mode() & 0o777, 0o700);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(4321), Some(4321)).unwrap();
            dir.write("b", b"x").unwrap();
            assert_eq!(fs::metadata(dir.join("b")).unwrap().uid(), 4321);
            let below = Dir::new(&dir.join("below"));
            below.prepare().unwrap();
            assert_eq!(fs::metadata(below.path()).unwrap().uid(), 4321);
        }
    }
}
