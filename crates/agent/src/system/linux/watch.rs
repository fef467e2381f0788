//! Hearing of changes (inotify(7)): watches the directories of the files that were read, for files come and go by
//! renaming, and for those that do not exist yet the nearest directory above. Paths are resolved inside the root, as
//! the collector does. What cannot be watched is left to the period.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collect::{
    patience,
    root::{Looked, Root},
};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::Source;
use crate::{host::Wake, log::Level, log::Log};

/// Most directories watched.
const MOST: usize = 8_192;
/// Bytes of events read at once.
const BUFFER: usize = 16 * 1024;

/// Which names in a directory matter; all when `None`.
type Names = Option<BTreeSet<Vec<u8>>>;

/// Watches on a host's files.
pub struct Watch {
    root: Arc<Root>,
    events: Arc<OwnedFd>,
    watched: HashMap<i32, Names>,
    /// Whether it was told that not everything could be watched.
    told: bool,
}

impl Watch {
    /// Nothing is watched yet.
    ///
    /// # Errors
    /// When the system gives no inotify, or the root cannot be opened.
    pub fn new(source: &Source) -> io::Result<Watch> {
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        Ok(Watch {
            root: Arc::new(Root::open(source.root.as_deref())?),
            events: Arc::new(events),
            watched: HashMap::new(),
            told: false,
        })
    }

    /// Watches what was read in place of what was watched before. Answers whether anything is watched that was not
    /// before: a change there may have gone unheard since it was read.
    pub fn arm(&mut self, looked: Vec<Looked>, log: &Log) -> bool {
        let (root, events) = (Arc::clone(&self.root), Arc::clone(&self.events));
        // A dead network mount must not stop the agent; the files of the system are watched all the same.
        let everything = looked.clone();
        let armed = patience::wait(move || place(&root, &events, &everything));
        let (watched, missed) = armed.unwrap_or_else(|| {
            let system: Vec<_> =
                looked.into_iter().filter(|looked| path_of(looked).starts_with(b"/etc/")).collect();
            let (watched, missed) = place(&self.root, &self.events, &system);
            (watched, missed.or(Some("the homes did not answer in time".to_owned())))
        });
        if let Some(why) = missed.filter(|_| !self.told) {
            self.told = true;
            let next = "changes there are seen by the next scan of the period";
            log.event(Level::Warning, "not_all_watched", &[("why", &why), ("next", &next)]);
        }
        for old in self.watched.keys().filter(|wd| !watched.contains_key(wd)) {
            // A directory that is gone has taken its watch along.
            let _ = inotify::remove_watch(&*self.events, *old);
        }
        let new = watched.iter().any(|(wd, names)| self.watched.get(wd) != Some(names));
        self.watched = watched;
        new
    }

    /// Waits until something that matters has changed, or the time is over.
    pub fn wait(&mut self, time: Duration) -> Wake {
        let end = Instant::now().checked_add(time);
        loop {
            if self.take() {
                return Wake::Files;
            }
            let left = end.map_or(time, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Wake::Time;
            }
            let timeout = Timespec::try_from(left).ok();
            let mut fds = [PollFd::new(&*self.events, PollFlags::IN)];
            match rustix::event::poll(&mut fds, timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => {
                    std::thread::sleep(left);
                    return Wake::Time;
                }
            }
        }
    }

    /// Takes the events that wait; whether any of them matters.
    fn take(&mut self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&*self.events, &mut buffer);
        let mut matters = false;
        while let Ok(event) = reader.next() {
            let kind = event.events();
            if kind.contains(ReadFlags::QUEUE_OVERFLOW) {
                matters = true;
            } else if let Some(names) = self.watched.get(&event.wd()) {
                matters |= match (names, event.file_name()) {
                    (Some(names), Some(name)) => names.contains(name.to_bytes()),
                    _ => true,
                };
            }
            if kind.contains(ReadFlags::IGNORED) {
                self.watched.remove(&event.wd());
            }
        }
        matters
    }
}

fn path_of(looked: &Looked) -> &[u8] {
    match looked {
        Looked::File(path) | Looked::Names(path) => path,
    }
}

/// Sets the watches, and says what is watched and why not all is.
fn place(root: &Root, events: &OwnedFd, looked: &[Looked]) -> (HashMap<i32, Names>, Option<String>) {
    let mut watched: HashMap<i32, Names> = HashMap::new();
    let mut missed = None;
    for (dir, names) in directories(root, looked) {
        if watched.len() >= MOST {
            missed = Some(format!("more than {MOST} directories"));
            break;
        }
        match add(root, events, &dir) {
            // Two paths may lead to the same directory.
            Ok(wd) => match (watched.remove(&wd), names) {
                (None, names) => drop(watched.insert(wd, names)),
                (Some(Some(mut all)), Some(names)) => {
                    all.extend(names);
                    watched.insert(wd, Some(all));
                }
                _ => drop(watched.insert(wd, None)),
            },
            Err(Errno::NOSPC) => {
                missed = Some("fs.inotify.max_user_watches is reached".to_owned());
                break;
            }
            Err(error) => missed = Some(format!("{}: {error}", String::from_utf8_lossy(&dir))),
        }
    }
    (watched, missed)
}

/// Which directories to watch for which names.
fn directories(root: &Root, looked: &[Looked]) -> BTreeMap<Vec<u8>, Names> {
    let mut known: HashMap<Vec<u8>, bool> = HashMap::new();
    let mut wanted: BTreeMap<Vec<u8>, Names> = BTreeMap::new();
    for looked in looked {
        let mut path = path_of(looked);
        if let Looked::Names(dir) = looked
            && root.directory(dir).is_ok()
        {
            wanted.insert(dir.clone(), None);
        }
        // Up to the nearest directory that is there; what is to appear in it is the next part of the path.
        while let Some((dir, name)) = split(path) {
            let there = *known.entry(dir.to_vec()).or_insert_with(|| root.directory(dir).is_ok());
            if there {
                if let Some(names) = wanted.entry(dir.to_vec()).or_insert_with(|| Some(BTreeSet::new())) {
                    names.insert(name.to_vec());
                }
                break;
            }
            path = dir;
        }
    }
    wanted
}

/// Directory and name of an absolute path; `None` for the root.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = path.iter().rposition(|b| *b != b'/')?;
    let path = path.get(..=end)?;
    let slash = path.iter().rposition(|b| *b == b'/')?;
    let (dir, name) = (path.get(..slash)?, path.get(slash + 1..)?);
    Some((if dir.is_empty() { b"/" } else { dir }, name))
}

fn add(root: &Root, events: &OwnedFd, dir: &[u8]) -> Result<i32, Errno> {
    let open = root.directory(dir).map_err(|_| Errno::NOENT)?;
    let flags = WatchFlags::CREATE
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::MOVED_TO
        | WatchFlags::MOVED_FROM
        | WatchFlags::DELETE
        | WatchFlags::ATTRIB
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(events, format!("/proc/self/fd/{}", open.as_raw_fd()), flags)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn quiet() -> Log {
        Log::to(Box::new(io::sink()), false)
    }

    #[test]
    fn splits_paths() {
        let text = |path: &str| {
            split(path.as_bytes()).map(|(dir, name)| {
                (String::from_utf8_lossy(dir).into_owned(), String::from_utf8_lossy(name).into_owned())
            })
        };
        let some = |dir: &str, name: &str| Some((dir.to_owned(), name.to_owned()));
        assert_eq!(text("/etc/passwd"), some("/etc", "passwd"));
        assert_eq!(text("/etc/"), some("/", "etc"));
        assert_eq!((text("/"), text(""), text("a")), (None, None, None));
    }

    #[test]
    fn hears_of_what_was_read_and_of_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("etc/sudoers.d")).unwrap();
        fs::create_dir_all(path("home/ann")).unwrap();
        fs::write(path("etc/passwd"), "").unwrap();
        let looked = || {
            vec![
                Looked::File(b"/etc/passwd".to_vec()),
                Looked::Names(b"/etc/sudoers.d".to_vec()),
                Looked::File(b"/home/ann/.ssh/authorized_keys".to_vec()),
            ]
        };
        let mut watch = Watch::new(&Source { root: Some(place.path().to_owned()) }).unwrap();
        assert!(watch.arm(looked(), &quiet()) && !watch.arm(looked(), &quiet()));
        let hears = |watch: &mut Watch| watch.wait(Duration::from_millis(30)) == Wake::Files;
        assert!(!hears(&mut watch));
        fs::write(path("etc/other"), "").unwrap();
        fs::write(path("home/ann/x"), "").unwrap();
        assert!(!hears(&mut watch), "other files do not matter");
        fs::write(path("etc/passwd"), "a").unwrap();
        assert!(hears(&mut watch) && !hears(&mut watch));
        fs::write(path("etc/passwd+"), "b").unwrap();
        assert!(!hears(&mut watch));
        fs::rename(path("etc/passwd+"), path("etc/passwd")).unwrap();
        assert!(hears(&mut watch));
        fs::write(path("etc/sudoers.d/new"), "").unwrap();
        assert!(hears(&mut watch));
        fs::create_dir(path("home/ann/.ssh")).unwrap();
        assert!(hears(&mut watch));
        assert!(watch.arm(looked(), &quiet()), "now .ssh itself is watched");
        fs::write(path("home/ann/.ssh/authorized_keys"), "").unwrap();
        assert!(hears(&mut watch));
        fs::remove_dir_all(path("home/ann/.ssh")).unwrap();
        assert!(hears(&mut watch));
        assert!(watch.arm(looked(), &quiet()), "back to the home");
        fs::create_dir(path("home/ann/.ssh")).unwrap();
        assert!(hears(&mut watch));
    }
}
