//! What the running machine is made of and how busy it is, read from /proc and /sys. Only of the running system: an
//! image says nothing of the machine it will run on. The parsers are pure and live beside this reader.

mod cards;
mod cpu;
mod disks;
mod numbers;

use std::collections::BTreeMap;

use model::facts::{Evidence, HostFacts, Section, section};

use crate::{
    addresses::Interface,
    root::{Root, evidence},
    text::lossy,
};

/// Most bytes of one file of /proc or /sys: machines of a thousand processors stay below.
const LIMIT: usize = 8 * 1024 * 1024;
/// The sections this module answers for.
const SECTIONS: [&str; 6] =
    [section::CPU, section::MEMORY, section::DISKS, section::NETWORK, section::HARDWARE, section::LOAD];

/// Fills machine and usage of the running system, and the evidence for both. Of another root nothing is known.
pub(crate) fn read(
    root: &Root,
    interfaces: &[Interface],
    host: &mut HostFacts,
    sections: &mut BTreeMap<String, Section>,
) {
    for name in SECTIONS {
        sections.insert(name.to_owned(), Section::default());
    }
    if !root.is_live() {
        return;
    }
    let mut reader = Reader { root, sections };
    reader.cpu(host);
    reader.memory(host);
    reader.load(host);
    reader.hardware(host);
    reader.disks(host);
    reader.cards(interfaces, host);
}

struct Reader<'a> {
    root: &'a Root,
    sections: &'a mut BTreeMap<String, Section>,
}

impl Reader<'_> {
    /// A file whose evidence is that of a section.
    fn source(&mut self, path: &str, section: &str) -> Option<Vec<u8>> {
        let content = self.root.bytes(path, LIMIT);
        let seen = content.as_ref().map_or_else(|error| evidence(*error), |_| Evidence::Ok);
        self.say(section, seen, Vec::new());
        content.ok()
    }

    fn say(&mut self, section: &str, evidence: Evidence, notes: Vec<String>) {
        self.sections.insert(section.to_owned(), Section { evidence, notes });
    }

    fn cpu(&mut self, host: &mut HostFacts) {
        let Some(bytes) = self.source("/proc/cpuinfo", section::CPU) else { return };
        let cpu = cpu::cpuinfo(&bytes);
        let machine = &mut host.machine;
        (machine.cpu_model, machine.cpus, machine.cores, machine.sockets) =
            (cpu.model, cpu.processors, cpu.cores, cpu.sockets);
    }

    fn memory(&mut self, host: &mut HostFacts) {
        let Some(bytes) = self.source("/proc/meminfo", section::MEMORY) else { return };
        let memory = numbers::meminfo(&bytes);
        host.machine.memory = memory.total;
        host.usage.memory_used =
            memory.total.zip(memory.available).map(|(all, free)| all.saturating_sub(free));
    }

    fn load(&mut self, host: &mut HostFacts) {
        let Some(bytes) = self.source("/proc/loadavg", section::LOAD) else { return };
        host.usage.load = numbers::loadavg(&bytes);
        host.usage.booted = self.root.bytes("/proc/stat", LIMIT).ok().and_then(|stat| numbers::booted(&stat));
    }

    /// The kernel, and what the firmware says. Machines without that table, most containers among them, have none.
    fn hardware(&mut self, host: &mut HostFacts) {
        let machine = &mut host.machine;
        machine.kernel = lossy(rustix::system::uname().release().to_bytes());
        let mut worst = Evidence::Ok;
        let mut word = |name: &str| {
            let content = self.root.bytes(&format!("/sys/class/dmi/id/{name}"), 4096);
            match content {
                Ok(bytes) => numbers::firmware(&bytes),
                Err(error) => {
                    if evidence(error) != Evidence::Absent {
                        worst = evidence(error);
                    }
                    String::new()
                }
            }
        };
        (machine.vendor, machine.product, machine.serial) =
            (word("sys_vendor"), word("product_name"), word("product_serial"));
        machine.bios = format!("{} {}", word("bios_vendor"), word("bios_version")).trim().to_owned();
        self.say(section::HARDWARE, worst, Vec::new());
    }

    fn disks(&mut self, host: &mut HostFacts) {
        let Some(bytes) = self.source("/proc/self/mountinfo", section::DISKS) else { return };
        let found = disks::look(disks::local(disks::mountinfo(&bytes)));
        (host.machine.disks, host.usage.disks) = (found.disks, found.usage);
        if !found.unreadable.is_empty() {
            self.say(section::DISKS, Evidence::Denied, found.unreadable);
        }
    }

    fn cards(&mut self, interfaces: &[Interface], host: &mut HostFacts) {
        let routes = self.source("/proc/net/route", section::NETWORK).unwrap_or_default();
        let routes6 = self.root.bytes("/proc/net/ipv6_route", LIMIT).unwrap_or_default();
        let resolv = self.root.bytes("/etc/resolv.conf", LIMIT).unwrap_or_default();
        let network = cards::Network {
            interfaces,
            gateways: cards::gateways(&routes, &routes6),
            dns: cards::name_servers(&resolv),
        };
        host.machine.cards = cards::look(self.root, &network);
    }
}
