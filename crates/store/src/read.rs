//! What can be read back: everything the rosters are built from at the start, and the few things they do not keep.

use model::facts::{AccountFacts, HostFacts};
use model::{
    AccountView, Agent, ClearedHost, Credential, Day, EnrolmentToken, ExportTask, HostDay, HostEntry,
    HostRecord, HostState, Labels, Millis, Person, Scan, Tenant, TenantId,
};

use crate::{Kinds, StoreError};

/// How much a tenant has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// People.
    pub people: u64,
    /// Hosts.
    pub hosts: u64,
    /// API keys.
    pub credentials: u64,
    /// Export tasks, ended ones included.
    pub tasks: u64,
    /// Audit entries.
    pub audit: u64,
}

/// One entry of the audit trail of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// 1, 2, 3, … without gaps within the tenant.
    pub seq: u64,
    /// When the change was committed.
    pub at: Millis,
    /// What the caller said of it.
    pub entry: crate::Audit,
}

/// A change of one account.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountEvent {
    /// Its number in the tenant; later ones have larger numbers.
    pub seq: u64,
    /// Host.
    pub quuid: String,
    /// Account name.
    pub name: String,
    /// When the report that showed it arrived.
    pub at: Millis,
    /// What changed.
    pub kinds: Kinds,
    /// When the account was first seen.
    pub first_seen: Millis,
    /// Facts before; `None` for a new account and for one that vanished after it had been absent from incomplete lists.
    pub before: Option<AccountFacts>,
    /// Facts after; `None` for one that vanished.
    pub after: Option<AccountFacts>,
    /// Digest of the report that showed it; for the removal of a host, of its last report. Zero when not known.
    pub digest: [u8; 16],
}

/// Which events; what is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this host.
    pub quuid: Option<String>,
    /// Of accounts with any of these names; empty is all.
    pub names: Vec<String>,
    /// Parts of names will do.
    pub parts: bool,
    /// With any of these kinds; empty is all.
    pub kinds: Kinds,
    /// Not before this instant.
    pub from: Option<Millis>,
    /// Not after this instant.
    pub until: Option<Millis>,
}

/// A share of many rows, so that several connections can read them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which of the shares, from 0.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Share {
    /// Everything.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// The numbers above the first and up to the second bound, where about `highest` numbers, from 1, are shared.
    /// The shares together have all numbers.
    pub(crate) fn bounds(self, highest: u64) -> (i64, i64) {
        let before = |number: u32| {
            let part = i128::from(highest) * i128::from(number) / i128::from(self.of.max(1));
            i64::try_from(part).unwrap_or(i64::MAX)
        };
        let low = if self.number == 0 { i64::MIN } else { before(self.number) };
        let high = if self.number.saturating_add(1) >= self.of { i64::MAX } else { before(self.number + 1) };
        (low, high)
    }
}

/// Reading. Each call sees one state between two committed groups; two calls may see two states.
///
/// `&mut self` because a connection serves one question at a time.
pub trait Reader {
    /// All tenants, by id.
    fn tenants(&mut self) -> Result<Vec<Tenant>, StoreError>;

    /// Id of the root node of the organisation tree; `None` when there is no such tenant.
    fn root_org_node(&mut self, tenant: TenantId) -> Result<Option<String>, StoreError>;

    /// Every person of a share of the tenant's, in the order of creation, without the password hash. The shares are
    /// those of one state only while nobody writes.
    fn each_person(
        &mut self,
        tenant: TenantId,
        share: Share,
        each: &mut dyn FnMut(Person),
    ) -> Result<(), StoreError>;

    /// Every host of the tenant with its accounts, as the rules made them of the last report; in order of arrival.
    fn each_host(
        &mut self,
        tenant: TenantId,
        each: &mut dyn FnMut(HostState, &[AccountView<'_>]),
    ) -> Result<(), StoreError>;

    /// All that is remembered of one host, its facts included.
    fn host(&mut self, tenant: TenantId, quuid: &str) -> Result<Option<HostRecord>, StoreError>;

    /// Tags and remarks of the tenant's hosts, and when a silent host is cleared away.
    fn labels(&mut self, tenant: TenantId) -> Result<Labels, StoreError>;

    /// Hosts that were cleared away, oldest first.
    fn cleared(&mut self, tenant: TenantId) -> Result<Vec<ClearedHost>, StoreError>;

    /// The days from `first` to `last` on which hosts were counted, in order.
    fn host_days(&mut self, tenant: TenantId, first: Day, last: Day) -> Result<Vec<HostDay>, StoreError>;

    /// The facts of hosts themselves, without their accounts, in the order asked for; `None` for a host that is not
    /// known.
    fn host_facts(&mut self, tenant: TenantId, quuids: &[&str])
    -> Result<Vec<Option<HostFacts>>, StoreError>;

    /// API keys of all tenants, by tenant and id.
    fn credentials(&mut self) -> Result<Vec<Credential>, StoreError>;

    /// Export tasks of all tenants, by id.
    fn tasks(&mut self) -> Result<Vec<ExportTask>, StoreError>;

    /// Enrolment tokens of all tenants, by tenant and id.
    fn enrolment_tokens(&mut self) -> Result<Vec<EnrolmentToken>, StoreError>;

    /// Agents of all tenants, by tenant and number.
    fn agents(&mut self) -> Result<Vec<Agent>, StoreError>;

    /// Scans of all tenants that are remembered, by number.
    fn scans(&mut self) -> Result<Vec<Scan>, StoreError>;

    /// Events of accounts, newest first, and how many there are in all.
    fn events(
        &mut self,
        tenant: TenantId,
        filter: &EventFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<AccountEvent>, u64), StoreError>;

    /// From when on states of the past can be made again.
    fn history_from(&mut self, tenant: TenantId) -> Result<Millis, StoreError>;

    /// A host at an instant, accounts by name, made from the present back; `None` when it was not there. Its contact
    /// is the last one of that state, or the instant when that is earlier.
    fn host_at(&mut self, tenant: TenantId, quuid: &str, at: Millis)
    -> Result<Option<HostEntry>, StoreError>;

    /// The same, with the facts of one of its accounts; without them where the account was not there.
    fn account_at(
        &mut self,
        tenant: TenantId,
        quuid: &str,
        name: &str,
        at: Millis,
    ) -> Result<Option<(HostEntry, Option<AccountFacts>)>, StoreError>;

    /// [`host_at`](Self::host_at) made from the oldest known state on.
    fn host_rebuilt(
        &mut self,
        tenant: TenantId,
        quuid: &str,
        at: Millis,
    ) -> Result<Option<HostEntry>, StoreError>;

    /// The oldest state of a host that can be made again; `None` when nothing is known of it.
    fn oldest(&mut self, tenant: TenantId, quuid: &str) -> Result<Option<HostEntry>, StoreError>;

    /// Every host that changed after an instant, as it was then; without the host where it was not there. All others
    /// are as they were, or were first heard of later.
    fn each_changed(
        &mut self,
        tenant: TenantId,
        at: Millis,
        each: &mut dyn FnMut(String, Option<HostEntry>),
    ) -> Result<(), StoreError>;

    /// Ids of the hosts that were removed and whose history is kept.
    fn removed_hosts(&mut self, tenant: TenantId) -> Result<Vec<String>, StoreError>;

    /// Password hash (PHC form) of a person; `None` when there is none or no such person.
    fn person_password_hash(&mut self, tenant: TenantId, id: &str) -> Result<Option<String>, StoreError>;

    /// Grows with each committed group that changed something of the tenant; 0 when there is no such tenant.
    fn change_seq(&mut self, tenant: TenantId) -> Result<u64, StoreError>;

    /// How much the tenant has; all 0 when there is no such tenant.
    fn counts(&mut self, tenant: TenantId) -> Result<Counts, StoreError>;

    /// Entries of the audit trail with a sequence number above `after`, oldest first, at most `limit`.
    fn audit(&mut self, tenant: TenantId, after: u64, limit: u64) -> Result<Vec<AuditRecord>, StoreError>;
}
