//! sshd's patterns: `*` and `?`, comma lists with `!`, addresses with CIDR. Time is bounded by pattern times text.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether `text` matches a pattern of `*` and `?`.
pub(super) fn matches(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (text.get(t), pattern.get(p)) {
            (_, Some('*')) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            (None, None) => return true,
            (None, Some(_)) => return false,
            (Some(c), Some(wanted)) if *wanted == '?' || wanted == c => {
                t += 1;
                p += 1;
            }
            (Some(_), _) => {
                let Some((star, from)) = retry else { return false };
                retry = Some((star, from + 1));
                p = star;
                t = from + 1;
            }
        }
    }
}

/// What a comma list says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListMatch {
    Yes,
    No,
    /// A negated entry matches.
    Negated,
}

/// Longest single pattern of a list; one that is longer makes the list match nothing.
const MAX_PATTERN: usize = 1022;

/// Holds `text` against a comma list; a negated entry that matches decides at once.
pub(super) fn in_list(text: &str, list: &str) -> ListMatch {
    let mut found = ListMatch::No;
    for entry in list.split(',') {
        let (negated, pattern) = match entry.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, entry),
        };
        if pattern.len() > MAX_PATTERN {
            return ListMatch::No;
        }
        // A trailing comma does not make an empty pattern.
        if entry.is_empty() && !text.is_empty() {
            continue;
        }
        if matches(text, pattern) {
            if negated {
                return ListMatch::Negated;
            }
            found = ListMatch::Yes;
        }
    }
    found
}

/// Whether every text matches the list whatever it is: `*` somewhere and nothing negated.
pub(super) fn matches_all(list: &str) -> bool {
    let mut star = false;
    for entry in list.split(',') {
        if entry.starts_with('!') {
            return false;
        }
        star |= !entry.is_empty() && entry.bytes().all(|c| c == b'*');
    }
    star
}

/// Whether every entry of an address list is well formed: an address, a network or a pattern. A network may have no
/// bits beyond its length.
pub(super) fn valid_addresses(list: &str) -> bool {
    list.split(',').all(|entry| {
        let entry = entry.strip_prefix('!').unwrap_or(entry);
        if entry.is_empty() {
            return false;
        }
        match entry.parse::<IpNet>() {
            Ok(net) => net.network() == net.addr(),
            Err(_) => true,
        }
    })
}

/// Holds an address against a list of addresses, networks and patterns.
pub(super) fn address_in_list(address: IpAddr, list: &str) -> ListMatch {
    let text = address.to_string();
    let mut found = ListMatch::No;
    for entry in list.split(',') {
        let (negated, pattern) = match entry.strip_prefix('!') {
            Some(pattern) => (true, pattern),
            None => (false, entry),
        };
        let matched = match (pattern.parse::<IpNet>(), pattern.parse::<IpAddr>()) {
            (Ok(net), _) => net.contains(&address),
            (_, Ok(other)) => other == address,
            _ => matches(&text, pattern),
        };
        if matched {
            if negated {
                return ListMatch::Negated;
            }
            found = ListMatch::Yes;
        }
    }
    found
}
