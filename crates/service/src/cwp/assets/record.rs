//! The resources of one host as the wire shows them. Sizes are in GB of 2^30 bytes, rounded, at least 1 when there is
//! any; 0 and empty text are unknown.

use model::facts::{CardFacts, DiskFacts, HostFacts, UsageFacts};
use model::{HostState, Millis, rules};
use wire::cwp::{
    AssetDiskPartitionInfo, AssetMachineBaseInfo, AssetMachineDetail, AssetNetworkCardInfo, MachineTag,
};

use super::load::cpu_class;
use crate::cwp::Printer;
use crate::cwp::record::extra;

/// Tenths of a percent as percent: `62.5`; empty when unknown.
pub(super) fn percent(tenths: Option<u32>) -> String {
    tenths.map(|tenths| format!("{}.{}", tenths / 10, tenths % 10)).unwrap_or_default()
}

/// MiB as GB.
fn gigabytes(mebibytes: Option<u32>) -> u64 {
    mebibytes.filter(|size| *size > 0).map_or(0, |size| ((u64::from(size) + 512) / 1024).max(1))
}

fn bytes_as_gigabytes(bytes: u64) -> u64 {
    gigabytes(Some(u32::try_from(bytes >> 20).unwrap_or(u32::MAX)))
}

/// When the resources of a host were last looked at.
fn looked_at(state: &HostState) -> Millis {
    match state.resources.usage.at {
        0 => state.contact.updated(),
        at => at,
    }
}

/// The record of the list. `cpu` is the model of the processors.
pub(super) fn base<'a>(
    printer: &Printer<'_>,
    state: &'a HostState,
    cpu: String,
    tag: Vec<MachineTag<'a>>,
) -> AssetMachineBaseInfo<'a> {
    let (host, has) = (&state.host, &state.resources);
    AssetMachineBaseInfo {
        quuid: host.quuid.as_str().into(),
        uuid: host.uuid.as_str().into(),
        machine_ip: host.private_ip.as_str().into(),
        machine_name: host.name.as_str().into(),
        os_info: host.os_info.as_str().into(),
        cpu: cpu.into(),
        mem_size: gigabytes(has.memory),
        mem_load: percent(has.usage.memory.map(u32::from)).into(),
        disk_size: gigabytes(has.disk),
        disk_load: percent(has.usage.disk.map(u32::from)).into(),
        partition_count: has.partitions.unwrap_or(0).into(),
        machine_wan_ip: host.wan_ip.as_str().into(),
        project_id: 0,
        cpu_size: has.cpus.unwrap_or(0).into(),
        cpu_load: percent(has.cpu_load()).into(),
        tag,
        update_time: printer.millis(looked_at(state)).into(),
        is_new: printer.is_new(state.first_report).into(),
        first_time: printer.millis(state.first_report).into(),
        machine_extra_info: Some(extra(host)),
        cpu_load_num: load_number(has.usage.load).into(),
    }
}

/// A load average: `0.52`; empty when unknown.
fn load_number(hundredths: Option<u32>) -> String {
    hundredths.map(|load| format!("{}.{:02}", load / 100, load % 100)).unwrap_or_default()
}

/// The full record.
pub(super) fn detail<'a>(
    printer: &Printer<'_>,
    state: &'a HostState,
    facts: &'a HostFacts,
    agent: &'a str,
    online: bool,
) -> AssetMachineDetail<'a> {
    let (host, has, machine) = (&state.host, &state.resources, &facts.machine);
    let base = base(printer, state, machine.cpu_model.clone(), Vec::new());
    let contact = printer.millis(state.contact.last_report());
    AssetMachineDetail {
        quuid: base.quuid,
        uuid: base.uuid,
        machine_ip: base.machine_ip,
        machine_name: base.machine_name,
        os_info: base.os_info,
        cpu: base.cpu,
        mem_size: base.mem_size,
        mem_load: base.mem_load,
        disk_size: base.disk_size,
        disk_load: base.disk_load,
        partition_count: base.partition_count,
        machine_wan_ip: base.machine_wan_ip,
        cpu_size: base.cpu_size,
        cpu_load: base.cpu_load,
        risk_status: "UNKNOW".into(),
        core_version: machine.kernel.as_str().into(),
        os_type: if host.windows { "Windows" } else { "Linux" }.into(),
        agent_version: agent.into(),
        boot_time: printer.last_login(facts.usage.booted).into(),
        offline_time: if online { String::new() } else { contact.clone() }.into(),
        last_live_time: contact.into(),
        producer: machine.vendor.as_str().into(),
        serial_number: machine.serial.as_str().into(),
        net_cards: machine.cards.iter().map(card).collect(),
        disks: machine.disks.iter().map(|disk| partition(disk, &facts.usage)).collect(),
        status: u64::from(!online),
        device_version: machine.product.as_str().into(),
        instance_id: host.instance_id.as_str().into(),
        update_time: base.update_time,
        machine_extra_info: base.machine_extra_info,
        cpu_load_vul: ["", "low", "medium", "high"]
            .get(cpu_class(has.cpu_load()))
            .copied()
            .unwrap_or("")
            .into(),
        first_time: base.first_time,
        // Editions and their days are the vendor's cloud's; when an agent was installed is not known.
        ..AssetMachineDetail::default()
    }
}

/// A network card.
fn card(card: &CardFacts) -> AssetNetworkCardInfo<'_> {
    AssetNetworkCardInfo {
        name: card.name.as_str().into(),
        ip: card.ipv4.as_str().into(),
        gate_way: card.gateway.as_str().into(),
        mac: card.mac.as_str().into(),
        ipv6: card.ipv6.as_str().into(),
        dns_server: card.dns.join(",").into(),
    }
}

/// A file system.
pub(super) fn partition<'a>(disk: &'a DiskFacts, usage: &UsageFacts) -> AssetDiskPartitionInfo<'a> {
    let used = usage.used(&disk.mount);
    AssetDiskPartitionInfo {
        name: disk.device.as_str().into(),
        size: bytes_as_gigabytes(disk.size.unwrap_or(0)),
        percent: rules::share(used, disk.size).map_or(0.0, |tenths| f64::from(tenths) / 10.0),
        r#type: disk.file_system.as_str().into(),
        path: disk.mount.as_str().into(),
        used: bytes_as_gigabytes(used.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares() {
        assert_eq!(
            [None, Some(0), Some(1), Some(512), Some(15_950), Some(1536)].map(gigabytes),
            [0, 0, 1, 1, 16, 2]
        );
        assert_eq!(
            (percent(Some(625)), percent(Some(1000)), percent(None)),
            ("62.5".into(), "100.0".into(), String::new())
        );
        assert_eq!(
            (load_number(Some(378)), load_number(Some(5)), load_number(None)),
            ("3.78".into(), "0.05".into(), String::new())
        );
        assert_eq!(bytes_as_gigabytes(u64::MAX), 4_194_304);
    }
}
