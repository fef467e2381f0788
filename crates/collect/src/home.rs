//! Reads files that users own, as root, without being led astray: below a home no symbolic link is followed, only
//! plain files of the account or of root are read, and a home that does not answer (a dead network mount) is given
//! up after a while.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustix::fs::{self, OFlags, Stat};

use crate::{
    config_files::ReadError,
    root::{Looked, Regular, Root, open_below},
};

/// Most bytes of one file.
pub const LIMIT: usize = 1024 * 1024;
/// Deepest path looked at, in components.
const DEPTH: usize = 64;
/// How long a home may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Homes that may fail to answer before no more are tried: each keeps a thread until the mount comes back.
const GIVE_UP_AFTER: u32 = 8;

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
    /// It belongs to somebody else.
    #[error("owned by uid {0}")]
    Foreign(u32),
    /// It has other names: it may be somebody else's file.
    #[error("has {0} hard links")]
    Linked(u64),
    /// The file system did not answer.
    #[error("no answer in time")]
    Silent,
}

/// Reads an absolute path for the account `uid` with that home.
///
/// # Errors
/// [`UserFileError`].
pub fn read(root: &Root, home: &[u8], uid: u32, path: &[u8]) -> Result<UserFile, UserFileError> {
    match Path::new(os(path)).strip_prefix(os(home)) {
        Ok(below) if home != b"/" => read_below(root, home, uid, below),
        _ => read_outside(root, uid, Path::new(os(path))),
    }
}

fn read_below(root: &Root, home: &[u8], uid: u32, below: &Path) -> Result<UserFile, UserFileError> {
    let parts = plain_components(below)?;
    let home_text = Path::new(os(home));
    root.note(Looked::File(home_text.join(below).as_os_str().as_bytes().to_vec()));
    let dir = root.directory(home)?;
    let mut chain = vec![link(home_text, &fs::fstat(&dir).map_err(crate::root::error)?)];
    let mut walked = std::path::PathBuf::new();
    for part in parts.split_last().map(|(_, dirs)| dirs).unwrap_or_default() {
        walked.push(part);
        let fd = open_below(&dir, walked.as_os_str().as_bytes(), OFlags::PATH | OFlags::DIRECTORY)?;
        chain.push(link(&home_text.join(&walked), &fs::fstat(&fd).map_err(crate::root::error)?));
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = Regular::new(open_below(&dir, below.as_os_str().as_bytes(), flags)?)?;
    finish(file, uid, &home_text.join(below), chain)
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
    if stat.st_uid != uid && stat.st_uid != 0 {
        return Err(UserFileError::Foreign(stat.st_uid));
    }
    if stat.st_nlink != 1 {
        return Err(UserFileError::Linked(stat.st_nlink));
    }
    let bytes = file.bytes(LIMIT)?;
    chain.push(link(path, &stat));
    chain.reverse();
    Ok(UserFile { bytes, chain })
}

fn link(path: &Path, stat: &Stat) -> Link {
    let path = path.to_string_lossy().into_owned();
    Link { path, uid: stat.st_uid, gid: stat.st_gid, mode: stat.st_mode & 0o7777 }
}

/// Components without `..`: sshd would resolve them, but no sane configuration has them.
fn plain_components(path: &Path) -> Result<Vec<&std::ffi::OsStr>, ReadError> {
    let parts: Vec<_> = path.components().take(DEPTH + 1).collect();
    let names = parts.iter().map(|part| match part {
        Component::Normal(name) => Ok(*name),
        _ => Err(ReadError::NotRegular),
    });
    let names: Vec<_> = names.collect::<Result<_, _>>()?;
    if names.is_empty() || names.len() > DEPTH { Err(ReadError::NotRegular) } else { Ok(names) }
}

fn os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::ffi::OsStr::from_bytes(bytes)
}

/// What a worker does.
type Job = Box<dyn FnOnce() + Send>;

/// Runs readers of homes one after the other, each with a time limit, in a thread that is given up when one does not
/// end.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    silent: u32,
    worker: Option<mpsc::Sender<Job>>,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { limit: PATIENCE, silent: 0, worker: None }
    }
}

impl Patience {
    /// The result of the job, or `None` when it did not end in time or too many before it did not.
    pub fn wait<T: Send + 'static>(&mut self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        if self.silent >= GIVE_UP_AFTER {
            return None;
        }
        let (send, receive) = mpsc::sync_channel(1);
        // A job that ends too late finds nobody listening; that is what giving up means.
        self.hand_over(Box::new(move || drop(send.send(job()))));
        let result = receive.recv_timeout(self.limit).ok();
        if result.is_none() {
            self.silent = self.silent.saturating_add(1);
            // The thread ends when its job does: nothing more will come to it.
            self.worker = None;
        }
        result
    }

    /// Gives the job to the worker. When no thread can be started the job is dropped, and with it its sender.
    fn hand_over(&mut self, job: Job) {
        if self.worker.is_none() {
            let (send, jobs) = mpsc::channel::<Job>();
            let work = move || jobs.into_iter().for_each(|job| job());
            let started = std::thread::Builder::new().name("home".into()).spawn(work).is_ok();
            self.worker = started.then_some(send);
        }
        if let Some(worker) = &self.worker {
            // A worker that is gone has dropped the job, which the caller notices.
            let _ = worker.send(job);
        }
    }

    /// [`read`] with the time limit.
    ///
    /// # Errors
    /// [`UserFileError`].
    pub fn read(
        &mut self,
        root: &Arc<Root>,
        home: &[u8],
        uid: u32,
        path: &[u8],
    ) -> Result<UserFile, UserFileError> {
        let (root, home, path) = (Arc::clone(root), home.to_vec(), path.to_vec());
        self.wait(move || read(&root, &home, uid, &path)).unwrap_or(Err(UserFileError::Silent))
    }
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
        let get = |path: &str| read(&root, b"/home/eve", me(), format!("/home/eve/{path}").as_bytes());
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
        let outside = read(&root, b"/home/eve", me(), b"/root/secret").unwrap();
        assert_eq!(outside.chain.len(), 3);
        if me() == 0 {
            std::os::unix::fs::chown(home.join("good"), Some(4321), None).unwrap();
            assert_eq!(get(".ssh/good"), Err(UserFileError::Foreign(4321)));
        }
    }

    #[test]
    fn silent_homes_are_given_up() {
        let mut patience = Patience { limit: Duration::from_millis(5), ..Patience::default() };
        assert_eq!(patience.wait(|| 1), Some(1));
        for _ in 0..GIVE_UP_AFTER {
            assert_eq!(patience.wait(|| std::thread::sleep(Duration::from_secs(1))), None);
        }
        assert_eq!(patience.wait(|| 2), None);
    }
}
