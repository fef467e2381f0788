//! A host and what is remembered of it: the last report and when each account was first seen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::facts::{Evidence, HostReport, Privilege};
use crate::{Account, Millis, Resources};

/// What every account of a host shares in lists and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Host id (UUID text), key of the host in its tenant.
    pub quuid: String,
    /// Id of the agent in the vendor's lists, made from the host id.
    pub uuid: String,
    /// Host name.
    pub name: String,
    /// First private address; empty when none is known.
    pub private_ip: String,
    /// First public address; empty when none is known.
    pub wan_ip: String,
    /// Instance id given by a cloud; empty when none is known.
    pub instance_id: String,
    /// 1 VPC, 2 classic network, 3 outside the cloud.
    pub network_type: u8,
    /// Network name; empty when none is known.
    pub network_name: String,
    /// Windows instead of Linux.
    pub windows: bool,
    /// Pretty name of the operating system.
    pub os_info: String,
}

/// The last contact with a host. It moves with every report, also with one that brings nothing new, so it is the one
/// thing that is not copied to be changed: whoever holds a host sees its latest contact.
#[derive(Debug, Default)]
pub struct Contact {
    last_report: AtomicI64,
    updated: AtomicI64,
}

impl Contact {
    /// A contact: `last_report` and `updated` as the methods of these names give them back.
    pub fn new(last_report: Millis, updated: Millis) -> Self {
        Self { last_report: last_report.into(), updated: updated.into() }
    }

    /// When the last report arrived.
    pub fn last_report(&self) -> Millis {
        self.last_report.load(Ordering::Relaxed)
    }

    /// When the last report was collected, on the host's clock but never after its arrival.
    pub fn updated(&self) -> Millis {
        self.updated.load(Ordering::Relaxed)
    }

    /// Notes a later contact. The two instants are not changed as one: nothing is computed from both.
    pub fn renew(&self, last_report: Millis, updated: Millis) {
        self.last_report.store(last_report, Ordering::Relaxed);
        self.updated.store(updated, Ordering::Relaxed);
    }
}

impl Clone for Contact {
    fn clone(&self) -> Self {
        Self::new(self.last_report(), self.updated())
    }
}

impl PartialEq for Contact {
    fn eq(&self, other: &Self) -> bool {
        (self.last_report(), self.updated()) == (other.last_report(), other.updated())
    }
}

impl Eq for Contact {}

/// A host as it is kept in memory: all but its accounts and the facts they were made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostState {
    /// What its accounts share.
    pub host: Host,
    /// When the host was first heard of.
    pub first_report: Millis,
    /// The last contact with it.
    pub contact: Contact,
    /// Rights the collector had.
    pub privilege: Privilege,
    /// Sections of the last report that were not read whole, with their evidence.
    pub problems: Vec<(String, Evidence)>,
    /// What the machine has and how busy it was, in short.
    pub resources: Resources,
    /// Digest of the last report without its [`Moment`](crate::facts::Moment); all zero when it is not known.
    pub digest: [u8; 16],
}

/// A host with its accounts, made by the rules from what is remembered of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostEntry {
    /// The host.
    pub state: Arc<HostState>,
    /// Its accounts, in any order; names are unique (of several the first counts in lookups, all are listed).
    pub accounts: Vec<Account>,
}

/// All that is remembered of one host; stored as one unit, so that a report replaces it at once or not at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Host id, key in the tenant.
    pub quuid: String,
    /// The last report.
    pub report: HostReport,
    /// When each account of the present set was first seen, by account name.
    pub first_seen: BTreeMap<String, Millis>,
    /// When the host was first heard of.
    pub first_report: Millis,
    /// When the last report arrived.
    pub last_report: Millis,
}
