//! The regular expressions of sudo's scanner as functions: each returns how many bytes at the start of `s` match,
//! at most, or `None`. One pass, no backtracking over more than one token; source: sudo's `toke.l`.

/// Space or tab.
pub(super) fn blank(c: u8) -> bool {
    c == b' ' || c == b'\t'
}

/// Length of the run of bytes for which `test` holds.
pub(super) fn run(s: &[u8], test: impl Fn(u8) -> bool) -> usize {
    s.iter().position(|&c| !test(c)).unwrap_or(s.len())
}

fn at(s: &[u8], i: usize) -> Option<u8> {
    s.get(i).copied()
}

fn tail(s: &[u8], i: usize) -> &[u8] {
    s.get(i..).unwrap_or_default()
}

fn some(len: usize) -> Option<usize> {
    (len > 0).then_some(len)
}

/// Bytes that are `plain`, or a backslash and a byte that is `escapable`.
fn escaped_run(s: &[u8], plain: impl Fn(u8) -> bool, escapable: impl Fn(u8) -> bool) -> usize {
    let mut i = 0;
    while let Some(c) = at(s, i) {
        if c == b'\\' {
            match at(s, i + 1) {
                Some(next) if escapable(next) => i += 2,
                _ => break,
            }
        } else if plain(c) {
            i += 1;
        } else {
            break;
        }
    }
    i
}

/// WORD: names, with any byte but tab and newline escaped by a backslash.
pub(super) fn word(s: &[u8]) -> Option<usize> {
    some(escaped_run(s, |c| !b"#>!=:,() \t\r\n\\\"".contains(&c), |c| c != b'\t' && c != b'\n'))
}

/// ID: `#` and a decimal number, perhaps negative.
pub(super) fn id(s: &[u8]) -> Option<usize> {
    if at(s, 0) != Some(b'#') {
        return None;
    }
    let sign = usize::from(at(s, 1) == Some(b'-'));
    let digits = run(tail(s, 1 + sign), |c| c.is_ascii_digit());
    (digits > 0).then_some(1 + sign + digits)
}

/// PATH: a slash and at least one more byte; special bytes only escaped.
pub(super) fn path(s: &[u8]) -> Option<usize> {
    if at(s, 0) != Some(b'/') {
        return None;
    }
    let rest = escaped_run(tail(s, 1), |c| !b",:=\\ \t\r\n#".contains(&c), |c| b",:= \t#".contains(&c));
    (rest > 0).then_some(1 + rest)
}

/// REGEX: `^`, no bare `#` or `$`, and a closing `$`. The error is the length scanned in vain.
pub(super) fn regex(s: &[u8]) -> Result<usize, usize> {
    if at(s, 0) != Some(b'^') {
        return Err(0);
    }
    let mut i = 1;
    let mut fallback = None;
    while let Some(c) = at(s, i) {
        match c {
            b'\\' if at(s, i + 1) == Some(b'$') => {
                // Also readable as a backslash and the closing sign: the longer reading wins if it closes.
                fallback = Some(i + 2);
                i += 2;
            }
            b'\\' if at(s, i + 1) == Some(b'#') => i += 2,
            b'$' => return Ok(i + 1),
            b'#' | b'\r' | b'\n' => break,
            _ => i += 1,
        }
    }
    fallback.ok_or(i)
}

/// ENVAR: a value in a Defaults line.
pub(super) fn envar(s: &[u8]) -> Option<usize> {
    if at(s, 0) == Some(b'!') {
        return None;
    }
    some(escaped_run(s, |c| !b"#=, \t\r\n\\\"".contains(&c), |c| c != b'\r' && c != b'\n'))
}

/// ALIAS: an upper-case name.
pub(super) fn alias(s: &[u8]) -> Option<usize> {
    if !at(s, 0)?.is_ascii_uppercase() {
        return None;
    }
    Some(run(s, |c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_'))
}

/// `keyword` and a colon, blanks allowed between.
pub(super) fn tag(s: &[u8], keyword: &[u8]) -> Option<usize> {
    let rest = s.strip_prefix(keyword)?;
    let blanks = run(rest, blank);
    (at(rest, blanks) == Some(b':')).then_some(keyword.len() + blanks + 1)
}

/// A backslash, blanks and the end of the line.
pub(super) fn continuation(s: &[u8]) -> Option<usize> {
    if at(s, 0) != Some(b'\\') {
        return None;
    }
    let i = 1 + run(tail(s, 1), blank);
    Some(i + newline(tail(s, i))?)
}

/// `\n` or `\r\n`.
pub(super) fn newline(s: &[u8]) -> Option<usize> {
    match s {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// From `s` through the end of the line, its newline included.
pub(super) fn rest_of_line(s: &[u8]) -> usize {
    let len = run(s, |c| c != b'\n');
    (len + 1).min(s.len())
}

/// A comment: `#` not followed by a number.
pub(super) fn comment(s: &[u8]) -> Option<usize> {
    if at(s, 0) != Some(b'#') {
        return None;
    }
    let body = match (at(s, 1), at(s, 2)) {
        (Some(b'-'), Some(c)) => c != b'\r' && c != b'\n' && !c.is_ascii_digit(),
        (Some(c), _) => c != b'\r' && c != b'\n' && c != b'-' && !c.is_ascii_digit(),
        (None, _) => false,
    };
    if body {
        return Some(rest_of_line(s));
    }
    Some(1 + newline(tail(s, 1)).unwrap_or(0))
}

/// Lengths at which a decimal number 0 to 255 can end, the longest first.
fn octet_ends(s: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let digits = run(s, |c| c.is_ascii_digit()).min(3);
    (1..=digits).rev().filter(|&len| {
        len < 3
            || s.get(..3)
                .and_then(|d| std::str::from_utf8(d).ok()?.parse::<u16>().ok())
                .is_some_and(|n| (100..256).contains(&n))
    })
}

/// Longest dotted IPv4 address.
fn ipv4(s: &[u8]) -> Option<usize> {
    fn part(s: &[u8], left: u8) -> Option<usize> {
        octet_ends(s).find_map(|len| {
            if left == 0 {
                return Some(len);
            }
            if at(s, len) != Some(b'.') {
                return None;
            }
            part(tail(s, len + 1), left - 1).map(|more| len + 1 + more)
        })
    }
    part(s, 3)
}

/// Longest IPv4 address with an optional mask or prefix length 0 to 32.
pub(super) fn ipv4_net(s: &[u8]) -> Option<usize> {
    let len = ipv4(s)?;
    if at(s, len) != Some(b'/') {
        return Some(len);
    }
    let rest = tail(s, len + 1);
    let suffix = ipv4(rest).or_else(|| prefix_len(rest, 32));
    Some(suffix.map_or(len, |n| len + 1 + n))
}

/// Longest decimal number up to `max` without a leading zero.
fn prefix_len(s: &[u8], max: u16) -> Option<usize> {
    let digits = run(s, |c| c.is_ascii_digit()).min(3);
    (1..=digits).rev().find(|&len| {
        let text = s.get(..len).and_then(|d| std::str::from_utf8(d).ok()).unwrap_or_default();
        (len == 1 || !text.starts_with('0')) && text.parse::<u16>().is_ok_and(|n| n <= max)
    })
}

/// Longest IPv6 address as sudo's scanner sees it (`ends` are colon groups, at most seven).
fn ipv6(s: &[u8]) -> Option<usize> {
    let hex = |s: &[u8]| run(s, |c| c.is_ascii_hexdigit()).min(4);
    let mut best = None;
    let mut i = 0;
    for groups in 1..=7 {
        let len = hex(tail(s, i));
        if at(s, i + len) != Some(b':') {
            break;
        }
        i += len + 1;
        if groups >= 2 {
            best = best.max(Some(i + hex(tail(s, i))));
        }
        if (2..=6).contains(&groups) && at(s, i) == Some(b':') {
            best = best.max(ipv4(tail(s, i + 1)).map(|len| i + 1 + len));
        }
    }
    best
}

/// Longest IPv6 address with an optional mask or prefix length 0 to 128.
pub(super) fn ipv6_net(s: &[u8]) -> Option<usize> {
    let len = ipv6(s)?;
    if at(s, len) != Some(b'/') {
        return Some(len);
    }
    let rest = tail(s, len + 1);
    let suffix = ipv6(rest).max(prefix_len(rest, 128));
    Some(suffix.map_or(len, |n| len + 1 + n))
}

/// At most one `::` in the address and in the mask.
pub(super) fn ipv6_valid(s: &[u8]) -> bool {
    s.split(|&c| c == b'/').all(|half| half.windows(2).filter(|pair| pair == b"::").count() <= 1)
}

/// The `Defaults` keyword at the start of a line, blanks before it, with its scope sign and the first name after it.
pub(super) fn defaults(s: &[u8]) -> Option<usize> {
    let head = run(s, blank);
    let rest = tail(s, head).strip_prefix(b"Defaults")?;
    let short = head + 8;
    if !matches!(at(rest, 0), Some(b':' | b'@' | b'>' | b'!')) {
        return Some(short);
    }
    let mut i = 1 + run(tail(rest, 1), blank);
    i += run(tail(rest, i), |c| c == b'!');
    i += usize::from(at(rest, i) == Some(b'"'));
    let name = id(tail(rest, i)).max(word(tail(rest, i)));
    Some(name.map_or(short, |len| short + i + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, len) in [
            ("10.0.0.0/8", 10),
            ("10.0.0.0/33", 10),
            ("10.0.0.0/255.0.0.0", 18),
            ("1.2.3.256", 8),
            ("300.1.1.1", 0),
            ("1.2.3", 0),
        ] {
            assert_eq!(ipv4_net(text.as_bytes()).unwrap_or(0), len, "{text}");
        }
        for (text, len) in
            [("fe80::1", 7), ("::1", 3), ("fe80::/10", 9), ("abc", 0), ("a:b", 0), ("12345::", 0)]
        {
            assert_eq!(ipv6_net(text.as_bytes()).unwrap_or(0), len, "{text}");
        }
        assert!(ipv6_valid(b"fe80::1/64"));
        assert!(!ipv6_valid(b"a::b::c"));
    }

    #[test]
    fn words_paths_and_regexes() {
        assert_eq!(word(br"al\ ice ALL"), Some(7));
        assert_eq!(word(b"#1"), None);
        assert_eq!(id(b"#-1x"), Some(3));
        assert_eq!(path(br"/bin/a\:b c"), Some(9));
        assert_eq!(path(b"/"), None);
        assert_eq!(regex(b"^/bin/.*$ x"), Ok(9));
        assert_eq!(regex(br"^a\$b$"), Ok(6));
        assert_eq!(regex(br"^a\$b"), Ok(4));
        assert!(regex(b"^a#b$").is_err());
    }

    #[test]
    fn comments_are_not_ids() {
        assert_eq!(comment(b"# x\ny"), Some(4));
        assert_eq!(comment(b"#12\n"), Some(1));
        assert_eq!(comment(b"#\n"), Some(2));
        assert_eq!(comment(b"#-\n"), Some(1));
    }
}
