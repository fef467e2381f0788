//! Carries what was committed into memory, in the order of the commits, before any caller is answered:
//! people and hosts into their rosters, keys into the key ring, tasks into the export table.

use std::sync::{Arc, RwLock};

use model::{OrgNode, Tenant, TenantId};
use roster::{Accounts, HostChange, People, PersonChange};
use store::{AgentChange, Effect, Written};

use crate::directory::{Directory, TenantState};
use crate::exports::Table;
use crate::fleet::Fleet;
use crate::keyring::Keyring;
use crate::scans::Scans;
use crate::secrets::Secrets;

/// Everything in memory that follows the store.
pub struct Observer {
    pub(crate) directory: Arc<Directory>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) tasks: Arc<Table>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) scans: Arc<Scans>,
}

impl Observer {
    /// Applies one committed group. Runs of people and of hosts of one tenant are applied as one change, because
    /// each application publishes a new snapshot.
    pub fn observe(&self, written: &[Written]) {
        let mut rest = written;
        while let Some(first) = rest.first() {
            let same = |w: &&Written| w.tenant == first.tenant && kind(&w.effect) == kind(&first.effect);
            let length = rest.iter().take_while(same).count().max(1);
            let (run, after) = rest.split_at(length);
            self.apply_run(first.tenant, run);
            rest = after;
        }
    }

    fn apply_run(&self, tenant: TenantId, run: &[Written]) {
        match run.first().map(|w| kind(&w.effect)) {
            Some(Kind::People) => self.apply_people(tenant, run),
            Some(Kind::Hosts) => self.apply_hosts(tenant, run),
            _ => run.iter().for_each(|w| self.apply_other(w)),
        }
    }

    fn apply_people(&self, tenant: TenantId, run: &[Written]) {
        let Some(state) = self.directory.tenant(tenant) else { return };
        let mut changes = Vec::new();
        for written in run {
            match &written.effect {
                Effect::Person(person) => changes.push(PersonChange::Put(Arc::clone(person))),
                Effect::PersonDeleted { id } => changes.push(PersonChange::Delete(id.clone())),
                Effect::PeopleDeleted(gone) => {
                    changes.extend(gone.deleted.iter().cloned().map(PersonChange::Delete));
                }
                Effect::Imported(imported) => {
                    changes.extend(imported.people.iter().cloned().map(PersonChange::Put));
                }
                _ => {}
            }
        }
        if !changes.is_empty() {
            state.people.apply(&changes);
        }
    }

    fn apply_hosts(&self, tenant: TenantId, run: &[Written]) {
        let Some(state) = self.directory.tenant(tenant) else { return };
        let changes: Vec<HostChange> = run
            .iter()
            .filter_map(|written| match &written.effect {
                Effect::Host { entry, .. } => Some(HostChange::Put(Arc::clone(entry))),
                Effect::HostDeleted { quuid, .. } => Some(HostChange::Remove(quuid.clone())),
                _ => None,
            })
            .collect();
        for written in run {
            let Effect::HostDeleted { quuid, with_agent } = &written.effect else { continue };
            state.labels_mut().forget(quuid);
            let ended = with_agent.then(|| self.fleet.end_of_host(tenant, quuid)).flatten();
            if let Some(secret_id) = ended {
                self.keyring.remove(&secret_id);
            }
        }
        state.accounts.apply(&changes);
    }

    fn apply_other(&self, written: &Written) {
        match &written.effect {
            Effect::Credential(credential) => self.put_key(credential),
            Effect::CredentialDeleted { secret_id } => self.keyring.remove(secret_id),
            Effect::Tenant { tenant, root_org_node, first_key } => {
                self.directory.put(new_tenant(Tenant::clone(tenant), root_org_node));
                self.put_key(first_key);
            }
            Effect::Task(task) => self.tasks.put(Arc::clone(task)),
            Effect::Token { token, key } => {
                self.fleet.put_token(Arc::clone(token));
                match key {
                    Some(key) => self.put_key(key),
                    None => self.keyring.remove(&token.secret_id),
                }
            }
            Effect::Agent(change) => self.apply_agent(change),
            // Whoever reports from now on answers it.
            Effect::Scan(scan) => self.scans.put(scan, |_| false),
            Effect::TaskDeleted { id } => self.tasks.remove(*id),
            Effect::Tags(_) | Effect::Remark { .. } | Effect::ClearRule { .. } => self.apply_labels(written),
            _ => {}
        }
    }

    fn apply_labels(&self, written: &Written) {
        let Some(state) = self.directory.tenant(written.tenant) else { return };
        let mut labels = state.labels_mut();
        match &written.effect {
            Effect::Tags(changed) => labels.apply(changed),
            Effect::Remark { quuid, remark } => labels.remark(quuid.clone(), remark),
            Effect::ClearRule { days } => labels.set_clear_rule(*days),
            _ => {}
        }
    }

    /// The agent before its key, so that a key of an agent is never in use without its host.
    fn apply_agent(&self, change: &AgentChange) {
        if let Some(before) = &change.before {
            self.keyring.remove(&before.secret_id);
            if before.id != change.agent.id {
                self.fleet.put(before);
            }
        }
        self.fleet.put(&change.agent);
        if let Some(key) = &change.key {
            self.put_key(key);
        }
        if let Some(token) = &change.token {
            self.fleet.put_token(Arc::new(token.clone()));
        }
    }

    fn put_key(&self, credential: &model::Credential) {
        match self.secrets.open_key(credential.clone()) {
            Ok(key) => self.keyring.put(key),
            // A key that cannot be opened must not stay usable with its old secret.
            Err(error) => {
                tracing::error!(secret_id = credential.secret_id, %error, "a key cannot be opened and is refused");
                self.keyring.remove(&credential.secret_id);
            }
        }
    }
}

/// A tenant without people and hosts.
pub(crate) fn new_tenant(tenant: Tenant, root: &str) -> TenantState {
    let root = OrgNode { id: root.to_owned(), parent: None, name: tenant.name.clone() };
    TenantState {
        tenant,
        root,
        people: People::load([]),
        accounts: Accounts::load([]),
        labels: RwLock::default(),
    }
}

#[derive(PartialEq)]
enum Kind {
    People,
    Hosts,
    Other,
}

fn kind(effect: &Effect) -> Kind {
    match effect {
        Effect::Person(_) | Effect::PersonDeleted { .. } | Effect::PeopleDeleted(_) | Effect::Imported(_) => {
            Kind::People
        }
        Effect::Host { .. } | Effect::HostDeleted { .. } => Kind::Hosts,
        _ => Kind::Other,
    }
}
