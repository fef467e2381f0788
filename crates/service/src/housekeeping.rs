//! What is done about hosts without being asked: counting them for the daily trend, clearing away those that have been
//! silent for as long as the tenant has set.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::{ClearedHost, Day, HostDay, HostState, Millis, TenantId};
use store::{Audit, Change, Write};

use crate::Service;
use crate::clock::DAY_MILLIS;
use crate::directory::TenantState;

/// Hosts cleared away at a time; the rest follows with the next round.
const TOGETHER: usize = 500;
/// How long the server has to have listened before silence and age count: after it has been away, hosts need time to
/// be heard of again, and a clock that is wrong time to be set right.
pub(crate) const LISTENING: Millis = 3_600_000;

/// What the last round knew.
#[derive(Default)]
pub(crate) struct Housekeeping {
    counted: Mutex<HashMap<TenantId, HostDay>>,
    watch: Mutex<Option<Watch>>,
}

/// Rounds that followed one another.
#[derive(Clone, Copy)]
struct Watch {
    /// Before the first of them.
    since: Millis,
    /// The latest.
    last: Millis,
}

impl Housekeeping {
    /// Notes a round, and says for how long the server has listened by now: since its start, or since its clock last
    /// jumped. A machine that slept is the same: nobody was heard of.
    pub fn listened(&self, started: Millis, now: Millis) -> Millis {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let Watch { mut since, last } = watch.unwrap_or(Watch { since: started, last: started });
        let passed = now.saturating_sub(last);
        if !(0..=LISTENING).contains(&passed) {
            since = now;
            tracing::warn!(
                seconds = passed / 1000,
                "the clock jumped, or the machine slept: for an hour no host is cleared away and no history let go of"
            );
        }
        *watch = Some(Watch { since, last: now });
        now.saturating_sub(since)
    }
}

impl Service {
    /// The present day in the server's zone.
    pub(crate) fn local_day(&self) -> Day {
        let today = self.civil_date(self.now());
        (today - jiff::civil::Date::constant(1970, 1, 1)).get_days()
    }

    /// The hosts of a tenant as they are now.
    pub(crate) fn count_hosts(&self, tenant: &TenantState) -> HostDay {
        let (finder, mut counted) = (self.finder(), HostDay { day: self.local_day(), ..HostDay::default() });
        for view in tenant.accounts.snapshot().hosts() {
            counted.hosts += 1;
            counted.online += u64::from(finder.online(view.state()));
        }
        counted
    }

    /// One round, after the server has listened for some time. Blocks.
    pub(crate) fn keep_house(&self, listened: Millis) {
        for tenant in self.directory.tenants() {
            self.note_day(&tenant);
            if listened >= LISTENING {
                self.clear_silent(&tenant);
            }
        }
    }

    /// Writes the count of today when it is another one than was written last.
    fn note_day(&self, tenant: &TenantState) {
        let (id, counted) = (tenant.tenant.id, self.count_hosts(tenant));
        let mut noted = self.housekeeping.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&id) == Some(&counted) {
            return;
        }
        match self.writer().write_blocking(Write::new(id, Change::PutHostDay(counted))) {
            Ok(_) => drop(noted.insert(id, counted)),
            Err(error) => {
                tracing::warn!(%error, "the hosts of today could not be noted; they are counted again")
            }
        }
    }

    fn clear_silent(&self, tenant: &TenantState) {
        let days = tenant.labels().clear_after_days();
        if days == 0 {
            return;
        }
        let before = self.now().saturating_sub(Millis::from(days).saturating_mul(DAY_MILLIS));
        let snapshot = tenant.accounts.snapshot();
        let silent = snapshot.hosts().filter(|view| view.state().contact.last_report() < before);
        for view in silent.take(TOGETHER) {
            let host = cleared(view.state());
            let (quuid, audit) = (host.quuid.clone(), audit(&host));
            let write = Write::new(tenant.tenant.id, Change::ClearHost(host)).audited(audit);
            match self.writer().write_blocking(write) {
                Ok(_) => tracing::info!(quuid, days, "a silent host was cleared away"),
                // It may have been heard of in between.
                Err(error) => tracing::info!(quuid, %error, "a silent host was not cleared away"),
            }
        }
    }
}

fn cleared(state: &HostState) -> ClearedHost {
    let host = &state.host;
    ClearedHost {
        quuid: host.quuid.clone(),
        name: host.name.clone(),
        instance_id: host.instance_id.clone(),
        wan_ip: host.wan_ip.clone(),
        private_ip: host.private_ip.clone(),
        last_report: state.contact.last_report(),
        ..ClearedHost::default()
    }
}

fn audit(host: &ClearedHost) -> Audit {
    Audit {
        actor: "the server".to_owned(),
        action: "ClearSilentHost".to_owned(),
        target: host.quuid.clone(),
        request_id: String::new(),
    }
}
