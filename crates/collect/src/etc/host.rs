//! Files that describe the host: os-release(5), hostname(5), machine-id(5).

use super::lines::numbered;

/// What os-release says; empty text where it is silent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `PRETTY_NAME`.
    pub name: String,
    /// `ID`.
    pub id: String,
    /// `VERSION_ID`.
    pub version: String,
}

/// Parses os-release: shell-like assignments, of which the last of a name counts.
pub fn os_release(bytes: &[u8]) -> OsRelease {
    let mut found = OsRelease::default();
    for (_, line) in numbered(bytes) {
        let text = String::from_utf8_lossy(line);
        let Some((key, value)) = text.trim().split_once('=') else { continue };
        let slot = match key {
            "PRETTY_NAME" => &mut found.name,
            "ID" => &mut found.id,
            "VERSION_ID" => &mut found.version,
            _ => continue,
        };
        *slot = unquote(value);
    }
    found
}

/// Removes shell quotes and the backslashes before `\`, `"`, `$`, `'` and a backquote.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let inner = match quote {
        Some(quote) => value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)).unwrap_or(value),
        None => value,
    };
    if quote == Some('\'') {
        return inner.to_owned();
    }
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && matches!(next, '\\' | '"' | '$' | '\'' | '`') => {
                text.push(next);
                chars.next();
            }
            _ => text.push(c),
        }
    }
    text
}

/// The host name: the first line that is not a comment.
pub fn hostname(bytes: &[u8]) -> Option<String> {
    let name = first_word(bytes)?;
    (name.len() <= 255).then_some(name)
}

/// The machine id, lower case; `None` unless it is 32 hexadecimal digits (`uninitialized` is not).
pub fn machine_id(bytes: &[u8]) -> Option<String> {
    let id = first_word(bytes)?.to_ascii_lowercase();
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
}

fn first_word(bytes: &[u8]) -> Option<String> {
    let (_, line) =
        numbered(bytes).find(|(_, line)| !matches!(line.trim_ascii().first(), None | Some(b'#')))?;
    Some(String::from_utf8_lossy(line.trim_ascii()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_quotes() {
        let os = os_release(b"# c\nPRETTY_NAME=\"A \\\"B\\\" \\$1\"\nID=debian\nVERSION_ID='12'\nJUNK\n");
        assert_eq!((os.name.as_str(), os.id.as_str(), os.version.as_str()), ("A \"B\" $1", "debian", "12"));
        assert_eq!(os_release(b"ID=\"").id, "\"");
        assert_eq!(os_release(b"\xff=\xff"), OsRelease::default());
    }

    #[test]
    fn names() {
        assert_eq!(hostname(b"# x\n\n web1 \n").as_deref(), Some("web1"));
        assert_eq!(hostname(b""), None);
        assert_eq!(
            machine_id(b"0123456789ABCDEF0123456789abcdef\n").as_deref(),
            Some("0123456789abcdef0123456789abcdef")
        );
        assert_eq!(machine_id(b"uninitialized\n"), None);
    }
}
