//! What operators note about hosts: tags and remarks; and what is kept of hosts beside their reports: daily counts and
//! those that were cleared away.

use crate::{Day, Millis};

/// A tag of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub id: u64,
    /// Its name, unique in the tenant.
    pub name: String,
}

/// A tag on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostTag {
    /// Number of this relation.
    pub id: u64,
    /// The tag.
    pub tag: u64,
    /// The host.
    pub quuid: String,
}

/// All that operators noted about the hosts of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Tags by number.
    pub tags: Vec<Tag>,
    /// Which host has which, by number.
    pub host_tags: Vec<HostTag>,
    /// Remarks by host.
    pub remarks: Vec<(String, String)>,
    /// After how many days without contact a host is cleared away; 0 is never.
    pub clear_after_days: u32,
}

/// A change of tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagsChanged {
    /// Tags that are new or have another name.
    pub put: Vec<Tag>,
    /// Tags that are gone, and from every host.
    pub gone: Vec<u64>,
    /// What was taken off hosts.
    pub detached: Vec<HostTag>,
    /// What was put on hosts, after that.
    pub attached: Vec<HostTag>,
}

/// A host that was cleared away because it had not been heard of for long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClearedHost {
    /// Number of the entry.
    pub id: u64,
    /// Host id.
    pub quuid: String,
    /// Its name.
    pub name: String,
    /// Its id in a cloud; empty when none is known.
    pub instance_id: String,
    /// Its public address; empty when none is known.
    pub wan_ip: String,
    /// Its private address; empty when none is known.
    pub private_ip: String,
    /// The last contact with it.
    pub last_report: Millis,
    /// When it was cleared away.
    pub cleared: Millis,
}

/// How many hosts there were on a day, as last counted on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostDay {
    /// The day in the server's zone, as days since 1970-01-01.
    pub day: Day,
    /// All hosts.
    pub hosts: u64,
    /// Those in contact when they were counted.
    pub online: u64,
}
