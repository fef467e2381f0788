//! The one way to files: every path is resolved by the kernel inside the root that is looked at (openat2(2),
//! `RESOLVE_IN_ROOT`), so that absolute symbolic links in an image stay inside it; only regular files are read, never
//! waiting (a FIFO or device is an answer, not a trap), and never more than a limit.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use model::facts::Evidence;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{self, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use crate::config_files::{Files, Listing, ReadError, Source};

/// Most bytes of one configuration file.
const CONFIG_LIMIT: usize = 4 * 1024 * 1024;
/// Most entries of one configuration directory.
const LISTING_LIMIT: usize = 65_536;
/// Most paths noted.
const TRAIL_LIMIT: usize = 262_144;
/// openat2 answers EAGAIN when a rename elsewhere makes `..` uncertain.
const ATTEMPTS: u32 = 16;

/// A directory taken as the root of a host: `/` itself, or an image, container or backup of another one.
#[derive(Debug)]
pub struct Root {
    dir: OwnedFd,
    live: bool,
    /// What was asked for so far.
    trail: Mutex<BTreeSet<Looked>>,
}

/// A path that was read, whether it was there or not: a change there may change what is reported.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looked {
    /// A file.
    File(Vec<u8>),
    /// The names in a directory.
    Names(Vec<u8>),
}

/// What distinguishes one version of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: i64,
    seconds: i64,
    nanoseconds: u64,
}

/// A regular file, open for reading, with its metadata.
#[derive(Debug)]
pub struct Regular {
    file: File,
    /// What fstat(2) said when it was opened.
    pub stat: Stat,
}

impl Root {
    /// Opens a root; `None` is the running system.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub fn open(path: Option<&Path>) -> std::io::Result<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = fs::open(path.unwrap_or(Path::new("/")), flags, Mode::empty())?;
        Ok(Root { dir, live: path.is_none(), trail: Mutex::default() })
    }

    /// Whether this is the running system.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Everything read so far, for whoever wants to hear of changes.
    pub fn trail(&self) -> Vec<Looked> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Notes something that is read, or whose mere presence counts.
    pub(crate) fn note(&self, looked: Looked) {
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        if trail.len() < TRAIL_LIMIT {
            trail.insert(looked);
        }
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// [`ReadError`]; anything that is not a regular file is `NotRegular`.
    pub fn regular(&self, path: &[u8]) -> Result<Regular, ReadError> {
        self.note(Looked::File(path.to_vec()));
        Regular::new(self.open_at(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?)
    }

    /// Opens a directory, only to reach what is below it.
    ///
    /// # Errors
    /// [`ReadError`]; anything that is not a directory is `Absent`.
    pub fn directory(&self, path: &[u8]) -> Result<OwnedFd, ReadError> {
        self.open_at(path, OFlags::PATH | OFlags::DIRECTORY)
    }

    /// Reads a regular file whole, up to `limit` bytes.
    ///
    /// # Errors
    /// [`ReadError`]; `TooLarge` beyond the limit.
    pub fn bytes(&self, path: &str, limit: usize) -> Result<Vec<u8>, ReadError> {
        self.regular(path.as_bytes())?.bytes(limit)
    }

    /// Metadata of whatever the path leads to.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn stat(&self, path: &[u8]) -> Result<Stat, ReadError> {
        let fd = self.open_at(path, OFlags::PATH)?;
        fs::fstat(&fd).map_err(error)
    }

    /// The version of a file as it is now.
    pub fn stamp(&self, path: &str) -> Result<Stamp, ReadError> {
        self.stat(path.as_bytes()).map(|stat| stamp(&stat))
    }

    fn open_at(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, ReadError> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC;
        match open_resolved(&self.dir, path, flags, resolve) {
            // Kernels before 5.6 and some container filters know no openat2. On the running system the plain call
            // resolves the same; below a prefix there is no safe substitute.
            Err(errno) if self.live && missing(errno) => fs::open(path, flags, Mode::empty()).map_err(error),
            other => other.map_err(error),
        }
    }
}

/// Opens a name in a directory, never through a symbolic link.
pub(crate) fn open_in(dir: impl AsFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, ReadError> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match open_resolved(&dir, name.as_bytes(), flags, resolve) {
        Err(errno) if missing(errno) => open_plainly(&dir, name, flags),
        other => other,
    };
    opened.map_err(|errno| match errno {
        // Asked for a directory, the kernel says this of a link to one too: what lies behind it is not known.
        Errno::NOTDIR => ReadError::NotRegular,
        other => error(other),
    })
}

/// Whether openat2 is not to be had: in kernels before 5.6 and under systemd's `RestrictSUIDSGID=` there is none, and
/// systemd's `SystemCallFilter=` before 248 does not know and so not permit it. A file that may really not be opened
/// says so again, however it is opened.
fn missing(errno: Errno) -> bool {
    matches!(errno, Errno::NOSYS | Errno::PERM)
}

/// The same without openat2: one plain name leads nowhere else, and the last component of a path is not followed.
fn open_plainly(dir: impl AsFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    if name.as_bytes().contains(&b'/') || name == ".." {
        return Err(Errno::XDEV);
    }
    fs::openat(dir, name, flags, Mode::empty())
}

fn open_resolved(
    dir: impl AsFd,
    path: &[u8],
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let mut result = Err(Errno::AGAIN);
    for _ in 0..ATTEMPTS {
        result = fs::openat2(&dir, path, flags, Mode::empty(), resolve);
        if !matches!(result, Err(Errno::AGAIN | Errno::INTR)) {
            break;
        }
    }
    result
}

impl Regular {
    /// Takes an open file if it is a regular one.
    pub(crate) fn new(fd: OwnedFd) -> Result<Regular, ReadError> {
        let stat = fs::fstat(&fd).map_err(error)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(ReadError::NotRegular);
        }
        Ok(Regular { file: File::from(fd), stat })
    }

    /// Reads the file whole, up to `limit` bytes.
    pub(crate) fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, ReadError> {
        let expected = usize::try_from(self.stat.st_size).unwrap_or(0);
        if expected > limit {
            return Err(ReadError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(expected.saturating_add(1));
        let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        (&mut self.file).take(bound).read_to_end(&mut bytes).map_err(|_| ReadError::Failed)?;
        if bytes.len() > limit { Err(ReadError::TooLarge) } else { Ok(bytes) }
    }

    /// Reads up to `length` bytes at an offset; fewer at the end of the file.
    pub(crate) fn bytes_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(filled as u64);
            match self.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(ReadError::Failed),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Size when it was opened.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or(0)
    }
}

impl Files for Root {
    fn read(&self, path: &str) -> Result<Source, ReadError> {
        let mut file = self.regular(path.as_bytes())?;
        let bytes = file.bytes(CONFIG_LIMIT)?;
        let Stat { st_uid: uid, st_gid: gid, st_mode, .. } = file.stat;
        Ok(Source { bytes, uid, gid, mode: st_mode & 0o7777 })
    }

    fn list(&self, path: &str) -> Result<Listing, ReadError> {
        self.note(Looked::Names(path.as_bytes().to_vec()));
        let not_directory =
            |error| if error == Errno::NOTDIR { ReadError::NotRegular } else { self::error(error) };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = match open_resolved(&self.dir, path.as_bytes(), flags, resolve) {
            Err(errno) if self.live && missing(errno) => fs::open(path, flags, Mode::empty()),
            other => other,
        }
        .map_err(not_directory)?;
        let stat = fs::fstat(&fd).map_err(error)?;
        let mut names = Vec::new();
        for entry in fs::Dir::new(fd).map_err(error)? {
            let entry = entry.map_err(error)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() >= LISTING_LIMIT {
                return Err(ReadError::TooLarge);
            }
            // A name that is not text cannot be asked for again; nobody configures by such files.
            if let Ok(name) = std::str::from_utf8(name) {
                names.push(name.to_owned());
            }
        }
        Ok(Listing { names, uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode & 0o7777 })
    }
}

fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        device: stat.st_dev,
        inode: stat.st_ino,
        size: stat.st_size,
        seconds: stat.st_mtime,
        nanoseconds: stat.st_mtime_nsec,
    }
}

/// What a system error says of a file. A link loop or socket is no regular file; a path that cannot exist is absent.
pub(crate) fn error(errno: Errno) -> ReadError {
    match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::INVAL => ReadError::Absent,
        Errno::ACCESS | Errno::PERM => ReadError::Denied,
        Errno::LOOP | Errno::NXIO | Errno::NODEV | Errno::ISDIR | Errno::XDEV => ReadError::NotRegular,
        _ => ReadError::Failed,
    }
}

/// The evidence a failed read leaves.
pub fn evidence(error: ReadError) -> Evidence {
    match error {
        ReadError::Absent => Evidence::Absent,
        ReadError::TooLarge => Evidence::Truncated,
        ReadError::Denied | ReadError::NotRegular | ReadError::Failed => Evidence::Denied,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_name_is_opened_the_same_without_openat2() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("dir")).unwrap();
        std::fs::write(place.path().join("file"), "text").unwrap();
        symlink("file", place.path().join("link")).unwrap();
        symlink("dir", place.path().join("away")).unwrap();
        symlink("/proc/self/fd/0", place.path().join("magic")).unwrap();
        let dir = Root::open(Some(place.path())).unwrap().dir;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        assert!(open_plainly(&dir, OsStr::new("dir/.."), OFlags::PATH).is_err());
        for flags in [OFlags::PATH | OFlags::DIRECTORY, OFlags::RDONLY | OFlags::NONBLOCK] {
            let flags = flags | OFlags::NOFOLLOW;
            for name in ["dir", "file", "link", "away", "magic", "none", "..", "../x", "/etc"] {
                let (name, text) = (OsStr::new(name), name);
                let plain = open_plainly(&dir, name, flags).map(drop).map_err(error);
                let modern = open_resolved(&dir, name.as_bytes(), flags, resolve).map(drop).map_err(error);
                let opened =
                    matches!((text, flags.contains(OFlags::DIRECTORY)), ("dir", _) | ("file", false));
                assert_eq!((plain.is_ok(), modern.is_ok()), (opened, opened), "{text} {flags:?}");
            }
        }
    }
}
