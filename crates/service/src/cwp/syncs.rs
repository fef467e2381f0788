//! SyncMachines: there is no list elsewhere to synchronise with; a synchronisation waits until every agent has been
//! heard of again, so that the states of hosts are as new as can be. Agents cannot be called: they ask by themselves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Millis, TenantId};
use wire::cwp::{SyncMachinesRequest, SyncMachinesResponse};
use wire::{Body, Error};

use crate::{Caller, Service, times};

/// How long agents have to be heard of.
const TIME: Millis = 60_000;

/// The last synchronisation of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sync {
    started: Millis,
    ended: Option<Millis>,
}

impl Sync {
    /// How it stands now, `complete` saying whether all have been heard of.
    fn at(self, now: Millis, complete: bool) -> Self {
        let over = self.started.saturating_add(TIME);
        let ended = self.ended.or_else(|| (complete || now >= over).then(|| now.min(over)));
        Sync { ended, ..self }
    }
}

/// The last one of each tenant since the server was started.
#[derive(Default)]
pub(crate) struct Syncs(Mutex<HashMap<TenantId, Sync>>);

/// Answers SyncMachines.
///
/// # Errors
/// None of its own.
pub async fn sync(
    service: &Arc<Service>,
    caller: &Caller,
    request: SyncMachinesRequest,
) -> Result<Body, Error> {
    let latest = look(service, caller.tenant, request.sync.unwrap_or(false));
    let calendar = times::Calendar::new(service.zone());
    let time = |at: Option<Millis>| times::text(at.and_then(|at| calendar.millis(at)));
    Body::new(&SyncMachinesResponse {
        state: match latest {
            None => "NOTASK",
            Some(Sync { ended: None, .. }) => "SYNCING",
            Some(_) => "FINISHED",
        }
        .into(),
        latest_start_time: time(latest.map(|sync| sync.started)).into(),
        latest_end_time: time(latest.and_then(|sync| sync.ended)).into(),
    })
}

/// How the last synchronisation stands, after one was begun if that is wanted and none runs.
fn look(service: &Service, tenant: TenantId, begin: bool) -> Option<Sync> {
    let now = service.now();
    let all_heard_of = |since: Millis| {
        // Those that had been silent for long when it began are offline, and not waited for.
        let online = since.saturating_sub(service.offline_after());
        let waits = |last: Millis| last > online && last < since;
        service.fleet.active_hosts(tenant, |live| waits(live.last_poll())).is_empty()
    };
    let mut syncs = service.syncs.0.lock().unwrap_or_else(PoisonError::into_inner);
    let renewed = |sync: Sync| match sync.ended {
        Some(_) => sync,
        None => sync.at(now, all_heard_of(sync.started)),
    };
    let mut latest = syncs.get(&tenant).copied().map(renewed);
    if begin && latest.is_none_or(|sync| sync.ended.is_some()) {
        latest = Some(renewed(Sync { started: now, ended: None }));
    }
    if let Some(sync) = latest {
        syncs.insert(tenant, sync);
    }
    latest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_all_were_heard_of_or_its_time_is_over() {
        let begun = Sync { started: 1000, ended: None };
        assert_eq!(begun.at(5000, false), begun);
        assert_eq!(begun.at(5000, true).ended, Some(5000));
        for now in [1000 + TIME, 1_000_000] {
            assert_eq!(begun.at(now, false).ended, Some(1000 + TIME), "whenever it is asked for");
        }
        let ended = begun.at(5000, true);
        assert_eq!(ended.at(9000, false), ended);
    }
}
