//! Addresses of the running system's interfaces.

use ipnet::IpNet;
use model::facts::{Address, Evidence, Limits, Section};

/// An address of an interface with its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Name of the interface.
    pub name: String,
    /// Address and prefix length.
    pub net: IpNet,
}

impl Interface {
    /// As a fact.
    pub fn fact(&self) -> Address {
        Address { ip: self.net.addr().to_string(), interface: self.name.clone() }
    }
}

/// Addresses in the order of the interfaces; loopback and IPv6 link-local ones left out, since they name no host.
pub fn read() -> (Vec<Interface>, Section) {
    let interfaces = match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces,
        Err(error) => {
            let notes = vec![format!("addresses: {error}")];
            return (Vec::new(), Section { evidence: Evidence::Denied, notes });
        }
    };
    let mut found: Vec<Interface> = Vec::new();
    for interface in interfaces {
        let ip = interface.ip();
        let link_local = matches!(ip, std::net::IpAddr::V6(v6) if v6.is_unicast_link_local());
        let prefix = match &interface.addr {
            if_addrs::IfAddr::V4(v4) => v4.prefixlen,
            if_addrs::IfAddr::V6(v6) => v6.prefixlen,
        };
        let Ok(net) = IpNet::new(ip, prefix) else { continue };
        let address = Interface { name: interface.name, net };
        if !ip.is_loopback() && !link_local && found.len() < Limits::ADDRESSES && !found.contains(&address) {
            found.push(address);
        }
    }
    (found, Section { evidence: Evidence::Ok, notes: Vec::new() })
}
