//! A file that appears whole or not at all: written beside its place, synced, then renamed.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::error::CliError;

/// A file being written.
pub struct AtomicFile {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl AtomicFile {
    /// Starts a file that will replace `path` on [`finish`](Self::finish). It is readable by others as the
    /// umask says, like any file a program makes, unless `private` (then 0600).
    pub fn create(path: &Path, private: bool) -> Result<Self, CliError> {
        let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".rollcall-");
        let mode;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            mode = std::fs::Permissions::from_mode(if private { 0o600 } else { 0o666 });
            builder.permissions(mode);
        }
        let file = builder.tempfile_in(dir).map_err(|e| failed(path, &e))?;
        Ok(Self { writer: BufWriter::with_capacity(1 << 16, file), path: path.to_owned() })
    }

    /// Makes everything durable and gives the file its name.
    pub fn finish(self) -> Result<(), CliError> {
        let file = self.writer.into_inner().map_err(|e| failed(&self.path, e.error()))?;
        file.as_file().sync_all().map_err(|e| failed(&self.path, &e))?;
        file.persist(&self.path).map_err(|e| failed(&self.path, &e.error))?;
        sync_parent(&self.path)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// Writes a small file at once.
pub fn write(path: &Path, bytes: &[u8], private: bool) -> Result<(), CliError> {
    let mut file = AtomicFile::create(path, private)?;
    file.write_all(bytes).map_err(|e| failed(path, &e))?;
    file.finish()
}

fn sync_parent(path: &Path) -> Result<(), CliError> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| failed(path, &e))
}

fn failed(path: &Path, error: &std::io::Error) -> CliError {
    CliError::io(format!("could not write {}", path.display()), error)
        .next("choose a place with enough room where you may write")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_whole_and_private_when_asked() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut file = AtomicFile::create(&path, false).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "an abandoned file leaves nothing");
        write(&path, b"secret", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"secret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
