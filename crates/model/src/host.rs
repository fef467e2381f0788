//! A host and what is remembered of it: the last report, when each account was first seen, and who vanished.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Millis, facts::HostReport};

/// What every account of a host shares in lists and exports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Host {
    /// Host id (UUID text), key of the host in its tenant.
    pub quuid: String,
    /// Id of the agent; empty when no agent is bound.
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
    /// When the last report was collected, on the host's clock but never after its arrival.
    pub updated: Millis,
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

/// An account that a new report no longer has.
#[derive(Debug, Clone, PartialEq)]
pub struct VanishedAccount {
    /// Host.
    pub quuid: String,
    /// Account name.
    pub name: String,
    /// When it was first seen.
    pub first_seen: Millis,
    /// When the report that no longer had it arrived.
    pub vanished: Millis,
    /// The last facts of the account.
    pub facts: crate::facts::AccountFacts,
}
