//! The accounts of a tenant at an instant of the past: the present ones with every host that changed since as it was
//! then. Made when first asked for, and kept for a while, so that paging through them is cheap.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Day, Millis, TenantId};
use roster::{AccountsSnapshot, HostChange, Loading};
use store::{Reader, StoreError};
use wire::{Code, Error};

use crate::clock::DAY_MILLIS;
use crate::{Service, times};

/// States kept of one tenant.
const KEPT_OF_TENANT: usize = 2;
/// States kept in all.
const KEPT: usize = 8;
/// How long a state is kept that nobody asks for.
const IDLE: Millis = 2 * 60_000;
/// Changed accounts from which on the whole state is laid out anew: every query looks at each changed one. Laying out
/// costs what all accounts cost, so that the more there are, the later it pays: from this part of all on.
const MANY: usize = 20_000;
const MANY_SHARE: usize = 64;

/// Accounts at an instant, and the day by which they are judged.
pub(crate) struct Moment {
    /// The accounts.
    pub accounts: Arc<AccountsSnapshot>,
    /// The instant.
    pub now: Millis,
    /// Its UTC day.
    pub today: Day,
}

/// The states that were asked for lately.
#[derive(Default)]
pub(crate) struct Past {
    kept: Mutex<Vec<Kept>>,
    /// Held while a state is made, so that many who want the same make it once.
    making: Mutex<()>,
}

struct Kept {
    tenant: TenantId,
    at: Millis,
    used: Millis,
    accounts: Arc<AccountsSnapshot>,
}

impl Past {
    fn find(&self, tenant: TenantId, at: Millis, now: Millis) -> Option<Arc<AccountsSnapshot>> {
        let mut all = locked(&self.kept);
        let place = all.iter().position(|kept| kept.tenant == tenant && kept.at == at)?;
        let mut found = all.remove(place);
        found.used = now;
        let accounts = Arc::clone(&found.accounts);
        all.push(found);
        Some(accounts)
    }

    fn keep(&self, new: Kept) {
        let mut all = locked(&self.kept);
        let of_tenant = all.iter().filter(|kept| kept.tenant == new.tenant).count();
        if of_tenant >= KEPT_OF_TENANT
            && let Some(oldest) = all.iter().position(|kept| kept.tenant == new.tenant)
        {
            all.remove(oldest);
        }
        if all.len() >= KEPT {
            all.remove(0);
        }
        all.push(new);
    }

    /// Lets go of what nobody asked for lately.
    pub fn sweep(&self, now: Millis) {
        locked(&self.kept).retain(|kept| now.saturating_sub(kept.used) < IDLE);
    }
}

impl Service {
    /// The accounts of a tenant: as they are, or as they were at `as_of`.
    ///
    /// # Errors
    /// `InvalidParameterValue` for an instant that is none, is yet to come, or lies before the history.
    pub(crate) async fn moment(
        self: &Arc<Self>,
        tenant: TenantId,
        as_of: Option<&str>,
    ) -> Result<Moment, Error> {
        if as_of.is_none_or(str::is_empty) {
            return self.present(tenant);
        }
        let (service, as_of) = (Arc::clone(self), as_of.map(str::to_owned));
        let made = tokio::task::spawn_blocking(move || service.moment_blocking(tenant, as_of.as_deref()));
        made.await.map_err(Error::internal)?
    }

    fn present(&self, tenant: TenantId) -> Result<Moment, Error> {
        let accounts = self.tenant_numbered(tenant)?.accounts.snapshot();
        Ok(Moment { accounts, now: self.now(), today: self.today() })
    }

    /// The same for a thread that may block.
    ///
    /// # Errors
    /// As [`moment`](Self::moment).
    pub(crate) fn moment_blocking(&self, tenant: TenantId, as_of: Option<&str>) -> Result<Moment, Error> {
        let Some(text) = as_of.filter(|text| !text.is_empty()) else { return self.present(tenant) };
        let at = self.instant(tenant, text)?;
        let accounts = self.accounts_at(tenant, at)?;
        Ok(Moment { accounts, now: at, today: day_of(at) })
    }

    /// The instant a text means, when the state of it can be made. Blocks.
    ///
    /// # Errors
    /// As [`moment`](Self::moment).
    pub(crate) fn instant(&self, tenant: TenantId, text: &str) -> Result<Millis, Error> {
        let bad =
            |en: String, zh: String| Error::new(Code::InvalidParameterValue).field("AsOf").detail(en, zh);
        let form = || {
            let en = "a time such as 2026-01-31 12:00:00 or 2026-01-31T12:00:00Z";
            bad(en.to_owned(), "应为 2026-01-31 12:00:00 或 2026-01-31T12:00:00Z 形式的时间".to_owned())
        };
        let at = times::parse(text, self.zone()).ok_or_else(form)?;
        if at > self.now() {
            return Err(bad("it is yet to come".to_owned(), "时间尚未到来".to_owned()));
        }
        let from = self.reader().history_from(tenant).map_err(Error::internal)?;
        if at < from {
            // Whole seconds, so that what is said can be asked for.
            let first = from.saturating_add(999).div_euclid(1000);
            let first = times::text(times::Calendar::new(self.zone()).seconds(first));
            return Err(bad(format!("history is there from {first} on"), format!("历史记录自 {first} 起")));
        }
        Ok(at)
    }

    fn accounts_at(&self, tenant: TenantId, at: Millis) -> Result<Arc<AccountsSnapshot>, Error> {
        let now = self.now();
        if let Some(found) = self.past.find(tenant, at, now) {
            return Ok(found);
        }
        let _turn = locked(&self.past.making);
        if let Some(found) = self.past.find(tenant, at, now) {
            return Ok(found);
        }
        // Before the store is read: what is in memory is never newer than what is stored.
        let present = self.tenant_numbered(tenant)?.accounts.snapshot();
        let made = make(&mut **self.reader(), &present, tenant, at).map_err(Error::internal)?;
        let accounts = Arc::new(made);
        self.past.keep(Kept { tenant, at, used: now, accounts: Arc::clone(&accounts) });
        Ok(accounts)
    }
}

/// The UTC day of an instant.
pub(crate) fn day_of(at: Millis) -> Day {
    Day::try_from(at.div_euclid(DAY_MILLIS)).unwrap_or(Day::MAX)
}

/// Makes the state of an instant: as changes on top of the present one while they are few.
fn make(
    reader: &mut dyn Reader,
    present: &AccountsSnapshot,
    tenant: TenantId,
    at: Millis,
) -> Result<AccountsSnapshot, StoreError> {
    let later = |first_report: Millis| first_report > at;
    let unknown = present.hosts().filter(|host| later(host.state().first_report));
    let mut changes: Vec<HostChange> =
        unknown.map(|host| HostChange::Remove(host.state().host.quuid.clone())).collect();
    let mut anew: Option<(Loading, HashSet<String>)> = None;
    let (mut rows, many) = (0, MANY.max(present.len() / MANY_SHARE));
    reader.each_changed(tenant, at, &mut |quuid, entry| {
        if let Some((loading, changed)) = &mut anew {
            if let Some(entry) = entry {
                loading.push(Arc::clone(&entry.state), entry.accounts.iter().map(|a| a.view()));
            }
            changed.insert(quuid);
            return;
        }
        rows += entry.as_ref().map_or(1, |entry| entry.accounts.len());
        changes.push(match entry {
            Some(entry) => HostChange::Put(Arc::new(entry)),
            None => HostChange::Remove(quuid),
        });
        if rows > many {
            anew = Some(collect(std::mem::take(&mut changes)));
        }
    })?;
    Ok(match anew {
        None => present.with(&changes),
        Some((loading, changed)) => present
            .rebuilt(loading, |state| !later(state.first_report) && !changed.contains(&state.host.quuid)),
    })
}

/// The hosts put so far, packed, and the ids of all that changed.
fn collect(changes: Vec<HostChange>) -> (Loading, HashSet<String>) {
    let (mut loading, mut changed) = (Loading::default(), HashSet::new());
    for change in changes {
        match change {
            HostChange::Put(entry) => {
                loading.push(Arc::clone(&entry.state), entry.accounts.iter().map(|a| a.view()));
                changed.insert(entry.state.host.quuid.clone());
            }
            HostChange::Remove(quuid) => {
                changed.insert(quuid);
            }
        }
    }
    (loading, changed)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
