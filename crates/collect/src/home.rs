//! Reads files that users own, as root, without being led astray: below a home no symbolic link is followed, and only
//! plain files of the account or of root are read. A home may not answer (a dead network mount): see `patience`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{self, OFlags, Stat};

use crate::{
    config_files::ReadError,
    root::{Looked, Regular, Root, open_in},
};

/// Most bytes of one file.
pub const LIMIT: usize = 1024 * 1024;
/// Deepest path looked at, in components.
const DEPTH: usize = 64;

/// Owner and permission bits of the file or of a directory above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Path on the host, lossy.
    pub path: String,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
}

/// A file with what decides whether sshd trusts it: itself first, then each directory up to the home (or to `/` when
/// it is not below the home).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFile {
    /// The content.
    pub bytes: Vec<u8>,
    /// The file, then the directories above it.
    pub chain: Vec<Link>,
}

/// Why a user's file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserFileError {
    /// The system, its kind or its size.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// It belongs to somebody else: it, then the directories above it.
    #[error("owned by uid {}", .0.first().map_or(0, |file| file.uid))]
    Foreign(Vec<Link>),
    /// It has other names: it may be somebody else's file.
    #[error("has {0} hard links")]
    Linked(u64),
    /// The file system did not answer.
    #[error("no answer in time")]
    Silent,
}

/// Whose files to read.
#[derive(Debug, Clone)]
pub struct Request {
    /// Home of the account.
    pub home: Vec<u8>,
    /// Its user id.
    pub uid: u32,
    /// Absolute paths.
    pub paths: Vec<Vec<u8>>,
}

impl Request {
    /// One answer for each path.
    pub fn read(&self, root: &Root) -> Vec<Result<UserFile, UserFileError>> {
        let mut home = Home { root, path: Path::new(os(&self.home)), dirs: Vec::new() };
        let read = |path: &Vec<u8>| match Path::new(os(path)).strip_prefix(home.path) {
            Ok(below) if self.home != b"/" => home.read(self.uid, below),
            _ => read_outside(root, self.uid, Path::new(os(path))),
        };
        self.paths.iter().map(read).collect()
    }
}

/// A home with the directories that were opened for the last file: the next one often lies in the same.
struct Home<'a> {
    root: &'a Root,
    path: &'a Path,
    /// The home itself, then each directory below it on the way, with its name.
    dirs: Vec<(OsString, OwnedFd, Link)>,
}

impl Home<'_> {
    fn read(&mut self, uid: u32, below: &Path) -> Result<UserFile, UserFileError> {
        let path = self.path.join(below);
        let parts = plain_components(below)?;
        self.root.note(Looked::File(path.as_os_str().as_bytes().to_vec()));
        let (file, parts) = parts.split_last().ok_or(ReadError::NotRegular)?;
        let dir = self.open(parts)?;
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = Regular::new(open_in(dir, file, flags)?)?;
        finish(file, uid, &path, self.dirs.iter().map(|(.., link)| link.clone()).collect())
    }

    /// Opens the home and the directories below it, one from the other; answers the last.
    fn open(&mut self, parts: &[&OsStr]) -> Result<&OwnedFd, ReadError> {
        let same = self.dirs.iter().skip(1).zip(parts).take_while(|((name, ..), part)| name == *part).count();
        self.dirs.truncate(same + 1);
        if self.dirs.is_empty() {
            let dir = self.root.directory(self.path.as_os_str().as_bytes())?;
            self.push(OsString::new(), dir, self.path.to_owned())?;
        }
        for (depth, part) in parts.iter().enumerate().skip(same) {
            let (_, above, _) = self.dirs.last().ok_or(ReadError::Failed)?;
            let dir = open_in(above, part, OFlags::PATH | OFlags::DIRECTORY)?;
            let walked =
                parts.iter().take(depth + 1).fold(self.path.to_owned(), |path, part| path.join(part));
            self.push((*part).to_owned(), dir, walked)?;
        }
        self.dirs.last().map(|(_, dir, _)| dir).ok_or(ReadError::Failed)
    }

    fn push(&mut self, name: OsString, dir: OwnedFd, path: PathBuf) -> Result<(), ReadError> {
        let link = link(&path, &fs::fstat(&dir).map_err(crate::root::error)?);
        self.dirs.push((name, dir, link));
        Ok(())
    }
}

fn read_outside(root: &Root, uid: u32, path: &Path) -> Result<UserFile, UserFileError> {
    let parts = plain_components(path.strip_prefix("/").unwrap_or(path))?;
    let mut chain = Vec::new();
    let mut walked = std::path::PathBuf::from("/");
    chain.push(link(&walked, &root.stat(b"/")?));
    for part in parts.split_last().map(|(_, dirs)| dirs).unwrap_or_default() {
        walked.push(part);
        chain.push(link(&walked, &root.stat(walked.as_os_str().as_bytes())?));
    }
    let file = root.regular(path.as_os_str().as_bytes())?;
    finish(file, uid, path, chain)
}

fn finish(mut file: Regular, uid: u32, path: &Path, mut chain: Vec<Link>) -> Result<UserFile, UserFileError> {
    let stat = file.stat;
    chain.push(link(path, &stat));
    chain.reverse();
    if stat.st_uid != uid && stat.st_uid != 0 {
        return Err(UserFileError::Foreign(chain));
    }
    if stat.st_nlink != 1 {
        return Err(UserFileError::Linked(stat.st_nlink));
    }
    let bytes = file.bytes(LIMIT)?;
    Ok(UserFile { bytes, chain })
}

fn link(path: &Path, stat: &Stat) -> Link {
    let path = path.to_string_lossy().into_owned();
    Link { path, uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode & 0o7777 }
}

/// Components without `..`: sshd would resolve them, but no sane configuration has them.
fn plain_components(path: &Path) -> Result<Vec<&OsStr>, ReadError> {
    let parts: Vec<_> = path.components().take(DEPTH + 1).collect();
    let names = parts.iter().map(|part| match part {
        Component::Normal(name) => Ok(*name),
        _ => Err(ReadError::NotRegular),
    });
    let names: Vec<_> = names.collect::<Result<_, _>>()?;
    if names.is_empty() || names.len() > DEPTH { Err(ReadError::NotRegular) } else { Ok(names) }
}

fn os(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn me() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn hostile_homes() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home/eve/.ssh");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::create_dir_all(dir.path().join("root")).unwrap();
        std::fs::write(dir.path().join("root/secret"), "secret").unwrap();
        std::fs::write(home.join("good"), "key").unwrap();
        std::fs::set_permissions(home.join("good"), PermissionsExt::from_mode(0o664)).unwrap();
        std::fs::write(home.join("big"), vec![b'a'; LIMIT + 1]).unwrap();
        std::fs::write(home.join("twin"), "key").unwrap();
        std::fs::hard_link(home.join("twin"), home.join("twin2")).unwrap();
        symlink("../../../root/secret", home.join("out")).unwrap();
        symlink("/root", dir.path().join("home/eve/away")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, home.join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        std::fs::create_dir(home.join("dir")).unwrap();

        let root = Root::open(Some(dir.path())).unwrap();
        let all = |paths: &[&str]| {
            let paths = paths.iter().map(|path| path.as_bytes().to_vec()).collect();
            Request { home: b"/home/eve".to_vec(), uid: me(), paths }.read(&root)
        };
        let get = |path: &str| all(&[&format!("/home/eve/{path}")]).remove(0);
        let good = get(".ssh/good").unwrap();
        assert_eq!((good.bytes.as_slice(), good.chain[0].mode), (&b"key"[..], 0o664));
        let paths: Vec<_> = good.chain.iter().map(|link| link.path.as_str()).collect();
        assert_eq!(paths, ["/home/eve/.ssh/good", "/home/eve/.ssh", "/home/eve"]);
        for path in [".ssh/out", "away/secret", ".ssh/fifo", ".ssh/dir", ".ssh/../.ssh/good"] {
            assert_eq!(get(path), Err(ReadError::NotRegular.into()), "{path}");
        }
        assert_eq!(get(".ssh/big"), Err(ReadError::TooLarge.into()));
        assert_eq!(get(".ssh/twin"), Err(UserFileError::Linked(2)));
        assert_eq!(get(".ssh/none"), Err(ReadError::Absent.into()));
        let outside = all(&["/root/secret"]).remove(0).unwrap();
        assert_eq!(outside.chain.len(), 3);
        let names = [".ssh/none", ".ssh/good", "away/secret", "gone/deep/er", ".ssh/good", "x"];
        let paths = names.map(|name| format!("/home/eve/{name}"));
        let together = all(&paths.each_ref().map(String::as_str));
        assert_eq!(together, names.map(get), "what was opened for one file does not change the next");
        if me() == 0 {
            std::os::unix::fs::chown(home.join("good"), Some(4321), None).unwrap();
            assert_eq!(get(".ssh/good").unwrap_err().to_string(), "owned by uid 4321");
        }
    }
}
