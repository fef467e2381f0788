//! The start: filling the rosters from the store. What the store keeps and in which form is the store's business.

use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};

use model::{Scan, Tenant};
use roster::{Accounts, Loading, People, PeopleLoading};
use store::{Share, Write, WriteError};

use super::{OpenError, PEOPLE_SHARES, Service};
use crate::directory::TenantState;
use crate::labels::Labels;
use crate::{observer, scans};

impl Service {
    /// Fills the rosters from the store and starts the export workers; after this the service is ready. Progress
    /// goes to the log. Blocks; not for an asynchronous thread.
    ///
    /// # Errors
    /// Trouble with the store.
    pub fn load(self: &Arc<Self>) -> Result<(), OpenError> {
        // Statements of their own: a guard lives to the end of its statement, and a loop's head as long as the loop.
        let tenants = self.reader().tenants()?;
        let tasks = self.reader().tasks()?;
        for tenant in tenants {
            let state = self.load_tenant(tenant)?;
            self.directory.put(state);
        }
        for task in tasks {
            self.tasks.put(Arc::new(task));
        }
        for scan in self.reader().scans()? {
            self.load_scan(&Arc::new(scan));
        }
        self.start_exports()?;
        self.ready.store(true, Ordering::Release);
        tracing::info!(tenants = self.directory.tenants().len(), "ready");
        Ok(())
    }

    fn load_tenant(&self, tenant: Tenant) -> Result<TenantState, OpenError> {
        let started = std::time::Instant::now();
        let root = self.reader().root_org_node(tenant.id)?.unwrap_or_default();
        let (people, accounts) = std::thread::scope(|scope| {
            let people = std::thread::Builder::new().name("load-people".to_owned());
            let people =
                people.spawn_scoped(scope, || self.load_people(&tenant)).map_err(OpenError::Thread)?;
            let accounts = self.load_accounts(&tenant);
            let people = people.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, OpenError>((people?, accounts?))
        })?;
        let labels = RwLock::new(Labels::new(self.reader().labels(tenant.id)?));
        let state = TenantState { people, accounts, labels, ..observer::new_tenant(tenant, &root) };
        tracing::info!(
            tenant = state.tenant.name,
            people = state.people.snapshot().len(),
            accounts = state.accounts.snapshot().len(),
            millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "tenant loaded"
        );
        Ok(state)
    }

    fn load_people(&self, tenant: &Tenant) -> Result<People, OpenError> {
        std::thread::scope(|scope| {
            let reading: Vec<_> = (1..PEOPLE_SHARES)
                .map(|number| {
                    let share = Share { number, of: PEOPLE_SHARES };
                    let thread = std::thread::Builder::new().name(format!("read-people-{number}"));
                    thread.spawn_scoped(scope, move || self.read_people(tenant, share))
                })
                .collect();
            let mut people = self.read_people(tenant, Share { number: 0, of: PEOPLE_SHARES })?;
            for thread in reading {
                let thread = thread.map_err(OpenError::Thread)?;
                people.append(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(People::loaded(people))
        })
    }

    fn read_people(&self, tenant: &Tenant, share: Share) -> Result<PeopleLoading, store::StoreError> {
        let mut people = PeopleLoading::default();
        self.reader().each_person(tenant.id, share, &mut |person| {
            people.push(&person);
            progress(people.len(), &tenant.name, "people");
        })?;
        Ok(people)
    }

    fn load_accounts(&self, tenant: &Tenant) -> Result<Accounts, store::StoreError> {
        let (mut loading, mut hosts) = (Loading::default(), 0);
        self.reader().each_host(tenant.id, &mut |state, accounts| {
            loading.push(Arc::new(state), accounts.iter().copied());
            hosts += 1;
            progress(hosts, &tenant.name, "hosts");
        })?;
        Ok(Accounts::loaded(loading))
    }

    /// A scan of the last run: whoever has reported since it began has answered.
    fn load_scan(&self, scan: &Arc<Scan>) {
        let tenant = self.directory.tenant(scan.tenant);
        let snapshot = tenant.map(|tenant| tenant.accounts.snapshot());
        self.scans.put(scan, |quuid| {
            let host = snapshot.as_ref().and_then(|snapshot| snapshot.host(quuid));
            host.is_some_and(|host| host.state().contact.updated() > scan.started)
        });
    }

    /// Writes how a scan has ended. Somebody else may have been faster: then it has.
    pub(crate) async fn end_scan(&self, ending: scans::Ending) -> Result<(), WriteError> {
        let (tenant, change) = ending.into_change();
        match self.writer.write(Write::new(tenant, change)).await {
            Ok(_) | Err(WriteError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Says every 100,000 rows that loading goes on.
fn progress(rows: usize, tenant: &str, what: &str) {
    if rows.is_multiple_of(100_000) {
        tracing::info!(tenant, rows, what, "loading");
    }
}
