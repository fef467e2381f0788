//! Files that say where other answers come from: nsswitch.conf(5), shells(5). What nsswitch says of sudoers is read by
//! `sudoers`.

use std::collections::HashSet;

use super::lines::numbered;

/// Sources named by nsswitch for what matters here, in order, actions in brackets left out. `None`: no such line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nsswitch {
    /// `passwd:`
    pub passwd: Option<Vec<String>>,
    /// `group:`
    pub group: Option<Vec<String>>,
    /// `shadow:`
    pub shadow: Option<Vec<String>>,
}

/// Parses nsswitch.conf; the first line of a database counts.
pub fn nsswitch(bytes: &[u8]) -> Nsswitch {
    let mut found = Nsswitch::default();
    for (_, line) in numbered(bytes) {
        let text = String::from_utf8_lossy(line);
        let Some((database, rest)) = text.split('#').next().unwrap_or_default().split_once(':') else {
            continue;
        };
        let slot = match database.trim().to_ascii_lowercase().as_str() {
            "passwd" => &mut found.passwd,
            "group" => &mut found.group,
            "shadow" => &mut found.shadow,
            _ => continue,
        };
        slot.get_or_insert_with(|| words(rest));
    }
    found
}

fn words(rest: &str) -> Vec<String> {
    let mut depth = 0u32;
    let mut plain = String::with_capacity(rest.len());
    for c in rest.chars() {
        match c {
            '[' => depth = depth.saturating_add(1),
            ']' => {
                depth = depth.saturating_sub(1);
                plain.push(' ');
            }
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain.split_whitespace().take(16).map(str::to_ascii_lowercase).collect()
}

/// Sources in `list` beyond the local files (`files`, `compat` and what is generated from the system itself).
pub fn remote(list: Option<&[String]>) -> Vec<&str> {
    let local = ["files", "compat", "db", "altfiles", "extrausers"];
    list.unwrap_or_default().iter().map(String::as_str).filter(|source| !local.contains(source)).collect()
}

/// Parses /etc/shells: absolute paths, one a line.
pub fn shells(bytes: &[u8]) -> HashSet<Vec<u8>> {
    let path = |line: &[u8]| line.split(|&b| b == b'#').next().unwrap_or_default().trim_ascii().to_vec();
    numbered(bytes).map(|(_, line)| path(line)).filter(|path| path.starts_with(b"/")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nsswitch_lines() {
        let found =
            nsswitch(b"passwd: files [NOTFOUND=return] sss # c\nshadow:\tfiles ldap\npasswd: x\n#group: y\n");
        assert_eq!(found.passwd.as_deref(), Some(&["files".to_owned(), "sss".to_owned()][..]));
        assert_eq!(remote(found.passwd.as_deref()), ["sss"]);
        assert_eq!(remote(found.shadow.as_deref()), ["ldap"]);
        assert_eq!(found.group, None);
    }

    #[test]
    fn listed_shells() {
        let found = shells(b"# list\n/bin/sh\n/bin/zsh # z\nbash\n\n");
        assert_eq!(found.len(), 2);
        assert!(found.contains(&b"/bin/zsh"[..]));
    }
}
