//! Classes of loads, how many hosts are in each, and the busiest hosts.

use std::sync::Arc;

use model::{HostState, Resources};
use roster::AccountsSnapshot;
use wire::cwp::{
    AssetLoadDetail, AssetLoadSummary, DescribeAssetLoadInfoRequest, DescribeAssetLoadInfoResponse,
};
use wire::{Body, Error};

use super::record::percent;
use crate::{Caller, Service};

/// How many of the busiest hosts are named.
const TOP: usize = 5;
/// Classes of processor loads: unknown, low, medium, high.
const CPU_CLASSES: usize = 4;
/// Classes of shares: unknown, up to 20, 50, 80 and 100 percent.
const SHARE_CLASSES: usize = 5;

/// The class of a load of processors in tenths of a percent: 0 unknown, 1 low (up to half of the processors busy),
/// 2 medium (up to 80 %), 3 high. The vendor does not say where its bounds are.
pub(super) fn cpu_class(load: Option<u32>) -> usize {
    match load {
        None => 0,
        Some(0..=500) => 1,
        Some(501..=800) => 2,
        Some(_) => 3,
    }
}

/// The class of a share in tenths of a percent: 0 unknown, 1 up to 20 %, 2 up to 50 %, 3 up to 80 %, 4 above.
pub(super) fn share_class(share: Option<u16>) -> usize {
    match share {
        None => 0,
        Some(0..=200) => 1,
        Some(201..=500) => 2,
        Some(501..=800) => 3,
        Some(_) => 4,
    }
}

/// Answers DescribeAssetLoadInfo.
///
/// # Errors
/// None of its own.
pub async fn load(
    service: &Arc<Service>,
    caller: &Caller,
    _request: DescribeAssetLoadInfoRequest,
) -> Result<Body, Error> {
    let snapshot = service.tenant(caller)?.accounts.snapshot();
    let cpu = |has: &Resources| has.cpu_load();
    let memory = |has: &Resources| has.usage.memory.map(u32::from);
    let disk = |has: &Resources| has.usage.disk.map(u32::from);
    let share = |load: Option<u32>| share_class(load.and_then(|load| u16::try_from(load).ok()));
    Body::new(&DescribeAssetLoadInfoResponse {
        cpu_load: Some(summary(&snapshot, CPU_CLASSES, cpu, cpu_class)),
        mem_load: Some(summary(&snapshot, SHARE_CLASSES, memory, share)),
        disk_load: Some(summary(&snapshot, SHARE_CLASSES, disk, share)),
    })
}

fn summary<'s>(
    snapshot: &'s AccountsSnapshot,
    classes: usize,
    load: fn(&Resources) -> Option<u32>,
    class: fn(Option<u32>) -> usize,
) -> AssetLoadSummary<'s> {
    let mut counts = vec![0; classes];
    let mut top: Vec<(u32, &HostState)> = Vec::with_capacity(TOP + 1);
    for state in snapshot.hosts().map(|host| host.state()) {
        let load = load(&state.resources);
        if let Some(count) = counts.get_mut(class(load)) {
            *count += 1;
        }
        let Some(load) = load else { continue };
        if top.len() == TOP && top.last().is_some_and(|(least, _)| load < *least) {
            continue;
        }
        // Of equals the one with the smaller id comes first, so that the answer is always the same.
        let place = top.partition_point(|(other, host)| {
            *other > load || (*other == load && host.host.quuid < state.host.quuid)
        });
        top.insert(place, (load, state));
        top.truncate(TOP);
    }
    AssetLoadSummary { counts, top5: top.into_iter().map(|(load, state)| busy(load, state)).collect() }
}

fn busy(load: u32, state: &HostState) -> AssetLoadDetail<'_> {
    AssetLoadDetail {
        machine_name: state.host.name.as_str().into(),
        desc: percent(Some(load)).into(),
        value: f64::from(load) / 10.0,
        quuid: state.host.quuid.as_str().into(),
        uuid: state.host.uuid.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_classes() {
        assert_eq!(
            [None, Some(0), Some(500), Some(501), Some(800), Some(801)].map(cpu_class),
            [0, 1, 1, 2, 2, 3]
        );
        let shares = [None, Some(200), Some(201), Some(500), Some(501), Some(800), Some(801), Some(1000)];
        assert_eq!(shares.map(share_class), [0, 1, 2, 2, 3, 3, 4, 4]);
    }
}
