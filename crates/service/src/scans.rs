//! Scans in memory: who was asked to report and has not answered. The store knows whom a scan asked and how it ended;
//! who has answered follows from when hosts last reported.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Millis, Scan, ScanState, TenantId};
use store::Change;

/// How long hosts have to answer.
pub(crate) const TIME: Millis = 10 * 60_000;

/// A scan that is to be ended in the store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub tenant: TenantId,
    pub id: u64,
    pub state: ScanState,
    pub answered: u64,
}

impl Ending {
    /// The write that does it.
    pub fn into_change(self) -> (TenantId, Change) {
        let Ending { tenant, id, state, answered } = self;
        (tenant, Change::EndScan { id, state, answered })
    }
}

struct Entry {
    scan: Arc<Scan>,
    /// Hosts that have not answered; empty once it has ended.
    waiting: HashSet<Box<str>>,
}

impl Entry {
    fn running(&self) -> bool {
        self.scan.state == ScanState::Running
    }

    fn ending(&self, state: ScanState) -> Ending {
        let waiting = u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        let answered = self.scan.asked.saturating_sub(waiting);
        Ending { tenant: self.scan.tenant, id: self.scan.id, state, answered }
    }
}

/// All scans that are remembered, by number.
#[derive(Default)]
pub(crate) struct Scans {
    entries: Mutex<BTreeMap<u64, Entry>>,
    /// How many run: most of the time none does, and then nobody waits for the lock.
    running: AtomicUsize,
}

impl Scans {
    /// Puts a scan in, or notes how it stands now. Of one that runs, `answered` says which hosts have answered.
    pub fn put(&self, scan: &Arc<Scan>, answered: impl Fn(&str) -> bool) {
        let mut entries = self.entries();
        let waiting = scan.hosts.iter().filter(|host| !answered(host));
        let waiting = waiting.map(|host| host.as_str().into()).collect();
        // The list of hosts is in `waiting` now.
        let scan = Arc::new(Scan { hosts: Vec::new(), ..Scan::clone(scan) });
        entries.insert(scan.id, Entry { scan, waiting });
        self.running.store(entries.values().filter(|e| e.running()).count(), Ordering::Release);
    }

    /// The scan that waits for a host, the latest of several.
    pub fn waiting_for(&self, tenant: TenantId, quuid: &str) -> Option<u64> {
        if self.running.load(Ordering::Acquire) == 0 {
            return None;
        }
        let entries = self.entries();
        let mut waiting = entries.values().rev().filter(|e| e.running() && e.scan.tenant == tenant);
        waiting.find(|entry| entry.waiting.contains(quuid)).map(|entry| entry.scan.id)
    }

    /// Notes that a host has reported what it collected at `collected`, perhaps for a scan; returns the scans that
    /// are complete by that.
    pub fn answered(
        &self,
        tenant: TenantId,
        quuid: &str,
        collected: Millis,
        named: Option<u64>,
    ) -> Vec<Ending> {
        if self.running.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let mut endings = Vec::new();
        for (id, entry) in self.entries().iter_mut() {
            let concerned = entry.running() && entry.scan.tenant == tenant;
            let answers = named == Some(*id) || collected > entry.scan.started;
            if concerned && answers && entry.waiting.remove(quuid) && entry.waiting.is_empty() {
                endings.push(entry.ending(ScanState::Finished));
            }
        }
        endings
    }

    /// The scans whose time is up, or that nobody is missing in and that still run.
    pub fn overdue(&self, now: Millis) -> Vec<Ending> {
        if self.running.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let entries = self.entries();
        let running = entries.values().filter(|entry| entry.running());
        let ending = |entry: &Entry| {
            if entry.waiting.is_empty() {
                Some(entry.ending(ScanState::Finished))
            } else {
                let late = now.saturating_sub(entry.scan.started) >= TIME;
                late.then(|| entry.ending(ScanState::TimedOut))
            }
        };
        running.filter_map(ending).collect()
    }

    /// How a scan of a tenant is to be ended by hand; the inner `None` when it has ended already.
    pub fn stop(&self, tenant: TenantId, id: u64) -> Option<Option<Ending>> {
        let entries = self.entries();
        let entry = entries.get(&id).filter(|entry| entry.scan.tenant == tenant)?;
        Some(entry.running().then(|| entry.ending(ScanState::Stopped)))
    }

    /// The latest scan of a tenant.
    pub fn latest(&self, tenant: TenantId) -> Option<Arc<Scan>> {
        self.entries().values().rev().find(|e| e.scan.tenant == tenant).map(|e| Arc::clone(&e.scan))
    }

    /// How many scans of a tenant run.
    pub fn running(&self, tenant: TenantId) -> usize {
        self.entries().values().filter(|e| e.running() && e.scan.tenant == tenant).count()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TenantId = TenantId(1);

    fn scan(id: u64, hosts: &[&str]) -> Arc<Scan> {
        Arc::new(Scan {
            id,
            tenant: ONE,
            owner: "k".to_owned(),
            state: ScanState::Running,
            hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            asked: hosts.len() as u64,
            answered: 0,
            started: 1000,
            ended: None,
        })
    }

    #[test]
    fn a_scan_is_complete_when_all_have_answered() {
        let scans = Scans::default();
        scans.put(&scan(1, &["a", "b"]), |_| false);
        assert_eq!(scans.waiting_for(ONE, "a"), Some(1));
        assert_eq!(scans.waiting_for(TenantId(2), "a"), None);
        assert!(scans.answered(ONE, "a", 1000, None).is_empty(), "collected before");
        assert_eq!(scans.waiting_for(ONE, "a"), Some(1));
        assert!(scans.answered(ONE, "a", 1001, None).is_empty());
        assert_eq!(scans.waiting_for(ONE, "a"), None);
        assert!(scans.answered(TenantId(2), "b", 2000, Some(1)).is_empty());
        // A host whose clock is behind says what it answers.
        let ending = Ending { tenant: ONE, id: 1, state: ScanState::Finished, answered: 2 };
        assert_eq!(scans.answered(ONE, "b", 5, Some(1)), [ending]);
    }

    #[test]
    fn time_and_hand_end_a_scan() {
        let scans = Scans::default();
        scans.put(&scan(1, &["a", "b"]), |host| host == "a");
        assert!(scans.overdue(1000 + TIME - 1).is_empty());
        let ending = |state| Ending { tenant: ONE, id: 1, state, answered: 1 };
        assert_eq!(scans.overdue(1000 + TIME), [ending(ScanState::TimedOut)]);
        assert_eq!(scans.stop(ONE, 1), Some(Some(ending(ScanState::Stopped))));
        assert_eq!(scans.stop(TenantId(2), 1), None);
        let ended = Scan { state: ScanState::Stopped, hosts: Vec::new(), ..Scan::clone(&scan(1, &[])) };
        scans.put(&Arc::new(ended), |_| false);
        assert_eq!((scans.stop(ONE, 1), scans.running(ONE)), (Some(None), 0));
        assert_eq!(scans.waiting_for(ONE, "b"), None);
        assert_eq!(scans.latest(ONE).map(|s| s.state), Some(ScanState::Stopped));
    }
}
