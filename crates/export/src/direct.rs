//! A file that is written past the page cache where that works. Gigabytes that nobody reads soon cost more to copy into
//! the cache, and to push other files out of it, than to make.

use std::fs::File;
use std::io::{self, ErrorKind, Write};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// What places in memory, lengths and places in the file have to be multiples of; enough for any disk.
pub(crate) const ALIGNED: usize = 4096;

/// A file written front to back. Pieces that are aligned go to the disk as they are; the first that is not, or that the
/// file system refuses, and everything behind it take the way through the page cache.
#[derive(Debug)]
pub(crate) struct DirectFile {
    file: File,
    direct: bool,
}

impl DirectFile {
    /// Takes a file that is empty.
    pub(crate) fn new(file: File) -> Self {
        let mut file = Self { file, direct: false };
        // A file system that cannot do it says so, here or at the first piece.
        file.direct = file.switch(true).is_ok();
        file
    }

    fn switch(&self, direct: bool) -> io::Result<()> {
        let mut flags = fcntl_getfl(&self.file)?;
        flags.set(OFlags::DIRECT, direct);
        Ok(fcntl_setfl(&self.file, flags)?)
    }

    fn through_the_cache(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.switch(false)?;
        self.direct = false;
        self.file.write(bytes)
    }
}

impl Write for DirectFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let aligned = bytes.as_ptr().addr().is_multiple_of(ALIGNED) && bytes.len().is_multiple_of(ALIGNED);
        if self.direct && !aligned {
            return self.through_the_cache(bytes);
        }
        match self.file.write(bytes) {
            Err(error) if self.direct && error.kind() == ErrorKind::InvalidInput => {
                self.through_the_cache(bytes)
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
