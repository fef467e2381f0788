//! Mounted file systems of local devices: proc(5) mountinfo, and the sizes the kernel gives for them.

use std::collections::HashMap;

use model::facts::{DiskFacts, DiskUsage, Limits};
use rustix::fs::{FileType, statvfs};

use crate::text::text_lines;

/// One line of mountinfo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Mount point.
    pub point: String,
    /// Type of the file system.
    pub kind: String,
    /// Device or other source.
    pub source: String,
}

/// Parses mountinfo. Lines that make no sense are left out: the kernel writes none.
pub fn mountinfo(bytes: &[u8]) -> Vec<Mount> {
    text_lines(bytes).filter_map(|line| mount(&line)).collect()
}

/// `id parent major:minor root POINT options [optional…] - KIND SOURCE options`.
fn mount(line: &str) -> Option<Mount> {
    let (front, back) = line.split_once(" - ")?;
    let point = front.split(' ').nth(4)?;
    let mut back = back.split(' ');
    let (kind, source) = (back.next()?, back.next()?);
    Some(Mount { point: unescape(point), kind: unescape(kind), source: unescape(source) })
}

/// Blanks, tabs, line ends and backslashes are written as three octal digits.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match after.split_first_chunk::<3>() {
            Some((digits, after)) if first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)) => {
                let octal = digits.iter().fold(0_u32, |value, d| value * 8 + u32::from(d - b'0'));
                bytes.push(u8::try_from(octal & 0xff).unwrap_or(b'?'));
                rest = after;
            }
            _ => bytes.push(first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The file systems on devices of this machine, and the one at `/` whatever it is. Each device once, where it is
/// mounted highest: everything else is a bind mount of it. Images that are always full (snaps, discs) and what a
/// program serves (FUSE), where a question may wait for ever, are no partitions.
pub fn local(mounts: Vec<Mount>) -> Vec<Mount> {
    let disk = |mount: &Mount| {
        let image = matches!(mount.kind.as_str(), "squashfs" | "iso9660" | "udf" | "erofs");
        let served = mount.kind.starts_with("fuse") && mount.kind != "fuseblk";
        mount.point == "/" || (mount.source.starts_with("/dev/") && !image && !served)
    };
    let mut found: Vec<Mount> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for mount in mounts.into_iter().filter(disk) {
        // A later mount on the same point hides the earlier one.
        let key = if mount.point == "/" { "/".to_owned() } else { mount.source.clone() };
        match places.get(&key).and_then(|place| found.get_mut(*place)) {
            Some(known) if mount.point == "/" || mount.point.len() < known.point.len() => *known = mount,
            Some(_) => {}
            None => {
                places.insert(key, found.len());
                found.push(mount);
            }
        }
    }
    let at_root: Vec<String> =
        found.iter().filter(|mount| mount.point == "/").map(|mount| mount.source.clone()).collect();
    found.retain(|mount| mount.point == "/" || !at_root.contains(&mount.source));
    found.sort_by(|a, b| a.point.cmp(&b.point));
    found.truncate(Limits::DISKS);
    found
}

/// What the kernel says of file systems.
#[derive(Debug, Default)]
pub struct Found {
    /// What stays.
    pub disks: Vec<DiskFacts>,
    /// What moves.
    pub usage: Vec<DiskUsage>,
    /// Mount points that could not be asked.
    pub unreadable: Vec<String>,
}

/// Asks the kernel for sizes. A file that something is mounted on, as containers have, is left out.
pub fn look(mounts: Vec<Mount>) -> Found {
    let mut found = Found::default();
    for Mount { point, kind, source } in mounts {
        let is_file = |stat: rustix::fs::Stat| FileType::from_raw_mode(stat.st_mode) != FileType::Directory;
        if rustix::fs::stat(point.as_str()).is_ok_and(is_file) {
            continue;
        }
        let size = match statvfs(point.as_str()) {
            Ok(sizes) => {
                let bytes = |blocks: u64| blocks.saturating_mul(sizes.f_frsize);
                let used = bytes(sizes.f_blocks.saturating_sub(sizes.f_bfree));
                found.usage.push(DiskUsage { mount: point.clone(), used });
                Some(bytes(sizes.f_blocks))
            }
            Err(error) => {
                if found.unreadable.len() < Limits::NOTES / 4 {
                    found.unreadable.push(format!("{point}: {error}"));
                }
                None
            }
        };
        found.disks.push(DiskFacts { device: source, mount: point, file_system: kind, size });
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda1 rw,discard
28 27 254:0 /srv/x /bind rw,relatime - ext4 /dev/vda1 rw
29 27 254:16 / /mnt/a\\040b rw,relatime - xfs /dev/vdb rw
30 27 254:16 /deep /mnt/a\\040b/deep/er rw - xfs /dev/vdb rw
31 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
32 27 0:40 / /run/user/1000/doc rw - fuse.portal /dev/fuse rw
33 27 0:41 / /nas rw - nfs4 nas:/vol rw
junk
";

    fn points(mounts: &[Mount]) -> Vec<(&str, &str)> {
        mounts.iter().map(|m| (m.point.as_str(), m.source.as_str())).collect()
    }

    #[test]
    fn each_local_device_once() {
        let all = mountinfo(TEXT);
        assert_eq!(all.len(), 8);
        assert_eq!(points(&local(all)), [("/", "/dev/vda1"), ("/mnt/a b", "/dev/vdb")]);
    }

    #[test]
    fn a_container_has_its_root() {
        let text = b"1 0 0:50 / / rw - overlay overlay rw,lowerdir=x\n2 1 8:1 /h /etc/hosts rw - ext4 /dev/sda1 rw\n";
        assert_eq!(points(&local(mountinfo(text))), [("/", "overlay"), ("/etc/hosts", "/dev/sda1")]);
        // The early root of the kernel is hidden by the real one.
        let text = b"1 0 0:1 / / rw - rootfs rootfs rw\n2 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
        assert_eq!(points(&local(mountinfo(text))), [("/", "/dev/sda1")]);
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\040b\134c\11"), r"a b\c\11");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            local(mountinfo(&bytes));
        }

        #[test]
        fn every_device_is_there_once(
            lines in prop::collection::vec(("/[a-c]{0,3}", "/dev/sd[a-c]"), 0..12),
        ) {
            let text: String = lines.iter().map(|(point, source)| format!("1 1 8:1 / {point} rw - ext4 {source} rw\n")).collect();
            let found = local(mountinfo(text.as_bytes()));
            let mut sources: Vec<_> = found.iter().map(|m| &m.source).collect();
            sources.sort();
            sources.dedup();
            prop_assert_eq!(sources.len(), found.len());
        }
    }
}
