//! Reports that wait for the server, oldest first: one file each, or in memory while the disk takes nothing. Bounded:
//! when it is full the oldest but one goes, so that the first unsent state and the latest ones stay.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read};

use super::Dir;

/// What the queue may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Reports.
    pub reports: usize,
    /// Bytes of all reports.
    pub bytes: u64,
    /// Bytes of those that could not be put on the disk.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { reports: 64, bytes: 32 << 20, memory: 8 << 20 }
    }
}

/// Most bytes of an unpacked report: what a server takes.
const UNPACKED: u64 = 64 << 20;

/// A report ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Its digest.
    pub digest: String,
    /// Its JSON, gzip.
    pub gzip: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    digest: String,
    size: u64,
    /// The bytes, when they are not on the disk.
    held: Option<Vec<u8>>,
}

impl Entry {
    fn file(&self) -> String {
        format!("{:016x}-{}.gz", self.number, self.digest)
    }
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    dir: Dir,
    limits: Limits,
    entries: VecDeque<Entry>,
    next: u64,
}

/// What came of putting a report in.
#[derive(Debug, Default)]
pub struct Pushed {
    /// Reports that had to go.
    pub dropped: usize,
    /// Why it is only in memory.
    pub trouble: Option<io::Error>,
}

impl Queue {
    /// What an earlier run left. Files of other names are not ours and stay.
    ///
    /// # Errors
    /// When the directory cannot be read; the queue then works in memory.
    pub fn open(dir: Dir, limits: Limits) -> (Queue, io::Result<()>) {
        let mut queue = Queue { dir, limits, entries: VecDeque::new(), next: 1 };
        let found = queue.load();
        (queue, found)
    }

    fn load(&mut self) -> io::Result<()> {
        self.dir.prepare()?;
        let mut found = Vec::new();
        for entry in fs::read_dir(self.dir.path())? {
            let entry = entry?;
            let Some((number, digest)) = entry.file_name().to_str().and_then(parse_name) else { continue };
            found.push(Entry { number, digest, size: entry.metadata()?.len(), held: None });
        }
        found.sort_by_key(|entry| entry.number);
        self.next = found.last().map_or(1, |last| last.number.saturating_add(1));
        self.entries = found.into();
        Ok(())
    }

    /// How many reports wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Digest of the latest report that waits.
    pub fn last_digest(&self) -> Option<&str> {
        self.entries.back().map(|entry| entry.digest.as_str())
    }

    /// Puts a report at the end.
    pub fn push(&mut self, report: Packed) -> Pushed {
        let mut entry =
            Entry { number: self.next, digest: report.digest, size: report.gzip.len() as u64, held: None };
        self.next = self.next.saturating_add(1);
        let trouble = self.dir.write(&entry.file(), &report.gzip).err();
        if trouble.is_some() {
            entry.held = Some(report.gzip);
        }
        self.entries.push_back(entry);
        let mut dropped = 0;
        while self.over() && self.entries.len() > 1 {
            let second = usize::from(self.entries.len() > 2);
            self.forget(second);
            dropped += 1;
        }
        Pushed { dropped, trouble }
    }

    fn over(&self) -> bool {
        let bytes: u64 = self.entries.iter().map(|entry| entry.size).sum();
        let memory: u64 = self.entries.iter().filter(|e| e.held.is_some()).map(|e| e.size).sum();
        self.entries.len() > self.limits.reports || bytes > self.limits.bytes || memory > self.limits.memory
    }

    /// The oldest report. Files that make no sense are put aside and told to `bad`.
    pub fn front(&mut self, mut bad: impl FnMut(&str)) -> Option<Packed> {
        while let Some(entry) = self.entries.front() {
            let (digest, name) = (entry.digest.clone(), entry.file());
            if let Some(gzip) = &entry.held {
                return Some(Packed { digest, gzip: gzip.clone() });
            }
            match self.dir.read(&name, self.limits.bytes) {
                Ok(Some(gzip)) if is_whole(&gzip) => return Some(Packed { digest, gzip }),
                Ok(Some(_)) => {
                    let aside = self.dir.put_aside(&name);
                    bad(&aside.map_or_else(|e| format!("{name}: {e}"), |path| path.display().to_string()));
                }
                Ok(None) => bad(&format!("{name} is gone")),
                Err(error) => bad(&format!("{name}: {error}")),
            }
            self.entries.pop_front();
        }
        None
    }

    /// Forgets the oldest report, which has arrived; says whether its file, if it had one, could be removed. One
    /// that stays would be sent once more after a restart, which changes nothing.
    pub fn pop(&mut self) -> Option<io::Result<()>> {
        self.forget(0)
    }

    fn forget(&mut self, index: usize) -> Option<io::Result<()>> {
        let entry = self.entries.remove(index)?;
        entry.held.is_none().then(|| self.dir.remove(&entry.file()))
    }
}

fn parse_name(name: &str) -> Option<(u64, String)> {
    let (number, digest) = name.strip_suffix(".gz")?.split_once('-')?;
    let hex = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    (hex(number, 16) && hex(digest, 32)).then_some(())?;
    Some((u64::from_str_radix(number, 16).ok()?, digest.to_owned()))
}

/// Whether gzip's own check sum says that all is there.
fn is_whole(gzip: &[u8]) -> bool {
    let mut unpacked = flate2::read::GzDecoder::new(gzip).take(UNPACKED + 1);
    io::copy(&mut unpacked, &mut io::sink()).is_ok_and(|length| length > 0 && length <= UNPACKED)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    pub fn packed(number: u64, filler: usize) -> Packed {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        gzip.write_all(&vec![b'a'; filler + 1]).unwrap();
        Packed { digest: format!("{number:032x}"), gzip: gzip.finish().unwrap() }
    }

    fn open(dir: &Dir, limits: Limits) -> Queue {
        let (queue, found) = Queue::open(dir.clone(), limits);
        found.unwrap();
        queue
    }

    fn drain(queue: &mut Queue) -> Vec<u64> {
        let mut seen = Vec::new();
        while let Some(report) = queue.front(|bad| panic!("{bad}")) {
            seen.push(u64::from_str_radix(&report.digest, 16).unwrap());
            queue.pop().unwrap_or(Ok(())).unwrap();
        }
        seen
    }

    #[test]
    fn keeps_the_order_over_a_restart_and_drops_from_the_middle() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::new(&place.path().join("queue"));
        let limits = Limits { reports: 4, ..Limits::default() };
        let mut queue = open(&dir, limits);
        let dropped: usize = (1..=6).map(|n| queue.push(packed(n, 10)).dropped).sum();
        assert_eq!((dropped, queue.len()), (2, 4));
        drop(queue);
        let mut queue = open(&dir, limits);
        assert_eq!(queue.last_digest(), Some(packed(6, 0).digest.as_str()));
        queue.push(packed(7, 10));
        assert_eq!(drain(&mut queue), [1, 5, 6, 7]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn bytes_are_bounded_and_the_latest_always_stays() {
        let place = tempfile::tempdir().unwrap();
        let limits = Limits { bytes: 900, ..Limits::default() };
        let mut queue = open(&Dir::new(&place.path().join("q")), limits);
        queue.push(packed(1, 300));
        queue.push(packed(2, 300));
        queue.push(packed(3, 300));
        assert_eq!(drain(&mut queue), [1, 3]);
        queue.push(packed(4, 300));
        queue.push(packed(5, 5000));
        assert_eq!(queue.len(), 1, "one that fills it alone is still tried");
    }

    #[test]
    fn damage_is_put_aside() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::new(place.path());
        let mut queue = open(&dir, Limits::default());
        for number in 1..=3 {
            queue.push(packed(number, 100));
        }
        let files: Vec<_> = (0..2).map(|n| dir.join(&queue.entries[n].file())).collect();
        let mut bytes = fs::read(&files[0]).unwrap();
        bytes[40] ^= 1;
        fs::write(&files[0], bytes).unwrap();
        fs::write(&files[1], b"").unwrap();
        let mut bad = Vec::new();
        assert_eq!(queue.front(|path| bad.push(path.to_owned())), Some(packed(3, 100)));
        assert!(bad.len() == 2 && bad.iter().all(|path| path.ends_with(".unreadable")), "{bad:?}");
    }

    #[test]
    fn goes_on_in_memory_without_a_disk() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("file"), "").unwrap();
        let (mut queue, found) = Queue::open(
            Dir::new(&place.path().join("file/queue")),
            Limits { memory: 900, ..Limits::default() },
        );
        assert!(found.is_err());
        for number in 1..=5 {
            assert!(queue.push(packed(number, 300)).trouble.is_some());
        }
        assert_eq!(drain(&mut queue), [1, 5]);
    }
}
