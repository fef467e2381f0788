//! Contacts with hosts on which nothing has changed: in memory at once, in the store now and then, many in one write.
//! A crash loses the last of them; the next contact makes up for it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use model::TenantId;
use store::{Change, HostContact, Write, Writer};

use crate::directory::{Directory, TenantState};

/// Contacts of one write.
const TOGETHER: usize = 2_000;

type Noted = HashMap<TenantId, HashSet<Box<str>>>;

/// The hosts whose latest contact the store does not know yet.
#[derive(Default)]
pub(crate) struct Contacts(Mutex<Noted>);

impl Contacts {
    /// Notes a contact that is in memory already.
    pub(crate) fn note(&self, tenant: TenantId, quuid: &str) {
        let mut noted = self.noted();
        let hosts = noted.entry(tenant).or_default();
        if !hosts.contains(quuid) {
            hosts.insert(quuid.into());
        }
    }

    /// Writes what was noted. Blocks; not for an asynchronous thread.
    pub(crate) fn save(&self, directory: &Directory, writer: &Writer) {
        let noted = std::mem::take(&mut *self.noted());
        for (tenant, hosts) in noted {
            let Some(state) = directory.tenant(tenant) else { continue };
            for contacts in contacts(&state, hosts).chunks(TOGETHER) {
                let write = Write::new(tenant, Change::Contacts(contacts.to_vec()));
                if let Err(error) = writer.write_blocking(write) {
                    tracing::warn!(%error, "contacts with hosts could not be written; they are tried again");
                    contacts.iter().for_each(|contact| self.note(tenant, &contact.quuid));
                }
            }
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The latest contacts with hosts, in the order of the store; without hosts that are gone.
fn contacts(state: &TenantState, hosts: HashSet<Box<str>>) -> Vec<HostContact> {
    let snapshot = state.accounts.snapshot();
    let contact = |quuid: Box<str>| {
        let contact = &snapshot.host(&quuid)?.state().contact;
        let (last_report, updated) = (contact.last_report(), contact.updated());
        Some(HostContact { quuid: quuid.into(), last_report, updated })
    };
    let mut contacts: Vec<_> = hosts.into_iter().filter_map(contact).collect();
    contacts.sort_unstable_by(|a, b| a.quuid.cmp(&b.quuid));
    contacts
}
