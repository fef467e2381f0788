//! The resources of a host in a few dozen bytes: what lists of machines filter, order and count by. The full facts
//! stay in the store.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// What a host has and how busy it was. `None` is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Processors the system schedules on.
    pub cpus: Option<u16>,
    /// Mounted file systems.
    pub partitions: Option<u16>,
    /// Memory in MiB.
    pub memory: Option<u32>,
    /// All file systems together in MiB.
    pub disk: Option<u32>,
    /// How busy it was.
    pub usage: Usage,
}

/// How busy a host was at an instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// When it was looked at; 0 never.
    pub at: Millis,
    /// Load average over one minute in hundredths.
    pub load: Option<u32>,
    /// Memory in use, in tenths of a percent.
    pub memory: Option<u16>,
    /// Space in use on all file systems together, in tenths of a percent.
    pub disk: Option<u16>,
}

impl Resources {
    /// Load average over one minute for each processor, in tenths of a percent: 1000 when every processor has one
    /// program to run.
    pub fn cpu_load(&self) -> Option<u32> {
        let (load, cpus) = (self.usage.load?, self.cpus.filter(|cpus| *cpus > 0)?);
        Some(u32::try_from(u64::from(load) * 10 / u64::from(cpus)).unwrap_or(u32::MAX))
    }
}
