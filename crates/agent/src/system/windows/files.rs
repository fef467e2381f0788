//! Directories and files of the agent as nobody else may read them: the directory lets only the system, administrators
//! and its owner in, and its files inherit that. Names become durable by themselves (NTFS keeps a journal of them).

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

/// Locked while a program works in a directory, which cannot be locked itself.
const LOCK: &str = "lock";
/// How often, and after which pause, a file that somebody holds is tried again.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// Makes a directory that is closed to others, or closes the one that is there.
///
/// # Errors
/// When it can neither be made nor closed.
pub fn private_dir(path: &Path) -> io::Result<()> {
    ::windows::live::make_private(path)
}

/// A new file with a name that starts with `prefix`.
///
/// # Errors
/// When it cannot be made.
pub fn new_file(dir: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(prefix).tempfile_in(dir)
}

/// Gives a file its name, in place of another one that may have it.
///
/// # Errors
/// When that fails; then the other one is still there.
pub fn replace(file: NamedTempFile, to: &Path) -> io::Result<()> {
    let (open, from) = file.keep().map_err(|e| e.error)?;
    drop(open);
    let mut renamed = fs::rename(&from, to);
    for _ in 0..TRIES {
        // Virus scanners and indexers hold a file for a moment.
        if !renamed.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied) {
            break;
        }
        std::thread::sleep(PAUSE);
        renamed = fs::rename(&from, to);
    }
    if renamed.is_err() {
        // It is of no use under this name; the next start tries again.
        let _ = fs::remove_file(&from);
    }
    renamed
}

/// Makes names in a directory durable, which the file system does by itself.
///
/// # Errors
/// None here; other systems have some.
pub fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The file by which a directory is locked.
///
/// # Errors
/// When it can neither be opened nor made.
pub fn lock_file(dir: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(dir.join(LOCK))
}
