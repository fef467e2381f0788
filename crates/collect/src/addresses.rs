//! Addresses of the running system's interfaces.

use model::facts::{Address, Evidence, Limits, Section};

/// Addresses in the order of the interfaces; loopback and IPv6 link-local ones left out, since they name no host.
pub fn read() -> (Vec<Address>, Section) {
    let interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            let notes = vec![format!("addresses: {error}")];
            return (Vec::new(), Section { evidence: Evidence::Denied, notes });
        }
    };
    let mut found: Vec<Address> = Vec::new();
    for interface in interfaces {
        let ip = interface.ip();
        let link_local = matches!(ip, std::net::IpAddr::V6(v6) if v6.is_unicast_link_local());
        let address = Address { ip: ip.to_string(), interface: interface.name };
        if !ip.is_loopback() && !link_local && found.len() < Limits::ADDRESSES && !found.contains(&address) {
            found.push(address);
        }
    }
    (found, Section { evidence: Evidence::Ok, notes: Vec::new() })
}
