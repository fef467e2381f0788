//! One host as machine lists show it. What only the vendor's cloud knows (editions, payments, risks) answers the
//! documented neutral value.

use model::HostState;
use wire::cwp::{Machine, MachineExtraInfo, MachineSimple, MachineTag, RegionInfo};

use super::Beside;
use super::filter::Finder;
use crate::labels::Labels;

/// Zone type of every host: outside the vendor's cloud.
pub(crate) const KIND: &str = "Other";
/// Region of every host.
pub(crate) const REGION: &str = "ap-others";
/// Edition of every host: the one that costs nothing and promises nothing.
pub(crate) const BASIC: &str = "BASIC_VERSION";

/// The one region.
pub(crate) fn region() -> RegionInfo<'static> {
    RegionInfo {
        region: REGION.into(),
        region_name: "其他".into(),
        region_id: 0,
        region_code: "others".into(),
        region_name_en: "Others".into(),
    }
}

/// The number of an operating system: always the same for the same name (FNV-1a of 32 bits, without the sign).
pub(crate) fn os_number(name: &str) -> u64 {
    let mix = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    u64::from(name.bytes().fold(0x811c_9dc5, mix) & 0x7fff_ffff)
}

/// ONLINE or OFFLINE.
pub(crate) fn status(online: bool) -> &'static str {
    if online { "ONLINE" } else { "OFFLINE" }
}

/// The tags of a host.
pub(crate) fn tags<'a>(labels: &'a Labels, quuid: &str) -> Vec<MachineTag<'a>> {
    let tag = |tag: crate::labels::Attached<'a>| MachineTag {
        rid: i64::try_from(tag.id).unwrap_or(i64::MAX),
        name: tag.name.into(),
        tag_id: tag.tag,
    };
    labels.of_host(quuid).map(tag).collect()
}

/// The full record of a list.
pub(crate) fn machine<'a>(
    state: &'a HostState,
    beside: &'a Beside,
    labels: &'a Labels,
    finder: &Finder,
) -> Machine<'a> {
    let (host, online) = (&state.host, finder.online(state));
    Machine {
        machine_name: host.name.as_str().into(),
        machine_os: host.os_info.as_str().into(),
        machine_status: status(online).into(),
        agent_status: status(online).into(),
        // What is not in contact may be stopped or only unreachable.
        instance_status: if online { "RUNNING" } else { "" }.into(),
        uuid: host.uuid.as_str().into(),
        quuid: host.quuid.as_str().into(),
        machine_ip: host.private_ip.as_str().into(),
        machine_wan_ip: host.wan_ip.as_str().into(),
        tag: tags(labels, &host.quuid),
        security_status: "UNKNOWN".into(),
        region_info: Some(region()),
        instance_state: "NORMAL".into(),
        machine_type: KIND.into(),
        protect_type: BASIC.into(),
        is_added_on_the_fifteen: finder.is_new(state).into(),
        ip_list: addresses(state).into(),
        vpc_id: if host.network_type == 1 { host.network_name.as_str() } else { "" }.into(),
        machine_extra_info: Some(extra(state)),
        instance_id: host.instance_id.as_str().into(),
        remark: labels.remark_of(&host.quuid).into(),
        kernel_version: beside.kernel.as_str().into(),
        agent_version: beside.agent_version().into(),
        has_asset_scan: beside.has_scan(),
        ..Machine::default()
    }
}

/// The short record of a list.
pub(crate) fn simple<'a>(state: &'a HostState, beside: &'a Beside, labels: &'a Labels) -> MachineSimple<'a> {
    let host = &state.host;
    MachineSimple {
        machine_name: host.name.as_str().into(),
        machine_os: host.os_info.as_str().into(),
        uuid: host.uuid.as_str().into(),
        quuid: host.quuid.as_str().into(),
        machine_ip: host.private_ip.as_str().into(),
        machine_wan_ip: host.wan_ip.as_str().into(),
        tag: tags(labels, &host.quuid),
        region_info: Some(region()),
        instance_state: "NORMAL".into(),
        machine_type: KIND.into(),
        protect_type: BASIC.into(),
        instance_id: host.instance_id.as_str().into(),
        kernel_version: beside.kernel.as_str().into(),
        ..MachineSimple::default()
    }
}

/// The addresses in memory, comma separated.
fn addresses(state: &HostState) -> String {
    let known = [state.host.private_ip.as_str(), state.host.wan_ip.as_str()];
    known.into_iter().filter(|address| !address.is_empty()).collect::<Vec<_>>().join(",")
}

fn extra(state: &HostState) -> MachineExtraInfo<'_> {
    crate::cwp::record::extra(&state.host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_systems_stay() {
        // Never to change: callers keep them.
        assert_eq!(os_number(""), 18_652_613);
        assert_ne!(os_number("Debian 12"), os_number("Debian 13"));
    }
}
