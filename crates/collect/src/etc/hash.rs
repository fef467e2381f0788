//! What the form of a password field says: its class and algorithm (crypt(5), shadow(5)). The hash itself goes no
//! further than this file.

use model::facts::HashClass;

/// Prefixes of crypt(5) and the names reported for them.
const PREFIXES: [(&[u8], &str); 13] = [
    (b"$1$", "md5"),
    (b"$2$", "bcrypt"),
    (b"$2a$", "bcrypt"),
    (b"$2b$", "bcrypt"),
    (b"$2x$", "bcrypt"),
    (b"$2y$", "bcrypt"),
    (b"$5$", "sha256"),
    (b"$6$", "sha512"),
    (b"$7$", "scrypt"),
    (b"$y$", "yescrypt"),
    (b"$gy$", "gost-yescrypt"),
    (b"$md5", "sunmd5"),
    (b"$sha1$", "sha1"),
];

/// Class and algorithm of a password field.
pub fn classify(field: &[u8]) -> (HashClass, Option<&'static str>) {
    let Some(first) = field.first() else { return (HashClass::Empty, None) };
    if *first == b'!' {
        let rest = field.trim_ascii();
        let rest = rest.get(rest.iter().take_while(|&&b| b == b'!').count()..).unwrap_or_default();
        return match algorithm(rest) {
            Some(name) => (HashClass::LockedWithHash, Some(name)),
            None => (HashClass::LockedNever, None),
        };
    }
    match algorithm(field) {
        Some(name) => (HashClass::Usable, Some(name)),
        None => (HashClass::NoPassword, None),
    }
}

/// The name of the algorithm that crypt(5) marks with `$mark$`.
pub fn marked(mark: &str) -> Option<&'static str> {
    let is =
        |prefix: &[u8]| prefix.strip_prefix(b"$").and_then(|p| p.strip_suffix(b"$")) == Some(mark.as_bytes());
    PREFIXES.iter().find(|(prefix, _)| is(prefix)).map(|(_, name)| *name)
}

/// The algorithm, if some password could match the text.
fn algorithm(hash: &[u8]) -> Option<&'static str> {
    if let Some((prefix, name)) = PREFIXES.iter().find(|(prefix, _)| hash.starts_with(prefix)) {
        // Salt and hash must follow, and nothing outside crypt's printable set can ever match.
        let rest = hash.get(prefix.len()..).unwrap_or_default();
        let printable = rest.iter().all(|&b| b.is_ascii_graphic() && !b"!*:;\\".contains(&b));
        let mut parts = rest.rsplit(|&b| b == b'$');
        let hashed = parts.next().is_some_and(|last| !last.is_empty()) && parts.next().is_some();
        return (printable && hashed).then_some(name);
    }
    // The extended DES of BSD (`_` and 19 more) is left out: pam_unix takes it for something else and never matches.
    let salt_set = |bytes: &[u8]| bytes.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/');
    (hash.len() == 13 && salt_set(hash)).then_some("des")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        use HashClass::*;
        for (field, class, name) in [
            ("", Empty, None),
            ("!", LockedNever, None),
            ("!!", LockedNever, None),
            ("!*", LockedNever, None),
            ("*", NoPassword, None),
            ("*LK*", NoPassword, None),
            ("x", NoPassword, None),
            ("NP", NoPassword, None),
            ("$6$salt$hash", Usable, Some("sha512")),
            ("!$6$salt$hash", LockedWithHash, Some("sha512")),
            ("!!$y$j9T$salt$hash", LockedWithHash, Some("yescrypt")),
            ("$y$j9T$s/.x$hash", Usable, Some("yescrypt")),
            ("$gy$j9T$s$hash", Usable, Some("gost-yescrypt")),
            ("$5$rounds=5000$s$h", Usable, Some("sha256")),
            ("$2b$10$abc", Usable, Some("bcrypt")),
            ("$7$C6$x", Usable, Some("scrypt")),
            ("$6$", NoPassword, None),
            ("$6$saltonly", NoPassword, None),
            ("$6$salt$", NoPassword, None),
            ("$9$a$b", NoPassword, None),
            ("ab0123456789.", Usable, Some("des")),
            ("ab012345678!.", NoPassword, None),
            ("_J9..rasmBYk8r9AiWNc", NoPassword, None),
            ("*$6$salt$hash", NoPassword, None),
        ] {
            assert_eq!(classify(field.as_bytes()), (class, name), "{field:?}");
        }
    }
}
