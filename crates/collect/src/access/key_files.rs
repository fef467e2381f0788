//! Where an account's authorized keys lie (sshd_config(5) AuthorizedKeysFile and its tokens) and whether the server
//! would trust a file there (StrictModes, OpenSSH's `safe_path`).

use crate::home::Link;

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
/// the home or the root, must belong to the account or to root and be writable by the owner only.
pub fn distrust(chain: &[Link], uid: u32) -> Option<String> {
    chain.iter().find_map(|link| {
        if link.uid != uid && link.uid != 0 {
            Some(format!("StrictModes: {} is owned by uid {}", link.path, link.uid))
        } else if link.mode & 0o022 != 0 {
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

    #[test]
    fn strict_modes() {
        let link = |path: &str, uid, mode| Link { path: path.into(), uid, gid: 0, mode };
        assert_eq!(distrust(&[link("/h/k", 7, 0o600), link("/h", 0, 0o755)], 7), None);
        assert!(distrust(&[link("/h/k", 7, 0o664)], 7).unwrap().contains("mode 0664"));
        assert!(
            distrust(&[link("/h/k", 7, 0o600), link("/h", 8, 0o755)], 7)
                .unwrap()
                .contains("/h is owned by uid 8")
        );
        assert!(distrust(&[link("/h/k", 7, 0o600), link("/h", 7, 0o1777)], 7).is_some());
    }
}
