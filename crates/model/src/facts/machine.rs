//! Facts of the machine below the operating system: processors, memory, file systems, network cards, firmware.
//! Nothing here says anything about accounts. What moves from look to look ([`UsageFacts`]) is kept apart from what
//! stays ([`MachineFacts`]), because only the latter makes a report a changed one.

use serde::{Deserialize, Serialize};

use super::{HostReport, Limits, is_default};
use crate::Millis;

/// What a machine is made of. Empty text, `None` and an empty list are unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineFacts {
    /// Model of the processors.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu_model: String,
    /// Processors the system schedules on (hardware threads).
    #[serde(skip_serializing_if = "is_default")]
    pub cpus: Option<u32>,
    /// Physical cores.
    #[serde(skip_serializing_if = "is_default")]
    pub cores: Option<u32>,
    /// Processor packages.
    #[serde(skip_serializing_if = "is_default")]
    pub sockets: Option<u32>,
    /// Memory in bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub memory: Option<u64>,
    /// Kernel release.
    #[serde(skip_serializing_if = "is_default")]
    pub kernel: String,
    /// Manufacturer of the machine.
    #[serde(skip_serializing_if = "is_default")]
    pub vendor: String,
    /// Model of the machine.
    #[serde(skip_serializing_if = "is_default")]
    pub product: String,
    /// Serial number of the machine.
    #[serde(skip_serializing_if = "is_default")]
    pub serial: String,
    /// Maker and version of the firmware.
    #[serde(skip_serializing_if = "is_default")]
    pub bios: String,
    /// Mounted file systems of local devices.
    #[serde(skip_serializing_if = "is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::DISKS }>")]
    pub disks: Vec<DiskFacts>,
    /// Network cards, loopback left out.
    #[serde(skip_serializing_if = "is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::CARDS }>")]
    pub cards: Vec<CardFacts>,
}

/// A mounted file system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskFacts {
    /// Device or other source.
    pub device: String,
    /// Mount point.
    pub mount: String,
    /// Type of the file system.
    pub file_system: String,
    /// Size in bytes.
    #[serde(skip_serializing_if = "is_default")]
    pub size: Option<u64>,
}

/// A network card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardFacts {
    /// Name of the interface.
    pub name: String,
    /// Hardware address.
    #[serde(skip_serializing_if = "is_default")]
    pub mac: String,
    /// First IPv4 address.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv4: String,
    /// First IPv6 address that is not link-local.
    #[serde(skip_serializing_if = "is_default")]
    pub ipv6: String,
    /// Gateway of the default route through it.
    #[serde(skip_serializing_if = "is_default")]
    pub gateway: String,
    /// Name servers in their order.
    #[serde(skip_serializing_if = "is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::DNS }>")]
    pub dns: Vec<String>,
}

/// How busy a machine was when it was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageFacts {
    /// Load averages over 1, 5 and 15 minutes in hundredths.
    #[serde(skip_serializing_if = "is_default")]
    pub load: Option<[u32; 3]>,
    /// Bytes of memory that are not available to new programs.
    #[serde(skip_serializing_if = "is_default")]
    pub memory_used: Option<u64>,
    /// Used space of file systems.
    #[serde(skip_serializing_if = "is_default")]
    #[serde(deserialize_with = "super::bounded::list::<_, _, { Limits::DISKS }>")]
    pub disks: Vec<DiskUsage>,
    /// When the system was started, in seconds since the epoch. It moves with every adjustment of the clock.
    #[serde(skip_serializing_if = "is_default")]
    pub booted: Option<i64>,
}

/// Used space of one file system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskUsage {
    /// Mount point.
    pub mount: String,
    /// Bytes in use.
    pub used: u64,
}

impl UsageFacts {
    /// Bytes in use of the file system mounted there.
    pub fn used(&self, mount: &str) -> Option<u64> {
        self.disks.iter().find(|disk| disk.mount == mount).map(|disk| disk.used)
    }
}

/// What is different in two reports of a host on which nothing has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// When it was collected.
    pub collected_at: Millis,
    /// How busy it was.
    pub usage: UsageFacts,
}

impl HostReport {
    /// Takes out what no digest may cover. What is left is equal for two reports of a host on which nothing has
    /// changed.
    pub fn take_moment(&mut self) -> Moment {
        Moment {
            collected_at: std::mem::take(&mut self.collected_at),
            usage: std::mem::take(&mut self.host.usage),
        }
    }

    /// Puts it back.
    pub fn put_moment(&mut self, moment: Moment) {
        self.collected_at = moment.collected_at;
        self.host.usage = moment.usage;
    }
}
