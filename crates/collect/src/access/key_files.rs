//! Where an account's authorized keys lie (sshd_config(5) AuthorizedKeysFile and its tokens) and whether the server
//! would read and trust a file there (StrictModes, OpenSSH's `safe_path`).

use std::collections::HashMap;

use crate::{account_files::AccountFiles, home::Link};

/// Whose keys are read.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// User id.
    pub uid: u32,
    /// Group ids, the primary one included.
    pub gids: &'a [u32],
}

impl Owner<'_> {
    /// Why the server, which reads keys with the account's own rights, cannot read the file.
    pub fn denied(self, chain: &[Link]) -> Option<String> {
        let (file, dirs) = chain.split_first()?;
        if !self.may(file, 4) {
            return Some(format!("{} is not readable to the account (mode {:04o})", file.path, file.mode));
        }
        let closed = dirs.iter().find(|dir| !self.may(dir, 1))?;
        Some(format!("{} is closed to the account (mode {:04o})", closed.path, closed.mode))
    }

    fn may(self, link: &Link, right: u32) -> bool {
        let shift = if link.uid == self.uid {
            6
        } else if self.gids.contains(&link.gid) {
            3
        } else {
            0
        };
        self.uid == 0 || link.mode >> shift & right != 0
    }
}

/// Groups that have one member: Debian and its derivatives let these write (their patch `user-group-modes`).
#[derive(Debug, Default)]
pub struct PrivateGroups {
    /// By group: the only uid that has it as primary group, `None` when there are several.
    primary: HashMap<u32, Option<u32>>,
    /// By group: its members.
    members: HashMap<u32, Vec<Vec<u8>>>,
    /// By uid: the first name.
    names: HashMap<u32, Vec<u8>>,
}

impl PrivateGroups {
    /// The groups of a host.
    pub fn new(files: &AccountFiles) -> PrivateGroups {
        let mut groups = PrivateGroups::default();
        for row in &files.passwd {
            groups.names.entry(row.uid).or_insert_with(|| row.name.clone());
            let only = groups.primary.entry(row.gid).or_insert(Some(row.uid));
            if *only != Some(row.uid) {
                *only = None;
            }
        }
        for row in &files.group {
            groups.members.entry(row.gid).or_insert_with(|| row.members.iter().take(2).cloned().collect());
        }
        groups
    }

    /// Whether nobody but the account could write through the group of a file.
    fn harmless(&self, link: &Link, uid: u32) -> bool {
        let Some(members) = self.members.get(&link.gid) else { return false };
        let primary = self.primary.get(&link.gid);
        let alone = match (members.as_slice(), self.names.get(&link.uid)) {
            ([], Some(_)) => primary.is_some(),
            ([one], Some(name)) => one == name,
            _ => false,
        };
        alone && primary.is_none_or(|only| *only == Some(uid))
    }
}

/// The path a pattern means for an account: `%h`, `%u`, `%U` and `%%` expanded, relative ones below the home.
/// `None` for `none` and for a token sshd would refuse to start with.
pub fn expand(pattern: &str, home: &[u8], name: &[u8], uid: u32) -> Option<Vec<u8>> {
    if pattern.is_empty() || pattern.eq_ignore_ascii_case("none") {
        return None;
    }
    let mut path = Vec::with_capacity(pattern.len());
    let mut bytes = pattern.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            path.push(byte);
            continue;
        }
        match bytes.next()? {
            b'%' => path.push(b'%'),
            b'h' => path.extend_from_slice(home),
            b'u' => path.extend_from_slice(name),
            b'U' => path.extend_from_slice(uid.to_string().as_bytes()),
            _ => return None,
        }
    }
    if path.first() == Some(&b'/') {
        return Some(path);
    }
    let mut absolute = home.strip_suffix(b"/").unwrap_or(home).to_vec();
    absolute.push(b'/');
    absolute.extend_from_slice(&path);
    Some(absolute)
}

/// Why sshd with StrictModes ignores a file; `None` when it trusts it. The file and each directory above it, up to
/// the home or the root, must belong to the account or to root and be writable by the owner only, or by a group in
/// `private` where the host's sshd minds that.
pub fn distrust(chain: &[Link], uid: u32, private: Option<&PrivateGroups>) -> Option<String> {
    chain.iter().find_map(|link| {
        let by_group = link.mode & 0o020 != 0 && !private.is_some_and(|groups| groups.harmless(link, uid));
        if link.uid != uid && link.uid != 0 {
            Some(format!("StrictModes: {} is owned by uid {}", link.path, link.uid))
        } else if link.mode & 0o002 != 0 || by_group {
            Some(format!("StrictModes: {} is writable by others (mode {:04o})", link.path, link.mode))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let path = |pattern: &str| {
            expand(pattern, b"/home/al", b"al", 7).map(|path| String::from_utf8(path).unwrap())
        };
        assert_eq!(path(".ssh/authorized_keys").as_deref(), Some("/home/al/.ssh/authorized_keys"));
        assert_eq!(path("/etc/keys/%u-%U%%").as_deref(), Some("/etc/keys/al-7%"));
        assert_eq!(path("%h/k").as_deref(), Some("/home/al/k"));
        assert_eq!((path("none"), path("%x"), path("a%"), path("")), (None, None, None, None));
        assert_eq!(expand("k", b"/", b"al", 7).as_deref(), Some(&b"/k"[..]));
    }

    fn link(path: &str, uid: u32, mode: u32) -> Link {
        Link { path: path.into(), uid, gid: 70, mode }
    }

    #[test]
    fn strict_modes() {
        let distrust = |chain: &[Link]| distrust(chain, 7, None);
        assert_eq!(distrust(&[link("/h/k", 7, 0o600), link("/h", 0, 0o755)]), None);
        assert!(distrust(&[link("/h/k", 7, 0o664)]).unwrap().contains("mode 0664"));
        let foreign = distrust(&[link("/h/k", 7, 0o600), link("/h", 8, 0o755)]).unwrap();
        assert!(foreign.contains("/h is owned by uid 8"));
        assert!(distrust(&[link("/h/k", 7, 0o600), link("/h", 7, 0o1777)]).is_some());
    }

    #[test]
    fn groups_of_one_may_write() {
        let trusted = |passwd: &str, group: &str, mode: u32| {
            let files = AccountFiles {
                passwd: crate::etc::passwd::parse("p", passwd.as_bytes()).rows,
                group: crate::etc::group::parse("g", group.as_bytes()).rows,
                ..AccountFiles::default()
            };
            distrust(&[link("/h/k", 7, mode)], 7, Some(&PrivateGroups::new(&files))).is_none()
        };
        let alone = "al:x:7:70:::\nbo:x:8:80:::\n";
        assert!(trusted(alone, "al:x:70:\n", 0o664));
        assert!(trusted(alone, "al:x:70:al\n", 0o664));
        assert!(!trusted(alone, "al:x:70:\n", 0o666));
        assert!(!trusted(alone, "al:x:70:bo\n", 0o664));
        assert!(!trusted(alone, "al:x:70:al,bo\n", 0o664));
        assert!(!trusted(alone, "al:x:71:\n", 0o664), "no such group");
        assert!(!trusted("al:x:7:70:::\nbo:x:8:70:::\n", "al:x:70:\n", 0o664));
        assert!(!trusted("al:x:7:71:::\n", "al:x:70:\n", 0o664), "a group without members");
        assert!(trusted("al:x:7:71:::\n", "al:x:70:al\n", 0o664));
    }

    #[test]
    fn keys_are_read_with_the_rights_of_the_account() {
        let denied = |uid, gids: &[u32], chain: &[Link]| Owner { uid, gids }.denied(chain);
        let home = link("/h", 7, 0o700);
        assert_eq!(denied(7, &[], &[link("/h/k", 7, 0o600), home.clone()]), None);
        assert!(denied(7, &[], &[link("/h/k", 0, 0o600), home.clone()]).unwrap().contains("/h/k"));
        assert_eq!(denied(7, &[70], &[link("/h/k", 0, 0o640), home.clone()]), None);
        assert!(denied(7, &[70], &[link("/h/k", 7, 0o044), home]).is_some());
        assert!(denied(7, &[], &[link("/h/k", 7, 0o600), link("/h", 0, 0o700)]).unwrap().contains("closed"));
        assert_eq!(denied(0, &[], &[link("/h/k", 7, 0), link("/h", 7, 0)]), None);
    }
}
