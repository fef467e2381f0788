//! Rules of the host itself: its id and what its accounts share.

use std::net::IpAddr;

use uuid::Uuid;

use crate::{
    Contact, Host, HostState, Millis,
    facts::{HostFacts, HostReport, Os},
};

/// Namespace of host ids made from machine ids. Fixed for ever: another one would give every host a new id.
pub const QUUID_NAMESPACE: Uuid = Uuid::from_u128(0x5c0e_1f6a_94d7_4b0b_8e53_a1d2_c7f0_6b39);

/// The host id: the given one, else UUIDv5 of the machine id (32 lower-case hexadecimal digits) in
/// [`QUUID_NAMESPACE`]. `None` when there is neither. The machine id itself is confidential (machine-id(5) asks not to
/// show it), its hash is not.
pub fn quuid(host: &HostFacts) -> Option<String> {
    if let Some(given) = host.quuid.as_deref().map(str::trim).filter(|given| !given.is_empty()) {
        return Some(given.to_owned());
    }
    let id = host.machine_id.trim().to_ascii_lowercase();
    let usable = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && id.bytes().any(|b| b != b'0');
    usable.then(|| Uuid::new_v5(&QUUID_NAMESPACE, id.as_bytes()).hyphenated().to_string())
}

/// Namespace of agent ids. Fixed for ever, as [`QUUID_NAMESPACE`].
pub const UUID_NAMESPACE: Uuid = Uuid::from_u128(0x9b1d_37e8_2c54_4fa6_a07e_65f3_0d9c_81b4);

/// The agent id of the vendor's lists: UUIDv5 of the host id in [`UUID_NAMESPACE`]. Every host has one, with an agent
/// or without, and the same one in every tenant and for ever.
pub fn uuid(quuid: &str) -> String {
    Uuid::new_v5(&UUID_NAMESPACE, quuid.as_bytes()).hyphenated().to_string()
}

/// A host as its last report shows it, without digest. `first` is when the host was first heard of, `received` when
/// the report arrived.
pub fn host_state(report: &HostReport, quuid: &str, first: Millis, received: Millis) -> HostState {
    let problems = report.sections.iter().filter(|(_, section)| !section.evidence.is_complete());
    HostState {
        host: host(report, quuid),
        first_report: first,
        contact: Contact::new(received, updated(report.collected_at, received)),
        privilege: report.host.privilege,
        problems: problems.map(|(name, section)| (name.clone(), section.evidence)).collect(),
        resources: super::resources(&report.host, updated(report.collected_at, received)),
        digest: [0; 16],
    }
}

/// When a report was collected, never after its arrival: clocks of hosts go wrong.
pub fn updated(collected_at: Millis, received: Millis) -> Millis {
    if collected_at > 0 { collected_at.min(received) } else { received }
}

/// What the accounts of a host share.
pub fn host(report: &HostReport, quuid: &str) -> Host {
    let facts = &report.host;
    let network_type = facts.network_type.filter(|kind| (1..=3).contains(kind)).unwrap_or(3);
    let first = |wanted: fn(&IpAddr) -> bool| {
        let addresses = facts.addresses.iter().filter_map(|address| address.ip.parse::<IpAddr>().ok());
        // IPv4 first: that is what the vendor's fields hold.
        let (four, six): (Vec<_>, Vec<_>) = addresses.filter(wanted).partition(IpAddr::is_ipv4);
        four.first().or(six.first()).map(IpAddr::to_string).unwrap_or_default()
    };
    Host {
        quuid: quuid.to_owned(),
        uuid: uuid(quuid),
        name: facts.hostname.clone(),
        private_ip: first(is_private),
        wan_ip: first(is_public),
        instance_id: facts.instance_id.clone().unwrap_or_default(),
        network_type,
        network_name: facts.network_name.clone().unwrap_or_default(),
        windows: facts.os == Os::Windows,
        os_info: os_info(facts),
    }
}

fn os_info(facts: &HostFacts) -> String {
    if facts.os_name.is_empty() {
        format!("{} {}", facts.os_id, facts.os_version).trim().to_owned()
    } else {
        facts.os_name.clone()
    }
}

/// RFC 1918, RFC 6598 (carrier-grade NAT) and RFC 4193 addresses.
fn is_private(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_private() || (v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1])),
        IpAddr::V6(v6) => v6.is_unique_local(),
    }
}

fn is_public(ip: &IpAddr) -> bool {
    let special = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.is_documentation(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some(),
    };
    !(is_private(ip) || special || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}
