//! The SYSTEM hive: name of the host, family of the system, last known addresses.

use model::facts::{Address, Limits};

use crate::hive::{Hive, Key};

/// What the hive says; empty is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// Name of the host.
    pub hostname: String,
    /// `Windows` or `Windows Server`.
    pub family: String,
    /// Addresses by hand, or the last ones given by DHCP.
    pub addresses: Vec<Address>,
}

/// Reads the hive; `None` when it has no control set, so it is another hive or a damaged one.
pub fn read(hive: Hive<'_>) -> Option<System> {
    let current = hive.key("Select").ok()??.value("Current").ok()??.number()?;
    let set = hive.root().ok()?.subkey(&format!("ControlSet{current:03}")).ok()??;
    let parameters = at(&set, r"Services\Tcpip\Parameters");
    let computer = text(at(&set, r"Control\ComputerName\ComputerName").as_ref(), "ComputerName");
    let host = ["NV Hostname", "Hostname"].into_iter().find_map(|name| text(parameters.as_ref(), name));
    let kind = text(at(&set, r"Control\ProductOptions").as_ref(), "ProductType");
    Some(System {
        hostname: host.or(computer).unwrap_or_default(),
        family: match kind.as_deref() {
            Some("WinNT") => "Windows".to_owned(),
            Some("ServerNT" | "LanmanNT") => "Windows Server".to_owned(),
            _ => String::new(),
        },
        addresses: parameters.map(|key| addresses(&key)).unwrap_or_default(),
    })
}

/// The key at a path below another one.
fn at<'a>(key: &Key<'a>, path: &str) -> Option<Key<'a>> {
    path.split('\\').try_fold(key.clone(), |key, name| key.subkey(name).ok()?)
}

/// A text that is there and says something.
fn text(key: Option<&Key<'_>>, name: &str) -> Option<String> {
    key?.value(name).ok()??.text().filter(|text| !text.is_empty())
}

/// Of each interface: the addresses set by hand, else the last one given by DHCP.
fn addresses(parameters: &Key<'_>) -> Vec<Address> {
    let Some(interfaces) = at(parameters, "Interfaces") else { return Vec::new() };
    let mut found = Vec::new();
    for key in interfaces.subkeys().into_iter().flatten() {
        let texts = |name| key.value(name).ok().flatten().and_then(|value| value.texts()).unwrap_or_default();
        let by_hand = texts("IPAddress");
        let all = if by_hand.iter().any(|ip| is_some_address(ip)) { by_hand } else { texts("DhcpIPAddress") };
        let addresses = all.into_iter().filter(|ip| is_some_address(ip));
        found.extend(addresses.map(|ip| Address { ip, interface: key.name().to_owned() }));
        found.truncate(Limits::ADDRESSES);
    }
    found
}

fn is_some_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok_and(|ip| !ip.is_unspecified() && !ip.is_loopback())
}
