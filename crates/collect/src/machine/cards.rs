//! Network cards of the running system with addresses, gateways and name servers: /sys/class/net, proc(5) net/route
//! and net/ipv6_route, resolv.conf(5).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::facts::{CardFacts, Limits};

use crate::addresses::Interface;
use crate::config_files::Files;
use crate::root::Root;
use crate::text::text_lines;

/// What is known of the network besides the cards themselves.
pub struct Network<'a> {
    /// Addresses of interfaces.
    pub interfaces: &'a [Interface],
    /// Gateways of default routes by interface.
    pub gateways: BTreeMap<String, IpAddr>,
    /// Name servers.
    pub dns: Vec<String>,
}

/// The cards, by name: those with a device behind them, and others that have an address. Ends of virtual pairs come
/// and go with containers and are neither.
pub fn look(root: &Root, network: &Network<'_>) -> Vec<CardFacts> {
    let mut names = root.list("/sys/class/net").map(|listing| listing.names).unwrap_or_default();
    names.extend(network.interfaces.iter().map(|interface| interface.name.clone()));
    names.sort();
    names.dedup();
    let device = |name: &str| root.stat(format!("/sys/class/net/{name}/device").as_bytes()).is_ok();
    let addressed = |name: &str| network.interfaces.iter().any(|interface| interface.name == name);
    names.retain(|name| name != "lo" && (device(name) || addressed(name)));
    names.truncate(Limits::CARDS);
    names.iter().map(|name| card(root, network, name)).collect()
}

fn card(root: &Root, network: &Network<'_>, name: &str) -> CardFacts {
    let mac = root.bytes(&format!("/sys/class/net/{name}/address"), 4096).unwrap_or_default();
    let first = |wanted: fn(&IpAddr) -> bool| {
        let own = network.interfaces.iter().filter(|interface| interface.name == name);
        let mut addresses = own.map(|interface| interface.net.addr());
        addresses.find(wanted).map(|ip| ip.to_string()).unwrap_or_default()
    };
    CardFacts {
        name: name.to_owned(),
        mac: hardware_address(&mac),
        ipv4: first(IpAddr::is_ipv4),
        ipv6: first(IpAddr::is_ipv6),
        gateway: network.gateways.get(name).map(IpAddr::to_string).unwrap_or_default(),
        dns: network.dns.clone(),
    }
}

/// A hardware address; all zero is none.
fn hardware_address(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.bytes().all(|b| matches!(b, b'0' | b':')) { String::new() } else { text.to_owned() }
}

/// Gateways of the default routes: IPv4 where there is one. Of several the one of the lowest metric counts.
pub fn gateways(route: &[u8], route6: &[u8]) -> BTreeMap<String, IpAddr> {
    let four = text_lines(route).filter_map(|line| gateway4(&line));
    let six = text_lines(route6).filter_map(|line| gateway6(&line));
    let mut best: BTreeMap<String, (bool, u32, IpAddr)> = BTreeMap::new();
    for (name, metric, ip) in four.chain(six) {
        let found = (ip.is_ipv6(), metric, ip);
        best.entry(name).and_modify(|known| *known = (*known).min(found)).or_insert(found);
    }
    best.into_iter().map(|(name, (_, _, ip))| (name, ip)).collect()
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses as the processor holds them.
fn gateway4(line: &str) -> Option<(String, u32, IpAddr)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [name, destination, gateway, _, _, _, metric, mask, ..] = fields.as_slice() else { return None };
    let number = |text: &str| u32::from_str_radix(text, 16).ok();
    if number(destination)? != 0 || number(mask)? != 0 {
        return None;
    }
    let gateway = Ipv4Addr::from(number(gateway)?.to_ne_bytes());
    (!gateway.is_unspecified()).then(|| Some(((*name).to_owned(), metric.parse().ok()?, gateway.into())))?
}

/// `destination length source length next-hop metric … name`, addresses as 32 hexadecimal digits.
fn gateway6(line: &str) -> Option<(String, u32, IpAddr)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [destination, length, _, _, hop, metric, .., name] = fields.as_slice() else { return None };
    let address = |text: &str| u128::from_str_radix(text, 16).ok().map(Ipv6Addr::from);
    if !address(destination)?.is_unspecified() || *length != "00" || *name == "lo" {
        return None;
    }
    let metric = u32::from_str_radix(metric, 16).ok()?;
    let hop = address(hop)?;
    (!hop.is_unspecified()).then(|| ((*name).to_owned(), metric, hop.into()))
}

/// The name servers of resolv.conf.
pub fn name_servers(bytes: &[u8]) -> Vec<String> {
    let servers = text_lines(bytes).filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next().map(str::to_owned))?
    });
    // An address may name its interface behind a percent sign.
    let address = |text: &String| text.split('%').next().is_some_and(|ip| ip.parse::<IpAddr>().is_ok());
    servers.filter(address).take(Limits::DNS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_best_default_route_counts() {
        let four = b"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t00000000\t020200C0\t0003\t0\t0\t50\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0
";
        let six = b"00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth1
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000002 00000001 00000001 00000000 00450003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
";
        let found = gateways(four, six);
        let found: Vec<_> = found.iter().map(|(name, ip)| (name.as_str(), ip.to_string())).collect();
        assert_eq!(found, [("eth0", "192.0.2.2".to_owned()), ("eth1", "fe80::1".to_owned())]);
    }

    #[test]
    fn servers() {
        let text = b"# nameserver 1.1.1.1\nnameserver 10.0.0.53\nsearch x\n  nameserver fe80::1%eth0\nnameserver junk\nnameserver\n";
        assert_eq!(name_servers(text), ["10.0.0.53", "fe80::1%eth0"]);
    }

    #[test]
    fn hardware_addresses() {
        assert_eq!(hardware_address(b"52:54:00:12:34:56\n"), "52:54:00:12:34:56");
        assert_eq!(
            (hardware_address(b"00:00:00:00:00:00\n"), hardware_address(b"")),
            (String::new(), String::new())
        );
    }

    proptest! {
        #[test]
        fn never_panics(one: Vec<u8>, fields in prop::collection::vec("[0-9a-fA-F]{0,33}", 0..12)) {
            let line = fields.join(" ");
            gateways(&one, &one);
            gateways(line.as_bytes(), line.as_bytes());
            prop_assert!(name_servers(&one).len() <= Limits::DNS);
        }
    }
}
