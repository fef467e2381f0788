//! What facts of a machine come to: totals and shares.

use crate::{
    Millis,
    facts::{DiskFacts, HostFacts, UsageFacts},
    resources::{Resources, Usage},
};

/// The resources of a host in short. `at` is when they were looked at.
pub fn resources(host: &HostFacts, at: Millis) -> Resources {
    let (machine, usage) = (&host.machine, &host.usage);
    let known = *usage != UsageFacts::default();
    Resources {
        cpus: machine.cpus.map(short),
        partitions: (!machine.disks.is_empty()).then(|| short(machine.disks.len())),
        memory: machine.memory.map(mebibytes),
        disk: disk_size(&machine.disks).map(mebibytes),
        usage: Usage {
            at: if known { at } else { 0 },
            load: usage.load.map(|[one, _, _]| one),
            memory: share(usage.memory_used, machine.memory),
            disk: disk_share(&machine.disks, usage),
        },
    }
}

/// Tenths of a percent that `used` is of `size`, at most 1000; `None` when either is unknown or the size is 0.
pub fn share(used: Option<u64>, size: Option<u64>) -> Option<u16> {
    let (used, size) = (used?, size.filter(|size| *size > 0)?);
    let tenths = u128::from(used) * 1000 / u128::from(size);
    Some(u16::try_from(tenths.min(1000)).unwrap_or(1000))
}

/// The share in use of those file systems of which both size and use are known.
fn disk_share(disks: &[DiskFacts], usage: &UsageFacts) -> Option<u16> {
    let known = disks.iter().filter_map(|disk| Some((usage.used(&disk.mount)?, disk.size?)));
    let (used, size) = known
        .fold((0_u64, 0_u64), |(used, size), (u, s)| (used.saturating_add(u.min(s)), size.saturating_add(s)));
    share(Some(used), Some(size))
}

fn disk_size(disks: &[DiskFacts]) -> Option<u64> {
    disks.iter().filter_map(|disk| disk.size).reduce(u64::saturating_add)
}

fn short(number: impl TryInto<u16>) -> u16 {
    number.try_into().unwrap_or(u16::MAX)
}

fn mebibytes(bytes: u64) -> u32 {
    u32::try_from(bytes >> 20).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::{DiskUsage, MachineFacts};

    fn disk(mount: &str, size: Option<u64>) -> DiskFacts {
        DiskFacts { mount: mount.into(), size, ..DiskFacts::default() }
    }

    #[test]
    fn unknown_stays_unknown() {
        assert_eq!(resources(&HostFacts::default(), 5), Resources::default());
        assert_eq!(share(Some(1), Some(0)), None);
        assert_eq!((share(None, Some(1)), share(Some(1), None)), (None, None));
    }

    #[test]
    fn totals_and_shares() {
        let disks = vec![disk("/", Some(100 << 20)), disk("/srv", Some(300 << 20)), disk("/odd", None)];
        let used = |mount: &str, used| DiskUsage { mount: mount.into(), used };
        let host = HostFacts {
            machine: MachineFacts { cpus: Some(4), memory: Some(8 << 30), disks, ..Default::default() },
            usage: UsageFacts {
                load: Some([250, 0, 0]),
                memory_used: Some(2 << 30),
                disks: vec![used("/", 50 << 20), used("/srv", 50 << 20), used("/odd", 7)],
                booted: None,
            },
            ..HostFacts::default()
        };
        let made = resources(&host, 7);
        assert_eq!(
            (made.cpus, made.partitions, made.memory, made.disk),
            (Some(4), Some(3), Some(8192), Some(400))
        );
        assert_eq!(made.usage, Usage { at: 7, load: Some(250), memory: Some(250), disk: Some(250) });
        assert_eq!(made.cpu_load(), Some(625));
    }

    proptest! {
        /// Whatever a host claims, sums hold and shares stay shares.
        #[test]
        fn hostile_numbers(sizes: Vec<Option<u64>>, uses: Vec<u64>, load: [u32; 3], cpus: Option<u32>, memory: Option<u64>) {
            let disks = sizes.iter().enumerate().map(|(n, size)| disk(&n.to_string(), *size)).collect();
            let used = |(n, used): (usize, &u64)| DiskUsage { mount: n.to_string(), used: *used };
            let usage = UsageFacts { load: Some(load), memory_used: uses.first().copied(), disks: uses.iter().enumerate().map(used).collect(), booted: None };
            let machine = MachineFacts { cpus, memory, disks, ..Default::default() };
            let made = resources(&HostFacts { machine, usage, ..HostFacts::default() }, 1);
            prop_assert!(made.usage.memory.unwrap_or(0) <= 1000 && made.usage.disk.unwrap_or(0) <= 1000);
            prop_assert_eq!(made.cpu_load().is_some(), cpus.is_some_and(|c| c > 0));
        }
    }
}
