//! The host names a client may have signed, given the `Host` header it sent.
//!
//! Most clients sign what they send. The Node SDK signs a custom endpoint without its port. The documentation
//! says that header values are lower-cased, which no SDK does.

/// How the signed host relates to the `Host` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostForm {
    /// Byte for byte (after trimming) what the header says.
    AsSent,
    /// The header without `:port`.
    WithoutPort,
}

/// The distinct candidates for a `Host` header, the likeliest first; at most four.
pub fn candidates(sent: &[u8]) -> Vec<(HostForm, Vec<u8>)> {
    let sent = sent.trim_ascii();
    let mut found: Vec<(HostForm, Vec<u8>)> = vec![(HostForm::AsSent, sent.to_vec())];
    let bare = without_port(sent);
    for (form, value) in [
        (HostForm::WithoutPort, bare.to_vec()),
        (HostForm::AsSent, sent.to_ascii_lowercase()),
        (HostForm::WithoutPort, bare.to_ascii_lowercase()),
    ] {
        if !found.iter().any(|(_, known)| *known == value) {
            found.push((form, value));
        }
    }
    found
}

fn without_port(host: &[u8]) -> &[u8] {
    let digits = host.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let Some(rest) = host.get(..host.len() - digits) else { return host };
    match rest.split_last() {
        Some((b':', name)) if digits > 0 && !name.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_only_a_port() {
        for (sent, bare) in [
            ("127.0.0.1:8080", "127.0.0.1"),
            ("http://127.0.0.1:8080", "http://127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("host7", "host7"),
            ("host:", "host:"),
            (":80", ":80"),
            ("", ""),
        ] {
            assert_eq!(without_port(sent.as_bytes()), bare.as_bytes(), "{sent}");
        }
    }

    #[test]
    fn candidates_are_distinct_and_the_header_comes_first() {
        let all = candidates(b" Example.COM:8443 ");
        let names: Vec<_> = all.iter().map(|(_, v)| String::from_utf8_lossy(v).into_owned()).collect();
        assert_eq!(names, ["Example.COM:8443", "Example.COM", "example.com:8443", "example.com"]);
        assert_eq!(candidates(b"eiam.tencentcloudapi.com").len(), 1);
    }
}
